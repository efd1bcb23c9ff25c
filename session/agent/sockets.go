package agent

import (
	"context"
	"errors"
	"io"
	"net"
	"syscall"
	"time"
)

// acceptBackoff is the pause after an accept that failed for want of
// resources: nothing signals the moment a file descriptor becomes free.
const acceptBackoff = 100 * time.Millisecond

// isTemporary says that a later accept on the same listener may succeed.
func isTemporary(err error) bool {
	return errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.ENFILE) ||
		errors.Is(err, syscall.ENOBUFS) || errors.Is(err, syscall.ENOMEM) ||
		errors.Is(err, syscall.ECONNABORTED)
}

// pause waits for d, and reports false where done is closed first.
func pause(done <-chan struct{}, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-done:
		return false
	}
}

// reset ends a TCP connection with RST, so that its peer cannot mistake a cut
// stream for a complete one.
func reset(conn net.Conn) {
	if tcp, ok := conn.(*net.TCPConn); ok {
		// Without effect on a connection that is gone already.
		_ = tcp.SetLinger(0)
	}
	conn.Close()
}

// closeWhenDone closes c when ctx is done. The returned function closes it
// at the latest and waits for the helper to end.
func closeWhenDone(ctx context.Context, c io.Closer) (stop func()) {
	done := make(chan struct{})
	cancelled := context.AfterFunc(ctx, func() {
		defer close(done)
		c.Close()
	})
	return func() {
		if cancelled() {
			c.Close()
			return
		}
		<-done
	}
}
