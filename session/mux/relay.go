package mux

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"sync/atomic"
	"time"
)

const (
	// writePiece is after how much the sender gets new credit while one big batch
	// is written to a slow program.
	writePiece = 128 << 10
	// lingerTime is how long a program may go on sending to a far end that has
	// closed, before it is cut off. A reset at once could overtake a reply that the
	// program has not read yet.
	lingerTime = time.Second
)

// Counts are where a relay counts bytes while it goes; nil is not counted.
type Counts struct {
	// In came from the stream, Out went into it.
	In, Out *atomic.Int64
}

// Relay couples a stream and a TCP connection until both directions have ended, or
// ctx has, which resets both. It owns both. connected, where not nil, is called
// once the far end has connected, and not at all where it refuses: then Relay
// resets tcp and returns the *[Refused].
//
//	conn's FIN       -> fin; the other direction goes on
//	fin              -> conn's FIN; the other direction goes on
//	conn reset       -> reset
//	reset, lost      -> conn reset
//	reset after fin  -> conn reset after lingerTime: the program may still read its reply
func Relay(ctx context.Context, s *Stream, tcp *net.TCPConn, count Counts, connected func()) error {
	conn := NewSocket(tcp)
	cut := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(cut)
		s.Reset()
		conn.Reset()
	})
	defer func() {
		if !stop() {
			<-cut
		}
	}()
	up := make(chan struct{})
	go func() { // ends before Relay does
		defer close(up)
		relayUp(s, conn, count.Out)
	}()
	err := s.Connected()
	if err == nil {
		if connected != nil {
			connected()
		}
		err = relayDown(s, conn, count.In)
	}
	switch {
	case err == io.EOF:
		conn.CloseWrite()
		switch err = s.over(); {
		case errors.Is(err, ErrReset):
			conn.SetReadDeadline(time.Now().Add(lingerTime))
			<-up
			conn.Reset()
		case err != nil:
			conn.Reset()
		}
	case errors.Is(err, errProgramGone):
		// What it said before it went may still wait in the socket; relayUp
		// delivers that and then meets the end.
		conn.SetReadDeadline(time.Now().Add(lingerTime))
		timer := time.AfterFunc(lingerTime, s.Reset)
		<-up
		timer.Stop()
		s.Reset()
	default:
		conn.Reset()
	}
	<-up
	conn.Close()
	var refused *Refused
	if errors.As(err, &refused) {
		return refused
	}
	return nil
}

// errProgramGone is a write to the TCP connection that failed.
var errProgramGone = errors.New("the program has gone")

// relayDown writes what the stream brings, until its end or the program's. The
// stream's sink does most of it.
func relayDown(s *Stream, conn *Socket, count *atomic.Int64) error {
	s.attach(&countedSink{conn, count})
	for {
		batch, err := s.take()
		if err != nil {
			return err
		}
		for rest := batch; len(rest) > 0; {
			n, err := conn.Write(rest[:min(len(rest), writePiece)])
			add(count, n)
			if err != nil {
				return errProgramGone
			}
			s.consumed(n)
			rest = rest[n:]
		}
		putBuffer(batch)
	}
}

// countedSink is the program's connection, as far as it takes data at once.
type countedSink struct {
	conn  *Socket
	count *atomic.Int64
}

func (c *countedSink) tryWrite(p []byte) (int, error) {
	n, err := c.conn.tryWrite(p)
	add(c.count, n)
	return n, err
}

func add(count *atomic.Int64, n int) {
	if count != nil {
		count.Add(int64(n))
	}
}

// relayUp sends what the program says, until its end or the stream's.
func relayUp(s *Stream, conn *Socket, count *atomic.Int64) {
	buf := getBuffer(smallBuffer)
	defer func() { putBuffer(buf) }()
	for {
		n, err := conn.Read(buf[:min(cap(buf), maxPayload)])
		if n > 0 {
			sent, werr := s.Write(buf[:n])
			add(count, sent)
			if werr != nil {
				if errors.Is(werr, ErrReset) && s.heardOut() {
					conn.SetReadDeadline(time.Now().Add(lingerTime))
					_, _ = io.Copy(io.Discard, conn) // until the deadline, or its end
				}
				return
			}
		}
		switch {
		case err == io.EOF:
			_ = s.CloseWrite() // a stream that has ended needs none
			return
		case err != nil:
			if !errors.Is(err, os.ErrDeadlineExceeded) && !errors.Is(err, net.ErrClosed) {
				s.Reset()
			}
			return
		}
		// Bulk deserves large reads; who waits for the next request holds little.
		switch {
		case n == smallBuffer && cap(buf) == smallBuffer:
			putBuffer(buf)
			buf = getBuffer(largeBuffer)
		case n < smallBuffer && cap(buf) > smallBuffer:
			putBuffer(buf)
			buf = getBuffer(smallBuffer)
		}
	}
}

// reset closes a connection so that its peer sees a reset, not an end of file.
func reset(c *net.TCPConn) {
	_ = c.SetLinger(0) // without effect on a connection that is gone
	c.Close()
}
