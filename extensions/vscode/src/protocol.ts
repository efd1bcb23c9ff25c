// Generated from rpc/protocol; do not edit. docs/protocol.md explains each message.
//   go test ./rpc/protocol/internal/gendoc -update

/** The protocolVersion that these types describe. */
export const protocolVersion = 1;

/** What the client asks: params and result by method. */
export interface ClientRequests {
  /**
   * Opens the conversation. Before it is answered every other request gets -32002, and
   * notifications but `exit` are dropped. Options without a meaning are refused (-32602); the
   * client may then try again.
   */
  'initialize': { params: InitializeParams; result: InitializeResult };
  /**
   * Cancels the calls in flight, ends every session, and answers `null` once the cluster is as it
   * was before. Requests after it get -32600.
   */
  'shutdown': { params: undefined; result: null };
  /** Lists the manifests of a workspace, invalid ones with their diagnostics. */
  'manifest/list': { params: ManifestListParams; result: ManifestListResult };
  /**
   * Looks at everything that could keep a session from starting, or that an earlier one has left,
   * and changes nothing. What is wrong is in the result; the call itself fails only when it is
   * cancelled. Each check takes at most ten seconds.
   */
  'cluster/doctor': { params: ClusterDoctorParams; result: ClusterDoctorResult };
  /**
   * Starts a session and answers with its Snapshot once it is ready. A start that fails answers
   * with the error after the cluster was given back.
   */
  'session/start': { params: SessionStartParams; result: Snapshot };
  /**
   * Tells what `session/start` would do and meet, and changes nothing: objects, permissions, ports,
   * and what else acts on the workload. What would make the start fail is in `problems`; the call
   * fails where there is nothing to plan.
   */
  'session/plan': { params: SessionPlanParams; result: SessionPlanResult };
  /**
   * Ends a session and answers with its last Snapshot once the cluster is given back. A session
   * that has ended already is no error.
   */
  'session/stop': { params: SessionStopParams; result: Snapshot };
  /**
   * Ends the session's command and starts it again with the environment as it now is, after an
   * `env/didChange` for example. Answers with the Snapshot that has the new process.
   */
  'session/restart': { params: SessionRestartParams; result: Snapshot };
  /**
   * Lists the sessions of this server, and those that a crash left behind. With `cluster`, also
   * every session that stands in the namespace, whoever's it is.
   */
  'session/list': { params: SessionListParams; result: SessionListResult };
  /**
   * Continues a session that has lost its process, or gives its workload back. Answers with its
   * Snapshot, once it is ready or stopped.
   */
  'session/recover': { params: SessionRecoverParams; result: Snapshot };
  /** Gets one session as a Snapshot, with its tunnels' counters. */
  'session/get': { params: SessionGetParams; result: Snapshot };
  /**
   * Tells every variable with the origin of its value. Values of secrets are given only where they
   * are asked for with `reveal`.
   */
  'env/resolve': { params: EnvResolveParams; result: EnvResolveResult };
  /** Tells how one variable came to its value, step by step, or why it has none. */
  'env/explain': { params: EnvExplainParams; result: Explanation };
  /**
   * Writes one more environment file. One that lies in the environment folder is rewritten when the
   * environment changes, and goes with the session.
   */
  'env/write': { params: EnvWriteParams; result: EnvWriteResult };
  /** Tells what writing, or with `remove` removing, would change, and changes nothing. */
  'runConfig/plan': { params: RunConfigParams; result: RunConfigResult };
  /**
   * Writes run configurations into the editor's files, beside what is there. Writing again brings
   * them up to date and keeps what the user has changed in them. For a session, the environment
   * files that they refer to are written, too.
   */
  'runConfig/write': { params: RunConfigParams; result: RunConfigResult };
  /**
   * Takes run configurations away. Files in which nothing else has changed have their bytes from
   * before; what was made for them is deleted.
   */
  'runConfig/remove': { params: RunConfigParams; result: RunConfigResult };
  /** Tells what a session can debug, and what its debuggers' clients need. */
  'debug/configurations': { params: DebugConfigurationsParams; result: DebugConfigurationsResult };
  /**
   * Starts a debugger with the session's environment and answers once it listens, on 127.0.0.1 and
   * for one client. A session that is reconnecting starts it once it is ready again. A launch ends
   * the session's command, which comes back when the debugger has ended.
   */
  'debug/start': { params: DebugStartParams; result: DebugStartResult };
  /**
   * Ends a debugger with what it launched; what it was attached to goes on. Answers with the
   * session's Snapshot.
   */
  'debug/stop': { params: DebugStopParams; result: Snapshot };
  /**
   * Opens a forward or a reverse in a running session and answers with its Tunnel once it is bound.
   * A start in progress is waited for. Fails as a start does: `port-in-use`, `port-privileged`,
   * `reverse-bind-failed`.
   */
  'tunnel/open': { params: TunnelOpenParams; result: Tunnel };
  /**
   * Closes a tunnel and answers with the session's Snapshot. Reverses of the manifest and the proxy
   * stay: the dev pod is ready by the former, the command was told the address of the latter.
   */
  'tunnel/close': { params: TunnelCloseParams; result: Snapshot };
  /** Proposes what may stand at a place: fields, words, and names of the cluster. */
  'textDocument/completion': { params: CompletionParams; result: CompletionList };
  /**
   * Explains a field, a name of the cluster, or the value of a variable. Values whose name sounds
   * secret are masked.
   */
  'textDocument/hover': { params: HoverParams; result: Hover | null };
  /**
   * Gives the outline; a client without `hierarchicalDocumentSymbolSupport` gets a list of
   * SymbolInformation.
   */
  'textDocument/documentSymbol': { params: DocumentSymbolParams; result: DocumentSymbol[] };
  /**
   * Puts commands above each dev in hybrid mode: `Run hybrid` and, in a build with a debugger,
   * `Debug hybrid`; with a session `Stop` and how it is, as in `ready, 3 tunnels`.
   */
  'textDocument/codeLens': { params: CodeLensParams; result: CodeLens[] };
  /**
   * Offers corrections: a field's name without its slip, both ports for one, a reverse for a port
   * of the container, the other form of a forward.
   */
  'textDocument/codeAction': { params: CodeActionParams; result: CodeAction[] };
  /**
   * Gives the diagnostics of a document. Offered to a client that asks for them and can be told to
   * ask again (`textDocument.diagnostic`, `workspace.diagnostics.refreshSupport`); to others they
   * are published.
   */
  'textDocument/diagnostic': { params: DocumentDiagnosticParams; result: DocumentDiagnosticReport };
  /**
   * Does what a lens, a menu or a key asks for. A command takes one object of arguments; a session
   * is named by `id`, or by `manifest` and `dev`. Progress and cancellation are those of the method
   * behind the command. | command | arguments | does | |---|---|---| | `tandem.start` | manifest,
   * dev, takeover | `session/start` with the manifest's command. Where somebody else has the
   * workload, asks whether to take it over | | `tandem.debug` | manifest, dev, language | a session
   * without its command, and a debugger in it; only in a build that has one | | `tandem.stop` | a
   * session | `session/stop` | | `tandem.restart` | a session | `session/restart` | |
   * `tandem.status` | a session | shows its state and tunnels | | `tandem.explain` | a session or a
   * dev, name | `env/explain` | | `tandem.doctor` | manifest, dev | `cluster/doctor`, and shows
   * what it found | | `tandem.recover` | id, or nothing for all of the workspace; action |
   * continues what crashes left, or gives it back; asks which | | `tandem.openTunnel` | a session,
   * tunnel | shows the local end of a forward in the browser | | `tandem.writeRunConfig`,
   * `tandem.removeRunConfig` | a session or a dev, editor | `runConfig/write`, `runConfig/remove` |
   * The result is that of the method behind the command.
   */
  'workspace/executeCommand': { params: ExecuteCommandParams; result: CommandResult };
}

/** What the client tells: params by method. */
export interface ClientNotifications {
  /**
   * Says that the answer to `initialize` has arrived. Sessions of this workspace whose server has
   * died are then continued; their changes arrive as `session/didChange`, with `adopted`. A
   * `session/start` of the same dev answers with the continued session. About what others left, a
   * terminal's `tandem up` for example, the user is asked (`window/showMessageRequest`).
   */
  'initialized': undefined;
  /**
   * Ends the server: with exit code 0 after `shutdown`, else 1. The end of input does the same as
   * `shutdown` and `exit`, sessions included, and so does the end of the process named in
   * `initialize`.
   */
  'exit': undefined;
  /** Cancels a request, any request. */
  '$/cancelRequest': CancelParams;
  /** Switches the trace. */
  '$/setTrace': SetTraceParams;
  /**
   * Opens and closes folders of the workspace. What a crash left in a new one is continued, as
   * after `initialized`; sessions of a closed one go on.
   */
  'workspace/didChangeWorkspaceFolders': DidChangeWorkspaceFoldersParams;
  /**
   * Changes the settings that may change at run time: the log level, for the sessions that run,
   * too.
   */
  'workspace/didChangeConfiguration': DidChangeConfigurationParams;
  /** Cancels the request that a progress belongs to. */
  'window/workDoneProgress/cancel': WorkDoneProgressCancelParams;
  /** Opens a document. Its diagnostics follow. */
  'textDocument/didOpen': DidOpenParams;
  /**
   * Edits a document, in the order of the wire; requests are about the version at their own place
   * in it. An edit outside the text is held to its ends.
   */
  'textDocument/didChange': DidChangeParams;
  /** Has every document read again with the files that it names. */
  'textDocument/didSave': DidSaveParams;
  /** Closes a document and takes its diagnostics away. */
  'textDocument/didClose': DidCloseParams;
  /** Has every document read again with the files that it names. */
  'workspace/didChangeWatchedFiles': DidChangeWatchedFilesParams;
}

