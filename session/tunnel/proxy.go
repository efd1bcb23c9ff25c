package tunnel

import (
	"context"
	"fmt"
	"net"
	"strconv"

	"golang.org/x/crypto/ssh"

	"github.com/tandem-dev/tandem/internal/fault"
)

// AddProxy makes a tunnel without a port of its own: connections to any address
// that the pod can reach, for a proxy that listens at local. Tunnel.Dial opens
// them.
func (ts *Tunnels) AddProxy(local string) (*Tunnel, error) {
	t, err := ts.add(Proxy, "", local, "*", func(*Tunnel) {})
	if err == nil {
		ts.notify.touch()
	}
	return t, err
}

// Dial connects to an address as seen from the pod, where names are resolved;
// network must be "tcp". While the link is away it waits for the next one as a
// forward's connections do. The connection ends with the tunnel and with the
// link; it is a TCP connection to this process, so that its ends and resets are
// those of the far end. Dial is for tunnels of AddProxy.
func (t *Tunnel) Dial(ctx context.Context, network, address string) (net.Conn, error) {
	if network != "tcp" {
		return nil, fmt.Errorf("a link carries no %s", network)
	}
	host, digits, err := net.SplitHostPort(address)
	port, portErr := strconv.ParseUint(digits, 10, 16)
	if err != nil || portErr != nil || host == "" || port == 0 {
		return nil, badAddress(err, "the address to connect to", address)
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(t.ctx, cancel)()

	link, err := t.set.await(ctx)
	if err != nil {
		return nil, err
	}
	carry, abandon, err := t.reach(ctx, link, host, uint32(port))
	if err != nil {
		t.refused(fmt.Errorf("connecting to %s: %w", address, err))
		return nil, err
	}
	near, far, err := loopbackPair(ctx)
	if err != nil {
		abandon()
		return nil, err
	}
	if !t.spawn(func() { carry(far) }) {
		abandon()
		near.Close()
		far.Close()
		return nil, ErrClosed
	}
	return near, nil
}

// reach opens the way to an address in the cluster. Exactly one of carry, which
// lasts as long as the connection, and abandon is to be called.
func (t *Tunnel) reach(ctx context.Context, link *Link, host string, port uint32) (carry func(*net.TCPConn), abandon func(), err error) {
	if link.direct != nil {
		s, err := link.direct.pick().Open(net.JoinHostPort(host, strconv.Itoa(int(port))))
		if err != nil {
			return nil, nil, err
		}
		stop := context.AfterFunc(ctx, s.Reset)
		err = s.Connected()
		if !stop() && err == nil {
			err = ctx.Err()
		}
		if err != nil {
			s.Reset()
			return nil, nil, err
		}
		return func(local *net.TCPConn) { t.relay(local, s) }, s.Reset, nil
	}
	ch, reqs, err := link.open(ctx, "direct-tcpip", ssh.Marshal(directOpen{Host: host, Port: port, OriginHost: "127.0.0.1"}))
	if err != nil {
		return nil, nil, plainRefusal(err)
	}
	return func(local *net.TCPConn) { t.carry(local, ch, reqs, link) }, func() { ch.Close() }, nil
}

// loopbackPair is a TCP connection of this process with itself.
func loopbackPair(ctx context.Context) (a, b *net.TCPConn, err error) {
	fail := func(err error) (*net.TCPConn, *net.TCPConn, error) {
		return nil, nil, fault.Wrap(err, fault.Internal, "connecting this process with itself")
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return fail(err)
	}
	defer l.Close()
	defer context.AfterFunc(ctx, func() { l.Close() })()
	var d net.Dialer
	one, err := d.DialContext(ctx, "tcp", l.Addr().String())
	if err != nil {
		return fail(err)
	}
	for {
		two, err := l.Accept()
		if err != nil {
			one.Close()
			return fail(err)
		}
		if two.RemoteAddr().String() == one.LocalAddr().String() {
			return one.(*net.TCPConn), two.(*net.TCPConn), nil
		}
		two.Close() // somebody else found the port
	}
}
