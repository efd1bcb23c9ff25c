package rpc

import (
	"context"
	"encoding/json"
	"hash/fnv"
	"strconv"
	"strings"

	"github.com/tandem-dev/tandem/internal/fault"
	"github.com/tandem-dev/tandem/manifest/language"
	"github.com/tandem-dev/tandem/rpc/protocol"
)

// languageTable lists the methods about documents.
func (s *Server) languageTable() map[string]handler {
	return map[string]handler{
		protocol.MethodCompletion:     method(s.completion),
		protocol.MethodHover:          method(s.hover),
		protocol.MethodDocumentSymbol: method(s.documentSymbol),
		protocol.MethodCodeLens:       method(s.codeLens),
		protocol.MethodCodeAction:     method(s.codeAction),
		protocol.MethodDiagnostic:     method(s.diagnostic),
		protocol.MethodExecuteCommand: method(s.executeCommand),
	}
}

// documentNotification handles a notification about documents, on the reading
// goroutine; known is false for any other.
func (s *Server) documentNotification(method string, params json.RawMessage) (known bool, err error) {
	switch method {
	case protocol.MethodDidOpen:
		return true, notified(s, params, s.didOpen)
	case protocol.MethodDidChange:
		return true, notified(s, params, s.didChange)
	case protocol.MethodDidSave:
		return true, notified(s, params, s.didSave)
	case protocol.MethodDidClose:
		return true, notified(s, params, s.didClose)
	case protocol.MethodDidChangeWorkspaceFolders:
		return true, notified(s, params, s.didChangeWorkspaceFolders)
	case protocol.MethodDidChangeWatchedFiles:
		return true, notified(s, params, s.didChangeWatchedFiles)
	}
	return false, nil
}

// notified decodes the params of a notification. Before initialize and after
// shutdown there are no documents.
func notified[P any](s *Server, params json.RawMessage, f func(P) error) error {
	s.mu.Lock()
	serving := s.phase == running
	s.mu.Unlock()
	if !serving {
		return nil
	}
	var p P
	if err := decode(params, &p); err != nil {
		return err
	}
	return f(p)
}

func (s *Server) didOpen(p protocol.DidOpenParams) error {
	s.documents.start(p.TextDocument)
	return nil
}

func (s *Server) didChange(p protocol.DidChangeParams) error {
	return s.documents.change(p)
}

// didSave reads everything anew: what was saved may be a .env file that the
// editor has open as well.
func (s *Server) didSave(protocol.DidSaveParams) error {
	s.documents.reread()
	return nil
}

func (s *Server) didClose(p protocol.DidCloseParams) error {
	s.documents.stop(p.TextDocument.URI)
	return nil
}

func (s *Server) didChangeWatchedFiles(protocol.DidChangeWatchedFilesParams) error {
	s.documents.reread()
	s.askAgain()
	return nil
}

// factsChanged hears that the cluster holds something else than was known.
func (s *Server) factsChanged() {
	s.documents.nudgeAll()
	s.askAgain()
}

// askAgain has a client that asks for diagnostics ask again.
func (s *Server) askAgain() {
	if !s.documents.push && len(s.documents.manifests()) > 0 {
		s.diagnosticRefresh.want()
	}
}

// pinned is the version of the document that a request is about; it is found
// before the request leaves the order of the wire.
func (s *Server) pinned(method string, params json.RawMessage) *reading {
	if !strings.HasPrefix(method, "textDocument/") {
		return nil
	}
	var p struct {
		TextDocument protocol.TextDocumentIdentifier `json:"textDocument"`
	}
	if json.Unmarshal(params, &p) != nil {
		return nil // its handler says what is wrong
	}
	return s.documents.pin(p.TextDocument.URI)
}

// diagnostic answers a client that asks for diagnostics.
func (s *Server) diagnostic(_ context.Context, r *request, p protocol.DocumentDiagnosticParams) (*protocol.DocumentDiagnosticReport, error) {
	report := &protocol.DocumentDiagnosticReport{Kind: "full", Items: []protocol.Diagnostic{}}
	if r.document != nil {
		report.Items = s.documents.diagnostics(r.document)
	}
	raw, err := encode(report.Items)
	if err != nil {
		return nil, err
	}
	h := fnv.New64a()
	h.Write(raw)
	report.ResultID = strconv.FormatUint(h.Sum64(), 36)
	if report.ResultID == p.PreviousResultID {
		report.Kind, report.Items = "unchanged", nil
	}
	return report, nil
}

// pulls says that a client asks for diagnostics. They depend on the cluster, which
// may answer later: a client that cannot be told so gets them published instead.
func pulls(c protocol.ClientCapabilities) bool {
	return c.TextDocument.Diagnostic != nil && c.Workspace.Diagnostics.RefreshSupport
}

// settle takes from the client's capabilities how documents are spoken about.
// It runs before the first of them can arrive.
func (ds *documents) settle(c protocol.ClientCapabilities) {
	ds.push, ds.encoding = !pulls(c), language.UTF16
	for _, e := range c.General.PositionEncodings {
		if e == protocol.EncodingUTF8 || e == protocol.EncodingUTF16 || e == protocol.EncodingUTF32 {
			ds.encoding = language.Encoding(e)
			return
		}
	}
}

// languageCapabilities are what is offered for documents.
func (s *Server) languageCapabilities(c protocol.ClientCapabilities) protocol.ServerCapabilities {
	out := protocol.ServerCapabilities{
		PositionEncoding:       protocol.PositionEncoding(s.documents.encoding),
		TextDocumentSync:       protocol.TextDocumentSyncOptions{OpenClose: true, Change: 2, Save: true},
		CompletionProvider:     protocol.CompletionOptions{TriggerCharacters: []string{":", " ", "-", "{", "[", "$"}},
		HoverProvider:          true,
		Workspace:              protocol.WorkspaceCapabilities{WorkspaceFolders: protocol.WorkspaceFoldersCapabilities{Supported: true, ChangeNotifications: true}},
		DocumentSymbolProvider: true,
		CodeActionProvider:     protocol.CodeActionOptions{CodeActionKinds: []protocol.CodeActionKind{protocol.QuickFix, protocol.RefactorRewrite}},
		ExecuteCommandProvider: protocol.ExecuteCommandOptions{Commands: s.commandNames()},
	}
	if pulls(c) {
		out.DiagnosticProvider = &protocol.DiagnosticOptions{Identifier: diagnosticSource, InterFileDependencies: true}
	}
	return out
}

// openDocument is the document of a request, or nil where there is nothing to
// say of it.
func (r *request) openDocument() *language.Document {
	if r.document == nil {
		return nil
	}
	return r.document.document()
}

// engine is the sessions, nil before initialize.
func (s *Server) engine() Sessions {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.sessions
}

// noSuchCommand refuses a command.
func noSuchCommand(name string, known []string) error {
	return fault.New(fault.InvalidParams, "there is no command %q", name).Hint("there are %s", strings.Join(known, ", "))
}
