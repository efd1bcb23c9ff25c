package language

import (
	"slices"
	"strings"
)

// placeKind is what may be written at a place.
type placeKind int

const (
	nowhere      placeKind = iota
	keyPlace               // the key of a mapping
	valuePlace             // the value of a key
	elementPlace           // an element of a list
)

// place is where a cursor stands in the structure of the text.
type place struct {
	kind placeKind
	// path has the keys from the root down: to the mapping of a key, to the key
	// of a value, to the key of a list.
	path []string
	// from and to are the byte offsets of the word that the cursor is in, and
	// cursor its own.
	from, cursor, to int
	// hasColon says of a key that a colon follows it already.
	hasColon bool
	// siblings are the other keys of the mapping.
	siblings []string
	// flow says that it is inside brackets.
	flow bool
}

// word is the text of the place, typed the part of it before the cursor.
func (p place) word(text string) string  { return text[p.from:p.to] }
func (p place) typed(text string) string { return text[p.from:p.cursor] }

// line is one line of YAML taken apart, as far as that goes without its
// neighbours: dashes, then a key or something else.
type line struct {
	dashes  []int  // columns, in bytes
	column  int    // of what follows them; the line's length where nothing does
	key     string // "" where there is none
	rawKey  string // as written
	value   int    // column of what follows the key's colon, blanks skipped
	content string // from column on, without a comment and trailing blanks
}

// split takes a line apart.
func split(text string) line {
	l := line{column: len(text) - len(strings.TrimLeft(text, " "))}
	for l.column < len(text) && text[l.column] == '-' && (l.column+1 == len(text) || text[l.column+1] == ' ') {
		l.dashes = append(l.dashes, l.column)
		l.column++
		l.column += len(text[l.column:]) - len(strings.TrimLeft(text[l.column:], " "))
	}
	l.content = strings.TrimRight(uncommented(text[l.column:]), " \t\r")
	if colon := keyEnd(l.content); colon > 0 {
		l.rawKey = strings.TrimRight(l.content[:colon], " ")
		l.key = unquoted(l.rawKey)
		rest := l.content[colon+1:]
		l.value = l.column + colon + 1 + len(rest) - len(strings.TrimLeft(rest, " \t"))
	}
	return l
}

func (l line) blank() bool { return l.content == "" && len(l.dashes) == 0 }

// opens says that the key's value is in the lines that follow.
func (l line) opens() bool {
	v := l.content[min(l.value-l.column, len(l.content)):]
	return v == "" || v[0] == '&' || v[0] == '!'
}

// uncommented is a line up to its comment.
func uncommented(s string) string {
	quote := byte(0)
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case quote == '"' && c == '\\':
			i++
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case (c == '"' || c == '\'') && (i == 0 || strings.IndexByte(" [{,:", s[i-1]) >= 0):
			quote = c
		case c == '#' && (i == 0 || s[i-1] == ' ' || s[i-1] == '\t'):
			return s[:i]
		}
	}
	return s
}

// keyEnd is the index of the colon that ends a key at the start of s, -1 where
// s does not start with a key.
func keyEnd(s string) int {
	if s == "" || strings.IndexByte("{[|>&*!%@`,]}", s[0]) >= 0 {
		return -1
	}
	at := 0
	if q := s[0]; q == '"' || q == '\'' {
		close := strings.IndexByte(s[1:], q)
		if close < 0 {
			return -1
		}
		at = close + 2
		if rest := strings.TrimLeft(s[at:], " "); !strings.HasPrefix(rest, ":") {
			return -1
		}
	}
	for ; at < len(s); at++ {
		if s[at] == ':' && (at+1 == len(s) || s[at+1] == ' ' || s[at+1] == '\t') {
			return at
		}
	}
	return -1
}

// unquoted is a key or a value without the quotes around it.
func unquoted(s string) string {
	if s != "" && (s[0] == '"' || s[0] == '\'') {
		s = strings.TrimSuffix(s[1:], s[:1])
	}
	return s
}

