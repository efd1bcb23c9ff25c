package protocol

import "encoding/json"

// LSP's language features for okteto.yml, as far as Tandem speaks them.

// Methods of LSP that the client sends about documents.
const (
	MethodDidOpen               = "textDocument/didOpen"
	MethodDidChange             = "textDocument/didChange"
	MethodDidSave               = "textDocument/didSave"
	MethodDidClose              = "textDocument/didClose"
	MethodCompletion            = "textDocument/completion"
	MethodHover                 = "textDocument/hover"
	MethodDocumentSymbol        = "textDocument/documentSymbol"
	MethodCodeLens              = "textDocument/codeLens"
	MethodCodeAction            = "textDocument/codeAction"
	MethodDiagnostic            = "textDocument/diagnostic"
	MethodExecuteCommand        = "workspace/executeCommand"
	MethodDidChangeWatchedFiles = "workspace/didChangeWatchedFiles"
)

// Methods of LSP that the server sends about documents.
const (
	MethodPublishDiagnostics = "textDocument/publishDiagnostics"
	MethodCodeLensRefresh    = "workspace/codeLens/refresh"   // a request
	MethodDiagnosticRefresh  = "workspace/diagnostic/refresh" // a request
	MethodRegisterCapability = "client/registerCapability"    // a request
	MethodShowMessageRequest = "window/showMessageRequest"    // a request
	MethodShowDocument       = "window/showDocument"          // a request
)

// GeneralClientCapabilities are about the protocol itself.
type GeneralClientCapabilities struct {
	// PositionEncodings are the encodings that the client can count columns in,
	// the one it likes best first; absent is UTF-16 alone.
	PositionEncodings []PositionEncoding `json:"positionEncodings,omitempty"`
}

// PositionEncoding is how columns are counted.
type PositionEncoding string

// The encodings.
const (
	// EncodingUTF8 counts bytes.
	EncodingUTF8 PositionEncoding = "utf-8"
	// EncodingUTF16 counts UTF-16 code units, as LSP does from the beginning.
	EncodingUTF16 PositionEncoding = "utf-16"
	// EncodingUTF32 counts code points.
	EncodingUTF32 PositionEncoding = "utf-32"
)

// TextDocumentClientCapabilities are about documents.
type TextDocumentClientCapabilities struct {
	// Diagnostic is there where the client asks for diagnostics by itself.
	Diagnostic *DiagnosticClientCapabilities `json:"diagnostic,omitempty"`
	Hover      HoverClientCapabilities       `json:"hover,omitzero"`
	Completion CompletionClientCapabilities  `json:"completion,omitzero"`
	// DocumentSymbol says whether an outline may nest.
	DocumentSymbol DocumentSymbolClientCapabilities `json:"documentSymbol,omitzero"`
	CodeAction     CodeActionClientCapabilities     `json:"codeAction,omitzero"`
}

// DiagnosticClientCapabilities are about diagnostics that the client asks for.
type DiagnosticClientCapabilities struct{}

// HoverClientCapabilities are about hovers.
type HoverClientCapabilities struct {
	// ContentFormat are the formats that the client shows, the best first;
	// absent is plain text.
	ContentFormat []MarkupKind `json:"contentFormat,omitempty"`
}

// CompletionClientCapabilities are about completion.
type CompletionClientCapabilities struct {
	CompletionItem CompletionItemClientCapabilities `json:"completionItem,omitzero"`
}

// CompletionItemClientCapabilities are about one proposal.
type CompletionItemClientCapabilities struct {
	// DocumentationFormat are the formats that the client shows, the best first.
	DocumentationFormat []MarkupKind `json:"documentationFormat,omitempty"`
}

// DocumentSymbolClientCapabilities are about the outline.
type DocumentSymbolClientCapabilities struct {
	// Hierarchical says that the client takes an outline that nests; others get
	// [SymbolInformation].
	Hierarchical bool `json:"hierarchicalDocumentSymbolSupport,omitempty"`
}

// CodeActionClientCapabilities are about code actions.
type CodeActionClientCapabilities struct {
	// Literals is there where the client takes actions and not only commands;
	// others get none.
	Literals *CodeActionLiteralCapabilities `json:"codeActionLiteralSupport,omitempty"`
}

