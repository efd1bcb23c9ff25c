package mux

import (
	"encoding/binary"
	"errors"
	"io"
	"math"
	"sync"
	"time"
)

// Stream is one connection on a [Conn]. One goroutine may read and one write at
// the same time; the rest may be called by anyone.
type Stream struct {
	conn   *Conn
	id     uint32
	target string
	opened bool // by this end

	mu       sync.Mutex
	readable *sync.Cond // data, the answer, an end
	writable *sync.Cond // credit, an end
	sink     sink       // where received data goes at once, if it can
	holding  bool       // the reader has taken data that must go there first
	queue    []byte     // received, not yet taken
	window   window
	credit   int64 // what may be sent
	answered bool
	gone     bool  // the sink has failed
	finIn    bool  // the peer sends no more
	finOut   bool  // this end sends no more
	err      error // the end of both directions, after what is queued
}

func newStream(c *Conn, id uint32, target string, opened bool) *Stream {
	s := &Stream{conn: c, id: id, target: target, opened: opened, window: newWindow(), credit: firstWindow}
	s.readable, s.writable = sync.NewCond(&s.mu), sync.NewCond(&s.mu)
	return s
}

// Target is what the stream was opened with.
func (s *Stream) Target() string { return s.target }

// Accept tells the peer that its stream is connected.
func (s *Stream) Accept() {
	s.mu.Lock()
	s.answered = true
	s.mu.Unlock()
	_ = s.conn.out.putLater(header{kindAnswer, 1, s.id}, []byte{statusConnected}) // a lost connection ends the stream
}

// Refuse tells the peer why its stream is not connected, and ends it.
func (s *Stream) Refuse(reason string) {
	reason = reason[:min(len(reason), maxReason)]
	s.end(ErrReset)
	s.conn.remove(s)
	_ = s.conn.out.put(header{kindAnswer, 1 + len(reason), s.id}, append([]byte{statusRefused}, reason...))
}

// Reset ends the stream, as a TCP reset does. It does nothing to one that is over.
func (s *Stream) Reset() {
	if s.end(ErrReset) {
		s.conn.remove(s)
		_ = s.conn.out.put(header{kindReset, 0, s.id}, nil)
	}
}

// CloseWrite tells the peer that no more data comes. It does not wait.
func (s *Stream) CloseWrite() error {
	s.mu.Lock()
	if s.err != nil || s.finOut {
		defer s.mu.Unlock()
		return s.err
	}
	s.finOut = true
	over := s.finIn
	s.readable.Broadcast()
	s.mu.Unlock()
	err := s.conn.out.putLater(header{kindFin, 0, s.id}, nil)
	if over {
		s.finish()
	}
	return err
}

// Write sends p within the peer's credit. It may be called before the stream is
// connected.
func (s *Stream) Write(p []byte) (written int, err error) {
	for len(p) > 0 {
		s.mu.Lock()
		for s.credit == 0 && s.err == nil && !s.finOut {
			s.writable.Wait()
		}
		switch {
		case s.err != nil:
			defer s.mu.Unlock()
			return written, s.err
		case s.finOut:
			defer s.mu.Unlock()
			return written, io.ErrClosedPipe
		}
		n := int(min(s.credit, int64(len(p)), maxPayload))
		s.credit -= int64(n)
		s.mu.Unlock()
		if err := s.conn.out.send(header{kindData, n, s.id}, p[:n]); err != nil {
			return written, ErrLost
		}
		written += n
		p = p[n:]
	}
	return written, nil
}

// Connected waits for the peer's answer: nil, a *[Refused], or why the stream
// ended before.
func (s *Stream) Connected() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for !s.answered && s.err == nil && !s.finIn && len(s.queue) == 0 {
		s.readable.Wait()
	}
	if s.answered || s.finIn || len(s.queue) > 0 {
		return nil
	}
	return s.err
}

// sink takes of received data what it can at once.
type sink interface {
	// tryWrite does not wait, and may write nothing. After an error nothing more
	// can be written.
	tryWrite(p []byte) (int, error)
}

// attach names the sink of data that arrives while the reader has none in hand:
// it is spared a queue, and the reader a wake.
func (s *Stream) attach(k sink) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sink = k
}

