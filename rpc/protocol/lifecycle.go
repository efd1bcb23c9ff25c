package protocol

import "encoding/json"

// InitializeParams open the conversation (LSP "initialize"). Members that
// Tandem has no use for are left out here and ignored on the wire.
type InitializeParams struct {
	// ProcessID is the process that started the server, null for none. The
	// server ends when that process does.
	ProcessID *int `json:"processId"`
	// ClientInfo names the editor, for the log.
	ClientInfo *Info `json:"clientInfo,omitempty"`
	// RootPath is the workspace's folder as a path; RootURI and
	// WorkspaceFolders, in that order of growing weight, replace it.
	RootPath *string `json:"rootPath,omitempty" schema:"nullable"`
	// RootURI is the workspace's folder as a file URI, null where none is open.
	RootURI *string `json:"rootUri"`
	// WorkspaceFolders are the folders that are open, null for none.
	WorkspaceFolders []WorkspaceFolder `json:"workspaceFolders,omitempty" schema:"nullable"`
	// Options are Tandem's settings.
	Options InitializationOptions `json:"initializationOptions,omitzero"`
	// Capabilities of the client.
	Capabilities ClientCapabilities `json:"capabilities"`
	// Trace is the trace from the start: [TraceOff] where absent.
	Trace TraceValue `json:"trace,omitempty"`
}

// Info names a program and its version.
type Info struct {
	Name    string `json:"name"`
	Version string `json:"version,omitempty"`
}

// WorkspaceFolder is one folder that is open in the editor.
type WorkspaceFolder struct {
	URI  string `json:"uri"`
	Name string `json:"name"`
}

// InitializationOptions are Tandem's settings for the life of the server.
// Everything is optional.
type InitializationOptions struct {
	// Kubeconfig is a path; absent follows KUBECONFIG and ~/.kube/config, as kubectl does.
	Kubeconfig string `json:"kubeconfig,omitempty"`
	// Context of the kubeconfig, whatever manifests say; absent is the one that the
	// manifest names, else the current one.
	Context string `json:"context,omitempty"`
	// Namespace, whatever manifests say; absent is the one that the manifest names,
	// else the context's.
	Namespace string `json:"namespace,omitempty"`
	// AgentImage is the image that brings the agent into the dev container;
	// absent is the one that the server was started with (--agent-image,
	// TANDEM_AGENT_IMAGE). Without any no session can start ("agent-missing").
	AgentImage string `json:"agentImage,omitempty"`
	// StateDir holds the journal of sessions; absent is the user's state directory.
	StateDir string `json:"stateDir,omitempty"`
	// EnvDir is where environment files go; absent is .tandem beside the manifest.
	EnvDir string `json:"envDir,omitempty"`
	// EnvPrecedence decides between a ConfigMap and a Secret that hold the same
	// key; absent is [PrecedenceDocumented].
	EnvPrecedence Precedence `json:"envPrecedence,omitempty"`
	// RewriteHosts says what becomes of values that point at a service which the
	// session forwards, such as "postgres:5432"; absent is [RewriteSuggest].
	RewriteHosts RewriteHosts `json:"rewriteHosts,omitempty"`
	// DataPlane is what carries the connections of forwards and reverses; absent is
	// [DataPlaneAuto].
	DataPlane DataPlane `json:"dataPlane,omitempty"`
	// GuardTTLSeconds is how long nothing may be heard of this machine before the
	// session's agent in the cluster gives the workload back; absent or 0 is what the
	// server was started with (--guard-ttl, TANDEM_GUARD_TTL, 15 minutes), negative is
	// never, and less than 10 is refused.
	GuardTTLSeconds int `json:"guardTtlSeconds,omitempty"`
	// Env says how the environment is laid over the user's own.
	Env EnvOptions `json:"env,omitzero"`
	// Token is the one that a server with --listen printed; others need none.
	Token string `json:"token,omitempty" private:"drop"`
	// LogLevel is the least level that is logged: "trace", "debug", "info",
	// "warn" or "error"; absent is "info". The client gets "info" and above.
	LogLevel string `json:"logLevel,omitempty"`
}

// Precedence decides between a ConfigMap and a Secret that hold the same key.
type Precedence string

const (
	// PrecedenceDocumented: a ConfigMap is above a Secret, wherever they stand in envFrom.
	PrecedenceDocumented Precedence = "documented"
	// PrecedenceKubelet: the later entry of envFrom wins, as in a pod.
	PrecedenceKubelet Precedence = "kubelet"
)

