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

// Behind says whether somebody is behind a session in the cluster.
type Behind string

const (
	// BehindSomebody: a machine is connected to the session's agent.
	BehindSomebody Behind = "somebody"
	// BehindNobody: none is. `tandem down --cluster` gives such a workload back.
	BehindNobody Behind = "nobody"
	// BehindUnknown: the agent does not run, or may not be asked.
	BehindUnknown Behind = "unknown"
)

// ClusterSession is a session as the cluster tells of it, whoever's it is and
// wherever it was started. session/start with takeover takes its workload over.
type ClusterSession struct {
	// ID is the session's name on its own machine; Owner and Host are its user and
	// that machine, "" where nothing tells.
	ID    string `json:"id"`
	Owner string `json:"owner"`
	Host  string `json:"host"`
	// Namespace is where it is; Workload is "Kind/name", "" where only objects of the
	// session are left that do not tell.
	Namespace string    `json:"namespace"`
	Workload  string    `json:"workload"`
	Since     time.Time `json:"since"`
	// Replicas are those that the workload gets back, null where nothing tells.
	Replicas *int32 `json:"replicas"`
	// Behind says whether somebody is there, AwaySeconds for how long nobody was, 0
	// where that is not known.
	Behind      Behind `json:"behind"`
	AwaySeconds int    `json:"awaySeconds"`
	// Mine says that it is this user's, from this machine.
	Mine bool `json:"mine"`
	// GuardTTLSeconds is after how long without a machine the guard in the cluster
	// gives the workload back; 0 without one.
	GuardTTLSeconds int `json:"guardTtlSeconds"`
	// Objects are the session's that could be listed, as "Kind/name", "mark" for the
	// annotation on the workload.
	Objects []string `json:"objects"`
}
