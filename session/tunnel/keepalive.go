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

// watch probes a connection until ctx ends, the connection ends, or it is dead:
// then it calls dead with the time of the last sign of life. Either way the
// connection is closed by someone, which ends a hanging probe; watch waits for
// that before it returns.
//
// probe sends one request and returns when it is answered or the connection is
// closed; it may hang as long as it likes. Every byte heard counts as life, not
// only the answer: behind a bulk transfer on a slow link the answer may take
// longer than the limit while data is arriving all the time.
//
// Death needs an unanswered probe as well as silence: after the laptop slept,
// the last byte is old, and yet a link that survived the sleep stays.
func (k Keepalive) watch(ctx context.Context, probe func() error, lastHeard func() time.Time, dead func(silentSince time.Time)) {
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
	patience := k.DeadAfter - k.Interval
	var asked time.Time // zero while no probe is under way
	for {
		select {
		case <-ctx.Done():
			return
		case _, ok := <-answered:
			if !ok {
				return
			}
			timer.Reset(max(0, k.Interval-time.Since(asked)))
			asked = time.Time{}
		case <-timer.C:
			if asked.IsZero() {
				asked = time.Now()
				ask <- struct{}{} // at once: the prober is new or has answered
				timer.Reset(patience)
				continue
			}
			alive := asked
			if heard := lastHeard(); heard.After(alive) {
				alive = heard
			}
			if left := patience - time.Since(alive); left > 0 {
				timer.Reset(left)
				continue
			}
			dead(lastHeard())
			return
		}
	}
}
