package agent

import (
	"bytes"
	"crypto/sha256"
	"io"
	"math/rand/v2"
	"net"
	"strconv"
	"sync"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"
)

// serveForwarded serves every forwarded-tcpip channel of the client with
// handle, until the link ends.
func serveForwarded(t testing.TB, c *ssh.Client, handle func(ssh.Channel, <-chan *ssh.Request)) {
	t.Helper()
	channels := c.HandleChannelOpen("forwarded-tcpip")
	var open sync.WaitGroup
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer open.Wait()
		for nc := range channels {
			ch, requests, err := nc.Accept()
			if err != nil {
				continue
			}
			open.Go(func() {
				defer ch.Close()
				handle(ch, requests)
			})
		}
	}()
	t.Cleanup(func() {
		c.Close()
		<-done
	})
}

// say answers every forwarded connection with a word, so that a test sees which
// link served it.
func say(word string) func(ssh.Channel, <-chan *ssh.Request) {
	return func(ch ssh.Channel, requests <-chan *ssh.Request) {
		_, _ = io.WriteString(ch, word)
		_ = ch.CloseWrite()
		for range requests {
		}
	}
}

// hear connects to a reverse and reads what it says.
func hear(t testing.TB, address string) string {
	t.Helper()
	c := dialTCP(t, address)
	defer c.Close()
	_ = c.CloseWrite()
	b, err := io.ReadAll(c)
	if err != nil {
		return err.Error()
	}
	return string(b)
}

func TestReverseCarriesBytesBothWays(t *testing.T) {
	r := start(t, nil)
	c := r.connect()
	ln, err := c.Listen("tcp", "127.0.0.1:0") // x/crypto's own client, port chosen by the agent
	if err != nil {
		t.Fatal(err)
	}
	port := ln.Addr().(*net.TCPAddr).Port
	var served sync.WaitGroup
	served.Go(func() {
		var streams sync.WaitGroup
		defer streams.Wait()
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			streams.Go(func() {
				defer conn.Close()
				_, _ = io.Copy(conn, conn)
				_ = conn.(interface{ CloseWrite() error }).CloseWrite()
			})
		}
	})
	const size, streams = 16 << 20, 4
	var all sync.WaitGroup
	for i := range streams {
		all.Go(func() {
			conn := dialTCP(t, loopback(port))
			sent, got := sha256.New(), sha256.New()
			var sender sync.WaitGroup
			sender.Go(func() {
				_, _ = io.Copy(conn, io.TeeReader(io.LimitReader(rand.NewChaCha8([32]byte{byte(i)}), size), sent))
				_ = conn.CloseWrite()
			})
			n, err := io.Copy(got, conn)
			sender.Wait()
			if n != size || err != nil || !bytes.Equal(sent.Sum(nil), got.Sum(nil)) {
				t.Errorf("stream %d: %d of %d bytes, %v, or other bytes", i, n, size, err)
			}
		})
	}
	all.Wait()
	if err := ln.Close(); err != nil { // cancel-tcpip-forward
		t.Errorf("cancelling: %v", err)
	}
	served.Wait()
	if c, err := net.Dial("tcp", loopback(port)); err == nil {
		c.Close()
		t.Error("the port still accepts after the reverse was cancelled")
	}
}

func TestReverseHonoursHalfClose(t *testing.T) {
	r := start(t, nil)
	c := r.connect()
	received := make(chan string, 1)
	serveForwarded(t, c, func(ch ssh.Channel, requests <-chan *ssh.Request) {
		_, _ = io.WriteString(ch, "greeting")
		_ = ch.CloseWrite()
		b, _ := io.ReadAll(ch)
		received <- string(b)
		ch.Close()
		for range requests {
		}
	})
	port := freePort(t)
	if ok, reply := requestForward(t, c, "127.0.0.1", port); !ok {
		t.Fatal(reply)
	}
	conn := dialTCP(t, loopback(port))
	if b, err := io.ReadAll(conn); string(b) != "greeting" || err != nil {
		t.Fatalf("%q, %v", b, err)
	}
	if _, err := conn.Write([]byte("after your end")); err != nil {
		t.Fatal(err)
	}
	_ = conn.CloseWrite()
	if got := within(t, received); got != "after your end" {
		t.Fatalf("the client read %q", got)
	}
}

func TestReverseResetsWhomTheClientDoesNotServe(t *testing.T) {
	r := start(t, nil)
	c := r.connect()
	port := freePort(t)
	if ok, reply := requestForward(t, c, "127.0.0.1", port); !ok {
		t.Fatal(reply)
	}
	// This client rejects every channel, as one does whose local port is closed.
	conn, err := net.Dial("tcp", loopback(port))
	if err == nil { // otherwise the reset came before the dial looked
		defer conn.Close()
		conn.SetDeadline(time.Now().Add(patience))
		_, err = conn.Read(make([]byte, 1))
	}
	if !isReset(err) {
		t.Fatalf("the caller saw %v, want a reset", err)
	}
}

