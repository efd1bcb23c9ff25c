package tunnel

import (
	"context"
	"errors"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/crypto/ssh"

	"github.com/tandem-dev/tandem/session/mux"
)

const (
	// upSize is the most that fits one SSH packet, so one read from the local
	// socket becomes one packet.
	upSize = 32 << 10
	// downSize takes two packets, so that one write to the local socket carries
	// what arrived while the last one was under way.
	downSize = 64 << 10
	// lingerTime is how long the local program may go on sending to a far end
	// that has closed, before it is cut off. A reset at once could overtake a
	// reply that the program has not read yet.
	lingerTime = time.Second
)

var (
	upBuffers   = sync.Pool{New: func() any { b := make([]byte, upSize); return &b }}
	downBuffers = sync.Pool{New: func() any { b := make([]byte, downSize); return &b }}
)

// resetRequest is a channel request, without a reply, that precedes the close of
// a channel whose TCP connection was reset. SSH has no reset of its own, and a
// reader must not take data cut short for data complete. An agent that does not
// know the request ignores it.
const resetRequest = "reset@tandem.dev"

// pipe couples a local TCP connection and an SSH channel until both directions
// have ended. It uses two goroutines: its own, which copies down (channel to
// local), and one that copies up, which ends first.
//
//	local FIN            -> the channel's EOF; the other direction goes on
//	channel's EOF        -> local FIN; the other direction goes on
//	local reset          -> reset request, channel closed
//	reset request        -> local reset
//	channel closed       -> local FIN, and closed at the latest after lingerTime
//	link lost, ctx ended -> local reset
type pipe struct {
	local *mux.Socket
	ch    ssh.Channel
	reqs  <-chan *ssh.Request
	out   *outbox // of the connection the channel is on
	count *counters
}

func (p *pipe) run(ctx context.Context) {
	cut := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(cut)
		p.local.Reset()
		p.ch.Close()
	})
	defer func() {
		if !stop() {
			<-cut
		}
	}()
	upDone := make(chan struct{})
	go func() {
		defer close(upDone)
		p.up()
	}()
	p.down(upDone)
	<-upDone
	p.ch.Close()
	p.local.Close()
}

// up copies from the local connection to the channel.
func (p *pipe) up() {
	buf := upBuffers.Get().(*[]byte)
	defer upBuffers.Put(buf)
	readErr, writeErr := copyCounting(roomyWriter{p.ch, p.out}, p.local, *buf, &p.count.out)
	switch {
	case writeErr != nil && p.out.lost():
		p.local.Reset()
	case writeErr != nil:
		// The far end has closed. Take what still comes, for a while, so that the
		// program can read the reply before it is cut off.
		p.local.SetReadDeadline(time.Now().Add(lingerTime))
		copyCounting(io.Discard, p.local, *buf, new(atomic.Int64))
	case readErr == nil:
		p.ch.CloseWrite()
	default:
		if !errors.Is(readErr, net.ErrClosed) {
			p.ch.SendRequest(resetRequest, false, nil)
		}
		p.ch.Close()
	}
}

// down copies from the channel to the local connection and then waits for up,
// or for the channel's full close, which ends up.
func (p *pipe) down(upDone <-chan struct{}) {
	buf := downBuffers.Get().(*[]byte)
	readErr, writeErr := copyCounting(p.local, p.ch, *buf, &p.count.in)
	downBuffers.Put(buf)
	if writeErr != nil {
		// The program has gone: a write to a socket fails after a reset only. What it
		// said before, perhaps the reply that explains why, may still wait in the
		// socket: up delivers it and then meets the end.
		// The far end gets a moment to pass that on before it learns of the reset,
		// which SSH cannot say in order with the data.
		p.local.SetReadDeadline(time.Now().Add(lingerTime))
		cut := make(chan struct{})
		patience := time.AfterFunc(lingerTime, func() {
			defer close(cut)
			p.ch.SendRequest(resetRequest, false, nil)
			p.ch.Close()
		})
		copyCounting(io.Discard, p.ch, make([]byte, upSize), new(atomic.Int64))
		if patience.Stop() { // the far end has ended by itself
			p.ch.SendRequest(resetRequest, false, nil)
			p.ch.Close()
		} else {
			<-cut
		}
		p.local.Reset()
		return
	}
	// Reading fails with the connection only, and the library may know before the
	// outbox does.
	if readErr != nil || p.out.lost() {
		p.local.Reset()
		return
	}
	// The library queues a request before it delivers an end of file that comes
	// after it: what explains this end is in the queue by now.
	for queued := true; queued; {
		select {
		case req, ok := <-p.reqs:
			if !p.obey(req, ok) {
				return
			}
		default:
			queued = false
		}
	}
	p.local.CloseWrite()
	for {
		select {
		case <-upDone:
			return
		case req, ok := <-p.reqs:
			if !p.obey(req, ok) {
				return
			}
		}
	}
}

// obey answers one channel request, or the channel's close (not ok). It returns
// false when the local connection has been told to end.
func (p *pipe) obey(req *ssh.Request, ok bool) bool {
	switch {
	case !ok && p.out.lost(), ok && req.Type == resetRequest:
		p.local.Reset()
		return false
	case !ok:
		p.local.CloseWrite()
		p.local.SetReadDeadline(time.Now().Add(lingerTime))
		return false
	}
	req.Reply(false, nil)
	return true
}

// reset closes a connection so that its peer sees a reset, not an end of file.
func reset(c *net.TCPConn) {
	c.SetLinger(0)
	c.Close()
}

// roomyWriter waits for room in the outbox before every packet.
type roomyWriter struct {
	io.Writer
	out *outbox
}

func (w roomyWriter) Write(p []byte) (int, error) {
	w.out.waitForRoom()
	return w.Writer.Write(p)
}

// copyCounting copies until src ends (nil, nil) or one side fails, and counts
// while it goes. io.CopyBuffer will not do: it hands the work to
// net.TCPConn.ReadFrom, which allocates a buffer of its own, and does not tell
// which side failed.
func copyCounting(dst io.Writer, src io.Reader, buf []byte, count *atomic.Int64) (readErr, writeErr error) {
	for {
		n, err := src.Read(buf)
		if n > 0 {
			m, werr := dst.Write(buf[:n])
			count.Add(int64(m))
			if werr != nil {
				return nil, werr
			}
		}
		switch {
		case err == io.EOF:
			return nil, nil
		case err != nil:
			return err, nil
		}
	}
}
