package protocol

// SessionStartParams ask for a session (session/start). The answer is the
// [Snapshot] of the ready session; until then the changes arrive as
// session/didChange and, in the user's words, as progress.
//
// Cancelling the request gives the cluster back before it is answered.
type SessionStartParams struct {
	WorkDoneProgressParams
	// Manifest is the file, as a file URI or an absolute path. Absent, the
	// first workspace folder's manifest.
	Manifest string `json:"manifest,omitempty"`
	// Dev is the entry; absent takes the manifest's only hybrid one.
	Dev     string              `json:"dev,omitempty"`
	Options SessionStartOptions `json:"options,omitzero"`
}

// SessionStartOptions vary a session.
type SessionStartOptions struct {
	// Takeover ends the session that somebody else has on the workload; without
	// it such a start fails with "session-busy".
	Takeover bool `json:"takeover,omitempty"`
	// Run starts the manifest's command once the environment is resolved; its
	// output arrives as session/output.
	Run bool `json:"run,omitempty"`
	// Switch says when the traffic is turned to this machine; absent is
	// [SwitchListening]. With Run the answer waits for that, for at most the
	// manifest's timeout; without it the session is ready at once, and the traffic
	// is turned whenever something, such as a debugged program, begins to listen.
	Switch Switch `json:"switch,omitempty"`
	// Readiness says what the dev pod's being ready means once the traffic is turned;
	// absent is [ReadinessLink].
	Readiness Readiness `json:"readiness,omitempty"`
	// Debug starts the program under a debugger in the place of the command; the
	// debugger is in the snapshot, debug/configurations has what its client needs.
	Debug *DebugOptions `json:"debug,omitempty"`
	// Files are the dialects of environment files to write; absent is the
	// server's default.
	Files []string `json:"files,omitempty"`
	// KeepFiles leaves the environment files when the session ends; they hold
	// the values of Secrets.
	KeepFiles bool `json:"keepFiles,omitempty"`
	// Volumes puts the files of the container's ConfigMap, Secret, downward-API and
	// service-account volumes on this machine, for the session's time; the
	// variable TANDEM_ROOT names their folder, which stands for the container's root.
	Volumes bool `json:"volumes,omitempty"`
	// ServiceAccount makes the command reach the cluster as the workload's service
	// account, by the variable KUBECONFIG; it includes Volumes.
	ServiceAccount bool `json:"serviceAccount,omitempty"`
	// Proxy opens a SOCKS5 and HTTP proxy into the cluster on this loopback
	// address, "127.0.0.1:0" for any port. The command is told by ALL_PROXY,
	// HTTP_PROXY, HTTPS_PROXY and NO_PROXY.
	Proxy string `json:"proxy,omitempty"`
	// RunConfigs are editors ("vscode", "jetbrains", "neovim", "zed") to write
	// run configurations for, as runConfig/write with the session's id does. They
	// stay when the session ends; runConfig/remove takes them away. Where they
	// cannot be written the session is up all the same, and a window/showMessage
	// says why.
	RunConfigs []string `json:"runConfigs,omitempty"`
}

// SessionStopParams end a session (session/stop). The answer is the last
// [Snapshot]: the cluster is as it was before.
type SessionStopParams struct {
	WorkDoneProgressParams
	ID string `json:"id"`
}

// SessionRestartParams restart the local command of a ready session
// (session/restart): the old one is ended, the new one has the environment as it
// now is. The answer is the [Snapshot] with the new process.
type SessionRestartParams struct {
	WorkDoneProgressParams
	ID string `json:"id"`
}

// SessionListParams ask for all sessions (session/list).
type SessionListParams struct {
	// Cluster asks the cluster as well: for every session that stands in the
	// namespace, whoever's it is and wherever it was started. It takes some requests.
	Cluster bool `json:"cluster,omitempty"`
}

// SessionListResult answers session/list.
type SessionListResult struct {
	// Sessions in the order of their ids, ended ones of this server included.
	Sessions []Snapshot `json:"sessions"`
	// Recoverable are sessions of this user and machine that have lost their
	// process, by id: session/recover continues one or gives its workload back.
	Recoverable []Recoverable `json:"recoverable"`
	// Cluster are the sessions that stand in the namespace, by workload; absent where
	// the cluster was not asked.
	Cluster []ClusterSession `json:"cluster,omitzero"`
}

// SessionGetParams ask for one session (session/get).
type SessionGetParams struct {
	ID string `json:"id"`
}

// SessionOutputParams are what the local command wrote (session/output).
type SessionOutputParams struct {
	ID string `json:"id"`
	// Stream is "stdout" or "stderr".
	Stream string `json:"stream"`
	// Text as it was written, cut at arbitrary places; bytes that are not
	// UTF-8 are replaced by U+FFFD.
	Text string `json:"text" private:"size"`
	// Dropped is how many bytes of the command's output, of either stream,
	// were left out just before Text because the client did not read fast
	// enough. Everything else the server has to say is never left out.
	Dropped int64 `json:"dropped,omitempty"`
}