func TestReverseSaysWhyItWasRefused(t *testing.T) {
	occupied, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer occupied.Close()
	busy := occupied.Addr().(*net.TCPAddr).Port
	declared := freePort(t)
	r := start(t, func(c *Config) { c.ReversePorts = []int{declared, busy} })
	c := r.connect()
	tests := []struct {
		name, address string
		port          int
		want          string
	}{
		{"taken", "127.0.0.1", busy, "address already in use"},
		{"taken, every interface", "0.0.0.0", busy, "address already in use"},
		{"a name", "example.org", declared, `bind address "example.org" is not an IP address`},
		{"no such port", "", 70000, "port 70000 is not a TCP port"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if ok, reply := requestForward(t, c, tt.address, tt.port); ok || reply != tt.want {
				t.Fatalf("%v, %q; want a refusal with %q", ok, reply, tt.want)
			}
		})
	}
	if ok, reply := requestForward(t, c, "0.0.0.0", declared); !ok {
		t.Fatalf("the declared port was refused: %s", reply)
	}
	if ok, reply := requestForward(t, c, "0.0.0.0", declared); ok || reply != "already forwarded on this connection" {
		t.Fatalf("twice on one connection: %v, %q", ok, reply)
	}
	if ok, _, err := c.SendRequest("tcpip-forward", true, []byte("x")); ok || err != nil {
		t.Fatalf("malformed: %v, %v", ok, err)
	}
	cancel := ssh.Marshal(forwardRequest{"0.0.0.0", uint32(busy)})
	if ok, reply, err := c.SendRequest("cancel-tcpip-forward", true, cancel); ok || err != nil || string(reply) != "not forwarded on this connection" {
		t.Fatalf("cancelling what was never bound: %v, %q, %v", ok, reply, err)
	}
}

// Ports beyond the declared ones come and go without a word to the probe.
func TestReadinessIsForDeclaredPorts(t *testing.T) {
	declared, later := freePort(t), freePort(t)
	r := start(t, func(c *Config) { c.ReversePorts = []int{declared} })
	c := r.connect()
	expect := func(want bool) {
		t.Helper()
		if line, ready, err := probe(t, r); err != nil || ready != want {
			t.Fatalf("%q, %v; want ready %v", line, err, want)
		}
	}
	forward := func(port int) {
		t.Helper()
		if ok, reply := requestForward(t, c, "", port); !ok {
			t.Fatalf("port %d: %s", port, reply)
		}
	}
	cancel := func(port int) {
		t.Helper()
		if ok, reply, err := c.SendRequest("cancel-tcpip-forward", true, ssh.Marshal(forwardRequest{"", uint32(port)})); !ok || err != nil {
			t.Fatalf("port %d: %s, %v", port, reply, err)
		}
	}
	forward(later)
	expect(false) // it is no substitute for the declared one
	forward(declared)
	expect(true)
	cancel(later)
	expect(true)
	forward(later)
	cancel(declared)
	expect(false)
}

func TestReverseIsReachableInEveryFamily(t *testing.T) {
	haveIPv6 := false
	if ln, err := net.Listen("tcp", "[::1]:0"); err == nil {
		ln.Close()
		haveIPv6 = true
	}
	for _, address := range []string{"", "*", "0.0.0.0", "::", "localhost"} {
		t.Run("bind "+strconv.Quote(address), func(t *testing.T) {
			r := start(t, nil)
			c := r.connect()
			serveForwarded(t, c, say("hello"))
			port := freePort(t)
			if ok, reply := requestForward(t, c, address, port); !ok {
				t.Fatal(reply)
			}
			if got := hear(t, loopback(port)); got != "hello" {
				t.Errorf("IPv4: %q", got)
			}
			if haveIPv6 {
				if got := hear(t, net.JoinHostPort("::1", strconv.Itoa(port))); got != "hello" {
					t.Errorf("IPv6: %q", got)
				}
			}
		})
	}
}

func TestReverseBindReplacesTheWildcardOnly(t *testing.T) {
	r := start(t, func(c *Config) { c.ReverseBind = "127.0.0.1" })
	c := r.connect()
	port := freePort(t)
	if ok, reply := requestForward(t, c, "0.0.0.0", port); !ok {
		t.Fatal(reply)
	}
	// Another address of the same port is still free.
	ln, err := net.Listen("tcp", net.JoinHostPort("127.0.0.2", strconv.Itoa(port)))
	if err != nil {
		t.Fatalf("the reverse took more than 127.0.0.1: %v", err)
	}
	ln.Close()
}

