package session

import (
	"context"
	"fmt"
	"net"
	"slices"
	"strconv"

	"github.com/tandem-dev/tandem/internal/fault"
	"github.com/tandem-dev/tandem/manifest"
	"github.com/tandem-dev/tandem/session/cluster"
	"github.com/tandem-dev/tandem/session/tunnel"
)

// Tunnels that a client opens in a running session, beside those of the manifest.
// They live as the others do: through a lost link and a new pod, in a process
// that continues the session after a crash, and until the session ends or they
// are closed. What they may not do is keep the session from going on: one that
// cannot be had in a new pod, or by the next process, is shown as failed.

// TunnelRequest asks for one tunnel.
type TunnelRequest struct {
	// Kind is [Forward] or [Reverse].
	Kind TunnelKind `json:"kind"`
	// Spec is written as in the manifest: "local:remote" or "local:service:remote"
	// for a forward, "remote:local" for a reverse.
	Spec string `json:"spec"`
}

// opened is one such tunnel, as a successor needs to know it.
type opened struct {
	ID   string     `json:"id"`
	Kind TunnelKind `json:"kind"`
	Spec string     `json:"spec"`
	// failed is why it cannot be had now.
	failed error
}

// parsed reads the spec; the other one of the two is nil.
func (r TunnelRequest) parsed() (*manifest.Forward, *manifest.Reverse, error) {
	switch r.Kind {
	case Forward:
		f, err := manifest.ParseForward(r.Spec)
		return &f, nil, err
	case Reverse:
		v, err := manifest.ParseReverse(r.Spec)
		return nil, &v, err
	}
	return nil, nil, fault.New(fault.InvalidParams, "there is no tunnel of kind %q", string(r.Kind)).
		Hint("%q or %q", Forward, Reverse)
}

// OpenTunnel opens a tunnel in a running session. A forward is bound at once, also
// while the link is away, when its connections wait; a reverse waits for the link,
// if ctx lasts. Errors are those of a session's start: fault.PortInUse,
// fault.PortPrivileged, fault.ReverseBindFailed, and fault.InvalidParams for a spec
// that is none.
func (m *Manager) OpenTunnel(ctx context.Context, id string, r TunnelRequest) (Tunnel, error) {
	_, reverse, err := r.parsed()
	if err != nil {
		return Tunnel{}, err
	}
	s, err := m.session(id)
	if err != nil {
		return Tunnel{}, err
	}
	type answer struct {
		t   Tunnel
		err error
	}
	reply := make(chan answer, 1)
	ask := func(life context.Context) {
		ctx, cancel := s.step(ctx)
		defer cancel()
		defer context.AfterFunc(life, cancel)()
		t, err := s.openTunnel(ctx, r)
		reply <- answer{t, err}
	}
	when := s.anyTime
	if reverse != nil {
		when = s.whenReady
	}
	select {
	case when <- ask:
	case <-s.done:
		return Tunnel{}, ended(id)
	case <-ctx.Done():
		return Tunnel{}, fault.Wrap(context.Cause(ctx), fault.Cancelled, "opening a tunnel in session %s", id)
	}
	a := <-reply // what was taken is answered
	return a.t, a.err
}

// CloseTunnel closes a tunnel of a session; the connections that it carries are
// reset. A reverse of the manifest and the proxy cannot be closed: the dev pod is
// ready by the one, and the command knows the address of the other. Errors:
// fault.TunnelNotFound, fault.InvalidParams.
func (m *Manager) CloseTunnel(ctx context.Context, id, tunnelID string) error {
	s, err := m.session(id)
	if err != nil {
		return err
	}
	reply := make(chan error, 1)
	select {
	case s.anyTime <- func(context.Context) { reply <- s.closeTunnel(tunnelID) }:
		return <-reply
	case <-s.done:
		return nil // with everything of it
	case <-ctx.Done():
		return fault.Wrap(context.Cause(ctx), fault.Cancelled, "closing tunnel %s of session %s", tunnelID, id)
	}
}

// OpenTunnelAny opens a tunnel in the dev's running session, whichever process of
// this user owns it.
func (m *Manager) OpenTunnelAny(ctx context.Context, manifestPath, devName string, r TunnelRequest) (Tunnel, error) {
	if _, _, err := r.parsed(); err != nil {
		return Tunnel{}, err
	}
	a, _, dev, err := m.askOwner(ctx, manifestPath, devName, controlRequest{Op: opTunnelOpen, Tunnel: &r})
	switch {
	case err != nil:
		return Tunnel{}, err
	case a == nil || a.Tunnel == nil:
		return Tunnel{}, noSession(dev)
	}
	return *a.Tunnel, nil
}