/** What the server asks: params and result by method. */
export interface ServerRequests {
  /**
   * Asks the client to make room for a progress. Sent only to a client with the capability
   * `window.workDoneProgress`, for a request without a token. The answer is `null`.
   */
  'window/workDoneProgress/create': { params: WorkDoneProgressCreateParams; result: null };
  /**
   * Asks the client to ask for lenses again, as a session has changed. Sent only with
   * `workspace.codeLens.refreshSupport`.
   */
  'workspace/codeLens/refresh': { params: undefined; result: null };
  /**
   * Asks the client to ask for diagnostics again, as the cluster or a file has changed. Sent only
   * to a client that asks for them.
   */
  'workspace/diagnostic/refresh': { params: undefined; result: null };
  /**
   * Asks the client to tell of changes to files of variables. Sent only with
   * `workspace.didChangeWatchedFiles.dynamicRegistration`.
   */
  'client/registerCapability': { params: RegistrationParams; result: null };
  /**
   * Asks the user: whether to take a workload over (a start by command only), or to continue what a
   * crash left, or give it back (after `initialized`, and by command). The answer is the chosen
   * action, or `null`.
   */
  'window/showMessageRequest': { params: ShowMessageRequestParams; result: MessageActionItem | null };
  /**
   * Asks the editor to show an address in the browser. Sent only with
   * `window.showDocument.support`; others get a message with the address.
   */
  'window/showDocument': { params: ShowDocumentParams; result: ShowDocumentResult };
}

/** What the server tells: params by method. */
export interface ServerNotifications {
  /** Carries the Snapshot after each change of a session. None is skipped. */
  'session/didChange': Snapshot;
  /** Carries what the local command wrote. */
  'session/output': SessionOutputParams;
  /** Tells that the environment of a running session has changed in the cluster. */
  'env/didChange': EnvDidChangeParams;
  /**
   * Carries one step of a progress, on the token of the request or on one that the server made.
   */
  '$/progress': ProgressParams;
  /** Carries one line of the log, "info" and above. */
  'window/logMessage': LogMessageParams;
  /** Carries a message for the user's eyes: a session that was ready has failed. */
  'window/showMessage': ShowMessageParams;
  /** Carries one line of the trace that `$/setTrace` switched on. */
  '$/logTrace': LogTraceParams;
  /**
   * Carries all diagnostics of a document: at once after the first edit in a while, then with
   * pauses of 5 to 50 ms; again when the cluster has answered.
   */
  'textDocument/publishDiagnostics': PublishDiagnosticsParams;
}

/**
 * InitializeParams open the conversation (LSP "initialize"). Members that Tandem has no use for are
 * left out here and ignored on the wire.
 */
export interface InitializeParams {
  /**
   * `processId` is the process that started the server, null for none. The server ends when that
   * process does.
   */
  processId: number | null;
  /** `clientInfo` names the editor, for the log. */
  clientInfo?: Info;
  /**
   * `rootPath` is the workspace's folder as a path; `rootUri` and `workspaceFolders`, in that order
   * of growing weight, replace it.
   */
  rootPath?: string | null;
  /** `rootUri` is the workspace's folder as a file URI, null where none is open. */
  rootUri: string | null;
  /** `workspaceFolders` are the folders that are open, null for none. */
  workspaceFolders?: WorkspaceFolder[] | null;
  /** `initializationOptions` are Tandem's settings. */
  initializationOptions?: InitializationOptions;
  /** `capabilities` of the client. */
  capabilities: ClientCapabilities;
  /** `trace` is the trace from the start: `off` where absent. */
  trace?: TraceValue;
}

/** Info names a program and its version. */
export interface Info {
  name: string;
  version?: string;
}

/** WorkspaceFolder is one folder that is open in the editor. */
export interface WorkspaceFolder {
  uri: string;
  name: string;
}

/**
 * InitializationOptions are Tandem's settings for the life of the server. Everything is optional.
 */
export interface InitializationOptions {
  /** `kubeconfig` is a path; absent follows KUBECONFIG and ~/.kube/config, as kubectl does. */
  kubeconfig?: string;
  /**
   * `context` of the kubeconfig, whatever manifests say; absent is the one that the manifest names,
   * else the current one.
   */
  context?: string;
  /**
   * `namespace`, whatever manifests say; absent is the one that the manifest names, else the
   * context's.
   */
  namespace?: string;
  /**
   * `agentImage` is the image that brings the agent into the dev container; absent is the one that
   * the server was started with (--agent-image, TANDEM_AGENT_IMAGE). Without any no session can
   * start ("agent-missing").
   */
  agentImage?: string;
  /** `stateDir` holds the journal of sessions; absent is the user's state directory. */
  stateDir?: string;
  /** `envDir` is where environment files go; absent is .tandem beside the manifest. */
  envDir?: string;
  /**
   * `envPrecedence` decides between a ConfigMap and a Secret that hold the same key; absent is
   * `documented`.
   */
  envPrecedence?: Precedence;
  /**
   * `rewriteHosts` says what becomes of values that point at a service which the session forwards,
   * such as "postgres:5432"; absent is `suggest`.
   */
  rewriteHosts?: RewriteHosts;
  /** `dataPlane` is what carries the connections of forwards and reverses; absent is `auto`. */
  dataPlane?: DataPlane;
  /**
   * `guardTtlSeconds` is how long nothing may be heard of this machine before the session's agent
   * in the cluster gives the workload back; absent or 0 is what the server was started with
   * (--guard-ttl, TANDEM_GUARD_TTL, 15 minutes), negative is never, and less than 10 is refused.
   */
  guardTtlSeconds?: number;
  /** `env` says how the environment is laid over the user's own. */
  env?: EnvOptions;
  /** `token` is the one that a server with --listen printed; others need none. */
  token?: string;
  /**
   * `logLevel` is the least level that is logged: "trace", "debug", "info", "warn" or "error";
   * absent is "info". The client gets "info" and above.
   */
  logLevel?: string;
}

/** Precedence decides between a ConfigMap and a Secret that hold the same key. */
export type Precedence =
  /** a ConfigMap is above a Secret, wherever they stand in envFrom. */
  | 'documented'
  /** the later entry of envFrom wins, as in a pod. */
  | 'kubelet';

/**
 * RewriteHosts says what becomes of values that point at a forwarded service. What the manifest's
 * environment sets is never touched.
 */
export type RewriteHosts =
  /** nothing is looked at. */
  | 'off'
  /** a warning names each variable and its forward. */
  | 'suggest'
  /** the local end of the forward stands in the files and in the process's environment. */
  | 'on';

/**
 * DataPlane is what carries the connections of forwards and reverses between this machine and the
 * dev container.
 */
export type DataPlane =
  /** the direct plane where the agent has it, else SSH. */
  | 'auto'
  /**
   * channels of an SSH connection, encrypted once more inside the cluster's own encryption, which
   * ends at the node.
   */
  | 'ssh'
  /** streams over several port-forwards, faster; a session does not start without it. */
  | 'direct';

/**
 * EnvOptions say how an environment is laid over the user's own. A pattern is a variable's name in
 * which * stands for anything; on Windows the case of letters does not count. No pattern reaches
 * what the manifest's environment sets.
 */
export interface EnvOptions {
  /**
   * `include`, where not empty, are patterns of the only variables that files and processes get.
   */
  include?: string[];
  /** `exclude` are patterns of variables that they do not get; it is above Include. */
  exclude?: string[];
  /** `rename` gives variables another name there; the first rule that fits counts. */
  rename?: RenameRule[];
  /**
   * `keepLocal` are patterns of variables that stay the user's own in a process unless the
   * workload's spec sets them, beside those that always do (HOME, LANG, …).
   */
  keepLocal?: string[];
  /**
   * `allowImage` are patterns of variables that the image may set in a process although they would
   * stay the user's own (PATH, JAVA_HOME, …).
   */
  allowImage?: string[];
}

/** RenameRule gives variables another name. */
export interface RenameRule {
  /** `from` is a pattern with at most one *. */
  from: string;
  /** `to` is the new name; its *, where it has one, is what that of From stands for. */
  to: string;
}

/** ClientCapabilities are the ones that change what the server does. */
export interface ClientCapabilities {
  window?: WindowClientCapabilities;
  general?: GeneralClientCapabilities;
  textDocument?: TextDocumentClientCapabilities;
  workspace?: WorkspaceClientCapabilities;
}

/** WindowClientCapabilities are the capabilities of the editor's window. */
export interface WindowClientCapabilities {
  /**
   * `workDoneProgress` says that the client answers window/workDoneProgress/create, so that the
   * server may show progress for a request that carries no token.
   */
  workDoneProgress?: boolean;
  /** `showDocument` says that the client opens what the server asks it to. */
  showDocument?: SupportClientCapabilities;
}

/** SupportClientCapabilities say that a request is understood. */
export interface SupportClientCapabilities {
  support?: boolean;
}

/** GeneralClientCapabilities are about the protocol itself. */
export interface GeneralClientCapabilities {
  /**
   * `positionEncodings` are the encodings that the client can count columns in, the one it likes
   * best first; absent is UTF-16 alone.
   */
  positionEncodings?: PositionEncoding[];
}

/** PositionEncoding is how columns are counted. */
export type PositionEncoding =
  /** counts bytes. */
  | 'utf-8'
  /** counts UTF-16 code units, as LSP does from the beginning. */
  | 'utf-16'
  /** counts code points. */
  | 'utf-32';

/** TextDocumentClientCapabilities are about documents. */
export interface TextDocumentClientCapabilities {
  /** `diagnostic` is there where the client asks for diagnostics by itself. */
  diagnostic?: DiagnosticClientCapabilities;
  hover?: HoverClientCapabilities;
  completion?: CompletionClientCapabilities;
  /** `documentSymbol` says whether an outline may nest. */
  documentSymbol?: DocumentSymbolClientCapabilities;
  codeAction?: CodeActionClientCapabilities;
}

/** DiagnosticClientCapabilities are about diagnostics that the client asks for. */
export type DiagnosticClientCapabilities = Record<string, never>;

/** HoverClientCapabilities are about hovers. */
export interface HoverClientCapabilities {
  /**
   * `contentFormat` are the formats that the client shows, the best first; absent is plain text.
   */
  contentFormat?: MarkupKind[];
}

/** MarkupKind is a format of text. */
export type MarkupKind =
  | 'markdown'
  | 'plaintext';

/** CompletionClientCapabilities are about completion. */
export interface CompletionClientCapabilities {
  completionItem?: CompletionItemClientCapabilities;
}

/** CompletionItemClientCapabilities are about one proposal. */
export interface CompletionItemClientCapabilities {
  /** `documentationFormat` are the formats that the client shows, the best first. */
  documentationFormat?: MarkupKind[];
}

/** DocumentSymbolClientCapabilities are about the outline. */
export interface DocumentSymbolClientCapabilities {
  /**
   * `hierarchicalDocumentSymbolSupport` says that the client takes an outline that nests; others
   * get {@link SymbolInformation}.
   */
  hierarchicalDocumentSymbolSupport?: boolean;
}

