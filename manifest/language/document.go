package language

import (
	"slices"
	"strings"

	"github.com/tandem-dev/tandem/manifest"
)

// Document is one version of a manifest's text, read. It never changes.
type Document struct {
	Text *Text
	// Manifest is what was understood; never nil. While the text is no valid
	// YAML it is empty but for its Diagnostics.
	Manifest *manifest.Manifest
}

// byteOrderMark is no part of what package manifest counts in.
const byteOrderMark = "\uFEFF"

// Read reads a text as the manifest at path. The files that the manifest names
// are looked at; the file at path is not.
func Read(path string, t *Text, o manifest.Options) *Document {
	m, _ := manifest.Parse(path, []byte(t.content), o) // the error is made of the diagnostics
	return &Document{Text: t, Manifest: m}
}

// Broken says that the text is no YAML, so that nothing but the place of the
// fault is known.
func (d *Document) Broken() bool {
	return len(d.Manifest.Sections) == 0 && slices.ContainsFunc(d.Manifest.Diagnostics, func(f manifest.Diagnostic) bool {
		return f.Severity == manifest.Error
	})
}

// Dev is a dev that hybrid mode runs, as a lens stands above it.
type Dev struct {
	Name  string
	Range manifest.Range // of its key
}

// Devs are the devs in hybrid mode, in the order of the file.
func (d *Document) Devs() []Dev {
	var out []Dev
	for _, dev := range d.Manifest.Devs {
		if dev.Mode == manifest.Hybrid {
			out = append(out, Dev{Name: dev.Name, Range: d.shown(dev.NameRange)})
		}
	}
	return out
}

// devAt is the dev that a position is in, nil for none.
func (d *Document) devAt(p manifest.Position) *manifest.Dev {
	for _, dev := range d.Manifest.Devs {
		if d.shown(dev.Range).Contains(p) {
			return dev
		}
	}
	return nil
}

// shown is a range of package manifest as the text has it: a byte order mark
// takes a column there.
func (d *Document) shown(r manifest.Range) manifest.Range {
	if strings.HasPrefix(d.Text.content, byteOrderMark) {
		for _, p := range []*manifest.Position{&r.Start, &r.End} {
			if p.Line == 0 {
				p.Column++
			}
		}
	}
	return r
}