// CodeActionLiteralCapabilities are about the kinds of actions; Tandem needs
// none of its members.
type CodeActionLiteralCapabilities struct{}

// WorkspaceClientCapabilities are about what the editor has open.
type WorkspaceClientCapabilities struct {
	CodeLens              RefreshClientCapabilities       `json:"codeLens,omitzero"`
	Diagnostics           RefreshClientCapabilities       `json:"diagnostics,omitzero"`
	DidChangeWatchedFiles DynamicRegistrationCapabilities `json:"didChangeWatchedFiles,omitzero"`
}

// RefreshClientCapabilities say whether the server may ask for a refresh.
type RefreshClientCapabilities struct {
	RefreshSupport bool `json:"refreshSupport,omitempty"`
}

// DynamicRegistrationCapabilities say whether the server may register for something.
type DynamicRegistrationCapabilities struct {
	DynamicRegistration bool `json:"dynamicRegistration,omitempty"`
}

// SupportClientCapabilities say that a request is understood.
type SupportClientCapabilities struct {
	Support bool `json:"support,omitempty"`
}

// TextDocumentSyncOptions say how documents are kept alike.
type TextDocumentSyncOptions struct {
	OpenClose bool `json:"openClose"`
	// Change is 2: changes come as edits. Whole texts are understood as well.
	Change int  `json:"change"`
	Save   bool `json:"save"`
}

// CompletionOptions say when to ask for completion.
type CompletionOptions struct {
	TriggerCharacters []string `json:"triggerCharacters"`
}

// CodeLensOptions say what a client may ask about lenses; they come whole.
type CodeLensOptions struct{}

// CodeActionOptions say which code actions there are.
type CodeActionOptions struct {
	CodeActionKinds []CodeActionKind `json:"codeActionKinds"`
}

// DiagnosticOptions say that diagnostics can be asked for.
type DiagnosticOptions struct {
	Identifier            string `json:"identifier"`
	InterFileDependencies bool   `json:"interFileDependencies"`
	WorkspaceDiagnostics  bool   `json:"workspaceDiagnostics"`
}

// ExecuteCommandOptions list the commands.
type ExecuteCommandOptions struct {
	Commands []string `json:"commands"`
}

// TextDocumentItem is a document that the editor has opened.
type TextDocumentItem struct {
	URI        string `json:"uri"`
	LanguageID string `json:"languageId"`
	Version    int    `json:"version"`
	Text       string `json:"text" private:"size"`
}

// TextDocumentIdentifier names a document.
type TextDocumentIdentifier struct {
	URI string `json:"uri"`
}

// VersionedTextDocumentIdentifier names one version of a document.
type VersionedTextDocumentIdentifier struct {
	URI     string `json:"uri"`
	Version int    `json:"version"`
}

// DidOpenParams say that a document was opened: from here on the editor's text
// counts, not the file's.
type DidOpenParams struct {
	TextDocument TextDocumentItem `json:"textDocument"`
}

// DidChangeParams are edits of a document, in their order.
type DidChangeParams struct {
	TextDocument   VersionedTextDocumentIdentifier `json:"textDocument"`
	ContentChanges []ContentChange                 `json:"contentChanges"`
}

// ContentChange is one edit.
type ContentChange struct {
	// Range is what is replaced; absent, it is the whole text.
	Range *Range `json:"range,omitempty"`
	Text  string `json:"text" private:"size"`
}

// DidSaveParams say that a document was saved.
type DidSaveParams struct {
	TextDocument TextDocumentIdentifier `json:"textDocument"`
}

// DidCloseParams say that a document was closed: its diagnostics go.
type DidCloseParams struct {
	TextDocument TextDocumentIdentifier `json:"textDocument"`
}

// DidChangeWatchedFilesParams say that files have changed on disk: .env and the
// files of envFiles are read again.
type DidChangeWatchedFilesParams struct {
	Changes []FileEvent `json:"changes"`
}

// FileEvent is a change of one file.
type FileEvent struct {
	URI string `json:"uri"`
	// Type is 1 created, 2 changed, 3 deleted.
	Type int `json:"type"`
}

// TextDocumentPositionParams name a place in a document.
type TextDocumentPositionParams struct {
	TextDocument TextDocumentIdentifier `json:"textDocument"`
	Position     Position               `json:"position"`
}

