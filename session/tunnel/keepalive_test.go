package tunnel

import (
	"context"
	"testing"
	"testing/synctest"
	"time"
)

func TestKeepaliveWatch(t *testing.T) {
	keepalive := Keepalive{}.orDefaults() // 5 s, 10 s
	const rtt = 20 * time.Millisecond
	tests := []struct {
		name string
		// answers says whether a probe at this time is answered, hears when the
		// last other byte came, both as time since the start.
		answers func(at time.Duration) bool
		hears   func(at time.Duration) time.Duration
		doubt   time.Duration // 0: none arises
		dies    time.Duration // 0: never, watched for an hour
	}{
		{name: "answered", answers: func(time.Duration) bool { return true }},
		{name: "never answered", answers: func(time.Duration) bool { return false }, dies: 10 * time.Second},
		{
			name:    "dark after a minute",
			answers: func(at time.Duration) bool { return at < time.Minute },
			dies:    time.Minute + 5*time.Second,
		},
		{
			name:    "no answer, but data all the time",
			answers: func(time.Duration) bool { return false },
			hears:   func(at time.Duration) time.Duration { return at },
		},
		{
			name:    "dark, then a doubt",
			answers: func(at time.Duration) bool { return at < time.Minute },
			doubt:   time.Minute + time.Second,
			dies:    time.Minute + 3*time.Second,
		},
		{
			name:    "a doubt without reason",
			answers: func(time.Duration) bool { return true },
			doubt:   time.Minute + time.Second,
		},
		{
			name:    "no answer, data for a minute",
			answers: func(time.Duration) bool { return false },
			hears:   func(at time.Duration) time.Duration { return min(at, time.Minute) },
			dies:    time.Minute + 5*time.Second,
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				start := time.Now()
				ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
				defer cancel()
				closed := make(chan struct{})
				context.AfterFunc(ctx, func() { close(closed) })
				heard := start
				probe := func() error {
					if !tt.answers(time.Since(start)) {
						<-closed
						return context.Canceled
					}
					time.Sleep(rtt)
					heard = time.Now()
					return nil
				}
				lastHeard := func() time.Time {
					if tt.hears != nil {
						return start.Add(tt.hears(time.Since(start)))
					}
					return heard
				}
				var died time.Duration
				doubt := make(chan struct{}, 1)
				if tt.doubt > 0 {
					time.AfterFunc(tt.doubt, func() { doubt <- struct{}{} })
				}
				keepalive.watch(ctx, probe, lastHeard, doubt, func(time.Time) {
					died = time.Since(start)
					cancel()
				})
				if died != tt.dies {
					t.Errorf("died after %v, want %v", died, tt.dies)
				}
				synctest.Wait()
			})
		})
	}
}

func TestKeepaliveDefaults(t *testing.T) {
	tests := []struct{ in, want Keepalive }{
		{Keepalive{}, Keepalive{5 * time.Second, 10 * time.Second}},
		{Keepalive{Interval: 30 * time.Second}, Keepalive{30 * time.Second, time.Minute}},
		{Keepalive{DeadAfter: time.Minute}, Keepalive{5 * time.Second, time.Minute}},
	}
	for _, tt := range tests {
		if got := tt.in.orDefaults(); got != tt.want {
			t.Errorf("%+v becomes %+v, want %+v", tt.in, got, tt.want)
		}
	}
}

// An answer to a question from before the doubt proves nothing: it may have waited
// in the socket while the machine slept.
func TestKeepaliveDoubtsAnAnswerFromBefore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		asked, old := 0, make(chan struct{})
		probe := func() error {
			if asked++; asked == 1 {
				<-old
				return nil
			}
			<-ctx.Done()
			return ctx.Err()
		}
		doubt := make(chan struct{}, 1)
		time.AfterFunc(6*time.Second, func() { doubt <- struct{}{} })
		time.AfterFunc(7*time.Second, func() { close(old) })
		var died time.Duration
		Keepalive{}.orDefaults().watch(ctx, probe, func() time.Time { return start }, doubt, func(time.Time) {
			died = time.Since(start)
			cancel()
		})
		if died != 9*time.Second || asked != 2 {
			t.Errorf("died after %v and %d probes, want 9s and 2", died, asked)
		}
	})
}
