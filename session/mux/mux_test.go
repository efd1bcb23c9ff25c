package mux

import (
	"bytes"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// pair is two connected ends; accept gets what the first one opens.
func pair(t *testing.T, accept func(*Stream), change func(*Config)) (opener, acceptor *Conn) {
	t.Helper()
	near, far := net.Pipe()
	cfg := Config{Accept: accept}
	if change != nil {
		change(&cfg)
	}
	opener, acceptor = New(near, Config{Opener: true}), New(far, cfg)
	t.Cleanup(func() {
		opener.Close()
		acceptor.Close()
	})
	return opener, acceptor
}

func TestWindow(t *testing.T) {
	const rtt = 20 * time.Millisecond
	start := time.Now()
	for _, tt := range []struct {
		name   string
		took   time.Duration // between two halves of the window
		budget *Budget
		size   int
	}{
		{"used up within two round trips", rtt, NewBudget(maxWindow), 2 * firstWindow},
		{"used up later", 3 * rtt, NewBudget(maxWindow), firstWindow},
		{"nothing left to grow by", rtt, NewBudget(firstWindow - 1), firstWindow},
		{"not allowed to grow", rtt, nil, firstWindow},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWindow()
			granted := w.consumed(firstWindow/2, start, rtt, tt.budget)
			granted += w.consumed(firstWindow/2, start.Add(tt.took), rtt, tt.budget)
			if w.size != tt.size {
				t.Errorf("the window has %d bytes, want %d", w.size, tt.size)
			}
			if granted != tt.size || w.open != firstWindow+granted {
				t.Errorf("%d bytes granted, %d open, want %d more than the first window", granted, w.open, tt.size)
			}
		})
	}
}

func TestWindowHasAnEnd(t *testing.T) {
	w, now := newWindow(), time.Now()
	for range 100 {
		w.consumed(w.size, now, time.Second, NewBudget(1<<40))
	}
	if w.size != maxWindow {
		t.Errorf("grown to %d, want %d", w.size, maxWindow)
	}
}

// A stream pays back what its window took, however it ends.
func TestBudgetIsRepaid(t *testing.T) {
	b := NewBudget(1 << 20)
	c, _ := pair(t, func(s *Stream) { s.Accept() }, nil)
	c.cfg.Budget = b
	s, err := c.Open("x:1")
	if err != nil {
		t.Fatal(err)
	}
	s.mu.Lock()
	b.take(firstWindow)
	s.window.size += firstWindow
	s.mu.Unlock()
	s.Reset()
	s.Reset()
	if left := b.left.Load(); left != 1<<20 {
		t.Errorf("%d bytes are left of %d", left, 1<<20)
	}
}

