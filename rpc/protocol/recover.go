package protocol

import "time"

// Guard says who gives the cluster back if the server of a session dies and
// nobody continues the session.
type Guard string

const (
	// GuardNone: nobody, until the next tandem on this machine, or `tandem down`.
	GuardNone Guard = "none"
	// GuardProcess: a process on this machine, within its grace period. Nobody does
	// should the whole machine be gone.
	GuardProcess Guard = "process"
	// GuardInCluster: that process and, should the whole machine be gone, the
	// session's agent in the cluster, after guardTtlSeconds without a link. The agent
	// has proven that it would be able to, which takes it a moment: a session is ready
	// before.
	GuardInCluster Guard = "in-cluster"
)

// Recoverable is a session that has lost its process and stands in the cluster.
type Recoverable struct {
	ID string `json:"id"`
	// Manifest is the file's URI.
	Manifest string `json:"manifest"`
	Dev      string `json:"dev"`
	// Workload is "Kind/name"; Namespace is where it is.
	Workload  string `json:"workload"`
	Namespace string `json:"namespace"`
	// Started is when the session was begun, PID the process that owned it.
	Started time.Time `json:"started"`
	PID     int       `json:"pid"`
	// Role is what that process was: "serve" (an editor's server) or "up" (a terminal's).
	Role string `json:"role"`
	// Restoring says that the guard is giving the workload back right now.
	Restoring bool `json:"restoring"`
}

// RecoverAction is what is to become of a session that has lost its process.
type RecoverAction string

const (
	// RecoverAdopt continues it in this server, with its dev pod as it is. Where
	// that cannot be, because the dev workload is gone or the manifest has changed,
	// it is given back and started anew.
	RecoverAdopt RecoverAction = "adopt"
	// RecoverRestore gives the workload back.
	RecoverRestore RecoverAction = "restore"
)

// SessionRecoverParams recover a session that has lost its process
// (session/recover). The answer is the [Snapshot] of the adopted session once it
// is ready, or of the restored one, which is stopped.
type SessionRecoverParams struct {
	WorkDoneProgressParams
	ID     string        `json:"id"`
	Action RecoverAction `json:"action"`
}
