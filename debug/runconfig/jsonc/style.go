package jsonc

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
)

// style is how a text is written, for what is added to it.
type style struct {
	// eol ends lines, unit is one step of indentation.
	eol, unit string
	// compact says that the root stands on one line; spaced that a blank follows
	// its colons and commas.
	compact, spaced bool
}

// styleOf looks at a text. What it does not show is as Visual Studio Code writes
// new files: four blanks, and line feeds.
func styleOf(text []byte, root *Node) style {
	s := style{eol: "\n", unit: "    ", spaced: true}
	if i := bytes.IndexAny(text, "\r\n"); i >= 0 {
		s.eol = string(text[i : i+1])
		if bytes.HasPrefix(text[i:], []byte("\r\n")) {
			s.eol = "\r\n"
		}
	}
	if root == nil {
		return s
	}
	inside := text[root.Start:root.End]
	s.compact = len(root.Items) > 0 && !bytes.ContainsAny(inside, "\r\n")
	if s.compact {
		s.spaced = bytes.Contains(inside, []byte(": ")) || bytes.Contains(inside, []byte(", "))
		return s
	}
	if unit := unitOf(text, root, indentAt(text, root.Start)); unit != "" {
		s.unit = unit
	}
	return s
}

// unitOf finds the first container whose first item has a line of its own, and
// takes what that is indented by.
func unitOf(text []byte, n *Node, outer string) string {
	for i, item := range n.Items {
		inner, own := ownLine(text, item.start)
		if i == 0 && own && len(inner) > len(outer) && strings.HasPrefix(inner, outer) {
			return inner[len(outer):]
		}
		if len(item.Value.Items) > 0 {
			if unit := unitOf(text, item.Value, indentAt(text, item.Value.Start)); unit != "" {
				return unit
			}
		}
	}
	return ""
}

// lineStart is the offset of the first byte of the line that at is on.
func lineStart(text []byte, at int) int {
	start := bytes.LastIndexAny(text[:at], "\r\n") + 1
	if start == 0 && bytes.HasPrefix(text, []byte(byteOrderMark)) {
		start = min(len(byteOrderMark), at)
	}
	return start
}

// indentAt is the white space that the line of at begins with.
func indentAt(text []byte, at int) string {
	line := text[lineStart(text, at):at]
	return string(line[:len(line)-len(bytes.TrimLeft(line, " \t"))])
}

// ownLine says whether nothing but white space is before at on its line, and
// gives that.
func ownLine(text []byte, at int) (indent string, own bool) {
	line := text[lineStart(text, at):at]
	return string(line), len(bytes.TrimLeft(line, " \t")) == 0
}

// oneLine is how long a list of plain values may be to stay on one line.
const oneLine = 100

// render writes a value whose first line is indented by indent already.
func (s style) render(v any, indent string) string {
	gap, sep := "", ","
	if s.spaced {
		gap = " "
	}
	var open, end string
	var items []string
	inner := indent + s.unit
	if s.compact {
		inner = indent
	}
	switch v := v.(type) {
	case Ordered:
		open, end = "{", "}"
		for _, m := range v {
			items = append(items, quote(m.Key)+":"+gap+s.render(m.Value, inner))
		}
	case []string:
		return s.render(anys(v), indent)
	case []any:
		open, end = "[", "]"
		plain, length := true, 0
		for _, e := range v {
			item := s.render(e, inner)
			items = append(items, item)
			length += len(item) + 2
			switch e.(type) {
			case Ordered, []any, []string:
				plain = false
			}
		}
		if plain && length <= oneLine {
			return open + strings.Join(items, sep+gap) + end
		}
	default:
		return scalar(v)
	}
	switch {
	case len(items) == 0:
		return open + end
	case s.compact:
		return open + strings.Join(items, sep+gap) + end
	}
	return open + s.eol + inner + strings.Join(items, sep+s.eol+inner) + s.eol + indent + end
}

func scalar(v any) string {
	switch v := v.(type) {
	case string:
		return quote(v)
	case nil:
		return "null"
	}
	return fmt.Sprint(v) // bool, int, json.Number
}

// quote writes a string as people do: only what must be escaped is.
func quote(s string) string {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(s); err != nil {
		panic(err) // a string always encodes
	}
	return strings.TrimSuffix(b.String(), "\n")
}
