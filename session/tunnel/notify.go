package tunnel

import (
	"context"
	"time"
)

// changeGap is the least time between two OnChange calls: a screen needs no
// more, and a tunnel that opens a thousand connections a second must not turn
// into a thousand events.
const changeGap = 100 * time.Millisecond

// notifier calls a function some time after touch, once for any number of
// touches. touch never blocks; the calls come one after the other from the one
// goroutine that runs the notifier.
type notifier struct {
	call  func()
	dirty chan struct{}
}

func newNotifier(call func()) *notifier {
	return &notifier{call: call, dirty: make(chan struct{}, 1)}
}

func (n *notifier) touch() {
	select {
	case n.dirty <- struct{}{}:
	default:
	}
}

// run ends with ctx. The first touch is passed on at once; those within the gap
// after it are passed on together at the gap's end.
func (n *notifier) run(ctx context.Context) {
	gap := time.NewTimer(0)
	defer gap.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-gap.C:
		}
		select {
		case <-ctx.Done():
			return
		case <-n.dirty:
		}
		n.call()
		gap.Reset(changeGap)
	}
}
