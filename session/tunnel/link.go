package tunnel

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"

	"github.com/rs/zerolog"
	"golang.org/x/crypto/ssh"

	"github.com/tandem-dev/tandem/internal/fault"
	"github.com/tandem-dev/tandem/session/mux"
)

// Dialer opens one byte stream to the agent's SSH port, in practice a stream of
// a Kubernetes port-forward. ctx limits the dialling only: the connection lives
// on when ctx ends. Deadlines on the connection are not needed; Close must make
// a blocked Read and a blocked Write return.
type Dialer func(ctx context.Context) (net.Conn, error)

// Config is what [Connect] needs.
type Config struct {
	// Dial opens a stream to the agent's SSH port: one for control, and one for
	// data where the plane is SSH.
	Dial Dialer
	// DialPort opens a stream to another port of the pod's loopback, for the direct
	// data plane. Nil leaves SSH.
	DialPort func(ctx context.Context, port int) (net.Conn, error)
	// DataPlane is what carries the tunnels; "" is Auto.
	DataPlane DataPlane
	// Keys pins the agent and proves the laptop.
	Keys Keys
	// User is the SSH user name; the agent takes any. Empty means "tandem".
	User string
	// Keepalive says how a dead link is noticed. Its zero value is the default.
	Keepalive Keepalive
	// HandshakeTimeout limits dialling and handshake. Zero means 15 s.
	HandshakeTimeout time.Duration
	// Logger gets what no caller is there to hear. Its zero value is silent.
	Logger zerolog.Logger
	// OnChange is [Options.OnChange] of the link's own tunnels.
	OnChange func()
}

// ErrClosed is what [Link.Err] gives after [Link.Close].
var ErrClosed = errors.New("link closed")

// Link is a living connection to the agent in the dev container. It consists of an
// SSH connection for control, so that keepalives and the environment never queue
// behind bulk data, and of connections for what the tunnels carry: several of the
// direct plane, or one more of SSH.
//
// A Link dies once and for all, when one of its connections does; [Link.Done]
// tells. Its methods are safe for concurrent use.
type Link struct {
	cfg           Config
	control, data *sshConn // data is nil where the plane is direct
	direct        *direct  // nil where it is SSH
	probed        []probed // all of them, for the keepalive
	tunnels       *Tunnels // opened through the link itself, ending with it
	routes        routes   // where incoming reverse connections go

	unwatch func() // of the surroundings

	ctx    context.Context // ends with the link, before done is closed
	cancel context.CancelFunc
	done   chan struct{}
	once   sync.Once
	err    error // set before done is closed

	mu     sync.Mutex
	closed bool           // no goroutine may be added to wg
	wg     sync.WaitGroup // every goroutine of the link
}

// probed is one connection as the keepalive sees it.
type probed struct {
	name      string
	probe     func() error
	lastHeard func() time.Time
	doubt     chan struct{} // has a token when it must be probed at once
}

// Connect dials the agent and shakes hands on all connections. It returns when
// they stand, or with the first failure: fault.LinkFailed (not retryable where a
// key does not match), what Config.Dial explained itself, or ctx's error. That the
// direct plane cannot be had is a failure only where it was asked for.
func Connect(ctx context.Context, cfg Config) (*Link, error) {
	if cfg.User == "" {
		cfg.User = "tandem"
	}
	if cfg.HandshakeTimeout <= 0 {
		cfg.HandshakeTimeout = defaultHandshakeTimeout
	}
	cfg.Keepalive = cfg.Keepalive.orDefaults()
	l := &Link{cfg: cfg, done: make(chan struct{})}
	if err := l.dial(ctx); err != nil {
		return nil, err
	}
	l.ctx, l.cancel = context.WithCancel(context.Background())
	l.tunnels = NewTunnels(Options{Logger: cfg.Logger, OnChange: cfg.OnChange})
	l.tunnels.link, l.tunnels.fixed = l, true
	for _, c := range []*sshConn{l.control, l.data} {
		if c == nil {
			continue
		}
		l.probed = append(l.probed, probed{c.name, c.ping, c.out.lastHeard, make(chan struct{}, 1)})
		l.spawn(func() { l.serveRequests(c) })
		l.spawn(func() { l.serveChannels(c) })
	}
	if l.direct != nil {
		for i, c := range l.direct.conns {
			name := fmt.Sprintf("data %d", i+1)
			l.probed = append(l.probed, probed{name, c.Ping, c.LastHeard, make(chan struct{}, 1)})
			l.spawn(func() { l.serveDirect(c, name) })
		}
	}
	for _, p := range l.probed {
		l.spawn(func() { l.keepAlive(p) })
	}
	l.unwatch = WatchSurroundings(func(c Change) { l.doubt(string(c)) })
	return l, nil
}

