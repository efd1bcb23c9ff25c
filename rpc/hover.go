package rpc

import (
	"context"
	"strings"

	"github.com/tandem-dev/tandem/manifest"
	"github.com/tandem-dev/tandem/manifest/language"
	"github.com/tandem-dev/tandem/rpc/protocol"
)

// hover explains what stands at a place.
func (s *Server) hover(_ context.Context, r *request, p protocol.HoverParams) (*protocol.Hover, error) {
	d := r.openDocument()
	if d == nil {
		return nil, nil
	}
	at := s.documents.position(d.Text, p.Position)
	s.facts.load(d.PlaceAt(at))
	h, ok := d.Hover(at, s.facts.peek)
	if !ok {
		return nil, nil
	}
	return &protocol.Hover{
		Contents: markup(h.Markdown, s.capabilities().TextDocument.Hover.ContentFormat),
		Range:    s.documents.rangeOf(d.Text, h.Range),
	}, nil
}

// plain is our own Markdown without its marks.
func plain(markdown string) string {
	var out []string
	for _, line := range strings.Split(markdown, "\n") {
		if strings.HasPrefix(line, "```") {
			continue
		}
		out = append(out, strings.NewReplacer("**", "", "`", "").Replace(line))
	}
	return strings.Join(out, "\n")
}

// documentSymbol gives the outline.
func (s *Server) documentSymbol(_ context.Context, r *request, p protocol.DocumentSymbolParams) (any, error) {
	if r.document == nil {
		return []protocol.DocumentSymbol{}, nil
	}
	d := r.document.whole()
	if s.capabilities().TextDocument.DocumentSymbol.Hierarchical {
		return converted(d.Symbols(), func(x language.Symbol) protocol.DocumentSymbol { return s.symbolOf(r.document.text, x) }), nil
	}
	flat := []protocol.SymbolInformation{}
	var flatten func(in string, all []language.Symbol)
	flatten = func(in string, all []language.Symbol) {
		for _, x := range all {
			flat = append(flat, protocol.SymbolInformation{Name: x.Name, Kind: symbolKind[x.Kind], ContainerName: in,
				Location: protocol.Location{URI: p.TextDocument.URI, Range: s.inside(r.document.text, x.Range)}})
			flatten(x.Name, x.Children)
		}
	}
	flatten("", d.Symbols())
	return flat, nil
}

func (s *Server) symbolOf(t *language.Text, x language.Symbol) protocol.DocumentSymbol {
	return protocol.DocumentSymbol{
		Name: x.Name, Detail: x.Detail, Kind: symbolKind[x.Kind],
		Range: s.inside(t, x.Range), SelectionRange: s.inside(t, x.Selection),
		Children: converted(x.Children, func(c language.Symbol) protocol.DocumentSymbol { return s.symbolOf(t, c) }),
	}
}

// inside is a range that may be an earlier version's, held to the text.
func (s *Server) inside(t *language.Text, r manifest.Range) protocol.Range {
	hold := func(p manifest.Position) manifest.Position {
		return t.Position(t.Offset(p, language.UTF16), language.UTF16)
	}
	return s.documents.rangeOf(t, manifest.Range{Start: hold(r.Start), End: hold(r.End)})
}

// symbolKind is LSP's number for a kind (LSP "SymbolKind").
var symbolKind = map[language.SymbolKind]int{
	language.SymbolSection:  2,  // Module
	language.SymbolDev:      5,  // Class
	language.SymbolForward:  24, // Event
	language.SymbolReverse:  24, // Event
	language.SymbolVariable: 13, // Variable
}

// capabilities are the client's.
func (s *Server) capabilities() protocol.ClientCapabilities {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.client.Capabilities
}
