package tunnel

import (
	"context"
	"net"
	"slices"
	"strings"
	"sync"
	"time"
)

// Change is something that may have cut this machine's connections without
// telling anyone.
type Change string

const (
	// Woke: the machine was asleep, or this process was stopped.
	Woke Change = "woke up"
	// Moved: the machine has other network addresses than before.
	Moved Change = "network changed"
)

const (
	// lookEvery is how often the clocks are compared, and the addresses where the
	// system does not tell of changes.
	lookEvery = time.Second
	// sleptFor is by how much a look must come late to mean more than a busy
	// machine. A false alarm costs one round trip per connection.
	sleptFor = 3 * time.Second
	// settle lets a burst of network events pass: an interface that comes up has
	// a dozen of them.
	settle = 250 * time.Millisecond
)

// WatchSurroundings calls changed after every [Change] of this machine until stop
// is called, which waits for a call under way. changed must return at once.
func WatchSurroundings(changed func(Change)) (stop func()) { return around.watch(changed) }

// around is shared by everything in this process that watches: what there is to
// see is the machine's.
var around surroundings

// surroundings has one goroutine while somebody watches. It is started by the
// first watcher and ended, and waited for, by the last one that stops.
type surroundings struct {
	mu       sync.Mutex
	watchers map[*func(Change)]struct{}
	end      context.CancelFunc
	ended    chan struct{}
}

func (s *surroundings) watch(changed func(Change)) (stop func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.watchers) == 0 {
		s.watchers = map[*func(Change)]struct{}{}
		var ctx context.Context
		ctx, s.end = context.WithCancel(context.Background())
		ended := make(chan struct{})
		s.ended = ended
		began := time.Now()
		go func() {
			defer close(ended)
			s.look(ctx, began)
		}()
	}
	s.watchers[&changed] = struct{}{}
	return sync.OnceFunc(func() { s.leave(&changed) })
}

func (s *surroundings) leave(watcher *func(Change)) {
	s.mu.Lock()
	delete(s.watchers, watcher)
	ended := s.ended
	last := len(s.watchers) == 0
	if last {
		s.end()
	}
	s.mu.Unlock()
	if last {
		<-ended
	}
}

// tell calls every watcher, under the lock: one that has left is not called.
func (s *surroundings) tell(c Change) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for w := range s.watchers {
		(*w)(c)
	}
}

func (s *surroundings) look(ctx context.Context, last time.Time) {
	events, closeEvents := addressEvents()
	defer closeEvents()
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	settled := time.NewTimer(0)
	settled.Stop()
	addresses := ownAddresses()
	for {
		compare := false
		select {
		case <-ctx.Done():
			return
		case _, ok := <-events:
			if !ok {
				events = nil // from now on it is polled
			}
			settled.Reset(settle)
			continue
		case <-settled.C:
			compare = true
		case <-tick.C:
			now := time.Now()
			if slept(last, now) {
				s.tell(Woke)
			}
			last = now
			compare = events == nil
		}
		if compare {
			// What cannot be read now is compared the next time.
			if now := ownAddresses(); now != "" && now != addresses {
				addresses = now
				s.tell(Moved)
			}
		}
	}
}

// slept says whether much more time lies between two looks than should. The wall
// clock shows the machine's sleep, in which the monotonic clock of Linux and
// macOS stands still; the monotonic clock shows that the process was stopped, and
// the machine's sleep on Windows. A wall clock that is set back is no sleep.
func slept(last, now time.Time) bool {
	monotonic := now.Sub(last)
	wall := now.Round(0).Sub(last.Round(0))
	return max(monotonic, wall) > lookEvery+sleptFor
}

// ownAddresses are the addresses by which this machine reaches others, as one
// comparable text; "" where they cannot be read. Link-local ones are left out:
// every container on the machine brings one and takes it away again.
func ownAddresses() string {
	interfaces, err := net.Interfaces()
	if err != nil {
		return ""
	}
	var all []string
	for _, i := range interfaces {
		if i.Flags&net.FlagUp == 0 || i.Flags&net.FlagLoopback != 0 {
			continue
		}
		addresses, err := i.Addrs()
		if err != nil {
			continue // it has just gone
		}
		for _, a := range addresses {
			if ip, ok := a.(*net.IPNet); ok && ip.IP.IsGlobalUnicast() {
				all = append(all, i.Name+" "+ip.String())
			}
		}
	}
	slices.Sort(all)
	return "has " + strings.Join(all, ", ")
}
