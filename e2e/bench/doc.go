// Package bench measures Tandem from the outside, as an editor and a caller in
// the cluster see it, and beside `kubectl port-forward` where that does the same.
//
//	make bench                the tables
//	make bench ARGS=-update   the same, into docs/benchmarks.md and testdata/ratios.json
//	make bench-check          the tunnels alone, against testdata/ratios.json
//
// docs/benchmarks.md says how each figure is obtained. TestBudgets, a short form
// with the budgets that do not depend on what else the machine does, is a part of
// `make test`.
//
// # Files
//
//   - life.go: sessions started and stopped, and what a caller saw of it
//   - pods.go: when the cluster's pods came to what state
//   - tunnels.go: the tunnels, in turns with kubectl, OpenSSH and the bare loopback
//   - kubectl.go, openssh.go: those two
//   - relay.go: distance from the cluster
//   - ratios.go: figures, ratios to kubectl, the goals, what is a regression
//   - debugger.go: a debugger, in turns with plain dlv
//   - audit.go: requests to the API server, by its own account
//   - memory.go: resident memory
//   - stage.go: what the measurements need in the cluster
//   - report.go, table.go: the figures as text
//   - load: both ends of a measurement; target: the one that runs in a pod
package bench
