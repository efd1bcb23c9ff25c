package jsonc

import (
	"bytes"
	"encoding/json"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// place is where a fuzzed document is added to.
type place struct {
	path   Path
	object bool
}

// places are the containers of a document that a path leads to: of members with
// one name, those of the last.
func places(d *Document) []place {
	var all []place
	var walk func(n *Node, at Path)
	walk = func(n *Node, at Path) {
		if n == nil || n.Kind == Scalar || d.Find(at) != n {
			return
		}
		all = append(all, place{at, n.Kind == Object})
		for i, item := range n.Items {
			var step any = i
			if n.Kind == Object {
				step = item.Key
			}
			walk(item.Value, at.with(step))
		}
	}
	walk(d.Root(), nil)
	return all
}

// texts are the comments of a document.
func texts(d *Document) []string {
	var all []string
	for _, c := range d.comments {
		all = append(all, string(d.text[c.start:c.end]))
	}
	return all
}

// added is what Add should make of a value.
func added(v any, path Path, key string, value any) any {
	if len(path) == 0 {
		if o, ok := v.(Ordered); ok {
			return append(append(Ordered{}, o...), Member{key, value})
		}
		return append(append([]any{}, v.([]any)...), value)
	}
	switch v := v.(type) {
	case Ordered:
		out := append(Ordered{}, v...)
		for i := len(out) - 1; i >= 0; i-- {
			if out[i].Key == path[0] {
				out[i].Value = added(out[i].Value, path[1:], key, value)
				break
			}
		}
		return out
	case []any:
		out := append([]any{}, v...)
		i := path[0].(int)
		out[i] = added(out[i], path[1:], key, value)
		return out
	}
	panic("the path leads nowhere")
}

// Whatever a text looks like: what Add adds is there and nothing else has
// changed, and when all of it is removed again, in whatever order, the bytes are
// those from before.
func FuzzAddAndRemove(f *testing.F) {
	for _, text := range []string{
		"", "{}", "[]", "[ ]", "{\n}", "// a\n", "{\"a\":[1,{\"b\":[]}],\"a\":{}}", "[1,]", "[ // a\n1 // b\n, 2 /* c */ ] // d",
		"\ufeff{\r\n  \"version\": \"0.2.0\", // v\r\n  \"configurations\": [\r\n    {\r\n      \"name\": \"x\",\r\n    },\r\n  ],\r\n}\r\n",
		"{\t\"a\"\t:\t[\t]\t,\t\"b\"\t:\t{\t}\t}", "[\r1,\r2\r]", "[/*//*/]//", "[[[[[[]]]]]]", `["\ud800", "\u0000", "//", -1e5, null]`,
		"/**/{/**/\"a\"/**/:/**/1/**/,/**/}/**/", "{ \"a\": [ {\"x\": 1}, {\"y\": [\n2] } ] }", "[1\n,2\n,3\n]", "{\n  \"a\": [ /* none */ ]\n}",
	} {
		f.Add([]byte(text), []byte{0, 1, 2, 3, 0, 0})
		f.Add([]byte(text), []byte{200, 7, 31})
	}
	f.Fuzz(func(t *testing.T, text, choices []byte) {
		d, err := Parse(text)
		if err != nil {
			if d != nil {
				t.Error("a document with an error")
			}
			return
		}
		if !bytes.Equal(d.Bytes(), text) || len(d.Edits()) != 0 {
			t.Fatalf("%q is read as %q", text, d.Bytes())
		}
		before := d.Value(nil)
		if encoded, err := json.Marshal(before); err != nil {
			t.Fatal(err)
		} else if again, err := Parse(encoded); err != nil || !cmp.Equal(before, again.Value(nil)) {
			t.Fatalf("%s is not the value again: %v", encoded, err)
		}
		if d.Root() == nil {
			frame, err := d.SetRoot(Ordered{{"a", []any{}}})
			if err == nil {
				err = d.RemoveRoot(frame)
			}
			if err != nil || !bytes.Equal(d.Bytes(), text) {
				t.Fatalf("%q, with a root and without one again, is %q: %v", text, d.Bytes(), err)
			}
			return
		}
		addAndRemove(t, d, text, choices)
	})
}

func addAndRemove(t *testing.T, d *Document, text, choices []byte) {
	all := places(d)
	if len(all) == 0 || len(choices) > 12 {
		return
	}
	comments := texts(d)
	type made struct {
		place
		key   string
		inner string
		empty bool
		value string
	}
	var entries []made
	for i, c := range choices {
		p := all[int(c)%len(all)]
		// A new document now and then: another process goes on.
		if c%5 == 0 {
			again, err := Parse(d.Bytes())
			if err != nil {
				t.Fatalf("%q cannot be read any more: %v", d.Bytes(), err)
			}
			d = again
		}
		m := made{place: p, value: fmt.Sprintf("\x01tandem %d", i)}
		if p.object {
			m.key = m.value
		}
		m.inner, m.empty = d.Inner(p.path)
		value := any(Ordered{{"name", m.value}, {"list", []string{"a"}}, {"more", Ordered{{"x", nil}}}})
		if c%3 == 0 {
			value = m.value
		}
		want := added(d.Value(nil), p.path, m.key, value)
		from := d.Bytes()
		fresh, err := Parse(from)
		if err != nil {
			t.Fatal(err)
		}
		if err := d.Add(p.path, m.key, value); err != nil {
			t.Fatalf("adding to %q at %v: %v", from, p.path, err)
		}
		if !Equal(want, d.Value(nil)) {
			t.Fatalf("%q became %q at %v", from, d.Bytes(), p.path)
		}
		if diff := cmp.Diff(comments, texts(d)); diff != "" {
			t.Fatalf("%q lost comments in %q:\n%s", from, d.Bytes(), diff)
		}
		if err := fresh.Add(p.path, m.key, value); err != nil || applied(string(from), fresh.Edits()) != string(fresh.Bytes()) {
			t.Fatalf("the edits of %q do not make %q: %v", from, fresh.Bytes(), err)
		}
		entries = append(entries, m)
	}
	// They go in another order than they came, but a container's first entry
	// remembers what was in it, so that is looked for when it is empty.
	for k := 0; len(entries) > 0; k++ {
		i := 0
		if len(choices) > 0 {
			i = int(choices[k%len(choices)]) % len(entries)
		}
		m := entries[i]
		n := d.Find(m.path)
		at := -1
		for j, item := range n.Items {
			v := d.Value(item.Value)
			if o, ok := v.(Ordered); ok && o.Get("name") == any(m.value) || v == any(m.value) {
				at = j
			}
		}
		var step any = at
		if m.object {
			step = m.key
		}
		if err := d.Remove(m.path.with(step)); err != nil {
			t.Fatalf("removing %v of %q: %v", step, d.Bytes(), err)
		}
		entries = append(entries[:i], entries[i+1:]...)
		if m.empty {
			m.empty = false
			for j := range entries { // whoever goes last puts it back
				if cmp.Equal(entries[j].path, m.path) {
					entries[j].inner, entries[j].empty = m.inner, true
					m.inner = "\x00"
					break
				}
			}
			if m.inner != "\x00" {
				if err := d.SetInner(m.path, m.inner); err != nil {
					t.Fatalf("%q: %v", d.Bytes(), err)
				}
			}
		}
	}
	if !bytes.Equal(d.Bytes(), text) {
		t.Fatalf("what was\n%q\ncame back as\n%q", text, d.Bytes())
	}
}