// dial opens the connections of the plane that was asked for.
func (l *Link) dial(ctx context.Context) (err error) {
	if l.cfg.DataPlane == SSH || l.cfg.DialPort == nil {
		l.control, l.data, err = dialBoth(ctx, l.cfg)
		return err
	}
	if l.control, err = dialSSH(ctx, l.cfg, "control"); err != nil {
		return err
	}
	try, cancel := context.WithTimeout(ctx, l.cfg.HandshakeTimeout)
	l.direct, err = dialDirect(try, l.cfg, l.control, func(s *mux.Stream) { l.routes.dispatchStream(s) })
	cancel()
	if err == nil {
		return nil
	}
	if l.cfg.DataPlane == Direct || ctx.Err() != nil {
		l.control.discard()
		return planeFailure(ctx, err)
	}
	l.cfg.Logger.Info().Err(err).Msg("the tunnels are carried over SSH: there is no direct data plane")
	if l.data, err = dialSSH(ctx, l.cfg, "data"); err != nil {
		l.control.discard()
	}
	return err
}

func dialBoth(ctx context.Context, cfg Config) (control, data *sshConn, err error) {
	// The first failure cancels the other attempt; its own error is the one
	// worth reporting.
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	type result struct {
		conn *sshConn
		err  error
	}
	other := make(chan result, 1)
	go func() {
		c, err := dialSSH(ctx, cfg, "data")
		if err != nil {
			cancel(err)
		}
		other <- result{c, err}
	}()
	control, err = dialSSH(ctx, cfg, "control")
	if err != nil {
		cancel(err)
	}
	second := <-other
	data = second.conn
	if err == nil && second.err == nil {
		return control, data, nil
	}
	for _, c := range []*sshConn{control, data} {
		if c != nil {
			c.discard()
		}
	}
	if cause := context.Cause(ctx); cause != nil {
		return nil, nil, cause
	}
	return nil, nil, errors.Join(err, second.err)
}

// discard closes a connection that no link serves, and waits for its goroutines.
func (c *sshConn) discard() {
	c.Close()
	for range c.channels {
	}
	ssh.DiscardRequests(c.requests)
	c.Wait()
	c.out.join()
}

// spawn runs f as one of the link's goroutines, unless the link is closed.
func (l *Link) spawn(f func()) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return false
	}
	l.wg.Go(f)
	return true
}

// fail ends the link, with err as the reason where it is the first one.
func (l *Link) fail(err error) {
	l.once.Do(func() {
		l.err = err
		l.cancel()
		close(l.done)
		if err != ErrClosed {
			// Done tells the owner, who alone knows whether that is bad news:
			// at the end of a session the pod goes first.
			l.cfg.Logger.Debug().Err(err).Msg("link lost")
		}
		l.control.Close()
		if l.data != nil {
			l.data.Close()
		}
		if l.direct != nil {
			for _, c := range l.direct.conns {
				c.Cut()
			}
		}
		l.tunnels.notify.touch()
	})
}

// serveRequests refuses the agent's global requests, keepalives of its own
// among them: a refusal is an answer. Ends with the connection.
func (l *Link) serveRequests(c *sshConn) { ssh.DiscardRequests(c.requests) }

// serveChannels hands incoming channels to the reverses and, when the
// connection has ended, ends the link. It never blocks: replies go to the
// outbox and connections to goroutines of their own.
func (l *Link) serveChannels(c *sshConn) {
	for incoming := range c.channels {
		if c != l.carrier() || incoming.ChannelType() != "forwarded-tcpip" {
			incoming.Reject(ssh.UnknownChannelType, "only forwarded-tcpip is taken here")
			continue
		}
		l.routes.dispatch(l, incoming)
	}
	err := c.Wait()
	l.fail(fault.Wrap(err, fault.LinkFailed, "the %s connection to the agent ended", c.name))
	c.out.join()
}

// serveDirect ends the link when a data connection of the direct plane has ended:
// streams were lost with it.
func (l *Link) serveDirect(c *mux.Conn, name string) {
	<-c.Done()
	l.fail(fault.Wrap(c.Err(), fault.LinkFailed, "the connection %s to the agent ended", name))
	c.Close()
}

// carrier is the SSH connection that the reverses belong to.
func (l *Link) carrier() *sshConn {
	if l.data != nil {
		return l.data
	}
	return l.control
}

// DataPlane is what carries the tunnels: SSH or Direct.
func (l *Link) DataPlane() DataPlane {
	if l.direct != nil {
		return Direct
	}
	return SSH
}

// ping is the probe of an SSH connection.
func (c *sshConn) ping() error {
	_, _, err := c.SendRequest(keepaliveRequest, true, nil)
	return err
}

func (l *Link) keepAlive(p probed) {
	l.cfg.Keepalive.watch(l.ctx, p.probe, p.lastHeard, p.doubt, func(since time.Time) {
		l.fail(fault.New(fault.LinkFailed, "the agent has not answered on the %s connection for %s",
			p.name, time.Since(since).Round(100*time.Millisecond)))
	})
}

// doubt has every connection probed at once. Those that do not answer within
// doubtPatience are dead, and the link with them.
func (l *Link) doubt(why string) {
	l.cfg.Logger.Debug().Str("why", why).Msg("probing the link")
	for _, p := range l.probed {
		select {
		case p.doubt <- struct{}{}:
		default: // a doubt is pending already
		}
	}
}

