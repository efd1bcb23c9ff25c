package jsonc

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Each case: what Add makes of a text, and that Remove gives the text back.
func TestAddAndRemove(t *testing.T) {
	small := Ordered{{"name", "X"}}
	for _, c := range []struct {
		name, text string
		path       Path
		key        string
		want       string
	}{
		{"behind the last element", "{\n  \"a\": [\n    1\n  ]\n}\n", Path{"a"}, "", "{\n  \"a\": [\n    1,\n    {\n      \"name\": \"X\"\n    }\n  ]\n}\n"},
		{"with a trailing comma", "[\n\t1,\n]", nil, "", "[\n\t1,\n\t{\n\t\t\"name\": \"X\"\n\t},\n]"},
		{"behind a comment", "[\n 1 // one\n]", nil, "", "[\n 1, // one\n {\n  \"name\": \"X\"\n }\n]"},
		{"behind what was commented out", "[\n 1,\n /* 2,\n */\n]", nil, "", "[\n 1,\n /* 2,\n */\n {\n  \"name\": \"X\"\n },\n]"},
		{"carriage returns", "[\r\n  1\r\n]\r\n", nil, "", "[\r\n  1,\r\n  {\r\n    \"name\": \"X\"\r\n  }\r\n]\r\n"},
		{"old Macintosh", "[\r  1\r]", nil, "", "[\r  1,\r  {\r    \"name\": \"X\"\r  }\r]"},
		{"minified", `{"a":[1,2],"b":{}}`, Path{"a"}, "", `{"a":[1,2,{"name":"X"}],"b":{}}`},
		{"on one line", `{"a": [1, 2]}`, Path{"a"}, "", `{"a": [1, 2, {"name": "X"}]}`},
		{"minified and empty", `{"a":[]}`, Path{"a"}, "", `{"a":[{"name":"X"}]}`},
		{"a comment alone", "{\n  \"a\": [ // none\n  ]\n}", Path{"a"}, "", "{\n  \"a\": [ // none\n    {\n      \"name\": \"X\"\n    }\n  ]\n}"},
		{"a member", "{\n  \"a\": 1\n}", nil, "b", "{\n  \"a\": 1,\n  \"b\": {\n    \"name\": \"X\"\n  }\n}"},
		{"byte order mark", "\ufeff{\n  \"a\": 1\n}", nil, "b", "\ufeff{\n  \"a\": 1,\n  \"b\": {\n    \"name\": \"X\"\n  }\n}"},
		{"of two members with a name the last counts", `{"a":[1],"a":[2]}`, Path{"a"}, "", `{"a":[1],"a":[2,{"name":"X"}]}`},
		{"elements on one line in a long file", "{\n    \"a\": [ {\"b\": 1} ]\n}", Path{"a"}, "", "{\n    \"a\": [ {\"b\": 1},\n        {\n            \"name\": \"X\"\n        } ]\n}"},
	} {
		t.Run(c.name, func(t *testing.T) {
			d, err := Parse([]byte(c.text))
			if err != nil {
				t.Fatal(err)
			}
			if err := d.Add(c.path, c.key, small); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, string(d.Bytes())); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
			if got := applied(c.text, d.Edits()); got != string(d.Bytes()) {
				t.Errorf("the edits make %q, the document is %q", got, d.Bytes())
			}
			last := c.path.with(c.key)
			if c.key == "" {
				last = c.path.with(len(d.Find(c.path).Items) - 1)
			}
			if err := d.Remove(last); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.text, string(d.Bytes())); diff != "" {
				t.Errorf("after Remove, -original +got:\n%s", diff)
			}
			if edits := d.Edits(); len(edits) > 0 {
				t.Errorf("and there are edits left: %v", edits)
			}
		})
	}
}

// applied makes edits of a text.
func applied(text string, edits []Edit) string {
	var b strings.Builder
	at := 0
	for _, e := range edits {
		b.WriteString(text[at:e.Start])
		b.WriteString(e.Text)
		at = e.End
	}
	b.WriteString(text[at:])
	return b.String()
}

func TestRemoveKeepsComments(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"first", "[ /* a */ 1 /* b */, /* c */ 2 ]", "[ /* a */ /* b */ /* c */ 2 ]"},
		{"last", "[1, // one\n 2 // two\n]", "[1 // one\n  // two\n]"},
		{"a line comment swallows nothing", "[1, // one\n 2, 3]", "[1, // one\n  3]"},
		{"nor a bracket", "[1, // one\n 2]", "[1 // one\n ]"},
	} {
		t.Run(c.name, func(t *testing.T) {
			d, err := Parse([]byte(c.text))
			if err != nil {
				t.Fatal(err)
			}
			i := 1
			if c.name == "first" {
				i = 0
			}
			if err := d.Remove(Path{i}); err != nil {
				t.Fatal(err)
			}
			if got := string(d.Bytes()); got != c.want {
				t.Errorf("got  %q\nwant %q", got, c.want)
			}
		})
	}
}

