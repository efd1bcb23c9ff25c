package session

import (
	"testing"
	"time"
)

func TestBackoff(t *testing.T) {
	for n, want := range []time.Duration{0, 250 * time.Millisecond, 500 * time.Millisecond, time.Second,
		2 * time.Second, 4 * time.Second, 8 * time.Second, maxBackoff, maxBackoff} {
		if got := backoff(n); got != want {
			t.Errorf("attempt %d waits %s, want %s", n, got, want)
		}
	}
	if got := backoff(1_000_000); got != maxBackoff {
		t.Errorf("attempt 1000000 waits %s", got)
	}
}

func TestJitter(t *testing.T) {
	for _, tt := range []struct {
		random float64
		want   time.Duration
	}{{0, 750 * time.Millisecond}, {0.5, time.Second}, {1, 1250 * time.Millisecond}} {
		if got := jitter(time.Second, tt.random); got != tt.want {
			t.Errorf("with %v it is %s, want %s", tt.random, got, tt.want)
		}
	}
	if got := jitter(backoff(0), 1); got != 0 {
		t.Errorf("the first attempt waits %s", got)
	}
}
