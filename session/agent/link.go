package agent

import (
	"context"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/crypto/ssh"

	"github.com/tandem-dev/tandem/session/mux"
)

const keepaliveRequest = "keepalive@openssh.com"

// link is one authenticated SSH connection of the client.
type link struct {
	server *server
	number uint64 // grows with every accepted connection
	ssh    *ssh.ServerConn
	// ctx is done as soon as the transport has failed, before any of its
	// streams sees the end: that is how a stream tells a lost link, whose data
	// is cut, from an orderly end of file.
	ctx     context.Context
	streams sync.WaitGroup
	slots   chan struct{} // one per possible stream
	direct  direct
	budget  *mux.Budget // of the data connections' windows
}

// serveLink runs one connection from handshake to end. It returns when all that
// the link owns has ended, its reverses included.
func (s *server) serveLink(ctx context.Context, conn net.Conn, number uint64) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	t := &transport{Conn: conn, idle: s.cfg.IdleTimeout, lost: cancel}
	// The end of the context, from above or by a read that failed, closes the
	// socket, which ends the multiplexer and with it every channel.
	stopClosing := closeWhenDone(ctx, conn)
	defer stopClosing()

	conn.SetDeadline(time.Now().Add(handshakeTimeout))
	config := *s.ssh
	config.ServerVersion = s.present.version(config.ServerVersion)
	sc, channels, requests, err := ssh.NewServerConn(t, &config)
	if err != nil {
		// A peer that left without a byte was probing the port: not worth a line.
		if t.gotBytes.Load() {
			s.cfg.Logf("link %d refused: %v", number, err)
		}
		return
	}
	leave, ok := s.admit(ctx)
	if !ok {
		s.cfg.Logf("link %d refused: the workload is being given back", number)
		sc.Close()
		return
	}
	defer leave()
	conn.SetDeadline(time.Time{})
	t.watch()

	l := &link{server: s, number: number, ssh: sc, ctx: ctx, slots: make(chan struct{}, maxStreams), budget: mux.NewBudget(growBudget)}
	s.cfg.Logf("link %d open, client %q", number, sc.ClientVersion())
	var owned sync.WaitGroup
	owned.Go(l.keepAlive)
	owned.Go(func() { l.serveRequests(requests) })
	for nc := range channels {
		l.serveChannel(nc)
	}
	// The multiplexer has ended: free the ports first, so that readiness does
	// not wait for streams to unwind.
	cancel()
	released := s.ports.releaseAll(l)
	s.plane.forget(l)
	l.direct.close()
	sc.Close()
	owned.Wait()
	l.streams.Wait()
	s.cfg.Logf("link %d ended, %d reverse(s) released", number, released)
}

// serveRequests answers the global requests in order, as SSH demands.
func (l *link) serveRequests(requests <-chan *ssh.Request) {
	for r := range requests {
		ok, payload := l.answer(r)
		// A reply that cannot be sent means that the link is ending.
		_ = r.Reply(ok, payload)
	}
}

func (l *link) answer(r *ssh.Request) (ok bool, payload []byte) {
	switch r.Type {
	case keepaliveRequest:
		return true, nil
	case "tcpip-forward":
		return l.openReverse(r.Payload)
	case "cancel-tcpip-forward":
		return l.closeReverse(r.Payload)
	case DirectRequest:
		return l.openDirect()
	}
	return false, nil
}

// serveChannel starts the stream behind one channel open. It never blocks, so
// that the link's other streams go on.
func (l *link) serveChannel(nc ssh.NewChannel) {
	serve := map[string]func(ssh.NewChannel){
		"direct-tcpip": l.serveDirect,
		"session":      l.serveSession,
	}[nc.ChannelType()]
	if serve == nil {
		_ = nc.Reject(ssh.UnknownChannelType, "channel type "+nc.ChannelType()+" is not served")
		return
	}
	if !l.startStream(func() { serve(nc) }) {
		_ = nc.Reject(ssh.ResourceShortage, "too many streams on this connection")
	}
}

// startStream runs f as one of the link's streams, or reports that there are
// too many.
func (l *link) startStream(f func()) bool {
	select {
	case l.slots <- struct{}{}:
	default:
		return false
	}
	l.streams.Go(func() {
		defer func() { <-l.slots }()
		f()
	})
	return true
}

// keepAlive asks for a sign of life at a third of the idle timeout. Any packet
// of the client renews the transport's deadline; a reply is one.
func (l *link) keepAlive() {
	tick := time.NewTicker(l.server.cfg.IdleTimeout / 3)
	defer tick.Stop()
	for {
		select {
		case <-l.ctx.Done():
			return
		case <-tick.C:
			// Ends with a reply or with the link, which the deadline ends.
			if _, _, err := l.ssh.SendRequest(keepaliveRequest, true, nil); err != nil {
				return
			}
		}
	}
}

// transport is the socket under an SSH connection. It ends a silent
// connection, and tells of the end before SSH does.
type transport struct {
	net.Conn
	idle     time.Duration
	lost     context.CancelFunc
	watching atomic.Bool
	gotBytes atomic.Bool
	renewed  time.Time // by the one goroutine that reads
}

// watch starts the idle timeout. During the handshake its own deadline holds.
func (t *transport) watch() {
	t.watching.Store(true)
	t.Conn.SetReadDeadline(time.Now().Add(t.idle))
}

func (t *transport) Read(p []byte) (int, error) {
	if t.watching.Load() {
		// Renewing is a lock in the runtime: often enough is enough.
		if now := time.Now(); now.Sub(t.renewed) > t.idle/16 {
			t.renewed = now
			t.Conn.SetReadDeadline(now.Add(t.idle))
		}
	}
	n, err := t.Conn.Read(p)
	if n > 0 {
		t.gotBytes.Store(true)
	}
	if err != nil {
		// Closed before SSH learns of it: nothing can be sent any more, so no
		// channel is opened on a multiplexer that has stopped.
		t.lost()
		t.Conn.Close()
	}
	return n, err
}
