package session

import (
	"context"
	"net"
	"slices"
	"strings"
	"sync"
	"time"
)

// How the local ports are looked at. Nothing tells when somebody begins to
// listen on a port of this machine, so it is tried: a refused connection to the
// loopback costs some microseconds, and the one that succeeds ends the trying.
const (
	listenPollFast = 20 * time.Millisecond
	listenPollSlow = 200 * time.Millisecond
	// listenFast is how long it is tried often: as long as a program that was
	// just started takes to listen.
	listenFast = 20 * time.Second
	// listenDial bounds one try; on the loopback the answer is immediate.
	listenDial = time.Second
)

// listenSettle is how long the rest of the ports is waited for once one of them
// is listened on. Not every declared port is served by every run of a program.
const listenSettle = 10 * time.Second

// listening watches local addresses until each was seen to accept a connection.
// Its goroutine ends when the last one was, or at close.
type listening struct {
	cancel  context.CancelFunc
	done    sync.WaitGroup
	changed chan struct{} // one token after a change

	mu      sync.Mutex // guards what follows
	pending []string   // in the order given
	first   time.Time  // when the first accepted, zero before
}

// watchListening starts to watch; host:port each.
func watchListening(addresses []string) *listening {
	ctx, cancel := context.WithCancel(context.Background()) // ended by close
	l := &listening{cancel: cancel, changed: make(chan struct{}, 1), pending: slices.Clone(addresses)}
	l.try(ctx) // what listens already is known at once
	l.done.Go(func() { l.watch(ctx) })
	return l
}

func (l *listening) watch(ctx context.Context) {
	began := time.Now()
	timer := time.NewTimer(listenPollFast)
	defer timer.Stop()
	for len(l.missing()) > 0 {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		}
		l.try(ctx)
		if time.Since(began) < listenFast {
			timer.Reset(listenPollFast)
		} else {
			timer.Reset(listenPollSlow)
		}
	}
}

// try looks at every address that was not seen to accept yet.
func (l *listening) try(ctx context.Context) {
	for _, address := range l.missing() {
		if !accepts(ctx, address) {
			continue
		}
		l.mu.Lock()
		l.pending = slices.DeleteFunc(l.pending, func(a string) bool { return a == address })
		if l.first.IsZero() {
			l.first = time.Now()
		}
		l.mu.Unlock()
		select {
		case l.changed <- struct{}{}:
		default:
		}
	}
}

// missing are the addresses that were not seen to accept.
func (l *listening) missing() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.pending)
}

// enough says whether the traffic may be turned: everything accepts, or
// something has for so long that the rest is not worth waiting for. Otherwise it
// says when to look again, where time alone will do; zero where it will not.
func (l *listening) enough(now time.Time) (ok bool, again time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case len(l.pending) == 0:
		return true, 0
	case l.first.IsZero():
		return false, 0
	}
	left := listenSettle - now.Sub(l.first)
	return left <= 0, max(left, 0)
}

// close ends the watching; nil is allowed.
func (l *listening) close() {
	if l != nil {
		l.cancel()
		l.done.Wait()
	}
}

// accepts says whether somebody listens. "localhost" is both loopbacks, as it is
// for the reverse that will dial it.
func accepts(ctx context.Context, address string) bool {
	addresses := []string{address}
	if host, port, err := net.SplitHostPort(address); err == nil && strings.EqualFold(host, "localhost") {
		addresses = []string{net.JoinHostPort("127.0.0.1", port), net.JoinHostPort("::1", port)}
	}
	d := net.Dialer{Timeout: listenDial}
	for _, a := range addresses {
		if conn, err := d.DialContext(ctx, "tcp", a); err == nil {
			conn.Close()
			return true
		}
	}
	return false
}
