package proxy

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"github.com/tandem-dev/tandem/internal/fault"
)

// Limits.
const (
	// greetingTimeout is how long a client may be silent after connecting.
	greetingTimeout = 30 * time.Second
	// dialTimeout bounds a connection's way into the cluster; it is longer than
	// what a forward waits for a link that is away.
	dialTimeout = 45 * time.Second
	// maxConnections are served at once; more wait in the kernel's queue.
	maxConnections = 1024
)

// Config is what a Proxy is made of.
type Config struct {
	// Listen is the loopback address; empty is "127.0.0.1:0", any free port.
	Listen string
	// Dial connects to an address as seen from the pod; network is "tcp".
	// Connections that have CloseWrite are closed one direction at a time.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
	// Logger gets what no caller is there to hear. Its zero value is silent.
	Logger zerolog.Logger
}

// Proxy is a running proxy.
type Proxy struct {
	config   Config
	listener net.Listener
	http     *http.Server
	web      *queue // connections for http
	ctx      context.Context
	cancel   context.CancelFunc
	slots    chan struct{}

	running sync.WaitGroup
	mu      sync.Mutex
	open    map[net.Conn]struct{}
	closed  bool
}

// Listen starts a proxy, which runs until Close; ctx bounds the start alone. The
// error is a fault.PortInUse, fault.PortPrivileged or what else binding gives.
func Listen(ctx context.Context, c Config) (*Proxy, error) {
	if c.Listen == "" {
		c.Listen = "127.0.0.1:0"
	}
	host, _, err := net.SplitHostPort(c.Listen)
	if err != nil {
		return nil, fault.Wrap(err, fault.InvalidParams, "the proxy's address %q", c.Listen)
	}
	if ip := net.ParseIP(host); host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return nil, fault.New(fault.InvalidParams, "the proxy's address %q is not a loopback address", c.Listen).
			Hint("through it anybody could reach the cluster; use 127.0.0.1")
	}
	var lc net.ListenConfig
	ln, err := lc.Listen(ctx, "tcp", c.Listen)
	if err != nil {
		return nil, fault.Wrap(err, fault.PortInUse, "the proxy cannot listen on %s", c.Listen).
			Hint("choose another port, or 0 for a free one")
	}
	p := &Proxy{config: c, listener: ln, slots: make(chan struct{}, maxConnections), open: map[net.Conn]struct{}{}}
	p.ctx, p.cancel = context.WithCancel(context.WithoutCancel(ctx))
	p.web = newQueue(ln.Addr())
	p.http = p.httpServer()
	p.running.Go(func() { _ = p.http.Serve(p.web) }) // ends with the queue
	p.running.Go(p.accept)
	return p, nil
}

// Addr is where the proxy listens.
func (p *Proxy) Addr() string { return p.listener.Addr().String() }

// Environ are the variables that make programs use the proxy, as NAME=VALUE.
// Both spellings are there, because curl reads http_proxy in lower case only and
// others the upper one; this machine's own addresses go direct.
func (p *Proxy) Environ() []string {
	socks, web, own := "socks5h://"+p.Addr(), "http://"+p.Addr(), "localhost,127.0.0.1,::1"
	return []string{
		"ALL_PROXY=" + socks, "HTTPS_PROXY=" + web, "HTTP_PROXY=" + web, "NO_PROXY=" + own,
		"all_proxy=" + socks, "http_proxy=" + web, "https_proxy=" + web, "no_proxy=" + own,
	}
}

// Close ends the proxy and every connection through it, and returns when all of
// its goroutines have ended.
func (p *Proxy) Close() error {
	p.mu.Lock()
	p.closed = true
	for conn := range p.open {
		conn.Close()
	}
	p.mu.Unlock()
	p.cancel()
	err := p.listener.Close()
	p.http.Close()
	p.web.Close()
	p.running.Wait()
	if errors.Is(err, net.ErrClosed) {
		return nil // closed before
	}
	return err
}

func (p *Proxy) accept() {
	for {
		select {
		case p.slots <- struct{}{}:
		case <-p.ctx.Done():
			return
		}
		conn, err := p.listener.Accept()
		if err != nil {
			<-p.slots
			if p.ctx.Err() != nil || errors.Is(err, net.ErrClosed) {
				return
			}
			// Out of file descriptors, for example: one connection's end mends it.
			timer := time.NewTimer(50 * time.Millisecond)
			select {
			case <-timer.C:
			case <-p.ctx.Done():
				timer.Stop()
				return
			}
			continue
		}
		client := p.track(conn)
		if client == nil {
			return
		}
		p.running.Go(func() {
			defer func() { <-p.slots }()
			p.greet(client)
		})
	}
}

// greet finds out what the client speaks. SOCKS is served here, HTTP by its
// server, which then owns the connection.
func (p *Proxy) greet(client *tracked) {
	_ = client.SetReadDeadline(time.Now().Add(greetingTimeout))
	client.read = bufio.NewReader(client.Conn)
	first, err := client.read.Peek(1)
	_ = client.SetReadDeadline(time.Time{})
	switch {
	case err != nil:
		client.Close()
	case first[0] == socksVersion:
		p.serveSOCKS(client)
	default:
		p.web.put(client)
		<-client.ended // its slot is taken until then
	}
}

// dial goes into the cluster, for as long as the proxy lives.
func (p *Proxy) dial(ctx context.Context, address string) (*tracked, error) {
	ctx, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	stop := context.AfterFunc(p.ctx, cancel)
	defer stop()
	conn, err := p.config.Dial(ctx, "tcp", address)
	if err != nil {
		p.config.Logger.Debug().Err(err).Str("address", address).Msg("the proxy's way into the cluster")
		return nil, fmt.Errorf("connecting to %s in the cluster: %w", address, err)
	}
	if t := p.track(conn); t != nil {
		return t, nil
	}
	return nil, net.ErrClosed
}
