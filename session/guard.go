package session

// Guard says who gives the cluster back if the process that owns a session dies
// and nobody adopts it.
type Guard string

const (
	// GuardNone: nobody, until the next tandem on this machine or `tandem down`.
	GuardNone Guard = "none"
	// GuardProcess: the guard process of this machine.
	GuardProcess Guard = "process"
	// GuardInCluster: the guard process and, when the machine is gone, the agent.
	GuardInCluster Guard = "in-cluster"
)