// RewriteHosts says what becomes of values that point at a forwarded service.
// What the manifest's environment sets is never touched.
type RewriteHosts string

const (
	// RewriteOff: nothing is looked at.
	RewriteOff RewriteHosts = "off"
	// RewriteSuggest: a warning names each variable and its forward.
	RewriteSuggest RewriteHosts = "suggest"
	// RewriteOn: the local end of the forward stands in the files and in the
	// process's environment.
	RewriteOn RewriteHosts = "on"
)

// DataPlane is what carries the connections of forwards and reverses between this
// machine and the dev container.
type DataPlane string

const (
	// DataPlaneAuto: the direct plane where the agent has it, else SSH.
	DataPlaneAuto DataPlane = "auto"
	// DataPlaneSSH: channels of an SSH connection, encrypted once more inside the
	// cluster's own encryption, which ends at the node.
	DataPlaneSSH DataPlane = "ssh"
	// DataPlaneDirect: streams over several port-forwards, faster; a session does
	// not start without it.
	DataPlaneDirect DataPlane = "direct"
)

// EnvOptions say how an environment is laid over the user's own. A pattern is a
// variable's name in which * stands for anything; on Windows the case of letters
// does not count. No pattern reaches what the manifest's environment sets.
type EnvOptions struct {
	// Include, where not empty, are patterns of the only variables that files and processes get.
	Include []string `json:"include,omitempty"`
	// Exclude are patterns of variables that they do not get; it is above Include.
	Exclude []string `json:"exclude,omitempty"`
	// Rename gives variables another name there; the first rule that fits counts.
	Rename []RenameRule `json:"rename,omitempty"`
	// KeepLocal are patterns of variables that stay the user's own in a process
	// unless the workload's spec sets them, beside those that always do (HOME, LANG, …).
	KeepLocal []string `json:"keepLocal,omitempty"`
	// AllowImage are patterns of variables that the image may set in a process
	// although they would stay the user's own (PATH, JAVA_HOME, …).
	AllowImage []string `json:"allowImage,omitempty"`
}

// RenameRule gives variables another name.
type RenameRule struct {
	// From is a pattern with at most one *.
	From string `json:"from"`
	// To is the new name; its *, where it has one, is what that of From stands for.
	To string `json:"to"`
}

// ClientCapabilities are the ones that change what the server does.
type ClientCapabilities struct {
	Window       WindowClientCapabilities       `json:"window,omitzero"`
	General      GeneralClientCapabilities      `json:"general,omitzero"`
	TextDocument TextDocumentClientCapabilities `json:"textDocument,omitzero"`
	Workspace    WorkspaceClientCapabilities    `json:"workspace,omitzero"`
}

// WindowClientCapabilities are the capabilities of the editor's window.
type WindowClientCapabilities struct {
	// WorkDoneProgress says that the client answers
	// window/workDoneProgress/create, so that the server may show progress for
	// a request that carries no token.
	WorkDoneProgress bool `json:"workDoneProgress,omitempty"`
	// ShowDocument says that the client opens what the server asks it to.
	ShowDocument SupportClientCapabilities `json:"showDocument,omitzero"`
}

// InitializeResult answers initialize.
type InitializeResult struct {
	Capabilities ServerCapabilities `json:"capabilities"`
	ServerInfo   Info               `json:"serverInfo"`
}

// ServerCapabilities are what the server offers.
type ServerCapabilities struct {
	// PositionEncoding is how columns are counted in both directions.
	PositionEncoding       PositionEncoding        `json:"positionEncoding"`
	TextDocumentSync       TextDocumentSyncOptions `json:"textDocumentSync"`
	CompletionProvider     CompletionOptions       `json:"completionProvider"`
	HoverProvider          bool                    `json:"hoverProvider"`
	DocumentSymbolProvider bool                    `json:"documentSymbolProvider"`
	CodeLensProvider       CodeLensOptions         `json:"codeLensProvider"`
	CodeActionProvider     CodeActionOptions       `json:"codeActionProvider"`
	// DiagnosticProvider is there where the client asks for diagnostics and can
	// be told to ask again; to others they are published.
	DiagnosticProvider     *DiagnosticOptions    `json:"diagnosticProvider,omitempty"`
	ExecuteCommandProvider ExecuteCommandOptions `json:"executeCommandProvider"`
	Workspace              WorkspaceCapabilities `json:"workspace"`
	Experimental           Experimental          `json:"experimental"`
}

