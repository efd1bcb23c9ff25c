package protocol

import "time"

// Snapshot is one session at one moment.
type Snapshot struct {
	// ID names the session for its whole life.
	ID string `json:"id"`
	// Seq grows by exactly one with each change of this session. A client that
	// holds seq n ignores a snapshot with a lower one, which can be overtaken on
	// its way as the answer to a request.
	Seq   int64 `json:"seq"`
	State State `json:"state"`
	// Since is when the session entered State.
	Since time.Time `json:"since"`
	// Cause says why the session is reconnecting, has failed, or, while it is ready,
	// that somebody insists on another state of the original ("contested"); null
	// otherwise.
	Cause *Cause `json:"cause"`
	// NextRetryAt is when a reconnecting session tries again, null otherwise.
	NextRetryAt *time.Time `json:"nextRetryAt"`

	// Manifest is the file's URI.
	Manifest string `json:"manifest"`
	Dev      string `json:"dev"`
	// Context and Namespace name the place in the cluster.
	Context   string `json:"context"`
	Namespace string `json:"namespace"`

	// Workload is what the session stands in for, null until it was found.
	Workload *Workload `json:"workload"`
	// Pod is the dev container's, null until it runs.
	Pod     *Pod     `json:"pod"`
	Tunnels []Tunnel `json:"tunnels"`
	Env     Env      `json:"env"`
	// Volumes says where the files of the container's volumes are, null where they
	// were not asked for.
	Volumes *Volumes `json:"volumes"`
	// Process is the local command, null where the server runs none.
	Process *Process `json:"process"`
	// Traffic says who answers the cluster's callers. A session may be ready
	// while it still is the original: nothing listens on this machine yet.
	Traffic Traffic `json:"traffic"`
	// Guard says who gives the cluster back if this server dies.
	Guard Guard `json:"guard"`
	// Adopted says that the session was begun by a server that has died, and goes
	// on in this one.
	Adopted bool `json:"adopted"`
	// Warnings are what the user should know, newest last, at most twenty.
	Warnings []SessionWarning `json:"warnings"`
	// Debug are the debuggers that run.
	Debug []DebugSession `json:"debug"`
}

// State is where a session stands.
type State string

// The states, in the order of a session that goes well.
const (
	// StateChecking reads the manifest and asks the cluster; nothing is changed.
	StateChecking State = "checking"
	// StateDiverting creates the dev workload beside the original.
	StateDiverting State = "diverting"
	// StateConnecting opens the link and the tunnels.
	StateConnecting State = "connecting"
	// StateResolving settles the environment and writes its files.
	StateResolving State = "resolving"
	// StateSwitching turns the traffic from the original to the session.
	StateSwitching State = "switching"
	// StateReady is proven end to end: the link answers and every reverse is bound.
	StateReady State = "ready"
	// StateReconnecting has lost the link and is getting it back.
	StateReconnecting State = "reconnecting"
	// StateStopping gives the cluster back.
	StateStopping State = "stopping"
	// StateStopped is the end that was asked for.
	StateStopped State = "stopped"
	// StateFailed is the end that was not; the cause says why.
	StateFailed State = "failed"
)

// Cause is why a session is not well, in the vocabulary of [ErrorData].
type Cause struct {
	Kind      string `json:"kind"`
	Message   string `json:"message"`
	Hint      string `json:"hint,omitempty"`
	Retryable bool   `json:"retryable"`
}

// Workload is the original in the cluster.
type Workload struct {
	// Kind is "Deployment" or "StatefulSet".
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

// Tunnel is one forward (cluster to laptop) or reverse (laptop to cluster).
type Tunnel struct {
	ID string `json:"id"`
	// Kind is "forward", "reverse" or "proxy"; a proxy has connections to anywhere, and "*" for remote.
	Kind string `json:"kind"`
	// Local is the address on this machine, Remote the one in the cluster.
	Local  string `json:"local"`
	Remote string `json:"remote"`
	// State is "open"; "waiting" while the link is lost; "pending" for a reverse
	// while the traffic still goes to the original; "standby" for a forward of the
	// manifest that another session serves at Local, and this one when that ends;
	// "paused" for a reverse that nobody listens for on this machine, with readiness
	// "local"; "failed" where Error says why, until it can be had again; "closed".
	State string `json:"state"`
	// Owner is who serves a forward that is "standby" here; absent otherwise.
	Owner *TunnelOwner `json:"owner,omitempty"`
	// Connections made so far; BytesIn and BytesOut as this machine sees them.
	Connections int64 `json:"connections"`
	BytesIn     int64 `json:"bytesIn"`
	BytesOut    int64 `json:"bytesOut"`
	// Listening says of a reverse that its port is bound in the pod; absent for a forward.
	Listening *bool `json:"listening,omitempty"`
	// Error says why the tunnel failed, null otherwise.
	Error *string `json:"error"`
}

// Env says what was resolved and where it was written; never a value.
type Env struct {
	Files []EnvFile `json:"files"`
	// Count of variables.
	Count int `json:"count"`
	// Hash changes when a variable does; "" before the environment is resolved.
	Hash     string       `json:"hash"`
	Warnings []EnvWarning `json:"warnings"`
}

// EnvFile is one file that holds the environment.
type EnvFile struct {
	Dialect string `json:"dialect"`
	// Path on this machine; relative paths start at the manifest's folder.
	Path string `json:"path"`
}

// EnvWarning is something to know about a variable, by name.
type EnvWarning struct {
	// Code is stable.
	Code string `json:"code"`
	// Variable is its name, "" where the warning is about no single one.
	Variable string `json:"variable,omitempty"`
	Message  string `json:"message"`
}

// Volumes are the files of the container's volumes on the server's machine. They
// follow the cluster's within a second of the pod's.
type Volumes struct {
	// Root is the folder that stands for the container's root.
	Root string `json:"root"`
	// Files is how many there were at the start.
	Files int `json:"files"`
	// Kubeconfig is the path of a kubeconfig that reaches the cluster as the
	// workload's service account; absent where the container has no token.
	Kubeconfig string `json:"kubeconfig,omitempty"`
	// Unreadable names files that the container may not read, with the reason.
	Unreadable []string `json:"unreadable"`
}

// Process is the local command.
type Process struct {
	// State is "running" or "exited".
	State string `json:"state"`
	PID   int    `json:"pid"`
	// ExitCode is null while the command runs.
	ExitCode *int `json:"exitCode"`
}
