package session

import (
	"slices"
	"time"

	"github.com/tandem-dev/tandem/envfile"
	"github.com/tandem-dev/tandem/internal/fault"
)

// Snapshot is one session at one moment: a value that never changes once it
// was handed out. Seq grows by exactly one with every change of the session,
// so a reader that sees 4 and then 6 knows that it missed 5.
type Snapshot struct {
	ID    string    `json:"id"`
	Seq   int64     `json:"seq"`
	State State     `json:"state"`
	Since time.Time `json:"since"`
	// Cause says why the session is reconnecting or failed, nil otherwise.
	Cause *Cause `json:"cause"`
	// NextRetryAt is when a reconnecting session tries again, nil otherwise.
	NextRetryAt *time.Time `json:"nextRetryAt"`

	Manifest  string `json:"manifest"` // absolute path
	Dev       string `json:"dev"`
	Context   string `json:"context"`
	Namespace string `json:"namespace"`

	Workload *Workload `json:"workload"` // nil until it was found
	Pod      *Pod      `json:"pod"`      // nil until the dev pod runs
	Tunnels  []Tunnel  `json:"tunnels"`
	Env      Env       `json:"env"`
	Volumes  *Volumes  `json:"volumes"` // nil where they were not asked for
	Process  *Process  `json:"process"` // nil where the session runs no command
	// Traffic says who answers the cluster's callers.
	Traffic Traffic `json:"traffic"`
	// Guard says who gives the cluster back if this process dies.
	Guard Guard `json:"guard"`
	// Adopted says that another process, which has died, began the session.
	Adopted bool `json:"adopted"`
	// Warnings are what the user should know of the session, newest last, at
	// most [maxWarnings].
	Warnings []Warning `json:"warnings"`
	// Debug are the debuggers that run.
	Debug []DebugSession `json:"debug"`
	// Phases tells how long each state lasted, in the order they were left.
	Phases []Phase `json:"phases"`
}

// trouble is the warning that the original does not serve although it was given
// back, as an error; nil without it.
func (s *Snapshot) trouble() error {
	for _, w := range s.Warnings {
		if w.Code == WarnOriginalDown {
			return fault.New(fault.Internal, "%s", w.Message).Hint("%s", w.Hint)
		}
	}
	return nil
}

// Cause is why a session is not well.
type Cause struct {
	Kind      fault.Kind `json:"kind"`
	Message   string     `json:"message"`
	Hint      string     `json:"hint,omitempty"`
	Retryable bool       `json:"retryable"`
}

// CauseOf says an error as a snapshot does; it must not be nil.
func CauseOf(err error) Cause { return *causeOf(err) }

// causeOf turns an error into what a snapshot carries.
func causeOf(err error) *Cause {
	if err == nil {
		return nil
	}
	return &Cause{Kind: fault.KindOf(err), Message: err.Error(), Hint: fault.HintOf(err), Retryable: fault.Retryable(err)}
}

// Workload is the workload that the session stands in for.
type Workload struct {
	Kind      string `json:"kind"`
	Name      string `json:"name"`
	Container string `json:"container"`
	// Replicas is what the original had, and gets back.
	Replicas int32 `json:"replicas"`
}

// Pod is the dev container's pod.
type Pod struct {
	Name string `json:"name"`
	Node string `json:"node"`
}

// Tunnel is one forward or reverse.
type Tunnel struct {
	ID          string     `json:"id"`
	Kind        TunnelKind `json:"kind"`
	Local       string     `json:"local"`
	Remote      string     `json:"remote"`
	State       string     `json:"state"`
	Connections int64      `json:"connections"`
	BytesIn     int64      `json:"bytesIn"`
	BytesOut    int64      `json:"bytesOut"`
	// Owner serves a forward that is TunnelStandby here, nil otherwise.
	Owner *TunnelOwner `json:"owner,omitempty"`
	Error string       `json:"error,omitempty"`
}

// TunnelPending is the state of a reverse whose port is not bound in the pod yet,
// because the traffic still goes to the original; the other states are those of
// [tunnel.Status].
const TunnelPending = "pending"

// TunnelKind is "forward", "reverse" or "proxy".
type TunnelKind string

// A forward brings a port of the cluster to localhost; a reverse brings a port
// of the dev pod's to the local process; a proxy brings every address of the
// cluster to the programs that use it.
const (
	Forward TunnelKind = "forward"
	Reverse TunnelKind = "reverse"
	Proxy   TunnelKind = "proxy"
)

// Env says what was resolved and where it was written; never a value.
type Env struct {
	Files    []EnvFile         `json:"files"`
	Count    int               `json:"count"`
	Hash     string            `json:"hash,omitempty"`
	Warnings []envfile.Warning `json:"warnings"`
}

// EnvFile is one file that holds the environment.
type EnvFile struct {
	Dialect string `json:"dialect"`
	Path    string `json:"path"`
}

// Process is the local command.
type Process struct {
	State    ProcessState `json:"state"`
	PID      int          `json:"pid"`
	ExitCode *int         `json:"exitCode"`
}

// ProcessState is "running" or "exited".
type ProcessState string

// The states of the local command.
const (
	ProcessRunning ProcessState = "running"
	ProcessExited  ProcessState = "exited"
)

// Phase is how long the session was in one state.
type Phase struct {
	State    State         `json:"state"`
	Duration time.Duration `json:"durationNs"`
}

// clone copies everything a later change could reach.
func (s Snapshot) clone() Snapshot {
	s.Tunnels = slices.Clone(s.Tunnels)
	s.Env.Files = slices.Clone(s.Env.Files)
	s.Env.Warnings = slices.Clone(s.Env.Warnings)
	s.Phases = slices.Clone(s.Phases)
	s.Warnings = slices.Clone(s.Warnings)
	s.Debug = slices.Clone(s.Debug)
	s.Workload, s.Volumes = copied(s.Workload), copied(s.Volumes)
	s.Pod, s.Cause, s.NextRetryAt, s.Process = copied(s.Pod), copied(s.Cause), copied(s.NextRetryAt), copied(s.Process)
	return s
}

func copied[T any](p *T) *T {
	if p == nil {
		return nil
	}
	v := *p
	return &v
}
