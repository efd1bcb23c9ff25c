package mux

import (
	"errors"
	"io"
	"sync"
)

const (
	// queueLimit is how many bytes of data may wait before writers have to: enough
	// to fill a large write while one is under way, and little enough that a small
	// frame behind it waits a millisecond or two.
	queueLimit = 256 << 10
	// urgentLimit bounds what a peer can make us answer without reading.
	urgentLimit = 1 << 20
	// queueKeep is the largest buffer kept for the next batch while nothing waits.
	queueKeep = 64 << 10
)

// queue collects frames, and its one goroutine, run, writes all that wait in one
// write. Frames are urgent (they depend on no other) or keep their order.
type queue struct {
	mu     sync.Mutex
	work   *sync.Cond // something waits, or the queue is closed
	room   *sync.Cond // the batch was taken, or the queue is closed
	urgent []byte
	data   []byte
	err    error
}

func newQueue() *queue {
	q := &queue{}
	q.work, q.room = sync.NewCond(&q.mu), sync.NewCond(&q.mu)
	return q
}

// put queues one frame, copying the payload. Data waits for room first.
func (q *queue) put(h header, payload []byte) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	switch h.kind {
	case kindData:
		for len(q.data) >= queueLimit && q.err == nil {
			q.room.Wait()
		}
	case kindAnswer, kindCredit, kindPing, kindPong:
		if len(q.urgent) > urgentLimit && q.err == nil {
			q.err = errors.New("the peer asks for more than it reads")
		}
		if q.err == nil {
			q.urgent = append(h.append(q.urgent), payload...)
		}
		q.work.Signal()
		return q.err
	}
	if q.err != nil {
		return q.err
	}
	q.data = append(h.append(q.data), payload...)
	q.work.Signal()
	return nil
}

// run writes until a write fails or the queue is closed, and returns why.
func (q *queue) run(w io.Writer) error {
	var urgent, data []byte // written, to be filled again
	for {
		q.mu.Lock()
		for len(q.data) == 0 && len(q.urgent) == 0 && q.err == nil {
			if cap(data) > queueKeep {
				data = nil
			}
			q.work.Wait()
		}
		if q.err != nil {
			q.mu.Unlock()
			return q.err
		}
		urgent, q.urgent = q.urgent, urgent[:0]
		data, q.data = q.data, data[:0]
		q.room.Broadcast()
		q.mu.Unlock()
		batch := data
		if len(urgent) > 0 {
			// Seldom more than a few credits: joined with the data they cost no
			// write of their own.
			urgent = append(urgent, data...)
			batch = urgent
		}
		if _, err := w.Write(batch); err != nil {
			return err
		}
		if cap(urgent) > queueKeep {
			urgent = nil
		}
	}
}

func (q *queue) close(err error) {
	q.mu.Lock()
	if q.err == nil {
		q.err = err
	}
	q.urgent, q.data = nil, nil
	q.work.Broadcast()
	q.room.Broadcast()
	q.mu.Unlock()
}
