package envfile

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
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

// What each dialect makes of values that its reader treats in its own way; ""
// is for undeliverable. The dialects that share an encoder are named once.
func TestForms(t *testing.T) {
	const pem = "-----BEGIN KEY-----\nab+/\nkQ==\n-----END KEY-----\n"
	tests := []struct {
		value string
		want  map[Dialect]string
	}{
		{"plain", map[Dialect]string{
			VSCodeGo: "V=plain", VSCodePython: "V=plain", VSCodeCpp: "V=plain", JetBrains: "V=plain", DotenvJS: "V=plain", Node: "V=plain", PythonDotenv: "V=plain",
			Docker: "V=plain", Compose: "V=plain", Systemd: "V=plain", GitHubEnv: "V=plain", Fish: "set -gx V 'plain'", PowerShell: "${env:V} = 'plain'",
			Csh: "setenv V 'plain'", Cmd: `@set "V=plain"`,
		}},
		{"", map[Dialect]string{
			VSCodeGo: "V=", VSCodePython: "V=", VSCodeCpp: "V=", JetBrains: "V=", DotenvJS: "V=", Node: "V=", PythonDotenv: "V=",
			Docker: "V=", Compose: "V=", Systemd: "V=", GitHubEnv: "V=", Fish: "set -gx V ''", PowerShell: "", Csh: "setenv V ''", Cmd: "",
		}},
		{` it's "x" `, map[Dialect]string{
			VSCodeGo: `V=' it's "x" '`, VSCodePython: "", VSCodeCpp: `V=' it's "x" '`, JetBrains: `V=' it's "x" '`, DotenvJS: "V=` it's \"x\" `", Node: "V=` it's \"x\" `",
			PythonDotenv: `V=" it's \"x\" "`, Docker: `V= it's "x" `, Compose: `V=" it's \"x\" "`, Systemd: `V=" it's \"x\" "`, GitHubEnv: `V= it's "x" `,
			Fish: `set -gx V ' it\'s "x" '`, PowerShell: `${env:V} = ' it''s "x" '`, Csh: `setenv V ' it'\''s "x" '`, Cmd: `@set "V= it's "x" "`,
		}},
		{"${A}$B!%C%", map[Dialect]string{
			VSCodeGo: `V='\${A}\$B!%C%'`, VSCodePython: `V='\${A}\$B!%C%'`, VSCodeCpp: "V='${A}$B!%C%'", JetBrains: "V='${A}$B!%C%'", DotenvJS: "V=${A}$B!%C%",
			Node: "V=${A}$B!%C%", PythonDotenv: "", Docker: "V=${A}$B!%C%", Compose: "V='${A}$B!%C%'", Systemd: `V="\${A}\$B!%C%"`, GitHubEnv: "V=${A}$B!%C%",
			Fish: "set -gx V '${A}$B!%C%'", PowerShell: "${env:V} = '${A}$B!%C%'", Csh: `setenv V '${A}$B\!%C%'`, Cmd: `@set "V=${A}$B!%%C%%"`,
		}},
		{`a#b\n\`, map[Dialect]string{
			VSCodeGo: `V='a#b\n\'`, VSCodePython: `V=a#b\n\`, VSCodeCpp: `V='a#b\n\'`, JetBrains: `V='a#b\n\'`, DotenvJS: "", Node: "", PythonDotenv: "",
			Docker: `V=a#b\n\`, Compose: `V="a#b\\n\\"`, Systemd: `V="a#b\\n\\"`, GitHubEnv: `V=a#b\n\`, Fish: `set -gx V 'a#b\\n\\'`,
			PowerShell: `${env:V} = 'a#b\n\'`, Csh: `setenv V 'a#b\n\'`, Cmd: `@set "V=a#b\n\"`,
		}},
		{pem, map[Dialect]string{
			VSCodeGo: `V="-----BEGIN KEY-----\nab+/\nkQ==\n-----END KEY-----\n"`, VSCodePython: `V="-----BEGIN KEY-----\nab+/\nkQ==\n-----END KEY-----\n"`,
			VSCodeCpp: `V="-----BEGIN KEY-----\nab+/\nkQ==\n-----END KEY-----\n"`, JetBrains: "", DotenvJS: `V="-----BEGIN KEY-----\nab+/\nkQ==\n-----END KEY-----\n"`,
			Node: `V="-----BEGIN KEY-----\nab+/\nkQ==\n-----END KEY-----\n"`, PythonDotenv: `V="-----BEGIN KEY-----\nab+/\nkQ==\n-----END KEY-----\n"`, Docker: "",
			Compose: `V="-----BEGIN KEY-----\nab+/\nkQ==\n-----END KEY-----\n"`, Systemd: "V=\"-----BEGIN KEY-----\n\"\"ab+/\n\"\"kQ==\n\"\"-----END KEY-----\n\"\"\"",
			GitHubEnv: "V<<DELIMITER\n" + pem + "\nDELIMITER", Fish: "set -gx V '" + pem + "'", PowerShell: "${env:V} = " + powershellDecode +
				"LS0tLS1CRUdJTiBLRVktLS0tLQphYisvCmtRPT0KLS0tLS1FTkQgS0VZLS0tLS0K" + powershellEnd,
			Csh: "setenv V '" + strings.ReplaceAll(pem, "\n", "\\\n") + "'", Cmd: "",
		}},
		// Several lines, double quotes and backslashes: quotes that span lines,
		// unless one of the lines looks like a variable.
		{"{\n  \"a\": \"b\\n\"\n}", map[Dialect]string{Node: "V='{\n  \"a\": \"b\\n\"\n}'", DotenvJS: "V='{\n  \"a\": \"b\\n\"\n}'", VSCodePython: "", VSCodeGo: ""}},
		{"\"\nLD_PRELOAD=/evil.so", map[Dialect]string{Node: "", DotenvJS: "", VSCodeGo: "V=\"\"\\nLD_PRELOAD=/evil.so\"", VSCodeCpp: "V=\"\"\\nLD_PRELOAD=/evil.so\"",
			Systemd: "V=\"\\\"\n\"\"LD_PRELOAD=/evil.so\""}},
		{"a\r\nb", map[Dialect]string{DotenvJS: `V="a\r\nb"`, Node: "", VSCodeGo: "", Docker: "", Compose: `V="a\r\nb"`, Systemd: "", GitHubEnv: ""}},
		{"‘é’", map[Dialect]string{PowerShell: "${env:V} = " + powershellDecode + "4oCYw6nigJk=" + powershellEnd, Cmd: "", Fish: "set -gx V '‘é’'"}},
		{"~/x", map[Dialect]string{VSCodeGo: "", VSCodeCpp: "V='~/x'"}},
		{`a"&b`, map[Dialect]string{Cmd: ""}},
	}
	delimiter := regexp.MustCompile("TANDEM_[0-9a-f]{64}")
	for _, tt := range tests {
		for d, want := range tt.want {
			f, _ := d.format()
			text, left := encode(t, environmentOf(tiered(Spec, "V", tt.value)), d)
			got := strings.TrimRight(strings.TrimPrefix(text, f.header), "\r\n")
			if got = delimiter.ReplaceAllString(got, "DELIMITER"); got != strings.TrimRight(want, "\r\n") {
				t.Errorf("%s: %q is written as\n%q, want\n%q", d, tt.value, got, want)
			}
			if (len(left) == 1) != (want == "") {
				t.Errorf("%s: %q: undeliverable %v", d, tt.value, left)
			}
		}
	}
}

