package agent

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"
)

// openDirect opens a forward's stream in the words of the wire.
func openDirect(t testing.TB, c *ssh.Client, address string) (ssh.Channel, <-chan *ssh.Request) {
	t.Helper()
	a, err := net.ResolveTCPAddr("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	ch, requests, err := c.OpenChannel("direct-tcpip", ssh.Marshal(directOpen{
		Host: a.IP.String(), Port: uint32(a.Port), OriginHost: "127.0.0.1", OriginPort: 1}))
	if err != nil {
		t.Fatal(err)
	}
	return ch, requests
}

func TestForwardCarriesBytesBothWays(t *testing.T) {
	r := start(t, nil)
	c := r.connect()
	address := tcpServer(t, echo)

	// 24 MiB per stream and direction, many windows, all streams at once.
	const size, streams = 24 << 20, 4
	var all sync.WaitGroup
	for i := range streams {
		all.Go(func() {
			conn, err := c.Dial("tcp", address)
			if err != nil {
				t.Error(err)
				return
			}
			defer conn.Close()
			sent, got := sha256.New(), sha256.New()
			var sender sync.WaitGroup
			sender.Go(func() {
				source := io.LimitReader(rand.NewChaCha8([32]byte{byte(i)}), size)
				if _, err := io.Copy(conn, io.TeeReader(source, sent)); err != nil {
					t.Error(err)
				}
				if err := conn.(interface{ CloseWrite() error }).CloseWrite(); err != nil {
					t.Error(err)
				}
			})
			n, err := io.Copy(got, conn)
			sender.Wait()
			if err != nil || n != size || !bytes.Equal(sent.Sum(nil), got.Sum(nil)) {
				t.Errorf("stream %d: %d of %d bytes, error %v, or other bytes", i, n, size, err)
			}
		})
	}
	all.Wait()
}

func TestForwardHonoursHalfClose(t *testing.T) {
	r := start(t, nil)
	c := r.connect()
	t.Run("the client ends first", func(t *testing.T) {
		address := tcpServer(t, func(c *net.TCPConn) {
			request, _ := io.ReadAll(c) // needs the end of file to answer
			_, _ = c.Write(append([]byte("got "), request...))
		})
		ch, _ := openDirect(t, c, address)
		if _, err := ch.Write([]byte("all")); err != nil {
			t.Fatal(err)
		}
		if err := ch.CloseWrite(); err != nil {
			t.Fatal(err)
		}
		answer, err := io.ReadAll(ch)
		if string(answer) != "got all" || err != nil {
			t.Fatalf("%q, %v", answer, err)
		}
		ch.Close()
	})
	t.Run("the server ends first", func(t *testing.T) {
		received := make(chan string, 1)
		address := tcpServer(t, func(c *net.TCPConn) {
			_, _ = c.Write([]byte("hello"))
			_ = c.CloseWrite()
			rest, _ := io.ReadAll(c)
			received <- string(rest)
		})
		ch, _ := openDirect(t, c, address)
		greeting, err := io.ReadAll(ch)
		if string(greeting) != "hello" || err != nil {
			t.Fatalf("%q, %v", greeting, err)
		}
		if _, err := ch.Write([]byte("still talking")); err != nil {
			t.Fatal(err)
		}
		_ = ch.CloseWrite()
		if got := within(t, received); got != "still talking" {
			t.Fatalf("the server read %q", got)
		}
		ch.Close()
	})
}

// within receives before patience runs out.
func within[T any](t testing.TB, c <-chan T) T {
	t.Helper()
	select {
	case v := <-c:
		return v
	case <-time.After(patience):
		t.Fatal("nothing came")
		panic("unreachable")
	}
}

func TestForwardTellsWhyADialFailed(t *testing.T) {
	r := start(t, func(c *Config) { c.DialTimeout = 5 * time.Second })
	c := r.connect()
	tests := []struct {
		name, want string
		payload    []byte
	}{
		{"nobody listens", "refused", ssh.Marshal(directOpen{Host: "127.0.0.1", Port: uint32(freePort(t))})},
		{"no such name", "lookup", ssh.Marshal(directOpen{Host: "no-such-host.invalid", Port: 80})},
		{"no port", "not a TCP port", ssh.Marshal(directOpen{Host: "127.0.0.1"})},
		{"port too big", "not a TCP port", ssh.Marshal(directOpen{Host: "127.0.0.1", Port: 70000})},
		{"no host", "no host", ssh.Marshal(directOpen{Port: 80})},
		{"malformed", "malformed", []byte("x")},
		{"control characters", "not allowed", ssh.Marshal(directOpen{Host: "a\nb", Port: 80})},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, _, err := c.OpenChannel("direct-tcpip", tt.payload)
			var refused *ssh.OpenChannelError
			if !errors.As(err, &refused) || refused.Reason != ssh.ConnectionFailed || !strings.Contains(refused.Message, tt.want) {
				t.Fatalf("got %v, want connect failed with %q", err, tt.want)
			}
		})
	}
}

