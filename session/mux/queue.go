package mux

import (
	"errors"
	"io"
	"sync"
	"time"
)

const (
	// queueLimit is how many bytes of data may wait while others are written, before
	// writers have to: enough to fill a large write, and little enough that a small
	// frame behind it waits a millisecond or two.
	queueLimit = 128 << 10
	// patience is for how long a frame that nobody waits for waits to be taken along.
	// The message of its own that it is spared costs every process on the way.
	patience = 500 * time.Microsecond
	// urgentLimit bounds what a peer can make us answer without reading.
	urgentLimit = 1 << 20
)

// queue collects frames, and writes all that wait in one write: one at a time, by
// who sends data, or by its goroutine, run. Who sends data would wait anyway, and a
// goroutine that has to be woken for each request costs as much as the write. Frames
// are urgent (they depend on no other) or keep their order.
type queue struct {
	w       io.Writer
	mu      sync.Mutex
	work    *sync.Cond // something waits for run, or the queue is closed
	room    *sync.Cond // the batch was taken, or the queue is closed
	urgent  []byte
	data    []byte
	due     bool        // what waits is for run to write now
	later   *time.Timer // makes it due
	writing bool
	err     error
}

func newQueue(w io.Writer) *queue {
	q := &queue{w: w}
	q.work, q.room = sync.NewCond(&q.mu), sync.NewCond(&q.mu)
	q.later = time.AfterFunc(patience, func() { // ends at once
		q.mu.Lock()
		defer q.mu.Unlock()
		q.becomeDue()
	})
	q.later.Stop()
	return q
}

// put queues one frame that is not data, copying the payload, and waits for
// nothing.
func (q *queue) put(h header, payload []byte) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if err := q.add(h, payload); err != nil {
		return err
	}
	q.becomeDue()
	return nil
}

// putLater is put for what goes with the next frame, or after a moment.
func (q *queue) putLater(h header, payload []byte) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	alone := len(q.data) == 0 && len(q.urgent) == 0
	if err := q.add(h, payload); err != nil {
		return err
	}
	if alone {
		q.later.Reset(patience)
	}
	return nil
}

// becomeDue tells run to write what waits, unless somebody is writing, who tells
// it afterwards; q.mu is held.
func (q *queue) becomeDue() {
	if !q.writing && (len(q.data) > 0 || len(q.urgent) > 0) {
		q.due = true
		q.work.Signal()
	}
}

// add queues a frame that is not data; q.mu is held.
func (q *queue) add(h header, payload []byte) error {
	waits := &q.data
	switch h.kind {
	case kindAnswer, kindCredit, kindPing, kindPong:
		waits = &q.urgent
		if len(q.urgent) > urgentLimit && q.err == nil {
			q.fail(errors.New("the peer asks for more than it reads"))
		}
	}
	if q.err != nil {
		return q.err
	}
	*waits = appendFrame(*waits, h, payload)
	return nil
}

// send queues a frame of data once there is room, copying the payload, and writes
// it unless somebody is writing, who will take it along.
func (q *queue) send(h header, payload []byte) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	for len(q.data) >= queueLimit && q.err == nil {
		q.room.Wait()
	}
	if q.err != nil {
		return q.err
	}
	q.data = appendFrame(q.data, h, payload)
	if !q.writing {
		q.flush()
	}
	return q.err
}

// run writes what nobody else does until a write fails or the queue is closed,
// and returns why.
func (q *queue) run() error {
	q.mu.Lock()
	defer q.mu.Unlock()
	for {
		for !q.due && q.err == nil {
			q.work.Wait()
		}
		if q.err != nil {
			return q.err
		}
		q.flush()
	}
}

// flush writes what waits; q.mu is held, but not while writing. What came meanwhile
// is left to run, so that no sender writes for others all the time.
func (q *queue) flush() {
	batch, urgent := q.data, q.urgent
	q.data, q.urgent = nil, nil
	q.writing, q.due = true, false
	q.later.Stop()
	q.room.Broadcast()
	q.mu.Unlock()
	if batch == nil {
		batch = urgent
	} else if urgent != nil {
		// Seldom more than a few credits: joined with the data they cost no write of
		// their own.
		batch = append(batch, urgent...)
		putBuffer(urgent)
	}
	_, err := q.w.Write(batch)
	putBuffer(batch)
	q.mu.Lock()
	q.writing = false
	if err != nil {
		q.fail(err)
	}
	q.becomeDue()
}

func (q *queue) close(err error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.fail(err)
}

// fail notes the first error; q.mu is held.
func (q *queue) fail(err error) {
	if q.err == nil {
		q.err = err
	}
	q.urgent, q.data = nil, nil
	q.later.Stop()
	q.work.Broadcast()
	q.room.Broadcast()
}

// appendFrame appends a frame to a buffer of the pool, nil for a new one.
func appendFrame(b []byte, h header, payload []byte) []byte {
	return append(h.append(grow(b, headerSize+len(payload))), payload...)
}
