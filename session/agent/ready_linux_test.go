package agent

import (
	"bufio"
	"context"
	"errors"
	"net"
	"strings"
	"testing"
	"time"
)

// probe reads the first state of the readiness socket.
func probe(t testing.TB, r *rig) (line string, ready bool, err error) {
	t.Helper()
	conn, err := net.Dial("unix", r.socket)
	if err != nil {
		return "", false, err
	}
	defer conn.Close()
	line, err = bufio.NewReader(conn).ReadString('\n')
	line = strings.TrimSuffix(line, "\n")
	return line, line == stateReady, err
}

func TestReadyBlocksUntilEveryReverseIsBound(t *testing.T) {
	a, b := freePort(t), freePort(t)
	r := start(t, func(c *Config) { c.ReversePorts = []int{b, a, b} })
	result := make(chan error, 1)
	go func() { result <- AwaitReady(context.Background(), r.socket, patience, patience) }()

	one, two := r.connect(), r.connect()
	for i, link := range []struct {
		ok   bool
		bind func() (bool, string)
	}{
		{bind: func() (bool, string) { return requestForward(t, one, "0.0.0.0", a) }},
		{bind: func() (bool, string) { return requestForward(t, two, "0.0.0.0", b) }},
	} {
		if line, ready, err := probe(t, r); ready || err != nil {
			t.Fatalf("before bind %d: %q, %v", i, line, err)
		}
		select {
		case err := <-result:
			t.Fatalf("before bind %d the probe ended: %v", i, err)
		default:
		}
		if ok, reply := link.bind(); !ok {
			t.Fatal(reply)
		}
	}
	if err := within(t, result); err != nil {
		t.Fatal(err)
	}
	// At once the next time.
	if err := AwaitReady(context.Background(), r.socket, patience, patience); err != nil {
		t.Fatal(err)
	}
}

func TestReadyIsLostWithTheLink(t *testing.T) {
	port := freePort(t)
	r := start(t, func(c *Config) { c.ReversePorts = []int{port} })
	c := r.connect()
	if ok, reply := requestForward(t, c, "0.0.0.0", port); !ok {
		t.Fatal(reply)
	}
	c.Close()
	eventually(t, "readiness is lost", func() bool {
		line, _, _ := probe(t, r)
		return strings.HasPrefix(line, stateLost+" ")
	})
	began := time.Now()
	err := AwaitReady(context.Background(), r.socket, time.Hour, 50*time.Millisecond)
	if !errors.Is(err, ErrNotReady) || time.Since(began) > patience {
		t.Fatalf("%v after %v", err, time.Since(began))
	}

	// A probe that is under way sees the client come back.
	result := make(chan error, 1)
	go func() { result <- AwaitReady(context.Background(), r.socket, time.Hour, patience) }()
	again := r.connect()
	if ok, reply := requestForward(t, again, "0.0.0.0", port); !ok {
		t.Fatal(reply)
	}
	if err := within(t, result); err != nil {
		t.Fatal(err)
	}
}

func TestReadyGivesUpInTime(t *testing.T) {
	r := start(t, func(c *Config) { c.ReversePorts = []int{8080, 9090} })
	tests := []struct{ name, socket, want string }{
		{"not bound", r.socket, "not ready: waiting 8080,9090"},
		{"no agent", r.socket + "-none", "not ready: the agent does not answer"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			err := AwaitReady(context.Background(), tt.socket, 150*time.Millisecond, time.Hour)
			if !errors.Is(err, ErrNotReady) || err.Error() != tt.want {
				t.Fatalf("got %v, want %q", err, tt.want)
			}
		})
	}
}

func TestReadyWithoutReversesIsImmediate(t *testing.T) {
	r := start(t, nil)
	if err := AwaitReady(context.Background(), r.socket, patience, 0); err != nil {
		t.Fatal(err)
	}
}

func TestReadySurvivesProbersThatHang(t *testing.T) {
	port := freePort(t)
	r := start(t, func(c *Config) { c.ReversePorts = []int{port} })
	var hung []net.Conn
	for range maxProbes + 8 {
		conn, err := net.Dial("unix", r.socket)
		if err != nil {
			break // the socket's queue may be full for a moment
		}
		hung = append(hung, conn)
	}
	for _, conn := range hung {
		conn.Close()
	}
	c := r.connect()
	if ok, reply := requestForward(t, c, "0.0.0.0", port); !ok {
		t.Fatal(reply)
	}
	if err := AwaitReady(context.Background(), r.socket, patience, 0); err != nil {
		t.Fatal(err)
	}
}

func TestSecondAgentOnTheSameSocketIsRefused(t *testing.T) {
	r := start(t, nil)
	if err := AwaitReady(context.Background(), r.socket, patience, 0); err != nil {
		t.Fatal(err) // the first one has the socket
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	err := Run(ctx, Config{Listen: "127.0.0.1:0", ReadySocket: r.socket,
		HostKey: r.host.privatePEM, AuthorizedKey: r.client.authorized})
	if err == nil || !strings.Contains(err.Error(), "readiness socket") {
		t.Fatalf("got %v", err)
	}
}
