package tunnel

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"github.com/tandem-dev/tandem/internal/fault"
)

// Options are what [NewTunnels] needs; the zero value will do.
type Options struct {
	// Hold is how long a new connection to a forward waits for a link while there
	// is none, before it is reset. Zero means 30 s, negative not at all.
	Hold time.Duration
	// Logger gets what no caller is there to hear.
	Logger zerolog.Logger
	// OnChange is called after a tunnel has changed: a connection opened, ended
	// or refused, a status. Calls follow each other and are at least 100 ms
	// apart; one call may stand for many changes. Counted bytes alone are no
	// change. It must not call Close of the Tunnels or of their Link.
	OnChange func()
}

const (
	defaultHold = 30 * time.Second
	// heldLimit bounds the connections that wait for a link at one time.
	heldLimit = 256
)

// Tunnels is a set of tunnels that outlives its link. Listeners on the laptop
// stay bound while a link is lost; [Tunnels.Rebind] gives the set the next one
// and binds the reverses again, in what may be another pod.
type Tunnels struct {
	hold   time.Duration
	fixed  bool // belongs to one link and ends with it
	log    zerolog.Logger
	notify *notifier
	held   chan struct{} // one token for each connection waiting for a link

	ctx    context.Context // ends with Close
	cancel context.CancelFunc
	wg     sync.WaitGroup // the notifier and the link's watcher

	mu      sync.Mutex
	closed  bool
	link    *Link
	changed chan struct{} // closed and replaced when link is
	all     []*Tunnel     // in the order opened
	serial  map[Kind]int

	rebinding sync.Mutex // one Rebind or OpenReverse at a time
}

// NewTunnels makes an empty set without a link; the caller must Close it.
func NewTunnels(o Options) *Tunnels {
	ts := &Tunnels{
		hold:    o.Hold,
		log:     o.Logger,
		held:    make(chan struct{}, heldLimit),
		changed: make(chan struct{}),
		serial:  map[Kind]int{},
	}
	if ts.hold == 0 {
		ts.hold = defaultHold
	}
	if o.OnChange == nil {
		o.OnChange = func() {}
	}
	ts.notify = newNotifier(o.OnChange)
	ts.ctx, ts.cancel = context.WithCancel(context.Background())
	ts.wg.Go(func() { ts.notify.run(ts.ctx) })
	return ts
}

// Rebind makes link the one that carries the tunnels from now on and asks the
// pod to listen for every reverse. Connections that waited for a link go on.
// The error joins the reverses' failures, each a fault.ReverseBindFailed, but not
// those of [ReverseSpec.Optional]; such a tunnel is StatusFailed until the next
// Rebind, the others work. The former link is not closed: the caller who made it
// does that.
func (ts *Tunnels) Rebind(ctx context.Context, link *Link) error {
	if ts.fixed {
		return fault.New(fault.Internal, "a link's own tunnels cannot move to another link")
	}
	ts.rebinding.Lock()
	defer ts.rebinding.Unlock()
	ts.mu.Lock()
	if ts.closed {
		ts.mu.Unlock()
		return ErrClosed
	}
	ts.link = link
	close(ts.changed)
	ts.changed = make(chan struct{})
	all := slices.Clone(ts.all)
	// The loss of a link is a change of state that nobody calls us about.
	ts.wg.Go(func() {
		select {
		case <-link.Done():
			ts.notify.touch()
		case <-ts.ctx.Done():
		}
	})
	ts.mu.Unlock()

	var errs []error
	for _, t := range all {
		if t.kind == Reverse {
			if err := t.bind(ctx, link); err != nil && !t.reverse.optional {
				errs = append(errs, err)
			}
		}
	}
	ts.notify.touch()
	if len(errs) == 1 {
		return errs[0]
	}
	return errors.Join(errs...)
}

// States are snapshots of all tunnels that are not closed, in the order opened.
func (ts *Tunnels) States() []State {
	ts.mu.Lock()
	all := slices.Clone(ts.all)
	ts.mu.Unlock()
	states := make([]State, len(all))
	for i, t := range all {
		states[i] = t.State()
	}
	return states
}

