package tunnel

import (
	"context"
	"time"
)

// Keepalive says how a dead connection is told from a quiet one.
type Keepalive struct {
	// Interval is the time between two probes. Zero means 5 s.
	Interval time.Duration
	// DeadAfter is the silence after which the link counts as lost, probes
	// included: with an answered probe every Interval, a connection that goes
	// dark is given up DeadAfter after the last byte it carried. Zero means
	// 10 s; less than twice Interval is raised to that, so that a probe always
	// has a whole Interval to be answered.
	DeadAfter time.Duration
}

func (k Keepalive) orDefaults() Keepalive {
	if k.Interval <= 0 {
		k.Interval = 5 * time.Second
	}
	if k.DeadAfter <= 0 {
		k.DeadAfter = 10 * time.Second
	}
	k.DeadAfter = max(k.DeadAfter, 2*k.Interval)
	return k
}

// keepaliveRequest is OpenSSH's name for it; any answer will do, "failure"
// included (OpenSSH answers so, RFC 4254 section 4 wants it for unknown names).
const keepaliveRequest = "keepalive@openssh.com"

const (
	// doubtPatience is how long a connection may be silent after something that
	// may have cut it: the machine slept, its network changed. A living one
	// answers within a round trip; one that was cut never will.
	doubtPatience = 2 * time.Second
	// lateTimer is by how much a timer must be late to prove that this process
	// did not run: what the peer sent meanwhile has not been read yet, and its
	// silence means nothing.
	lateTimer = time.Second
)

// watch probes a connection until ctx ends, the connection ends, or it is dead:
// then it calls dead with the time of the last sign of life. Either way the
// connection is closed by someone, which ends a hanging probe; watch waits for
// that before it returns. A token from doubt makes it probe at once, with
// doubtPatience.
//
// probe sends one request and returns when it is answered or the connection is
// closed; it may hang as long as it likes. Every byte heard counts as life, not
// only the answer: behind a bulk transfer on a slow link the answer may take
// longer than the limit while data is arriving all the time.
//
// Death needs an unanswered probe as well as silence: after the laptop slept,
// the last byte is old, and yet a link that survived the sleep stays.
func (k Keepalive) watch(ctx context.Context, probe func() error, lastHeard func() time.Time, doubt <-chan struct{}, dead func(silentSince time.Time)) {
	// The prober owns the blocking call; it ends when ask is closed.
	ask := make(chan struct{})
	answered := make(chan struct{}, 1)
	go func() {
		defer close(answered)
		for range ask {
			if probe() != nil {
				return // the connection's own end reports itself
			}
			answered <- struct{}{}
		}
	}()
	defer func() {
		close(ask)
		for range answered {
		}
	}()

	timer := time.NewTimer(k.Interval)
	defer timer.Stop()
	var due time.Time // when the timer is to fire
	wait := func(d time.Duration) {
		due = time.Now().Add(d)
		timer.Reset(d)
	}
	wait(k.Interval)
	var asked time.Time // when the wait for an answer began; zero while there is none
	var stale bool      // the question was put before the doubt arose
	var patience time.Duration
	question := func(p time.Duration) {
		if stale = !asked.IsZero(); !stale {
			ask <- struct{}{} // at once: the prober is new or has answered
		}
		asked, patience = time.Now(), p
		wait(p)
	}
	for {
		select {
		case <-ctx.Done():
			return
		case _, ok := <-answered:
			if !ok {
				return
			}
			took := time.Since(asked)
			asked = time.Time{}
			if stale {
				question(doubtPatience)
				continue
			}
			wait(max(0, k.Interval-took))
		case <-doubt:
			question(doubtPatience)
		case <-timer.C:
			switch {
			case time.Since(due) > lateTimer:
				question(doubtPatience)
				continue
			case asked.IsZero():
				question(k.DeadAfter - k.Interval)
				continue
			}
			alive := asked
			if heard := lastHeard(); heard.After(alive) {
				alive = heard
			}
			if left := patience - time.Since(alive); left > 0 {
				wait(left)
				continue
			}
			dead(lastHeard())
			return
		}
	}
}
