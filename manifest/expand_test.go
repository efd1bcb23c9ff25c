package manifest

import (
	"reflect"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestExpand(t *testing.T) {
	env := func(name string) (string, bool) {
		v, ok := map[string]string{"A": "a", "E": "", "D": "$A"}[name]
		return v, ok
	}
	for _, c := range []struct {
		text, want string
		found      string // codes, joined
	}{
		{"", "", ""},
		{"plain", "plain", ""},
		{"$A", "a", ""},
		{"${A}", "a", ""},
		{"x$A.y", "xa.y", ""},
		{"$A$A", "aa", ""},
		{"$D", "$A", ""}, // a value is not expanded again
		{"$U", "", CodeUnsetVariable},
		{"$E", "", ""},
		{"${U-d}${E-d}${A-d}", "da", ""},
		{"${U:-d}${E:-d}${A:-d}", "dda", ""},
		{"${U=d}${E=d}${A=d}", "da", ""},
		{"${U:=d}${E:=d}${A:=d}${U:-still unset}", "ddastill unset", ""},
		{"${U+t}${E+t}${A+t}", "tt", ""},
		{"${U:+t}${E:+t}${A:+t}", "t", ""},
		{"${A?m}${A:?m}${E?m}", "aa", ""},
		{"${U?m}", "", CodeRequiredVariable},
		{"${E:?m}", "", CodeRequiredVariable},
		{"${U:?}", "", CodeRequiredVariable},
		{"${U:-${U:-${A}}}", "a", ""},
		{"${U:-${E}}", "", ""}, // no stray brace
		{"${U:-${U}}", "", CodeUnsetVariable},
		{"${A:-${U}}", "a", ""}, // unused words are not looked at
		{"${A:-${U:?m}}", "a", ""},
		{"${U:-{\"a\": {}}}", `{"a": {}}`, ""},
		{"${U:-a:-b?c}", "a:-b?c", ""},
		{"${U:-one\ntwo}", "one\ntwo", ""},
		{"${U:-}", "", ""},
		{"${U:-$$A}", "$A", ""},
		{"{${A}}", "{a}", ""},
		{"$$A", "$A", ""},
		{"$$$A", "$a", ""},
		{"$$$$", "$$", ""},
		{"$", "$", ""},
		{"a$", "a$", ""},
		{"$ A", "$ A", ""},
		{"$1 $( $- $}", "$1 $( $- $}", ""},
		{`\$A`, `\a`, ""}, // a backslash is no escape
		{"$_x1", "", CodeUnsetVariable},
		{"${", "", CodeExpansion},
		{"${}", "", CodeExpansion},
		{"${ A}", "", CodeExpansion},
		{"${A", "", CodeExpansion},
		{"${A:", "", CodeExpansion},
		{"${A:x}y", "y", CodeExpansion},
		{"${A/b/{}}y", "y", CodeExpansion},
		{"${1}", "", CodeExpansion},
		{"${U:-${A}", "", CodeExpansion},
		{"${U:-${A", "", CodeExpansion},
		{"${}${A}${", "a", CodeExpansion + "," + CodeExpansion},
	} {
		parsed, bad := parseTemplate(c.text)
		got, found := parsed.expand(env)
		var all []string
		for _, f := range append(bad, found...) {
			all = append(all, f.code)
			if f.start < 0 || f.start >= f.end || f.end > len(c.text) || c.text[f.start] != '$' {
				t.Errorf("%q: place %d-%d of %q", c.text, f.start, f.end, f.message)
			}
		}
		if got != c.want || strings.Join(all, ",") != c.found {
			t.Errorf("%q = %q, %v; want %q, %s", c.text, got, all, c.want, c.found)
		}
	}
}

// templates generates templates whose text form is unambiguous: literals are
// not empty and not adjacent, and hold no braces.
func templates(depth int) *rapid.Generator[template] {
	return rapid.Custom(func(t *rapid.T) template {
		var out template
		for range rapid.IntRange(0, 3).Draw(t, "parts") {
			literal := len(out) > 0 && out[len(out)-1].name == ""
			if !literal && rapid.Bool().Draw(t, "literal") {
				out = append(out, part{literal: rapid.StringMatching(`[a-z$ :\-é😀\n]{1,6}`).Draw(t, "text")})
				continue
			}
			p := part{name: rapid.StringMatching(`[A-C_][A-C0-9]?`).Draw(t, "name")}
			if depth > 0 && rapid.Bool().Draw(t, "operator") {
				p.operator = rapid.SampledFrom([]string{"-", ":-", "=", ":=", "+", ":+", "?", ":?"}).Draw(t, "op")
				p.word = templates(depth-1).Draw(t, "word")
			}
			out = append(out, p)
		}
		return out
	})
}

// strip leaves what a template means, without where it stood.
func strip(t template) template {
	var out template
	for _, p := range t {
		out = append(out, part{literal: p.literal, name: p.name, operator: p.operator, word: strip(p.word)})
	}
	return out
}

func TestTemplateRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := templates(3).Draw(t, "template")
		got, bad := parseTemplate(want.String())
		if len(bad) > 0 {
			t.Fatalf("%q: %v", want.String(), bad)
		}
		if !reflect.DeepEqual(strip(got), strip(want)) {
			t.Fatalf("%q became %q", want.String(), got.String())
		}
	})
}

func TestTextWithoutDollarIsItself(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := strings.ReplaceAll(rapid.String().Draw(t, "text"), "$", "")
		parsed, bad := parseTemplate(text)
		got, found := parsed.expand(func(string) (string, bool) { return "", false })
		if got != text || len(bad)+len(found) > 0 {
			t.Fatalf("%q became %q", text, got)
		}
	})
}
