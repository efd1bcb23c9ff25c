package session

import (
	"context"
	"crypto/rand"
	"errors"
	"io"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"github.com/tandem-dev/tandem/envfile"
	"github.com/tandem-dev/tandem/internal/fault"
	"github.com/tandem-dev/tandem/session/process"
	"github.com/tandem-dev/tandem/session/tunnel"
)

// Config is what every session of a Manager shares.
type Config struct {
	// StateDir holds the journal; "" is DefaultStateDir.
	StateDir string
	// AgentImage is the image whose init container brings the agent into the
	// dev pod; no session can start without it.
	AgentImage string
	// EnvDir is where environment files go; "" is .tandem beside the manifest.
	EnvDir string
	// Precedence decides between ConfigMap and Secret; "" is the documented order.
	Precedence envfile.Precedence
	// Local is how the environment is laid over the user's own.
	Local envfile.MergePolicy
	// RewriteHosts says what becomes of values that point at a forwarded service.
	RewriteHosts envfile.HostMode
	// DataPlane is what carries the tunnels; "" is tunnel.Auto.
	DataPlane tunnel.DataPlane
	// Kubeconfig, Context and Namespace choose the cluster, above what a manifest
	// says; where both say nothing it is kubectl's.
	Kubeconfig, Context, Namespace string
	// Debugger is the argv that starts this program as a debugger's process (see
	// package debug/adapter); empty can debug nothing.
	Debugger []string
	// Version of this build, recorded with what is created.
	Version string
	Logger  zerolog.Logger
	// Role is what this process is, for those who come after its death: "serve" or
	// "up". [Manager.AdoptLeft] continues what one of the same role left.
	Role string
	// GuardCommand starts a guard process (`tandem guard`); empty does without.
	GuardCommand []string
	// GuardGrace is how long after the death of this process a session's workload
	// is back at the latest, where nobody continues the session; 0 is
	// [DefaultGuardGrace], negative does without a guard.
	GuardGrace time.Duration
	// GuardTTL is how long nothing may be heard of this machine before the guard in
	// the cluster gives a session's workload back; 0 is [DefaultGuardTTL], negative
	// does without such a guard, and less than [MinGuardTTL] is refused.
	GuardTTL time.Duration
	// Observer hears of every change; nil hears nothing.
	Observer Observer
}

// Observer hears what happens to sessions. Its methods are called in order,
// one call per change, from the goroutine that owns the session; they must
// return at once.
type Observer interface {
	// SessionChanged has the snapshot after a change; its Seq is one more than
	// the one before.
	SessionChanged(Snapshot)
	// SessionOutput has what the local command wrote to "stdout" or "stderr".
	SessionOutput(id, stream, text string)
	// EnvChanged tells that the sources of a running session's environment have
	// changed; the files are rewritten already.
	EnvChanged(EnvChange)
}

// StartRequest asks for one session.
type StartRequest struct {
	// Manifest is the path of the manifest; "" looks for one in Dir.
	Manifest string
	// Dir is where to look for a manifest; "" is the working directory.
	Dir string
	// Dev names the entry; "" takes the only hybrid one.
	Dev string
	// Run starts the manifest's command once the environment is resolved.
	Run bool
	// Switch says when the traffic is turned; "" is [SwitchListening].
	Switch Switch
	// Readiness says what the dev pod's being ready means; "" is [ReadinessLink].
	Readiness Readiness
	// Debug, where not nil, starts the program under a debugger in the place of
	// the command.
	Debug *DebugRequest
	// Command replaces the manifest's command where it is not empty.
	Command []string
	// Environment goes above the manifest's environment, as from -e K=V.
	Environment []envfile.Var
	// IO wires the command; its zero value sends output to the observer.
	IO IO
	// EndWithCommand ends the session when the command ends.
	EndWithCommand bool
	// Takeover ends a session that somebody else has on the workload.
	Takeover bool
	// Files are the dialects to write; empty writes dotenv and JSON.
	Files []envfile.Dialect
	// KeepFiles leaves the environment's files when the session ends.
	KeepFiles bool
	// Proxy is the loopback address of a SOCKS5 and HTTP proxy into the cluster,
	// "127.0.0.1:0" for any port; "" is none. The command is told by ALL_PROXY,
	// HTTP_PROXY and their like.
	Proxy string
	// Volumes puts the files of the container's ConfigMaps, Secrets, downward API
	// and service-account token on this machine; see [Volumes].
	Volumes bool
	// ServiceAccount makes the command reach the cluster as the workload's service
	// account, by KUBECONFIG; it needs Volumes.
	ServiceAccount bool
	// Progress, where not nil, hears what is being waited for. It must return
	// at once and may be called from several goroutines.
	Progress func(message string)

	// unasked says that nobody has asked for the session right now: it is to be
	// continued, or not to be at all.
	unasked bool
	// place, where not nil, stands in for the manager's own cluster settings, and
	// found says that the session was begun by somebody else: see [Manager.Recover].
	place *place
	found bool
}

