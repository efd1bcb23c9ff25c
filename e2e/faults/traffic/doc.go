// Package traffic is the load that flows while something is broken, and the
// account of what became of it. One program ([Party]) has both ends: it answers,
// and it asks. A pod of it asks the session's workload through its Service, which
// leads through the reverse to the developer's process; that process is the same
// program and asks a pod through the forward. So either direction is judged by the
// one who suffers from it, on whichever side of the break it stands.
//
//	requests   short ones, each over a connection of its own, all the time
//	streams    long ones that carry noise both ways; every byte that comes back is
//	           compared with what was sent, and at the end nothing may be missing
//	idle       a connection that says nothing from the beginning to the end
//
// A request or a stream may fail while its way is broken: that is counted. What may
// never happen is counted too: a byte that is not the one that was sent, and a
// stream that ends as if it were complete when it is not.
package traffic