// Names that only some readers know, or keep for themselves.
func TestForeignNames(t *testing.T) {
	for name, refusing := range map[string][]Dialect{
		"a.b":          {Dotenv, Shell, VSCodePython, Systemd, Fish, Csh},
		"__proto__":    {Dotenv, VSCodeGo, VSCodePython, VSCodeNode, VSCodeJava, VSCodeCSharp, VSCodeCpp, DotenvJS, Node},
		"GITHUB_TOKEN": {GitHubEnv},
		"status":       {Fish},
		"TERM":         {Csh},
		"UID":          {Dotenv, Shell},
		"with space":   except(JSON, JetBrainsEnvFile),
		"x;id":         except(JSON, JetBrainsEnvFile, JetBrains, Docker),
		"#x":           except(JSON, JetBrainsEnvFile),
		"a\nb":         except(JSON, JetBrainsEnvFile),
	} {
		var got []Dialect
		for _, d := range Dialects() {
			if _, left := encode(t, environmentOf(tiered(Spec, name, "v")), d); len(left) > 0 {
				got = append(got, d)
			}
		}
		if diff := cmp.Diff(refusing, got); diff != "" {
			t.Errorf("%q is refused by other dialects: %s", name, diff)
		}
	}
}

func except(left ...Dialect) []Dialect {
	return slices.DeleteFunc(Dialects(), func(d Dialect) bool { return slices.Contains(left, d) })
}

// Every dialect has a file of its own, which goes when the session does.
func TestFilesOfDialects(t *testing.T) {
	dir := filepath.Join(t.TempDir(), DirName)
	paths := map[string]Dialect{}
	for _, d := range Dialects() {
		file, err := WriteFile(dir, "api", small(), d)
		if err != nil {
			t.Fatal(err)
		}
		if other, taken := paths[file.Path]; taken {
			t.Errorf("%s and %s share %s", d, other, file.Path)
		}
		paths[file.Path] = d
	}
	if len(paths) != len(Dialects()) {
		t.Errorf("%d files for %d dialects", len(paths), len(Dialects()))
	}
	if err := RemoveFiles(dir, "api"); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(dir); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("left behind: %q", listing(t, dir))
	}
	if _, err := WriteFile(dir, "api.node", small(), Dotenv); !errors.Is(err, fault.InvalidParams) || fault.HintOf(err) == "" {
		t.Errorf("a dev whose dotenv file is another's node file: %v", err)
	}
}

// The table in the documentation has a row with the file of every dialect.
func TestDialectsAreDocumented(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "docs", "dialects.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range Dialects() {
		row := regexp.MustCompile(fmt.Sprintf("(?m)^\\| `%s` \\|.*`api%s`.*\\|$", d, regexp.QuoteMeta(d.Extension())))
		if !row.Match(text) {
			t.Errorf("no row for `%s` and `api%s`", d, d.Extension())
		}
	}
}
