package mux

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"sync"
	"sync/atomic"
	"time"
)

// Config is what [New] needs.
type Config struct {
	// Opener is true at one end and false at the other: it divides the numbers of
	// the streams between them.
	Opener bool
	// Accept gets each stream that the peer opens, from the goroutine that reads:
	// it must not block. It must see to it that the stream ends, by [Stream.Refuse],
	// [Stream.Reset] or [Relay]. Nil refuses all.
	Accept func(*Stream)
	// MaxStreams bounds the peer's streams at one time; more are refused. Zero
	// means 2048.
	MaxStreams int
	// Budget bounds the growth of windows; nil means that none grows.
	Budget *Budget
}

const defaultMaxStreams = 2048

var (
	// ErrLost is the end of a stream whose connection was lost: what was on its way
	// may be missing.
	ErrLost = errors.New("the connection that carried the stream was lost")
	// ErrReset is the end of a stream that either end reset.
	ErrReset = errors.New("stream reset")
)

// Refused is the end of a stream that the peer could not connect.
type Refused struct {
	// Reason is the peer's text; it may hold anything.
	Reason string
}

func (r *Refused) Error() string { return r.Reason }

// Conn is one byte stream with streams on it. Its methods may be called from
// several goroutines.
type Conn struct {
	below io.ReadWriteCloser
	cfg   Config
	out   *queue

	born  time.Time
	heard atomic.Int64 // nanoseconds after born of the last byte read
	rtt   atomic.Int64 // least round trip seen, in nanoseconds; 0 for none yet

	done   chan struct{} // closed after the end is noted, with the streams' ends
	ended  sync.WaitGroup
	mu     sync.Mutex
	err    error // why it ended
	next   uint32
	theirs int // streams that the peer opened
	all    map[uint32]*Stream
	pings  map[uint64]chan struct{}
	nonce  uint64
}

// New starts to carry streams over below, which it owns from then on.
func New(below io.ReadWriteCloser, cfg Config) *Conn {
	if cfg.MaxStreams <= 0 {
		cfg.MaxStreams = defaultMaxStreams
	}
	c := &Conn{
		below: below, cfg: cfg, out: newQueue(below), born: time.Now(),
		done: make(chan struct{}), next: 2, all: map[uint32]*Stream{}, pings: map[uint64]chan struct{}{},
	}
	if cfg.Opener {
		c.next = 1
	}
	c.ended.Go(func() { c.fail(c.read()) })
	c.ended.Go(func() { c.fail(c.out.run()) })
	return c
}

// Open opens a stream to a target, which the peer understands. It does not wait:
// data may be written at once, and a refusal is the stream's end.
func (c *Conn) Open(target string) (*Stream, error) {
	if len(target) == 0 || len(target) > maxTarget {
		return nil, fmt.Errorf("a target of %d bytes", len(target))
	}
	c.mu.Lock()
	if c.err != nil {
		c.mu.Unlock()
		return nil, ErrLost
	}
	s := newStream(c, c.next, target, true)
	c.next += 2
	c.all[s.id] = s
	c.mu.Unlock()
	if err := c.out.putLater(header{kindOpen, len(target), s.id}, []byte(target)); err != nil {
		c.remove(s)
		return nil, ErrLost
	}
	return s, nil
}

// Ping waits for the peer's answer, or for the end of the connection, and notes
// the round trip.
func (c *Conn) Ping() error {
	c.mu.Lock()
	if c.err != nil {
		defer c.mu.Unlock()
		return c.err
	}
	c.nonce++
	nonce, answered := c.nonce, make(chan struct{})
	c.pings[nonce] = answered
	c.mu.Unlock()
	began := time.Now()
	if err := c.out.put(header{kindPing, 8, 0}, binary.BigEndian.AppendUint64(nil, nonce)); err != nil {
		return err
	}
	select {
	case <-answered:
		took := max(1, int64(time.Since(began)))
		if old := c.rtt.Load(); old == 0 || took < old {
			c.rtt.Store(took) // of two at once either will do
		}
		return nil
	case <-c.done:
		return c.Err()
	}
}