/** CodeActionClientCapabilities are about code actions. */
export interface CodeActionClientCapabilities {
  /**
   * `codeActionLiteralSupport` is there where the client takes actions and not only commands;
   * others get none.
   */
  codeActionLiteralSupport?: CodeActionLiteralCapabilities;
}

/**
 * CodeActionLiteralCapabilities are about the kinds of actions; Tandem needs none of its members.
 */
export type CodeActionLiteralCapabilities = Record<string, never>;

/** WorkspaceClientCapabilities are about what the editor has open. */
export interface WorkspaceClientCapabilities {
  codeLens?: RefreshClientCapabilities;
  diagnostics?: RefreshClientCapabilities;
  didChangeWatchedFiles?: DynamicRegistrationCapabilities;
}

/** RefreshClientCapabilities say whether the server may ask for a refresh. */
export interface RefreshClientCapabilities {
  refreshSupport?: boolean;
}

/** DynamicRegistrationCapabilities say whether the server may register for something. */
export interface DynamicRegistrationCapabilities {
  dynamicRegistration?: boolean;
}

/** TraceValue is how much of the conversation the server reports back. */
export type TraceValue =
  /** reports nothing. */
  | 'off'
  /** reports each message by method and id. */
  | 'messages'
  /** adds parameters and results; values of variables and output of commands are left out. */
  | 'verbose';

/** InitializeResult answers initialize. */
export interface InitializeResult {
  capabilities: ServerCapabilities;
  serverInfo: Info;
}

/** ServerCapabilities are what the server offers. */
export interface ServerCapabilities {
  /** `positionEncoding` is how columns are counted in both directions. */
  positionEncoding: PositionEncoding;
  textDocumentSync: TextDocumentSyncOptions;
  completionProvider: CompletionOptions;
  hoverProvider: boolean;
  documentSymbolProvider: boolean;
  codeLensProvider: CodeLensOptions;
  codeActionProvider: CodeActionOptions;
  /**
   * `diagnosticProvider` is there where the client asks for diagnostics and can be told to ask
   * again; to others they are published.
   */
  diagnosticProvider?: DiagnosticOptions;
  executeCommandProvider: ExecuteCommandOptions;
  workspace: WorkspaceCapabilities;
  experimental: Experimental;
}

/** TextDocumentSyncOptions say how documents are kept alike. */
export interface TextDocumentSyncOptions {
  openClose: boolean;
  /** `change` is 2: changes come as edits. Whole texts are understood as well. */
  change: number;
  save: boolean;
}

/** CompletionOptions say when to ask for completion. */
export interface CompletionOptions {
  triggerCharacters: string[];
}

/** CodeLensOptions say what a client may ask about lenses; they come whole. */
export type CodeLensOptions = Record<string, never>;

/** CodeActionOptions say which code actions there are. */
export interface CodeActionOptions {
  codeActionKinds: CodeActionKind[];
}

/** CodeActionKind is a kind of code action. */
export type CodeActionKind =
  /** corrects a diagnostic. */
  | 'quickfix'
  /** says the same in another form. */
  | 'refactor.rewrite';

/** DiagnosticOptions say that diagnostics can be asked for. */
export interface DiagnosticOptions {
  identifier: string;
  interFileDependencies: boolean;
  workspaceDiagnostics: boolean;
}

/** ExecuteCommandOptions list the commands. */
export interface ExecuteCommandOptions {
  commands: string[];
}

/** WorkspaceCapabilities tell that several folders may be open. */
export interface WorkspaceCapabilities {
  workspaceFolders: WorkspaceFoldersCapabilities;
}

/** WorkspaceFoldersCapabilities say that folders may come and go. */
export interface WorkspaceFoldersCapabilities {
  supported: boolean;
  changeNotifications: boolean;
}

/** Experimental holds what goes beyond LSP, under Tandem's own name. */
export interface Experimental {
  tandem: TandemCapabilities;
}

/** TandemCapabilities tell a client what this server speaks. */
export interface TandemCapabilities {
  /** `protocolVersion` is `1`. */
  protocolVersion: number;
  /** `methods` are Tandem's own requests that this server answers, sorted. */
  methods: string[];
  /** `notifications` are Tandem's own notifications that this server sends, sorted. */
  notifications: string[];
}

/**
 * CancelParams name the request that the client no longer wants ("$/cancelRequest"). The request is
 * answered all the same: with `-32800`, or with its result where it was done already.
 */
export interface CancelParams {
  id: number | string;
}

/** SetTraceParams switch the trace ("$/setTrace"). */
export interface SetTraceParams {
  value: TraceValue;
}

/**
 * DidChangeWorkspaceFoldersParams tell that folders were opened or closed (LSP
 * "workspace/didChangeWorkspaceFolders").
 */
export interface DidChangeWorkspaceFoldersParams {
  event: WorkspaceFoldersChangeEvent;
}

/** WorkspaceFoldersChangeEvent has the folders. */
export interface WorkspaceFoldersChangeEvent {
  added: WorkspaceFolder[];
  removed: WorkspaceFolder[];
}

/**
 * DidChangeConfigurationParams tell that the user has changed settings (LSP
 * "workspace/didChangeConfiguration"). Only those that are listed change at run time;
 * initializationOptions has the others.
 */
export interface DidChangeConfigurationParams {
  /** `settings` by the name of the tool that they are for. */
  settings: Settings;
}

/** Settings of a client, of which Tandem reads its own. */
export interface Settings {
  tandem?: RuntimeSettings;
}

/** RuntimeSettings are the ones that change while the server runs. */
export interface RuntimeSettings {
  /** `logLevel` is the one of {@link InitializationOptions}; absent changes nothing. */
  logLevel?: string;
}

/**
 * WorkDoneProgressCancelParams say that the user cancelled a progress
 * ("window/workDoneProgress/cancel"): its request is cancelled.
 */
export interface WorkDoneProgressCancelParams {
  token: number | string;
}

/** ManifestListParams ask for the manifests of a workspace (manifest/list). */
export interface ManifestListParams {
  /**
   * `root` is a folder, as a file URI or an absolute path. Absent, every workspace folder is
   * searched.
   */
  root?: string;
}

/** ManifestListResult answers manifest/list. */
export interface ManifestListResult {
  /** `manifests` in the order of their paths. */
  manifests: Manifest[];
}

/** Manifest is one Okteto manifest. */
export interface Manifest {
  /** `uri` is the file. */
  uri: string;
  /** `name` is the manifest's own, "" where it has none. */
  name?: string;
  /**
   * `devs` in the order of the file. Where the manifest is invalid these are the ones that could be
   * understood.
   */
  devs: Dev[];
  /** `diagnostics` of the file, in the order of their positions. */
  diagnostics: Diagnostic[];
}

/** Dev is one entry of the manifest's dev section. */
export interface Dev {
  name: string;
  /** `mode` is the entry's mode: "hybrid", or "sync" for Okteto's default. */
  mode: string;
  /** `runnable` says that session/start can take it; Reason says why not. */
  runnable: boolean;
  reason?: string;
  /** `range` is where the entry stands in the file. */
  range: Range;
}

/** Range is a half-open span of a document, as in LSP. */
export interface Range {
  start: Position;
  end: Position;
}

/**
 * Position is a place in a document: zero-based line, and character in UTF-16 code units, as in
 * LSP.
 */
export interface Position {
  line: number;
  character: number;
}

/** Diagnostic is something to say about a place in a document, as in LSP. */
export interface Diagnostic {
  range: Range;
  /** `severity` is 1 error, 2 warning, 3 information, 4 hint. */
  severity: number;
  /** `code` is stable, for example "unknown-field". */
  code?: string;
  /** `source` is "tandem". */
  source: string;
  message: string;
  /**
   * `hint` says what to do about it. Where diagnostics go to an editor, which shows the message
   * alone, it stands in the message.
   */
  hint?: string;
  /** `tags` are LSP's: 1 is for what has no effect, so that an editor can fade it. */
  tags?: number[];
}

/** ClusterDoctorParams ask what could keep a session from starting (cluster/doctor). */
export interface ClusterDoctorParams {
  /**
   * `manifest` is a file URI or an absolute path. Absent, the first workspace folder is searched.
   */
  manifest?: string;
  /** `dev` names the entry; absent, the only hybrid one is taken. */
  dev?: string;
  /**
   * `workDoneToken` is the token to report on. Absent, the server makes one where the client has
   * the capability.
   */
  workDoneToken?: number | string;
}

/** ClusterDoctorResult answers cluster/doctor. */
export interface ClusterDoctorResult {
  /** `manifest` is the file URI of the one that was found. */
  manifest?: string;
  /** `dev` is the entry that was looked at. */
  dev?: string;
  /**
   * `context`, `namespace` and `server` are the cluster that was looked at; absent without a usable
   * kubeconfig.
   */
  context?: string;
  namespace?: string;
  server?: string;
  /**
   * `checks` always has every check once, what others depend on first: manifest, local-ports,
   * kubeconfig, api-server, credentials, clock, permissions, permissions-optional, guard, workload,
   * leftovers, agent-image, pod-security, quota, limit-range, autoscaler.
   */
  checks: DoctorCheck[];
  /**
   * `rights` are the permissions of the least Role, each reviewed by the API server; empty where it
   * could not be asked.
   */
  rights: DoctorRight[];
}

/** DoctorCheck is one thing that was looked at. */
export interface DoctorCheck {
  /** `name` is stable, for example "api-server". */
  name: string;
  status: DoctorStatus;
  /** `detail` says what was found; its lines are separated by "\n". */
  detail: string;
  /** `hint` says what to do about it. */
  hint?: string;
}

/** DoctorStatus is how a check came out. */
export type DoctorStatus =
  /** nothing to do. */
  | 'ok'
  /** a session starts, but something should be known. */
  | 'warn'
  /** a session does not start. */
  | 'fail'
  /** this could not be looked at; Detail says why. */
  | 'skip';

/** DoctorRight is one permission that was reviewed. */
export interface DoctorRight {
  /**
   * `verb` and `resource` are as RBAC has them, for example "patch" and "deployments.apps/scale".
   */
  verb: string;
  resource: string;
  /** `name` is the object that was asked for; absent, any. */
  name?: string;
  /** `needed` says that no session starts without it. */
  needed: boolean;
  allowed: boolean;
  /** `purpose` is what it is for. */
  purpose: string;
}

