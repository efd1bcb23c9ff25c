package language

import (
	"strings"

	"github.com/tandem-dev/tandem/manifest"
)

// SymbolKind says what a symbol is.
type SymbolKind int

// The kinds of symbols.
const (
	SymbolSection SymbolKind = iota
	SymbolDev
	SymbolForward
	SymbolReverse
	SymbolVariable
)

// Symbol is one entry of a document's outline.
type Symbol struct {
	Name, Detail string
	Kind         SymbolKind
	// Range is the whole of it; Name stands in Selection, which lies within.
	Range, Selection manifest.Range
	Children         []Symbol
}

// Symbols is the outline: the sections, the devs, and what they open and set.
func (d *Document) Symbols() []Symbol {
	var out []Symbol
	for _, s := range d.Manifest.Sections {
		symbol := Symbol{Name: s.Name, Kind: SymbolSection, Range: d.shown(s.Range), Selection: d.shown(s.NameRange)}
		switch s.Name {
		case "dev":
			for _, dev := range d.Manifest.Devs {
				symbol.Children = append(symbol.Children, d.devSymbol(dev))
			}
		case "forward":
			symbol.Children = d.forwardSymbols(d.Manifest.Forward)
		}
		out = append(out, within(symbol))
	}
	return out
}

func (d *Document) devSymbol(dev *manifest.Dev) Symbol {
	s := Symbol{Name: dev.Key, Detail: string(dev.Mode), Kind: SymbolDev, Range: d.shown(dev.Range), Selection: d.shown(dev.NameRange)}
	for _, v := range dev.Environment {
		if v.Source == "environment" { // those of files stand elsewhere
			at := d.shown(v.Range)
			s.Children = append(s.Children, Symbol{Name: v.Name, Detail: "environment", Kind: SymbolVariable, Range: at, Selection: at})
		}
	}
	s.Children = append(s.Children, d.forwardSymbols(dev.Forward)...)
	for _, r := range dev.Reverse {
		at := d.shown(r.Range)
		s.Children = append(s.Children, Symbol{Name: d.written(at, r.String()), Detail: "reverse", Kind: SymbolReverse, Range: at, Selection: at})
	}
	return s
}

func (d *Document) forwardSymbols(all []manifest.Forward) []Symbol {
	var out []Symbol
	for _, f := range all {
		at := d.shown(f.Range)
		out = append(out, Symbol{Name: d.written(at, f.String()), Detail: "forward", Kind: SymbolForward, Range: at, Selection: at})
	}
	return out
}

// written is the text of a range where that is one word, so that an outline
// shows variables and not their values; else the text that stands for it.
func (d *Document) written(r manifest.Range, otherwise string) string {
	if text := unquoted(d.Text.cut(r)); text != "" && !strings.ContainsAny(text, " \t\r\n{") || strings.Contains(text, "${") {
		return text
	}
	return otherwise
}

// within leaves out children that lie elsewhere, as those of an anchor do: an
// outline must nest.
func within(s Symbol) Symbol {
	var kept []Symbol
	for _, c := range s.Children {
		if s.Range.Contains(c.Range.Start) && s.Range.Contains(c.Range.End) {
			kept = append(kept, within(c))
		}
	}
	s.Children = kept
	return s
}
