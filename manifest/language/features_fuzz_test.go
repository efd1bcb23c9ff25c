package language

import (
	"testing"
	"unicode/utf8"

	"github.com/tandem-dev/tandem/manifest"
)

// FuzzFeatures asks for everything at a place of any text: nothing may panic,
// every range lies in the text, and every edit applies.
func FuzzFeatures(f *testing.F) {
	for _, text := range []string{
		"dev:\n  api:\n    mode: hybrid\n    forward:\n      - 6379:db:6379\n    reverse: [8080]\n",
		"dev: {api: {mode: hybrid, forward: [{localPort: 1, remotePort: 2, name: db}]}}",
		"forward:\n- 1:\ndev:\n  api: &a {environment: {A: ${HOME}}}\n  web: *a\n",
		"a: [\n{b: ${C:-{}}\n- ? x\n: |\n  text\n", "\uFEFFdev:\r\n\tapi:\r", "- - - a: 'b\n#",
	} {
		for at := 0; at <= len(text); at += 7 {
			f.Add(text, at)
		}
	}
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, content string, at int) {
		if !utf8.ValidString(content) || len(content) > 4096 {
			t.Skip("JSON has no such text, or a slow one and nothing new")
		}
		text := NewText(content)
		d := Read(dir+"/okteto.yml", text, options())
		offset := max(0, min(at, len(content)))
		p := text.Position(offset, UTF16)
		inside := func(what string, r manifest.Range) {
			if r.End.Compare(r.Start) < 0 || r.End.Line >= text.Lines() || text.Offset(r.End, UTF16) > len(content) {
				t.Fatalf("%s: %v is no range of %q", what, r, content)
			}
		}
		for _, facts := range []Clusters{nil, clusters} {
			for _, x := range d.Diagnostics(facts) {
				inside("diagnostic", x.Range)
			}
			for _, i := range d.Complete(p, facts) {
				inside("completion", i.Range)
				if !i.Range.Contains(p) || i.Range.Start.Line != i.Range.End.Line {
					t.Fatalf("%s replaces %v away from %v in %q", i.Label, i.Range, p, content)
				}
				if _, err := text.Apply(i.Range, UTF16, i.Insert); err != nil {
					t.Fatal(err)
				}
			}
			if h, ok := d.Hover(p, facts); ok {
				inside("hover", h.Range)
				if h.Markdown == "" {
					t.Fatal("a hover says nothing")
				}
			}
			for _, a := range d.Actions(manifest.Range{Start: p, End: p}, facts) {
				for _, e := range a.Edits {
					inside("action "+a.Title, e.Range)
					if _, err := text.Apply(e.Range, UTF16, e.Text); err != nil {
						t.Fatal(err)
					}
				}
			}
		}
		var nests func(outer manifest.Range, all []Symbol)
		nests = func(outer manifest.Range, all []Symbol) {
			for _, s := range all {
				inside("symbol", s.Range)
				if !outer.Contains(s.Range.Start) || !outer.Contains(s.Range.End) || !s.Range.Contains(s.Selection.Start) || !s.Range.Contains(s.Selection.End) {
					t.Fatalf("symbol %s at %v (%v) is not in %v", s.Name, s.Range, s.Selection, outer)
				}
				nests(s.Range, s.Children)
			}
		}
		nests(manifest.Range{End: manifest.Position{Line: text.Lines()}}, d.Symbols())
		for _, dev := range d.Devs() {
			inside("dev", dev.Range)
		}
	})
}
