package tunnel

import (
	"net"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// outboxLimit is how many bytes may wait in an outbox before bulk writers
	// have to wait. Enough to fill a large write while one is under way, small
	// enough that a keystroke behind a full box waits a millisecond or two.
	outboxLimit = 256 << 10
	// outboxKeep is the largest buffer kept for the next batch.
	outboxKeep = 1 << 20
)

// outbox is a net.Conn whose Write never blocks: bytes are queued and one
// goroutine carries them to the connection below, everything that is waiting in
// one write.
//
// Why not write straight through? The SSH library answers channel closes from
// its read loop. When both directions are full of bulk data, a read loop that
// waits for room to write stops reading, the peer's writes then stall, and if
// the peer's read loop waits too, neither side ever moves again. With an outbox
// this side always reads on, which frees the peer, which frees us.
//
// The queue stays bounded because bulk writers ask [outbox.waitForRoom] first;
// what comes on top is a 32 KiB packet for each of them and messages the peer's
// own flow control limits (window updates, open and close replies).
//
// It also notes when the peer was last heard, for the keepalive.
type outbox struct {
	net.Conn
	born  time.Time
	heard atomic.Int64 // nanoseconds after born of the last byte read
	gone  atomic.Bool  // reading has failed or the box is closed

	mu     sync.Mutex
	work   *sync.Cond // there is something to carry, or err is set
	room   *sync.Cond // the queue was taken, or err is set
	queue  []byte
	err    error
	joined chan struct{} // closed when carry has returned
}

// newOutbox starts the carrying goroutine. It ends when the box is closed or a
// write below fails; join waits for that.
func newOutbox(below net.Conn) *outbox {
	o := &outbox{Conn: below, born: time.Now(), joined: make(chan struct{})}
	o.work, o.room = sync.NewCond(&o.mu), sync.NewCond(&o.mu)
	go o.carry()
	return o
}

// Write queues a copy of p. It fails once the box is closed or broken.
func (o *outbox) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.err != nil {
		return 0, o.err
	}
	o.queue = append(o.queue, p...)
	o.work.Signal()
	return len(p), nil
}

// waitForRoom blocks a bulk writer while the queue is full.
func (o *outbox) waitForRoom() {
	o.mu.Lock()
	for len(o.queue) >= outboxLimit && o.err == nil {
		o.room.Wait()
	}
	o.mu.Unlock()
}

func (o *outbox) carry() {
	defer close(o.joined)
	var batch []byte
	for {
		o.mu.Lock()
		for len(o.queue) == 0 && o.err == nil {
			o.work.Wait()
		}
		if o.err != nil {
			o.queue = nil
			o.mu.Unlock()
			return
		}
		batch, o.queue = o.queue, batch[:0]
		o.room.Broadcast()
		o.mu.Unlock()
		if _, err := o.Conn.Write(batch); err != nil {
			o.shut(err)
			return
		}
		if cap(batch) > outboxKeep {
			batch = nil
		}
	}
}

// Read passes through and notes the time. A failure is noted before the SSH
// library learns of it, so that whoever finds a channel at its end can ask
// [outbox.lost] whether that was the peer's wish.
func (o *outbox) Read(p []byte) (int, error) {
	n, err := o.Conn.Read(p)
	if n > 0 {
		o.heard.Store(int64(time.Since(o.born)))
	}
	if err != nil {
		o.gone.Store(true)
	}
	return n, err
}

// lastHeard is when the last byte came from the peer.
func (o *outbox) lastHeard() time.Time { return o.born.Add(time.Duration(o.heard.Load())) }

// lost says that nothing more will be read.
func (o *outbox) lost() bool { return o.gone.Load() }

// Close drops what is queued and closes the connection below.
func (o *outbox) Close() error { return o.shut(net.ErrClosed) }

func (o *outbox) shut(err error) error {
	o.gone.Store(true)
	o.mu.Lock()
	first := o.err == nil
	if first {
		o.err = err
	}
	o.work.Broadcast()
	o.room.Broadcast()
	o.mu.Unlock()
	if !first {
		return nil
	}
	return o.Conn.Close()
}

// join waits for the carrying goroutine; the box must be closed.
func (o *outbox) join() { <-o.joined }
