package rpc

import (
	"context"
	"slices"
	"strings"

	"github.com/tandem-dev/tandem/manifest"
	"github.com/tandem-dev/tandem/manifest/language"
	"github.com/tandem-dev/tandem/rpc/protocol"
)

// codeAction offers corrections and conversions for a range. A client that only
// takes commands gets none: an edit is nothing that the server does.
func (s *Server) codeAction(_ context.Context, r *request, p protocol.CodeActionParams) ([]protocol.CodeAction, error) {
	out := []protocol.CodeAction{}
	d := r.openDocument()
	if d == nil || s.capabilities().TextDocument.CodeAction.Literals == nil {
		return out, nil
	}
	at := manifest.Range{Start: s.documents.position(d.Text, p.Range.Start), End: s.documents.position(d.Text, p.Range.End)}
	for _, a := range d.Actions(at, s.facts.peek) {
		action := protocol.CodeAction{Title: a.Title, Kind: protocol.RefactorRewrite, IsPreferred: a.Preferred}
		if a.Fixes != nil {
			action.Kind = protocol.QuickFix
			action.Diagnostics = []protocol.Diagnostic{s.documents.diagnosticOf(r.document, *a.Fixes)}
		}
		if !wanted(action.Kind, p.Context.Only) {
			continue
		}
		action.Edit.Changes = map[string][]protocol.TextEdit{
			p.TextDocument.URI: converted(a.Edits, func(e language.Edit) protocol.TextEdit {
				return protocol.TextEdit{Range: s.documents.rangeOf(d.Text, e.Range), NewText: e.Text}
			}),
		}
		out = append(out, action)
	}
	return out, nil
}

// wanted says whether a kind is one of those asked for; "refactor" stands for all
// that begin with it.
func wanted(kind protocol.CodeActionKind, only []protocol.CodeActionKind) bool {
	return len(only) == 0 || slices.ContainsFunc(only, func(o protocol.CodeActionKind) bool {
		return kind == o || o == "" || strings.HasPrefix(string(kind), string(o)+".")
	})
}
