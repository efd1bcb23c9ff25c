package envfile

import (
	"bytes"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tandem-dev/tandem/internal/fault"
)

func encode(t testing.TB, e *Environment, d Dialect) (text string, left []Undeliverable) {
	t.Helper()
	content, left, err := Encode(e, d)
	if err != nil {
		t.Fatal(err)
	}
	return string(content), left
}

func TestDotenvForms(t *testing.T) {
	tests := []struct {
		value string
		want  string // "" for undeliverable
	}{
		{"", "V="},
		{"plain", "V=plain"},
		{"https://u@h:1/p?", "V='https://u@h:1/p?'"},
		{"a.b/c:d@e%f+g,h=i-j_k", "V=a.b/c:d@e%f+g,h=i-j_k"},
		{"two words", "V='two words'"},
		{" lead", "V=' lead'"},
		{"a#b", "V='a#b'"},
		{`{"json": [1]}`, `V='{"json": [1]}'`},
		{"$HOME ${X} $(id) `id`", "V='$HOME ${X} $(id) `id`'"},
		{`C:\new`, `V='C:\new'`},
		{"it's", `V="it's"`},
		{"tab\there", "V='tab\there'"},
		{"é", "V='é'"},
		{`ends\`, ""},
		{`it's "both"`, ""},
		{"it's $5", ""},
		{"two\nlines", ""},
		{"x\nPATH=/evil", ""},
		{"x\rPATH=/evil", ""},
		{"x\vy", ""}, {"x\u2028y", ""}, {"x\u0085y", ""}, {"bell\a", ""},
		{"\xff", ""},
		{"nul\x00", ""},
	}
	for _, tt := range tests {
		text, left := encode(t, environmentOf(tiered(Spec, "V", tt.value)), Dotenv)
		got := strings.TrimSuffix(strings.TrimPrefix(text, fileHeader), "\n")
		if got != tt.want {
			t.Errorf("%q is written as %q, want %q", tt.value, got, tt.want)
		}
		if (len(left) == 1) != (tt.want == "") {
			t.Errorf("%q: undeliverable %v", tt.value, left)
		}
	}
}

func TestUndeliverableNames(t *testing.T) {
	env := environmentOf(
		tiered(Spec, "GOOD", "v"), tiered(Spec, "a.b", "v"), tiered(Spec, "with space", "v"), tiered(Spec, "1st", "v"), tiered(Spec, "é", "v"),
		tiered(Spec, "UID", "v"), tiered(Spec, "x;id", "v"), tiered(Spec, "\xff", "v"), tiered(Spec, "", "v"), tiered(Spec, "a=b", "v"),
		Variable{Name: "LATER", Unresolved: true},
	)
	for d, want := range map[Dialect][]string{
		Dotenv: {"", "1st", "LATER", "UID", "a.b", "a=b", "with space", "x;id", "é", "\xff"},
		Shell:  {"", "1st", "LATER", "UID", "a.b", "a=b", "with space", "x;id", "é", "\xff"},
		JSON:   {"", "LATER", "a=b", "\xff"},
	} {
		text, left := encode(t, env, d)
		var names []string
		for _, u := range left {
			names = append(names, u.Name)
			if u.Reason == "" {
				t.Errorf("%s: no reason for %q", d, u.Name)
			}
		}
		if diff := cmp.Diff(want, names); diff != "" {
			t.Errorf("%s: %s", d, diff)
		}
		if !strings.Contains(text, "GOOD") {
			t.Errorf("%s lacks GOOD", d)
		}
	}
}

func TestJSON(t *testing.T) {
	text, _ := encode(t, environmentOf(tiered(Spec, "B", "<&>\n\u2028\x01"), tiered(Spec, "A", "1")), JSON)
	want := "{\n  \"A\": \"1\",\n  \"B\": \"<&>\\n\\u2028\\u0001\"\n}\n"
	if text != want {
		t.Errorf("got %s, want %s", text, want)
	}
	text, _ = encode(t, environmentOf(), JSON)
	if got := map[string]string{}; json.Unmarshal([]byte(text), &got) != nil {
		t.Errorf("an empty environment is %q", text)
	}
}

func TestEncodeUnknownDialect(t *testing.T) {
	if _, _, err := Encode(environmentOf(), "yaml"); !errors.Is(err, fault.InvalidParams) || fault.HintOf(err) == "" {
		t.Errorf("got %v", err)
	}
}

// A reason explains without the value.
func TestUndeliverableHoldsNoValue(t *testing.T) {
	for _, value := range []string{"hunter2'\"", "hunter2\nX=Y", "hunter2\x00", "hunter2\xff"} {
		for _, d := range Dialects() {
			_, left := encode(t, environmentOf(tiered(Secret, "V", value)), d)
			for _, u := range left {
				if strings.Contains(u.Reason, "hunter2") {
					t.Errorf("%s: %q", d, u.Reason)
				}
			}
		}
	}
}

// Each model refuses on its own what its readers are known to change; the
// writer's agreement of all must not be what hides a gap in one.
func TestReaderModels(t *testing.T) {
	const refused = "\x00"
	for _, tt := range []struct{ text, shell, script, golang string }{
		{"plain", "plain", "plain", "plain"},
		{"", "", "", ""},
		{"two words", refused, refused, refused},
		{"'a \"b\" $c'", `a "b" $c`, `a "b" $c`, `a "b" $c`},
		{`"it's"`, "it's", "it's", "it's"},
		{`"a\nb"`, refused, refused, refused},
		{`"$A"`, refused, "$A", refused},
		{`'a\'`, `a\`, refused, refused},
		{`'a'b`, "ab", refused, refused},
		{`'a'\''b'`, "a'b", refused, refused},
		{"`a`", refused, "a", refused},
		{"'open", refused, refused, refused},
		{"a#b", refused, refused, refused},
		{`a\ b`, refused, refused, refused},
	} {
		for name, m := range map[string]struct {
			read func(string) (string, bool)
			want string
		}{"shell": {readShellWord, tt.shell}, "script": {readScriptValue, tt.script}, "go": {readGoValue, tt.golang}} {
			got, ok := m.read(tt.text)
			if !ok {
				got = refused
			}
			if got != m.want {
				t.Errorf("%s reads %q as %q, want %q", name, tt.text, got, m.want)
			}
		}
	}
}

// assignments are the names that a reader going line by line, without any
// notion of quotes that span lines, would define: the worst case.
func assignments(text string) []string {
	var names []string
	for _, line := range strings.FieldsFunc(text, func(r rune) bool {
		return strings.ContainsRune("\n\r\v\f\u0085\u2028\u2029\x1c\x1d\x1e", r)
	}) {
		name, _, ok := strings.Cut(line, "=")
		if ok && !strings.HasPrefix(line, "#") {
			names = append(names, name)
		}
	}
	return names
}

func FuzzEncode(f *testing.F) {
	for _, seed := range []string{"", "plain", "it's", "a\nX=Y", `\`, "$(id)", `"'`, "\xff", "`", "#", "\u2028X=1"} {
		f.Add("NAME", seed)
	}
	f.Add("a.b", "v")
	f.Add("__proto__", "v")
	f.Fuzz(func(t *testing.T, name, value string) {
		env := environmentOf(tiered(Secret, name, value))
		for _, d := range Dialects() {
			content, left, err := Encode(env, d)
			if err != nil {
				t.Fatal(err)
			}
			if len(left) == 1 {
				if empty, _, _ := Encode(environmentOf(), d); !bytes.Equal(empty, content) {
					t.Errorf("%s: an undeliverable variable left %q behind", d, content)
				}
				continue
			}
			switch d {
			case JSON:
				var got map[string]string
				if err := json.Unmarshal(content, &got); err != nil || !maps.Equal(got, map[string]string{name: value}) {
					t.Errorf("json gives %q, %v", got, err)
				}
			case Dotenv:
				if got := assignments(string(content)); !slices.Equal(got, []string{name}) {
					t.Errorf("dotenv: a line reader would define %q", got)
				}
				if got := readCompose(t, content); !maps.Equal(got, map[string]string{name: value}) {
					t.Errorf("compose reads %q from %q", got, content)
				}
			case Shell:
				word := strings.TrimSuffix(strings.TrimPrefix(string(content), fileHeader+"export "+name+"="), "\n")
				if got, ok := readShellWord(word); !ok || got != value {
					t.Errorf("shell: %q gives %q", word, got)
				}
			}
		}
	})
}
