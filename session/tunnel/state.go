package tunnel

import (
	"sync"
	"sync/atomic"
)

// Kind says who opens the connections of a tunnel.
type Kind string

const (
	// Forward: a listener on the laptop, connections go into the cluster.
	Forward Kind = "forward"
	// Reverse: a listener in the pod, connections come to the laptop.
	Reverse Kind = "reverse"
	// Proxy: connections of a proxy on the laptop, to wherever its clients ask.
	Proxy Kind = "proxy"
)

// Status is the condition of a tunnel.
type Status string

const (
	// StatusOpen: new connections are taken.
	StatusOpen Status = "open"
	// StatusWaiting: the link is lost and the next one awaited. A forward's
	// listeners stay bound.
	StatusWaiting Status = "waiting"
	// StatusFailed: the pod refuses the reverse's port on the present link.
	StatusFailed Status = "failed"
	// StatusPaused: the pod does not listen for the reverse, by [Tunnel.Pause].
	StatusPaused Status = "paused"
	// StatusClosed: the tunnel was closed and is gone for good.
	StatusClosed Status = "closed"
)

// State is a snapshot of one tunnel.
type State struct {
	// ID is unique within its [Tunnels]: "f1", "f2", ... and "r1", ...
	ID   string
	Kind Kind
	// Local is the laptop's end: the address listened on (with the port that was
	// picked where 0 was asked for), or the one that a reverse dials.
	Local string
	// Remote is the pod's end: the address dialled from the pod, or the one
	// listened on there.
	Remote string
	Status Status
	// Connections counts those carried since the start, Active those open now,
	// Refused those that could not be carried because the far end was not there.
	Connections, Active, Refused int64
	// BytesIn came to the laptop, BytesOut left it, for either kind.
	BytesIn, BytesOut int64
	// Err is why the last connection was refused, or why the tunnel failed. The
	// next connection that works clears it.
	Err error
}

// counters are the numbers of a tunnel; everything is atomic, so that the copy
// loops never meet at a lock.
type counters struct {
	connections, active, refused atomic.Int64
	in, out                      atomic.Int64
}

// condition is the part of a tunnel's state that is not a number.
type condition struct {
	mu     sync.Mutex
	closed bool
	paused bool  // reverses only
	refuse error // why the last connection was refused
	bind   error // why the pod refuses to listen; reverses only
	bound  *Link // the link on which the pod listens; reverses only
}

// State is the tunnel's present state.
func (t *Tunnel) State() State {
	s := State{
		ID: t.id, Kind: t.kind, Local: t.local, Remote: t.remote,
		Connections: t.count.connections.Load(),
		Active:      t.count.active.Load(),
		Refused:     t.count.refused.Load(),
		BytesIn:     t.count.in.Load(),
		BytesOut:    t.count.out.Load(),
	}
	link := t.set.current()
	t.cond.mu.Lock()
	defer t.cond.mu.Unlock()
	s.Err = t.cond.refuse
	switch {
	case t.cond.closed:
		s.Status = StatusClosed
	case !link.alive():
		s.Status = StatusWaiting
		if t.set.fixed {
			s.Status = StatusFailed
			s.Err = link.Err()
		}
	case t.cond.paused:
		s.Status = StatusPaused
	case t.cond.bind != nil:
		s.Status, s.Err = StatusFailed, t.cond.bind
	case t.kind == Reverse && t.cond.bound != link:
		s.Status = StatusWaiting
	default:
		s.Status = StatusOpen
	}
	return s
}

// refused notes a connection that could not be carried.
func (t *Tunnel) refused(err error) {
	t.count.refused.Add(1)
	t.cond.mu.Lock()
	t.cond.refuse = err
	t.cond.mu.Unlock()
	t.set.notify.touch()
}

// begin and end frame a connection that is carried.
func (t *Tunnel) begin() {
	t.count.connections.Add(1)
	t.count.active.Add(1)
	t.cond.mu.Lock()
	t.cond.refuse = nil
	t.cond.mu.Unlock()
	t.set.notify.touch()
}

func (t *Tunnel) end() {
	t.count.active.Add(-1)
	t.set.notify.touch()
}