// WorkspaceCapabilities tell that several folders may be open.
type WorkspaceCapabilities struct {
	WorkspaceFolders WorkspaceFoldersCapabilities `json:"workspaceFolders"`
}

// WorkspaceFoldersCapabilities say that folders may come and go.
type WorkspaceFoldersCapabilities struct {
	Supported           bool `json:"supported"`
	ChangeNotifications bool `json:"changeNotifications"`
}

// Experimental holds what goes beyond LSP, under Tandem's own name.
type Experimental struct {
	Tandem TandemCapabilities `json:"tandem"`
}

// TandemCapabilities tell a client what this server speaks.
type TandemCapabilities struct {
	// ProtocolVersion is [Version].
	ProtocolVersion int `json:"protocolVersion"`
	// Methods are Tandem's own requests that this server answers, sorted.
	Methods []string `json:"methods"`
	// Notifications are Tandem's own notifications that this server sends, sorted.
	Notifications []string `json:"notifications"`
}

// CancelParams name the request that the client no longer wants ("$/cancelRequest").
// The request is answered all the same: with [CodeRequestCancelled], or with
// its result where it was done already.
type CancelParams struct {
	ID Token `json:"id"`
}

// SetTraceParams switch the trace ("$/setTrace").
type SetTraceParams struct {
	Value TraceValue `json:"value"`
}

// TraceValue is how much of the conversation the server reports back.
type TraceValue string

const (
	// TraceOff reports nothing.
	TraceOff TraceValue = "off"
	// TraceMessages reports each message by method and id.
	TraceMessages TraceValue = "messages"
	// TraceVerbose adds parameters and results; values of variables and output
	// of commands are left out.
	TraceVerbose TraceValue = "verbose"
)

// LogTraceParams are one line of the trace ("$/logTrace").
type LogTraceParams struct {
	Message string `json:"message"`
	// Verbose is what [TraceVerbose] adds.
	Verbose string `json:"verbose,omitempty"`
}

// ProgressParams carry one step of a progress ("$/progress").
type ProgressParams struct {
	Token Token `json:"token"`
	// Value is a [WorkDoneProgress].
	Value json.RawMessage `json:"value"`
}

// WorkDoneProgress is a progress's begin, report or end.
type WorkDoneProgress struct {
	// Kind is "begin", "report" or "end". A token sees exactly one begin, then
	// reports, then exactly one end.
	Kind ProgressKind `json:"kind"`
	// Title says what is being done; in a begin only.
	Title string `json:"title,omitempty"`
	// Cancellable says that window/workDoneProgress/cancel works; in a begin and reports.
	Cancellable bool `json:"cancellable,omitempty"`
	// Message is what is going on right now, or how it ended.
	Message string `json:"message,omitempty"`
}

// ProgressKind is the place of a [WorkDoneProgress] in its sequence.
type ProgressKind string

// The kinds of progress.
const (
	ProgressBegin  ProgressKind = "begin"
	ProgressReport ProgressKind = "report"
	ProgressEnd    ProgressKind = "end"
)

// WorkDoneProgressCreateParams ask the client to make room for a progress that
// the server starts ("window/workDoneProgress/create").
type WorkDoneProgressCreateParams struct {
	Token Token `json:"token"`
}

// WorkDoneProgressCancelParams say that the user cancelled a progress
// ("window/workDoneProgress/cancel"): its request is cancelled.
type WorkDoneProgressCancelParams struct {
	Token Token `json:"token"`
}

// WorkDoneProgressParams are embedded where a request can show progress.
type WorkDoneProgressParams struct {
	// WorkDoneToken is the token to report on. Absent, the server makes one
	// where the client has the capability.
	WorkDoneToken *Token `json:"workDoneToken,omitempty"`
}

// MessageType is the severity of a message to the user.
type MessageType int

// The severities of LSP.
const (
	MessageError   MessageType = 1
	MessageWarning MessageType = 2
	MessageInfo    MessageType = 3
	MessageLog     MessageType = 4
)

// LogMessageParams are one line for the editor's log ("window/logMessage").
type LogMessageParams struct {
	Type    MessageType `json:"type"`
	Message string      `json:"message"`
}

// ShowMessageParams are a message for the user's eyes ("window/showMessage").
type ShowMessageParams struct {
	Type    MessageType `json:"type"`
	Message string      `json:"message"`
}