/**
 * SessionStartParams ask for a session (session/start). The answer is the {@link Snapshot} of the
 * ready session; until then the changes arrive as session/didChange and, in the user's words, as
 * progress. Cancelling the request gives the cluster back before it is answered.
 */
export interface SessionStartParams {
  /**
   * `workDoneToken` is the token to report on. Absent, the server makes one where the client has
   * the capability.
   */
  workDoneToken?: number | string;
  /**
   * `manifest` is the file, as a file URI or an absolute path. Absent, the first workspace folder's
   * manifest.
   */
  manifest?: string;
  /** `dev` is the entry; absent takes the manifest's only hybrid one. */
  dev?: string;
  options?: SessionStartOptions;
}

/** SessionStartOptions vary a session. */
export interface SessionStartOptions {
  /**
   * `takeover` ends the session that somebody else has on the workload; without it such a start
   * fails with "session-busy".
   */
  takeover?: boolean;
  /**
   * `run` starts the manifest's command once the environment is resolved; its output arrives as
   * session/output.
   */
  run?: boolean;
  /**
   * `switch` says when the traffic is turned to this machine; absent is `listening`. With Run the
   * answer waits for that, for at most the manifest's timeout; without it the session is ready at
   * once, and the traffic is turned whenever something, such as a debugged program, begins to
   * listen.
   */
  switch?: Switch;
  /**
   * `readiness` says what the dev pod's being ready means once the traffic is turned; absent is
   * `link`.
   */
  readiness?: Readiness;
  /**
   * `debug` starts the program under a debugger in the place of the command; the debugger is in the
   * snapshot, debug/configurations has what its client needs.
   */
  debug?: DebugOptions;
  /** `files` are the dialects of environment files to write; absent is the server's default. */
  files?: string[];
  /**
   * `keepFiles` leaves the environment files when the session ends; they hold the values of
   * Secrets.
   */
  keepFiles?: boolean;
  /**
   * `volumes` puts the files of the container's ConfigMap, Secret, downward-API and service-account
   * volumes on this machine, for the session's time; the variable TANDEM_ROOT names their folder,
   * which stands for the container's root.
   */
  volumes?: boolean;
  /**
   * `serviceAccount` makes the command reach the cluster as the workload's service account, by the
   * variable KUBECONFIG; it includes Volumes.
   */
  serviceAccount?: boolean;
  /**
   * `proxy` opens a SOCKS5 and HTTP proxy into the cluster on this loopback address, "127.0.0.1:0"
   * for any port. The command is told by ALL_PROXY, HTTP_PROXY, HTTPS_PROXY and NO_PROXY.
   */
  proxy?: string;
  /**
   * `runConfigs` are editors ("vscode", "jetbrains", "neovim", "zed") to write run configurations
   * for, as runConfig/write with the session's id does. They stay when the session ends;
   * runConfig/remove takes them away. Where they cannot be written the session is up all the same,
   * and a window/showMessage says why.
   */
  runConfigs?: string[];
}

/** Switch says when the traffic is turned from the original to this machine. */
export type Switch =
  /**
   * turns it once every local port of a reverse accepts connections, or some of them have for ten
   * seconds. Until then the original serves: nobody in the cluster meets a refused connection.
   */
  | 'listening'
  /** turns it as soon as the session can, whoever listens. */
  | 'now';

/** Readiness says what the dev pod's being ready means. */
export type Readiness =
  /** the link to this machine stands. */
  | 'link'
  /**
   * besides, somebody listens on the local port of every reverse that was listened on before: a
   * program that ends takes the pod out of the Services until one listens again, and callers meet
   * no connection that leads nowhere.
   */
  | 'local';

/**
 * DebugOptions say what to debug and how. With none of them the program of the manifest's command
 * is launched.
 */
export interface DebugOptions {
  /** `language`; absent is the one that the command and the folder tell. */
  language?: DebugLanguage;
  /** `mode`; absent is `launch`. */
  mode?: DebugMode;
  /** `protocol`; absent is the language's own. Go has a choice. */
  protocol?: DebugProtocol;
  /**
   * `program` replaces the command's: a package, folder or binary for Go, a script for Node and
   * Python (or a module), a jar or a class for Java; with `test` what is tested.
   */
  program?: string;
  /** `args` replace the program's arguments. */
  args?: string[];
  /** `cwd` is the folder to run in; absent is the dev's workdir. */
  cwd?: string;
  /** `buildFlags` are Go's, or the runtime's own flags. */
  buildFlags?: string[];
  /** `pid` is the process to attach to; absent is the session's command. */
  pid?: number;
  /**
   * `command` starts a debugger for another language; {port} in it stands for a free port on which
   * it must listen.
   */
  command?: string[];
  /** `stopOnEntry` lets the program wait for the client before it does anything. */
  stopOnEntry?: boolean;
  /** `substitutePath` maps the client's folders to the debugger's. */
  substitutePath?: DebugPathRule[];
}

/** DebugLanguage is what a program is written in, as far as it decides how it is debugged. */
export type DebugLanguage =
  | 'go'
  | 'node'
  | 'python'
  | 'java'
  /** is any other: its debugger is a command that the client gives. */
  | '';

/** DebugMode says what is debugged. */
export type DebugMode =
  /**
   * starts the program under a debugger in the place of the session's command, which comes back
   * once the debugger has ended.
   */
  | 'launch'
  /** starts its tests under a debugger, beside whatever runs. */
  | 'test'
  /** takes the program that runs: Go and Python. */
  | 'attach';

/** DebugProtocol is what a debugger speaks to its client. */
export type DebugProtocol =
  /** is the Debug Adapter Protocol: Go and Python. */
  | 'dap'
  /** is Delve's JSON-RPC API of version 2, which GoLand's Go Remote speaks. */
  | 'delve'
  /** is the Chrome DevTools Protocol: Node. */
  | 'inspector'
  /** is the Java Debug Wire Protocol. */
  | 'jdwp';

/** DebugPathRule maps one folder. */
export interface DebugPathRule {
  from: string;
  to: string;
}

/** Snapshot is one session at one moment. */
export interface Snapshot {
  /** `id` names the session for its whole life. */
  id: string;
  /**
   * `seq` grows by exactly one with each change of this session. A client that holds seq n ignores
   * a snapshot with a lower one, which can be overtaken on its way as the answer to a request.
   */
  seq: number;
  state: State;
  /** `since` is when the session entered State. */
  since: string;
  /**
   * `cause` says why the session is reconnecting, has failed, or, while it is ready, that somebody
   * insists on another state of the original ("contested"); null otherwise.
   */
  cause: Cause | null;
  /** `nextRetryAt` is when a reconnecting session tries again, null otherwise. */
  nextRetryAt: string | null;
  /** `manifest` is the file's URI. */
  manifest: string;
  dev: string;
  /** `context` and `namespace` name the place in the cluster. */
  context: string;
  namespace: string;
  /** `workload` is what the session stands in for, null until it was found. */
  workload: Workload | null;
  /** `pod` is the dev container's, null until it runs. */
  pod: Pod | null;
  tunnels: Tunnel[];
  env: Env;
  /**
   * `volumes` says where the files of the container's volumes are, null where they were not asked
   * for.
   */
  volumes: Volumes | null;
  /** `process` is the local command, null where the server runs none. */
  process: Process | null;
  /**
   * `traffic` says who answers the cluster's callers. A session may be ready while it still is the
   * original: nothing listens on this machine yet.
   */
  traffic: Traffic;
  /** `guard` says who gives the cluster back if this server dies. */
  guard: Guard;
  /**
   * `adopted` says that the session was begun by a server that has died, and goes on in this one.
   */
  adopted: boolean;
  /** `warnings` are what the user should know, newest last, at most twenty. */
  warnings: SessionWarning[];
  /** `debug` are the debuggers that run. */
  debug: DebugSession[];
}

/** State is where a session stands. */
export type State =
  /** reads the manifest and asks the cluster; nothing is changed. */
  | 'checking'
  /** creates the dev workload beside the original. */
  | 'diverting'
  /** opens the link and the tunnels. */
  | 'connecting'
  /** settles the environment and writes its files. */
  | 'resolving'
  /** turns the traffic from the original to the session. */
  | 'switching'
  /** is proven end to end: the link answers and every reverse is bound. */
  | 'ready'
  /** has lost the link and is getting it back. */
  | 'reconnecting'
  /** gives the cluster back. */
  | 'stopping'
  /** is the end that was asked for. */
  | 'stopped'
  /** is the end that was not; the cause says why. */
  | 'failed';

/** Cause is why a session is not well, in the vocabulary of {@link ErrorData}. */
export interface Cause {
  kind: string;
  message: string;
  hint?: string;
  retryable: boolean;
}

/** Workload is the original in the cluster. */
export interface Workload {
  /** `kind` is "Deployment" or "StatefulSet". */
  kind: string;
  name: string;
  container: string;
  /** `replicas` is what the original had, and gets back. */
  replicas: number;
}

/** Pod is the dev container's pod. */
export interface Pod {
  name: string;
  node: string;
}

/** Tunnel is one forward (cluster to laptop) or reverse (laptop to cluster). */
export interface Tunnel {
  id: string;
  /**
   * `kind` is "forward", "reverse" or "proxy"; a proxy has connections to anywhere, and "*" for
   * remote.
   */
  kind: string;
  /** `local` is the address on this machine, Remote the one in the cluster. */
  local: string;
  remote: string;
  /**
   * `state` is "open"; "waiting" while the link is lost; "pending" for a reverse while the traffic
   * still goes to the original; "standby" for a forward of the manifest that another session serves
   * at Local, and this one when that ends; "paused" for a reverse that nobody listens for on this
   * machine, with readiness "local"; "failed" where Error says why, until it can be had again;
   * "closed".
   */
  state: string;
  /** `owner` is who serves a forward that is "standby" here; absent otherwise. */
  owner?: TunnelOwner;
  /** `connections` made so far; `bytesIn` and `bytesOut` as this machine sees them. */
  connections: number;
  bytesIn: number;
  bytesOut: number;
  /** `listening` says of a reverse that its port is bound in the pod; absent for a forward. */
  listening?: boolean;
  /** `error` says why the tunnel failed, null otherwise. */
  error: string | null;
}