// CloseTunnelAny closes one there.
func (m *Manager) CloseTunnelAny(ctx context.Context, manifestPath, devName, tunnelID string) error {
	a, _, dev, err := m.askOwner(ctx, manifestPath, devName, controlRequest{Op: opTunnelClose, TunnelID: tunnelID})
	if err == nil && a == nil {
		err = noSession(dev)
	}
	return err
}

// TunnelsAny are those of the dev's running session.
func (m *Manager) TunnelsAny(ctx context.Context, manifestPath, devName string) ([]Tunnel, error) {
	a, _, dev, err := m.askOwner(ctx, manifestPath, devName, controlRequest{Op: opSnapshot})
	switch {
	case err != nil:
		return nil, err
	case a == nil || a.Snapshot == nil:
		return nil, noSession(dev)
	}
	return a.Snapshot.Tunnels, nil
}

func noSession(dev string) error {
	return fault.New(fault.SessionNotFound, "no session of %q runs on this machine", dev).
		Hint("start it first: in your editor, or with `tandem up %s`", dev)
}

// openTunnel is the owner's part of OpenTunnel.
func (s *Session) openTunnel(ctx context.Context, r TunnelRequest) (Tunnel, error) {
	o := opened{ID: s.nextTunnel(r.Kind), Kind: r.Kind, Spec: r.Spec}
	t, err := s.open(ctx, &o)
	if err != nil {
		return Tunnel{}, err
	}
	s.log.Info().Str("tunnel", o.ID).Str("local", t.State().Local).Str("remote", t.State().Remote).Msg("tunnel opened")
	s.run.opened = append(s.run.opened, o)
	s.noteOpened()
	return tunnelOf(t.State()), nil
}

// open opens the tunnel of o. A local port that was picked is o's from then on, so
// that the next process has the same.
func (s *Session) open(ctx context.Context, o *opened) (*tunnel.Tunnel, error) {
	f, v, err := TunnelRequest{Kind: o.Kind, Spec: o.Spec}.parsed()
	if err != nil {
		return nil, err
	}
	if v != nil {
		if err := s.reversible(v.Remote); err != nil {
			return nil, err
		}
		spec := s.prepared.reverseSpec(*v)
		spec.ID, spec.Optional = o.ID, true
		return s.run.tunnels.OpenReverse(ctx, spec)
	}
	remote, err := s.remoteOf(ctx, *f)
	if err != nil {
		return nil, err
	}
	t, err := s.run.tunnels.OpenForward(ctx, tunnel.ForwardSpec{ID: o.ID, Listen: s.prepared.listen(*f), Remote: remote})
	if err != nil {
		return nil, err
	}
	if _, port, err := net.SplitHostPort(t.State().Local); err == nil && f.Local == 0 {
		f.Local, _ = strconv.Atoi(port)
		o.Spec = f.String()
	}
	return t, nil
}

// reversible refuses a port of the pod that another container or tunnel has; what
// only the pod itself knows, the agent says.
func (s *Session) reversible(port int) error {
	if err := portOwned(s.run.workload, port); err != nil {
		return err
	}
	for _, t := range s.allTunnels() {
		if _, digits, err := net.SplitHostPort(t.Remote); err == nil && t.Kind == Reverse && digits == strconv.Itoa(port) {
			return fault.New(fault.ReverseBindFailed, "port %d of the dev container leads to %s already", port, t.Local).
				Hint("a port of the pod leads to one place: close tunnel %s, or take another port", t.ID).With("port", port).With("tunnel", t.ID)
		}
	}
	return nil
}

// portOwned refuses a port that another container of the workload declares.
func portOwned(w *cluster.Workload, port int) error {
	owner := w.PortOwner(port)
	if owner == "" {
		return nil
	}
	return fault.New(fault.ReverseBindFailed, "port %d of the dev container cannot be bound: the container %q of %s has it", port, owner, w).
		Hint("that container runs beside the dev container; to take its place, name it as `container` in the manifest").
		With("port", port)
}