func TestEmptyContainersComeBack(t *testing.T) {
	for _, text := range []string{"[]", "[ ]", "[\n]", "[\n\n  ]", "{}", "{\t}"} {
		d, err := Parse([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		inner, _ := d.Inner(nil)
		step, key := any(0), ""
		if text[0] == '{' {
			step, key = "k", "k"
		}
		if err := d.Add(nil, key, 1); err != nil {
			t.Fatal(err)
		}
		if err := d.Remove(Path{step}); err != nil {
			t.Fatal(err)
		}
		if err := d.SetInner(nil, inner); err != nil {
			t.Fatal(err)
		}
		if got := string(d.Bytes()); got != text {
			t.Errorf("%q became %q", text, got)
		}
	}
}

func TestRootComesAndGoes(t *testing.T) {
	for _, text := range []string{"", "\n", "\ufeff", "// nothing", "// nothing\r\n", "/* a */ ", "\n\n"} {
		d, err := Parse([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		frame, err := d.SetRoot(Ordered{{"version", "2.0.0"}, {"tasks", []any{}}})
		if err != nil {
			t.Fatal(err)
		}
		if d.Find(Path{"tasks"}) == nil {
			t.Errorf("%q became %q", text, d.Bytes())
		}
		if err := d.RemoveRoot(frame); err != nil {
			t.Fatal(err)
		}
		if got := string(d.Bytes()); got != text {
			t.Errorf("%q came back as %q", text, got)
		}
	}
}

func TestReplace(t *testing.T) {
	d, err := Parse([]byte("{\n\t\"a\": 1, // one\n\t\"b\": [2]\n}"))
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Replace(Path{"a"}, Ordered{{"x", []string{"y", "z"}}}); err != nil {
		t.Fatal(err)
	}
	want := "{\n\t\"a\": {\n\t\t\"x\": [\"y\", \"z\"]\n\t}, // one\n\t\"b\": [2]\n}"
	if got := string(d.Bytes()); got != want {
		t.Errorf("got %q", got)
	}
}

func TestSyntaxErrors(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"no comma", "{\n  \"a\": 1\n  \"b\": 2\n}", `line 3, column 3: a comma or '}' should be here`},
		{"no colon", `{"a" 1}`, `line 1, column 6: a colon should be here`},
		{"single quotes", `{'a': 1}`, `line 1, column 2: a name in double quotes should be here`},
		{"no end", "[\n1,\n", `line 1, column 1: the array that starts here has no end`},
		{"no end of an object", `{"a": {"b": 1}`, `line 1, column 1: the object that starts here has no end`},
		{"no value", "{\"a\":", `line 1, column 6: the file ends where a value should be`},
		{"two commas", "[1,,2]", `line 1, column 4: a value should be here, not ','`},
		{"only a comma", "[,]", `line 1, column 2: a value should be here, not ','`},
		{"more behind", "{}\r\n{}", `line 2, column 1: there is more behind the end of the value`},
		{"a comment without end", "/* x", `line 1, column 1: the comment has no end`},
		{"a slash", "/ x", `line 1, column 1: a single / is neither a comment nor a value`},
		{"a string over lines", "[\"a\nb\"]", `line 1, column 2: the string has no end on its line`},
		{"a tab in a string", "[\"a\tb\"]", `line 1, column 4: a control character in a string must be escaped`},
		{"an escape", `["\x41"]`, `line 1, column 2: the string has an escape that JSON does not know`},
		{"a conflict marker", "{\n<<<<<<< HEAD\n}", `line 2, column 1: a name in double quotes should be here`},
		{"a bare word", `{"a": yes}`, `line 1, column 7: a value should be here, not 'y'`},
		{"a number", `[01]`, `line 1, column 2: a value should be here, not '0'`},
		{"not UTF-8", "[\"\xe9\"]", `line 1, column 3: the file is not UTF-8 here`},
		{"UTF-16", "\xff\xfe{\x00}\x00", `line 1, column 1: the file is in UTF-16; editors write and read this one in UTF-8`},
		{"column in characters", "\ufeff[\"äöü\" 1]", `line 1, column 8: a comma or ']' should be here`},
		{"deep", strings.Repeat("[", 300), `line 1, column 257: values are nested more than 256 deep`},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := Parse([]byte(c.text))
			if err == nil || err.Error() != c.want {
				t.Errorf("%v, want %s", err, c.want)
			}
		})
	}
}

func TestEqual(t *testing.T) {
	value := func(text string) any {
		d, err := Parse([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		return d.Value(nil)
	}
	for _, c := range []struct {
		a, b any
		want bool
	}{
		{Ordered{{"a", 1}, {"b", []string{"x"}}}, value(`{"b":["x"],"a":1}`), true},
		{value(`{"a":1,"a":2}`), Ordered{{"a", 2}}, true},
		{value(`[1,true,null]`), []any{1, true, nil}, true},
		{[]string{"a"}, []any{"b"}, false},
		{Ordered{}, nil, false},
		{"1", 1, false},
		{nil, []any{}, false},
	} {
		if Equal(c.a, c.b) != c.want || Equal(c.b, c.a) != c.want {
			t.Errorf("Equal(%v, %v) is not %v", c.a, c.b, c.want)
		}
	}
}
