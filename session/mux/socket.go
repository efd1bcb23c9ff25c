package mux

import (
	"io"
	"net"
	"sync"
)

// Socket is a TCP connection whose end of file can be believed. A kernel tells of a
// reset once: where one goroutine writes and another reads, the writer may get the
// error, and the reader then an end of file, as if all had been said.
type Socket struct {
	*net.TCPConn
	attempt attempt
	mu      sync.Mutex
	shut    bool // this end has said that it sends no more
}

// NewSocket takes over c; its CloseWrite must not be called any more.
func NewSocket(c *net.TCPConn) *Socket { return &Socket{TCPConn: c} }

// tryWrite writes what the kernel takes at once; nothing where the system has no
// such call. One goroutine at a time may call it, while none is in Write.
func (s *Socket) tryWrite(p []byte) (int, error) { return s.attempt.write(s.TCPConn, p) }

// CloseWrite sends the end of file.
func (s *Socket) CloseWrite() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.shut = true
	return s.TCPConn.CloseWrite()
}

// Read is that of the connection, and [ErrReset] for an end of file that is a
// reset's.
func (s *Socket) Read(p []byte) (int, error) {
	n, err := s.TCPConn.Read(p)
	if err == io.EOF && s.wasReset() {
		err = ErrReset
	}
	return n, err
}

// wasReset asks the kernel, after an end of file, whether there still is a
// connection. There is while this end may send; once both ends have closed there
// is none, but then no write can have taken the error either.
func (s *Socket) wasReset() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.shut {
		return false
	}
	raw, err := s.SyscallConn()
	if err != nil {
		return false // closed by ourselves
	}
	gone := false
	_ = raw.Control(func(fd uintptr) { gone = !hasPeer(fd) }) // fails where it is closed
	return gone
}

// Reset closes the connection so that its peer sees a reset, not an end of file.
func (s *Socket) Reset() { reset(s.TCPConn) }