// CompletionParams ask what may stand at a place.
type CompletionParams struct {
	TextDocument TextDocumentIdentifier `json:"textDocument"`
	Position     Position               `json:"position"`
}

// CompletionList is what may stand there.
type CompletionList struct {
	// IsIncomplete says that the cluster has not answered yet: asking again
	// brings more.
	IsIncomplete bool             `json:"isIncomplete"`
	Items        []CompletionItem `json:"items"`
}

// CompletionItem is one proposal.
type CompletionItem struct {
	Label string `json:"label"`
	// Kind is LSP's picture for it: 5 a field, 12 a value, 18 a name of the
	// cluster, 6 a variable.
	Kind          int            `json:"kind"`
	Detail        string         `json:"detail,omitempty"`
	Documentation *MarkupContent `json:"documentation,omitempty"`
	// SortText keeps fields in the order of their importance.
	SortText string   `json:"sortText,omitempty"`
	TextEdit TextEdit `json:"textEdit"`
}

// MarkupKind is a format of text.
type MarkupKind string

// The formats.
const (
	Markdown  MarkupKind = "markdown"
	PlainText MarkupKind = "plaintext"
)

// MarkupContent is text for a person.
type MarkupContent struct {
	Kind  MarkupKind `json:"kind"`
	Value string     `json:"value"`
}

// HoverParams ask what stands at a place.
type HoverParams struct {
	TextDocument TextDocumentIdentifier `json:"textDocument"`
	Position     Position               `json:"position"`
}

// Hover explains it.
type Hover struct {
	Contents MarkupContent `json:"contents" private:"drop"`
	Range    Range         `json:"range"`
}

// DocumentSymbolParams ask for the outline of a document.
type DocumentSymbolParams struct {
	TextDocument TextDocumentIdentifier `json:"textDocument"`
}

// DocumentSymbol is one entry of the outline.
type DocumentSymbol struct {
	Name   string `json:"name"`
	Detail string `json:"detail,omitempty"`
	// Kind is LSP's picture for it: 2 a section, 5 a dev, 24 a forward or a
	// reverse, 13 a variable.
	Kind           int              `json:"kind"`
	Range          Range            `json:"range"`
	SelectionRange Range            `json:"selectionRange"`
	Children       []DocumentSymbol `json:"children"`
}

// SymbolInformation is one entry of an outline for a client that cannot nest.
type SymbolInformation struct {
	Name          string   `json:"name"`
	Kind          int      `json:"kind"`
	Location      Location `json:"location"`
	ContainerName string   `json:"containerName,omitempty"`
}

// Location is a place in a document.
type Location struct {
	URI   string `json:"uri"`
	Range Range  `json:"range"`
}

// CodeLensParams ask for the lenses of a document.
type CodeLensParams struct {
	TextDocument TextDocumentIdentifier `json:"textDocument"`
}

// CodeLens is a command that stands above a line.
type CodeLens struct {
	Range   Range   `json:"range"`
	Command Command `json:"command"`
}

// Command is something that the server does when it is asked to.
type Command struct {
	Title   string `json:"title"`
	Command string `json:"command"`
	// Arguments are one object, see workspace/executeCommand.
	Arguments []CommandArguments `json:"arguments,omitempty"`
}

// CodeActionParams ask for corrections of a range.
type CodeActionParams struct {
	TextDocument TextDocumentIdentifier `json:"textDocument"`
	Range        Range                  `json:"range"`
	Context      CodeActionContext      `json:"context"`
}

// CodeActionContext says what the client is interested in.
type CodeActionContext struct {
	// Only are the kinds that are wanted; absent is all.
	Only []CodeActionKind `json:"only,omitempty"`
}

// CodeActionKind is a kind of code action.
type CodeActionKind string

// The kinds that Tandem has.
const (
	// QuickFix corrects a diagnostic.
	QuickFix CodeActionKind = "quickfix"
	// RefactorRewrite says the same in another form.
	RefactorRewrite CodeActionKind = "refactor.rewrite"
)

// CodeAction is one correction.
type CodeAction struct {
	Title string         `json:"title"`
	Kind  CodeActionKind `json:"kind"`
	// Diagnostics are those that it corrects.
	Diagnostics []Diagnostic  `json:"diagnostics,omitempty"`
	IsPreferred bool          `json:"isPreferred,omitempty"`
	Edit        WorkspaceEdit `json:"edit"`
}

