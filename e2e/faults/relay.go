package faults

import (
	"io"
	"net"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/tandem-dev/tandem/e2e/harness"
)

// relay stands between tandem and the API server, to cut what goes through it. Its
// goroutines are one that accepts and two per connection; the test's end joins them.
type relay struct {
	t        *testing.T
	listener net.Listener
	running  sync.WaitGroup

	mu    sync.Mutex
	to    string
	conns map[net.Conn]bool
}

func newRelay(t *testing.T) *relay {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	r := &relay{t: t, listener: l, conns: map[net.Conn]bool{}}
	t.Cleanup(func() {
		l.Close()
		r.cut()
		r.running.Wait()
	})
	return r
}

// kubeconfig leads through the relay to the namespace's cluster.
func (r *relay) kubeconfig(ns *harness.Namespace) string {
	u, err := url.Parse(ns.Cluster.Config.Host)
	must(r.t, err)
	r.to = u.Host
	r.running.Go(r.accept)
	return ns.KubeconfigVia("https://"+r.listener.Addr().String(), u.Hostname())
}

func (r *relay) accept() {
	for {
		near, err := r.listener.Accept()
		if err != nil {
			return // closed
		}
		far, err := net.Dial("tcp", r.to)
		if err != nil {
			near.Close()
			continue
		}
		r.mu.Lock()
		r.conns[near], r.conns[far] = true, true
		r.mu.Unlock()
		r.running.Go(func() { r.copy(near, far) })
		r.running.Go(func() { r.copy(far, near) })
	}
}

func (r *relay) copy(to, from net.Conn) {
	_, _ = io.Copy(to, from) // ends with either
	to.Close()
	from.Close()
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.conns, to)
	delete(r.conns, from)
}

// cut resets every connection there is; the next ones are let through. It tells when.
func (r *relay) cut() time.Time {
	r.mu.Lock()
	defer r.mu.Unlock()
	for c := range r.conns {
		_ = c.(*net.TCPConn).SetLinger(0)
		c.Close()
	}
	return time.Now()
}
