package rpc

import (
	"context"
	"encoding/json"
	"slices"

	"github.com/tandem-dev/tandem/rpc/protocol"
)

// What the server asks of the user and of the editor. These calls wait for a
// person; they run on the goroutine of the request that they serve, or on one of
// their own, never on the reading one.

// ask shows a question with its answers and gives the title of the chosen one,
// "" where the user chose none. The error is for a client that cannot ask.
func (s *Server) ask(ctx context.Context, kind protocol.MessageType, message string, answers ...string) (string, error) {
	p := protocol.ShowMessageRequestParams{Type: kind, Message: message}
	for _, a := range answers {
		p.Actions = append(p.Actions, protocol.MessageActionItem{Title: a})
	}
	var raw json.RawMessage
	if _, err := s.conn.Call(ctx, protocol.MethodShowMessageRequest, p, &raw); err != nil {
		return "", err
	}
	var chosen *protocol.MessageActionItem
	if err := json.Unmarshal(raw, &chosen); err != nil || chosen == nil || !slices.Contains(answers, chosen.Title) {
		return "", nil // dismissed
	}
	return chosen.Title, nil
}

// show opens an address in the browser, or tells the user where it is.
func (s *Server) show(ctx context.Context, uri string) (*protocol.ShowDocumentParams, error) {
	p := protocol.ShowDocumentParams{URI: uri, External: true}
	if s.capabilities().Window.ShowDocument.Support {
		var result protocol.ShowDocumentResult
		if _, err := s.conn.Call(ctx, protocol.MethodShowDocument, p, &result); err == nil && result.Success {
			return &p, nil
		}
	}
	s.notify(protocol.MethodShowMessage, protocol.ShowMessageParams{Type: protocol.MessageInfo, Message: uri})
	return &p, nil
}

// greet does what the client's `initialized` asks for, and does not wait for it:
// it registers for changes of files, continues what a server of this workspace left
// behind, and asks about what others did.
func (s *Server) greet() {
	s.mu.Lock()
	serving := s.phase == running
	s.mu.Unlock()
	if !serving || s.isEnding() {
		return
	}
	aside := func(what string, f func()) {
		s.background.Go(func() { // ends with the client's answer, or the server
			_ = protect(s.log(), what, func() error { f(); return nil })
		})
	}
	aside("registering for files", func() { s.watchFiles(s.base) })
	aside("looking for sessions that were left behind", func() { s.continueLeft(s.base, s.roots()) })
}

// watchFiles has the client tell of files that manifests are read with.
func (s *Server) watchFiles(ctx context.Context) {
	if !s.capabilities().Workspace.DidChangeWatchedFiles.DynamicRegistration {
		return
	}
	p := protocol.RegistrationParams{Registrations: []protocol.Registration{{
		ID: "tandem/files", Method: protocol.MethodDidChangeWatchedFiles,
		RegisterOptions: protocol.FileWatchRegistration{Watchers: []protocol.FileSystemWatcher{{GlobPattern: "**/{.env,.env.*,*.env}"}}},
	}}}
	if _, err := s.conn.Call(ctx, protocol.MethodRegisterCapability, p, nil); err != nil {
		s.log().Debug().Err(err).Msg("the client does not watch files")
	}
}
