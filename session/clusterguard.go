package session

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/tandem-dev/tandem/internal/fault"
	"github.com/tandem-dev/tandem/session/cluster"
	"github.com/tandem-dev/tandem/session/tunnel"
)

// DefaultGuardTTL is how long nothing may be heard of this machine before the guard
// in the cluster gives a session's workload back; MinGuardTTL is the least that can
// be asked for. A shorter absence than that is a change of Wi-Fi.
const (
	DefaultGuardTTL = 15 * time.Minute
	MinGuardTTL     = 10 * time.Second
)

// guardArming is how long a guard in the cluster may take to be able to act before
// that is worth a warning: the kubelet brings a new Secret to a running pod within
// a minute or so.
const guardArming = 2 * time.Minute

// clusterGuard is the guard in the cluster of one session, from our side. It owns a
// goroutine that makes the guard's objects, and one per link that hears from the
// agent; both end at close.
type clusterGuard struct {
	ctx    context.Context
	cancel context.CancelFunc
	done   sync.WaitGroup
}

// checkGuardTTL refuses a time that only a mistake can be.
func checkGuardTTL(ttl time.Duration) error {
	if ttl > 0 && ttl < MinGuardTTL {
		return fault.New(fault.InvalidParams, "a guard that gives the workload back after %s without a link would do so whenever the network changes", ttl).
			Hint("at least %s; a negative time does without a guard in the cluster", MinGuardTTL)
	}
	return nil
}

// mayGuard finds out whether there can be a guard in the cluster. Whatever stands in
// the way, the session does without.
func (s *Session) mayGuard(ctx context.Context, rights *cluster.Rights) {
	if s.cfg.GuardTTL < 0 {
		return
	}
	why, err := s.prepared.cluster.MayGuard(ctx, s.run.workload, rights)
	if err != nil {
		why = err.Error()
	}
	s.run.unguarded = why
}

// guardTTL is that of the guard in the cluster, 0 where there is to be none.
func (s *Session) guardTTL() time.Duration {
	if s.run.unguarded != "" {
		return 0
	}
	return max(s.cfg.GuardTTL, 0)
}

// installGuard makes the guard's objects, beside everything else.
func (s *Session) installGuard() {
	d := s.run.diversion
	if d.Record.Guard == "" {
		return
	}
	ctx, cancel := context.WithCancel(context.Background()) // ended by close
	g := &clusterGuard{ctx: ctx, cancel: cancel}
	s.run.inCluster = g
	g.done.Go(func() {
		ctx, cancel := context.WithTimeout(ctx, s.prepared.dev.Timeout.Default)
		defer cancel()
		if err := s.prepared.cluster.InstallGuard(ctx, d); err != nil {
			g.tell(s, func() { s.guardUnarmed(err.Error()) })
		}
	})
}

// followGuard hears from the agent whether its guard is able to act.
func (s *Session) followGuard(link *tunnel.Link) {
	g := s.run.inCluster
	if g == nil {
		return
	}
	g.done.Go(func() {
		said := make(chan string, 1) // why it is not armed, the newest alone
		ended := make(chan error, 1)
		g.done.Go(func() { // ends with the link or the context
			ended <- link.FollowGuard(g.ctx, func(_ bool, why string) {
				select {
				case <-said:
				default:
				}
				said <- why
			})
		})
		patience := time.NewTimer(guardArming)
		defer patience.Stop()
		why, armed := "the agent does not say how it stands", false
		for {
			select {
			case why = <-said:
				switch was := armed; {
				case why == "":
					armed = true
					patience.Stop()
					g.tell(s, s.guardArmed)
				case was:
					armed = false
					patience.Reset(guardArming)
				}
			case <-patience.C:
				g.tell(s, func() { s.guardUnarmed(why) })
			case err := <-ended:
				if errors.Is(err, tunnel.ErrNoGuard) {
					g.tell(s, func() { s.guardUnarmed(err.Error()) })
				}
				return
			}
		}
	})
}

// tell has the session's owner do something, unless the session ends before.
func (g *clusterGuard) tell(s *Session, do func()) {
	select {
	case s.anyTime <- func(context.Context) { do() }:
	case <-g.ctx.Done():
	}
}

// close ends the goroutines; nil is allowed.
func (g *clusterGuard) close() {
	if g != nil {
		g.cancel()
		g.done.Wait()
	}
}

// guardArmed notes that the guard in the cluster would be able to act.
func (s *Session) guardArmed() {
	s.run.armed = true
	s.noteGuard()
}

// guardUnarmed notes that there is none, and says once why.
func (s *Session) guardUnarmed(why string) {
	s.run.armed = false
	s.noteGuard()
	if s.run.unguardedSaid || s.cfg.GuardTTL < 0 {
		return
	}
	s.run.unguardedSaid = true
	if why == "" {
		why = "the session was begun without one"
	}
	s.warn(Warning{Code: WarnGuardLocal,
		Message: fmt.Sprintf("there is no guard in the cluster: %s. Should this machine disappear as a whole, %s stays taken over until somebody gives it back", why, s.run.workload),
		Hint:    "docs/rbac.yaml has the rules that it takes; `--guard-ttl=-1s` does without, and without this warning"})
}

// takenBack asks the cluster whether the workload was given back while this machine
// was away; nil where it was not, or where the cluster does not answer.
func (s *Session) takenBack(ctx context.Context) error {
	ctx, cancel := s.step(ctx)
	defer cancel()
	if why := s.prepared.cluster.TakenBack(ctx, s.run.diversion.Record); errors.Is(why, fault.TakenBack) {
		return why
	}
	return nil
}
