// Package harness is what the end-to-end tests, the benchmark and the demo stand
// on: the real tandem binary, a real cluster, and a client that speaks to
// `tandem serve` as an editor does.
//
//	ns := harness.NewNamespace(t)                 // a namespace of its own, with the shop in it
//	ws := harness.NewWorkspace(t, ns)             // the shop's okteto.yml and sources, on free local ports
//	c := harness.Serve(ws)                        // tandem serve, initialized
//	snap := c.MustStart("api")                    // session/start, until ready
//	c.AwaitOutput(snap.ID, "serving")
//	ns.AwaitServedBy("local")
//
// Everything is given back with the test: processes end, the namespace is
// deleted in the background, folders go. Main removes what a whole run shares.
//
// # What it needs
//
//   - KUBECONFIG: a cluster; `scripts/with-cluster CMD` provides one. Without a
//     cluster the tests fail, because a skipped end-to-end test proves nothing.
//   - TANDEM_TEST_REGISTRY (default 127.0.0.1:5000): a registry that this machine
//     may push to and the cluster's nodes pull from, with the shop's images.
//   - TANDEM_BIN: the binary under test. Without it one is built, once per run;
//     TANDEM_E2E_RACE=1 builds it with the race detector, and a data race that
//     any process reports fails its test.
//   - TANDEM_AGENT_IMAGE: the agent's image. Without it the binary's own is
//     pushed to the registry, once per run.
//
// # Waiting
//
// Nothing sleeps for a guessed time. What tandem says is awaited as it arrives
// (Client.Await); what only the cluster or the network can show is asked again
// until it is true (Eventually), because it has no signal. Both end with the
// patience of Patience, which only a failure reaches.
package harness
