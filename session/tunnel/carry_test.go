package tunnel

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/tandem-dev/tandem/session/agent"
)

// payload is reproducible noise.
func payload(seed byte, size int) []byte {
	b := make([]byte, size)
	rand.NewChaCha8([32]byte{seed}).Read(b)
	return b
}

// The client sends everything, ends its direction, and only then the server
// answers: each half must be able to end alone, and nothing may be cut.
func TestHalfClose(t *testing.T) {
	eachWay(t, func(t *testing.T, r route) {
		request, reply := payload(1, 24<<20), payload(2, 24<<20)
		sum := make(chan [32]byte, 1)
		target := serveTCP(t, func(c *net.TCPConn) {
			h := sha256.New()
			io.Copy(h, c)
			sum <- [32]byte(h.Sum(nil))
			c.Write(reply)
		})
		tun, address := r.open(t, r.link(t), target)

		c := dialTCP(t, address)
		if _, err := c.Write(request); err != nil {
			t.Fatal(err)
		}
		c.CloseWrite()
		got, err := io.ReadAll(c)
		if err != nil {
			t.Fatal(err)
		}
		if s := <-sum; s != sha256.Sum256(request) {
			t.Error("the request arrived changed")
		}
		if !bytes.Equal(got, reply) {
			t.Errorf("the reply arrived changed: %d bytes of %d", len(got), len(reply))
		}
		eventually(t, "the connection is counted as ended", func() bool { return tun.State().Active == 0 })
		s := tun.State()
		in, out := int64(len(reply)), int64(len(request))
		if r.name == "reverse" {
			in, out = out, in
		}
		if s.Connections != 1 || s.BytesIn != in || s.BytesOut != out {
			t.Errorf("state %+v, want 1 connection, %d in, %d out", s, in, out)
		}
	})
}

// The server ends its direction first and goes on reading.
func TestHalfCloseByServer(t *testing.T) {
	eachWay(t, func(t *testing.T, r route) {
		request := payload(3, 8<<20)
		sum := make(chan [32]byte, 1)
		target := serveTCP(t, func(c *net.TCPConn) {
			io.WriteString(c, "go on")
			c.CloseWrite()
			h := sha256.New()
			io.Copy(h, c)
			sum <- [32]byte(h.Sum(nil))
		})
		_, address := r.open(t, r.link(t), target)
		c := dialTCP(t, address)
		if got, err := io.ReadAll(c); string(got) != "go on" || err != nil {
			t.Fatalf("got %q, %v", got, err)
		}
		if _, err := c.Write(request); err != nil {
			t.Fatal(err)
		}
		c.CloseWrite()
		if s := <-sum; s != sha256.Sum256(request) {
			t.Error("the request arrived changed")
		}
	})
}

func TestThousandShortConnections(t *testing.T) {
	eachWay(t, func(t *testing.T, r route) {
		tun, address := r.open(t, r.link(t), serveTCP(t, echo))
		const workers, each = 20, 50
		var wg sync.WaitGroup
		for w := range workers {
			wg.Go(func() {
				for i := range each {
					if err := roundTrip(address, fmt.Sprintf("connection %d of %d", i, w)); err != nil {
						t.Error(err)
						return
					}
				}
			})
		}
		wg.Wait()
		eventually(t, "all connections ended", func() bool { return tun.State().Active == 0 })
		if s := tun.State(); s.Connections != workers*each || s.Refused != 0 || s.Err != nil {
			t.Errorf("state %+v", s)
		}
	})
}

// roundTrip sends text to an echo server on a connection of its own.
func roundTrip(address, text string) error {
	c, err := net.DialTimeout("tcp", address, 10*time.Second)
	if err != nil {
		return err
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(time.Minute))
	if _, err := io.WriteString(c, text); err != nil {
		return err
	}
	c.(*net.TCPConn).CloseWrite()
	got, err := io.ReadAll(c)
	if err != nil {
		return err
	}
	if string(got) != text {
		return fmt.Errorf("sent %q, got %q", text, got)
	}
	return nil
}

func TestTwoHundredConnectionsHeld(t *testing.T) {
	eachWay(t, func(t *testing.T, r route) {
		tun, address := r.open(t, r.link(t), serveTCP(t, echo))
		const held = 200
		conns := make([]*net.TCPConn, held)
		for i := range conns {
			conns[i] = dialTCP(t, address)
		}
		for round := range 3 {
			for i, c := range conns {
				fmt.Fprintf(c, "%03d/%d", i, round)
			}
			for i, c := range conns {
				got := make([]byte, 5)
				if _, err := io.ReadFull(c, got); err != nil || string(got) != fmt.Sprintf("%03d/%d", i, round) {
					t.Fatalf("connection %d: %q, %v", i, got, err)
				}
			}
		}
		if s := tun.State(); s.Active != held {
			t.Errorf("%d connections are active, want %d", s.Active, held)
		}
		for _, c := range conns {
			c.Close()
		}
		eventually(t, "all connections ended", func() bool { return tun.State().Active == 0 })
	})
}

