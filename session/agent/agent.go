package agent

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/crypto/ssh"

	"github.com/tandem-dev/tandem/session/mux"
)

// DefaultListen is where the agent listens unless told otherwise: the pod's
// loopback, outside the range of ephemeral ports.
const DefaultListen = "127.0.0.1:2722"

// Limits. They are far above what a session needs and keep a mistaken or
// hostile neighbour in the pod from exhausting the container.
const (
	maxConnections   = 64   // SSH links at once, those still in the handshake included
	maxStreams       = 2048 // tunnelled TCP connections and sessions per link
	handshakeTimeout = 10 * time.Second
	maxAuthTries     = 3
)

// Config says where an agent listens and whom it lets in.
type Config struct {
	// Listen is the address for SSH, "127.0.0.1:PORT"; empty is DefaultListen.
	// It must be a loopback address.
	Listen string
	// Listener is served in place of Listen where it is not nil. Run closes it.
	Listener net.Listener

	// HostKeyFile holds the server's private key in OpenSSH or PKCS PEM form,
	// without a passphrase. HostKey is the content itself and wins.
	HostKeyFile string
	HostKey     []byte
	// AuthorizedKeyFile holds the one client key that is let in, as a line in
	// the format of authorized_keys, without options. AuthorizedKey is the
	// content itself and wins.
	AuthorizedKeyFile string
	AuthorizedKey     []byte

	// ReversePorts are the ports that must be bound for readiness. The client may
	// bind others too, which readiness does not ask about.
	ReversePorts []int
	// ReverseBind is the address that a request for every interface binds.
	// Empty means every address of every family the pod has.
	ReverseBind string

	// ReadySocket is the name of the abstract Unix socket that answers
	// AwaitReady, see ReadySocket. Empty means none. Linux only.
	ReadySocket string

	// DialTimeout bounds the dial of a forward, name resolution included; zero
	// means 10 s.
	DialTimeout time.Duration
	// IdleTimeout is how long a link may stay silent before it counts as lost.
	// Keepalives are sent after a third of it. Zero means 45 s.
	IdleTimeout time.Duration

	// Linger is how long Run goes on after ctx is done, as long as a client is
	// there: a pod that is told to end still gets connections until every node
	// has heard of it, which takes kube-proxy a second or two. Zero ends at once.
	Linger time.Duration

	// Guard is asked whether a link may stand, and gives the workload back where
	// there is none for too long; see package giveback. Nil is none.
	Guard Guard

	// Environ is what the environ subsystem returns; nil means the environment
	// at the start of the process.
	Environ []string

	// Logf receives one line per event: links, reverses, refusals; never data
	// and never a value of the environment. Nil discards. It may be called from
	// several goroutines.
	Logf func(format string, args ...any)

	hostKeyFingerprint string // for the log
}

// server is a running agent.
type server struct {
	cfg     Config
	ssh     *ssh.ServerConfig
	ports   *ports
	plane   *plane
	names   *names
	streams sync.WaitGroup // accept loops and streams of reverses
	links   sync.WaitGroup
	slots   chan struct{} // one per possible link
	open    atomic.Int64  // links
	ended   chan struct{} // has a token after a link has ended
	present presence
}

// Run serves until ctx is done and Config.Linger over, and returns nil then, or until it cannot serve:
// an unreadable key, an address that cannot be bound. When it returns every
// connection is closed and every goroutine it started has ended.
func Run(ctx context.Context, cfg Config) error {
	cfg = cfg.withDefaults()
	sshConfig, err := cfg.serverConfig()
	if err != nil {
		return errors.Join(err, closeListener(cfg.Listener))
	}
	ln := cfg.Listener
	if ln == nil {
		if ln, err = listenLoopback(ctx, cfg.Listen); err != nil {
			return err
		}
	}

	asked := ctx
	ctx, cancel := context.WithCancel(context.WithoutCancel(asked))
	s := &server{cfg: cfg, ssh: sshConfig, slots: make(chan struct{}, maxConnections), ended: make(chan struct{}, 1), names: newNames(),
		present: presence{since: time.Now()}}
	s.plane = &plane{server: s, ctx: ctx, admits: map[*link][mux.TokenSize]byte{}}
	s.ports = newPorts(cfg.ReversePorts, cfg.ReverseBind, s.forwarded, &s.streams)

	var aux sync.WaitGroup
	if cfg.ReadySocket != "" {
		probes, err := listenReady(ctx, cfg.ReadySocket)
		if err != nil {
			cancel()
			return errors.Join(fmt.Errorf("opening the readiness socket %q: %w", cfg.ReadySocket, err), ln.Close())
		}
		aux.Go(func() { serveReady(ctx, probes, s.ports) })
	}
	aux.Go(func() { // ends with ctx, which it ends
		defer cancel()
		select {
		case <-asked.Done():
			s.linger(ctx)
		case <-ctx.Done():
		}
	})
	stopClosing := closeWhenDone(ctx, ln)

	cfg.Logf("serving on %s, host key %s", ln.Addr(), cfg.hostKeyFingerprint)
	err = s.accept(ctx, ln)
	cancel()
	stopClosing()
	s.links.Wait() // each link releases its ports as it ends
	s.streams.Wait()
	aux.Wait()
	cfg.Logf("stopped")
	return err
}

// linger waits until no link is left, for at most Config.Linger.
func (s *server) linger(ctx context.Context) {
	timer := time.NewTimer(s.cfg.Linger)
	defer timer.Stop()
	for s.open.Load() > 0 {
		select {
		case <-s.ended:
		case <-timer.C:
			return
		case <-ctx.Done():
			return
		}
	}
}

func (s *server) accept(ctx context.Context, ln net.Listener) error {
	for number := uint64(1); ; number++ {
		// A slot first: beyond the limit new links wait in the kernel's queue.
		select {
		case s.slots <- struct{}{}:
		case <-ctx.Done():
			return nil
		}
		conn, err := ln.Accept()
		if err != nil {
			<-s.slots
			if ctx.Err() != nil {
				return nil
			}
			if isTemporary(err) && pause(ctx.Done(), acceptBackoff) {
				continue
			}
			return fmt.Errorf("accepting on %s: %w", ln.Addr(), err)
		}
		s.open.Add(1)
		s.links.Go(func() {
			defer func() {
				<-s.slots
				s.open.Add(-1)
				select {
				case s.ended <- struct{}{}:
				default:
				}
			}()
			s.serveLink(ctx, conn, number)
		})
	}
}

func (c Config) withDefaults() Config {
	if c.Listen == "" {
		c.Listen = DefaultListen
	}
	if c.DialTimeout <= 0 {
		c.DialTimeout = 10 * time.Second
	}
	if c.IdleTimeout <= 0 {
		c.IdleTimeout = 45 * time.Second
	}
	if c.Environ == nil {
		c.Environ = startEnviron
	}
	if c.Logf == nil {
		c.Logf = func(string, ...any) {}
	}
	return c
}

// listenLoopback refuses anything that could be reached from outside the pod.
func listenLoopback(ctx context.Context, address string) (net.Listener, error) {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return nil, fmt.Errorf("listen address %q: %w", address, err)
	}
	if ip := net.ParseIP(host); host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return nil, fmt.Errorf("listen address %q is not a loopback address", address)
	}
	var lc net.ListenConfig
	ln, err := lc.Listen(ctx, "tcp", address)
	if err != nil {
		return nil, fmt.Errorf("listening on %s: %w", address, err)
	}
	return ln, nil
}

func closeListener(ln net.Listener) error {
	if ln == nil {
		return nil
	}
	return ln.Close()
}
