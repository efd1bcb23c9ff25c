package cluster

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/moby/spdystream/spdy"
	corev1 "k8s.io/api/core/v1"

	"github.com/tandem-dev/tandem/internal/fault"
)

// The two streams of a port-forward, as the client numbers them.
const (
	errorStream = 1
	dataStream  = 3
)

const (
	spdyHeader = 8
	// spdyPayload fills two TLS records together with its header.
	spdyPayload = 32<<10 - spdyHeader
	// writeBatch is how much of a long write goes down at once, whole frames.
	writeBatch = 4 * (spdyPayload + spdyHeader)
	// readAhead is little, so that what data comes is read to where it is wanted.
	readAhead = 4 << 10
	// maxComplaint is how much is kept of what the node writes to the error stream.
	maxComplaint = 4 << 10
	// complaintWait is how long the node's complaint is waited for when the data
	// stream has ended before it.
	complaintWait = time.Second
)

// pairConn is a port-forwarded connection as a net.Conn: one pair of streams on a
// SPDY connection of their own.
//
// It speaks what one pair needs of SPDY/3.1 and no more, in the goroutine that
// reads or writes: a frame is handed on where it stands. A library that serves any
// number of streams passes each frame through three goroutines and a buffer of its
// own, which costs a quarter of the throughput. The frame with the compressed
// headers is still the library's.
type pairConn struct {
	raw    net.Conn
	remote streamAddr
	closed atomic.Bool

	readMu    sync.Mutex // one Read at a time
	in        *bufio.Reader
	left      int    // of the data frame that is being read
	last      bool   // it is the last one
	complaint []byte // what came on the error stream
	complete  bool   // the error stream has ended
	why       error  // the data stream has ended

	writeMu sync.Mutex // one batch at a time
}

// openPair asks for the pair of streams that the node joins into one connection
// to the port. Nothing waits for the answers. A context that ends meanwhile closes
// the connection.
func openPair(ctx context.Context, raw net.Conn, remote string, port int) (net.Conn, error) {
	var opening bytes.Buffer
	framer, err := spdy.NewFramer(&opening, nil)
	if err != nil {
		raw.Close()
		return nil, err
	}
	for _, s := range []struct {
		id    spdy.StreamId
		kind  string
		flags spdy.ControlFlags
	}{
		{errorStream, corev1.StreamTypeError, spdy.ControlFlagFin}, // we never write to it
		{dataStream, corev1.StreamTypeData, 0},
	} {
		err = errors.Join(err, framer.WriteFrame(&spdy.SynStreamFrame{
			CFHeader: spdy.ControlFrameHeader{Flags: s.flags}, StreamId: s.id,
			Headers: http.Header{
				http.CanonicalHeaderKey(corev1.StreamType):                 {s.kind},
				http.CanonicalHeaderKey(corev1.PortHeader):                 {strconv.Itoa(port)},
				http.CanonicalHeaderKey(corev1.PortForwardRequestIDHeader): {"0"},
			},
		}))
	}
	stop := context.AfterFunc(ctx, func() { raw.Close() })
	if err == nil {
		_, err = raw.Write(opening.Bytes())
	}
	if !stop() {
		err = ctx.Err()
	}
	if err != nil {
		raw.Close()
		return nil, err
	}
	return &pairConn{raw: raw, remote: streamAddr(remote), in: bufio.NewReaderSize(raw, readAhead)}, nil
}

func (c *pairConn) Read(p []byte) (int, error) {
	c.readMu.Lock()
	defer c.readMu.Unlock()
	if len(p) == 0 {
		return 0, nil
	}
	for c.left == 0 && c.why == nil {
		if c.last {
			c.why = c.verdict(io.EOF)
			break
		}
		if err := c.frame(); err != nil {
			c.why = c.verdict(err)
		}
	}
	if c.left == 0 {
		return 0, c.why
	}
	n, err := c.in.Read(p[:min(len(p), c.left)])
	c.left -= n
	if err != nil {
		c.why = c.verdict(err)
		c.left = 0
		if n == 0 {
			return 0, c.why
		}
	}
	return n, nil
}

// Control frames, by SPDY/3.1 section 2.6.
const (
	spdyReset  = 3
	spdyPing   = 6
	spdyGoAway = 7
)

