package session

import (
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// Every state but the first can be reached, every state can come to an end, and
// an end is for ever.
func TestStateMachine(t *testing.T) {
	reached := map[State]bool{}
	queue := []State{""}
	for len(queue) > 0 {
		from := queue[0]
		queue = queue[1:]
		for _, to := range States() {
			if from.CanFollow(to) && !reached[to] {
				reached[to] = true
				queue = append(queue, to)
			}
		}
	}
	for _, s := range States() {
		if !reached[s] {
			t.Errorf("%s cannot be reached", s)
		}
		ends := slices.ContainsFunc(States(), s.CanFollow)
		if s.Ended() == ends {
			t.Errorf("%s: ended is %v, but has a way on: %v", s, s.Ended(), ends)
		}
		if !s.Ended() && s != Stopping && !s.CanFollow(Stopping) {
			t.Errorf("%s cannot be stopped", s)
		}
	}
}

// What touched the cluster must not fail without giving it back.
func TestOnlyCheckingFailsWithoutStopping(t *testing.T) {
	for _, s := range States() {
		if s.CanFollow(Failed) && s != Checking && s != Stopping {
			t.Errorf("%s fails without stopping", s)
		}
	}
}

// However a stream is cut, the observer's text is what was written.
func TestOutputTextIsWhole(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := rapid.String().Draw(t, "text")
		cuts := rapid.SliceOf(rapid.IntRange(0, len(want))).Draw(t, "cuts")
		slices.Sort(cuts)
		var got string
		o := &outputText{emit: func(text string) { got += text }}
		from := 0
		for _, to := range append(cuts, len(want)) {
			if n, err := o.Write([]byte(want[from:to])); n != to-from || err != nil {
				t.Fatalf("wrote %d, %v", n, err)
			}
			from = to
		}
		o.flush()
		if got != want {
			t.Fatalf("got %q, want %q", got, want)
		}
	})
}

func TestOutputTextReplacesWhatIsNoText(t *testing.T) {
	var got string
	o := &outputText{emit: func(text string) { got += text }}
	for _, p := range []string{"a\xff", "b\xe2\x82", "c", "\xe2"} {
		_, _ = o.Write([]byte(p))
	}
	o.flush()
	if want := "a\ufffdb\ufffd\ufffdc\ufffd"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestBackoffGrowsToItsLimit(t *testing.T) {
	if backoff(0) != 0 {
		t.Errorf("the first attempt waits %s", backoff(0))
	}
	for n := 1; n < 40; n++ {
		if backoff(n) < backoff(n-1) || backoff(n) > maxBackoff {
			t.Errorf("attempt %d waits %s after %s", n, backoff(n), backoff(n-1))
		}
	}
}
