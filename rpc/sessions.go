package rpc

import (
	"context"

	"github.com/tandem-dev/tandem/debug"
	"github.com/tandem-dev/tandem/envfile"
	"github.com/tandem-dev/tandem/manifest"
	"github.com/tandem-dev/tandem/rpc/protocol"
	"github.com/tandem-dev/tandem/session"
)

// Sessions is what the server asks of the sessions; [session.Manager] is it.
// Its methods may be called from several goroutines.
type Sessions interface {
	// Start starts a session and returns once it is ready or has ended. When
	// ctx ends first, the cluster has been given back when Start returns.
	Start(ctx context.Context, r session.StartRequest) (session.Snapshot, error)
	// Plan tells what Start would do and changes nothing.
	Plan(ctx context.Context, r session.PlanRequest) (*session.Plan, error)
	// Stop ends a session and returns once the cluster is given back.
	Stop(ctx context.Context, id string) (session.Snapshot, error)
	// Restart restarts a session's command with its present environment.
	Restart(ctx context.Context, id string) (session.Snapshot, error)
	// Recover continues a session that has lost its process, or restores its workload.
	Recover(ctx context.Context, id string, how session.Recovery, progress func(string)) (session.Snapshot, error)
	// Recoverable lists such sessions.
	Recoverable() ([]session.Left, error)
	// AdoptLeft continues those of a dead server whose manifests lie in the
	// folders; it does not wait until they are ready.
	AdoptLeft(folders []string)
	// List has every session, ended ones included, by id.
	List() []session.Snapshot
	// Get is one session as it stands, or fault.SessionNotFound.
	Get(id string) (session.Snapshot, error)
	// Environment is the one of a session that runs.
	Environment(id string) (*envfile.Environment, error)
	// ResolveOffline computes an environment from the cluster's objects,
	// without a session.
	ResolveOffline(ctx context.Context, manifest, dev string) (*envfile.Environment, error)
	// Explain tells how one variable came to its value.
	Explain(ctx context.Context, r session.ExplainRequest) (*envfile.Explanation, error)
	// Doctor looks at everything that could keep a session from starting.
	Doctor(ctx context.Context, r session.DoctorRequest) (*session.Diagnosis, error)
	// WriteEnv writes a session's environment in one more dialect; path may be "".
	WriteEnv(id string, d envfile.Dialect, path string) (envfile.File, error)
	// DebugStart starts a debugger of a session and returns once it listens.
	DebugStart(ctx context.Context, id string, r session.DebugRequest) (session.Debugging, error)
	// DebugStop ends one and returns once it and what it launched are gone.
	DebugStop(ctx context.Context, id, debugID string) error
	// Debuggers are those that run in a session, and what a launch would debug.
	Debuggers(id string) ([]session.Debugging, debug.Target, error)
	// Inventory is what the namespace of a manifest that says at holds, by name.
	Inventory(ctx context.Context, at manifest.Place) (*session.Inventory, error)
	// OpenTunnel opens a tunnel in a session that runs.
	OpenTunnel(ctx context.Context, id string, r session.TunnelRequest) (session.Tunnel, error)
	// CloseTunnel closes one.
	CloseTunnel(ctx context.Context, id, tunnelID string) error
	// Status lists the journal, sessions of other processes and crashed ones too.
	Status(ctx context.Context) ([]session.Status, error)
	// InCluster lists the sessions that stand in the namespace, whoever's they are.
	InCluster(ctx context.Context) ([]session.InCluster, error)
	// Down ends sessions and undoes what crashes left.
	Down(ctx context.Context, r session.DownRequest) ([]session.Restored, error)
	// Close stops every session and returns once the cluster is given back. It
	// bounds its own time.
	Close(ctx context.Context) error
}

// observer brings what happens to sessions to the client. Its methods are
// called by the goroutines that own the sessions and never wait.
type observer struct{ s *Server }

// SessionChanged sends session/didChange. None is left out: a gap in seq would
// tell the client that it missed something, and nothing would repair that.
func (o observer) SessionChanged(snap session.Snapshot) {
	o.s.flushDropped(snap.ID)
	o.s.notify(protocol.MethodSessionDidChange, snapshotOf(snap))
	o.s.tellFailure(snap)
	o.s.refreshLenses(snap)
}

// SessionOutput sends session/output, or counts what the client is too slow for.
func (o observer) SessionOutput(id, stream, text string) { o.s.output(id, stream, text) }

// EnvChanged sends env/didChange.
func (o observer) EnvChanged(c session.EnvChange) {
	o.s.notify(protocol.MethodEnvDidChange, protocol.EnvDidChangeParams{
		ID: c.ID, Added: names(c.Added), Removed: names(c.Removed), Changed: names(c.Changed), Stale: names(c.Stale),
	})
}

// names is a list that is never null.
func names(list []string) []string {
	if list == nil {
		return []string{}
	}
	return list
}

// A change of the manager's shape is seen here.
var (
	_ Sessions         = (*session.Manager)(nil)
	_ session.Observer = observer{}
)
