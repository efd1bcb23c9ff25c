package tunnel

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"

	"golang.org/x/crypto/ssh"

	"github.com/tandem-dev/tandem/internal/fault"
	"github.com/tandem-dev/tandem/session/mux"
)

// ForwardSpec asks for a forward: connections to Listen on the laptop come out
// in the cluster, as connections from the pod to Remote.
type ForwardSpec struct {
	// Listen is "host:port" on the laptop. "localhost" means 127.0.0.1 and, where
	// the machine has it, ::1, because programs differ in which one they try.
	// Port 0 picks a free port, the same for both.
	Listen string
	// Remote is "host:port" as seen from the pod; the name is resolved there.
	Remote string
	// ID names the tunnel in its set; "" for the next "f1", "f2", ... A set's
	// caller gives all of them IDs or none.
	ID string
	// Listeners, where there are any, are served in the place of Listen, all on one
	// port. They are the tunnel's from then on, also where OpenForward fails.
	Listeners []net.Listener
}

// forwarding is the part of a tunnel that only forwards have.
type forwarding struct {
	listeners []net.Listener
	host      string // dialled from the pod
	port      uint16
	closing   sync.Once
}

func (f *forwarding) close() {
	f.closing.Do(func() {
		for _, l := range f.listeners {
			l.Close()
		}
	})
}

// directOpen is the payload of a direct-tcpip channel (RFC 4254 section 7.2).
type directOpen struct {
	Host       string
	Port       uint32
	OriginHost string
	OriginPort uint32
}

// OpenForward binds the local addresses and starts to take connections; no
// connection to Remote is tried before there is one. Failures are
// fault.PortInUse, fault.PortPrivileged and fault.InvalidParams.
func (ts *Tunnels) OpenForward(ctx context.Context, spec ForwardSpec) (*Tunnel, error) {
	f := &forwarding{listeners: spec.Listeners}
	host, port, err := splitAddress(spec.Remote)
	if err != nil || host == "" || port == 0 {
		f.close()
		return nil, badAddress(err, "a forward's remote address", spec.Remote)
	}
	f.host, f.port = host, port
	if len(f.listeners) == 0 {
		bindHost, bindPort, err := splitAddress(spec.Listen)
		if err != nil {
			return nil, badAddress(err, "a forward's local address", spec.Listen)
		}
		if f.listeners, err = listen(ctx, bindHost, bindPort); err != nil {
			return nil, err
		}
	}
	t, err := ts.add(Forward, spec.ID, f.listeners[0].Addr().String(), spec.Remote, func(t *Tunnel) { t.forward = f })
	if err != nil {
		f.close()
		return nil, err
	}
	for _, l := range f.listeners {
		t.spawn(func() { t.accept(l) })
	}
	ts.notify.touch()
	return t, nil
}

// StopListening closes a forward's listeners; what it carries goes on.
func (t *Tunnel) StopListening() { t.forward.close() }

// accept takes local connections until the listener is closed.
func (t *Tunnel) accept(l net.Listener) {
	const least, most = 5 * time.Millisecond, time.Second
	pause := least
	for {
		conn, err := l.Accept()
		switch {
		case err == nil:
			pause = least
			if !t.spawn(func() { t.carryOut(conn.(*net.TCPConn)) }) {
				reset(conn.(*net.TCPConn))
			}
			continue
		case errors.Is(err, net.ErrClosed):
			return
		}
		// Out of file descriptors, most likely: it passes when connections end.
		t.refused(fmt.Errorf("taking connections on %s: %w", l.Addr(), err))
		wait := time.NewTimer(pause)
		select {
		case <-t.ctx.Done():
			wait.Stop()
			return
		case <-wait.C:
		}
		pause = min(2*pause, most)
	}
}

// carryOut carries one local connection to the remote address. Where that
// cannot be reached the connection is reset, which a client tells from a server
// that answered nothing.
func (t *Tunnel) carryOut(local *net.TCPConn) {
	link, err := t.set.await(t.ctx)
	if err != nil {
		reset(local)
		if t.ctx.Err() == nil {
			t.refused(fmt.Errorf("connecting to %s: %w", t.remote, err))
		}
		return
	}
	if link.direct != nil {
		t.carryDirect(local, link)
		return
	}
	origin := local.RemoteAddr().(*net.TCPAddr)
	ch, reqs, err := link.open(t.ctx, "direct-tcpip", ssh.Marshal(directOpen{
		Host: t.forward.host, Port: uint32(t.forward.port),
		OriginHost: origin.IP.String(), OriginPort: uint32(origin.Port),
	}))
	if err != nil {
		reset(local)
		if t.ctx.Err() == nil {
			t.refused(fmt.Errorf("connecting to %s: %w", t.remote, plainRefusal(err)))
		}
		return
	}
	t.carry(local, ch, reqs, link)
}

// carry couples both ends for as long as they live.
func (t *Tunnel) carry(local *net.TCPConn, ch ssh.Channel, reqs <-chan *ssh.Request, link *Link) {
	t.begin()
	defer t.end()
	p := &pipe{local: mux.NewSocket(local), ch: ch, reqs: reqs, out: link.data.out, count: &t.count}
	p.run(t.ctx)
}

// plainRefusal takes the protocol's words off the agent's reason.
func plainRefusal(err error) error {
	var refused *ssh.OpenChannelError
	if !errors.As(err, &refused) {
		return err
	}
	if refused.Message == "" {
		return errors.New(refused.Reason.String())
	}
	return errors.New(printable(refused.Message))
}

func badAddress(err error, what, address string) error {
	if err == nil {
		err = errors.New("host and port are both needed")
	}
	return fault.Wrap(err, fault.InvalidParams, "%s %q", what, address).
		Hint("write it as host:port")
}