/** TunnelOwner is the session that serves a forward of the manifest for several. */
export interface TunnelOwner {
  /** `pid` is its process. */
  pid: number;
  /** `session` is its id. */
  session: string;
}

/** Env says what was resolved and where it was written; never a value. */
export interface Env {
  files: EnvFile[];
  /** `count` of variables. */
  count: number;
  /** `hash` changes when a variable does; "" before the environment is resolved. */
  hash: string;
  warnings: EnvWarning[];
}

/** EnvFile is one file that holds the environment. */
export interface EnvFile {
  dialect: string;
  /** `path` on this machine; relative paths start at the manifest's folder. */
  path: string;
}

/** EnvWarning is something to know about a variable, by name. */
export interface EnvWarning {
  /** `code` is stable. */
  code: string;
  /** `variable` is its name, "" where the warning is about no single one. */
  variable?: string;
  message: string;
}

/**
 * Volumes are the files of the container's volumes on the server's machine. They follow the
 * cluster's within a second of the pod's.
 */
export interface Volumes {
  /** `root` is the folder that stands for the container's root. */
  root: string;
  /** `files` is how many there were at the start. */
  files: number;
  /**
   * `kubeconfig` is the path of a kubeconfig that reaches the cluster as the workload's service
   * account; absent where the container has no token.
   */
  kubeconfig?: string;
  /** `unreadable` names files that the container may not read, with the reason. */
  unreadable: string[];
}

/** Process is the local command. */
export interface Process {
  /** `state` is "running" or "exited". */
  state: string;
  pid: number;
  /** `exitCode` is null while the command runs. */
  exitCode: number | null;
}

/** Traffic says who answers the cluster's requests to the workload. */
export type Traffic =
  /** the workload itself, as long as nobody listens here. */
  | 'original'
  /**
   * either, for a second or two, so that nobody in the cluster is refused: nodes learn one after
   * the other where to send requests.
   */
  | 'both'
  /** this machine, through the reverses; the original is at zero. */
  | 'local';

/**
 * Guard says who gives the cluster back if the server of a session dies and nobody continues the
 * session.
 */
export type Guard =
  /** nobody, until the next tandem on this machine, or `tandem down`. */
  | 'none'
  /**
   * a process on this machine, within its grace period. Nobody does should the whole machine be
   * gone.
   */
  | 'process'
  /**
   * that process and, should the whole machine be gone, the session's agent in the cluster, after
   * guardTtlSeconds without a link. The agent has proven that it would be able to, which takes it a
   * moment: a session is ready before.
   */
  | 'in-cluster';

/** SessionWarning is something that the user should know of a session that goes on. */
export interface SessionWarning {
  /**
   * `code` is stable: "not-listening" (a local port that a reverse leads to accepts nothing),
   * "contested" (somebody changes the original meanwhile; the message says who and what),
   * "guard-local" (nothing in the cluster would give the workload back if this machine disappeared
   * as a whole), "unguarded" (nobody would give the cluster back after a crash), "autoscaled" (a
   * HorizontalPodAutoscaler scales the workload), "kept" (a GitOps tool or an operator writes its
   * replicas), "original-down" (it was given back, and its pods do not start; the message says
   * why).
   */
  code: string;
  message: string;
  /** `hint` says what the user can do, "" where there is nothing to say. */
  hint?: string;
  at: string;
}

/** DebugSession is a debugger in a {@link Snapshot}. */
export interface DebugSession {
  id: string;
  language: DebugLanguage;
  mode: DebugMode;
  protocol: DebugProtocol;
  /** `address` is where its client connects to, host:port. */
  address: string;
  /** `pid` is the debugger's process. */
  pid: number;
}

/** SessionPlanParams ask what session/start would do (session/plan). */
export interface SessionPlanParams {
  /**
   * `manifest` is a file URI or an absolute path. Absent, the first workspace folder is searched.
   */
  manifest?: string;
  /** `dev` names the entry; absent, the only hybrid one is taken. */
  dev?: string;
  /** `takeover` plans for a start that ends a session which somebody else has on the workload. */
  takeover?: boolean;
  /**
   * `workDoneToken` is the token to report on. Absent, the server makes one where the client has
   * the capability.
   */
  workDoneToken?: number | string;
}

/** SessionPlanResult answers session/plan: how things stand at this moment. */
export interface SessionPlanResult {
  /** `manifest` is its file URI. */
  manifest: string;
  dev: string;
  context: string;
  namespace: string;
  /** `server` is the address of the API server. */
  server: string;
  workload: Workload;
  /**
   * `changes` are the cluster's objects that would be made or changed, in order. All of it is
   * undone at the session's end.
   */
  changes: PlannedChange[];
  /** `notes` say what of the original the dev container would not have. */
  notes: string[];
  /** `files` are the environment files that would be written, as paths. */
  files: string[];
  /** `command` is what would run here; empty where nothing would. */
  command: string[];
  /** `ports` are the fixed ports of this machine that the session or its command needs. */
  ports: PlannedPort[];
  /** `ignored` are fields of the manifest without effect in hybrid mode. */
  ignored: Diagnostic[];
  /** `missing` are the permissions of the least Role that the user lacks, needed ones first. */
  missing: DoctorRight[];
  /** `autoscalers` are the HorizontalPodAutoscalers that scale the workload. */
  autoscalers: PlannedAutoscaler[];
  /** `budgets` are the PodDisruptionBudgets that would count the dev pod. */
  budgets: PlannedBudget[];
  /** `keepers` are the programs that keep the workload as something else says. */
  keepers: PlannedKeeper[];
  /** `problems` would make the start fail, as it would say them. */
  problems: Cause[];
  /** `unknown` is what could not be looked at, and why. */
  unknown: string[];
}

/** PlannedChange is one object of the cluster. */
export interface PlannedChange {
  /** `action` is "create" or "change". */
  action: string;
  /**
   * `kind` and `name` are the object's. A name that ends with "…" goes on with the session's own
   * token.
   */
  kind: string;
  namespace: string;
  name: string;
  /** `detail` says what it is for, or what changes. */
  detail: string;
}

/** PlannedPort is a port of this machine. */
export interface PlannedPort {
  port: number;
  /** `kind` is "forward", where Tandem listens, or "reverse", where the command is expected to. */
  kind: string;
  /** `spec` is the manifest's entry. */
  spec: string;
  free: boolean;
  /**
   * `pid` and `command` are who has it, where that can be told; Command is its short name, never
   * its arguments.
   */
  pid?: number;
  command?: string;
  /** `message` says why it is not free. */
  message?: string;
}

/** PlannedAutoscaler is a HorizontalPodAutoscaler. */
export interface PlannedAutoscaler {
  name: string;
  /** `min` and `max` bound the replicas that it sets. */
  min: number;
  max: number;
  /**
   * `madeBy` is the kind of the object that made it, for example "ScaledObject"; absent where a
   * person did.
   */
  madeBy?: string;
  /** `interferes` says that it scales the workload up while a session has it at zero. */
  interferes: boolean;
  /** `effect` says what it does to a session, and a session to it. */
  effect: string;
  /** `advice` says what can be done about that. */
  advice?: string;
}

/** PlannedBudget is a PodDisruptionBudget. */
export interface PlannedBudget {
  name: string;
  /** `rule` is what it asks for, for example "minAvailable 1". */
  rule: string;
  /** `blocks` says that it lets nobody evict the dev pod. */
  blocks: boolean;
  effect: string;
}

/** PlannedKeeper is a program that may change the workload during a session. */
export interface PlannedKeeper {
  /** `tool` is "Helm", "Argo CD", "Flux", or the kind of the object that owns it. */
  tool: string;
  /** `name` is the release, the application, the Kustomization, or the owner. */
  name: string;
  /** `evidence` is what tells so. */
  evidence: string;
  /** `replicas` says that it is known to write the number of replicas. */
  replicas: boolean;
  effect: string;
  /** `advice` says what can be done about that. */
  advice?: string;
}

/**
 * SessionStopParams end a session (session/stop). The answer is the last {@link Snapshot}: the
 * cluster is as it was before.
 */
export interface SessionStopParams {
  /**
   * `workDoneToken` is the token to report on. Absent, the server makes one where the client has
   * the capability.
   */
  workDoneToken?: number | string;
  id: string;
}

/**
 * SessionRestartParams restart the local command of a ready session (session/restart): the old one
 * is ended, the new one has the environment as it now is. The answer is the {@link Snapshot} with
 * the new process.
 */
export interface SessionRestartParams {
  /**
   * `workDoneToken` is the token to report on. Absent, the server makes one where the client has
   * the capability.
   */
  workDoneToken?: number | string;
  id: string;
}

/** SessionListParams ask for all sessions (session/list). */
export interface SessionListParams {
  /**
   * `cluster` asks the cluster as well: for every session that stands in the namespace, whoever's
   * it is and wherever it was started. It takes some requests.
   */
  cluster?: boolean;
}

/** SessionListResult answers session/list. */
export interface SessionListResult {
  /** `sessions` in the order of their ids, ended ones of this server included. */
  sessions: Snapshot[];
  /**
   * `recoverable` are sessions of this user and machine that have lost their process, by id:
   * session/recover continues one or gives its workload back.
   */
  recoverable: Recoverable[];
  /**
   * `cluster` are the sessions that stand in the namespace, by workload; absent where the cluster
   * was not asked.
   */
  cluster?: ClusterSession[];
}

/** Recoverable is a session that has lost its process and stands in the cluster. */
export interface Recoverable {
  id: string;
  /** `manifest` is the file's URI. */
  manifest: string;
  dev: string;
  /** `workload` is "Kind/name"; Namespace is where it is. */
  workload: string;
  namespace: string;
  /** `started` is when the session was begun, PID the process that owned it. */
  started: string;
  pid: number;
  /** `role` is what that process was: "serve" (an editor's server) or "up" (a terminal's). */
  role: string;
  /** `restoring` says that the guard is giving the workload back right now. */
  restoring: boolean;
}

/**
 * ClusterSession is a session as the cluster tells of it, whoever's it is and wherever it was
 * started. session/start with takeover takes its workload over.
 */
