package mux

import (
	"sync/atomic"
	"time"
)

const (
	// firstWindow is the credit that each direction of a stream begins with. It
	// carries 12 MB/s over 20 ms before it has grown once, and keeps little of one
	// stream in front of another's bytes where the link is short.
	firstWindow = 256 << 10
	// leastRoundTrip is what a round trip takes at least on a way that is busy: four
	// processes hand each byte on, and none of them is alone on its processor.
	leastRoundTrip = 4 * time.Millisecond
	// maxWindow carries 200 MB/s over 80 ms.
	maxWindow = 16 << 20
)

// Budget bounds by how much the windows of all streams that share it may grow
// together, and so what readers that stall can make this end hold.
type Budget struct{ left atomic.Int64 }

// NewBudget is a budget of so many bytes.
func NewBudget(bytes int64) *Budget {
	b := &Budget{}
	b.left.Store(bytes)
	return b
}

// take is false where less than n is left.
func (b *Budget) take(n int64) bool {
	if b == nil {
		return false
	}
	for {
		left := b.left.Load()
		if left < n {
			return false
		}
		if b.left.CompareAndSwap(left, left-n) {
			return true
		}
	}
}

func (b *Budget) give(n int64) {
	if b != nil {
		b.left.Add(n)
	}
}

// window is the receiving side of a stream's flow control. The stream's lock
// guards it.
type window struct {
	size  int       // what the peer may have on the way
	open  int       // what it may still send
	owed  int       // taken off our hands, not yet granted again
	taken int       // since began
	began time.Time // of the present measurement
}

func newWindow() window { return window{size: firstWindow, open: firstWindow} }

// consumed notes n bytes taken off our hands and returns what is to be granted
// now, 0 for nothing yet. A whole window that was used up within two round trips
// is what held the sender back; it doubles.
func (w *window) consumed(n int, now time.Time, rtt time.Duration, b *Budget) (grant int) {
	w.owed += n
	w.taken += n
	if w.began.IsZero() {
		w.began = now
	}
	if w.taken >= w.size {
		if now.Sub(w.began) < 2*max(rtt, leastRoundTrip) && w.size < maxWindow && b.take(int64(w.size)) {
			w.owed += w.size
			w.size *= 2
		}
		w.taken, w.began = 0, now
	}
	if w.owed < w.size/4 {
		return 0
	}
	grant, w.owed = w.owed, 0
	w.open += grant
	return grant
}

// grown is what the window has taken from the budget.
func (w *window) grown() int64 { return int64(w.size - firstWindow) }
