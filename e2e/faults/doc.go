// Package faults breaks what a session depends on, one thing at a time, while load
// flows through it both ways, and asserts what is left of it: no byte lost or
// changed unnoticed, the developer's process alive under the same pid, traffic
// flowing again in bounded time, and in the end a cluster and a machine that look as
// if there had been no session.
//
//	make test-faults    all of it, on a cluster of its own that it may break
//	go test ./e2e/faults   the quick half, which leaves the cluster to others
//
// # How a fault is told
//
//	s := newScene(t)                    // namespace, original, session, load both ways
//	s.break_("pod deleted", …)          // what is broken, and, where it is, until when
//	s.awaitFlow(limit)                  // both directions, the local pid, streams moving
//	s.finish()                          // stop, restored, nothing orphaned, a row
//
// scene.go has these; party.go the workloads and the developer's process; ledger.go
// the table that is printed at the end. node.go reaches below Kubernetes: processes
// of the node, black holes in its network. The faults themselves are in the files
// named after what is hit.
//
// Faults that hit the whole node (API server, kubelet, registry) are tests that do
// not call t.Parallel, so that they run before all others, one after another; they
// need TANDEM_FAULTS=long, which says that the cluster may be broken.
package faults
