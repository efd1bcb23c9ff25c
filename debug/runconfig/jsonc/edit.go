package jsonc

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
)

// Document is a text that is being edited. Every method that changes it leaves
// a text that parses.
type Document struct {
	original []byte
	pieces   pieces
	style    style

	text     []byte
	root     *Node
	comments []span
}

// Parse reads a text; its error is a [*SyntaxError].
func Parse(text []byte) (*Document, error) {
	d := &Document{original: slices.Clone(text), pieces: pieces{{text: slices.Clone(text)}}}
	if err := d.read(); err != nil {
		return nil, err
	}
	d.style = styleOf(d.text, d.root)
	return d, nil
}

// read parses the text as it now is.
func (d *Document) read() (err error) {
	d.text = d.pieces.bytes()
	d.root, d.comments, err = parse(d.text)
	return err
}

// change is one replacement of the present text.
type change struct {
	start, end int
	text       string
}

// apply makes changes, given from the last place in the text to the first.
func (d *Document) apply(changes ...change) error {
	for _, c := range changes {
		d.pieces.replace(c.start, c.end, c.text)
	}
	if err := d.read(); err != nil {
		return fmt.Errorf("the edit is wrong: %w", err) // a bug of this package
	}
	return nil
}

// Bytes is the text as it now is, never nil.
func (d *Document) Bytes() []byte { return append([]byte{}, d.text...) }

// Edits are the changes since Parse, in the order of their places.
func (d *Document) Edits() []Edit { return d.pieces.edits(d.original) }

// Root is the whole value, nil where the text has none. Nodes are those of the
// present text: a change makes new ones.
func (d *Document) Root() *Node { return d.root }

// Find is the value at a path, nil where there is none.
func (d *Document) Find(path Path) *Node {
	n := d.root
	for _, step := range path {
		if n == nil {
			return nil
		}
		i := n.index(step)
		if i < 0 {
			return nil
		}
		n = n.Items[i].Value
	}
	return n
}

// Value is what a node stands for, with nil as the root: nil, bool, json.Number,
// string, []any or [Ordered].
func (d *Document) Value(n *Node) any {
	if n == nil {
		n = d.root
	}
	switch {
	case n == nil:
		return nil
	case n.Kind == Object:
		all := Ordered{}
		for _, item := range n.Items {
			all = append(all, Member{item.Key, d.Value(item.Value)})
		}
		return all
	case n.Kind == Array:
		all := []any{}
		for _, item := range n.Items {
			all = append(all, d.Value(item.Value))
		}
		return all
	}
	dec := json.NewDecoder(bytes.NewReader(d.text[n.Start:n.End]))
	dec.UseNumber()
	var v any
	if err := dec.Decode(&v); err != nil {
		panic(err) // Parse has seen it
	}
	return v
}

// lastComment is the end of the last comment between two offsets, else start.
func (d *Document) lastComment(start, end int) int {
	for _, c := range slices.Backward(d.comments) {
		if c.start >= start && c.end <= end {
			return c.end
		}
	}
	return start
}

// container is the array or object at a path.
func (d *Document) container(path Path) (*Node, error) {
	n := d.Find(path)
	switch {
	case n == nil:
		return nil, fmt.Errorf("there is no %q", path)
	case n.Kind == Scalar:
		return nil, fmt.Errorf("%q is no list and no object", path)
	}
	return n, nil
}

// Add puts a value behind the last element of the array, or a member behind the
// last one of the object, at path. key is the member's name, "" for an array.
func (d *Document) Add(path Path, key string, value any) error {
	c, err := d.container(path)
	if err != nil {
		return err
	}
	indent := d.itemIndent(c)
	text := d.style.render(value, indent)
	if c.Kind == Object {
		colon := ":"
		if d.style.spaced {
			colon = ": "
		}
		text = quote(key) + colon + text
	}
	if len(c.Items) == 0 {
		return d.addFirst(c, indent, text)
	}
	before := d.style.eol + indent
	if d.style.compact {
		before = ""
		if d.style.spaced {
			before = " "
		}
	}
	last := c.Items[len(c.Items)-1]
	at := d.lastComment(last.end(), c.End-1)
	if last.comma >= 0 {
		return d.apply(change{at, at, before + text + ","})
	}
	return d.apply(change{at, at, before + text}, change{last.Value.End, last.Value.End, ","})
}

// addFirst fills an empty container.
func (d *Document) addFirst(c *Node, indent, text string) error {
	open, end := c.Start+1, c.End-1
	at := d.lastComment(open, end)
	rest := d.text[at:end]
	outer := indentAt(d.text, c.Start)
	switch {
	case d.style.compact && at > open:
		return d.apply(change{at, at, " " + text})
	case d.style.compact:
		return d.apply(change{at, at, text})
	case at > open, bytes.ContainsAny(rest, "\r\n"):
		return d.apply(change{at, at, d.style.eol + indent + text})
	}
	return d.apply(change{at, end, d.style.eol + indent + text + d.style.eol + outer})
}