// Ping asks the agent for an answer on every connection and returns the longest
// round trip. It proves that the link works end to end now, for example after
// the laptop woke up; the keepalive does the same on its own schedule.
func (l *Link) Ping(ctx context.Context) (time.Duration, error) {
	start := time.Now()
	errs := make(chan error, len(l.probed))
	for _, p := range l.probed {
		if !l.spawn(func() { errs <- p.probe() }) {
			return 0, ErrClosed
		}
	}
	for range l.probed {
		select {
		case err := <-errs:
			if err != nil {
				return 0, l.explain(err)
			}
		case <-ctx.Done():
			return 0, fmt.Errorf("waiting for the agent's answer: %w", ctx.Err())
		}
	}
	return time.Since(start), nil
}

// explain prefers the reason the link ended over what a call on it ran into.
// Once a connection has failed to read, the end is certain and only moments away.
func (l *Link) explain(err error) error {
	var refused *ssh.OpenChannelError
	if errors.As(err, &refused) {
		return err
	}
	lost := l.control.out.lost() || l.data != nil && l.data.out.lost()
	if l.direct != nil {
		for _, c := range l.direct.conns {
			lost = lost || c.Err() != nil
		}
	}
	if lost {
		<-l.done
		return l.err
	}
	return err
}

// Done is closed when the link is lost or closed.
func (l *Link) Done() <-chan struct{} { return l.done }

// Err is nil while the link lives, [ErrClosed] after [Link.Close], and a
// fault.LinkFailed when the link was lost.
func (l *Link) Err() error {
	select {
	case <-l.done:
		return l.err
	default:
		return nil
	}
}

// alive says whether new connections can be carried.
func (l *Link) alive() bool { return l != nil && l.ctx.Err() == nil }

// Tunnels are the tunnels opened through the link itself; they end with it.
func (l *Link) Tunnels() *Tunnels { return l.tunnels }

// OpenForward is [Tunnels.OpenForward] for a tunnel that ends with this link.
func (l *Link) OpenForward(ctx context.Context, spec ForwardSpec) (*Tunnel, error) {
	return l.tunnels.OpenForward(ctx, spec)
}

// OpenReverse is [Tunnels.OpenReverse] for a tunnel that ends with this link.
func (l *Link) OpenReverse(ctx context.Context, spec ReverseSpec) (*Tunnel, error) {
	return l.tunnels.OpenReverse(ctx, spec)
}

// Close ends the link, its tunnels and every connection they carry, and returns
// when all of the link's goroutines have ended. It may be called more than once,
// but not from OnChange.
func (l *Link) Close() error {
	l.fail(ErrClosed)
	l.unwatch()
	l.tunnels.Close()
	l.mu.Lock()
	l.closed = true
	l.mu.Unlock()
	l.wg.Wait()
	return nil
}

// open opens a channel on the data connection. Where ctx ends first the caller
// goes on, and the channel, should it still come about, is closed.
func (l *Link) open(ctx context.Context, kind string, payload []byte) (ssh.Channel, <-chan *ssh.Request, error) {
	type result struct {
		ch   ssh.Channel
		reqs <-chan *ssh.Request
		err  error
	}
	opened := make(chan result) // unbuffered: what is not taken is closed
	if !l.spawn(func() {
		ch, reqs, err := l.data.OpenChannel(kind, payload)
		select {
		case opened <- result{ch, reqs, err}:
		case <-ctx.Done():
			if err == nil {
				ch.Close()
				ssh.DiscardRequests(reqs) // ends with the agent's own close
			}
		}
	}) {
		return nil, nil, ErrClosed
	}
	select {
	case r := <-opened:
		if r.err != nil {
			return nil, nil, l.explain(r.err)
		}
		return r.ch, r.reqs, nil
	case <-ctx.Done():
		return nil, nil, ctx.Err()
	}
}

// request sends a global request on the carrier and waits for the
// answer or for ctx. A refusal is no error: ok is false, payload its reason.
// Where ctx ends first and the agent then consents all the same, undo is called,
// if there is one, on a goroutine of the link.
func (l *Link) request(ctx context.Context, kind string, payload []byte, undo func()) (ok bool, reply []byte, err error) {
	type result struct {
		ok    bool
		reply []byte
		err   error
	}
	answered := make(chan result) // unbuffered: what is not taken is undone
	if !l.spawn(func() {
		ok, reply, err := l.carrier().SendRequest(kind, true, payload)
		select {
		case answered <- result{ok, reply, err}:
		case <-ctx.Done():
			if ok && undo != nil {
				undo()
			}
		}
	}) {
		return false, nil, ErrClosed
	}
	select {
	case r := <-answered:
		if r.err != nil {
			return false, nil, l.explain(r.err)
		}
		return r.ok, r.reply, nil
	case <-ctx.Done():
		return false, nil, ctx.Err()
	}
}