func TestForwardedConnectionNamesTheRequest(t *testing.T) {
	r := start(t, nil)
	c := r.connect()
	port := freePort(t)
	opened := c.HandleChannelOpen("forwarded-tcpip")
	if ok, reply := requestForward(t, c, "0.0.0.0", port); !ok {
		t.Fatal(reply)
	}
	conn := dialTCP(t, loopback(port))
	nc := within(t, opened)
	var got directOpen
	if err := ssh.Unmarshal(nc.ExtraData(), &got); err != nil {
		t.Fatal(err)
	}
	local := conn.LocalAddr().(*net.TCPAddr)
	want := directOpen{"0.0.0.0", uint32(port), "127.0.0.1", uint32(local.Port)}
	if got != want {
		t.Fatalf("got %+v, want %+v", got, want)
	}
	_ = nc.Reject(ssh.Prohibited, "")
}

func TestNewerLinkTakesReverseOver(t *testing.T) {
	for _, addresses := range [][2]string{{"0.0.0.0", "0.0.0.0"}, {"127.0.0.1", "0.0.0.0"}} {
		t.Run(addresses[0]+" to "+addresses[1], func(t *testing.T) {
			port := freePort(t)
			r := start(t, func(c *Config) { c.ReversePorts = []int{port} })
			older, newer := r.connect(), r.connect()
			serveForwarded(t, older, say("older"))
			serveForwarded(t, newer, say("newer"))

			if ok, reply := requestForward(t, older, addresses[0], port); !ok {
				t.Fatal(reply)
			}
			if got := hear(t, loopback(port)); got != "older" {
				t.Fatalf("before: %q", got)
			}
			if ok, reply := requestForward(t, newer, addresses[1], port); !ok {
				t.Fatalf("the newer link was refused: %s", reply)
			}
			if got := hear(t, loopback(port)); got != "newer" {
				t.Fatalf("after: %q", got)
			}
			// The older one can neither cancel nor win it back, and its end
			// leaves the port alone.
			cancel := ssh.Marshal(forwardRequest{addresses[0], uint32(port)})
			if ok, _, err := older.SendRequest("cancel-tcpip-forward", true, cancel); ok || err != nil {
				t.Fatalf("the older link cancelled: %v, %v", ok, err)
			}
			if ok, _ := requestForward(t, older, addresses[1], port); ok {
				t.Fatal("the older link took the port back")
			}
			older.Close()
			_ = older.Wait()
			if got := hear(t, loopback(port)); got != "newer" {
				t.Fatalf("after the end of the older: %q", got)
			}
		})
	}
}

func TestReverseEndsWithItsLink(t *testing.T) {
	r := start(t, nil)
	first := r.connect()
	port := freePort(t)
	if ok, reply := requestForward(t, first, "0.0.0.0", port); !ok {
		t.Fatal(reply)
	}
	first.Close()
	eventually(t, "the port is free", func() bool {
		ln, err := net.Listen("tcp", net.JoinHostPort("", strconv.Itoa(port)))
		if err == nil {
			ln.Close()
		}
		return err == nil
	})
}

func TestSilentLinkIsLost(t *testing.T) {
	const idle = 300 * time.Millisecond
	port := freePort(t)
	r := start(t, func(c *Config) {
		c.IdleTimeout = idle
		c.ReversePorts = []int{port}
	})
	// A raw socket under the client, so that its packets can stop while the
	// connection stands, as when a laptop sleeps.
	raw := dialTCP(t, r.address)
	gate := &gatedConn{Conn: raw}
	sc, channels, requests, err := ssh.NewClientConn(gate, r.address, r.config(r.client))
	if err != nil {
		t.Fatal(err)
	}
	c := ssh.NewClient(sc, channels, requests)
	defer c.Close()
	if ok, reply := requestForward(t, c, "0.0.0.0", port); !ok {
		t.Fatal(reply)
	}

	alive := time.Now()
	for time.Since(alive) < 4*idle { // quiet but for keepalives: it lives
		if _, served, _ := probe(t, r); !served {
			t.Fatal("a link that answers keepalives was given up")
		}
		time.Sleep(idle / 4)
	}
	gate.mute()
	eventually(t, "the port of the silent link is released", func() bool {
		_, ready, _ := probe(t, r)
		return !ready
	})
}

// gatedConn swallows what is written once it is mute.
type gatedConn struct {
	net.Conn
	mu   sync.Mutex
	shut bool
}

func (g *gatedConn) mute() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.shut = true
}

func (g *gatedConn) Write(p []byte) (int, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.shut {
		return len(p), nil
	}
	return g.Conn.Write(p)
}
