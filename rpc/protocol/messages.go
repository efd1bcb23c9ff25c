// Code generated from the tables of rpc/protocol/internal/gendoc; DO NOT EDIT.

package protocol

// messages is every message of the protocol, in the order of the reference.
var messages = []Message{
	{Method: MethodInitialize, From: FromClient, Call: true, Params: InitializeParams{}, Result: InitializeResult{}},
	{Method: MethodInitialized, From: FromClient, Call: false},
	{Method: MethodShutdown, From: FromClient, Call: true},
	{Method: MethodExit, From: FromClient, Call: false},
	{Method: MethodCancel, From: FromClient, Call: false, Params: CancelParams{}},
	{Method: MethodSetTrace, From: FromClient, Call: false, Params: SetTraceParams{}},
	{Method: MethodDidChangeConfiguration, From: FromClient, Call: false, Params: DidChangeConfigurationParams{}},
	{Method: MethodProgressCancel, From: FromClient, Call: false, Params: WorkDoneProgressCancelParams{}},
	{Method: MethodManifestList, From: FromClient, Call: true, Params: ManifestListParams{}, Result: ManifestListResult{}},
	{Method: MethodClusterDoctor, From: FromClient, Call: true, Params: ClusterDoctorParams{}, Result: ClusterDoctorResult{}},
	{Method: MethodSessionStart, From: FromClient, Call: true, Params: SessionStartParams{}, Result: Snapshot{}},
	{Method: MethodSessionStop, From: FromClient, Call: true, Params: SessionStopParams{}, Result: Snapshot{}},
	{Method: MethodSessionRestart, From: FromClient, Call: true, Params: SessionRestartParams{}, Result: Snapshot{}},
	{Method: MethodSessionList, From: FromClient, Call: true, Params: SessionListParams{}, Result: SessionListResult{}},
	{Method: MethodSessionGet, From: FromClient, Call: true, Params: SessionGetParams{}, Result: Snapshot{}},
	{Method: MethodEnvResolve, From: FromClient, Call: true, Params: EnvResolveParams{}, Result: EnvResolveResult{}},
	{Method: MethodEnvExplain, From: FromClient, Call: true, Params: EnvExplainParams{}, Result: Explanation{}},
	{Method: MethodEnvWrite, From: FromClient, Call: true, Params: EnvWriteParams{}, Result: EnvWriteResult{}},
	{Method: MethodRunConfigPlan, From: FromClient, Call: true, Params: RunConfigParams{}, Result: RunConfigResult{}},
	{Method: MethodRunConfigWrite, From: FromClient, Call: true, Params: RunConfigParams{}, Result: RunConfigResult{}},
	{Method: MethodRunConfigRemove, From: FromClient, Call: true, Params: RunConfigParams{}, Result: RunConfigResult{}},
	{Method: MethodDebugConfigurations, From: FromClient, Call: true, Params: DebugConfigurationsParams{}, Result: DebugConfigurationsResult{}},
	{Method: MethodDebugStart, From: FromClient, Call: true, Params: DebugStartParams{}, Result: DebugStartResult{}},
	{Method: MethodDebugStop, From: FromClient, Call: true, Params: DebugStopParams{}, Result: Snapshot{}},
	{Method: MethodSessionDidChange, From: FromServer, Call: false, Params: Snapshot{}},
	{Method: MethodSessionOutput, From: FromServer, Call: false, Params: SessionOutputParams{}},
	{Method: MethodEnvDidChange, From: FromServer, Call: false, Params: EnvDidChangeParams{}},
	{Method: MethodProgress, From: FromServer, Call: false, Params: ProgressParams{}},
	{Method: MethodProgressCreate, From: FromServer, Call: true, Params: WorkDoneProgressCreateParams{}},
	{Method: MethodLogMessage, From: FromServer, Call: false, Params: LogMessageParams{}},
	{Method: MethodShowMessage, From: FromServer, Call: false, Params: ShowMessageParams{}},
	{Method: MethodLogTrace, From: FromServer, Call: false, Params: LogTraceParams{}},
}
