package agent

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"net"
	"strconv"
	"sync"
	"time"

	"golang.org/x/crypto/ssh"

	"github.com/tandem-dev/tandem/session/mux"
)

// DirectRequest is the global request, without payload, by which a client asks for
// the direct data plane. The answer has the port on the pod's loopback and the
// token that admits connections to it, for as long as this SSH connection lives.
// What the client opens there, and the reverses of this SSH connection, are carried
// as streams of session/mux instead of SSH channels: the port-forward around them
// is encrypted already.
const DirectRequest = "direct@tandem.dev"

// directReply answers a DirectRequest.
type directReply struct {
	Port  uint32
	Token string
}

const (
	// maxDirect bounds the data connections of one link.
	maxDirect = 16
	// maxHellos bounds those that have not shown a token yet.
	maxHellos = 32
	// growBudget is by how much the windows of one link's streams may grow
	// together: what readers in the pod that stall can make the agent hold beyond
	// each stream's first window.
	growBudget = 32 << 20
)

// plane is the listener for data connections, and whom it admits. It is opened by
// the first client that asks.
type plane struct {
	server *server
	ctx    context.Context // Run's

	mu     sync.Mutex
	ln     net.Listener
	admits map[*link][mux.TokenSize]byte
}

// admit opens the listener where need be and gives the link a token.
func (p *plane) admit(l *link) (port int, token [mux.TokenSize]byte, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.ln == nil {
		// Any port will do: the client is told, and none that an application in
		// the pod might want is taken from it.
		var lc net.ListenConfig
		if p.ln, err = lc.Listen(p.ctx, "tcp", "127.0.0.1:0"); err != nil {
			return 0, token, err
		}
		ln := p.ln
		p.server.links.Go(func() { p.accept(ln) })
	}
	token, known := p.admits[l]
	if !known {
		_, _ = rand.Read(token[:]) // never fails
		p.admits[l] = token
	}
	return p.ln.Addr().(*net.TCPAddr).Port, token, nil
}

// forget ends a link's admission.
func (p *plane) forget(l *link) {
	p.mu.Lock()
	delete(p.admits, l)
	p.mu.Unlock()
}

// find is the link that a token admits to, or nil.
func (p *plane) find(token [mux.TokenSize]byte) (found *link) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for l, t := range p.admits {
		if subtle.ConstantTimeCompare(token[:], t[:]) == 1 {
			found = l
		}
	}
	return found
}

func (p *plane) accept(ln net.Listener) {
	stop := closeWhenDone(p.ctx, ln)
	defer stop()
	hellos := make(chan struct{}, maxHellos)
	for {
		select {
		case hellos <- struct{}{}:
		case <-p.ctx.Done():
			return
		}
		conn, err := ln.Accept()
		if err != nil {
			<-hellos
			if p.ctx.Err() == nil && isTemporary(err) && pause(p.ctx.Done(), acceptBackoff) {
				continue
			}
			return
		}
		p.server.links.Go(func() {
			l := p.hello(conn)
			<-hellos
			if l == nil {
				conn.Close()
				return
			}
			l.serveDirectConn(conn)
		})
	}
}

// hello is whose connection it is, nil for nobody's.
func (p *plane) hello(conn net.Conn) *link {
	stop := context.AfterFunc(p.ctx, func() { conn.Close() })
	defer stop()
	conn.SetDeadline(time.Now().Add(handshakeTimeout))
	token, err := mux.ReadHello(conn)
	if err != nil {
		return nil
	}
	l := p.find(token)
	if l == nil {
		p.server.cfg.Logf("data connection refused: unknown token")
		return nil
	}
	conn.SetDeadline(time.Time{})
	return l
}

// openDirect answers a DirectRequest.
func (l *link) openDirect() (ok bool, reply []byte) {
	port, token, err := l.server.plane.admit(l)
	if err != nil {
		return false, []byte(BindReason(err))
	}
	return true, ssh.Marshal(directReply{Port: uint32(port), Token: string(token[:])})
}

// direct are the data connections of a link.
type direct struct {
	mu     sync.Mutex
	sealed bool // the link is ending
	conns  []*mux.Conn
}

// serveDirectConn serves a data connection until it, or the link, ends.
func (l *link) serveDirectConn(conn net.Conn) {
	d := &l.direct
	d.mu.Lock()
	if d.sealed || len(d.conns) >= maxDirect {
		d.mu.Unlock()
		conn.Close()
		return
	}
	c := mux.New(conn, mux.Config{Accept: l.serveStream, MaxStreams: maxStreams, Budget: l.budget})
	d.conns = append(d.conns, c)
	d.mu.Unlock()
	defer d.remove(c)
	stop := context.AfterFunc(l.ctx, c.Cut)
	defer stop()
	// Round trips are what the windows are measured by. A connection that has gone
	// silent is noticed on the SSH connection.
	tick := time.NewTicker(l.server.cfg.IdleTimeout / 3)
	defer tick.Stop()
	for {
		if c.Ping() != nil {
			return
		}
		select {
		case <-c.Done():
			return
		case <-tick.C:
		}
	}
}

func (d *direct) remove(c *mux.Conn) {
	c.Close()
	d.mu.Lock()
	defer d.mu.Unlock()
	for i, other := range d.conns {
		if other == c {
			d.conns = append(d.conns[:i], d.conns[i+1:]...)
			return
		}
	}
}

// close ends all connections, waits for them, and lets none in any more.
func (d *direct) close() {
	d.mu.Lock()
	d.sealed = true
	conns := append([]*mux.Conn(nil), d.conns...)
	d.mu.Unlock()
	for _, c := range conns {
		c.Close()
	}
}

// pick is the connection with the fewest streams, nil where there is none: then
// the link's reverses are SSH channels.
func (d *direct) pick() (best *mux.Conn) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, c := range d.conns {
		if best == nil || c.Streams() < best.Streams() {
			best = c
		}
	}
	return best
}

// serveStream starts what is behind one stream of a forward. It does not block.
func (l *link) serveStream(s *mux.Stream) {
	if !l.startStream(func() { l.serveForward(s) }) {
		s.Refuse("too many streams on this connection")
	}
}

// serveForward dials from the pod and relays.
func (l *link) serveForward(s *mux.Stream) {
	host, digits, err := net.SplitHostPort(s.Target())
	if err != nil {
		s.Refuse("malformed request")
		return
	}
	port, err := strconv.ParseUint(digits, 10, 16)
	if err == nil {
		err = checkDirect(directOpen{Host: host, Port: uint32(port)})
	}
	if err != nil {
		s.Refuse(err.Error())
		return
	}
	conn, err := l.dial(host, digits)
	if err != nil {
		s.Refuse(err.Error())
		return
	}
	s.Accept()
	_ = mux.Relay(l.ctx, s, conn.(*net.TCPConn), mux.Counts{}, nil) // a refusal is the opener's to hear
}
