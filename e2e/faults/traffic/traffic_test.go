package traffic

import (
	"bytes"
	"io"
	"net"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// listener is one that is closed, and its server joined, with the test.
func listener(t *testing.T, serve func(net.Listener)) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var done sync.WaitGroup
	done.Go(func() { serve(l) })
	t.Cleanup(func() {
		l.Close()
		done.Wait()
	})
	return l.Addr().String()
}

// await asks until a figure is there.
func await(t *testing.T, p *Party, what string, is func(Account) bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); !is(p.Account()); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("in vain: %s: %+v", what, p.Account())
		}
	}
}

func TestALoadThatNothingDisturbs(t *testing.T) {
	far := NewParty("far")
	server := httptest.NewServer(far.Handler())
	defer server.Close()
	p := NewParty("near")
	p.Begin(Orders{URL: server.URL + "/who", Echo: listener(t, ServeEcho), Patience: time.Second})
	await(t, p, "load", func(a Account) bool { return a.Requests > 5 && a.Bytes > 20*block && !a.StreamSteady.IsZero() })
	a := p.End()
	if a.Failed+a.Broken+a.Lost() != 0 || a.IdleBroken || a.Streams != streams || a.Who != far.who || a.SteadyFor != a.Requests {
		t.Errorf("%+v", a)
	}
	if again := p.End(); again.Bytes != a.Bytes {
		t.Errorf("ended twice: %+v", again)
	}
}

// What a tunnel could do wrong is told apart; a load that could not tell would
// pass everything.
func TestALoadThatIsDisturbed(t *testing.T) {
	// each passes blocks of a stream on, and does something to the fourth.
	disturb := func(fourth func(*net.TCPConn, []byte)) func(net.Listener) {
		return func(l net.Listener) {
			var all sync.WaitGroup
			defer all.Wait()
			for {
				conn, err := l.Accept()
				if err != nil {
					return
				}
				all.Go(func() {
					defer conn.Close()
					text := make([]byte, block)
					for n := 1; ; n++ {
						if _, err := io.ReadFull(conn, text); err != nil {
							return
						}
						if n == 4 {
							fourth(conn.(*net.TCPConn), text)
							return
						}
						if _, err := conn.Write(text); err != nil {
							return
						}
					}
				})
			}
		}
	}
	for _, test := range []struct {
		name   string
		fourth func(*net.TCPConn, []byte)
		counts func(Account) int
	}{
		{"cut", func(c *net.TCPConn, _ []byte) { c.SetLinger(0) }, func(a Account) int { return a.Broken }},
		{"ended as if complete", func(c *net.TCPConn, _ []byte) { c.CloseWrite() }, func(a Account) int { return a.Truncated }},
		{"another byte", func(c *net.TCPConn, text []byte) {
			text[block/2] ^= 1
			c.Write(text)
		}, func(a Account) int { return a.Corrupt }},
		{"two blocks the wrong way round", func(c *net.TCPConn, text []byte) {
			next := make([]byte, block)
			if _, err := io.ReadFull(c, next); err == nil {
				c.Write(bytes.Join([][]byte{next, text}, nil))
			}
		}, func(a Account) int { return a.Corrupt }},
	} {
		t.Run(test.name, func(t *testing.T) {
			p := NewParty("near")
			p.ending = 300 * time.Millisecond
			p.Begin(Orders{Echo: listener(t, disturb(test.fourth))})
			await(t, p, test.name, func(a Account) bool { return test.counts(a) > 0 })
			// A stream that the end meets before its fourth block has bytes missing.
			if a := p.End(); a.Broken+a.Lost()-a.Missing != test.counts(a) || !a.IdleBroken {
				t.Errorf("%+v", a)
			}
		})
	}
}

// An answer that fails ends what was steady.
func TestFailuresEndWhatWasSteady(t *testing.T) {
	b := &book{}
	b.good(Who{PID: 1})
	b.good(Who{PID: 1})
	if a := b.account(); a.SteadyFor != 2 || a.Failed != 0 {
		t.Errorf("%+v", a)
	}
	hung := time.Now().Add(-time.Minute)
	if b.failed(hung, io.ErrUnexpectedEOF); b.account().SteadyFor != 2 {
		t.Errorf("a request that hung since before: %+v", b.account())
	}
	b.failed(time.Now(), io.ErrUnexpectedEOF)
	if a := b.account(); a.SteadyFor != 0 || !a.Steady.IsZero() || a.Failed != 2 || a.LastFailure == "" {
		t.Errorf("%+v", a)
	}
	b.good(Who{Where: "cluster", PID: 1})
	b.good(Who{Where: "cluster", PID: 2})
	if a := b.account(); a.SteadyFor != 2 {
		t.Errorf("another pod of the same workload: %+v", a)
	}
	b.good(Who{Where: Local, PID: 1})
	b.good(Who{Where: Local, PID: 2})
	if a := b.account(); a.SteadyFor != 1 || a.Who.PID != 2 || a.Requests != 8 {
		t.Errorf("another one answers: %+v", a)
	}
}