export interface ClusterSession {
  /**
   * `id` is the session's name on its own machine; Owner and Host are its user and that machine, ""
   * where nothing tells.
   */
  id: string;
  owner: string;
  host: string;
  /**
   * `namespace` is where it is; Workload is "Kind/name", "" where only objects of the session are
   * left that do not tell.
   */
  namespace: string;
  workload: string;
  since: string;
  /** `replicas` are those that the workload gets back, null where nothing tells. */
  replicas: number | null;
  /**
   * `behind` says whether somebody is there, `awaySeconds` for how long nobody was, 0 where that is
   * not known.
   */
  behind: Behind;
  awaySeconds: number;
  /** `mine` says that it is this user's, from this machine. */
  mine: boolean;
  /**
   * `guardTtlSeconds` is after how long without a machine the guard in the cluster gives the
   * workload back; 0 without one.
   */
  guardTtlSeconds: number;
  /**
   * `objects` are the session's that could be listed, as "Kind/name", "mark" for the annotation on
   * the workload.
   */
  objects: string[];
}

/** Behind says whether somebody is behind a session in the cluster. */
export type Behind =
  /** a machine is connected to the session's agent. */
  | 'somebody'
  /** none is. `tandem down --cluster` gives such a workload back. */
  | 'nobody'
  /** the agent does not run, or may not be asked. */
  | 'unknown';

/**
 * SessionRecoverParams recover a session that has lost its process (session/recover). The answer is
 * the {@link Snapshot} of the adopted session once it is ready, or of the restored one, which is
 * stopped.
 */
export interface SessionRecoverParams {
  /**
   * `workDoneToken` is the token to report on. Absent, the server makes one where the client has
   * the capability.
   */
  workDoneToken?: number | string;
  id: string;
  action: RecoverAction;
}

/** RecoverAction is what is to become of a session that has lost its process. */
export type RecoverAction =
  /**
   * continues it in this server, with its dev pod as it is. Where that cannot be, because the dev
   * workload is gone or the manifest has changed, it is given back and started anew.
   */
  | 'adopt'
  /** gives the workload back. */
  | 'restore';

/** SessionGetParams ask for one session (session/get). */
export interface SessionGetParams {
  id: string;
}

/**
 * EnvResolveParams ask for an environment (env/resolve): of a session by ID, or, without a session,
 * of an entry of a manifest, computed from the cluster's objects. Exactly one of ID and Manifest is
 * set.
 */
export interface EnvResolveParams {
  id?: string;
  /** `manifest` is the file, as a file URI or an absolute path. */
  manifest?: string;
  /** `dev` is the manifest's entry; absent takes its only hybrid one. */
  dev?: string;
  /** `reveal` gives the values of secrets too. */
  reveal?: boolean;
}

/** EnvResolveResult answers env/resolve. */
export interface EnvResolveResult {
  /** `variables` sorted by name. */
  variables: Variable[];
  warnings: EnvWarning[];
  /** `hash` is the one of {@link Env}, of the values too. */
  hash: string;
}

/** Variable is one variable with its origin. */
export interface Variable {
  name: string;
  /**
   * `value` is absent where Secret is true and the request did not reveal, and where the variable
   * is unresolved.
   */
  value?: string;
  /** `origin` is where the value comes from. */
  origin: Origin;
  /** `secret` says that the value comes from a Secret, or embeds one. */
  secret: boolean;
  /** `unresolved` says that the value exists only in a running pod, and no session has one. */
  unresolved?: boolean;
  /** `expansion` is the text before $(VAR) in it was replaced; absent where nothing was. */
  expansion?: string;
  /** `shadowed` are the origins that lost, from the strongest to the weakest. */
  shadowed: Origin[];
  /** `notes` are for a reader. */
  notes: string[];
  /** `local` is what becomes of it in a process on this machine. */
  local?: LocalDecision;
}

/** Origin is where a value comes from. */
export interface Origin {
  /**
   * `tier` is the place in the order of precedence, for example "dev", "spec", "configMap",
   * "secret" or "image".
   */
  tier: string;
  /** `kind` and `object` name the object, for example "Secret" and "db". */
  kind?: string;
  object?: string;
  /** `key` of the object. */
  key?: string;
  /** `field` is the path of a fieldRef or resourceFieldRef. */
  field?: string;
  /** `resourceVersion` is the version of the object that was read. */
  resourceVersion?: string;
}

/**
 * LocalDecision is what becomes of a variable in a process on this machine, which has the user's
 * own environment beneath the session's.
 */
export interface LocalDecision {
  /** `action` in a word. */
  action: LocalAction;
  /** `as` is its name there; absent for its own. */
  as?: string;
  /** `replaces` says that the user has another value of their own, which it hides. */
  replaces: boolean;
  /** `reason` is for a reader. */
  reason: string;
}

/** LocalAction is what becomes of a variable in a process on this machine. */
export type LocalAction =
  /** the process gets the environment's value. */
  | 'applied'
  /** the process keeps the user's own value. */
  | 'kept-local'
  /** the process does not get it, and the user has none. */
  | 'left-out';

/**
 * EnvExplainParams ask how one variable came to its value, or why it has none (env/explain): in a
 * session by ID or, without a session, in the environment of an entry of a manifest. Exactly one of
 * ID and Manifest is set.
 */
export interface EnvExplainParams {
  id?: string;
  /** `manifest` is the file, as a file URI or an absolute path. */
  manifest?: string;
  /** `dev` is the manifest's entry; absent takes its only hybrid one. */
  dev?: string;
  /** `name` of the variable. */
  name: string;
  /** `reveal` gives the values of secrets too. */
  reveal?: boolean;
}

/**
 * Explanation answers env/explain. A value is absent wherever it is a secret's and the request did
 * not reveal.
 */
export interface Explanation {
  /** `name` as the environment spells it. */
  name: string;
  /** `status` says in a word whether there is a value. */
  status: ExplanationStatus;
  /** `value` is what the environment has, after a rewrite. */
  value?: string;
  /** `secret` says that the value comes from a Secret, or embeds one. */
  secret: boolean;
  /** `chain` has every source that names the variable, the strongest first. */
  chain: ExplanationStep[];
  /** `observed` compares with the running container; null without a session. */
  observed: Observation | null;
  /** `rewrite` is what the option rewriteHosts did or suggests; null for nothing. */
  rewrite: HostRewrite | null;
  /**
   * `local` is what becomes of it in the local process; null where the environment does not have
   * it.
   */
  local: LocalDecision | null;
  /** `reasons` say why it is absent or unresolved, or may be. */
  reasons: string[];
  /** `notes` are for a reader. */
  notes: string[];
  warnings: EnvWarning[];
  /** `similar` are names that the environment has, where the status is "unknown". */
  similar: string[];
}

/** ExplanationStatus says whether a variable has a value. */
export type ExplanationStatus =
  /** the environment has it, with a value. */
  | 'set'
  /** something sets it, and the value is not known yet. */
  | 'unresolved'
  /** something names it or may do so, and nothing sets it. */
  | 'absent'
  /** nothing has to do with it. */
  | 'unknown';

/** ExplanationStep is one source that names the variable. */
export interface ExplanationStep {
  origin: Origin;
  /** `outcome` is what became of it. */
  outcome: StepOutcome;
  /** `reason` says why it is not used, or has no value. */
  reason?: string;
  /** `value` that this source gives. */
  value?: string;
  secret: boolean;
  /** `text` is the value as the spec has it; absent where that has no reference. */
  text?: string;
  /** `references` are the steps from Text to Value, in their order. */
  references: Reference[];
}

/** StepOutcome is what became of a source. */
export type StepOutcome =
  /** the value is this one's. */
  | 'used'
  /** a stronger source has the name. */
  | 'shadowed'
  /** the source is optional and not there. */
  | 'sets-nothing';

/** Reference is one $(NAME) of a text, or a $$ or $( that is none. */
export interface Reference {
  /** `text` as it stands in the spec. */
  text: string;
  /** `name` between the parentheses, absent for $$ and $(. */
  name?: string;
  /** `outcome` is what became of it. */
  outcome: ReferenceOutcome;
  /** `origin` is where its value comes from; absent without one. */
  origin?: Origin;
  /** `value` that stands in its place. */
  value?: string;
  secret: boolean;
  /** `reason` says why it stays as text, or what it waits for. */
  reason?: string;
  /** `references` made that value in turn. They are told where a name is met first. */
  references: Reference[];
}

/** ReferenceOutcome is what became of a reference. */
export type ReferenceOutcome =
  /** its value stands in its place. */
  | 'replaced'
  /** nothing that the kubelet had seen by then sets the name. */
  | 'stays-text'
  /** $$ is one dollar, and what follows is no reference. */
  | 'escaped'
  /** $( without its parenthesis stays as it is. */
  | 'unterminated'
  /** it has no value yet, so the whole has none. */
  | 'waiting';

/** Observation is what the running container has, compared with what the spec gives. */
export interface Observation {
  /** `comparison` in a word. */
  comparison: Comparison;
  /** `value` that the container has; absent where it has none. */
  value?: string;
  /** `reason` says what was made of it. */
  reason: string;
}

/** Comparison of the spec with the running container. */
export type Comparison =
  /** both have the same value. */
  | 'equal'
  /** the container has another value. */
  | 'different'
  /** the image, the runtime, or a webhook sets it. */
  | 'only-observed'
  /** the container does not have it. */
  | 'only-computed'
  /** the spec gives the name, the container the value. */
  | 'filled-in';

/** HostRewrite tells of a value that points at services which the session forwards. */
export interface HostRewrite {
  /** `applied` says that it was rewritten; else it is suggested. */
  applied: boolean;
  /** `forwards` that the value points at. */
  forwards: Forwarded[];
  /** `before` and `after` are the values. */
  before?: string;
  after?: string;
}

/** Forwarded is a port of a Service that has an end on this machine. */
export interface Forwarded {
  /** `service` is its name, or a host as the pod resolves it. */
  service: string;
  /** `remotePort` is the Service's. */
  remotePort: number;
  /** `localAddress` is host and port on this machine. */
  localAddress: string;
}

/**
 * EnvWriteParams ask for an environment file (env/write). The file is made for its owner alone
 * (mode 0600).
 */
export interface EnvWriteParams {
  id: string;
  dialect: string;
  /**
   * `path` of the file, as a file URI or an absolute path; absent is the dialect's own name in the
   * environment directory.
   */
  path?: string;
}

/** EnvWriteResult answers env/write. */
export interface EnvWriteResult {
  path: string;
  /** `count` of variables in the file. */
  count: number;
  /** `undeliverable` are the variables that the dialect cannot hold. */
  undeliverable: Undeliverable[];
}

/** Undeliverable is a variable that a dialect cannot hold. */
export interface Undeliverable {
  name: string;
  reason: string;
}

