package jsonc

import (
	"bytes"
	"encoding/json"
	"fmt"
	"unicode/utf8"
)

// maxDepth bounds the nesting of values, so that a hostile file cannot exhaust
// the stack.
const maxDepth = 256

// SyntaxError is a place where a text is not JSON with comments.
type SyntaxError struct {
	// Line and Column count from 1, columns in characters.
	Line, Column int
	// Problem says what is wrong there.
	Problem string
}

// Error is the problem with its place.
func (e *SyntaxError) Error() string {
	return fmt.Sprintf("line %d, column %d: %s", e.Line, e.Column, e.Problem)
}

// byteOrderMark is U+FEFF in UTF-8.
const byteOrderMark = "\xef\xbb\xbf"

// span is a part of the text.
type span struct{ start, end int }

// parser reads a text once, from left to right.
type parser struct {
	text     []byte
	at       int
	comments []span
	depth    int
}

// parse gives the root, nil for a text without a value, and the comments.
func parse(text []byte) (root *Node, comments []span, err error) {
	p := &parser{text: text}
	defer func() {
		// The descent ends early by panicking with its own error only.
		switch r := recover().(type) {
		case nil:
		case *SyntaxError:
			root, comments, err = nil, nil, r
		default:
			panic(r)
		}
	}()
	if bytes.HasPrefix(text, []byte("\xff\xfe")) || bytes.HasPrefix(text, []byte("\xfe\xff")) {
		p.fail(0, "the file is in UTF-16; editors write and read this one in UTF-8")
	}
	if bytes.HasPrefix(text, []byte(byteOrderMark)) {
		p.at = len(byteOrderMark)
	}
	if bad := invalidUTF8(text); bad >= 0 {
		p.fail(bad, "the file is not UTF-8 here")
	}
	p.space()
	if p.at < len(text) {
		root = p.value()
		p.space()
		if p.at < len(text) {
			p.fail(p.at, "there is more behind the end of the value")
		}
	}
	return root, p.comments, nil
}

func invalidUTF8(text []byte) int {
	for i := 0; i < len(text); {
		r, size := utf8.DecodeRune(text[i:])
		if r == utf8.RuneError && size == 1 {
			return i
		}
		i += size
	}
	return -1
}

func (p *parser) fail(at int, format string, args ...any) {
	at = min(at, len(p.text))
	before := bytes.TrimPrefix(p.text[:at], []byte(byteOrderMark))
	line, start := 1, 0
	for i := 0; i < len(before); i++ {
		if before[i] == '\n' || before[i] == '\r' && (i+1 == len(before) || before[i+1] != '\n') {
			line, start = line+1, i+1
		}
	}
	panic(&SyntaxError{Line: line, Column: utf8.RuneCount(before[start:]) + 1, Problem: fmt.Sprintf(format, args...)})
}

// peek is the next byte, 0 at the end. A NUL in the text is no token either.
func (p *parser) peek() byte {
	if p.at < len(p.text) {
		return p.text[p.at]
	}
	return 0
}

// space skips white space and comments.
func (p *parser) space() {
	for p.at < len(p.text) {
		switch c := p.text[p.at]; {
		case c == ' ' || c == '\t' || c == '\n' || c == '\r':
			p.at++
		case c == '/':
			p.comment()
		default:
			return
		}
	}
}

func (p *parser) comment() {
	start := p.at
	rest := p.text[p.at:]
	switch {
	case bytes.HasPrefix(rest, []byte("//")):
		n := bytes.IndexAny(rest, "\r\n")
		if n < 0 {
			n = len(rest)
		}
		p.at += n
	case bytes.HasPrefix(rest, []byte("/*")):
		n := bytes.Index(rest[2:], []byte("*/"))
		if n < 0 {
			p.fail(start, "the comment has no end")
		}
		p.at += 2 + n + 2
	default:
		p.fail(start, "a single / is neither a comment nor a value")
	}
	p.comments = append(p.comments, span{start, p.at})
}

// value reads one value; white space before it is skipped already.
func (p *parser) value() *Node {
	switch c := p.peek(); {
	case c == '{':
		return p.container(Object, '}')
	case c == '[':
		return p.container(Array, ']')
	case c == '"':
		start := p.at
		p.str()
		return &Node{Kind: Scalar, Start: start, End: p.at}
	case p.at == len(p.text):
		p.fail(p.at, "the file ends where a value should be")
	}
	return p.word()
}

// word reads null, true, false or a number.
func (p *parser) word() *Node {
	start := p.at
	for p.at < len(p.text) && !bytes.ContainsRune([]byte(" \t\r\n,:[]{}\"/"), rune(p.text[p.at])) {
		p.at++
	}
	if !json.Valid(p.text[start:p.at]) {
		p.at = start
		if r, _ := utf8.DecodeRune(p.text[start:]); r != utf8.RuneError {
			p.fail(start, "a value should be here, not %q", r)
		}
		p.fail(start, "a value should be here")
	}
	return &Node{Kind: Scalar, Start: start, End: p.at}
}

// str reads a string literal and returns what it stands for.
func (p *parser) str() string {
	start := p.at
	for p.at++; ; p.at++ {
		switch c := p.peek(); {
		case p.at >= len(p.text) || c == '\n' || c == '\r':
			p.fail(start, "the string has no end on its line")
		case c < ' ':
			p.fail(p.at, "a control character in a string must be escaped")
		case c == '\\':
			p.at++
			continue
		case c != '"':
			continue
		}
		break
	}
	p.at++
	var s string
	if err := json.Unmarshal(p.text[start:p.at], &s); err != nil {
		p.fail(start, "the string has an escape that JSON does not know")
	}
	return s
}

// container reads an array or an object.
func (p *parser) container(kind Kind, closing byte) *Node {
	n := &Node{Kind: kind, Start: p.at}
	if p.depth++; p.depth > maxDepth {
		p.fail(p.at, "values are nested more than %d deep", maxDepth)
	}
	p.at++
	for {
		p.space()
		if p.peek() == closing {
			break
		}
		if last := len(n.Items) - 1; last >= 0 && n.Items[last].comma < 0 {
			p.expected(n, "a comma or %q", closing)
		}
		n.Items = append(n.Items, p.item(n))
		p.space()
		if p.peek() == ',' {
			n.Items[len(n.Items)-1].comma = p.at
			p.at++
		}
	}
	p.at++
	n.End = p.at
	p.depth--
	return n
}

// expected fails: what should come next is not there.
func (p *parser) expected(n *Node, format string, args ...any) {
	if p.at == len(p.text) {
		what := map[Kind]string{Array: "array", Object: "object"}[n.Kind]
		p.fail(n.Start, "the %s that starts here has no end", what)
	}
	p.fail(p.at, "%s should be here", fmt.Sprintf(format, args...))
}

// item reads an element or a member.
func (p *parser) item(n *Node) Item {
	item := Item{start: p.at, comma: -1}
	if n.Kind == Object {
		if p.peek() != '"' {
			p.expected(n, "a name in double quotes")
		}
		item.Key = p.str()
		p.space()
		if p.peek() != ':' {
			p.expected(n, "a colon")
		}
		p.at++
		p.space()
	} else if p.at == len(p.text) {
		p.expected(n, "a value")
	}
	item.Value = p.value()
	return item
}
