package tunnel

import (
	"context"
	"testing"
	"testing/synctest"
	"time"
)

func TestNotifierCoalesces(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		var calls []time.Duration
		n := newNotifier(func() { calls = append(calls, time.Since(start)) })
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { n.run(ctx); close(done) }()
		touch := func(times int) {
			for range times {
				n.touch()
			}
			synctest.Wait()
		}
		touch(1)
		touch(1000)
		time.Sleep(10 * changeGap)
		touch(1000)
		cancel()
		<-done
		want := []time.Duration{0, changeGap, 10 * changeGap}
		if len(calls) != len(want) {
			t.Fatalf("called at %v, want %v", calls, want)
		}
		for i := range want {
			if calls[i] != want[i] {
				t.Fatalf("called at %v, want %v", calls, want)
			}
		}
	})
}
