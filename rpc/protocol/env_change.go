package protocol

// EnvDidChangeParams tell that ConfigMaps, Secrets or the workload's own spec
// have changed under a running session, by the names of the variables only. The
// session's files are rewritten already.
type EnvDidChangeParams struct {
	ID      string   `json:"id"`
	Added   []string `json:"added"`
	Removed []string `json:"removed"`
	Changed []string `json:"changed"`
	// Stale names what still runs with the old environment: "debug:ID" for a
	// debugger, and "process" for the local command, which session/stop and session/start renew.
	Stale []string `json:"stale"`
}
