package protocol

// Guard says who gives the cluster back if the server of a session dies and
// nobody continues the session.
type Guard string

const (
	// GuardNone: nobody, until the next tandem on this machine, or `tandem down`.
	GuardNone Guard = "none"
	// GuardProcess: a process on this machine, within its grace period.
	GuardProcess Guard = "process"
	// GuardInCluster: that process and, should the whole machine be gone, the
	// session's agent in the cluster, after a time to live without a link.
	GuardInCluster Guard = "in-cluster"
)
