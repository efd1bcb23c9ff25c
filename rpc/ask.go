package rpc

import (
	"context"
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/tandem-dev/tandem/internal/fault"
	"github.com/tandem-dev/tandem/rpc/protocol"
	"github.com/tandem-dev/tandem/session"
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

// greet does what the client's `initialized` asks for: it registers for changes
// of files, and asks about sessions that a crash left behind. It does not wait.
func (s *Server) greet() {
	s.mu.Lock()
	serving := s.phase == running
	s.mu.Unlock()
	if !serving || s.isEnding() {
		return
	}
	s.background.Go(func() { // ends with the client's answer, or the server
		_ = protect(s.log(), "registering for files", func() error { s.watchFiles(s.base); return nil })
		_ = protect(s.log(), "looking for crashed sessions", func() error { s.offerRecovery(s.base); return nil })
	})
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

// crashed are the sessions of this user that their process left behind, from the
// manifests of the workspace; without a workspace all of them.
func (s *Server) crashed(ctx context.Context) ([]session.Status, error) {
	all, err := s.sessions.Status(ctx)
	roots := s.roots()
	return slices.DeleteFunc(all, func(st session.Status) bool {
		return st.State != session.Crashed || len(roots) > 0 && !slices.ContainsFunc(roots, func(root string) bool { return beneath(st.Manifest, root) })
	}), err
}

// beneath says whether a path lies in a folder.
func beneath(path, folder string) bool {
	rel, err := filepath.Rel(folder, path)
	return err == nil && rel != ".." && !strings.HasPrefix(rel, ".."+string(filepath.Separator))
}

// offerRecovery asks whether to give back what a crash left.
func (s *Server) offerRecovery(ctx context.Context) {
	left, err := s.crashed(ctx)
	if err != nil {
		s.log().Warn().Err(err).Msg("reading the journal")
	}
	if len(left) == 0 {
		return
	}
	var names []string
	for _, st := range left {
		names = append(names, fmt.Sprintf("%s (%s)", st.ID, st.Workload))
	}
	const restore = "Restore"
	text := fmt.Sprintf("A process that ended without giving the cluster back left %s diverted: %s", plural(len(left), "session"), strings.Join(names, ", "))
	answer, err := s.ask(ctx, protocol.MessageWarning, text, restore, "Later")
	if err != nil || answer != restore {
		return
	}
	restored, err := s.restore(ctx, left)
	message := protocol.ShowMessageParams{Type: protocol.MessageInfo, Message: strings.Join(restored, "\n")}
	if err != nil {
		message.Type = protocol.MessageError
		message.Message = strings.Join(append(restored, err.Error()), "\n")
	}
	s.notify(protocol.MethodShowMessage, message)
}

// restore gives back what crashed sessions took, and words what came back.
func (s *Server) restore(ctx context.Context, left []session.Status) (lines []string, err error) {
	lines = []string{}
	for _, st := range left {
		restored, failure := s.sessions.Down(ctx, session.DownRequest{Manifest: st.Manifest, Dev: st.Dev})
		for _, r := range restored {
			lines = append(lines, r.String())
		}
		if failure != nil && err == nil {
			err = failure
		}
	}
	return lines, err
}

// doRecover gives back what a crash left: one session, or all of the workspace.
func (s *Server) doRecover(ctx context.Context, a asked) (any, error) {
	left, err := s.crashed(ctx)
	if err != nil {
		return nil, err
	}
	if a.ID != "" {
		left = slices.DeleteFunc(left, func(st session.Status) bool { return st.ID != a.ID })
		if len(left) == 0 {
			return nil, fault.New(fault.SessionNotFound, "no crash left a session %q behind", a.ID)
		}
	}
	progress := s.startProgress(ctx, a.r, a.token, "Recovering")
	lines, err := s.restore(ctx, left)
	progress.end(outcome(err, plural(len(lines), "workload")+" given back"))
	return protocol.CommandResult{Restored: lines}, err
}
