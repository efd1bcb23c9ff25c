package mux

import (
	"bytes"
	"crypto/sha256"
	"io"
	"math/rand/v2"
	"net"
	"sync/atomic"
	"testing"
)

// loopbackPair is a program and the socket that leads to it.
func loopbackPair(t *testing.T) (program, socket *net.TCPConn) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	dialled, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	accepted, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { dialled.Close() })
	return dialled.(*net.TCPConn), accepted.(*net.TCPConn)
}

// Data goes into the socket by two ways: at once by the connection's reader, and,
// where the socket is full, from the queue. A program that reads in fits meets both,
// again and again, and gets every byte in its place.
func TestBytesKeepTheirOrderWhereSocketsAreFull(t *testing.T) {
	const size = 24 << 20
	sent := make([]byte, size)
	_, _ = rand.NewChaCha8([32]byte{}).Read(sent)

	program, socket := loopbackPair(t)
	if err := socket.SetWriteBuffer(64 << 10); err != nil {
		t.Fatal(err)
	}
	var in atomic.Int64
	relayed := make(chan error, 1)
	c, _ := pair(t, func(s *Stream) {
		s.Accept()
		go func() { relayed <- Relay(t.Context(), s, socket, Counts{In: &in}, nil) }() // ends with the stream
	}, func(cfg *Config) { cfg.Budget = NewBudget(maxWindow) })
	s, err := c.Open("program:1")
	if err != nil {
		t.Fatal(err)
	}
	written := make(chan error, 1)
	go func() { // ends with its last byte, or with the stream
		random := rand.New(rand.NewPCG(1, 2))
		for rest := sent; len(rest) > 0; {
			n := min(len(rest), 1+random.IntN(100<<10))
			if _, err := s.Write(rest[:n]); err != nil {
				written <- err
				return
			}
			rest = rest[n:]
		}
		written <- s.CloseWrite()
	}()
	var got bytes.Buffer
	piece := make([]byte, 300<<10)
	for {
		// As much as a socket holds, then nothing until it is full again.
		n, err := io.ReadFull(program, piece)
		got.Write(piece[:n])
		if err != nil {
			break
		}
	}
	if err := <-written; err != nil {
		t.Fatal(err)
	}
	if sha256.Sum256(got.Bytes()) != sha256.Sum256(sent) {
		t.Errorf("got %d bytes, and not those %d that were sent", got.Len(), size)
	}
	program.CloseWrite()
	if err := <-relayed; err != nil || in.Load() != size {
		t.Errorf("%v; %d bytes counted of %d", err, in.Load(), size)
	}
}
