package manifest

import (
	"cmp"
	"fmt"
	"sort"
	"strings"
	"unicode/utf8"

	"gopkg.in/yaml.v3"
)

// Position is a place in a file as the Language Server Protocol counts it:
// both numbers start at 0 and Column counts UTF-16 code units (LSP 3.17,
// "Position"). [Position.String] counts from 1 for people.
type Position struct {
	Line   int `json:"line"`
	Column int `json:"character"`
}

// String is "line:column", both counted from 1.
func (p Position) String() string { return fmt.Sprintf("%d:%d", p.Line+1, p.Column+1) }

// Compare orders positions by line, then column.
func (p Position) Compare(q Position) int {
	return cmp.Or(cmp.Compare(p.Line, q.Line), cmp.Compare(p.Column, q.Column))
}

// Range is a stretch of a file; End is exclusive.
type Range struct {
	Start Position `json:"start"`
	End   Position `json:"end"`
}

// Contains says whether p lies in the range; the end counts as inside, so that
// a cursor right behind a word finds the word.
func (r Range) Contains(p Position) bool { return r.Start.Compare(p) <= 0 && p.Compare(r.End) <= 0 }

// source is the text of a manifest with the tables to convert places. YAML and
// the Language Server Protocol disagree on what ends a line (YAML 1.1 adds NEL,
// LS and PS), so every place goes through its byte offset.
type source struct {
	text      string
	yamlLines []int // byte offsets of line starts as the YAML scanner counts them
	lspLines  []int // byte offsets of line starts as editors count them
	marks     []mark
	wide      []int // byte offsets of the characters that are not ASCII
}

// narrow says that text[from:to] is ASCII, where bytes, code points and UTF-16
// units are one. Nearly all of a manifest is, and a place on such a line costs
// no walk.
func (s *source) narrow(from, to int) bool {
	i := sort.SearchInts(s.wide, from)
	return i == len(s.wide) || s.wide[i] >= to
}

// mark is a place counted in bytes, code points and UTF-16 units from the start
// of the text. There is one every few hundred bytes, so that a conversion costs
// the same on a line of a megabyte as on a short one.
type mark struct{ bytes, runes, units int }

const markDistance = 512

func (m *mark) step(text string) {
	r, size := utf8.DecodeRuneInString(text[m.bytes:])
	m.bytes += size
	m.runes++
	m.units++
	if r > 0xFFFF {
		m.units++
	}
}

func newSource(text string) *source {
	s := &source{text: text, yamlLines: []int{0}, lspLines: []int{0}}
	var m mark
	for m.bytes < len(text) {
		if len(s.marks) == 0 || m.bytes-s.marks[len(s.marks)-1].bytes >= markDistance {
			s.marks = append(s.marks, m)
		}
		r, _ := utf8.DecodeRuneInString(text[m.bytes:])
		if r >= utf8.RuneSelf {
			s.wide = append(s.wide, m.bytes)
		}
		m.step(text)
		switch r {
		case '\r':
			if m.bytes < len(text) && text[m.bytes] == '\n' {
				continue // the pair ends the line
			}
			fallthrough
		case '\n':
			s.yamlLines = append(s.yamlLines, m.bytes)
			s.lspLines = append(s.lspLines, m.bytes)
		case '\u0085', '\u2028', '\u2029':
			s.yamlLines = append(s.yamlLines, m.bytes)
		}
	}
	return s
}

// walk starts at the last mark before the place that past describes and steps
// up to it.
func (s *source) walk(past func(mark) bool) mark {
	var m mark
	if i := sort.Search(len(s.marks), func(i int) bool { return past(s.marks[i]) }); i > 0 {
		m = s.marks[i-1]
	}
	for m.bytes < len(s.text) {
		next := m
		if next.step(s.text); past(next) {
			break
		}
		m = next
	}
	return m
}

// at counts up to a byte offset; one inside a character is that character's.
func (s *source) at(offset int) mark {
	return s.walk(func(m mark) bool { return m.bytes > offset })
}

// offset is the byte offset of a place as yaml.v3 gives it: line and column
// from 1, the column in code points.
func (s *source) offset(line, column int) int {
	if line < 1 {
		return 0
	}
	if line > len(s.yamlLines) {
		return len(s.text)
	}
	start, ahead := s.yamlLines[line-1], max(column, 1)-1
	if end := start + ahead; end <= len(s.text) && s.narrow(start, end) {
		return end
	}
	runes := s.at(start).runes + ahead
	return s.walk(func(m mark) bool { return m.runes > runes }).bytes
}

// position is the editor's place of a byte offset.
func (s *source) position(offset int) Position {
	offset = min(max(offset, 0), len(s.text))
	line := sort.Search(len(s.lspLines), func(i int) bool { return s.lspLines[i] > offset }) - 1
	if s.narrow(s.lspLines[line], offset) {
		return Position{Line: line, Column: offset - s.lspLines[line]}
	}
	return Position{Line: line, Column: s.at(offset).units - s.at(s.lspLines[line]).units}
}

func (s *source) span(from, to int) Range {
	return Range{Start: s.position(from), End: s.position(to)}
}