/**
 * RunConfigParams say which run configurations are planned, written or removed (runConfig/plan,
 * runConfig/write, runConfig/remove): those of a session's dev (ID), or those of a manifest's devs.
 * Exactly one of ID and Manifest is set.
 */
export interface RunConfigParams {
  /**
   * `id` is a session. Its environment is known, so what an environment file cannot hold is told,
   * or stands in the configuration where it is no secret. The session is the client's own, so no
   * task to start it is written.
   */
  id?: string;
  /** `manifest` is the file, as a file URI or an absolute path. */
  manifest?: string;
  /**
   * `dev` is the manifest's entry; absent takes every hybrid one. For removing it need not be in
   * the manifest any more, nor need that be there; absent then takes all that is Tandem's in the
   * workspace.
   */
  dev?: string;
  /** `editor` is "vscode", "jetbrains", "neovim" or "zed". */
  editor: string;
  /**
   * `workspace` is the folder that the editor has open, as a file URI or an absolute path. Absent,
   * the workspace folder that holds the manifest, or the manifest's own.
   */
  workspace?: string;
  /** `noTask` leaves out the task that starts the session, for a client that does so itself. */
  noTask?: boolean;
  /**
   * `attachPort`, where not 0, adds a configuration that attaches to a debugger listening on that
   * port of this machine.
   */
  attachPort?: number;
  /** `remove`, for runConfig/plan alone, plans the removal. */
  remove?: boolean;
}

/**
 * RunConfigResult answers runConfig/plan with what would change, and runConfig/write and
 * runConfig/remove with what has changed.
 */
export interface RunConfigResult {
  /** `workspace` is the folder that was written for, as a URI. */
  workspace: string;
  /** `files` in the order of their paths; empty where nothing is to be changed. */
  files: RunConfigFile[];
  /**
   * `notes` are for the user: what was left alone and why, and which variables only `tandem run`
   * brings, by name.
   */
  notes: string[];
}

/** RunConfigFile is one file of the editor's. */
export interface RunConfigFile {
  uri: string;
  /** `action` is "create", "change" or "delete". */
  action: string;
  /**
   * `edits` are the changes of the text as it was before, in the order of their places; those of a
   * file that is created begin with nothing.
   */
  edits: TextEdit[];
}

/** TextEdit is a change of a document, as in LSP. */
export interface TextEdit {
  range: Range;
  newText: string;
}

/** DebugConfigurationsParams ask what there is to debug (debug/configurations). */
export interface DebugConfigurationsParams {
  /** `id` is the session's. */
  id: string;
}

/** DebugConfigurationsResult answers debug/configurations. */
export interface DebugConfigurationsResult {
  /** `target` is what debug/start would launch. */
  target: DebugTarget;
  /** `running` are the debuggers that run, as debug/start has answered them. */
  running: DebugStartResult[];
}

/** DebugTarget is a program as it was found from the dev's command and folder. */
export interface DebugTarget {
  language: DebugLanguage;
  /**
   * `program` is absolute, or an import path of Go; "" where it is a module, or where nothing
   * tells.
   */
  program: string;
  /** `module` is Python's, or Java's main class. */
  module?: string;
  /** `args` are the program's. */
  args: string[];
  cwd: string;
  /** `modes` are those that debug/start has for the language. */
  modes: DebugMode[];
  /** `protocols` are those that it can be asked for, the language's own first. */
  protocols: DebugProtocol[];
}

/** DebugStartResult answers debug/start: the debugger listens. It takes one client. */
export interface DebugStartResult {
  /** `debug` is the debugger's id, for debug/stop. */
  debug: string;
  language: DebugLanguage;
  mode: DebugMode;
  protocol: DebugProtocol;
  /** `host` is 127.0.0.1. */
  host: string;
  port: number;
  /**
   * `configuration` is a VS Code launch configuration which gets a client in as it stands. A DAP
   * client passes its members on as the arguments of its launch or attach request: "tandemSecret"
   * among them proves that the client may.
   */
  configuration: unknown;
}

/**
 * DebugStartParams ask for a debugger of a ready session (debug/start). Its program has the
 * session's environment, the values of Secrets included; none of it travels through the client.
 */
export interface DebugStartParams {
  /**
   * `workDoneToken` is the token to report on. Absent, the server makes one where the client has
   * the capability.
   */
  workDoneToken?: number | string;
  /** `id` is the session's. */
  id: string;
  /** `language`; absent is the one that the command and the folder tell. */
  language?: DebugLanguage;
  /** `mode`; absent is `launch`. */
  mode?: DebugMode;
  /** `protocol`; absent is the language's own. Go has a choice. */
  protocol?: DebugProtocol;
  /**
   * `program` replaces the command's: a package, folder or binary for Go, a script for Node and
   * Python (or a module), a jar or a class for Java; with `test` what is tested.
   */
  program?: string;
  /** `args` replace the program's arguments. */
  args?: string[];
  /** `cwd` is the folder to run in; absent is the dev's workdir. */
  cwd?: string;
  /** `buildFlags` are Go's, or the runtime's own flags. */
  buildFlags?: string[];
  /** `pid` is the process to attach to; absent is the session's command. */
  pid?: number;
  /**
   * `command` starts a debugger for another language; {port} in it stands for a free port on which
   * it must listen.
   */
  command?: string[];
  /** `stopOnEntry` lets the program wait for the client before it does anything. */
  stopOnEntry?: boolean;
  /** `substitutePath` maps the client's folders to the debugger's. */
  substitutePath?: DebugPathRule[];
}

/**
 * DebugStopParams end a debugger with what it launched (debug/stop). The answer is the session's
 * {@link Snapshot} after that.
 */
export interface DebugStopParams {
  /** `id` is the session's, Debug the debugger's. */
  id: string;
  debug: string;
}

/**
 * TunnelOpenParams open a tunnel in a running session (tunnel/open). The answer is the {@link
 * Tunnel}. It lives as those of the manifest do: through a lost link, a new pod and a server that
 * continues the session after a crash, until the session ends or tunnel/close. A forward is open at
 * once, also while the session reconnects. A reverse waits for the link; the cluster's Services do
 * not wait for it, nor does the dev pod.
 */
export interface TunnelOpenParams {
  id: string;
  /** `kind` is "forward" or "reverse". */
  kind: string;
  /**
   * `spec` is written as in the manifest: "local:remote" or "local:service:remote" for a forward,
   * local port 0 for any; "remote:local" for a reverse.
   */
  spec: string;
}

/**
 * TunnelCloseParams close a tunnel (tunnel/close): one that tunnel/open opened, or a forward of the
 * manifest, for the rest of the session. Connections that it carries are reset. The answer is the
 * {@link Snapshot}.
 */
export interface TunnelCloseParams {
  id: string;
  /** `tunnel` is its id. */
  tunnel: string;
}

/**
 * DidOpenParams say that a document was opened: from here on the editor's text counts, not the
 * file's.
 */
export interface DidOpenParams {
  textDocument: TextDocumentItem;
}

/** TextDocumentItem is a document that the editor has opened. */
export interface TextDocumentItem {
  uri: string;
  languageId: string;
  version: number;
  text: string;
}

/** DidChangeParams are edits of a document, in their order. */
export interface DidChangeParams {
  textDocument: VersionedTextDocumentIdentifier;
  contentChanges: ContentChange[];
}

/** VersionedTextDocumentIdentifier names one version of a document. */
export interface VersionedTextDocumentIdentifier {
  uri: string;
  version: number;
}

/** ContentChange is one edit. */
export interface ContentChange {
  /** `range` is what is replaced; absent, it is the whole text. */
  range?: Range;
  text: string;
}

/** DidSaveParams say that a document was saved. */
export interface DidSaveParams {
  textDocument: TextDocumentIdentifier;
}

/** TextDocumentIdentifier names a document. */
export interface TextDocumentIdentifier {
  uri: string;
}

/** DidCloseParams say that a document was closed: its diagnostics go. */
export interface DidCloseParams {
  textDocument: TextDocumentIdentifier;
}

/**
 * DidChangeWatchedFilesParams say that files have changed on disk: .env and the files of envFiles
 * are read again.
 */
export interface DidChangeWatchedFilesParams {
  changes: FileEvent[];
}

/** FileEvent is a change of one file. */
export interface FileEvent {
  uri: string;
  /** `type` is 1 created, 2 changed, 3 deleted. */
  type: number;
}

/** CompletionParams ask what may stand at a place. */
export interface CompletionParams {
  textDocument: TextDocumentIdentifier;
  position: Position;
}

/** CompletionList is what may stand there. */
export interface CompletionList {
  /** `isIncomplete` says that the cluster has not answered yet: asking again brings more. */
  isIncomplete: boolean;
  items: CompletionItem[];
}

/** CompletionItem is one proposal. */
export interface CompletionItem {
  label: string;
  /**
   * `kind` is LSP's picture for it: 5 a field, 12 a value, 18 a name of the cluster, 6 a variable.
   */
  kind: number;
  detail?: string;
  documentation?: MarkupContent;
  /** `sortText` keeps fields in the order of their importance. */
  sortText?: string;
  textEdit: TextEdit;
}

/** MarkupContent is text for a person. */
export interface MarkupContent {
  kind: MarkupKind;
  value: string;
}

/** HoverParams ask what stands at a place. */
export interface HoverParams {
  textDocument: TextDocumentIdentifier;
  position: Position;
}

/** Hover explains it. */
export interface Hover {
  contents: MarkupContent;
  range: Range;
}

/** DocumentSymbolParams ask for the outline of a document. */
export interface DocumentSymbolParams {
  textDocument: TextDocumentIdentifier;
}

/** DocumentSymbol is one entry of the outline. */
export interface DocumentSymbol {
  name: string;
  detail?: string;
  /**
   * `kind` is LSP's picture for it: 2 a section, 5 a dev, 24 a forward or a reverse, 13 a variable.
   */
  kind: number;
  range: Range;
  selectionRange: Range;
  children: DocumentSymbol[];
}

/** CodeLensParams ask for the lenses of a document. */
export interface CodeLensParams {
  textDocument: TextDocumentIdentifier;
}

/** CodeLens is a command that stands above a line. */
export interface CodeLens {
  range: Range;
  command: Command;
}

/** Command is something that the server does when it is asked to. */
export interface Command {
  title: string;
  command: string;
  /** `arguments` are one object, see workspace/executeCommand. */
  arguments?: CommandArguments[];
}