// WorkspaceEdit are edits by document.
type WorkspaceEdit struct {
	Changes map[string][]TextEdit `json:"changes"`
}

// DocumentDiagnosticParams ask for the diagnostics of a document.
type DocumentDiagnosticParams struct {
	TextDocument TextDocumentIdentifier `json:"textDocument"`
	// PreviousResultID is the resultId of the last answer.
	PreviousResultID string `json:"previousResultId,omitempty"`
}

// DocumentDiagnosticReport are the diagnostics of a document.
type DocumentDiagnosticReport struct {
	// Kind is "full", or "unchanged" since the previous result; then there are
	// no items.
	Kind     string       `json:"kind"`
	ResultID string       `json:"resultId"`
	Items    []Diagnostic `json:"items,omitempty"`
}

// PublishDiagnosticsParams are all diagnostics of a document.
type PublishDiagnosticsParams struct {
	URI string `json:"uri"`
	// Version of the document that they are about; absent once it is closed.
	Version     *int         `json:"version,omitempty"`
	Diagnostics []Diagnostic `json:"diagnostics"`
}

// ExecuteCommandParams ask for something to be done. Arguments are one
// [CommandArguments] or none.
type ExecuteCommandParams struct {
	WorkDoneProgressParams
	Command   string            `json:"command"`
	Arguments []json.RawMessage `json:"arguments,omitempty"`
}

// CommandResult is what a command has done: the members are those of the result
// of the method behind it.
type CommandResult struct {
	// Restored says for tandem.recover what was given back, a line for each workload;
	// Adopted what was continued, a line for each session.
	Restored []string `json:"restored,omitempty"`
	Adopted  []string `json:"adopted,omitempty"`
}

// CommandArguments are what a command is about. Which members a command needs
// is said with workspace/executeCommand.
type CommandArguments struct {
	// ID names a session.
	ID string `json:"id,omitempty"`
	// Manifest and Dev name a dev, where no session is meant or to find its
	// session.
	Manifest string `json:"manifest,omitempty"`
	Dev      string `json:"dev,omitempty"`
	// Name is a variable's.
	Name string `json:"name,omitempty"`
	// Tunnel is one of the session's; absent is, for tandem.openTunnel, the first forward.
	Tunnel string `json:"tunnel,omitempty"`
	// Kind and Spec are a new tunnel's, as for tunnel/open.
	Kind string `json:"kind,omitempty"`
	Spec string `json:"spec,omitempty"`
	// Language is the debugger's; absent is found out.
	Language string `json:"language,omitempty"`
	// Editor is the one whose run configurations are meant, as for runConfig/write.
	Editor string `json:"editor,omitempty"`
	// Takeover ends the session that somebody else has on the workload. Without
	// it the user is asked.
	Takeover bool `json:"takeover,omitempty"`
	// Action is what tandem.recover does. Without it the user is asked; a client
	// that does not know window/showMessageRequest gets the workloads back.
	Action RecoverAction `json:"action,omitempty"`
}

// RegistrationParams register the server for something.
type RegistrationParams struct {
	Registrations []Registration `json:"registrations"`
}

// Registration is one of them.
type Registration struct {
	ID              string                `json:"id"`
	Method          string                `json:"method"`
	RegisterOptions FileWatchRegistration `json:"registerOptions"`
}

// FileWatchRegistration says which files to watch.
type FileWatchRegistration struct {
	Watchers []FileSystemWatcher `json:"watchers"`
}

// FileSystemWatcher is a pattern of paths.
type FileSystemWatcher struct {
	GlobPattern string `json:"globPattern"`
}

// ShowMessageRequestParams ask the user something.
type ShowMessageRequestParams struct {
	Type    MessageType         `json:"type"`
	Message string              `json:"message"`
	Actions []MessageActionItem `json:"actions"`
}

// MessageActionItem is one of the answers.
type MessageActionItem struct {
	Title string `json:"title"`
}

// ShowDocumentParams ask the editor to show something.
type ShowDocumentParams struct {
	URI string `json:"uri"`
	// External says that it is for the browser.
	External bool `json:"external"`
}

// ShowDocumentResult says whether it was shown.
type ShowDocumentResult struct {
	Success bool `json:"success"`
}