// IO is where the local command reads and writes.
type IO struct {
	// Terminal, where set, is the terminal that the command shares.
	Terminal *process.Terminal
	// Stdin is the command's input; nil is empty. Stdout and Stderr, where nil,
	// go to the observer.
	Stdin          io.Reader
	Stdout, Stderr io.Writer
}

// Manager owns the sessions of one server or of one command line. Its methods
// may be called from several goroutines.
//
//	m, err := session.NewManager(cfg)
//	snap, err := m.Start(ctx, session.StartRequest{Dev: "api", Run: true})  // until ready or failed
//	snap, err = m.Stop(ctx, snap.ID)                                         // until the cluster is back
//	err = m.Close(ctx)                                                       // stops what is left
type Manager struct {
	cfg     Config
	journal *journal
	owner   string // random, tells our entries of the journal from others'

	mu       sync.Mutex
	sessions map[string]*Session
	control  *controlServer // nil until the first session
	guard    *guardian      // nil without sessions
	closed   bool
	running  sync.WaitGroup // one for each session's goroutine
}

// NewManager opens the journal. It touches no cluster.
func NewManager(cfg Config) (*Manager, error) {
	if err := cfg.Local.Check(); err != nil {
		return nil, err
	}
	if cfg.StateDir == "" {
		dir, err := DefaultStateDir()
		if err != nil {
			return nil, err
		}
		cfg.StateDir = dir
	}
	j, err := openJournal(cfg.StateDir)
	if err != nil {
		return nil, err
	}
	if cfg.GuardGrace == 0 {
		cfg.GuardGrace = DefaultGuardGrace
	}
	if cfg.GuardTTL == 0 {
		cfg.GuardTTL = DefaultGuardTTL
	}
	if err := checkGuardTTL(cfg.GuardTTL); err != nil {
		return nil, err
	}
	return &Manager{cfg: cfg, journal: j, owner: rand.Text(), sessions: map[string]*Session{}}, nil
}

// Start starts a session and waits until it is ready or has ended. When ctx
// ends first the session is stopped, and the cluster given back, before Start
// returns. Errors before the session exists come with an empty Snapshot.
func (m *Manager) Start(ctx context.Context, r StartRequest) (Snapshot, error) {
	p, err := m.prepare(r)
	if err != nil {
		return Snapshot{}, err
	}
	s, err := m.launch(p, r)
	if err != nil {
		return Snapshot{}, err
	}
	select {
	case <-s.settled:
	case <-ctx.Done():
		s.stop(nil)
		<-s.done
		return s.Snapshot(), fault.Wrap(context.Cause(ctx), fault.Cancelled, "starting session %s", s.id)
	}
	snap := s.Snapshot()
	// One that was ready and has ended since, with a short command, is a success.
	if !s.wasReady && (snap.State == Stopping || snap.State.Ended()) {
		<-s.done
		if s.failure != nil {
			return s.Snapshot(), s.failure
		}
		return s.Snapshot(), fault.New(fault.Cancelled, "session %s was stopped while it started", s.id)
	}
	return snap, nil
}

