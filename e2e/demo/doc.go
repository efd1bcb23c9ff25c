// Command demo shows one whole session to a newcomer, and checks it: the shop in
// a namespace of its own, an editor that speaks to `tandem serve` over stdin and
// stdout, a request from the cluster that the process on this machine answers,
// a query from here to the cluster's redis, where the environment came from,
// and the cluster given back as it was.
//
//	make demo
//
// Nothing on the screen is made up: every line is what was observed, and what
// differs from what a session promises ends the demo with exit code 1. Whatever
// happens, Ctrl-C included, the session is stopped and the namespace deleted.
//
// # Files
//
//   - story.go: the seven chapters, in order; the place to read first
//   - stage.go: failing and cleaning up, for what the harness asks of a test
//   - screen.go: how it looks
//
// The editor is [harness.Client]: a real JSON-RPC client on the other end of the
// server's pipes. The demo needs what every program on e2e/harness needs;
// `make demo` provides it.
package main