// LastHeard is when the last byte came from the peer.
func (c *Conn) LastHeard() time.Time { return c.born.Add(time.Duration(c.heard.Load())) }

// Streams is how many streams there are.
func (c *Conn) Streams() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.all)
}

// Done is closed when the connection has ended.
func (c *Conn) Done() <-chan struct{} { return c.done }

// Err is why it ended; nil while it has not.
func (c *Conn) Err() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.err
}

// Cut ends the connection and its streams and does not wait.
func (c *Conn) Cut() { c.fail(context.Canceled) }

// Close ends the connection and its streams and waits for its goroutines.
func (c *Conn) Close() error {
	c.Cut()
	c.ended.Wait()
	return nil
}

func (c *Conn) fail(err error) {
	c.mu.Lock()
	if c.err != nil {
		c.mu.Unlock()
		return
	}
	if err == nil || errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF // there is no orderly end: streams may be open
	}
	c.err = err
	streams := c.all
	c.all = map[uint32]*Stream{}
	c.mu.Unlock()
	c.out.close(err)
	for _, s := range streams {
		s.end(ErrLost)
	}
	close(c.done)
	c.below.Close()
}

// find is nil for a stream that is over.
func (c *Conn) find(id uint32) *Stream {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.all[id]
}

func (c *Conn) remove(s *Stream) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.all[s.id] == s {
		delete(c.all, s.id)
		if !s.opened {
			c.theirs--
		}
	}
}

// heardReader notes the time of what is read.
type heardReader struct{ c *Conn }

func (r heardReader) Read(p []byte) (int, error) {
	n, err := r.c.below.Read(p)
	if n > 0 {
		r.c.heard.Store(int64(time.Since(r.c.born)))
	}
	return n, err
}

// read takes frames until the connection ends. It never waits for anything but
// the next frame.
func (c *Conn) read() error {
	in := bufio.NewReaderSize(heardReader{c}, 2*maxPayload)
	for {
		first, err := in.Peek(headerSize)
		if err != nil {
			return err
		}
		h, err := parseHeader(first)
		if err != nil {
			return err
		}
		if _, err := in.Discard(headerSize); err != nil {
			return err
		}
		payload, err := in.Peek(h.length)
		if err != nil {
			return err
		}
		if err := c.take(h, payload); err != nil {
			return err
		}
		if _, err := in.Discard(h.length); err != nil {
			return err
		}
	}
}

// take handles one frame; payload is valid during the call only.
func (c *Conn) take(h header, payload []byte) error {
	switch h.kind {
	case kindOpen:
		return c.opened(h.stream, string(payload))
	case kindPing:
		return c.out.put(header{kindPong, len(payload), 0}, payload)
	case kindPong:
		c.mu.Lock()
		defer c.mu.Unlock()
		nonce := binary.BigEndian.Uint64(payload)
		if answered := c.pings[nonce]; answered != nil {
			delete(c.pings, nonce)
			close(answered)
		}
		return nil
	}
	s := c.find(h.stream)
	if s == nil {
		return nil
	}
	switch h.kind {
	case kindAnswer:
		return s.answer(payload[0], string(payload[1:]))
	case kindData:
		return s.deliver(payload)
	case kindFin:
		return s.fin()
	case kindReset:
		s.end(ErrReset)
		c.remove(s)
	case kindCredit:
		return s.grant(binary.BigEndian.Uint32(payload))
	}
	return nil
}

// opened is the peer's wish for a stream.
func (c *Conn) opened(id uint32, target string) error {
	c.mu.Lock()
	if c.err != nil {
		c.mu.Unlock()
		return c.err
	}
	if id == 0 || (id%2 == 1) == c.cfg.Opener || c.all[id] != nil {
		c.mu.Unlock()
		return fmt.Errorf("stream %d is not the peer's to open", id)
	}
	s := newStream(c, id, target, false)
	full := c.theirs >= c.cfg.MaxStreams
	c.theirs++
	c.all[id] = s
	c.mu.Unlock()
	if full || c.cfg.Accept == nil {
		s.Refuse("too many streams on this connection")
		return nil
	}
	c.cfg.Accept(s)
	return nil
}
