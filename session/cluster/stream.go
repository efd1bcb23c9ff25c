package cluster

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/moby/spdystream"

	"github.com/tandem-dev/tandem/internal/fault"
)

// streamConn is one port-forwarded connection as a net.Conn.
//
// Its goroutines, all ended by Close, which waits for them:
//   - serve reads frames and hands them to the streams;
//   - receive takes the data stream's frames for Read, so that a read can have
//     a deadline, which SPDY streams lack;
//   - complaint reads the error stream: the node writes there why it could not
//     connect, and then closes both.
type streamConn struct {
	raw     net.Conn
	session *spdystream.Connection
	data    *spdystream.Stream
	errors  *spdystream.Stream
	remote  streamAddr

	done      sync.WaitGroup
	closing   chan struct{}
	closeOnce sync.Once

	frames chan []byte   // from receive to Read, unbuffered
	ended  chan struct{} // closed by receive when no frame comes any more
	why    error         // set before ended is closed

	complained chan struct{} // closed when the error stream is over
	complaint  string        // set before complained is closed

	readMu       sync.Mutex // one Read at a time
	rest         []byte     // of the frame that Read took last
	readDeadline *deadline

	writeMu       sync.Mutex // guards writeDeadline and writeTimer
	writeDeadline time.Time
	writeTimer    *time.Timer
	writing       atomic.Int32
	late          atomic.Bool // a write missed its deadline
}

func newStreamConn(raw net.Conn, session *spdystream.Connection, pod string, port int) *streamConn {
	c := &streamConn{
		raw: raw, session: session, remote: streamAddr(fmt.Sprintf("%s:%d", pod, port)),
		closing: make(chan struct{}), frames: make(chan []byte), ended: make(chan struct{}), complained: make(chan struct{}),
		readDeadline: newDeadline(),
	}
	c.done.Go(func() { session.Serve(spdystream.NoOpStreamHandler) })
	return c
}

// open asks for both streams, waits for both answers and starts to receive.
func (c *streamConn) open(errorHeader, dataHeader http.Header) error {
	var err error
	if c.errors, err = c.session.CreateStream(errorHeader, nil, true); err != nil { // we never write to it
		return err
	}
	if c.data, err = c.session.CreateStream(dataHeader, nil, false); err != nil {
		return err
	}
	answers := make(chan error, 2)
	c.done.Go(func() { answers <- c.answer(c.errors) })
	c.done.Go(func() { answers <- c.answer(c.data) })
	if err := errors.Join(<-answers, <-answers); err != nil {
		return fault.Wrap(err, fault.LinkFailed, "the port-forward to %s could not be opened", c.remote)
	}
	c.done.Go(c.listen)
	c.done.Go(c.receive)
	return nil
}

// answer waits until the far end accepts or refuses a stream, or the connection
// is lost. The library's wait does not hear of the latter, hence the turns; and
// it hands a refusal over unbuffered, hence the last turn after the loss: a
// refusal that nobody takes would keep the library from ending.
func (c *streamConn) answer(s *spdystream.Stream) error {
	const turn = 100 * time.Millisecond
	for {
		lost := false
		select {
		case <-c.session.CloseChan():
			lost = true
		default:
		}
		err := s.WaitTimeout(turn)
		switch {
		case !errors.Is(err, spdystream.ErrTimeout):
			return err
		case lost:
			return io.ErrUnexpectedEOF
		}
	}
}

// listen reads the error stream to its end.
func (c *streamConn) listen() {
	text, _ := io.ReadAll(io.LimitReader(c.errors, 4<<10)) // a broken stream shows on the data stream too
	c.complaint = strings.TrimSpace(string(text))
	close(c.complained)
}

// receive hands over frames until the data stream ends.
func (c *streamConn) receive() {
	defer close(c.ended)
	for {
		frame, err := c.data.ReadData()
		if err != nil {
			c.why = c.verdict(err)
			return
		}
		select {
		case c.frames <- frame:
		case <-c.closing:
			c.why = net.ErrClosed
			return
		}
	}
}

// verdict says why the data stream ended. The node ends it before or after it
// writes its complaint, so the error stream, which it ends as well, is waited
// for a moment.
func (c *streamConn) verdict(err error) error {
	timer := time.NewTimer(time.Second)
	defer timer.Stop()
	select {
	case <-c.complained:
	case <-timer.C:
	case <-c.closing:
		return net.ErrClosed
	}
	select {
	case <-c.complained:
		if c.complaint != "" {
			return fault.New(fault.LinkFailed, "the port-forward to %s failed: %s", c.remote, c.complaint)
		}
	default:
	}
	return err
}

func (c *streamConn) Read(p []byte) (int, error) {
	c.readMu.Lock()
	defer c.readMu.Unlock()
	if len(p) == 0 {
		return 0, nil
	}
	if len(c.rest) == 0 {
		frame, err := c.nextFrame()
		if err != nil {
			return 0, err
		}
		c.rest = frame
	}
	n := copy(p, c.rest)
	c.rest = c.rest[n:]
	return n, nil
}

