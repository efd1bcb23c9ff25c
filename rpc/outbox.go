package rpc

import (
	"bytes"
	"errors"
	"io"
	"sync"

	"github.com/tandem-dev/tandem/rpc/protocol"
)

// The limits of what waits for a client that does not read.
const (
	// softBacklog is where output of commands, log lines and traces start to
	// be left out.
	softBacklog = 1 << 20
	// hardBacklog is where the server gives up on the client. Answers and
	// snapshots are a few kilobytes each, so a client that is this far behind
	// has not read for a long time.
	hardBacklog = 64 << 20
)

var (
	// errStalled ends a connection whose client does not read.
	errStalled = errors.New("the client does not read")
	errClosed  = errors.New("the connection is closed")
)

// outbox is everything on its way to the client: frames wait in the order in
// which they were pushed, and one goroutine ([outbox.run]) writes them, each
// in one write. Pushing never blocks, so that a client that does not read
// cannot hold up a session.
//
// There are two classes of frames. What the protocol promises (answers,
// snapshots, progress) is pushed, and is never left out: once hardBacklog is
// exceeded the connection is given up instead. What is merely nice to have is
// offered, and refused while more than softBacklog waits.
type outbox struct {
	soft, hard int
	record     *Transcript // nil for none
	// failed is called once, without the lock, when a write fails or the
	// client has stalled.
	failed func(error)

	mu     sync.Mutex
	ready  *sync.Cond // frames or closing changed
	frames [][]byte
	bytes  int // of frames and of the frame that is being written
	// held are the notifications that wait for open.
	held    [][]byte
	opened  bool
	closing bool
	err     error

	done chan struct{} // closed when run returns
}

func newOutbox(record *Transcript, failed func(error)) *outbox {
	o := &outbox{soft: softBacklog, hard: hardBacklog, record: record, failed: failed, done: make(chan struct{})}
	o.ready = sync.NewCond(&o.mu)
	return o
}

// push queues a frame that must not be lost.
func (o *outbox) push(frame []byte) error {
	o.mu.Lock()
	err, broke := o.add(&o.frames, frame)
	o.mu.Unlock()
	if broke {
		o.failed(err)
	}
	return err
}

// notify queues a notification that must not be lost; before open it is held
// back.
func (o *outbox) notify(frame []byte) error {
	o.mu.Lock()
	queue := &o.frames
	if !o.opened {
		queue = &o.held
	}
	err, broke := o.add(queue, frame)
	o.mu.Unlock()
	if broke {
		o.failed(err)
	}
	return err
}

// offer queues a notification unless too much is waiting, and says whether it did.
func (o *outbox) offer(frame []byte) bool {
	o.mu.Lock()
	if o.bytes+len(frame) > o.soft && o.bytes > 0 {
		o.mu.Unlock()
		return false
	}
	o.mu.Unlock()
	return o.notify(frame) == nil
}

// open queues frame, an answer, and after it every notification that was held
// back. LSP wants nothing sent before the answer to initialize.
func (o *outbox) open(frame []byte) error {
	o.mu.Lock()
	err, broke := o.add(&o.frames, frame)
	if !o.opened {
		o.opened = true
		o.frames = append(o.frames, o.held...) // counted already
		o.held = nil
	}
	o.mu.Unlock()
	if broke {
		o.failed(err)
	}
	return err
}

// add appends a frame to a queue; broke says that this one was too much. The
// lock is held.
func (o *outbox) add(queue *[][]byte, frame []byte) (err error, broke bool) {
	switch {
	case o.err != nil:
		return o.err, false
	case o.closing:
		return errClosed, false
	case o.bytes > 0 && o.bytes+len(frame) > o.hard:
		o.giveUp(errStalled)
		return o.err, true
	}
	*queue = append(*queue, frame)
	o.bytes += len(frame)
	o.ready.Signal()
	return nil, false
}

// giveUp records the error and lets go of what waits. The lock is held.
func (o *outbox) giveUp(err error) {
	o.err = err
	o.frames, o.held = nil, nil
	o.ready.Signal()
}

// bodyOf is what follows a frame's header.
func bodyOf(frame []byte) []byte {
	_, body, _ := bytes.Cut(frame, []byte("\r\n\r\n"))
	return body
}

// close lets run return once everything that waits was written.
func (o *outbox) close() {
	o.mu.Lock()
	o.closing = true
	o.held = nil
	o.ready.Signal()
	o.mu.Unlock()
}

// run writes frames until the outbox is closed and empty, or broken.
func (o *outbox) run(w io.Writer) {
	defer close(o.done)
	for {
		o.mu.Lock()
		for len(o.frames) == 0 && !o.closing && o.err == nil {
			o.ready.Wait()
		}
		if len(o.frames) == 0 {
			o.mu.Unlock()
			return
		}
		frame := o.frames[0]
		o.frames[0] = nil
		o.frames = o.frames[1:]
		o.mu.Unlock()

		o.record.add(protocol.FromServer, bodyOf(frame)) // before the client can react
		_, err := w.Write(frame)

		o.mu.Lock()
		o.bytes -= len(frame)
		broke := err != nil && o.err == nil
		if broke {
			o.giveUp(err)
		}
		o.mu.Unlock()
		if broke {
			o.failed(err)
		}
	}
}
