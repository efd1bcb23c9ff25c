package gendoc

import "github.com/tandem-dev/tandem/rpc/protocol"

const (
	documentExample = `{"textDocument": {"uri": "file:///w/okteto.yml"}}`
	placeExample    = `{"textDocument": {"uri": "file:///w/okteto.yml"}, "position": {"line": 5, "character": 10}}`
	unknownExample  = `{"range": {"start": {"line": 3, "character": 4}, "end": {"line": 3, "character": 10}}, "severity": 1,
  "code": "unknown-field", "source": "tandem", "message": "unknown field \"comand\" in a dev (did you mean \"command\"?)"}`
)

// documentGroup is okteto.yml as a language.
var documentGroup = group{"The manifest as a language",
	"LSP's own methods, for documents whose language the client calls `okteto`, or whose file has a name that Okteto knows: `okteto.yml`,\n" +
		"`okteto.yaml` and names like `okteto-dev.yml`. Others may be opened; nothing is said of them, so that a client may send every YAML file.\n" +
		"[manifest.md](manifest.md#in-an-editor) tells what is found and proposed. What the cluster holds is asked for when somebody writes,\n" +
		"never while nobody does, and no answer waits for it but a completion, for at most 50 ms.",
	[]message{
		{protocol.MethodDidOpen, false, "Opens a document. Its diagnostics follow.", protocol.DidOpenParams{}, nil,
			`{"textDocument": {"uri": "file:///w/okteto.yml", "languageId": "yaml", "version": 1, "text": "dev:\n  api:\n    mode: hybrid\n"}}`, ""},
		{protocol.MethodDidChange, false, "Edits a document, in the order of the wire; requests are about the version at their own place in it. An edit outside the text is held to its ends.",
			protocol.DidChangeParams{}, nil,
			`{"textDocument": {"uri": "file:///w/okteto.yml", "version": 2},
 "contentChanges": [{"range": {"start": {"line": 2, "character": 10}, "end": {"line": 2, "character": 16}}, "text": "sync"}]}`, ""},
		{protocol.MethodDidSave, false, "Has every document read again with the files that it names.", protocol.DidSaveParams{}, nil, documentExample, ""},
		{protocol.MethodDidClose, false, "Closes a document and takes its diagnostics away.", protocol.DidCloseParams{}, nil, documentExample, ""},
		{protocol.MethodDidChangeWatchedFiles, false, "Has every document read again with the files that it names.",
			protocol.DidChangeWatchedFilesParams{}, nil, `{"changes": [{"uri": "file:///w/.env", "type": 2}]}`, ""},
		{protocol.MethodCompletion, true, "Proposes what may stand at a place: fields, words, and names of the cluster.",
			protocol.CompletionParams{}, protocol.CompletionList{}, placeExample,
			`{"isIncomplete": false, "items": [{"label": "hybrid", "kind": 12, "sortText": "0001",
  "textEdit": {"range": {"start": {"line": 5, "character": 10}, "end": {"line": 5, "character": 10}}, "newText": "hybrid"}}]}`},
		{protocol.MethodHover, true, "Explains a field, a name of the cluster, or the value of a variable. Values whose name sounds secret are masked.",
			protocol.HoverParams{}, (*protocol.Hover)(nil), placeExample,
			`{"contents": {"kind": "markdown", "value": "**mode** …"}, "range": {"start": {"line": 5, "character": 4}, "end": {"line": 5, "character": 8}}}`},
		{protocol.MethodDocumentSymbol, true, "Gives the outline; a client without `hierarchicalDocumentSymbolSupport` gets a list of [SymbolInformation](#symbolinformation).",
			protocol.DocumentSymbolParams{}, []protocol.DocumentSymbol{}, documentExample,
			`[{"name": "dev", "kind": 2, "range": {"start": {"line": 0, "character": 0}, "end": {"line": 2, "character": 16}},
  "selectionRange": {"start": {"line": 0, "character": 0}, "end": {"line": 0, "character": 3}}, "children": []}]`},
		{protocol.MethodCodeLens, true, "Puts commands above each dev in hybrid mode: `Run hybrid` and, in a build with a debugger, `Debug hybrid`; with a session `Stop` and how it is, as in `ready, 3 tunnels`.",
			protocol.CodeLensParams{}, []protocol.CodeLens{}, documentExample,
			`[{"range": {"start": {"line": 1, "character": 2}, "end": {"line": 1, "character": 5}},
  "command": {"title": "Run hybrid", "command": "tandem.start", "arguments": [{"manifest": "file:///w/okteto.yml", "dev": "api"}]}}]`},
		{protocol.MethodCodeAction, true, "Offers corrections: a field's name without its slip, both ports for one, a reverse for a port of the container, the other form of a forward.",
			protocol.CodeActionParams{}, []protocol.CodeAction{},
			`{"textDocument": {"uri": "file:///w/okteto.yml"}, "context": {"only": ["quickfix"]},
 "range": {"start": {"line": 3, "character": 4}, "end": {"line": 3, "character": 4}}}`,
			`[{"title": "Change to command", "kind": "quickfix", "isPreferred": true, "diagnostics": [` + unknownExample + `],
  "edit": {"changes": {"file:///w/okteto.yml": [
    {"range": {"start": {"line": 3, "character": 4}, "end": {"line": 3, "character": 10}}, "newText": "command"}]}}}]`},
		{protocol.MethodDiagnostic, true, "Gives the diagnostics of a document. Offered to a client that asks for them and can be told to ask again (`textDocument.diagnostic`, `workspace.diagnostics.refreshSupport`); to others they are published.",
			protocol.DocumentDiagnosticParams{}, protocol.DocumentDiagnosticReport{}, documentExample,
			`{"kind": "full", "resultId": "1x2y", "items": [` + unknownExample + `]}`},
		{protocol.MethodExecuteCommand, true, commandText, protocol.ExecuteCommandParams{}, protocol.CommandResult{},
			`{"command": "tandem.start", "arguments": [{"manifest": "file:///w/okteto.yml", "dev": "api"}], "workDoneToken": "t1"}`, ""},
	}}

