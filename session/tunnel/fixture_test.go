package tunnel

import (
	"context"
	"errors"
	"io"
	"net"
	"strconv"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/tandem-dev/tandem/session/agent"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// pod is a real agent on the loopback, with the keys it was started with.
type pod struct {
	address string
	keys    Keys
}

// startPod runs an agent until the test ends.
func startPod(tb testing.TB, change func(*agent.Config)) *pod {
	tb.Helper()
	keys, err := NewKeys()
	if err != nil {
		tb.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	cfg := agent.Config{
		Listener:      listener,
		HostKey:       keys.HostPrivatePEM,
		AuthorizedKey: keys.ClientAuthorized,
		ReverseBind:   "127.0.0.1",
	}
	if change != nil {
		change(&cfg)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- agent.Run(ctx, cfg) }()
	tb.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil && !errors.Is(err, context.Canceled) {
			tb.Errorf("agent: %v", err)
		}
	})
	return &pod{address: listener.Addr().String(), keys: keys}
}

func (p *pod) dial(ctx context.Context) (net.Conn, error) {
	var d net.Dialer
	return d.DialContext(ctx, "tcp", p.address)
}

func (p *pod) dialPort(ctx context.Context, port int) (net.Conn, error) {
	var d net.Dialer
	return d.DialContext(ctx, "tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
}

func (p *pod) config() Config { return Config{Dial: p.dial, DialPort: p.dialPort, Keys: p.keys} }

// connect links to the pod until the test ends.
func connect(tb testing.TB, cfg Config) *Link {
	tb.Helper()
	link, err := Connect(tb.Context(), cfg)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { link.Close() })
	return link
}

// serveTCP runs handle for every connection to a fresh loopback port, and joins
// all of them when the test ends.
func serveTCP(tb testing.TB, handle func(*net.TCPConn)) (address string) {
	tb.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	var wg sync.WaitGroup
	var mu sync.Mutex
	open := map[net.Conn]bool{}
	wg.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			mu.Lock()
			open[c] = true
			mu.Unlock()
			wg.Go(func() {
				handle(c.(*net.TCPConn))
				c.Close()
				mu.Lock()
				delete(open, c)
				mu.Unlock()
			})
		}
	})
	tb.Cleanup(func() {
		l.Close()
		mu.Lock()
		for c := range open {
			c.Close()
		}
		mu.Unlock()
		wg.Wait()
	})
	return l.Addr().String()
}

// echo sends back what it reads and ends when its input does.
func echo(c *net.TCPConn) {
	if _, err := io.Copy(c, c); err == nil {
		c.CloseWrite()
	}
}

func dialTCP(tb testing.TB, address string) *net.TCPConn {
	tb.Helper()
	c, err := net.DialTimeout("tcp", address, 10*time.Second)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { c.Close() })
	c.SetDeadline(time.Now().Add(time.Minute)) // a hang must fail, not stall
	return c.(*net.TCPConn)
}

// freePort is a loopback port that nobody listens on.
func freePort(tb testing.TB) string {
	tb.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// route is one way through the link, for tests that hold for both kinds.
type route struct {
	name  string
	plane DataPlane // set by eachWay
	// open gives the address to dial for connections that arrive at target.
	open func(tb testing.TB, link *Link, target string) (*Tunnel, string)
}

var bothWays = []route{
	{name: "forward", open: openForward},
	{name: "reverse", open: openReverse},
}

// eachWay runs a test for both kinds on every data plane.
func eachWay(t *testing.T, test func(t *testing.T, r route)) {
	for _, plane := range []DataPlane{Direct, SSH} {
		for _, r := range bothWays {
			r.plane = plane
			t.Run(string(plane)+"/"+r.name, func(t *testing.T) { test(t, r) })
		}
	}
}

// link connects to a fresh pod by the route's plane.
func (r route) link(tb testing.TB) *Link {
	tb.Helper()
	cfg := startPod(tb, nil).config()
	cfg.DataPlane = r.plane
	link := connect(tb, cfg)
	if got := link.DataPlane(); got != r.plane {
		tb.Fatalf("the data plane is %s, want %s", got, r.plane)
	}
	return link
}

func openForward(tb testing.TB, link *Link, target string) (*Tunnel, string) {
	tb.Helper()
	t, err := link.OpenForward(tb.Context(), ForwardSpec{Listen: "127.0.0.1:0", Remote: target})
	if err != nil {
		tb.Fatal(err)
	}
	return t, t.State().Local
}

func openReverse(tb testing.TB, link *Link, target string) (*Tunnel, string) {
	tb.Helper()
	// Another process may take the port before the agent has it: rare, and then
	// the next one will do.
	for try := 0; ; try++ {
		remote := freePort(tb)
		t, err := link.OpenReverse(tb.Context(), ReverseSpec{Remote: remote, Local: target})
		if err == nil {
			return t, remote
		}
		if try == 3 {
			tb.Fatal(err)
		}
	}
}

// eventually waits for a condition that another goroutine brings about.
func eventually(tb testing.TB, what string, holds func() bool) {
	tb.Helper()
	deadline := time.Now().Add(10 * time.Second)
	for !holds() {
		if time.Now().After(deadline) {
			tb.Fatalf("never: %s", what)
		}
		time.Sleep(2 * time.Millisecond)
	}
}

// pipeListener accepts the far ends of unbuffered in-memory connections.
type pipeListener struct {
	conns  chan net.Conn
	closed chan struct{}
	once   sync.Once
}

func newPipeListener() *pipeListener {
	return &pipeListener{conns: make(chan net.Conn), closed: make(chan struct{})}
}

func (l *pipeListener) dial(ctx context.Context) (net.Conn, error) {
	near, far := net.Pipe()
	select {
	case l.conns <- far:
		return near, nil
	case <-l.closed:
		return nil, net.ErrClosed
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (l *pipeListener) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

func (l *pipeListener) Close() error {
	l.once.Do(func() { close(l.closed) })
	return nil
}

func (l *pipeListener) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)} }