// take waits for data that the sink has not taken, and takes all there is: a
// buffer that the caller gives back with [putBuffer]. What was taken before has
// been written by now. It ends with io.EOF after the peer's fin, with
// errProgramGone after the sink has failed, or with the stream's end.
func (s *Stream) take() ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.holding = false
	for len(s.queue) == 0 {
		switch {
		case s.err != nil:
			return nil, s.err
		case s.gone:
			return nil, errProgramGone
		case s.finIn:
			return nil, io.EOF
		}
		s.readable.Wait()
	}
	got := s.queue
	s.queue, s.holding = nil, true
	return got, nil
}

// consumed notes that n bytes were passed on.
func (s *Stream) consumed(n int) {
	s.mu.Lock()
	grant := s.passedOn(n)
	s.mu.Unlock()
	s.sendCredit(grant)
}

// passedOn is what is to be granted after n bytes were passed on; s.mu is held.
func (s *Stream) passedOn(n int) (grant int) {
	if s.finIn || s.err != nil {
		return 0
	}
	return s.window.consumed(n, time.Now(), time.Duration(s.conn.rtt.Load()), s.conn.cfg.Budget)
}

func (s *Stream) sendCredit(grant int) {
	if grant > 0 {
		_ = s.conn.out.put(header{kindCredit, 4, s.id}, binary.BigEndian.AppendUint32(nil, uint32(grant)))
	}
}

// over waits until this end sends no more, or the stream has ended: the time
// after the peer's fin.
func (s *Stream) over() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for !s.finOut && s.err == nil {
		s.readable.Wait()
	}
	return s.err
}

// heardOut says that the peer has sent all it wanted to.
func (s *Stream) heardOut() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.finIn
}

// deliver passes received data on, and queues what cannot be now; called by the
// connection's reader.
func (s *Stream) deliver(p []byte) error {
	s.mu.Lock()
	switch {
	case s.err != nil:
		s.mu.Unlock()
		return nil
	case s.finIn:
		s.mu.Unlock()
		return errors.New("data after the end of a stream")
	case len(p) > s.window.open:
		s.mu.Unlock()
		return errors.New("more data than was granted")
	}
	s.window.open -= len(p)
	grant := 0
	if s.sink != nil && !s.holding && len(s.queue) == 0 && !s.gone {
		n, err := s.sink.tryWrite(p)
		grant = s.passedOn(n)
		p = p[n:]
		if err != nil {
			s.gone = true
			s.readable.Broadcast()
		}
	}
	if len(p) > 0 && !s.gone {
		s.queue = append(grow(s.queue, len(p)), p...)
		s.readable.Broadcast()
	}
	s.mu.Unlock()
	s.sendCredit(grant)
	return nil
}

func (s *Stream) answer(status byte, reason string) error {
	if !s.opened {
		return errors.New("an answer to a question that was not asked")
	}
	if status != statusConnected {
		s.end(&Refused{Reason: reason})
		s.conn.remove(s)
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.answered = true
	s.readable.Broadcast()
	return nil
}

func (s *Stream) fin() error {
	s.mu.Lock()
	s.finIn = true
	over := s.finOut
	s.readable.Broadcast()
	s.mu.Unlock()
	if over {
		s.finish()
	}
	return nil
}

func (s *Stream) grant(n uint32) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.credit += int64(n); s.credit > math.MaxUint32 {
		return errors.New("more credit than a stream can have")
	}
	s.writable.Broadcast()
	return nil
}

// finish is the orderly end: both directions have been closed.
func (s *Stream) finish() {
	s.conn.remove(s)
	s.mu.Lock()
	s.repay()
	s.mu.Unlock()
}

// end ends both directions with the first error; false where there was one, or
// where the stream has ended in order.
func (s *Stream) end(err error) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err != nil || s.finIn && s.finOut {
		return false
	}
	s.err = err
	s.repay()
	s.readable.Broadcast()
	s.writable.Broadcast()
	return true
}

// repay gives back to the budget what the window had; s.mu is held.
func (s *Stream) repay() {
	s.conn.cfg.Budget.give(s.window.grown())
	s.window.size = firstWindow
}
