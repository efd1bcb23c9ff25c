// Package scale shows what many sessions cost a cluster's API server: `make scale`
// leaves a thousand sessions' objects and watches on a real one, and measures as
// their number grows. Without the flag -sessions the test is a short form for
// every day: a few sessions, the same counts.
//
// A real session is started first. What it has left in the cluster is copied for
// each simulated one, and its watches are opened as it opened them, each session
// with a connection of its own. What is not simulated are pods: a thousand would
// need fifty nodes; the dev Deployments stand at zero replicas. Nor are the
// streams to them, which an API server only copies.
//
// The other end is measured too: what ten sessions cost the one server on a
// developer's machine that has them.
//
// docs/scale.md has the arithmetic and the figures.
package scale