func TestHello(t *testing.T) {
	var token [TokenSize]byte
	copy(token[:], "a token of thirty-two bytes.....")
	var wire bytes.Buffer
	if err := WriteHello(&wire, token); err != nil {
		t.Fatal(err)
	}
	whole := wire.String()
	if got, err := ReadHello(&wire); got != token || err != nil {
		t.Errorf("read %q, %v", got, err)
	}
	for name, wrong := range map[string]string{"another protocol": strings.Repeat("SSH-2.0-", 8), "cut": whole[:20]} {
		if _, err := ReadHello(strings.NewReader(wrong)); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

// What no well-behaved peer sends ends the connection, and does nothing else.
func TestNonsenseEndsTheConnection(t *testing.T) {
	frame := func(k kind, stream uint32, payload string) string {
		return string(header{k, len(payload), stream}.append(nil)) + payload
	}
	open := frame(kindOpen, 1, "x:1")
	for name, wire := range map[string]string{
		"an unknown kind":                     frame(99, 1, ""),
		"a payload that is too long":          string(header{kindData, maxPayload + 1, 1}.append(nil)),
		"a credit of three bytes":             frame(kindCredit, 1, "abc"),
		"our own number":                      frame(kindOpen, 2, "x:1"),
		"the number 0":                        frame(kindOpen, 0, "x:1"),
		"a number twice":                      open + open,
		"an answer to its own question":       open + frame(kindAnswer, 1, "\x00"),
		"data after the end":                  open + frame(kindFin, 1, "") + frame(kindData, 1, "x"),
		"more data than was granted":          open + strings.Repeat(frame(kindData, 1, strings.Repeat("x", maxPayload)), firstWindow/maxPayload+1),
		"more credit than a stream can have":  open + frame(kindCredit, 1, "\xff\xff\xff\xff"),
		"the end of the bytes in a frame":     open[:5],
		"the end of the bytes between frames": open,
	} {
		t.Run(name, func(t *testing.T) {
			near, far := net.Pipe()
			c := New(near, Config{Accept: func(*Stream) {}})
			go func() { // ends with the connection
				_, _ = io.Copy(io.Discard, far)
			}()
			_, _ = io.WriteString(far, wire) // may fail: the connection may have ended by then
			if strings.HasPrefix(name, "the end") {
				far.Close()
			}
			select {
			case <-c.Done():
			case <-time.After(10 * time.Second):
				t.Error("the connection lives on")
			}
			if c.Err() == nil {
				t.Error("no error")
			}
			c.Close()
			far.Close()
		})
	}
}

// Frames of a stream that is over crossed its end.
func TestLateFramesAreIgnored(t *testing.T) {
	accepted := make(chan *Stream, 1)
	c, peer := pair(t, func(s *Stream) { accepted <- s }, nil)
	s, err := c.Open("x:1")
	if err != nil {
		t.Fatal(err)
	}
	(<-accepted).Reset()
	for range 3 {
		_ = c.out.put(header{kindData, 1, s.id}, []byte("x"))
		_ = c.out.put(header{kindCredit, 4, s.id}, []byte{0, 0, 0, 1})
		_ = c.out.put(header{kindFin, 0, s.id}, nil)
		_ = c.out.put(header{kindReset, 0, s.id}, nil)
	}
	if err := c.Ping(); err != nil || peer.Err() != nil {
		t.Errorf("%v, %v", err, peer.Err())
	}
	if _, err := s.Write([]byte("x")); !errors.Is(err, ErrReset) {
		t.Errorf("writing to it: %v", err)
	}
	if c.Streams() != 0 || peer.Streams() != 0 {
		t.Errorf("%d and %d streams", c.Streams(), peer.Streams())
	}
}

func TestRefusals(t *testing.T) {
	t.Run("with a reason", func(t *testing.T) {
		c, _ := pair(t, func(s *Stream) { s.Refuse("no such " + s.Target() + strings.Repeat("!", maxReason)) }, nil)
		s, err := c.Open("host")
		if err != nil {
			t.Fatal(err)
		}
		var refused *Refused
		if err := s.Connected(); !errors.As(err, &refused) || !strings.HasPrefix(refused.Reason, "no such host!") || len(refused.Reason) != maxReason {
			t.Errorf("connected: %v", err)
		}
	})
	t.Run("too many", func(t *testing.T) {
		c, _ := pair(t, func(s *Stream) { s.Accept() }, func(cfg *Config) { cfg.MaxStreams = 2 })
		open := func() (*Stream, error) {
			s, err := c.Open("x:1")
			if err != nil {
				t.Fatal(err)
			}
			return s, s.Connected()
		}
		first, err1 := open()
		_, err2 := open()
		_, err3 := open()
		if err1 != nil || err2 != nil || err3 == nil {
			t.Errorf("%v, %v, %v", err1, err2, err3)
		}
		first.Reset()
		if _, err := open(); err != nil {
			t.Errorf("after one had ended: %v", err)
		}
	})
	t.Run("a target that is none", func(t *testing.T) {
		c, _ := pair(t, nil, nil)
		for _, target := range []string{"", strings.Repeat("x", maxTarget+1)} {
			if _, err := c.Open(target); err == nil {
				t.Errorf("%d bytes: no error", len(target))
			}
		}
	})
}

// FuzzConn feeds a connection whatever there is: it must neither panic nor hang,
// nor hold more than it granted.
func FuzzConn(f *testing.F) {
	f.Add([]byte("\x01\x00\x00\x03\x00\x00\x00\x01x:1\x03\x00\x00\x01\x00\x00\x00\x01d\x04\x00\x00\x00\x00\x00\x00\x01"))
	f.Add([]byte("\x07\x00\x00\x08\x00\x00\x00\x00nonce..."))
	f.Fuzz(func(t *testing.T, wire []byte) {
		near, far := net.Pipe()
		held := make(chan *Stream, 1024)
		c := New(near, Config{Accept: func(s *Stream) {
			s.Accept()
			select {
			case held <- s:
			default:
				s.Reset()
			}
		}})
		drained := make(chan struct{})
		go func() {
			defer close(drained)
			_, _ = io.Copy(io.Discard, far)
		}()
		_, _ = far.Write(wire)
		far.Close()
		<-c.Done()
		c.Close()
		<-drained
		close(held)
		for s := range held {
			if len(s.queue) > firstWindow {
				t.Errorf("a stream holds %d bytes", len(s.queue))
			}
		}
	})
}
