package agent

import (
	"context"
	"net"
	"net/netip"
	"sync"
	"time"
)

const (
	// nameLife is for how long a name's addresses are believed: as long as the
	// records that Kubernetes' own zone has by default (CoreDNS, plugin kubernetes,
	// ttl). The system's resolver does not tell how long others would live.
	nameLife = 5 * time.Second
	// knownTimeout is how long a remembered name's addresses may take together,
	// before they are looked up anew.
	knownTimeout = 2 * time.Second
	// maxNames bounds what is remembered; a proxy may ask for any name.
	maxNames = 512
)

// names remembers where names lead. Looking one up takes several times as long as
// connecting, and a program without keep-alive would pay that for each request.
type names struct {
	lookup func(ctx context.Context, network, host string) ([]netip.Addr, error)
	mu     sync.Mutex
	known  map[string]*name
}

type name struct {
	addresses []netip.Addr
	until     time.Time
	turn      int // several addresses take turns, as resolvers hand them out
}

func newNames() *names {
	return &names{lookup: net.DefaultResolver.LookupNetIP, known: map[string]*name{}}
}

// dial connects to a host by name or address. What was remembered and does not
// answer is looked up anew.
func (ns *names) dial(ctx context.Context, host, port string) (net.Conn, error) {
	if _, err := netip.ParseAddr(host); err == nil {
		return dialAddress(ctx, net.JoinHostPort(host, port))
	}
	if known := ns.recall(host); known != nil {
		try, cancel := context.WithTimeout(ctx, knownTimeout)
		conn, err := dialEach(try, known, port)
		cancel()
		if err == nil {
			return conn, nil
		}
		ns.forget(host)
	}
	found, err := ns.lookup(ctx, "ip", host)
	if err != nil {
		return nil, err
	}
	conn, err := dialEach(ctx, found, port)
	if err == nil {
		ns.remember(host, found)
	}
	return conn, err
}

// recall gives the addresses, from another one on at each call; nil for none.
func (ns *names) recall(host string) []netip.Addr {
	ns.mu.Lock()
	defer ns.mu.Unlock()
	n := ns.known[host]
	if n == nil || time.Now().After(n.until) {
		return nil
	}
	n.turn = (n.turn + 1) % len(n.addresses)
	return append(n.addresses[n.turn:len(n.addresses):len(n.addresses)], n.addresses[:n.turn]...)
}

func (ns *names) remember(host string, found []netip.Addr) {
	ns.mu.Lock()
	defer ns.mu.Unlock()
	if len(ns.known) >= maxNames {
		clear(ns.known)
	}
	ns.known[host] = &name{addresses: found, until: time.Now().Add(nameLife)}
}

func (ns *names) forget(host string) {
	ns.mu.Lock()
	defer ns.mu.Unlock()
	delete(ns.known, host)
}

// dialEach tries the addresses in turn, each with its share of the time that is
// left. The error is the first one's.
func dialEach(ctx context.Context, addresses []netip.Addr, port string) (net.Conn, error) {
	var first error
	for i, a := range addresses {
		try, cancel := ctx, context.CancelFunc(func() {})
		if deadline, ok := ctx.Deadline(); ok {
			try, cancel = context.WithTimeout(ctx, time.Until(deadline)/time.Duration(len(addresses)-i))
		}
		conn, err := dialAddress(try, net.JoinHostPort(a.Unmap().String(), port))
		cancel()
		if err == nil {
			return conn, nil
		}
		if first == nil {
			first = err
		}
		if ctx.Err() != nil {
			break
		}
	}
	return nil, first
}

func dialAddress(ctx context.Context, address string) (net.Conn, error) {
	var d net.Dialer
	return d.DialContext(ctx, "tcp", address)
}
