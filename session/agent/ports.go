package agent

import (
	"errors"
	"net"
	"slices"
	"sync"
)

// ports is the table of the reverses bound in the pod. It outlives the links
// that own its entries, so that a newer link can take one over.
type ports struct {
	declared []int  // sorted; readiness waits for them
	wildcard string // what a request for every interface binds
	serve    func(*binding, net.Conn)
	running  *sync.WaitGroup // accept loops and what they start

	mu      sync.Mutex
	bound   map[bindKey]*binding
	changed chan struct{} // closed and replaced at every change
	served  bool          // all declared ports were bound at some time
}

// bindKey is a request as the client made it; the client recognises a
// forwarded connection by exactly these words.
type bindKey struct {
	address string
	port    int
}

// binding is one reverse: its sockets, and the link that gets the connections.
type binding struct {
	key       bindKey
	listeners []net.Listener
	slots     chan struct{} // one per possible stream
	released  chan struct{} // closed with the sockets

	mu    sync.Mutex
	owner *link // nil once released
}

func newPorts(declared []int, wildcard string, serve func(*binding, net.Conn), running *sync.WaitGroup) *ports {
	declared = slices.Compact(slices.Sorted(slices.Values(declared)))
	return &ports{
		declared: declared,
		wildcard: wildcard,
		serve:    serve,
		running:  running,
		bound:    map[bindKey]*binding{},
		changed:  make(chan struct{}),
		served:   len(declared) == 0,
	}
}

// bind opens the sockets of a reverse for the link, or takes them over from an
// older one. It returns the port, which differs from the requested one where
// that was 0. The error's text is for the client: see [BindReason].
func (p *ports) bind(l *link, key bindKey) (port int, takenFrom *link, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if l.ctx.Err() != nil {
		// releaseAll has run or is about to: nothing would free this binding.
		return 0, nil, errors.New("the connection is closing")
	}

	if b := p.bound[key]; b != nil {
		former, err := b.handOver(l)
		return key.port, former, err
	}
	defer p.notify()
	// The same port under another address: a newer link's wish replaces it.
	for k, b := range p.bound {
		if former := b.heldBy(); k.port == key.port && former.number < l.number {
			p.drop(b)
			takenFrom = former
		}
	}
	listeners, err := listenAll(key.address, p.wildcard, key.port)
	if err != nil {
		return 0, nil, err
	}
	key.port = listeners[0].Addr().(*net.TCPAddr).Port
	b := &binding{key: key, listeners: listeners, owner: l,
		slots: make(chan struct{}, maxStreams), released: make(chan struct{})}
	p.bound[key] = b
	for _, ln := range listeners {
		p.running.Go(func() { p.accept(b, ln) })
	}
	return key.port, takenFrom, nil
}

// handOver gives the binding to a newer link.
func (b *binding) handOver(l *link) (former *link, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case b.owner == l:
		return nil, errors.New("already forwarded on this connection")
	case b.owner.number > l.number:
		return nil, errors.New("already forwarded on a newer connection")
	}
	former, b.owner = b.owner, l
	return former, nil
}

func (b *binding) heldBy() *link {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.owner
}

// release closes one reverse of the link; false where the link has none such.
func (p *ports) release(l *link, key bindKey) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	b := p.bound[key]
	if b == nil || b.heldBy() != l {
		return false
	}
	p.drop(b)
	p.notify()
	return true
}

// releaseAll closes what the link still owns and returns how many there were.
func (p *ports) releaseAll(l *link) (n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, b := range p.bound {
		if b.heldBy() == l {
			p.drop(b)
			n++
		}
	}
	if n > 0 {
		p.notify()
	}
	return n
}

// drop closes a binding's sockets. p.mu is held.
func (p *ports) drop(b *binding) {
	delete(p.bound, b.key)
	b.mu.Lock()
	b.owner = nil
	b.mu.Unlock()
	close(b.released)
	for _, ln := range b.listeners {
		ln.Close() // returns once the port is free, though its loop was in Accept
	}
}

// notify wakes everyone who follows readiness. p.mu is held.
func (p *ports) notify() {
	if len(p.missing()) == 0 {
		p.served = true
	}
	close(p.changed)
	p.changed = make(chan struct{})
}

// missing lists the declared ports that are not bound. p.mu is held.
func (p *ports) missing() []int {
	var missing []int
	for _, port := range p.declared {
		if !p.isBound(port) {
			missing = append(missing, port)
		}
	}
	return missing
}

func (p *ports) isBound(port int) bool {
	for k := range p.bound {
		if k.port == port {
			return true
		}
	}
	return false
}

// readiness is the state now, and a channel that is closed when it may change.
func (p *ports) readiness() (missing []int, served bool, changed <-chan struct{}) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.missing(), p.served, p.changed
}