// frame takes one frame's header, and the frame with it unless it is data.
func (c *pairConn) frame() error {
	var h [spdyHeader]byte
	if _, err := io.ReadFull(c.in, h[:]); err != nil {
		return err
	}
	length := int(binary.BigEndian.Uint32(h[4:]) & (1<<24 - 1))
	const fin = 1
	if h[0]&0x80 == 0 {
		switch binary.BigEndian.Uint32(h[:]) {
		case dataStream:
			c.left, c.last = length, h[4]&fin != 0
			return nil
		case errorStream:
			c.complete = h[4]&fin != 0
			return c.complain(length)
		}
		return c.skip(length)
	}
	switch binary.BigEndian.Uint16(h[2:]) {
	case spdyReset:
		id, status, err := c.pair(length)
		if err != nil {
			return err
		}
		switch id {
		case errorStream:
			c.complete = true
		case dataStream:
			return fmt.Errorf("the node reset the connection (SPDY status %d)", status)
		}
		return nil
	case spdyPing:
		if length != 4 {
			return errors.New("a SPDY ping without its number")
		}
		pong := make([]byte, spdyHeader+4)
		copy(pong, h[:])
		if _, err := io.ReadFull(c.in, pong[spdyHeader:]); err != nil {
			return err
		}
		c.writeMu.Lock()
		defer c.writeMu.Unlock()
		_, err := c.raw.Write(pong)
		return err
	case spdyGoAway:
		// No new streams; those that there are go on.
	}
	return c.skip(length)
}

// complain keeps the beginning of what the node writes to the error stream.
func (c *pairConn) complain(length int) error {
	keep := make([]byte, min(length, maxComplaint-len(c.complaint)))
	if _, err := io.ReadFull(c.in, keep); err != nil {
		return err
	}
	c.complaint = append(c.complaint, keep...)
	return c.skip(length - len(keep))
}

func (c *pairConn) skip(length int) error {
	_, err := c.in.Discard(length)
	return err
}

// pair reads the payload of a frame that has a stream and a status.
func (c *pairConn) pair(length int) (stream, status uint32, err error) {
	var b [8]byte
	if length != len(b) {
		return 0, 0, errors.New("a SPDY reset of the wrong length")
	}
	_, err = io.ReadFull(c.in, b[:])
	return binary.BigEndian.Uint32(b[:]) &^ (1 << 31), binary.BigEndian.Uint32(b[4:]), err
}

// verdict says why the data stream has ended. The node ends it before or after it
// writes its complaint, so that stream, which it ends as well, is waited for a
// moment.
func (c *pairConn) verdict(err error) error {
	if c.closed.Load() {
		return net.ErrClosed
	}
	timer := time.AfterFunc(complaintWait, func() { c.raw.Close() })
	for !c.complete && c.frame() == nil {
		if c.left > 0 { // data after its end, or after a reset
			if c.skip(c.left) != nil {
				break
			}
			c.left = 0
		}
	}
	timer.Stop()
	if c.closed.Load() {
		return net.ErrClosed
	}
	if text := strings.TrimSpace(string(c.complaint)); text != "" {
		return fault.New(fault.LinkFailed, "the port-forward to %s failed: %s", c.remote, text)
	}
	return err
}

// writeBuffers hold batches on their way down; a connection that rests has none.
var writeBuffers = sync.Pool{New: func() any { return new([writeBatch]byte) }}

func (c *pairConn) Write(p []byte) (written int, err error) {
	c.writeMu.Lock()
	defer c.writeMu.Unlock()
	buffer := writeBuffers.Get().(*[writeBatch]byte)
	defer writeBuffers.Put(buffer)
	for len(p) > 0 {
		batch, size := buffer[:0], 0
		for len(p) > 0 && len(batch) < writeBatch {
			n := min(len(p), spdyPayload)
			batch = binary.BigEndian.AppendUint32(batch, dataStream)
			batch = binary.BigEndian.AppendUint32(batch, uint32(n))
			batch = append(batch, p[:n]...)
			p = p[n:]
			size += n
		}
		if _, err := c.raw.Write(batch); err != nil {
			if c.closed.Load() {
				err = net.ErrClosed
			}
			return written, err
		}
		written += size
	}
	return written, nil
}

// CloseWrite tells the far end that no more data comes.
func (c *pairConn) CloseWrite() error {
	c.writeMu.Lock()
	defer c.writeMu.Unlock()
	_, err := c.raw.Write([]byte{0, 0, 0, dataStream, 1, 0, 0, 0})
	return err
}

// Close ends the connection, and with it a Read and a Write that block.
func (c *pairConn) Close() error {
	if c.closed.Swap(true) {
		return nil
	}
	return c.raw.Close()
}

func (c *pairConn) LocalAddr() net.Addr  { return c.raw.LocalAddr() }
func (c *pairConn) RemoteAddr() net.Addr { return c.remote }

// The connection below knows no deadlines: net/http shows an upgraded one as an
// io.ReadWriteCloser.

func (c *pairConn) SetDeadline(time.Time) error      { return os.ErrNoDeadline }
func (c *pairConn) SetReadDeadline(time.Time) error  { return os.ErrNoDeadline }
func (c *pairConn) SetWriteDeadline(time.Time) error { return os.ErrNoDeadline }

// streamAddr is "namespace/pod:port".
type streamAddr string

func (streamAddr) Network() string  { return "port-forward" }
func (a streamAddr) String() string { return string(a) }
