package session

import "slices"

// State is where a session stands. The names are part of the protocol.
type State string

// The states, in the order of a session that goes well.
const (
	// Checking reads the manifest and asks the cluster whether the session can
	// be had at all; nothing is changed yet.
	Checking State = "checking"
	// Diverting creates the dev workload beside the original.
	Diverting State = "diverting"
	// Connecting dials the agent and opens the tunnels.
	Connecting State = "connecting"
	// Resolving settles the environment and writes its files.
	Resolving State = "resolving"
	// Switching starts the command, waits for it to listen, and lets callers in.
	Switching State = "switching"
	// Ready is proven end to end: the agent has answered, the environment is
	// resolved, and where something listens here every reverse is bound and the dev
	// pod is ready. [Snapshot.Traffic] says whom callers meet.
	Ready State = "ready"
	// Reconnecting has lost the link and is getting it back; the local process
	// lives on.
	Reconnecting State = "reconnecting"
	// Stopping gives the cluster back.
	Stopping State = "stopping"
	// Stopped is the end of a session that was asked to end.
	Stopped State = "stopped"
	// Failed is the end of a session that could not go on; the snapshot's
	// cause says why, and the cluster has been given back.
	Failed State = "failed"
)

// next lists the states that may follow each state. A session that is starting
// or running may always stop; what has ended stays ended.
var next = map[State][]State{
	"":           {Checking},
	Checking:     {Diverting, Stopping, Failed},
	Diverting:    {Connecting, Stopping},
	Connecting:   {Resolving, Stopping},
	Resolving:    {Switching, Stopping},
	Switching:    {Ready, Stopping},
	Ready:        {Reconnecting, Stopping},
	Reconnecting: {Ready, Stopping},
	Stopping:     {Stopped, Failed},
}

// CanFollow reports whether a session in state s may go to state to.
func (s State) CanFollow(to State) bool { return slices.Contains(next[s], to) }

// Ended reports whether s is final.
func (s State) Ended() bool { return s == Stopped || s == Failed }

// States lists every state in the order of a session that goes well, for
// documentation and tests.
func States() []State {
	return []State{Checking, Diverting, Connecting, Resolving, Switching, Ready, Reconnecting, Stopping, Stopped, Failed}
}
