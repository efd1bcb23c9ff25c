package tunnel

import (
	"context"
	"errors"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tandem-dev/tandem/internal/fault"
)

func TestSlept(t *testing.T) {
	// A time with both clocks, and the same moment as seen later.
	last := time.Now()
	wall := func(d time.Duration) time.Time { return last.Round(0).Add(d) } // has no monotonic clock
	for _, tt := range []struct {
		name string
		now  time.Time
		want bool
	}{
		{"on time", last.Add(lookEvery), false},
		{"a busy machine", last.Add(lookEvery + 2*time.Second), false},
		{"the process was stopped", last.Add(90 * time.Second), true},
		{"the machine slept", wall(8 * time.Hour), true},
		{"the clock was set back", wall(-time.Hour), false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := slept(last, tt.now); got != tt.want {
				t.Errorf("slept is %v", got)
			}
		})
	}
}

// The watchers share a goroutine, which ends with the last one (goleak).
func TestWatchSurroundings(t *testing.T) {
	var s surroundings
	var first, second atomic.Int32
	stopFirst := s.watch(func(Change) { first.Add(1) })
	stopSecond := s.watch(func(Change) { second.Add(1) })
	s.tell(Moved)
	stopFirst()
	s.tell(Woke)
	stopFirst()
	stopSecond()
	s.tell(Woke)
	if first.Load() != 1 || second.Load() != 2 {
		t.Errorf("told %d and %d times, want 1 and 2", first.Load(), second.Load())
	}
	again := s.watch(func(Change) { first.Add(1) })
	s.tell(Moved)
	again()
	if first.Load() != 2 {
		t.Errorf("told %d times after a new beginning, want 2", first.Load())
	}
}

// After a change of the surroundings a link that was cut is given up long before
// its keepalive would, and a living one stays.
func TestChangeOfSurroundingsProbesTheLink(t *testing.T) {
	var dark atomic.Bool
	pod := startPod(t, nil)
	cfg := pod.config()
	living := connect(t, cfg)
	cfg.Dial = func(ctx context.Context) (net.Conn, error) {
		c, err := pod.dial(ctx)
		return &tarpit{Conn: c, dark: &dark}, err
	}
	cut := connect(t, cfg)
	around.tell(Moved)
	if _, err := cut.Ping(t.Context()); err != nil {
		t.Fatalf("a link that stands is lost: %v", err)
	}
	dark.Store(true)
	start := time.Now()
	around.tell(Woke)
	<-cut.Done()
	if took := time.Since(start); took < doubtPatience-time.Second || took > 2*doubtPatience {
		t.Errorf("given up after %v, want about %v", took, doubtPatience)
	}
	if err := cut.Err(); !errors.Is(err, fault.LinkFailed) || !strings.Contains(err.Error(), "has not answered") {
		t.Errorf("error %v", err)
	}
	if _, err := living.Ping(t.Context()); err != nil {
		t.Errorf("the living link: %v", err)
	}
}
