package session

import (
	"context"
	"net"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/tandem-dev/tandem/internal/fault"
	"github.com/tandem-dev/tandem/manifest"
	"github.com/tandem-dev/tandem/session/tunnel"
)

// Traffic says who answers the cluster's requests to the workload.
type Traffic string

const (
	// TrafficOriginal: the original, as long as nobody listens here.
	TrafficOriginal Traffic = "original"
	// TrafficBoth: either, for a moment, so that nobody is refused.
	TrafficBoth Traffic = "both"
	// TrafficLocal: this machine, for the original is at zero.
	TrafficLocal Traffic = "local"
)

// Switch says when the traffic is turned from the original to this machine.
type Switch string

const (
	// SwitchListening turns it once the local ports of the reverses accept
	// connections. Until then the original serves, for as long as it takes.
	SwitchListening Switch = "listening"
	// SwitchNow turns it as soon as the session can, whoever listens: callers are
	// refused until somebody does.
	SwitchNow Switch = "now"
)

// check refuses what there is not; "" is the default.
func (w Switch) check() error {
	switch w {
	case "", SwitchListening, SwitchNow:
		return nil
	}
	return fault.New(fault.InvalidParams, "switch %q is unknown", string(w)).
		Hint("%q turns the traffic once the local ports accept, %q at once", SwitchListening, SwitchNow)
}

// reverseSpecs are the reverses as the tunnels want them.
func (p *prepared) reverseSpecs() []tunnel.ReverseSpec {
	var specs []tunnel.ReverseSpec
	for i, r := range p.dev.Reverse {
		spec := p.reverseSpec(r)
		spec.ID = "r" + strconv.Itoa(i+1)
		specs = append(specs, spec)
	}
	return specs
}

func (p *prepared) reverseSpec(r manifest.Reverse) tunnel.ReverseSpec {
	return tunnel.ReverseSpec{
		// An empty host binds every address family that the pod has.
		Remote: net.JoinHostPort("", strconv.Itoa(r.Remote)),
		Local:  net.JoinHostPort(p.dev.Interface, strconv.Itoa(r.Local)),
	}
}

// pendingTunnels are the reverses that are not bound in the pod yet.
func (p *prepared) pendingTunnels() []Tunnel {
	all := []Tunnel{}
	for _, r := range p.reverseSpecs() {
		all = append(all, Tunnel{ID: r.ID, Kind: Reverse, Local: r.Local, Remote: r.Remote, State: TunnelPending})
	}
	return all
}

// awaitLocal starts the command and waits until the local side can answer: with
// a command, for as long as the manifest's timeout allows; without one nobody
// knows when somebody will listen, so it only looks. A command that the session
// ends with is not waited for either, it may be a shell or a test: stand starts
// it, once the user was told that the session is ready, and a debugger in its
// place. It reports whether the traffic may be
// turned now; what comes later is noticed by stand.
func (s *Session) awaitLocal(ctx context.Context) (bool, error) {
	if !s.request.EndWithCommand && s.request.Debug == nil {
		if err := s.startCommand(ctx); err != nil {
			return false, err
		}
	}
	specs := s.prepared.reverseSpecs()
	if len(specs) == 0 || s.request.Switch == SwitchNow || s.run.originalDown {
		return true, nil
	}
	addresses := make([]string, len(specs))
	for i, spec := range specs {
		addresses[i] = spec.Local
	}
	s.run.listening = watchListening(addresses)
	if s.run.command == nil {
		ok, _ := s.run.listening.enough(time.Now())
		return ok, nil
	}
	patience := time.NewTimer(s.prepared.dev.Timeout.Default)
	defer patience.Stop()
	for {
		ok, again := s.run.listening.enough(time.Now())
		if ok {
			return true, nil
		}
		s.progress("waiting for the command to listen on %s", strings.Join(s.run.listening.missing(), ", "))
		select {
		case <-s.run.listening.changed:
		case <-after(again):
		case <-patience.C:
			return false, nil
		case <-s.commandDone():
			return false, nil // stand deals with its end
		case <-s.run.link.Done():
			return false, nil // and with this
		case <-ctx.Done():
			return false, ctx.Err()
		}
	}
}

// after is a channel that fires once d is over; nil, which never does, for none.
func after(d time.Duration) <-chan time.Time {
	if d <= 0 {
		return nil
	}
	return time.After(d)
}