func TestStoppedReaderStallsNobodyElse(t *testing.T) {
	r := start(t, nil)
	c := r.connect()
	endless := tcpServer(t, func(c *net.TCPConn) {
		_, _ = io.Copy(c, rand.NewChaCha8([32]byte{})) // until the reader goes
	})
	stalled, _ := openDirect(t, c, endless)
	defer stalled.Close()
	// Until the window is full and the agent's writes stand still.
	if _, err := io.ReadFull(stalled, make([]byte, 1<<20)); err != nil {
		t.Fatal(err)
	}
	address := tcpServer(t, echo)
	for range 12 {
		ch, _ := openDirect(t, c, address)
		message := make([]byte, 256<<10)
		var sender sync.WaitGroup
		sender.Go(func() {
			_, _ = ch.Write(message)
			_ = ch.CloseWrite()
		})
		got, err := io.ReadAll(ch)
		sender.Wait()
		if len(got) != len(message) || err != nil {
			t.Fatalf("%d bytes, %v", len(got), err)
		}
		ch.Close()
	}
}

func TestResetOfThePodsPeerIsTold(t *testing.T) {
	r := start(t, nil)
	c := r.connect()
	address := tcpServer(t, func(c *net.TCPConn) {
		_, _ = c.Write([]byte("partial"))
		_, _ = io.ReadFull(c, make([]byte, 1)) // the client has read it
		reset(c)
	})
	ch, requests := openDirect(t, c, address)
	if _, err := io.ReadFull(ch, make([]byte, len("partial"))); err != nil {
		t.Fatal(err)
	}
	if _, err := ch.Write([]byte("x")); err != nil {
		t.Fatal(err)
	}
	told := false
	for r := range requests {
		told = told || r.Type == ResetRequest
	}
	if !told {
		t.Fatal("the channel was closed without " + ResetRequest)
	}
}

func TestHowTheClientsEndReachesThePod(t *testing.T) {
	tests := []struct {
		name  string
		end   func(*ssh.Client, ssh.Channel)
		reset bool
	}{
		{"end of file", func(_ *ssh.Client, ch ssh.Channel) { _ = ch.CloseWrite() }, false},
		{"close", func(_ *ssh.Client, ch ssh.Channel) { ch.Close() }, false},
		{"reset, end of file", func(_ *ssh.Client, ch ssh.Channel) {
			_, _ = ch.SendRequest(ResetRequest, false, nil)
			_ = ch.CloseWrite()
		}, true},
		{"reset, close", func(_ *ssh.Client, ch ssh.Channel) {
			_, _ = ch.SendRequest(ResetRequest, false, nil)
			ch.Close()
		}, true},
		{"link lost", func(c *ssh.Client, _ ssh.Channel) { c.Close() }, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := start(t, nil)
			c := r.connect()
			ended := make(chan error, 1)
			address := tcpServer(t, func(c *net.TCPConn) {
				c.SetDeadline(time.Now().Add(patience))
				_, err := io.ReadFull(c, make([]byte, 4))
				if err == nil {
					_, err = c.Read(make([]byte, 1))
				}
				ended <- err
			})
			ch, _ := openDirect(t, c, address)
			if _, err := ch.Write([]byte("data")); err != nil {
				t.Fatal(err)
			}
			tt.end(c, ch)
			if err := within(t, ended); isReset(err) != tt.reset || err == nil {
				t.Fatalf("the pod's peer saw %v, want a reset: %v", err, tt.reset)
			}
		})
	}
}

func TestRunEndsWithStreamsOpen(t *testing.T) {
	r := start(t, nil)
	c := r.connect()
	// A peer that neither reads nor writes, behind a full window.
	quiet := make(chan struct{})
	address := tcpServer(t, func(*net.TCPConn) { <-quiet })
	defer close(quiet)
	ch, _ := openDirect(t, c, address)
	var sender sync.WaitGroup
	sender.Go(func() { _, _ = io.Copy(ch, rand.NewChaCha8([32]byte{})) })
	idle, _ := openDirect(t, c, address)
	_ = idle
	r.stop()
	sender.Wait()
	if err := c.Wait(); err == nil {
		t.Error("the link ended without an error")
	}
}