/**
 * CommandArguments are what a command is about. Which members a command needs is said with
 * workspace/executeCommand.
 */
export interface CommandArguments {
  /** `id` names a session. */
  id?: string;
  /** `manifest` and `dev` name a dev, where no session is meant or to find its session. */
  manifest?: string;
  dev?: string;
  /** `name` is a variable's. */
  name?: string;
  /** `tunnel` is one of the session's; absent is, for tandem.openTunnel, the first forward. */
  tunnel?: string;
  /** `kind` and `spec` are a new tunnel's, as for tunnel/open. */
  kind?: string;
  spec?: string;
  /** `language` is the debugger's; absent is found out. */
  language?: string;
  /** `editor` is the one whose run configurations are meant, as for runConfig/write. */
  editor?: string;
  /**
   * `takeover` ends the session that somebody else has on the workload. Without it the user is
   * asked.
   */
  takeover?: boolean;
  /**
   * `action` is what tandem.recover does. Without it the user is asked; a client that does not know
   * window/showMessageRequest gets the workloads back.
   */
  action?: RecoverAction;
}

/** CodeActionParams ask for corrections of a range. */
export interface CodeActionParams {
  textDocument: TextDocumentIdentifier;
  range: Range;
  context: CodeActionContext;
}

/** CodeActionContext says what the client is interested in. */
export interface CodeActionContext {
  /** `only` are the kinds that are wanted; absent is all. */
  only?: CodeActionKind[];
}

/** CodeAction is one correction. */
export interface CodeAction {
  title: string;
  kind: CodeActionKind;
  /** `diagnostics` are those that it corrects. */
  diagnostics?: Diagnostic[];
  isPreferred?: boolean;
  edit: WorkspaceEdit;
}

/** WorkspaceEdit are edits by document. */
export interface WorkspaceEdit {
  changes: Record<string, TextEdit[]>;
}

/** DocumentDiagnosticParams ask for the diagnostics of a document. */
export interface DocumentDiagnosticParams {
  textDocument: TextDocumentIdentifier;
  /** `previousResultId` is the resultId of the last answer. */
  previousResultId?: string;
}

/** DocumentDiagnosticReport are the diagnostics of a document. */
export interface DocumentDiagnosticReport {
  /** `kind` is "full", or "unchanged" since the previous result; then there are no items. */
  kind: string;
  resultId: string;
  items?: Diagnostic[];
}

/**
 * ExecuteCommandParams ask for something to be done. Arguments are one {@link CommandArguments} or
 * none.
 */
export interface ExecuteCommandParams {
  /**
   * `workDoneToken` is the token to report on. Absent, the server makes one where the client has
   * the capability.
   */
  workDoneToken?: number | string;
  command: string;
  arguments?: unknown[];
}

/**
 * CommandResult is what a command has done: the members are those of the result of the method
 * behind it.
 */
export interface CommandResult {
  /**
   * `restored` says for tandem.recover what was given back, a line for each workload; Adopted what
   * was continued, a line for each session.
   */
  restored?: string[];
  adopted?: string[];
}

/** SessionOutputParams are what the local command wrote (session/output). */
export interface SessionOutputParams {
  id: string;
  /** `stream` is "stdout" or "stderr". */
  stream: string;
  /**
   * `text` as it was written, cut at arbitrary places; bytes that are not UTF-8 are replaced by
   * U+FFFD.
   */
  text: string;
  /**
   * `dropped` is how many bytes of the command's output, of either stream, were left out just
   * before Text because the client did not read fast enough. Everything else the server has to say
   * is never left out.
   */
  dropped?: number;
}

/**
 * EnvDidChangeParams tell that ConfigMaps, Secrets or the workload's own spec have changed under a
 * running session, by the names of the variables only. The session's files are rewritten already.
 */
export interface EnvDidChangeParams {
  id: string;
  added: string[];
  removed: string[];
  changed: string[];
  /**
   * `stale` names what still runs with the old environment: "debug:ID" for a debugger, and
   * "process" for the local command, which session/stop and session/start renew.
   */
  stale: string[];
}

/** ProgressParams carry one step of a progress ("$/progress"). */
export interface ProgressParams {
  token: number | string;
  /** `value` is a {@link WorkDoneProgress}. */
  value: unknown;
}

/**
 * WorkDoneProgressCreateParams ask the client to make room for a progress that the server starts
 * ("window/workDoneProgress/create").
 */
export interface WorkDoneProgressCreateParams {
  token: number | string;
}

/** LogMessageParams are one line for the editor's log ("window/logMessage"). */
export interface LogMessageParams {
  type: MessageType;
  message: string;
}

/** MessageType is the severity of a message to the user. */
export type MessageType =
  | 1
  | 2
  | 3
  | 4;

/** The values of {@link MessageType} by name. */
export const MessageTypeValue = {
  MessageError: 1,
  MessageWarning: 2,
  MessageInfo: 3,
  MessageLog: 4,
} as const;

/** ShowMessageParams are a message for the user's eyes ("window/showMessage"). */
export interface ShowMessageParams {
  type: MessageType;
  message: string;
}

/** LogTraceParams are one line of the trace ("$/logTrace"). */
export interface LogTraceParams {
  message: string;
  /** `verbose` is what `verbose` adds. */
  verbose?: string;
}

/** PublishDiagnosticsParams are all diagnostics of a document. */
export interface PublishDiagnosticsParams {
  uri: string;
  /** `version` of the document that they are about; absent once it is closed. */
  version?: number;
  diagnostics: Diagnostic[];
}

/** RegistrationParams register the server for something. */
export interface RegistrationParams {
  registrations: Registration[];
}

/** Registration is one of them. */
export interface Registration {
  id: string;
  method: string;
  registerOptions: FileWatchRegistration;
}

/** FileWatchRegistration says which files to watch. */
export interface FileWatchRegistration {
  watchers: FileSystemWatcher[];
}

/** FileSystemWatcher is a pattern of paths. */
export interface FileSystemWatcher {
  globPattern: string;
}

/** ShowMessageRequestParams ask the user something. */
export interface ShowMessageRequestParams {
  type: MessageType;
  message: string;
  actions: MessageActionItem[];
}

/** MessageActionItem is one of the answers. */
export interface MessageActionItem {
  title: string;
}

/** ShowDocumentParams ask the editor to show something. */
export interface ShowDocumentParams {
  uri: string;
  /** `external` says that it is for the browser. */
  external: boolean;
}

/** ShowDocumentResult says whether it was shown. */
export interface ShowDocumentResult {
  success: boolean;
}

/** SymbolInformation is one entry of an outline for a client that cannot nest. */
export interface SymbolInformation {
  name: string;
  kind: number;
  location: Location;
  containerName?: string;
}

/** Location is a place in a document. */
export interface Location {
  uri: string;
  range: Range;
}

/** WorkDoneProgress is a progress's begin, report or end. */
export interface WorkDoneProgress {
  /**
   * `kind` is "begin", "report" or "end". A token sees exactly one begin, then reports, then
   * exactly one end.
   */
  kind: ProgressKind;
  /** `title` says what is being done; in a begin only. */
  title?: string;
  /** `cancellable` says that window/workDoneProgress/cancel works; in a begin and reports. */
  cancellable?: boolean;
  /** `message` is what is going on right now, or how it ended. */
  message?: string;
}

/** ProgressKind is the place of a {@link WorkDoneProgress} in its sequence. */
export type ProgressKind =
  | 'begin'
  | 'report'
  | 'end';

/** ErrorData is the data of an error. */
export interface ErrorData {
  /** `kind` is stable and meant for programs, for example "workload-not-found". */
  kind: string;
  /** `hint` says what the user can do, "" where there is nothing to say. */
  hint: string;
  /** `retryable` says that the same request may succeed later as it is. */
  retryable: boolean;
  /** `detail` has facts of the kind, for example the diagnostics of "manifest-invalid". */
  detail?: Record<string, unknown>;
}

/** The code of an error tells how to treat it; its data is an {@link ErrorData}. */
export const ErrorCode = {
  /** the frame is not JSON. The answer's id is null. */
  ParseError: -32700,
  /** not a request object, or a request at a time when it must not come. */
  InvalidRequest: -32600,
  /** no such method. */
  MethodNotFound: -32601,
  /** the parameters do not fit the method. */
  InvalidParams: -32602,
  /** a bug. */
  InternalError: -32603,
  /** a request before initialize was answered. */
  ServerNotInitialized: -32002,
  /** the client cancelled the request. */
  RequestCancelled: -32800,
  /** is LSP's for a state that changed under a request; no method answers with it yet. */
  ContentModified: -32801,
  /** the server cancelled the request, because it is ending. */
  ServerCancelled: -32802,
  /** a failure that is to be expected in the world; the data's kind says which. */
  RequestFailed: -32803,
} as const;

/** Every kind that this version knows, in {@link ErrorData} and {@link Cause}. */
export type FailureKind =
  | 'admission-denied'
  | 'agent-missing'
  | 'cancelled'
  | 'cluster-unreachable'
  | 'command-failed'
  | 'command-not-found'
  | 'configmap-not-found'
  | 'conflict'
  | 'container-crashed'
  | 'container-not-found'
  | 'contested'
  | 'credentials-expired'
  | 'debug-build-failed'
  | 'debug-failed'
  | 'debug-not-found'
  | 'debug-unsupported'
  | 'debugger-missing'
  | 'dev-not-found'
  | 'dev-not-hybrid'
  | 'env-unwritable'
  | 'image-pull-failed'
  | 'internal'
  | 'invalid-params'
  | 'journal-failed'
  | 'key-not-found'
  | 'kubeconfig-invalid'
  | 'link-failed'
  | 'manifest-invalid'
  | 'manifest-not-found'
  | 'permission-denied'
  | 'pod-gone'
  | 'pod-security-denied'
  | 'pod-unschedulable'
  | 'port-in-use'
  | 'port-privileged'
  | 'quota-exceeded'
  | 'reverse-bind-failed'
  | 'run-config-invalid'
  | 'run-config-unwritable'
  | 'secret-not-found'
  | 'session-busy'
  | 'session-not-found'
  | 'taken-back'
  | 'taken-over'
  | 'timeout'
  | 'tunnel-not-found'
  | 'volume-mount-failed'
  | 'workload-ambiguous'
  | 'workload-not-found';