// line is the text of an editor's line without its line break.
func (s *source) line(n int) string {
	if n < 0 || n >= len(s.lspLines) {
		return ""
	}
	end := len(s.text)
	if n+1 < len(s.lspLines) {
		end = s.lspLines[n+1]
	}
	return strings.TrimRight(s.text[s.lspLines[n]:end], "\r\n")
}

// trimmedLine is the range of a line without the blanks around it.
func (s *source) trimmedLine(n int) Range {
	text := s.line(n)
	from := len(text) - len(strings.TrimLeft(text, " \t"))
	to := len(strings.TrimRight(text, " \t"))
	if n >= len(s.lspLines) {
		return s.span(len(s.text), len(s.text))
	}
	at := s.lspLines[n]
	return s.span(at+min(from, to), at+to)
}

// start is the offset of a node's own text, behind its anchor and tag.
func (s *source) start(n *yaml.Node) int {
	at := s.offset(n.Line, n.Column)
	if n.Kind == yaml.AliasNode {
		return at
	}
	for at < len(s.text) && (s.text[at] == '&' || s.text[at] == '!') {
		end := at + strings.IndexAny(s.text[at:]+" ", " \t\r\n,[]{}")
		for end < len(s.text) && strings.IndexByte(" \t\r\n", s.text[end]) >= 0 {
			end++
		}
		at = end
	}
	return at
}

// rangeOf is the whole extent of a node in the file.
func (s *source) rangeOf(n *yaml.Node) Range {
	from := s.start(n)
	return s.span(from, max(from, s.end(n, 0)))
}

// maxRangeDepth bounds the walk to a node's last descendant; deeper nodes only
// get a shorter range.
const maxRangeDepth = 200

// end is the offset behind a node. yaml.v3 keeps only starts, so the end is
// read from the text again.
func (s *source) end(n *yaml.Node, depth int) int {
	from := s.start(n)
	switch {
	case n.Kind == yaml.AliasNode:
		return min(from+1+len(n.Value), len(s.text))
	case n.Kind == yaml.ScalarNode:
		_, to := s.scalar(n)
		return to
	case depth > maxRangeDepth:
		return from
	}
	to := from
	if len(n.Content) > 0 {
		to = s.end(n.Content[len(n.Content)-1], depth+1)
	}
	if n.Style&yaml.FlowStyle == 0 {
		return to
	}
	// The bracket that closes a flow collection is the first one behind its
	// last child; only blanks, commas and comments can stand between.
	for i := max(to, from+1); i < len(s.text); i++ {
		switch s.text[i] {
		case ']', '}':
			return i + 1
		case '#':
			if nl := strings.IndexByte(s.text[i:], '\n'); nl >= 0 {
				i += nl
			}
		case ' ', '\t', '\r', '\n', ',', ':':
		default:
			return to
		}
	}
	return to
}

// scalar gives the offsets of a scalar: its first byte of content (behind the
// opening quote) and the byte behind all of it (behind the closing quote).
func (s *source) scalar(n *yaml.Node) (content, end int) {
	at := s.start(n)
	rest := s.text[min(at, len(s.text)):]
	switch {
	case n.Style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0:
		return at, s.blockEnd(at)
	case strings.HasPrefix(rest, "'") && n.Style&yaml.SingleQuotedStyle != 0:
		for i := 1; i < len(rest); i++ {
			if rest[i] != '\'' {
				continue
			}
			if i+1 < len(rest) && rest[i+1] == '\'' {
				i++
				continue
			}
			return at + 1, at + i + 1
		}
	case strings.HasPrefix(rest, `"`) && n.Style&yaml.DoubleQuotedStyle != 0:
		for i := 1; i < len(rest); i++ {
			if rest[i] == '\\' {
				i++
			} else if rest[i] == '"' {
				return at + 1, at + i + 1
			}
		}
	case strings.HasPrefix(rest, n.Value):
		return at, at + len(n.Value)
	}
	// A plain scalar folded over several lines: its first line stands for it.
	if nl := strings.IndexAny(rest, "\r\n"); nl >= 0 {
		rest = rest[:nl]
	}
	return at, at + len(strings.TrimRight(rest, " \t"))
}

// blockEnd is the offset behind the last line of a literal or folded scalar
// whose indicator stands at the offset.
func (s *source) blockEnd(at int) int {
	first := s.position(at).Line
	end, indent := at+len(strings.TrimRight(s.text[at:s.lspLines[first]+len(s.line(first))], " \t")), -1
	for n := first + 1; n < len(s.lspLines); n++ {
		text := s.line(n)
		if strings.TrimSpace(text) == "" {
			continue
		}
		own := len(text) - len(strings.TrimLeft(text, " "))
		if indent < 0 {
			if own == 0 {
				break
			}
			indent = own
		}
		if own < indent {
			break
		}
		end = s.lspLines[n] + len(text)
	}
	return end
}

// within is the range of value[from:to] of a scalar. It is exact where the file
// spells the value as it is, and the whole scalar where escapes or folding make
// the two differ.
func (s *source) within(n *yaml.Node, from, to int) Range {
	content, end := s.scalar(n)
	if n.Style&(yaml.LiteralStyle|yaml.FoldedStyle) == 0 &&
		content+len(n.Value) <= end && s.text[content:content+len(n.Value)] == n.Value {
		return s.span(content+from, content+to)
	}
	return s.rangeOf(n)
}