// placeAt finds out where an offset stands.
func placeAt(t *Text, offset int) place {
	n := t.Position(offset, UTF8).Line
	start := t.lines[n]
	text := t.Line(n)
	column := min(offset-start, len(text))
	if len(uncommented(text)) < column {
		return place{} // in a comment
	}
	l := split(text)
	if column < l.column && strings.TrimSpace(text[:column]) == "" && l.content != "" {
		return place{} // in the indentation of something
	}
	if l.content == "" {
		l.column = column // on a blank line the cursor is the indentation
	}
	base := ancestors(t, n, l)
	if base.flowAt > 0 {
		return flowPlace(t.content, base.flowAt-1, start+column, base.path)
	}
	if base.block {
		return place{}
	}
	p := place{path: base.path, cursor: start + column, from: start + l.column, to: start + l.column + len(l.content)}
	p.to = max(p.to, p.cursor)
	if column < l.column {
		return place{}
	}
	if len(l.dashes) > 0 && l.rawKey+":" == l.content && strings.Trim(l.rawKey, "0123456789") == "" {
		l.key = "" // the beginning of a forward
	}
	if l.key != "" {
		if column <= l.column+len(l.rawKey) {
			p.kind, p.hasColon, p.to = keyPlace, true, start+l.column+len(l.rawKey)
			p.siblings = siblings(t, n, l)
			return p
		}
		p.kind, p.path = valuePlace, append(p.path, l.key)
		p.from = start + max(min(l.value, column), l.column)
		if p.from > p.cursor {
			p.from = p.cursor
		}
		if v := strings.TrimLeft(t.content[p.from:p.to], " \t"); v != "" && (v[0] == '{' || v[0] == '[') {
			return flowPlace(t.content, p.to-len(v), p.cursor, p.path)
		}
		return p
	}
	if l.content != "" && (l.content[0] == '{' || l.content[0] == '[') {
		return flowPlace(t.content, p.from, p.cursor, p.path)
	}
	p.kind = keyPlace
	if len(l.dashes) > 0 {
		p.kind = elementPlace
	}
	p.siblings = siblings(t, n, l)
	return p
}

// base is what the lines above a line say about it.
type base struct {
	path []string
	// flowAt is one more than the offset of the bracket that is open at the
	// line, 0 for none.
	flowAt int
	// block says that the line is inside a text that keeps its line breaks.
	block bool
}

// ancestors walks up from line n, which is l.
func ancestors(t *Text, n int, l line) base {
	var path []string
	flowAt := 0
	limit, element := l.column, false
	for i := len(l.dashes) - 1; i >= 0; i-- {
		limit, element = l.dashes[i], true
	}
	for i := n - 1; i >= 0 && (limit > 0 || element); i-- {
		raw := t.Line(i)
		if strings.HasPrefix(raw, "---") || strings.HasPrefix(raw, "...") {
			break
		}
		up := split(raw)
		if up.blank() {
			continue
		}
		if up.key != "" && (up.column < limit || element && up.column == limit && up.opens()) {
			if value := up.content[min(up.value-up.column, len(up.content)):]; value != "" {
				switch value[0] {
				case '|', '>':
					return base{block: true}
				case '{', '[':
					// What was found below is inside the brackets, and for flowPlace.
					path, flowAt = nil, t.lines[i]+up.value+1
				}
			}
			path = append(path, up.key)
			limit, element = up.column, false
		} else if up.key == "" && up.column < limit && len(up.dashes) > 0 && up.content != "" && (up.content[0] == '{' || up.content[0] == '[') {
			// An element in brackets; where they are open the rest follows here.
			if open := t.lines[i] + up.column; unclosed(t.content[open:t.lines[n]]) {
				b := ancestors(t, i, up)
				b.flowAt = open + 1
				return b
			}
		}
		for j := len(up.dashes) - 1; j >= 0; j-- {
			if up.dashes[j] < limit {
				limit, element = up.dashes[j], true
			}
		}
	}
	return base{path: reversed(path), flowAt: flowAt}
}

func reversed(path []string) []string {
	slices.Reverse(path)
	return path
}

// siblings are the other keys of the mapping that line n, which is l, is in.
func siblings(t *Text, n int, l line) []string {
	var out []string
	for i := n - 1; i >= 0 && len(l.dashes) == 0; i-- {
		up := split(t.Line(i))
		if up.blank() || up.column > l.column {
			continue
		}
		if up.column < l.column || up.key == "" {
			break
		}
		out = append(out, up.key)
		if len(up.dashes) > 0 {
			break // the first key of an element
		}
	}
	for i := n + 1; i < t.Lines(); i++ {
		down := split(t.Line(i))
		if down.blank() || down.column > l.column && len(down.dashes) == 0 {
			continue
		}
		if len(down.dashes) > 0 && down.dashes[0] >= l.column {
			continue
		}
		if down.column != l.column || len(down.dashes) > 0 || down.key == "" {
			break
		}
		out = append(out, down.key)
	}
	return out
}

