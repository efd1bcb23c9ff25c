// Package session runs hybrid sessions: it knows the order of the steps, owns
// their state, and gives the cluster back.
//
// # A session's life
//
// [Manager.Start] makes a session and waits until it is [Ready] or has ended.
// Each step is one [State]:
//
//	checking     manifest, workload, permissions, environment's sources, local ports; touches nothing
//	diverting    journal first; then mark the original, Secret with keys, dev workload; its pod is followed
//	connecting   SSH link through the API server; reverses bound in the pod, forwards on this machine
//	resolving    environment: computed from the API's objects, compared with what the agent observed; files
//	switching    the local command starts and listens; dev pod turns ready (its probe waits for the reverses)
//	ready        original to zero replicas; where nothing listens here it serves until something does (traffic.go)
//	reconnecting the link is gone; dial again with back-off, following the pod; the command lives on
//	stopping     original back and serving, dev workload and Secret gone, command ended, files removed, journal closed
//	stopped      asked to end;  failed: could not go on, Snapshot.Cause says why
//
// # Who owns what
//
// A session is one goroutine ([Session.run]). It alone changes the state, one
// change at a time, and every change makes a new immutable [Snapshot] whose Seq
// is one more than the last. Everybody else reads the latest snapshot, or asks
// through a channel. Stopping is a context: it interrupts whatever step the
// goroutine is in, which then undoes what was done so far. Undoing runs under a
// context of its own, because what is being cancelled must not cancel the repair.
//
// # Debuggers
//
// A debugger belongs to the session as the command does: its goroutine alone knows
// the list, and others ask it to do something through whenReady or anyTime. Only the
// start, which may have to wait for a compiler, runs in a goroutine of its own, and
// the standing session ends with it. A launch takes the command's place; the command
// comes back when the last launched program has ended.
//
// # What a crash leaves behind
//
// Before the cluster is touched the journal holds an [Entry] that is enough to
// undo everything, and the process holds a lock beside it. The kernel drops the
// lock when the process dies, so the next tandem tells a crashed session from a
// running one: it continues the session (adopt.go) or [Manager.Down] restores it.
// Where no next one comes, the guard process does (guardwatch.go). The same facts stand in an
// annotation on the original, for a developer who comes from another machine.
//
// The package knows nothing of HTTP, SSH or YAML; session/cluster,
// session/tunnel and manifest do.
package session