const commandText = `Does what a lens, a menu or a key asks for. A command takes one object of [arguments](#commandarguments); a session is named by
` + "`id`, or by `manifest` and `dev`" + `. Progress and cancellation are those of the method behind the command.

| command | arguments | does |
|---|---|---|
| ` + "`tandem.start`" + ` | manifest, dev, takeover | ` + "`session/start`" + ` with the manifest's command. Where somebody else has the workload, asks whether to take it over |
| ` + "`tandem.debug`" + ` | manifest, dev, language | a session without its command, and a debugger in it; only in a build that has one |
| ` + "`tandem.stop`" + ` | a session | ` + "`session/stop`" + ` |
| ` + "`tandem.restart`" + ` | a session | ` + "`session/restart`" + ` |
| ` + "`tandem.status`" + ` | a session | shows its state and tunnels |
| ` + "`tandem.explain`" + ` | a session or a dev, name | ` + "`env/explain`" + ` |
| ` + "`tandem.doctor`" + ` | manifest, dev | ` + "`cluster/doctor`" + `, and shows what it found |
| ` + "`tandem.recover`" + ` | id, or nothing for all of the workspace; action | continues what crashes left, or gives it back; asks which |
| ` + "`tandem.openTunnel`" + ` | a session, tunnel | shows the local end of a forward in the browser |
| ` + "`tandem.writeRunConfig`" + `, ` + "`tandem.removeRunConfig`" + ` | a session or a dev, editor | ` + "`runConfig/write`" + `, ` + "`runConfig/remove`" + ` |

The result is that of the method behind the command.`

var (
	publishMessage = message{protocol.MethodPublishDiagnostics, false, "Carries all diagnostics of a document: at once after the first edit in a while, then with pauses of 5 to 50 ms; again when the cluster has answered.",
		protocol.PublishDiagnosticsParams{}, nil, `{"uri": "file:///w/okteto.yml", "version": 2, "diagnostics": [` + unknownExample + `]}`, ""}
	codeLensRefreshMessage = message{protocol.MethodCodeLensRefresh, true, "Asks the client to ask for lenses again, as a session has changed. Sent only with `workspace.codeLens.refreshSupport`.",
		nil, nil, "", `null`}
	diagnosticRefreshMessage = message{protocol.MethodDiagnosticRefresh, true, "Asks the client to ask for diagnostics again, as the cluster or a file has changed. Sent only to a client that asks for them.",
		nil, nil, "", `null`}
	registerMessage = message{protocol.MethodRegisterCapability, true, "Asks the client to tell of changes to files of variables. Sent only with `workspace.didChangeWatchedFiles.dynamicRegistration`.",
		protocol.RegistrationParams{}, nil,
		`{"registrations": [{"id": "tandem/files", "method": "workspace/didChangeWatchedFiles", "registerOptions": {"watchers": [{"globPattern": "**/.env"}]}}]}`, `null`}
	showMessageRequestMessage = message{protocol.MethodShowMessageRequest, true, "Asks the user: whether to take a workload over (a start by command only), or to continue what a crash left, or give it back (after `initialized`, and by command). The answer is the chosen action, or `null`.",
		protocol.ShowMessageRequestParams{}, (*protocol.MessageActionItem)(nil),
		`{"type": 2, "message": "Deployment \"api\" is diverted by ann on laptop", "actions": [{"title": "Take over"}, {"title": "Cancel"}]}`, `{"title": "Take over"}`}
	showDocumentMessage = message{protocol.MethodShowDocument, true, "Asks the editor to show an address in the browser. Sent only with `window.showDocument.support`; others get a message with the address.",
		protocol.ShowDocumentParams{}, protocol.ShowDocumentResult{}, `{"uri": "http://127.0.0.1:8090/", "external": true}`, `{"success": true}`}
)