// unclosed says that a bracket of s is open at its end.
func unclosed(s string) bool {
	depth := 0
	for _, c := range []byte(s) {
		switch c {
		case '{', '[':
			depth++
		case '}', ']':
			depth--
		}
	}
	return depth > 0
}

// frame is one open bracket.
type frame struct {
	bracket  byte
	key      string // of the value that is being read, "" before its colon
	inValue  bool
	token    int // where the current token starts, -1 before it
	siblings []string
}

// flowPlace finds the place of an offset in what starts with a bracket.
func flowPlace(text string, open, cursor int, path []string) place {
	var stack []frame
	quote := byte(0)
	for i := open; i < cursor; i++ {
		c := text[i]
		top := len(stack) - 1
		if quote != 0 {
			if c == '\\' && quote == '"' {
				i++
			} else if c == quote {
				quote = 0
			}
			continue
		}
		switch c {
		case '{', '[':
			if top >= 0 && stack[top].token >= 0 && !(c == '{' && stack[top].token == i) {
				continue // inside a word, as in ${NAME}
			}
			stack = append(stack, frame{bracket: c, token: -1})
			continue
		case '}', ']':
			if top < 0 {
				return place{}
			}
			if stack[top].token >= 0 && c == '}' && strings.Contains(text[stack[top].token:i], "${") &&
				strings.Count(text[stack[top].token:i], "{") > strings.Count(text[stack[top].token:i], "}") {
				continue
			}
			if stack = stack[:top]; len(stack) == 0 {
				return place{} // behind the closing bracket
			}
			stack[len(stack)-1].token = i
			continue
		}
		if top < 0 {
			return place{}
		}
		f := &stack[top]
		switch {
		case c == ',':
			if f.bracket == '{' && f.key != "" {
				f.siblings = append(f.siblings, f.key)
			}
			f.key, f.inValue, f.token = "", false, -1
		case c == ':' && f.bracket == '{' && !f.inValue && f.token >= 0 &&
			(i+1 >= len(text) || strings.IndexByte(" \t\r\n,}", text[i+1]) >= 0 || i+1 == cursor):
			f.key = unquoted(strings.TrimSpace(text[f.token:i]))
			f.inValue, f.token = true, -1
		case c == ' ' || c == '\t' || c == '\n' || c == '\r':
		case c == '#' && (i == open || strings.IndexByte(" \t\n", text[i-1]) >= 0):
			nl := strings.IndexByte(text[i:], '\n')
			if nl < 0 || i+nl >= cursor {
				return place{}
			}
			i += nl
		default:
			if f.token < 0 {
				f.token = i
				if c == '"' || c == '\'' {
					quote = c
				}
			}
		}
	}
	if len(stack) == 0 {
		return place{}
	}
	p := place{cursor: cursor, from: cursor, flow: true, path: slices.Clone(path)}
	for _, f := range stack[:len(stack)-1] {
		if f.bracket == '{' && f.key != "" {
			p.path = append(p.path, f.key)
		}
	}
	f := stack[len(stack)-1]
	if f.token >= 0 {
		p.from = f.token
	}
	p.to = cursor
	for p.to < len(text) && strings.IndexByte(",{}[]\r\n", text[p.to]) < 0 &&
		!(text[p.to] == ':' && (p.to+1 == len(text) || strings.IndexByte(" \t\r\n,}", text[p.to+1]) >= 0)) {
		p.to++
	}
	p.to = cursor + len(strings.TrimRight(text[cursor:p.to], " \t"))
	switch {
	case f.bracket == '[':
		p.kind = elementPlace
	case f.inValue:
		p.kind, p.path = valuePlace, append(p.path, f.key)
	default:
		p.kind, p.siblings = keyPlace, f.siblings
		p.hasColon = p.to < len(text) && text[p.to] == ':'
	}
	return p
}
