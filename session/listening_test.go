package session

import (
	"net"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

// listenOn listens on a free port of the loopback and closes what it accepts.
func listenOn(t *testing.T, address string) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	go func() { // ends with the listener
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			conn.Close()
		}
	}()
	t.Cleanup(func() { l.Close() })
	return l
}

func TestListeningTellsEachPort(t *testing.T) {
	first := listenOn(t, "127.0.0.1:0").Addr().String()
	free := listenOn(t, "127.0.0.1:0")
	second := free.Addr().String()
	free.Close()

	l := watchListening([]string{first, second})
	defer l.close()
	if got := l.missing(); !slices.Equal(got, []string{second}) {
		t.Fatalf("at once: missing %q, want only %q", got, second)
	}
	if ok, again := l.enough(time.Now()); ok || again <= 0 || again > listenSettle {
		t.Errorf("one of two: enough %v, again after %s", ok, again)
	}
	listenOn(t, second)
	deadline := time.After(10 * time.Second)
	for len(l.missing()) > 0 {
		select {
		case <-l.changed:
		case <-deadline:
			t.Fatal("the second port is not noticed")
		}
	}
	if ok, _ := l.enough(time.Now()); !ok {
		t.Error("all listen, and that is not enough")
	}
}

// localhost is both loopbacks, because programs differ in which one they take.
func TestListeningOnTheOtherLoopback(t *testing.T) {
	l6, err := net.Listen("tcp", "[::1]:0")
	if err != nil {
		t.Skipf("no IPv6 here: %v", err)
	}
	defer l6.Close()
	_, port, _ := net.SplitHostPort(l6.Addr().String())
	if !accepts(t.Context(), "localhost:"+port) {
		t.Error("what listens on ::1 is not found as localhost")
	}
}

// Some ports may never be listened on: the others do not wait for them for ever,
// and where nobody listens time alone changes nothing.
func TestListeningSettles(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &listening{pending: []string{"a", "b"}}
		if ok, again := l.enough(time.Now()); ok || again != 0 {
			t.Errorf("nobody listens: enough %v, again after %s", ok, again)
		}
		l.first, l.pending = time.Now(), []string{"b"}
		time.Sleep(listenSettle - time.Second)
		if ok, again := l.enough(time.Now()); ok || again != time.Second {
			t.Errorf("before: enough %v, again after %s", ok, again)
		}
		time.Sleep(time.Second)
		if ok, _ := l.enough(time.Now()); !ok {
			t.Error("the time is over, and that is not enough")
		}
	})
}
