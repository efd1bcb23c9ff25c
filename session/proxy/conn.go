package proxy

import (
	"errors"
	"io"
	"net"
	"sync"
)

// tracked is a connection that Proxy.Close closes.
type tracked struct {
	net.Conn
	read  io.Reader // in the place of Conn's own, where something was looked at already; nil for nothing
	proxy *Proxy
	once  sync.Once
	ended chan struct{} // closed by Close
}

// track makes Close close the connection; nil, and closed, after Close.
func (p *Proxy) track(conn net.Conn) *tracked {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		conn.Close()
		return nil
	}
	p.open[conn] = struct{}{}
	return &tracked{Conn: conn, proxy: p, ended: make(chan struct{})}
}

func (c *tracked) Read(b []byte) (int, error) {
	if c.read != nil {
		return c.read.Read(b)
	}
	return c.Conn.Read(b)
}

// Close may be called more than once.
func (c *tracked) Close() error {
	var err error
	c.once.Do(func() {
		c.proxy.mu.Lock()
		delete(c.proxy.open, c.Conn)
		c.proxy.mu.Unlock()
		err = c.Conn.Close()
		close(c.ended)
	})
	return err
}

// CloseWrite tells the other end that no more comes, and reads on.
func (c *tracked) CloseWrite() error {
	if half, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return c.Close()
}

// half is one of two connections that are relayed by somebody who ends with the
// first end of file. It keeps the two directions apart: an end of file is passed
// on with CloseWrite at once, and told to the relay only when the other half has
// reached its own, so that what is still on the way arrives.
type half struct {
	*tracked
	peer *half // nil until there is one
	once sync.Once
	over chan struct{} // closed at the end of file
}

func newHalf(c *tracked) *half { return &half{tracked: c, over: make(chan struct{})} }

// couple must come before anything is relayed.
func couple(a, b *half) { a.peer, b.peer = b, a }

func (h *half) Read(b []byte) (int, error) {
	n, err := h.tracked.Read(b)
	if n > 0 || !errors.Is(err, io.EOF) || h.peer == nil {
		return n, err
	}
	h.once.Do(func() { close(h.over) })
	if err := h.peer.CloseWrite(); err != nil {
		return 0, err
	}
	select {
	case <-h.peer.over:
		return 0, io.EOF
	case <-h.ended:
	case <-h.peer.ended:
	}
	return 0, net.ErrClosed
}

// queue is a listener that is handed its connections.
type queue struct {
	addr  net.Addr
	conns chan net.Conn
	once  sync.Once
	over  chan struct{}
}

func newQueue(addr net.Addr) *queue {
	return &queue{addr: addr, conns: make(chan net.Conn), over: make(chan struct{})}
}

// put hands a connection over, or closes it where nobody listens any more.
func (q *queue) put(conn net.Conn) {
	select {
	case q.conns <- conn:
	case <-q.over:
		conn.Close()
	}
}

func (q *queue) Accept() (net.Conn, error) {
	select {
	case conn := <-q.conns:
		return conn, nil
	case <-q.over:
		return nil, net.ErrClosed
	}
}

func (q *queue) Close() error {
	q.once.Do(func() { close(q.over) })
	return nil
}

func (q *queue) Addr() net.Addr { return q.addr }
