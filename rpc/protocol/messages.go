// Code generated from the tables of rpc/protocol/internal/gendoc; DO NOT EDIT.

package protocol

// messages is every message of the protocol, in the order of the reference.
var messages = []Message{
	{Method: MethodInitialize, From: FromClient, Call: true},
	{Method: MethodInitialized, From: FromClient, Call: false},
	{Method: MethodShutdown, From: FromClient, Call: true},
	{Method: MethodExit, From: FromClient, Call: false},
	{Method: MethodCancel, From: FromClient, Call: false},
	{Method: MethodSetTrace, From: FromClient, Call: false},
	{Method: MethodProgressCancel, From: FromClient, Call: false},
	{Method: MethodManifestList, From: FromClient, Call: true},
	{Method: MethodClusterDoctor, From: FromClient, Call: true},
	{Method: MethodSessionStart, From: FromClient, Call: true},
	{Method: MethodSessionStop, From: FromClient, Call: true},
	{Method: MethodSessionRestart, From: FromClient, Call: true},
	{Method: MethodSessionList, From: FromClient, Call: true},
	{Method: MethodSessionGet, From: FromClient, Call: true},
	{Method: MethodEnvResolve, From: FromClient, Call: true},
	{Method: MethodEnvExplain, From: FromClient, Call: true},
	{Method: MethodEnvWrite, From: FromClient, Call: true},
	{Method: MethodRunConfigPlan, From: FromClient, Call: true},
	{Method: MethodRunConfigWrite, From: FromClient, Call: true},
	{Method: MethodRunConfigRemove, From: FromClient, Call: true},
	{Method: MethodSessionDidChange, From: FromServer, Call: false},
	{Method: MethodSessionOutput, From: FromServer, Call: false},
	{Method: MethodEnvDidChange, From: FromServer, Call: false},
	{Method: MethodProgress, From: FromServer, Call: false},
	{Method: MethodProgressCreate, From: FromServer, Call: true},
	{Method: MethodLogMessage, From: FromServer, Call: false},
	{Method: MethodShowMessage, From: FromServer, Call: false},
	{Method: MethodLogTrace, From: FromServer, Call: false},
}
