package session

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"

	"github.com/tandem-dev/tandem/envfile"
	"github.com/tandem-dev/tandem/internal/fault"
	"github.com/tandem-dev/tandem/session/tunnel"
)

// Session is one dev entry in place of one workload.
type Session struct {
	id       string
	manager  *Manager
	cfg      *Config
	request  StartRequest
	started  time.Time
	claimed  bool // a continued session that a client has asked for; guarded by the manager
	prepared *prepared
	journal  *journal
	log      zerolog.Logger

	// snap is the latest snapshot; only the owner stores.
	snap atomic.Pointer[Snapshot]
	// env is the resolved environment, nil before; only the owner stores.
	env atomic.Pointer[envfile.Environment]
	// madeOf is what env was made of; only the owner stores.
	madeOf atomic.Pointer[madeOf]
	// tunnels is the set whose counters Snapshot reads; only the owner stores.
	tunnels atomic.Pointer[tunnel.Tunnels]
	// beside are tunnels that are not in it.
	beside beside

	// stop ends the session: it cancels the context of whatever step runs.
	// Its cause, where not nil, is why the session ends although nobody here wants
	// it to.
	stop context.CancelCauseFunc
	// settled closes when the session is ready or has ended, done when it has
	// ended and everything of it is gone.
	settled  chan struct{}
	settle   sync.Once
	wasReady bool // written before settled closes
	done     chan struct{}

	// tunnelsChanged holds one token when a tunnel has changed.
	tunnelsChanged chan struct{}

	// added are dialects of files beside those of the request.
	added dialectList

	// restarts asks the owner to restart the command.
	restarts chan chan error

	// whenReady and anyTime are what the owner is asked to do: at once in a
	// session that is ready, and also in one that is reconnecting. The context
	// ends when the session stands no more.
	whenReady, anyTime chan func(context.Context)
	// debugging are the debuggers that run; only the owner stores.
	debugging atomic.Pointer[[]Debugging]

	// failure is why the session ended by itself, undoFailure why the cluster
	// could not be given back; both are set before done closes.
	failure, undoFailure error

	// The rest belongs to the owner, the goroutine in live.
	current       Snapshot
	entered       time.Time
	guard         *guardian // nil without one
	guardRestarts int
	run           resources
}

// newSession makes a session; nothing runs yet.
func newSession(m *Manager, p *prepared, r StartRequest) *Session {
	cfg := &m.cfg
	s := &Session{
		id: p.id, manager: m, cfg: cfg, request: r, prepared: p, journal: m.journal,
		log:     cfg.Logger.With().Str("session", p.id).Logger(),
		settled: make(chan struct{}), done: make(chan struct{}),
		tunnelsChanged: make(chan struct{}, 1),
		restarts:       make(chan chan error),
		whenReady:      make(chan func(context.Context)),
		anyTime:        make(chan func(context.Context)),
		current:        p.snapshot(),
	}
	s.started = time.Now().UTC()
	s.run.entry = Entry{
		ID: p.id, Started: s.started, PID: os.Getpid(), Server: p.cluster.Host(),
		Manifest: p.manifest.Path, Dev: p.dev.Name, EnvDir: p.envDir, KeepFiles: r.KeepFiles,
		Owner: m.owner, Role: cfg.Role, Shape: p.shape(cfg.AgentImage),
	}
	first := s.current.clone()
	s.snap.Store(&first)
	return s
}

// Snapshot is the session as it stands. The tunnels' counters are read at this
// moment; they are not a change of the session.
func (s *Session) Snapshot() Snapshot {
	snap := s.snap.Load().clone()
	if s.tunnels.Load() != nil && snap.State != Stopping && !snap.State.Ended() {
		snap.Tunnels = s.allTunnels()
	}
	return snap
}

// Done closes when the session has ended and everything of it is gone.
func (s *Session) Done() <-chan struct{} { return s.done }

// live is the session's one goroutine: it starts, stands, and gives back. It
// ends when the session has ended, and closes done last.
func (s *Session) live(ctx context.Context) {
	defer close(s.done)
	defer s.settle.Do(func() { close(s.settled) })

	err := s.start(ctx)
	if err == nil {
		s.enter(Ready, nil)
		s.wasReady = true
		err = s.stand(ctx)
	}
	if ctx.Err() != nil {
		err = nil // asked to end: that is no failure
		if cause := context.Cause(ctx); errors.Is(cause, fault.TakenOver) {
			err = cause
		}
	}
	s.end(err)
}

// end gives everything back and enters the final state. why is nil for a
// session that was asked to end.
func (s *Session) end(why error) {
	s.failure = why
	if s.current.State == Checking && why != nil && !s.run.touched {
		s.undoFailure = s.giveBack(context.Background()) // nothing in the cluster yet
		s.enter(Failed, why)
		return
	}
	s.enter(Stopping, why)
	// The session's own context is spent; the repair has its own, bounded so
	// that a cluster that does not answer cannot hold a server for ever. What
	// is left then stands in the journal for `tandem down`.
	ctx, cancel := context.WithTimeout(context.Background(), giveBackTimeout)
	defer cancel()
	s.undoFailure = s.giveBack(ctx)
	if s.undoFailure != nil {
		s.log.Error().Err(s.undoFailure).Msg("giving the cluster back")
	}
	switch {
	case why != nil:
		s.enter(Failed, why)
	case s.undoFailure != nil:
		s.enter(Failed, s.undoFailure)
	default:
		s.enter(Stopped, nil)
	}
}

// giveBackTimeout bounds the repair of the cluster at the end of a session.
const giveBackTimeout = 60 * time.Second

// enter goes to a state and tells everybody. A transition that the state
// machine does not know is a bug of this package.
func (s *Session) enter(to State, why error) {
	from := s.current.State
	if !from.CanFollow(to) {
		panic(fmt.Sprintf("session %s: no way from %q to %q", s.id, from, to))
	}
	now := time.Now()
	if from != "" {
		s.current.Phases = append(s.current.Phases, Phase{State: from, Duration: now.Sub(s.entered)})
	}
	s.entered = now
	s.change(func(snap *Snapshot) {
		snap.State, snap.Since = to, now.UTC()
		snap.Cause, snap.NextRetryAt = causeOf(why), nil
	})
	event := s.log.Info()
	if to == Failed {
		event = s.log.Error().Err(why).Str("kind", string(fault.KindOf(why)))
	}
	event.Str("from", string(from)).Str("state", string(to)).Msg("session")
}

// change applies one change, numbers it, and tells the observer.
func (s *Session) change(apply func(*Snapshot)) {
	apply(&s.current)
	s.current.Seq++
	snap := s.current.clone()
	s.snap.Store(&snap)
	if s.cfg.Observer != nil {
		s.cfg.Observer.SessionChanged(snap.clone())
	}
}

// progress tells the one who started the session what is being waited for.
func (s *Session) progress(format string, args ...any) {
	if s.request.Progress != nil {
		s.request.Progress(fmt.Sprintf(format, args...))
	}
}