func (c *streamConn) nextFrame() ([]byte, error) {
	select {
	case <-c.closing:
		return nil, net.ErrClosed
	case <-c.readDeadline.passed():
		return nil, os.ErrDeadlineExceeded
	default:
	}
	select {
	case frame := <-c.frames:
		return frame, nil
	case <-c.ended:
		return nil, c.why
	case <-c.closing:
		return nil, net.ErrClosed
	case <-c.readDeadline.passed():
		return nil, os.ErrDeadlineExceeded
	}
}

// writeChunk bounds a data frame, so that a big write does not hold the frame
// buffer and the far end's queue for long.
const writeChunk = 32 << 10

func (c *streamConn) Write(p []byte) (int, error) {
	c.writing.Add(1)
	defer c.writing.Add(-1)
	c.writeMu.Lock()
	deadline := c.writeDeadline
	c.writeMu.Unlock()
	if !deadline.IsZero() && !time.Now().Before(deadline) {
		return 0, os.ErrDeadlineExceeded
	}
	written := 0
	for len(p) > 0 {
		chunk := p[:min(len(p), writeChunk)]
		n, err := c.data.Write(chunk)
		written += n
		if err != nil {
			return written, c.writeError(err)
		}
		p = p[n:]
	}
	return written, nil
}

func (c *streamConn) writeError(err error) error {
	select {
	case <-c.closing:
		return net.ErrClosed
	default:
	}
	if c.late.Load() {
		return os.ErrDeadlineExceeded
	}
	select {
	case <-c.ended:
		if fault.KindOf(c.why) == fault.LinkFailed {
			return c.why
		}
	default:
	}
	if errors.Is(err, io.EOF) { // what the library says of a closed connection
		return io.ErrClosedPipe
	}
	return err
}

// CloseWrite tells the far end that no more data comes.
func (c *streamConn) CloseWrite() error { return c.data.Close() }

// Close ends the connection and waits for its goroutines. The connection below
// is closed first: that ends every blocked write, after which the streams can
// be reset, which ends every blocked read.
func (c *streamConn) Close() error {
	c.closeOnce.Do(func() {
		close(c.closing)
		c.raw.Close()
		for _, s := range []*spdystream.Stream{c.errors, c.data} {
			if s != nil {
				_ = s.Reset() // the connection is gone; this frees the stream's readers
			}
		}
		_ = c.SetWriteDeadline(time.Time{})
		c.readDeadline.set(time.Time{})
		c.done.Wait()
	})
	return nil
}

func (c *streamConn) LocalAddr() net.Addr  { return c.raw.LocalAddr() }
func (c *streamConn) RemoteAddr() net.Addr { return c.remote }

func (c *streamConn) SetDeadline(t time.Time) error {
	return errors.Join(c.SetReadDeadline(t), c.SetWriteDeadline(t))
}

func (c *streamConn) SetReadDeadline(t time.Time) error {
	c.readDeadline.set(t)
	return nil
}

// SetWriteDeadline bounds writes. One that misses it breaks the connection, as
// with TLS: half a frame cannot be taken back.
func (c *streamConn) SetWriteDeadline(t time.Time) error {
	c.writeMu.Lock()
	defer c.writeMu.Unlock()
	if c.writeTimer != nil {
		c.writeTimer.Stop()
		c.writeTimer = nil
	}
	if c.writeDeadline = t; !t.IsZero() {
		c.writeTimer = time.AfterFunc(time.Until(t), func() {
			if c.writing.Load() > 0 {
				c.late.Store(true)
				c.raw.Close()
			}
		})
	}
	return nil
}

// streamAddr is "namespace/pod:port".
type streamAddr string

func (streamAddr) Network() string  { return "port-forward" }
func (a streamAddr) String() string { return string(a) }

// deadline is a time that may be moved while somebody waits for it.
type deadline struct {
	mu    sync.Mutex
	timer *time.Timer
	over  chan struct{} // closed once the time has passed
}

func newDeadline() *deadline { return &deadline{over: make(chan struct{})} }

func (d *deadline) passed() <-chan struct{} {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.over
}

// set moves the deadline; the zero time means none. Who waits on the channel of
// passed waits on for the new time, unless the old one has come already.
func (d *deadline) set(t time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.timer != nil && !d.timer.Stop() {
		<-d.over // it fired: let it close its channel
	}
	d.timer = nil
	select {
	case <-d.over:
		d.over = make(chan struct{})
	default:
	}
	if t.IsZero() {
		return
	}
	over := d.over
	if left := time.Until(t); left > 0 {
		d.timer = time.AfterFunc(left, func() { close(over) })
	} else {
		close(over)
	}
}
