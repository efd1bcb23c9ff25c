package language

import (
	"sort"
	"strings"
	"unicode/utf8"

	"github.com/tandem-dev/tandem/internal/fault"
	"github.com/tandem-dev/tandem/manifest"
)

// Encoding is how a client counts the characters of a line.
type Encoding string

// The encodings of LSP 3.17 ("PositionEncodingKind"). UTF-16 is what every
// client knows, and what this package and package manifest count in.
const (
	UTF8  Encoding = "utf-8"
	UTF16 Encoding = "utf-16"
	UTF32 Encoding = "utf-32"
)

// width is how many units a character takes that is size bytes long in UTF-8.
func (e Encoding) width(r rune, size int) int {
	switch {
	case e == UTF8:
		return size
	case e == UTF32 || r <= 0xFFFF:
		return 1
	}
	return 2
}

// Text is the content of a document with the places of its lines. It never
// changes.
type Text struct {
	content string
	lines   []int // byte offsets of the lines' starts
}

// NewText makes a Text. Lines end with \n, \r\n or \r, as LSP has it.
func NewText(content string) *Text {
	t := &Text{content: content, lines: []int{0}}
	for i := 0; i < len(content); i++ {
		switch content[i] {
		case '\r':
			if i+1 < len(content) && content[i+1] == '\n' {
				continue // the pair ends the line
			}
			fallthrough
		case '\n':
			t.lines = append(t.lines, i+1)
		}
	}
	return t
}

// String is the content.
func (t *Text) String() string { return t.content }

// Lines is how many lines there are; a text that ends with a line break has an
// empty last one.
func (t *Text) Lines() int { return len(t.lines) }

// Line is one line without its line break, "" for one that does not exist.
func (t *Text) Line(n int) string {
	if n < 0 || n >= len(t.lines) {
		return ""
	}
	end := len(t.content)
	if n+1 < len(t.lines) {
		end = t.lines[n+1]
	}
	return strings.TrimRight(t.content[t.lines[n]:end], "\r\n")
}

// Offset is the byte offset of a position. One behind the end of its line is
// that end, one inside a character that character's start, as LSP wants it.
func (t *Text) Offset(p manifest.Position, e Encoding) int {
	switch {
	case p.Line < 0:
		return 0
	case p.Line >= len(t.lines):
		return len(t.content)
	}
	line := t.Line(p.Line)
	units := 0
	for i, r := range line {
		_, size := utf8.DecodeRuneInString(line[i:])
		if units += e.width(r, size); units > p.Column {
			return t.lines[p.Line] + i
		}
	}
	return t.lines[p.Line] + len(line)
}

// Position is the place of a byte offset; offsets outside the text are its ends.
func (t *Text) Position(offset int, e Encoding) manifest.Position {
	offset = min(max(offset, 0), len(t.content))
	line := sort.Search(len(t.lines), func(i int) bool { return t.lines[i] > offset }) - 1
	units, text := 0, t.content[t.lines[line]:]
	for at := 0; at < offset-t.lines[line]; {
		r, size := utf8.DecodeRuneInString(text[at:])
		if at += size; at > offset-t.lines[line] {
			break
		}
		units += e.width(r, size)
	}
	return manifest.Position{Line: line, Column: units}
}

// Convert counts a position in another encoding.
func (t *Text) Convert(p manifest.Position, from, to Encoding) manifest.Position {
	if from == to {
		return p
	}
	return t.Position(t.Offset(p, from), to)
}

// ConvertRange counts a range in another encoding.
func (t *Text) ConvertRange(r manifest.Range, from, to Encoding) manifest.Range {
	return manifest.Range{Start: t.Convert(r.Start, from, to), End: t.Convert(r.End, from, to)}
}

// Apply is the text with a range replaced. A range that ends before it starts is
// fault.InvalidParams.
func (t *Text) Apply(r manifest.Range, e Encoding, with string) (*Text, error) {
	from, to := t.Offset(r.Start, e), t.Offset(r.End, e)
	if to < from {
		return nil, fault.New(fault.InvalidParams, "the range %s-%s ends before it starts", r.Start, r.End)
	}
	return NewText(t.content[:from] + with + t.content[to:]), nil
}

// span is the range of two byte offsets, in UTF-16.
func (t *Text) span(from, to int) manifest.Range {
	return manifest.Range{Start: t.Position(from, UTF16), End: t.Position(to, UTF16)}
}

// cut is the text of a range.
func (t *Text) cut(r manifest.Range) string {
	from, to := t.Offset(r.Start, UTF16), t.Offset(r.End, UTF16)
	return t.content[from:max(from, to)]
}
