package session

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/tandem-dev/tandem/internal/fault"
	"github.com/tandem-dev/tandem/manifest"
	"github.com/tandem-dev/tandem/session/cluster"
	"github.com/tandem-dev/tandem/session/proxy"
	"github.com/tandem-dev/tandem/session/tunnel"
)

// resources is what a session holds and must give back. It belongs to the
// owner; giveBack releases it in any half-done state.
type resources struct {
	page  *page
	entry Entry
	// touched says that the cluster may have been changed; owed, that what an
	// earlier session changed is not given back yet.
	touched, owed bool

	workload *cluster.Workload
	sources  sources
	observed []string // what the agent's container has
	followed *cluster.Followed
	// inCluster is the guard in the cluster, nil without one, and armed that it
	// would be able to act. unguarded says why there is none, unguardedSaid that the
	// user knows.
	inCluster     *clusterGuard
	armed         bool
	unguarded     string
	unguardedSaid bool

	diversion *cluster.Diversion
	keys      tunnel.Keys
	tunnels   *tunnel.Tunnels
	// opened are the tunnels that were opened since the start, closed the IDs of
	// those that were closed.
	opened []opened
	closed []string
	link   *tunnel.Link
	pod    *cluster.Pod
	// madeOf is what the environment was last computed from.
	madeOf  madeOf
	volumes *volumes     // nil where they were not asked for
	proxy   *proxy.Proxy // likewise
	command *command
	// listening watches the local ends of the reverses until callers are let in,
	// which turned says; retired says that the original is at zero. turnAgain is
	// when the next of these steps is due.
	listening       *listening
	turned, retired bool
	// originalDown says of an adopted session that its original is at zero
	// already: nobody else serves.
	originalDown bool
	contest      contest
	turnAgain    time.Time

	ends *localEnds // nil where the pod's readiness does not follow them

	debuggers     []*debugger
	debugsStarted int            // for the next one's id
	starting      sync.WaitGroup // goroutines that start debuggers
	replaced      bool           // the command was ended for a debugger and is to come back
}