// closeTunnel is the owner's part of CloseTunnel.
func (s *Session) closeTunnel(id string) error {
	i := slices.IndexFunc(s.run.opened, func(o opened) bool { return o.ID == id })
	t := s.run.tunnels.Find(id)
	all := s.allTunnels()
	at := slices.IndexFunc(all, func(t Tunnel) bool { return t.ID == id })
	switch {
	case at < 0:
		known := make([]string, len(all))
		for i, t := range all {
			known[i] = t.ID
		}
		return fault.New(fault.TunnelNotFound, "session %s has no tunnel %q", s.id, id).
			Hint("session/get and `tandem tunnel list` have them").With("tunnels", known)
	case i < 0 && all[at].Kind == Reverse:
		return fault.New(fault.InvalidParams, "reverse %s is the manifest's: the dev pod is ready only while it is bound", id).
			Hint("take it out of `reverse` and start again, or stop the session")
	case i < 0 && all[at].Kind == Proxy:
		return fault.New(fault.InvalidParams, "the proxy %s cannot be closed: the command was told to use it", id).
			Hint("start the session without it")
	}
	s.beside.leave(id)
	if t != nil {
		t.Close()
	}
	s.run.closed = append(s.run.closed, id)
	if i >= 0 {
		s.run.opened = slices.Delete(s.run.opened, i, i+1)
		s.showFailed()
	}
	s.log.Info().Str("tunnel", id).Msg("tunnel closed")
	s.noteOpened()
	return nil
}

// noteOpened writes down which tunnels there are and lets everybody know.
func (s *Session) noteOpened() {
	if err := s.savePrivate(); err != nil {
		s.log.Warn().Err(err).Msg("after a crash the tunnels that were opened since the start would not come back")
	}
	s.change(s.fillTunnels)
	s.forwardsChanged()
}

// reopen opens what a process that died had opened, as far as it can be had now:
// forwards at once, reverses once there is a link.
func (s *Session) reopen(ctx context.Context, kind TunnelKind) {
	for i := range s.run.opened {
		o := &s.run.opened[i]
		if o.Kind != kind || s.run.tunnels.Find(o.ID) != nil {
			continue
		}
		if s.declared(o.ID) { // the manifest has one more than it had
			o.ID = s.nextTunnel(kind)
		}
		if _, o.failed = s.open(ctx, o); o.failed != nil {
			s.log.Warn().Err(o.failed).Str("tunnel", o.ID).Msg("a tunnel that was opened in this session is not there any more")
		}
	}
	s.showFailed()
}

// showFailed puts into snapshots what could not be reopened.
func (s *Session) showFailed() {
	var failed []Tunnel
	for _, o := range s.run.opened {
		f, v, err := TunnelRequest{Kind: o.Kind, Spec: o.Spec}.parsed()
		if o.failed == nil || err != nil {
			continue
		}
		t := Tunnel{ID: o.ID, Kind: o.Kind, State: string(tunnel.StatusFailed), Error: o.failed.Error()}
		if v != nil {
			spec := s.prepared.reverseSpec(*v)
			t.Local, t.Remote = spec.Local, spec.Remote
		} else {
			t.Local, t.Remote = s.prepared.listen(*f), net.JoinHostPort(f.Service, strconv.Itoa(f.Remote))
		}
		failed = append(failed, t)
	}
	s.beside.mu.Lock()
	s.beside.failed = failed
	s.beside.mu.Unlock()
}

// declared says that the manifest's tunnels have the id.
func (s *Session) declared(id string) bool {
	n, _ := strconv.Atoi(id[1:])
	return n <= s.declaredTunnels(map[byte]TunnelKind{'f': Forward, 'r': Reverse}[id[0]])
}

func (s *Session) declaredTunnels(kind TunnelKind) int {
	if kind == Reverse {
		return len(s.prepared.dev.Reverse)
	}
	return len(s.prepared.forwards())
}

// nextTunnel is an ID that no tunnel of the session has or had.
func (s *Session) nextTunnel(kind TunnelKind) string {
	most := s.declaredTunnels(kind)
	used := slices.Clone(s.run.closed)
	for _, o := range s.run.opened {
		used = append(used, o.ID)
	}
	for _, id := range used {
		if n, err := strconv.Atoi(id[1:]); err == nil && id[0] == kind[0] {
			most = max(most, n)
		}
	}
	return fmt.Sprintf("%c%d", kind[0], most+1)
}
