package rpc

import (
	"context"
	"fmt"
	"slices"

	"github.com/tandem-dev/tandem/manifest/language"
	"github.com/tandem-dev/tandem/rpc/protocol"
)

// completion proposes what may stand at a place. It waits for the cluster's
// first answer for a moment, and never for a newer one.
func (s *Server) completion(ctx context.Context, r *request, p protocol.CompletionParams) (*protocol.CompletionList, error) {
	list := &protocol.CompletionList{Items: []protocol.CompletionItem{}}
	d := r.openDocument()
	if d == nil {
		return list, nil
	}
	at := s.documents.position(d.Text, p.Position)
	list.IsIncomplete = !s.facts.within(ctx, d.PlaceAt(at), factsPatience)
	format := s.capabilities().TextDocument.Completion.CompletionItem.DocumentationFormat
	for i, item := range d.Complete(at, s.facts.peek) {
		out := protocol.CompletionItem{
			Label: item.Label, Kind: completionKind[item.Kind], Detail: item.Detail,
			SortText: fmt.Sprintf("%04d", i),
			TextEdit: protocol.TextEdit{Range: s.documents.rangeOf(d.Text, item.Range), NewText: item.Insert},
		}
		if item.Doc != "" {
			content := markup(item.Doc, format)
			out.Documentation = &content
		}
		list.Items = append(list.Items, out)
	}
	return list, nil
}

// completionKind is LSP's number for a kind (LSP "CompletionItemKind").
var completionKind = map[language.ItemKind]int{
	language.KindField:    5,  // Field
	language.KindWord:     12, // Value
	language.KindName:     18, // Reference
	language.KindPort:     12, // Value
	language.KindVariable: 6,  // Variable
}

// markup is Markdown for a client that shows it, the same as text for others.
func markup(text string, formats []protocol.MarkupKind) protocol.MarkupContent {
	if slices.Contains(formats, protocol.Markdown) {
		return protocol.MarkupContent{Kind: protocol.Markdown, Value: text}
	}
	return protocol.MarkupContent{Kind: protocol.PlainText, Value: plain(text)}
}
