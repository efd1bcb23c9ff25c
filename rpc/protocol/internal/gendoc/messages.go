package gendoc

import "github.com/tandem-dev/tandem/rpc/protocol"

// message is one method with what its types cannot say.
type message struct {
	method string
	// call says that the receiver answers; else it is a notification.
	call bool
	// does is what the method is for. It may hold Markdown.
	does string
	// params and result are zero values of the types, nil for none.
	params, result any
	// paramsExample and resultExample are JSON; "" for none.
	paramsExample, resultExample string
}

// group is one section of the reference.
type group struct {
	title, intro string
	messages     []message
}

const readySnapshot = `{"id": "shop/api", "seq": 9, "state": "ready", "since": "2026-11-22T10:00:00Z", "cause": null, "nextRetryAt": null,
 "manifest": "file:///w/okteto.yml", "dev": "api", "context": "dev", "namespace": "shop",
 "workload": {"kind": "Deployment", "name": "api", "container": "api", "replicas": 2},
 "pod": {"name": "api-tandem-6d5f7-x2x9k", "node": "n1"},
 "tunnels": [
   {"id": "f1", "kind": "forward", "local": "127.0.0.1:6379", "remote": "db:6379", "state": "open",
    "connections": 3, "bytesIn": 120, "bytesOut": 3456, "error": null},
   {"id": "r1", "kind": "reverse", "local": "localhost:8080", "remote": ":8080", "state": "open",
    "connections": 0, "bytesIn": 0, "bytesOut": 0, "listening": true, "error": null}],
 "env": {"files": [{"dialect": "dotenv", "path": "/w/.tandem/api.env"}], "count": 72, "hash": "5f1c…", "warnings": []},
 "volumes": null, "process": {"state": "running", "pid": 4242, "exitCode": null},
 "traffic": "local", "guard": "process", "adopted": false, "warnings": [], "debug": []}`