// start goes through the steps up to Switching. An error, or the end of ctx,
// leaves it where it was; what was done so far is in s.run.
func (s *Session) start(ctx context.Context) error {
	for _, step := range []struct {
		state State
		do    func(context.Context) error
	}{
		{Checking, s.check},
		{Diverting, s.divert},
		{Connecting, s.connect},
		{Resolving, s.resolve},
		{Switching, s.switchOver},
	} {
		s.enter(step.state, nil)
		if err := step.do(ctx); err != nil {
			return err
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
	return nil
}

// step bounds ctx by the manifest's timeout for a single step.
func (s *Session) step(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, s.prepared.dev.Timeout.Default)
}

// check asks for everything that could stop the session, and changes nothing:
// what fails here has touched nothing.
func (s *Session) check(ctx context.Context) error {
	ctx, cancel := s.step(ctx)
	defer cancel()
	if err := s.checkCommand(); err != nil {
		return err
	}
	page, left, err := s.begin(ctx)
	if err != nil {
		return err
	}
	s.run.page = page
	adopted := false
	if left != nil {
		s.run.owed = true
		s.progress("looking for what a crash left behind")
		if adopted, err = s.adopt(ctx, left); err != nil {
			return err
		}
	}
	if left != nil && !adopted {
		s.run.entry.Started = s.started
		s.progress("giving back what a crash left behind")
		if err := s.leaveTakenBack(ctx, left); err != nil {
			return err
		}
		if err := s.prepared.cluster.Restore(ctx, left.Record); err != nil {
			return err
		}
		if err := left.endFamilies(); err != nil {
			return err
		}
	}
	s.run.owed = false
	if err := s.find(ctx); err != nil {
		return err
	}
	return s.openForwards(ctx)
}

// find looks the workload up and reads what the environment is made of.
func (s *Session) find(ctx context.Context) error {
	c := s.prepared.cluster
	w, err := c.Find(ctx, target(s.prepared.dev))
	if err != nil {
		return err
	}
	if d := s.run.diversion; d != nil {
		s.run.originalDown = w.Replicas == 0
		w.Replicas = d.Record.Replicas
	} else if w.Diverted != nil {
		if w, err = s.takeOver(ctx, w); err != nil {
			return err
		}
	}
	s.run.workload = w
	if err := reversesFree(s.prepared.dev, w); err != nil {
		return err
	}
	refs := refsOf(w)
	g, gctx := errgroup.WithContext(ctx)
	g.Go(func() error {
		rights, err := c.Preflight(gctx, w, refs.needs())
		if err == nil {
			s.mayGuard(gctx, rights)
		}
		return err
	})
	g.Go(func() (err error) {
		s.run.sources, err = readSources(gctx, c, refs)
		return err
	})
	var scalers []cluster.Autoscaler
	g.Go(func() error {
		var err error
		if scalers, err = c.Autoscalers(gctx, w); err != nil && gctx.Err() == nil {
			s.log.Debug().Err(err).Msg("whether something scales the workload is not known")
		}
		return nil // a session can do without
	})
	if err := g.Wait(); err != nil {
		return err
	}
	if _, err := s.compute(nil, nil); err != nil {
		return err // a required Secret, ConfigMap or key that is not there
	}
	s.change(func(snap *Snapshot) {
		snap.Workload = &Workload{Kind: w.Kind, Name: w.Name, Container: w.Container, Replicas: w.Replicas}
	})
	s.warnOfOthers(w, scalers)
	return nil
}

// warnOfOthers tells who else scales the original, before they do.
func (s *Session) warnOfOthers(w *cluster.Workload, scalers []cluster.Autoscaler) {
	for _, a := range scalers {
		s.warn(Warning{Code: WarnAutoscaled, Message: fmt.Sprintf("%s scales %s: %s", a, w, a.Effect), Hint: a.Advice()})
	}
	for _, k := range w.Keepers() {
		if k.Advice != "" {
			s.warn(Warning{Code: WarnKept, Message: fmt.Sprintf("%s, %s, keeps %s: %s", k.Tool, k.Name, w, k.Effect), Hint: k.Advice})
		}
	}
}

// reversesFree refuses a reverse whose port another container of the pod has.
func reversesFree(dev *manifest.Dev, w *cluster.Workload) error {
	for _, r := range dev.Reverse {
		if err := portOwned(w, r.Remote); err != nil {
			return err
		}
	}
	return nil
}

// takeOver gives an original back that another session has, where that was
// asked for, and finds it again. What a crash of ours left has been given back by
// now, as the journal told; what is marked with this user and this machine all
// the same is the living session of another journal, an editor's with a state
// folder of its own, for example.
func (s *Session) takeOver(ctx context.Context, w *cluster.Workload) (*cluster.Workload, error) {
	r := w.Diverted.Record
	if !s.request.Takeover && !s.abandoned(ctx, r) {
		return nil, cluster.Busy(w)
	}
	s.progress("taking %s over from %s on %s", w, r.Owner, r.Host)
	if err := s.prepared.cluster.TakeOver(ctx, r, s.self()); err != nil {
		return nil, err
	}
	return s.prepared.cluster.Find(ctx, target(s.prepared.dev))
}

// markGrace is how long a mark may stand before its dev container does.
const markGrace = time.Minute

// abandoned reports whether nothing stands behind a mark. `kubectl rollout undo`
// puts back the annotations that a revision's ReplicaSet has, and those are the
// Deployment's of long ago: a session's mark among them.
func (s *Session) abandoned(ctx context.Context, r cluster.Record) bool {
	if time.Since(r.Since) < markGrace {
		return false
	}
	d, err := s.prepared.cluster.Adopt(ctx, r)
	if err == nil {
		d.Close()
	}
	return errors.Is(err, fault.SessionNotFound)
}

// openForwards binds the local ports, so that a busy one shows before the
// cluster is touched. What connects meanwhile waits for the link.
func (s *Session) openForwards(ctx context.Context) error {
	s.run.tunnels = tunnel.NewTunnels(tunnel.Options{Logger: s.log, OnChange: s.touchTunnels})
	s.tunnels.Store(s.run.tunnels)
	own := len(s.prepared.dev.Forward)
	for i, f := range s.prepared.forwards() {
		id := "f" + strconv.Itoa(i+1)
		if i >= own && f.Local != 0 {
			if err := s.shareForward(ctx, id, f); err != nil {
				return err
			}
			continue
		}
		remote, err := s.remoteOf(ctx, f)
		if err != nil {
			return err
		}
		if _, err := s.run.tunnels.OpenForward(ctx, tunnel.ForwardSpec{ID: id, Listen: s.prepared.listen(f), Remote: remote}); err != nil {
			return err
		}
	}
	s.reopen(ctx, Forward)
	return s.openProxy(ctx)
}

// listen is where a forward listens on this machine.
func (p *prepared) listen(f manifest.Forward) string {
	return net.JoinHostPort(p.dev.Interface, strconv.Itoa(f.Local))
}

// remoteOf is where a forward goes, as seen from the dev pod.
func (s *Session) remoteOf(ctx context.Context, f manifest.Forward) (string, error) {
	host := f.Service
	if len(f.Labels) > 0 {
		var err error
		if host, err = s.prepared.cluster.ServiceByLabels(ctx, f.Labels); err != nil {
			return "", err
		}
	}
	if host == "" {
		host = "127.0.0.1" // the dev pod itself: its sidecars
	}
	return net.JoinHostPort(host, strconv.Itoa(f.Remote)), nil
}

// divert creates the dev workload, after the journal knows of it.
func (s *Session) divert(ctx context.Context) error {
	if s.run.diversion != nil { // adopted
		s.installGuard()
		return s.awaitPod(ctx)
	}
	keys, err := tunnel.NewKeys()
	if err != nil {
		return err
	}
	s.run.keys = keys
	dev, c := s.prepared.dev, s.prepared.cluster
	owner, host := whoAmI()
	spec := cluster.DivertSpec{
		SessionID: s.id, Owner: owner, Host: host, Since: s.run.entry.Started,
		AgentImage: s.cfg.AgentImage,
		Keys:       s.agentKeys(),
		GuardTTL:   s.guardTTL(),
		Labels:     dev.Labels, Annotations: dev.Annotations, PriorityClass: dev.PriorityClassName,
	}
	for _, r := range dev.Reverse {
		spec.Reverse = append(spec.Reverse, r.Remote)
	}
	s.run.entry.Record = c.Record(s.run.workload, spec)
	if err := s.savePrivate(); err != nil {
		return err
	}
	if err := s.run.page.write(s.run.entry); err != nil {
		return err
	}
	s.run.touched = true

	dctx, cancel := s.step(ctx)
	defer cancel()
	if s.run.diversion, err = c.Divert(dctx, s.run.workload, spec); err != nil {
		return err
	}
	s.installGuard()
	for _, note := range s.run.diversion.Notes {
		s.log.Info().Msg(note)
	}
	return s.awaitPod(ctx)
}

// awaitPod waits until the dev pod's agent runs or is about to, for as long as
// the manifest grants the cluster's resources.
func (s *Session) awaitPod(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, s.prepared.dev.Timeout.Resources)
	defer cancel()
	pod, err := s.prepared.cluster.AwaitStarting(ctx, s.run.diversion, func(p string) { s.progress("%s", p) })
	if err != nil {
		return err
	}
	s.notePod(pod)
	return nil
}