// itemIndent is how far the next item of a container is indented.
func (d *Document) itemIndent(c *Node) string {
	for _, item := range slices.Backward(c.Items) {
		if indent, own := ownLine(d.text, item.start); own {
			return indent
		}
	}
	if d.style.compact {
		return ""
	}
	return indentAt(d.text, c.Start) + d.style.unit
}

// Replace changes the value at path.
func (d *Document) Replace(path Path, value any) error {
	n := d.Find(path)
	if n == nil {
		return fmt.Errorf("there is no %q", path)
	}
	return d.apply(change{n.Start, n.End, d.style.render(value, indentAt(d.text, n.Start))})
}

// Remove takes the value at path out of its array, or with its key out of its
// object. What is around it stays, comments included.
func (d *Document) Remove(path Path) error {
	if len(path) == 0 {
		return fmt.Errorf("the root cannot be removed from anything")
	}
	c, err := d.container(path[:len(path)-1])
	if err != nil {
		return err
	}
	i := c.index(path[len(path)-1])
	if i < 0 {
		return fmt.Errorf("there is no %q", path)
	}
	item := c.Items[i]
	open := c.Start + 1
	if i > 0 {
		open = c.Items[i-1].end()
	}
	from := d.lastComment(open, item.start)
	end := item.Value.End
	var changes []change
	// A comment may stand between the value and its comma, and stays.
	if item.comma >= 0 {
		if d.lastComment(end, item.comma) == end {
			end = item.comma + 1
		} else {
			changes = append(changes, change{item.comma, item.comma + 1, ""})
		}
	}
	// A comment to the end of the line must not swallow what follows.
	if from > open && d.isLine(from) {
		rest := bytes.TrimLeft(d.text[end:], " \t")
		if len(rest) > 0 && rest[0] != '\r' && rest[0] != '\n' {
			from = item.start
		}
	}
	changes = append(changes, change{from, end, ""})
	if i > 0 && i == len(c.Items)-1 && item.comma < 0 {
		comma := c.Items[i-1].comma // it would be a trailing one
		changes = append(changes, change{comma, comma + 1, ""})
	}
	return d.apply(changes...)
}

// isLine says whether the comment that ends at an offset is one to the end of
// the line.
func (d *Document) isLine(end int) bool {
	for _, c := range d.comments {
		if c.end == end {
			return d.text[c.start+1] == '/'
		}
	}
	return false
}

// Inner is the white space in an empty container; false where it has items or
// comments.
func (d *Document) Inner(path Path) (inner string, empty bool) {
	c, err := d.container(path)
	if err != nil || len(c.Items) > 0 || d.lastComment(c.Start+1, c.End-1) > c.Start+1 {
		return "", false
	}
	return string(d.text[c.Start+1 : c.End-1]), true
}

// SetInner gives an empty container the white space that [Document.Inner] told.
func (d *Document) SetInner(path Path, inner string) error {
	if len(bytes.TrimLeft([]byte(inner), " \t\r\n")) > 0 {
		return fmt.Errorf("%q is not white space", inner)
	}
	if _, empty := d.Inner(path); !empty {
		return fmt.Errorf("%q is not empty", path)
	}
	c, err := d.container(path)
	if err != nil {
		return err
	}
	return d.apply(change{c.Start + 1, c.End - 1, inner})
}

// Frame is the white space that [Document.SetRoot] puts around a root.
type Frame struct {
	Before string `json:"before,omitempty"`
	After  string `json:"after,omitempty"`
}

// SetRoot gives a text without a value one, behind its comments.
func (d *Document) SetRoot(value any) (Frame, error) {
	if d.root != nil {
		return Frame{}, fmt.Errorf("there is a value already")
	}
	var f Frame
	end := len(d.text)
	if line := d.text[lineStart(d.text, end):]; len(line) > 0 {
		f.Before = d.style.eol
	}
	f.After = d.style.eol
	return f, d.apply(change{end, end, f.Before + d.style.render(value, "") + f.After})
}

// RemoveRoot takes the value away, with the white space around it that f names
// where it is still there.
func (d *Document) RemoveRoot(f Frame) error {
	if d.root == nil {
		return nil
	}
	start, end := d.root.Start, d.root.End
	if bytes.HasSuffix(d.text[:start], []byte(f.Before)) {
		start -= len(f.Before)
	}
	if bytes.HasPrefix(d.text[end:], []byte(f.After)) {
		end += len(f.After)
	}
	return d.apply(change{start, end, ""})
}

// CommentsIn says whether a comment stands inside a value.
func (d *Document) CommentsIn(n *Node) bool {
	return slices.ContainsFunc(d.comments, func(c span) bool { return c.start >= n.Start && c.end <= n.End })
}