// launch makes the session and its goroutine.
func (m *Manager) launch(p *prepared, r StartRequest) (*Session, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		return nil, fault.New(fault.Cancelled, "starting session %s: this server is shutting down", p.id)
	}
	if old := m.sessions[p.id]; old != nil && old.prepared.cluster.Context() != p.cluster.Context() {
		p.id = qualified(p.id, p.cluster.Context()) // the kubeconfig's current context was changed meanwhile
	}
	if old := m.sessions[p.id]; old != nil && !old.Snapshot().State.Ended() {
		if old.request.found && !r.found && !old.claimed {
			// Continued from before without being asked; whoever now wants it, has it.
			old.claimed = true
			return old, nil
		}
		return nil, fault.New(fault.SessionBusy, "session %s runs already in this server", p.id).
			Hint("stop it first, or use it: session/get has its state")
	}
	if m.control == nil {
		c, err := startControl(m, m.cfg.StateDir)
		if err != nil {
			return nil, err
		}
		m.control = c
	}
	s := newSession(m, p, r)
	s.run.entry.Control = m.control.path
	m.guardSessions()
	s.guard = m.guard
	ctx, cancel := context.WithCancelCause(context.Background())
	s.stop = cancel
	m.sessions[p.id] = s
	m.running.Go(func() {
		defer m.releaseGuard()
		defer cancel(nil)
		s.live(ctx)
	})
	return s, nil
}

func (m *Manager) session(id string) (*Session, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if s := m.sessions[id]; s != nil {
		return s, nil
	}
	known := slices.Sorted(maps.Keys(m.sessions))
	return nil, fault.New(fault.SessionNotFound, "there is no session %q in this server", id).
		Hint("session/list has them").With("sessions", known)
}

// Stop ends a session and waits until the cluster is given back. Stopping one
// that has ended is no error.
func (m *Manager) Stop(ctx context.Context, id string) (Snapshot, error) {
	s, err := m.session(id)
	if err != nil {
		return Snapshot{}, err
	}
	s.stop(nil)
	return m.Wait(ctx, id)
}

// Wait returns the final snapshot of a session once it has ended, whoever
// ended it. The error is that of giving the cluster back, or ctx's.
func (m *Manager) Wait(ctx context.Context, id string) (Snapshot, error) {
	s, err := m.session(id)
	if err != nil {
		return Snapshot{}, err
	}
	select {
	case <-s.done:
		return s.Snapshot(), s.undoFailure
	case <-ctx.Done():
		return s.Snapshot(), fault.Wrap(context.Cause(ctx), fault.Cancelled, "waiting for the end of session %s", id)
	}
}

// List has every session of this manager, ended ones included, by id.
func (m *Manager) List() []Snapshot {
	m.mu.Lock()
	defer m.mu.Unlock()
	all := make([]Snapshot, 0, len(m.sessions))
	for _, id := range slices.Sorted(maps.Keys(m.sessions)) {
		all = append(all, m.sessions[id].Snapshot())
	}
	return all
}

// Get is one session as it stands.
func (m *Manager) Get(id string) (Snapshot, error) {
	s, err := m.session(id)
	if err != nil {
		return Snapshot{}, err
	}
	return s.Snapshot(), nil
}

// Close stops every session, waits until the cluster is given back, and closes
// the control socket. It starts nothing any more. ctx bounds nothing that
// repairs the cluster: each session bounds its own repair.
func (m *Manager) Close(context.Context) error {
	m.mu.Lock()
	m.closed = true
	control := m.control
	var all []*Session
	for _, s := range m.sessions {
		s.stop(nil)
		all = append(all, s)
	}
	m.mu.Unlock()
	m.running.Wait()
	var errs []error
	for _, s := range all {
		errs = append(errs, s.undoFailure)
	}
	if control != nil {
		errs = append(errs, control.close())
	}
	return errors.Join(errs...)
}
