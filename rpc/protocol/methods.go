package protocol

// Methods of the base protocol that the client sends.
const (
	MethodInitialize     = "initialize"
	MethodInitialized    = "initialized"
	MethodShutdown       = "shutdown"
	MethodExit           = "exit"
	MethodCancel         = "$/cancelRequest"
	MethodSetTrace       = "$/setTrace"
	MethodProgressCancel = "window/workDoneProgress/cancel"

	MethodDidChangeConfiguration    = "workspace/didChangeConfiguration"
	MethodDidChangeWorkspaceFolders = "workspace/didChangeWorkspaceFolders"
)

// Methods of the base protocol that the server sends.
const (
	MethodLogTrace       = "$/logTrace"
	MethodProgress       = "$/progress"
	MethodProgressCreate = "window/workDoneProgress/create" // a request
	MethodLogMessage     = "window/logMessage"
	MethodShowMessage    = "window/showMessage"
)

// Tandem's requests, client to server.
const (
	// MethodManifestList lists the manifests of a workspace: [ManifestListParams], [ManifestListResult].
	MethodManifestList = "manifest/list"
	// MethodClusterDoctor looks at everything that could keep a session from starting: [ClusterDoctorParams], [ClusterDoctorResult].
	MethodClusterDoctor = "cluster/doctor"
	// MethodSessionStart starts a session and answers once it is ready: [SessionStartParams], [Snapshot].
	MethodSessionStart = "session/start"
	// MethodSessionPlan tells what session/start would do, and changes nothing: [SessionPlanParams], [SessionPlanResult].
	MethodSessionPlan = "session/plan"
	// MethodSessionStop ends a session and gives the cluster back: [SessionStopParams], [Snapshot].
	MethodSessionStop = "session/stop"
	// MethodSessionRestart restarts a session's command with the environment as it now is: [SessionRestartParams], [Snapshot].
	MethodSessionRestart = "session/restart"
	// MethodSessionList lists the sessions: [SessionListParams], [SessionListResult].
	MethodSessionList = "session/list"
	// MethodSessionRecover continues a session that lost its process, or gives its workload back: [SessionRecoverParams], [Snapshot].
	MethodSessionRecover = "session/recover"
	// MethodSessionGet gets one session: [SessionGetParams], [Snapshot].
	MethodSessionGet = "session/get"
	// MethodEnvResolve resolves an environment: [EnvResolveParams], [EnvResolveResult].
	MethodEnvResolve = "env/resolve"
	// MethodEnvExplain tells how one variable came to its value: [EnvExplainParams], [Explanation].
	MethodEnvExplain = "env/explain"
	// MethodEnvWrite writes an environment file: [EnvWriteParams], [EnvWriteResult].
	MethodEnvWrite = "env/write"
	// MethodRunConfigPlan tells what run configurations would change: [RunConfigParams], [RunConfigResult].
	MethodRunConfigPlan = "runConfig/plan"
	// MethodRunConfigWrite writes run configurations: [RunConfigParams], [RunConfigResult].
	MethodRunConfigWrite = "runConfig/write"
	// MethodRunConfigRemove takes run configurations away: [RunConfigParams], [RunConfigResult].
	MethodRunConfigRemove = "runConfig/remove"
	// MethodDebugConfigurations tells what a session can debug: [DebugConfigurationsParams], [DebugConfigurationsResult].
	MethodDebugConfigurations = "debug/configurations"
	// MethodDebugStart starts a debugger and answers once it listens: [DebugStartParams], [DebugStartResult].
	MethodDebugStart = "debug/start"
	// MethodDebugStop ends a debugger: [DebugStopParams], [Snapshot].
	MethodDebugStop = "debug/stop"
	// MethodTunnelOpen opens a tunnel in a running session: [TunnelOpenParams], [Tunnel].
	MethodTunnelOpen = "tunnel/open"
	// MethodTunnelClose closes a tunnel: [TunnelCloseParams], [Snapshot].
	MethodTunnelClose = "tunnel/close"
)

// Tandem's notifications, server to client.
const (
	// MethodSessionDidChange carries a [Snapshot] after each change of a session.
	MethodSessionDidChange = "session/didChange"
	// MethodSessionOutput carries [SessionOutputParams]: what the local command wrote.
	MethodSessionOutput = "session/output"
	// MethodEnvDidChange carries [EnvDidChangeParams]: the sources of an environment have changed.
	MethodEnvDidChange = "env/didChange"
)
