package keep

import (
	"context"
	"encoding/json"
	"errors"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"github.com/tandem-dev/tandem/rpc"
	"github.com/tandem-dev/tandem/session"
)

// engine is the sessions that connections with equal settings share.
type engine struct {
	rpc.Sessions
	key string
	fan *fan

	// Of the Backend's lock:
	leases int
	linger *time.Timer // runs while there is no lease
}

// lease is one connection's hold on an engine. Close ends the hold, not the
// sessions.
type lease struct {
	rpc.Sessions
	release func()
}

func (l *lease) Close(context.Context) error {
	l.release()
	return nil
}

// errClosing refuses who comes while the backend is told to end.
var errClosing = errors.New("the backend is ending")

// factory is the rpc.Factory of the connections.
func (b *Backend) factory(ctx context.Context, s rpc.Setup) (rpc.Sessions, error) {
	key, err := engineKey(s)
	if err != nil {
		return nil, err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closing {
		return nil, errClosing
	}
	e := b.engines[key]
	if e == nil {
		f := &fan{alone: b.Out}
		shared := s
		shared.Observer, shared.Logger = f, zerolog.New(f).With().Timestamp().Logger()
		sessions, err := b.Sessions(ctx, shared)
		if err != nil {
			return nil, err
		}
		e = &engine{Sessions: sessions, key: key, fan: f}
		b.engines[key] = e
	}
	if e.linger != nil {
		e.linger.Stop()
		e.linger = nil
	}
	e.leases++
	leave := e.fan.join(listener{s.Observer, s.Logger}, e.List)
	return &lease{Sessions: e.Sessions, release: sync.OnceFunc(func() {
		leave()
		b.release(e)
	})}, nil
}

// engineKey says which connections share an engine. The log level is each
// connection's own.
func engineKey(s rpc.Setup) (string, error) {
	o := s.Options
	o.LogLevel = ""
	key, err := json.Marshal([]any{o, s.Root})
	return string(key), err
}

// release ends one lease of e. The last one starts the time to linger.
func (b *Backend) release(e *engine) {
	b.mu.Lock()
	defer b.mu.Unlock()
	e.leases--
	if e.leases > 0 || b.engines[e.key] != e {
		return
	}
	linger := b.Linger
	if !hasSessions(e) {
		linger = 0
	}
	e.linger = time.AfterFunc(linger, func() { b.expire(e) })
}

// expire closes an engine that nobody came back for.
func (b *Backend) expire(e *engine) {
	b.mu.Lock()
	if e.leases > 0 || b.engines[e.key] != e { // somebody came back, or Serve closes it
		b.mu.Unlock()
		return
	}
	delete(b.engines, e.key)
	b.ending++
	b.expiring.Add(1)
	b.mu.Unlock()
	defer b.expiring.Done()
	b.closeEngine(e)
	b.mu.Lock()
	b.ending--
	b.mu.Unlock()
	b.maybeIdle()
}

func (b *Backend) closeEngine(e *engine) {
	if err := e.Sessions.Close(context.Background()); err != nil {
		b.Log.Error().Err(err).Msg("sessions were not ended in full; `tandem down` restores what is left")
	}
}

// hasSessions says whether there is something to come back to.
func hasSessions(e *engine) bool {
	for _, s := range e.List() {
		if s.State != session.Stopped && s.State != session.Failed {
			return true
		}
	}
	return false
}