// turn lets callers in: it binds the reverses in the pod and waits for the pod to
// be ready, which its probe says at that moment. From then on the Services know
// both sides; retire takes the original out. It may be called again after it
// failed.
func (s *Session) turn(ctx context.Context) error {
	ctx, cancel := s.step(ctx)
	defer cancel()
	if err := s.openReverses(ctx); err != nil {
		return err
	}
	s.change(s.fillTunnels)
	pod, err := s.prepared.cluster.AwaitReady(ctx, s.run.diversion, func(p string) { s.progress("%s", p) })
	if err != nil {
		return err
	}
	s.notePod(pod)
	missing := s.run.listening.left()
	s.run.listening.close()
	s.run.listening = nil
	s.run.turned = true
	s.followEnds()
	if !s.run.originalDown && s.run.diversion.Record.Replicas > 0 && len(s.prepared.dev.Reverse) > 0 {
		s.run.turnAgain = time.Now().Add(overlap)
	}
	s.change(func(snap *Snapshot) { snap.Traffic = TrafficBoth })
	if len(missing) > 0 {
		s.warn(Warning{Code: WarnNotListening,
			Message: "nothing listens on " + strings.Join(missing, ", ") + ": callers of that port are refused",
			Hint:    "start what serves it, or take the port out of `reverse`"})
	}
	return nil
}

// overlap is how long both sides serve. kube-proxy writes its rules at once when
// something changes, but then not again for a second (minSyncPeriod). The pod's
// readiness has just made it write. The original's pods, which end one shortly
// after the other, are to go towards the end of that second, so that all of them
// are out of the rules when it is over, a quarter of a second later. At once
// would leave callers with pods that end for most of the second; after it, the
// first pod's end would be written at once and the others' a second later.
const overlap = 750 * time.Millisecond

// retire takes the original to zero and waits until its pods have begun to leave:
// from then on the Services know only the dev pod.
func (s *Session) retire(ctx context.Context) error {
	ctx, cancel := s.step(ctx)
	defer cancel()
	c, d := s.prepared.cluster, s.run.diversion
	if err := c.ScaleDown(ctx, d); err != nil {
		return err
	}
	if d.Record != s.run.entry.Record { // scaled by somebody since it was found
		s.run.entry.Record = d.Record
		if err := s.run.page.write(s.run.entry); err != nil {
			return err
		}
	}
	if err := c.AwaitDrained(ctx, d, func(p string) { s.progress("%s", p) }); err != nil {
		return err
	}
	s.run.retired = true
	s.change(func(snap *Snapshot) { snap.Traffic = TrafficLocal })
	return nil
}

// openReverses binds in the pod what the manifest declares and is not bound yet.
func (s *Session) openReverses(ctx context.Context) error {
	for _, spec := range s.prepared.reverseSpecs() {
		if s.run.tunnels.Find(spec.ID) != nil {
			continue
		}
		if _, err := s.run.tunnels.OpenReverse(ctx, spec); err != nil {
			return err
		}
	}
	return nil
}

// trafficDue says what a standing session is to do about its traffic now, nil for
// nothing, and when to ask again: zero where something else will tell.
func (s *Session) trafficDue() (do func(context.Context) error, again time.Duration) {
	r := &s.run
	if r.retired {
		return nil, 0
	}
	select {
	case <-r.link.Done():
		return nil, 0 // the next link will do
	default:
	}
	if pause := time.Until(r.turnAgain); pause > 0 {
		return nil, pause
	}
	if r.turned {
		return s.retire, 0
	}
	if r.listening == nil {
		return nil, 0
	}
	ok, again := r.listening.enough(time.Now())
	if ok {
		return s.turn, 0
	}
	return nil, again
}

// whileLinked does one step of a standing session for as long as there is a link.
// Losing it is no failure: once it is back, stand tries again. Nor is what may
// pass. The end of ctx is returned as its error.
func (s *Session) whileLinked(session context.Context, do func(context.Context) error) error {
	ctx, cancel := context.WithCancel(session)
	var watching sync.WaitGroup
	defer watching.Wait()
	defer cancel()
	watching.Go(func() { // ends with ctx, which this function ends
		select {
		case <-s.run.link.Done():
			cancel()
		case <-ctx.Done():
		}
	})
	err := do(ctx)
	switch {
	case session.Err() != nil:
		return session.Err() // the step would be due again, for ever
	case err == nil || ctx.Err() != nil:
		return nil
	case fault.Retryable(err):
		s.log.Warn().Err(err).Msg("turning the traffic")
		s.run.turnAgain = time.Now().Add(turnPause)
		return nil
	}
	return err
}

// turnPause is between two attempts to turn the traffic of a standing session.
const turnPause = 3 * time.Second

// localChanged has a token when a local port has begun to accept; nil where
// nobody waits for one.
func (s *Session) localChanged() <-chan struct{} {
	if s.run.listening == nil {
		return nil
	}
	return s.run.listening.changed
}

// left is missing, for one that may be nil.
func (l *listening) left() []string {
	if l == nil {
		return nil
	}
	return l.missing()
}
