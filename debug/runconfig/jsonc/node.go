package jsonc

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
)

// Kind is the sort of a value.
type Kind byte

// The kinds of values.
const (
	Scalar Kind = iota // null, true, false, a number or a string
	Array
	Object
)

// Node is one value with its place in the text.
type Node struct {
	Kind Kind
	// Start and End are the offsets of its first byte and of the one behind it.
	Start, End int
	// Items are the elements of an array, or the members of an object.
	Items []Item
}

// Item is an element, or a member with its key.
type Item struct {
	// Key is the member's name, unescaped; "" for an element.
	Key   string
	Value *Node
	// start is where the element, or the member's key, begins.
	start int
	// comma is the offset of the comma behind it, -1 where there is none.
	comma int
}

// end is behind the value, and behind the comma where there is one right of it.
func (i Item) end() int { return max(i.Value.End, i.comma+1) }

// Path leads to a value: text names a member, a number counts elements from 0.
type Path []any

// with is the path to something in the value.
func (p Path) with(step any) Path { return append(slices.Clone(p), step) }

// String is the path for a person: configurations[2].name
func (p Path) String() string {
	var b bytes.Buffer
	for _, step := range p {
		if i, ok := step.(int); ok {
			fmt.Fprintf(&b, "[%d]", i)
			continue
		}
		if b.Len() > 0 {
			b.WriteByte('.')
		}
		fmt.Fprintf(&b, "%v", step)
	}
	return b.String()
}

// index finds a step among the items of a node, -1 where it is not.
func (n *Node) index(step any) int {
	switch step := step.(type) {
	case int:
		if n.Kind == Array && step >= 0 && step < len(n.Items) {
			return step
		}
	case string:
		if n.Kind != Object {
			return -1
		}
		for i, item := range slices.Backward(n.Items) { // the last one counts
			if item.Key == step {
				return i
			}
		}
	}
	return -1
}

// Member is one member of an [Ordered].
type Member struct {
	Key   string
	Value any
}

// Ordered is an object whose members are written in this order. Values are nil,
// bool, int, json.Number, string, []string, []any, or Ordered again.
type Ordered []Member

// Get is the value of a member, nil where there is none.
func (o Ordered) Get(key string) any {
	for _, m := range slices.Backward(o) {
		if m.Key == key {
			return m.Value
		}
	}
	return nil
}

// Has says whether there is such a member.
func (o Ordered) Has(key string) bool {
	return slices.ContainsFunc(o, func(m Member) bool { return m.Key == key })
}

// Set changes a member, or adds it at the end.
func (o *Ordered) Set(key string, value any) {
	for i := range slices.Backward(*o) {
		if (*o)[i].Key == key {
			(*o)[i].Value = value
			return
		}
	}
	*o = append(*o, Member{key, value})
}

// MarshalJSON keeps the order of the members.
func (o Ordered) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	b.WriteByte('{')
	for i, m := range o {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(quote(m.Key))
		b.WriteByte(':')
		v, err := json.Marshal(m.Value)
		if err != nil {
			return nil, err
		}
		b.Write(v)
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

// UnmarshalJSON keeps the order of the members.
func (o *Ordered) UnmarshalJSON(text []byte) error {
	doc, err := Parse(text)
	if err != nil {
		return err
	}
	v, ok := doc.Value(nil).(Ordered)
	if !ok {
		return fmt.Errorf("not an object")
	}
	*o = v
	return nil
}

// Equal says whether two values are the same JSON, whatever the order of members.
func Equal(a, b any) bool {
	switch a := a.(type) {
	case Ordered:
		b, ok := b.(Ordered)
		return ok && slices.EqualFunc(a.sorted(), b.sorted(), func(x, y Member) bool { return x.Key == y.Key && Equal(x.Value, y.Value) })
	case []string:
		return Equal(anys(a), b)
	case []any:
		if s, ok := b.([]string); ok {
			b = anys(s)
		}
		b, ok := b.([]any)
		return ok && slices.EqualFunc(a, b, Equal)
	case int:
		return Equal(json.Number(fmt.Sprint(a)), b)
	}
	switch b := b.(type) {
	case Ordered, []any, []string:
		return false
	case int:
		return a == any(json.Number(fmt.Sprint(b)))
	}
	return a == b
}

// sorted are the members that count, by name.
func (o Ordered) sorted() []Member {
	var all []Member
	for i, m := range o {
		if !o[i+1:].Has(m.Key) {
			all = append(all, m)
		}
	}
	slices.SortFunc(all, func(a, b Member) int { return bytes.Compare([]byte(a.Key), []byte(b.Key)) })
	return all
}

func anys(all []string) []any {
	out := make([]any, len(all))
	for i, s := range all {
		out[i] = s
	}
	return out
}
