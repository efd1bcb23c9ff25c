package agent

import (
	"net"
	"strconv"

	"golang.org/x/crypto/ssh"

	"github.com/tandem-dev/tandem/session/mux"
)

// openReverse answers tcpip-forward.
func (l *link) openReverse(payload []byte) (ok bool, reply []byte) {
	request, err := parseForward(payload)
	if err != nil {
		return false, []byte(err.Error())
	}
	key := bindKey{request.Address, int(request.Port)}
	port, former, err := l.server.ports.bind(l, key)
	if err != nil {
		reason := BindReason(err)
		l.server.cfg.Logf("link %d: reverse %q port %d refused: %s", l.number, key.address, key.port, reason)
		return false, []byte(reason)
	}
	if former != nil {
		l.server.cfg.Logf("link %d: reverse %q port %d taken over from link %d", l.number, key.address, port, former.number)
	} else {
		l.server.cfg.Logf("link %d: reverse %q port %d bound", l.number, key.address, port)
	}
	if key.port == 0 {
		return true, ssh.Marshal(forwardReply{Port: uint32(port)})
	}
	return true, nil
}

// closeReverse answers cancel-tcpip-forward. Connections that are open go on.
func (l *link) closeReverse(payload []byte) (ok bool, reply []byte) {
	request, err := parseForward(payload)
	if err != nil {
		return false, []byte(err.Error())
	}
	key := bindKey{request.Address, int(request.Port)}
	if !l.server.ports.release(l, key) {
		return false, []byte("not forwarded on this connection")
	}
	l.server.cfg.Logf("link %d: reverse %q port %d released", l.number, key.address, key.port)
	return true, nil
}

// accept feeds a binding's connections to whoever owns it, until it is
// released. It takes a slot first, so that a flood stays in the kernel's queue.
func (p *ports) accept(b *binding, ln net.Listener) {
	for {
		select {
		case b.slots <- struct{}{}:
		case <-b.released:
			return
		}
		conn, err := ln.Accept()
		if err != nil {
			<-b.slots
			if isTemporary(err) && pause(b.released, acceptBackoff) {
				continue
			}
			return // released
		}
		p.running.Go(func() {
			defer func() { <-b.slots }()
			p.serve(b, conn)
		})
	}
}

// forwarded carries one connection of a reverse to the client of its owner.
func (s *server) forwarded(b *binding, conn net.Conn) {
	l := b.heldBy()
	if l == nil {
		reset(conn)
		return
	}
	if c := l.direct.pick(); c != nil {
		stream, err := c.Open(net.JoinHostPort(b.key.address, strconv.Itoa(b.key.port)))
		if err != nil {
			reset(conn)
			return
		}
		_ = mux.Relay(l.ctx, stream, conn.(*net.TCPConn), mux.Counts{}, nil) // a refusal has reset conn
		return
	}
	origin := conn.RemoteAddr().(*net.TCPAddr)
	ch, requests, err := l.ssh.OpenChannel("forwarded-tcpip", ssh.Marshal(directOpen{
		Host:       b.key.address,
		Port:       uint32(b.key.port),
		OriginHost: origin.IP.String(),
		OriginPort: uint32(origin.Port),
	}))
	if err != nil {
		// The client could not reach the local side, or the link is gone. The
		// caller in the pod sees what it would see of a process that died.
		reset(conn)
		return
	}
	relay(l.ctx, ch, requests, conn.(*net.TCPConn))
}
