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
	// Listeners are where clients come, on loopback addresses; the Proxy closes them.
	Listeners []net.Listener
	// Dial connects to an address as seen from the pod; network is "tcp".
	// Connections that have CloseWrite are closed one direction at a time.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
	// Logger gets what no caller is there to hear. Its zero value is silent.
	Logger zerolog.Logger
}

// Proxy is a running proxy.
type Proxy struct {
	config Config
	http   *http.Server
	web    *queue // connections for http
	ctx    context.Context
	cancel context.CancelFunc
	slots  chan struct{}

	running sync.WaitGroup
	mu      sync.Mutex
	open    map[net.Conn]struct{}
	closed  bool
}

// Start starts a proxy, which runs until Close; ctx gives its values alone. The
// error is fault.InvalidParams for a listener that others could reach.
func Start(ctx context.Context, c Config) (*Proxy, error) {
	for _, l := range c.Listeners {
		if a, ok := l.Addr().(*net.TCPAddr); !ok || !a.IP.IsLoopback() {
			return nil, fault.New(fault.InvalidParams, "the proxy's address %s is not a loopback address", l.Addr()).
				Hint("through it anybody could reach the cluster; use 127.0.0.1")
		}
	}
	if len(c.Listeners) == 0 {
		return nil, fault.New(fault.InvalidParams, "a proxy needs an address to listen on")
	}
	p := &Proxy{config: c, slots: make(chan struct{}, maxConnections), open: map[net.Conn]struct{}{}}
	p.ctx, p.cancel = context.WithCancel(context.WithoutCancel(ctx))
	p.web = newQueue(c.Listeners[0].Addr())
	p.http = p.httpServer()
	p.running.Go(func() { _ = p.http.Serve(p.web) }) // ends with the queue
	for _, l := range c.Listeners {
		p.running.Go(func() { p.accept(l) })
	}
	return p, nil
}

// Addr is where the proxy listens, the first address of several.
func (p *Proxy) Addr() string { return p.config.Listeners[0].Addr().String() }

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
	var errs []error
	for _, l := range p.config.Listeners {
		if err := l.Close(); !errors.Is(err, net.ErrClosed) { // closed before
			errs = append(errs, err)
		}
	}
	p.http.Close()
	p.web.Close()
	p.running.Wait()
	return errors.Join(errs...)
}

func (p *Proxy) accept(l net.Listener) {
	for {
		select {
		case p.slots <- struct{}{}:
		case <-p.ctx.Done():
			return
		}
		conn, err := l.Accept()
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
	looked := bufio.NewReader(client.Conn)
	client.read = looked
	first, err := looked.Peek(1)
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