// A download that nobody reads stops at its window and no other connection
// notices.
func TestStalledReaderStopsNobody(t *testing.T) {
	eachWay(t, func(t *testing.T, r route) {
		link := r.link(t)
		flood := serveTCP(t, func(c *net.TCPConn) {
			for b := make([]byte, 64<<10); ; {
				if _, err := c.Write(b); err != nil {
					return
				}
			}
		})
		flooded, stalled := r.open(t, link, flood)
		_, lively := r.open(t, link, serveTCP(t, echo))
		for range 4 {
			dialTCP(t, stalled)
		}
		// Wait until nothing moves any more.
		last := int64(-1)
		eventually(t, "the flood stops", func() bool {
			s := flooded.State()
			total := s.BytesIn + s.BytesOut
			stopped := total > 0 && total == last
			last = total
			time.Sleep(50 * time.Millisecond)
			return stopped
		})
		for i := range 50 {
			start := time.Now()
			if err := roundTrip(lively, "still here"); err != nil {
				t.Fatalf("connection %d: %v", i, err)
			}
			if d := time.Since(start); d > 2*time.Second {
				t.Fatalf("connection %d took %v", i, d)
			}
		}
	})
}

// Bulk in both directions at once while connections come and go. The transport
// has no buffer at all, so a read loop that waits for room to write (to answer a
// channel's close) while its peer's does the same would stop everything.
func TestFullDuplexBulkWithChurn(t *testing.T) {
	t.Run("ssh", func(t *testing.T) { fullDuplexBulk(t, SSH) })
	t.Run("direct", func(t *testing.T) { fullDuplexBulk(t, Direct) })
}

func fullDuplexBulk(t *testing.T, plane DataPlane) {
	wire := newPipeListener()
	p := startPod(t, func(c *agent.Config) {
		c.Listener.Close()
		c.Listener = wire
	})
	cfg := p.config()
	cfg.Dial, cfg.DataPlane = wire.dial, plane
	link := connect(t, cfg)
	target := serveTCP(t, echo)
	_, forward := openForward(t, link, target)
	_, reverse := openReverse(t, link, target)

	var wg sync.WaitGroup
	for i := range 4 {
		address := []string{forward, reverse}[i%2]
		wg.Go(func() {
			c, err := net.Dial("tcp", address)
			if err != nil {
				t.Error(err)
				return
			}
			defer c.Close()
			c.SetDeadline(time.Now().Add(time.Minute))
			data := payload(byte(i), 12<<20)
			var sent sync.WaitGroup
			sent.Go(func() {
				c.Write(data)
				c.(*net.TCPConn).CloseWrite()
			})
			h := sha256.New()
			n, err := io.Copy(h, c)
			sent.Wait()
			if err != nil || [32]byte(h.Sum(nil)) != sha256.Sum256(data) {
				t.Errorf("stream %d: %d of %d bytes came back, %v", i, n, len(data), err)
			}
		})
	}
	for range 4 {
		wg.Go(func() {
			for i := range 100 {
				if err := roundTrip([]string{forward, reverse}[i%2], "hello"); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
}

// A reset on one side is a reset on the other, not an end of file: data that was
// cut must not look complete.
func TestResetCrosses(t *testing.T) {
	eachWay(t, func(t *testing.T, r route) {
		link := r.link(t)
		t.Run("by the server", func(t *testing.T) {
			_, address := r.open(t, link, serveTCP(t, func(c *net.TCPConn) {
				io.ReadFull(c, make([]byte, 4))
				reset(c)
			}))
			c := dialTCP(t, address)
			io.WriteString(c, "ping")
			if _, err := io.ReadAll(c); !errors.Is(err, syscall.ECONNRESET) {
				t.Errorf("the client read %v, want a reset", err)
			}
		})
		t.Run("by the client", func(t *testing.T) {
			ended := make(chan error, 1)
			_, address := r.open(t, link, serveTCP(t, func(c *net.TCPConn) {
				io.ReadFull(c, make([]byte, 4))
				io.WriteString(c, "pong")
				_, err := io.ReadAll(c)
				ended <- err
			}))
			c := dialTCP(t, address)
			io.WriteString(c, "ping")
			io.ReadFull(c, make([]byte, 4))
			reset(c)
			if err := <-ended; !errors.Is(err, syscall.ECONNRESET) {
				t.Errorf("the server read %v, want a reset", err)
			}
		})
	})
}

// The server answers early, closes without reading the rest, and the client
// still gets the whole answer.
func TestEarlyAnswerIsNotCut(t *testing.T) {
	eachWay(t, earlyAnswer)
}

func earlyAnswer(t *testing.T, r route) {
	answer := bytes.Repeat([]byte("no "), 100_000)
	target := serveTCP(t, func(c *net.TCPConn) {
		io.ReadFull(c, make([]byte, 1000))
		c.Write(answer)
		c.CloseWrite()
		// The client is still sending. A server that closes now takes back what has
		// not left its socket yet: that much is TCP's, on any way.
		time.Sleep(300 * time.Millisecond)
	})
	_, address := r.open(t, r.link(t), target)
	for range 3 {
		c := dialTCP(t, address)
		go func() {
			for b := make([]byte, 16<<10); ; {
				if _, err := c.Write(b); err != nil {
					return
				}
			}
		}()
		got := make([]byte, len(answer))
		if n, err := io.ReadFull(c, got); err != nil || !bytes.Equal(got, answer) {
			t.Errorf("%d of %d bytes, %v", n, len(answer), err)
		}
		c.Close()
	}
}
