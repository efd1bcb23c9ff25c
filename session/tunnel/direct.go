package tunnel

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"sync/atomic"

	"golang.org/x/crypto/ssh"

	"github.com/tandem-dev/tandem/internal/fault"
	"github.com/tandem-dev/tandem/session/mux"
)

// DataPlane says what carries the tunnels' connections.
type DataPlane string

const (
	// Auto is Direct where both ends can, else SSH.
	Auto DataPlane = "auto"
	// SSH carries each connection as a channel of an SSH connection of its own. It
	// needs nothing but the agent's SSH port.
	SSH DataPlane = "ssh"
	// Direct carries them as streams of session/mux over several port-forwards,
	// which are encrypted already. SSH remains for control.
	Direct DataPlane = "direct"
)

const (
	// directConns is how many port-forwards share the connections of a link. Each
	// is a TCP connection, a TLS session and a copying process of its own all the
	// way to the node, so that bulk on one does not delay the others.
	directConns = 4
	// directRequest and directReply are how the agent admits them; see the package
	// session/agent.
	directRequest = "direct@tandem.dev"
	// growBudget is by how much the windows of a link's streams may grow together.
	growBudget = 64 << 20
)

// directReply answers a directRequest.
type directReply struct {
	Port  uint32
	Token string
}

// direct is the direct data plane of a link.
type direct struct {
	conns []*mux.Conn
	next  atomic.Uint32
}

// errNoDirect means that the agent does not know the direct plane.
var errNoDirect = errors.New("the agent has no direct data plane")

// dialDirect asks the agent on the control connection to admit data connections,
// and opens them all. accept gets the agent's streams. ctx bounds the whole.
func dialDirect(ctx context.Context, cfg Config, control *sshConn, accept func(*mux.Stream)) (*direct, error) {
	admitted, err := askDirect(ctx, control)
	if err != nil {
		return nil, err
	}
	var token [mux.TokenSize]byte
	if copy(token[:], admitted.Token) != mux.TokenSize || admitted.Port == 0 || admitted.Port > 65535 {
		return nil, errors.New("the agent's answer makes no sense")
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	budget := mux.NewBudget(growBudget)
	type result struct {
		conn *mux.Conn
		err  error
	}
	results := make(chan result, directConns)
	for range directConns {
		go func() { // ends with ctx at the latest
			c, err := dialMux(ctx, cfg, int(admitted.Port), token, mux.Config{Opener: true, Accept: accept, Budget: budget})
			results <- result{c, err}
		}()
	}
	d := &direct{}
	for range directConns {
		r := <-results
		if r.err != nil {
			cancel(r.err)
			continue
		}
		d.conns = append(d.conns, r.conn)
	}
	if len(d.conns) < directConns {
		for _, c := range d.conns {
			c.Close()
		}
		return nil, fmt.Errorf("opening the data connections: %w", context.Cause(ctx))
	}
	return d, nil
}

// askDirect waits for the agent's answer or the end of ctx, in which case the
// request goes on until the connection ends: its owner closes it then.
func askDirect(ctx context.Context, control *sshConn) (directReply, error) {
	type result struct {
		reply directReply
		err   error
	}
	answered := make(chan result, 1)
	go func() {
		var r result
		ok, payload, err := control.SendRequest(directRequest, true, nil)
		switch {
		case err != nil:
			r.err = err
		case !ok:
			r.err = errNoDirect
		default:
			r.err = ssh.Unmarshal(payload, &r.reply)
		}
		answered <- r
	}()
	select {
	case r := <-answered:
		return r.reply, r.err
	case <-ctx.Done():
		control.Close()
		<-answered
		return directReply{}, ctx.Err()
	}
}

// dialMux opens one data connection and proves that the agent has admitted it.
func dialMux(ctx context.Context, cfg Config, port int, token [mux.TokenSize]byte, mc mux.Config) (*mux.Conn, error) {
	below, err := cfg.DialPort(ctx, port)
	if err != nil {
		return nil, err
	}
	stop := context.AfterFunc(ctx, func() { below.Close() })
	err = mux.WriteHello(below, token)
	if !stop() || err != nil {
		below.Close()
		return nil, errors.Join(err, ctx.Err())
	}
	c := mux.New(below, mc)
	stop = context.AfterFunc(ctx, c.Cut)
	err = c.Ping()
	if !stop() || err != nil {
		c.Close()
		return nil, errors.Join(err, ctx.Err())
	}
	return c, nil
}

// pick is the connection with the fewest streams; they take turns where that
// leaves a choice.
func (d *direct) pick() *mux.Conn {
	first := int(d.next.Add(1))
	var best *mux.Conn
	least := 0
	for i := range d.conns {
		c := d.conns[(first+i)%len(d.conns)]
		if n := c.Streams(); best == nil || n < least {
			best, least = c, n
		}
	}
	return best
}

// carryDirect carries one local connection to the remote address.
func (t *Tunnel) carryDirect(local *net.TCPConn, link *Link) {
	s, err := link.direct.pick().Open(net.JoinHostPort(t.forward.host, strconv.Itoa(int(t.forward.port))))
	if err != nil {
		reset(local)
		t.refused(fmt.Errorf("connecting to %s: %w", t.remote, err))
		return
	}
	t.relay(local, s)
}

// relay couples a stream and a local connection for as long as they live.
func (t *Tunnel) relay(local *net.TCPConn, s *mux.Stream) {
	carried := false
	err := mux.Relay(t.ctx, s, local, mux.Counts{In: &t.count.in, Out: &t.count.out}, func() {
		carried = true
		t.begin()
	})
	if carried {
		t.end()
	}
	var refused *mux.Refused
	if errors.As(err, &refused) && t.ctx.Err() == nil {
		t.refused(fmt.Errorf("connecting to %s: %s", t.remote, printable(refused.Reason)))
	}
}

// dispatchStream gives a stream that the agent opened to its reverse. It does not
// block.
func (rs *routes) dispatchStream(s *mux.Stream) {
	host, digits, err := net.SplitHostPort(s.Target())
	port, portErr := strconv.ParseUint(digits, 10, 16)
	if err != nil || portErr != nil {
		s.Refuse("malformed request")
		return
	}
	t := rs.find(host, uint32(port))
	if t == nil || !t.spawn(func() { t.carryStreamIn(s) }) {
		s.Refuse(fmt.Sprintf("no reverse for port %d", port))
	}
}

// carryStreamIn carries one connection from the cluster to the local program, as
// carryIn does.
func (t *Tunnel) carryStreamIn(s *mux.Stream) {
	local, err := t.dialLocal()
	if err != nil {
		s.Refuse("nothing listens on the laptop")
		if t.ctx.Err() == nil {
			t.refused(err)
		}
		return
	}
	s.Accept()
	t.relay(local, s)
}

// planeFailure explains why the direct plane was asked for and cannot be had.
func planeFailure(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return fmt.Errorf("opening the direct data plane: %w", ctx.Err())
	}
	return fault.Wrap(err, fault.LinkFailed, "opening the direct data plane").
		Hint("the setting dataPlane: auto uses SSH where the direct one cannot be had")
}
