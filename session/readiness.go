package session

import (
	"context"
	"maps"
	"net"
	"strings"
	"sync"
	"time"

	"github.com/tandem-dev/tandem/internal/fault"
	"github.com/tandem-dev/tandem/session/tunnel"
)

// Readiness says what the dev pod's being ready means, once the traffic is turned.
type Readiness string

const (
	// ReadinessLink: the link to this machine stands.
	ReadinessLink Readiness = "link"
	// ReadinessLocal: besides, the local ports of the reverses are listened on. A
	// program that ends takes the pod out of the Services until one listens again.
	// A port that nobody has listened on yet does not count.
	ReadinessLocal Readiness = "local"
)

// check refuses what there is not; "" is the default.
func (r Readiness) check() error {
	switch r {
	case "", ReadinessLink, ReadinessLocal:
		return nil
	}
	return fault.New(fault.InvalidParams, "readiness %q is unknown", string(r)).
		Hint("%q needs the link alone, %q also somebody who listens here", ReadinessLink, ReadinessLocal)
}

// endsInterval is how often the local ports are looked at. Nothing tells when
// somebody stops to listen; on Linux looking costs a read of the kernel's table and
// no connection, elsewhere a connection.
const endsInterval = 500 * time.Millisecond

// localEnds watches the local ports of reverses for those that nobody listens on any
// more. Its goroutine ends at close.
type localEnds struct {
	cancel  context.CancelFunc
	done    sync.WaitGroup
	changed chan struct{} // one token after a change

	mu sync.Mutex
	// listened says of a tunnel's ID whether somebody listens; those that nobody
	// has listened on yet are not in it.
	listened map[string]bool
}

// watchEnds starts to watch, local addresses by the tunnels' IDs.
func watchEnds(addresses map[string]string) *localEnds {
	ctx, cancel := context.WithCancel(context.Background()) // ended by close
	e := &localEnds{cancel: cancel, changed: make(chan struct{}, 1), listened: map[string]bool{}}
	e.done.Go(func() {
		tick := time.NewTicker(endsInterval)
		defer tick.Stop()
		for {
			for id, address := range addresses {
				e.look(ctx, id, address)
			}
			select {
			case <-tick.C:
			case <-ctx.Done():
				return
			}
		}
	})
	return e
}

func (e *localEnds) look(ctx context.Context, id, address string) {
	now, known := tunnel.Listening(address)
	if !known {
		now = accepts(ctx, address)
	}
	e.mu.Lock()
	was, seen := e.listened[id]
	change := now != was && (seen || now) && ctx.Err() == nil
	if change {
		e.listened[id] = now
	}
	e.mu.Unlock()
	if change {
		select {
		case e.changed <- struct{}{}:
		default:
		}
	}
}

func (e *localEnds) state() map[string]bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return maps.Clone(e.listened)
}

// close ends the watching; nil is allowed.
func (e *localEnds) close() {
	if e != nil {
		e.cancel()
		e.done.Wait()
	}
}

// followEnds begins to let the pod's readiness follow the local ports, where that
// was asked for. It may be called again.
func (s *Session) followEnds() {
	if s.request.Readiness != ReadinessLocal || s.run.ends != nil {
		return
	}
	addresses := map[string]string{}
	for _, spec := range s.prepared.reverseSpecs() {
		addresses[spec.ID] = spec.Local
	}
	s.run.ends = watchEnds(addresses)
}

// endsChanged has a token when somebody has begun or stopped to listen; nil where
// nobody wants to know.
func (s *Session) endsChanged() <-chan struct{} {
	if s.run.ends == nil {
		return nil
	}
	return s.run.ends.changed
}

// settleEnds gives the ports in the pod back that nobody listens on, which makes
// the pod unready, and binds those again that somebody does.
func (s *Session) settleEnds(ctx context.Context) {
	ctx, cancel := s.step(ctx)
	defer cancel()
	var gone []string
	for id, listens := range s.run.ends.state() {
		t := s.run.tunnels.Find(id)
		switch {
		case t == nil || t.Paused() == !listens:
		case listens:
			if err := t.Resume(ctx); err != nil {
				s.log.Warn().Err(err).Str("tunnel", id).Msg("binding a reverse again")
			}
		default:
			t.Pause()
			_, port, _ := net.SplitHostPort(t.State().Local)
			gone = append(gone, port)
		}
	}
	if len(gone) > 0 {
		s.log.Info().Str("ports", strings.Join(gone, ",")).Msg("nobody listens here any more: the dev pod is not ready until somebody does")
	}
	s.change(s.fillTunnels)
}

// unserved says that a reverse is given back because nobody listens: the pod cannot
// be ready then.
func (s *Session) unserved() bool {
	for _, spec := range s.prepared.reverseSpecs() {
		if t := s.run.tunnels.Find(spec.ID); t != nil && t.Paused() {
			return true
		}
	}
	return false
}
