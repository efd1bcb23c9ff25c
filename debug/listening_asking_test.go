package debug

import (
	"context"
	"net"
	"testing"
	"time"
)

// macOS and Windows have no table of who listens: a runtime is believed when it says
// so, and not touched before; one that says nothing is tried.
func TestAwaitByAsking(t *testing.T) {
	l, err := net.Listen("tcp", host+":0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	port := l.Addr().(*net.TCPAddr).Port
	said := make(chan struct{})
	ctx, cancel := context.WithTimeout(t.Context(), 4*tryEvery)
	defer cancel()
	if awaitByAsking(ctx, port, said) {
		t.Error("the runtime has not said that it listens")
	}
	_ = l.(*net.TCPListener).SetDeadline(time.Now())
	if conn, err := l.Accept(); err == nil {
		t.Errorf("a client came: %v", conn.RemoteAddr())
	}
	close(said)
	if !awaitByAsking(t.Context(), port, said) {
		t.Error("the runtime has said that it listens")
	}

	_ = l.(*net.TCPListener).SetDeadline(time.Time{})
	if !awaitByAsking(t.Context(), port, nil) {
		t.Error("somebody listens")
	}
	l.Close()
	ctx, cancel = context.WithTimeout(t.Context(), 4*tryEvery)
	defer cancel()
	if awaitByAsking(ctx, port, nil) {
		t.Error("nobody listens any more")
	}
}