// Find gives the tunnel with the ID, or nil.
func (ts *Tunnels) Find(id string) *Tunnel {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	for _, t := range ts.all {
		if t.id == id {
			return t
		}
	}
	return nil
}

// Close closes every tunnel and returns when all their goroutines have ended.
// The link is left alone.
func (ts *Tunnels) Close() error {
	ts.mu.Lock()
	ts.closed = true
	all := slices.Clone(ts.all)
	ts.mu.Unlock()
	ts.cancel()
	var wg sync.WaitGroup
	for _, t := range all {
		wg.Go(func() { t.Close() })
	}
	wg.Wait()
	ts.wg.Wait()
	return nil
}

// add makes a tunnel of the set; set fills in what its kind needs. An empty id
// is the kind's next one.
func (ts *Tunnels) add(kind Kind, id, local, remote string, set func(*Tunnel)) (*Tunnel, error) {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	if ts.closed {
		return nil, ErrClosed
	}
	if id == "" {
		ts.serial[kind]++
		id = fmt.Sprintf("%c%d", kind[0], ts.serial[kind])
	}
	t := &Tunnel{
		id:     id,
		kind:   kind,
		set:    ts,
		local:  local,
		remote: remote,
	}
	t.ctx, t.cancel = context.WithCancel(ts.ctx)
	set(t)
	ts.all = append(ts.all, t)
	return t, nil
}

func (ts *Tunnels) remove(t *Tunnel) {
	ts.mu.Lock()
	ts.all = slices.DeleteFunc(ts.all, func(other *Tunnel) bool { return other == t })
	ts.mu.Unlock()
	ts.notify.touch()
}

func (ts *Tunnels) current() *Link {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	return ts.link
}

// await gives the living link, waiting for one for as long as connections are
// held.
func (ts *Tunnels) await(ctx context.Context) (*Link, error) {
	ts.mu.Lock()
	link, changed := ts.link, ts.changed
	ts.mu.Unlock()
	if link.alive() {
		return link, nil
	}
	lost := fault.New(fault.LinkFailed, "there is no link to the cluster")
	if ts.fixed || ts.hold < 0 {
		return nil, lost
	}
	select {
	case ts.held <- struct{}{}:
		defer func() { <-ts.held }()
	default:
		return nil, lost
	}
	patience := time.NewTimer(ts.hold)
	defer patience.Stop()
	for {
		select {
		case <-changed:
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-patience.C:
			return nil, lost
		}
		ts.mu.Lock()
		link, changed = ts.link, ts.changed
		ts.mu.Unlock()
		if link.alive() {
			return link, nil
		}
	}
}

// Tunnel is one forward or reverse. Its methods are safe for concurrent use.
type Tunnel struct {
	id            string
	kind          Kind
	set           *Tunnels
	local, remote string
	count         counters
	cond          condition

	forward *forwarding // set for a forward
	reverse *reversing  // set for a reverse

	ctx    context.Context // ends with Close; every connection ends with it
	cancel context.CancelFunc
	once   sync.Once

	spawning sync.Mutex
	sealed   bool           // no goroutine may be added to wg
	wg       sync.WaitGroup // accept loops and connections
}

// spawn runs f as one of the tunnel's goroutines, unless it is closing.
func (t *Tunnel) spawn(f func()) bool {
	t.spawning.Lock()
	defer t.spawning.Unlock()
	if t.sealed {
		return false
	}
	t.wg.Go(f)
	return true
}

// Close stops listening, resets the connections that the tunnel carries and
// returns when all of its goroutines have ended. It may be called more than
// once.
func (t *Tunnel) Close() error {
	t.once.Do(func() {
		t.cond.mu.Lock()
		t.cond.closed = true
		t.cond.mu.Unlock()
		if t.forward != nil {
			t.forward.close()
		}
		if t.reverse != nil {
			t.unbind()
		}
		t.cancel()
		t.spawning.Lock()
		t.sealed = true
		t.spawning.Unlock()
		t.set.remove(t)
	})
	t.wg.Wait()
	return nil
}