// agentKeys are the session's keys as the agent gets them.
func (s *Session) agentKeys() cluster.AgentKeys {
	return cluster.AgentKeys{Host: s.run.keys.HostPrivatePEM, Authorized: s.run.keys.ClientAuthorized}
}

// notePod makes pod the session's.
func (s *Session) notePod(pod cluster.Pod) {
	s.run.pod = &pod
	if now := (Pod{Name: pod.Name, Node: pod.Node}); s.current.Pod == nil || *s.current.Pod != now {
		s.change(func(snap *Snapshot) { snap.Pod = &now })
	}
}

// fillTunnels copies the tunnels' state into a snapshot.
func (s *Session) fillTunnels(snap *Snapshot) { snap.Tunnels = s.allTunnels() }

func tunnelsOf(set *tunnel.Tunnels) []Tunnel {
	states := set.States()
	all := make([]Tunnel, len(states))
	for i, t := range states {
		all[i] = tunnelOf(t)
	}
	return all
}

func tunnelOf(t tunnel.State) Tunnel {
	out := Tunnel{
		ID: t.ID, Kind: TunnelKind(t.Kind), Local: t.Local, Remote: t.Remote, State: string(t.Status),
		Connections: t.Connections, BytesIn: t.BytesIn, BytesOut: t.BytesOut,
	}
	if t.Err != nil {
		out.Error = t.Err.Error()
	}
	return out
}

// switchOver starts the command and turns the traffic once the local side can
// answer. What cannot is not waited for without end: the original goes on
// serving, and stand turns the traffic later.
func (s *Session) switchOver(ctx context.Context) error {
	s.awaitGuard()
	if s.run.inCluster == nil {
		s.guardUnarmed(s.run.unguarded)
	}
	now, err := s.awaitLocal(ctx)
	switch {
	case err != nil:
		return err
	case now:
		return s.turn(ctx)
	}
	if missing := s.run.listening.left(); s.run.command != nil && !s.run.command.ended() && len(missing) > 0 {
		s.warn(Warning{Code: WarnNotListening,
			Message: fmt.Sprintf("the command does not listen on %s yet: %s goes on serving until it does", strings.Join(missing, ", "), s.run.workload),
			Hint:    "does it listen on another port or address? `--switch now` turns the traffic at once"})
	}
	return nil
}

// forwards are the dev's own and the manifest's.
func (p *prepared) forwards() []manifest.Forward {
	return append(append([]manifest.Forward(nil), p.dev.Forward...), p.manifest.Forward...)
}