var groups = []group{
	{"Life cycle", "As in the Language Server Protocol. Members that are not listed are ignored.", []message{
		{protocol.MethodInitialize, true, "Opens the conversation. Before it is answered every other request gets -32002, and notifications but `exit` are dropped. Options without a meaning are refused (-32602); the client may then try again.",
			protocol.InitializeParams{}, protocol.InitializeResult{},
			`{"processId": 4711, "rootUri": "file:///w", "capabilities": {"window": {"workDoneProgress": true}},
 "initializationOptions": {"namespace": "shop", "agentImage": "registry.example.com/team/tandem-agent:1"}}`,
			`{"capabilities": {"positionEncoding": "utf-16", "textDocumentSync": {"openClose": true, "change": 2, "save": true},
  "completionProvider": {"triggerCharacters": [":", " ", "-", "{", "[", "$"]}, "hoverProvider": true, "documentSymbolProvider": true,
  "codeLensProvider": {}, "codeActionProvider": {"codeActionKinds": ["quickfix", "refactor.rewrite"]},
  "executeCommandProvider": {"commands": ["tandem.start", "…"]},
  "workspace": {"workspaceFolders": {"supported": true, "changeNotifications": true}},
  "experimental": {"tandem": {"protocolVersion": 1, "methods": ["env/resolve", "…", "session/stop"],
  "notifications": ["env/didChange", "…", "session/output"]}}},
 "serverInfo": {"name": "tandem", "version": "0.1.0"}}`},
		{protocol.MethodInitialized, false, "Says that the answer to `initialize` has arrived. Sessions of this workspace whose server has died are then continued; their changes arrive as `session/didChange`, with `adopted`. A `session/start` of the same dev answers with the continued session. About what others left, a terminal's `tandem up` for example, the user is asked (`window/showMessageRequest`).", nil, nil, "", ""},
		{protocol.MethodShutdown, true, "Cancels the calls in flight, ends every session, and answers `null` once the cluster is as it was before. Requests after it get -32600.", nil, nil, "", `null`},
		{protocol.MethodExit, false, "Ends the server: with exit code 0 after `shutdown`, else 1. The end of input does the same as `shutdown` and `exit`, sessions included, and so does the end of the process named in `initialize`.", nil, nil, "", ""},
		{protocol.MethodCancel, false, "Cancels a request, any request.", protocol.CancelParams{}, nil, `{"id": 3}`, ""},
		{protocol.MethodSetTrace, false, "Switches the trace.", protocol.SetTraceParams{}, nil, `{"value": "verbose"}`, ""},
		{protocol.MethodDidChangeWorkspaceFolders, false, "Opens and closes folders of the workspace. What a crash left in a new one is continued, as after `initialized`; sessions of a closed one go on.",
			protocol.DidChangeWorkspaceFoldersParams{}, nil, `{"event": {"added": [{"uri": "file:///w2", "name": "w2"}], "removed": []}}`, ""},
		{protocol.MethodDidChangeConfiguration, false, "Changes the settings that may change at run time: the log level, for the sessions that run, too.",
			protocol.DidChangeConfigurationParams{}, nil, `{"settings": {"tandem": {"logLevel": "debug"}}}`, ""},
		{protocol.MethodProgressCancel, false, "Cancels the request that a progress belongs to.", protocol.WorkDoneProgressCancelParams{}, nil, `{"token": "tandem/1"}`, ""},
	}},
	{"Manifests", "", []message{
		{protocol.MethodManifestList, true, "Lists the manifests of a workspace, invalid ones with their diagnostics.",
			protocol.ManifestListParams{}, protocol.ManifestListResult{},
			`{"root": "file:///w"}`,
			`{"manifests": [{"uri": "file:///w/okteto.yml", "name": "shop", "diagnostics": [],
  "devs": [{"name": "api", "mode": "hybrid", "runnable": true,
            "range": {"start": {"line": 4, "character": 2}, "end": {"line": 4, "character": 5}}}]}]}`},
	}},
	{"Cluster", "", []message{
		{protocol.MethodClusterDoctor, true, "Looks at everything that could keep a session from starting, or that an earlier one has left, and changes nothing. What is wrong is in the result; the call itself fails only when it is cancelled. Each check takes at most ten seconds.",
			protocol.ClusterDoctorParams{}, protocol.ClusterDoctorResult{},
			`{"manifest": "file:///w/okteto.yml", "dev": "api", "workDoneToken": "t2"}`,
			`{"manifest": "file:///w/okteto.yml", "dev": "api", "context": "dev", "namespace": "shop", "server": "https://k8s.example.com:6443", "checks": [
   {"name": "api-server", "status": "ok", "detail": "Kubernetes v1.34.4 at https://k8s.example.com:6443, answers in 12ms"},
   {"name": "permissions", "status": "fail",
    "detail": "1 of 14 that a session needs in namespace \"shop\" are missing:\npatch deployments.apps/scale \"api\": scaling the workload to zero and back",
    "hint": "ask for the Role of docs/rbac.yaml in namespace \"shop\"; …"}],
 "rights": [{"verb": "patch", "resource": "deployments.apps/scale", "name": "api", "needed": true, "allowed": false,
             "purpose": "scaling the workload to zero and back"}]}`},
	}},
	{"Sessions", "", []message{
		{protocol.MethodSessionStart, true, "Starts a session and answers with its [Snapshot](#snapshot) once it is ready. A start that fails answers with the error after the cluster was given back.",
			protocol.SessionStartParams{}, protocol.Snapshot{},
			`{"manifest": "file:///w/okteto.yml", "dev": "api", "options": {"run": true}, "workDoneToken": "t1"}`, readySnapshot},
		{protocol.MethodSessionPlan, true, "Tells what `session/start` would do and meet, and changes nothing: objects, permissions, ports, and what else acts on the workload. What would make the start fail is in `problems`; the call fails where there is nothing to plan.",
			protocol.SessionPlanParams{}, protocol.SessionPlanResult{},
			`{"manifest": "file:///w/okteto.yml", "dev": "api"}`,
			`{"manifest": "file:///w/okteto.yml", "dev": "api", "context": "dev", "namespace": "shop", "server": "https://k8s.example.com:6443",
 "workload": {"kind": "Deployment", "name": "api", "container": "api", "replicas": 2},
 "changes": [{"action": "change", "kind": "Deployment", "namespace": "shop", "name": "api", "detail": "2 replicas → 0, through its scale; they come back at the end"}],
 "notes": [], "files": ["/w/.tandem/api.env"], "command": ["go", "run", "."],
 "ports": [{"port": 6379, "kind": "forward", "spec": "6379:db:6379", "free": false, "pid": 812, "command": "redis-server", "message": "local port 6379 is in use by \"redis-server\" (pid 812)"}],
 "ignored": [], "missing": [],
 "autoscalers": [{"name": "api", "min": 2, "max": 5, "interferes": false, "effect": "it pauses (ScalingDisabled) while api is at zero, and goes on from the 2 replicas that it gets back"}],
 "budgets": [], "keepers": [],
 "problems": [{"kind": "port-in-use", "message": "local port 6379 is in use by \"redis-server\" (pid 812)", "hint": "stop the program that has it, or choose another local port", "retryable": true}],
 "unknown": []}`},
		{protocol.MethodSessionStop, true, "Ends a session and answers with its last [Snapshot](#snapshot) once the cluster is given back. A session that has ended already is no error.",
			protocol.SessionStopParams{}, protocol.Snapshot{}, `{"id": "shop/api"}`, ""},
		{protocol.MethodSessionRestart, true, "Ends the session's command and starts it again with the environment as it now is, after an `env/didChange` for example. Answers with the [Snapshot](#snapshot) that has the new process.",
			protocol.SessionRestartParams{}, protocol.Snapshot{}, `{"id": "shop/api"}`, ""},
		{protocol.MethodSessionList, true, "Lists the sessions of this server, and those that a crash left behind. With `cluster`, also every session that stands in the namespace, whoever's it is.",
			protocol.SessionListParams{}, protocol.SessionListResult{}, `{"cluster": true}`, `{"sessions": [], "recoverable": [
   {"id": "shop/api", "manifest": "file:///w/okteto.yml", "dev": "api", "workload": "Deployment/api", "namespace": "shop",
    "started": "2026-11-22T10:00:00Z", "pid": 4242, "role": "serve", "restoring": false}],
 "cluster": [
   {"id": "shop/web", "owner": "dev", "host": "laptop", "namespace": "shop", "workload": "Deployment/web",
    "since": "2026-11-22T08:00:00Z", "replicas": 3, "behind": "nobody", "awaySeconds": 412, "mine": false, "guardTtlSeconds": 900,
    "objects": ["Deployment/web-tandem", "Secret/web-tandem-5d41402abc4b", "Secret/web-tandem-5d41402abc4b-guard", "mark"]}]}`},
		{protocol.MethodSessionRecover, true, "Continues a session that has lost its process, or gives its workload back. Answers with its [Snapshot](#snapshot), once it is ready or stopped.",
			protocol.SessionRecoverParams{}, protocol.Snapshot{}, `{"id": "shop/api", "action": "adopt"}`, ""},
		{protocol.MethodSessionGet, true, "Gets one session as a [Snapshot](#snapshot), with its tunnels' counters.",
			protocol.SessionGetParams{}, protocol.Snapshot{}, `{"id": "shop/api"}`, ""},
	}},
	{"Environment", "[environment.md](environment.md) explains tiers and dialects.", []message{
		{protocol.MethodEnvResolve, true, "Tells every variable with the origin of its value. Values of secrets are given only where they are asked for with `reveal`.",
			protocol.EnvResolveParams{}, protocol.EnvResolveResult{},
			`{"id": "shop/api"}`,
			`{"variables": [
  {"name": "API_TOKEN", "origin": {"tier": "secret", "kind": "Secret", "object": "api-credentials", "key": "API_TOKEN"},
   "secret": true, "shadowed": [], "notes": []},
  {"name": "SHOP_WHERE", "value": "local", "origin": {"tier": "dev", "field": "environment"}, "secret": false,
   "shadowed": [{"tier": "spec"}], "notes": []}],
 "warnings": [], "hash": "5f1c…"}`},
		{protocol.MethodEnvExplain, true, "Tells how one variable came to its value, step by step, or why it has none.",
			protocol.EnvExplainParams{}, protocol.Explanation{},
			`{"id": "shop/api", "name": "PAYMENT_URL"}`,
			`{"name": "PAYMENT_URL", "status": "set", "secret": true, "chain": [
   {"origin": {"tier": "spec"}, "outcome": "used", "secret": true, "text": "https://$(PAYMENT_USER)@payment.example",
    "references": [{"text": "$(PAYMENT_USER)", "name": "PAYMENT_USER", "outcome": "replaced", "secret": true,
                    "origin": {"tier": "spec", "kind": "Secret", "object": "payment", "key": "username"}, "references": []}]}],
 "observed": {"comparison": "equal", "reason": "the container has the same value"}, "rewrite": null,
 "local": {"action": "applied", "replaces": false, "reason": "the workload's spec sets it"},
 "reasons": [], "notes": [], "warnings": [], "similar": []}`},
		{protocol.MethodEnvWrite, true, "Writes one more environment file. One that lies in the environment folder is rewritten when the environment changes, and goes with the session.",
			protocol.EnvWriteParams{}, protocol.EnvWriteResult{},
			`{"id": "shop/api", "dialect": "shell"}`,
			`{"path": "/w/.tandem/api.sh", "count": 70, "undeliverable": [{"name": "log.level", "reason": "its name is not a name in the shell"}]}`},
	}},
	{"Run configurations", "What an editor needs to run and debug a service as if it were in the cluster. [run-configurations.md](run-configurations.md) tells what is written, and how files of the user's are treated.", []message{
		{protocol.MethodRunConfigPlan, true, "Tells what writing, or with `remove` removing, would change, and changes nothing.",
			protocol.RunConfigParams{}, protocol.RunConfigResult{},
			`{"manifest": "file:///w/okteto.yml", "dev": "api", "editor": "vscode"}`,
			`{"workspace": "file:///w", "notes": [], "files": [
  {"uri": "file:///w/.vscode/launch.json", "action": "change",
   "edits": [{"range": {"start": {"line": 7, "character": 9}, "end": {"line": 7, "character": 9}},
              "newText": ",\n        {\n            \"name\": \"Tandem: api\", …"}]}]}`},
		{protocol.MethodRunConfigWrite, true, "Writes run configurations into the editor's files, beside what is there. Writing again brings them up to date and keeps what the user has changed in them. For a session, the environment files that they refer to are written, too.",
			protocol.RunConfigParams{}, protocol.RunConfigResult{}, `{"id": "shop/api", "editor": "vscode"}`, ""},
		{protocol.MethodRunConfigRemove, true, "Takes run configurations away. Files in which nothing else has changed have their bytes from before; what was made for them is deleted.",
			protocol.RunConfigParams{}, protocol.RunConfigResult{}, `{"id": "shop/api", "editor": "vscode"}`, ""},
	}},
	{"Debuggers", "[debugging.md](debugging.md) tells how each language is debugged.", []message{
		{protocol.MethodDebugConfigurations, true, "Tells what a session can debug, and what its debuggers' clients need.",
			protocol.DebugConfigurationsParams{}, protocol.DebugConfigurationsResult{},
			`{"id": "shop/api"}`,
			`{"target": {"language": "go", "program": "/w/api", "args": [], "cwd": "/w", "modes": ["launch", "test", "attach"],
            "protocols": ["dap", "delve"]},
 "running": []}`},
		{protocol.MethodDebugStart, true, "Starts a debugger with the session's environment and answers once it listens, on 127.0.0.1 and for one client. A session that is reconnecting starts it once it is ready again. A launch ends the session's command, which comes back when the debugger has ended.",
			protocol.DebugStartParams{}, protocol.DebugStartResult{},
			`{"id": "shop/api", "stopOnEntry": true}`,
			`{"debug": "d1", "language": "go", "mode": "launch", "protocol": "dap", "host": "127.0.0.1", "port": 40001,
 "configuration": {"name": "Debug api", "type": "go", "request": "launch", "mode": "debug", "host": "127.0.0.1", "port": 40001,
   "program": "/w/api", "cwd": "/w", "outputMode": "remote", "stopOnEntry": true, "tandemSecret": "…"}}`},
		{protocol.MethodDebugStop, true, "Ends a debugger with what it launched; what it was attached to goes on. Answers with the session's [Snapshot](#snapshot).",
			protocol.DebugStopParams{}, protocol.Snapshot{}, `{"id": "shop/api", "debug": "d1"}`, ""},
	}},
	{"Tunnels", "Those of the manifest open with their session. Others may be opened while it runs.", []message{
		{protocol.MethodTunnelOpen, true, "Opens a forward or a reverse in a running session and answers with its [Tunnel](#tunnel) once it is bound. A start in progress is waited for. Fails as a start does: `port-in-use`, `port-privileged`, `reverse-bind-failed`.",
			protocol.TunnelOpenParams{}, protocol.Tunnel{}, `{"id": "shop/api", "kind": "forward", "spec": "0:postgres:5432"}`,
			`{"id": "f3", "kind": "forward", "local": "127.0.0.1:40123", "remote": "postgres:5432", "state": "open",
 "connections": 0, "bytesIn": 0, "bytesOut": 0, "error": null}`},
		{protocol.MethodTunnelClose, true, "Closes a tunnel and answers with the session's [Snapshot](#snapshot). Reverses of the manifest and the proxy stay: the dev pod is ready by the former, the command was told the address of the latter.",
			protocol.TunnelCloseParams{}, protocol.Snapshot{}, `{"id": "shop/api", "tunnel": "f3"}`, ""},
	}},
	documentGroup,
	{"What the server sends", "The server sends nothing before its answer to `initialize`.", []message{
		{protocol.MethodSessionDidChange, false, "Carries the [Snapshot](#snapshot) after each change of a session. None is skipped.",
			protocol.Snapshot{}, nil, readySnapshot, ""},
		{protocol.MethodSessionOutput, false, "Carries what the local command wrote.",
			protocol.SessionOutputParams{}, nil, `{"id": "shop/api", "stream": "stdout", "text": "listening on :8080\n"}`, ""},
		{protocol.MethodEnvDidChange, false, "Tells that the environment of a running session has changed in the cluster.",
			protocol.EnvDidChangeParams{}, nil,
			`{"id": "shop/api", "added": [], "removed": [], "changed": ["API_TOKEN"], "stale": ["process"]}`, ""},
		{protocol.MethodProgress, false, "Carries one step of a progress, on the token of the request or on one that the server made.",
			protocol.ProgressParams{}, nil, `{"token": "t1", "value": {"kind": "report", "cancellable": true, "message": "waiting for a node"}}`, ""},
		{protocol.MethodProgressCreate, true, "Asks the client to make room for a progress. Sent only to a client with the capability `window.workDoneProgress`, for a request without a token. The answer is `null`.",
			protocol.WorkDoneProgressCreateParams{}, nil, `{"token": "tandem/1"}`, `null`},
		{protocol.MethodLogMessage, false, "Carries one line of the log, \"info\" and above.",
			protocol.LogMessageParams{}, nil, `{"type": 3, "message": "session session=shop/api state=ready"}`, ""},
		{protocol.MethodShowMessage, false, "Carries a message for the user's eyes: a session that was ready has failed.",
			protocol.ShowMessageParams{}, nil, `{"type": 1, "message": "shop/api: the dev workload is gone"}`, ""},
		{protocol.MethodLogTrace, false, "Carries one line of the trace that `$/setTrace` switched on.",
			protocol.LogTraceParams{}, nil, `{"message": "Received request 'session/get - (3)'."}`, ""},
		publishMessage, codeLensRefreshMessage, diagnosticRefreshMessage, registerMessage, showMessageRequestMessage, showDocumentMessage,
	}},
}

// further are types that no params and no result is made of by type: they
// travel inside of raw JSON.
var further = []any{protocol.CommandArguments{}, protocol.SymbolInformation{}, protocol.WorkDoneProgress{}, protocol.ErrorData{}}
