package session

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"github.com/tandem-dev/tandem/internal/fault"
	"github.com/tandem-dev/tandem/session/tunnel"
)

// stand is a ready session's life: it follows the command, the tunnels and the
// link until ctx ends (nil), the command ends where the session is to end with
// it (nil), or the session cannot go on.
func (s *Session) stand(ctx context.Context) error {
	life, leave := context.WithCancel(ctx)
	defer s.run.starting.Wait()
	defer leave()
	switch {
	case s.request.Debug != nil:
		if err := s.debugInstead(life); err != nil {
			return err
		}
	case s.request.EndWithCommand: // see awaitLocal
		if err := s.startCommand(life); err != nil {
			return err
		}
	}
	s.settle.Do(func() { close(s.settled) })
	drift := s.followSources()
	defer drift.stop()
	for {
		do, again := s.trafficDue()
		if do != nil {
			if err := s.whileLinked(ctx, do); err != nil {
				return err
			}
			continue
		}
		select {
		case <-ctx.Done():
			return nil
		case <-s.localChanged():
		case <-s.endsChanged():
			s.settleEnds(ctx)
		case <-after(again):
		case <-s.run.followed.Changed():
			s.checkOriginal()
			drift.noticed()
		case <-drift.due():
			drift.settle()
		case <-s.commandDone():
			s.noteExit(s.run.command.process.Wait())
			if s.request.EndWithCommand {
				return nil
			}
		case <-s.guardLost():
			s.replaceGuard(s.manager)
		case reply := <-s.restarts:
			reply <- s.restart(ctx)
		case do := <-s.whenReady:
			do(life)
		case do := <-s.anyTime:
			do(life)
		case <-s.tunnelsChanged:
			s.change(s.fillTunnels)
		case <-s.run.link.Done():
			if err := s.reconnect(life, s.run.link.Err()); err != nil {
				return err
			}
		}
	}
}

// reconnect gets the link back, following the pod if it was replaced, with
// growing pauses and for as long as it takes. The command and the local
// listeners live on. It gives up only when the dev workload itself is gone:
// then somebody has given the cluster back.
func (s *Session) reconnect(ctx context.Context, lost error) error {
	s.enter(Reconnecting, lost)
	// A machine that wakes up or gets its network back need not wait.
	changed := make(chan struct{}, 1)
	defer tunnel.WatchSurroundings(func(tunnel.Change) {
		select {
		case changed <- struct{}{}:
		default:
		}
	})()
	for attempt := 0; ; attempt++ {
		pause := jitter(backoff(attempt), rand.Float64())
		next := time.Now().Add(pause)
		s.change(func(snap *Snapshot) { snap.NextRetryAt = &next })
		// The command may end meanwhile, and somebody may log in again.
		timer := time.NewTimer(pause)
		login := time.NewTicker(loginLook)
	waiting:
		for {
			select {
			case <-timer.C:
				break waiting
			case <-changed:
				attempt = 0 // what failed before tells nothing of the new network
				break waiting
			case <-login.C:
				if s.prepared.cluster.Renew() {
					attempt = 0 // what failed before had other credentials
					break waiting
				}
			case <-s.commandDone():
				s.noteExit(s.run.command.process.Wait())
			case do := <-s.anyTime:
				do(ctx)
			case <-ctx.Done():
				timer.Stop()
				login.Stop()
				return nil
			}
		}
		timer.Stop()
		login.Stop()
		err := s.relink(ctx)
		switch {
		case ctx.Err() != nil:
			return nil
		case err == nil:
			s.enter(Ready, nil)
			s.change(s.fillTunnels)
			return nil
		case errors.Is(err, fault.TakenBack):
			return err
		case errors.Is(err, fault.SessionNotFound):
			if why := s.prepared.cluster.Gone(ctx, s.run.diversion); why != nil {
				return why
			}
			return err
		}
		s.log.Warn().Err(err).Int("attempt", attempt+1).Msg("reconnecting")
		s.change(func(snap *Snapshot) { snap.Cause = causeOf(err); s.fillTunnels(snap) })
		if !errors.Is(err, fault.ClusterUnreachable) {
			if why := s.takenBack(ctx); why != nil {
				return why
			}
		}
	}
}

// relink is one attempt: the pod, the link, the reverses, proven by the pod
// being ready where it has the traffic.
func (s *Session) relink(ctx context.Context) error {
	// A new pod needs the keys; the one that runs has them.
	if !s.prepared.cluster.Runs(s.run.diversion) {
		if why := s.takenBack(ctx); why != nil {
			return why
		}
		sctx, cancel := s.step(ctx)
		err := s.prepared.cluster.EnsureSecret(sctx, s.run.diversion, s.agentKeys())
		cancel()
		if err != nil {
			s.log.Warn().Err(err).Msg("making sure of the session's Secret")
		}
	}
	if err := s.awaitPod(ctx); err != nil {
		return err
	}
	if err := s.dialStarting(ctx); err != nil || !s.run.turned || s.unserved() {
		return err
	}
	ctx, cancel := s.step(ctx)
	defer cancel()
	pod, err := s.prepared.cluster.AwaitReady(ctx, s.run.diversion, func(p string) { s.progress("%s", p) })
	if err == nil {
		s.notePod(pod)
	}
	return err
}

// loginLook is how often a session without a link looks whether the kubeconfig has
// changed, which nothing tells: the state of some files, no request.
const loginLook = time.Second

// maxBackoff is the longest pause between two attempts to get the link back.
const maxBackoff = 10 * time.Second

// backoff is how long the n-th attempt waits, n from 0: not at all, then 0.25 s
// and twice as long each time.
func backoff(n int) time.Duration {
	if n == 0 {
		return 0
	}
	return min(250*time.Millisecond<<min(n-1, 6), maxBackoff)
}

// jitter spreads a pause over a quarter less to a quarter more, by a random
// number from 0 to 1: when an API server comes back, not everybody's sessions
// should dial at one moment.
func jitter(pause time.Duration, random float64) time.Duration {
	return time.Duration(float64(pause) * (0.75 + random/2))
}
