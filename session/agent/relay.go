package agent

import (
	"context"
	"io"
	"net"
	"sync"
	"sync/atomic"

	"golang.org/x/crypto/ssh"

	"github.com/tandem-dev/tandem/session/mux"
)

// ResetRequest is the channel request, without reply or payload, by which one
// end of a tunnel tells the other that its TCP connection was reset. SSH itself
// can only say "end of file", which would make a cut stream look complete.
const ResetRequest = "reset@tandem.dev"

// relay joins a channel and a TCP connection until both directions have ended
// or the link is lost, and closes both.
//
// An end of file on one side becomes an end of file on the other, and the
// opposite direction goes on. A reset becomes a reset, and so does the loss of
// the link (ctx). When the client closes the channel for good, what it had sent
// before is still delivered.
func relay(ctx context.Context, ch ssh.Channel, requests <-chan *ssh.Request, tcp *net.TCPConn) {
	conn := mux.NewSocket(tcp)
	var owned sync.WaitGroup
	end := newChannelEnd(requests)
	owned.Go(end.serve)
	// A peer in the pod that neither reads nor writes must not outlive the link.
	stopKilling := resetWhenDone(ctx, tcp)

	var writeFailed atomic.Bool
	upstream := make(chan struct{})
	owned.Go(func() {
		defer close(upstream)
		_, err := io.Copy(ch, readOnly{conn})
		switch {
		case err != nil || writeFailed.Load():
			// Reading failed: the peer has reset the connection. Writing failed:
			// the channel is gone, and the request goes nowhere.
			_, _ = ch.SendRequest(ResetRequest, false, nil)
			ch.Close()
		default:
			_ = ch.CloseWrite()
		}
	})

	out := &notedWriter{Writer: conn}
	_, err := io.Copy(out, ch)
	switch {
	case err != nil && !out.failed:
		// Reading from the channel fails with the link only; the multiplexer may
		// know before ctx does, from a write of its own.
		conn.Reset()
	case err != nil:
		// The peer in the pod no longer reads. What it wrote before, perhaps the
		// reply that explains why, may still be waiting in the socket: upstream
		// delivers it and then meets the end.
		writeFailed.Store(true)
	case ctx.Err() != nil || end.wasReset():
		conn.Reset()
	default:
		_ = conn.CloseWrite()
	}
	select {
	case <-upstream:
	case <-end.closed:
		// The client has closed the channel, so nobody waits for upstream.
	}
	conn.Close()
	<-upstream
	ch.Close()
	// The peer confirms the close, or the link ends: either closes requests.
	owned.Wait()
	stopKilling()
}

// readOnly hides the connection's own way of copying, which would read around
// [mux.Socket].
type readOnly struct{ io.Reader }

// notedWriter tells which side of a copy has failed.
type notedWriter struct {
	io.Writer
	failed bool
}

func (w *notedWriter) Write(p []byte) (int, error) {
	n, err := w.Writer.Write(p)
	w.failed = err != nil
	return n, err
}

// resetWhenDone resets conn when ctx is done. The returned function takes that
// back, or waits for it to have happened.
func resetWhenDone(ctx context.Context, conn net.Conn) (stop func()) {
	done := make(chan struct{})
	cancelled := context.AfterFunc(ctx, func() {
		defer close(done)
		reset(conn)
	})
	return func() {
		if !cancelled() {
			<-done
		}
	}
}

// channelEnd follows the requests of a channel to learn how it ends.
type channelEnd struct {
	requests <-chan *ssh.Request
	closed   chan struct{} // closed with the channel
	ask      chan struct{}
	answered chan struct{}
	reset    atomic.Bool
}

func newChannelEnd(requests <-chan *ssh.Request) *channelEnd {
	return &channelEnd{
		requests: requests,
		closed:   make(chan struct{}),
		ask:      make(chan struct{}),
		answered: make(chan struct{}),
	}
}

// serve answers the channel's requests until the channel is closed.
func (e *channelEnd) serve() {
	defer close(e.closed)
	for {
		select {
		case r, ok := <-e.requests:
			if !ok {
				return
			}
			e.note(r)
		case <-e.ask:
			ok := e.drain()
			e.answered <- struct{}{}
			if !ok {
				return
			}
		}
	}
}

// drain handles what has arrived, and reports whether the channel is open.
func (e *channelEnd) drain() bool {
	for {
		select {
		case r, ok := <-e.requests:
			if !ok {
				return false
			}
			e.note(r)
		default:
			return true
		}
	}
}

func (e *channelEnd) note(r *ssh.Request) {
	known := r.Type == ResetRequest
	if known {
		e.reset.Store(true)
	}
	_ = r.Reply(known, nil)
}

// wasReset is called after an end of file was read. The multiplexer queues a
// request before it delivers an end of file that follows it, so a reset that
// came first is either noted or in the queue by now.
func (e *channelEnd) wasReset() bool {
	select {
	case e.ask <- struct{}{}:
		<-e.answered
	case <-e.closed:
	}
	return e.reset.Load()
}
