// Package e2e proves Tandem from the outside: the real binaries, driven by real
// clients, against a real cluster. Nothing in here imports the engine.
//
// Each file is one story: a whole session (session_test.go), the environment
// compared with the kubelet's (environment_test.go), crashes and signals
// (crash_test.go), what `tandem doctor` foresees (doctor_test.go), a session with
// the least rights (role_test.go), everything a user can get wrong (bad_input_test.go,
// late_failure_test.go), npm's vscode-jsonrpc as the client
// (vscode_jsonrpc_test.go), the command line on a terminal (up_test.go), and
// several sessions at once (parallel_test.go, cancel_test.go,
// reconnect_test.go). Package harness says what they need.
package e2e
