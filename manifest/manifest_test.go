package manifest

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tandem-dev/tandem/internal/fault"
)

// write makes files below a new folder and gives the folder.
func write(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, content := range files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// parse reads text as a manifest of an empty folder.
func parse(t *testing.T, text string) (*Manifest, error) {
	t.Helper()
	return Parse(filepath.Join(t.TempDir(), "okteto.yml"), []byte(text), Options{LookupEnv: testEnv})
}

func codes(m *Manifest, severity Severity) []string {
	var out []string
	for _, d := range m.Diagnostics {
		if d.Severity == severity {
			out = append(out, d.Code)
		}
	}
	return out
}

func TestDotEnvBesideTheManifest(t *testing.T) {
	manifest := "dev:\n  api:\n    mode: hybrid\n    environment:\n      A: ${FROM_FILE}\n      B: ${PORT}\n      C: ${DERIVED}\n      FROM_FILE:\n      D: ${PASSWORD}\n"
	dir := write(t, map[string]string{
		"okteto.yml":         manifest,
		".okteto/okteto.yml": manifest,
		"sub/okteto.yml":     manifest,
		".env":               "FROM_FILE=file\nPORT=1\nDERIVED=$PORT-${FROM_FILE}\nPASSWORD='pa$w0rd'\n",
	})
	t.Chdir(filepath.Join(dir, "sub")) // the working directory must not matter
	for _, path := range []string{"okteto.yml", ".okteto/okteto.yml"} {
		m, err := Load(filepath.Join(dir, path), Options{LookupEnv: testEnv})
		if err != nil {
			t.Fatal(err)
		}
		got := map[string]string{}
		for _, v := range m.Devs[0].Environment {
			got[v.Name] = v.Value
		}
		want := map[string]string{"A": "file", "B": "8080", "C": "8080-file", "FROM_FILE": "file", "D": "pa$w0rd"}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", path, diff)
		}
		if m.Dir != dir {
			t.Errorf("%s: Dir = %s, want %s", path, m.Dir, dir)
		}
	}
	m, err := Load("okteto.yml", Options{LookupEnv: testEnv})
	if err != nil {
		t.Fatal(err)
	}
	if got := codes(m, Warning); len(got) != 4 {
		t.Errorf("without .env beside it, warnings = %v, want 4", got)
	}
}

func TestFaultyDotEnv(t *testing.T) {
	dir := write(t, map[string]string{
		"okteto.yml": "dev:\n  api: {mode: hybrid}\n",
		".env":       "GOOD=1\nnot a line with secret-word\n",
	})
	m, err := Load(filepath.Join(dir, "okteto.yml"), Options{LookupEnv: testEnv})
	if err != nil {
		t.Fatalf("a file that other tools share stops the manifest: %v", err)
	}
	want := []Diagnostic{{Severity: Warning, Code: CodeEnvFile, Message: `.env:2:5: "=" was expected behind the name`, Hint: "a line is NAME=value"}}
	if diff := cmp.Diff(want, m.Diagnostics); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestEnvFilesAreNotQuoted breaks env files in every way around a password.
func TestEnvFilesAreNotQuoted(t *testing.T) {
	const password = "hunterTwo"
	for _, content := range []string{
		"KEY=a$" + password, "KEY=${" + password, "KEY=${" + password + "}", "KEY=${" + password + ":?no}", "KEY=${X:?" + password + "}",
		"KEY=${" + password + "/x}", "KEY=\"x\n" + password, "KEY='x' " + password, password, password + " x", "? " + password,
		"KEY=-----BEGIN-----\n" + password + "\n" + password + "+/\n", "KEY=" + password + "\nKEY=" + password + "2",
	} {
		dir := write(t, map[string]string{
			"okteto.yml": "dev:\n  api:\n    mode: hybrid\n    envFiles: [secret.env, secret.env]\n    environment: [KEY]\n",
			"secret.env": content, ".env": content,
		})
		m, err := Load(filepath.Join(dir, "okteto.yml"), Options{LookupEnv: testEnv})
		if len(m.Diagnostics) == 0 {
			t.Errorf("%q has no fault", content)
		}
		if text := fmt.Sprint(m.Diagnostics, err); strings.Contains(text, password) {
			t.Errorf("%q is quoted: %s", content, text)
		}
	}
}

func TestProcessEnvironmentIsTheDefault(t *testing.T) {
	t.Setenv("TANDEM_TEST_VALUE", "from the process")
	m, err := Parse(filepath.Join(t.TempDir(), "okteto.yml"), []byte("name: $TANDEM_TEST_VALUE\n"), Options{})
	if err != nil || m.Name != "from the process" {
		t.Errorf("name = %q, %v", m.Name, err)
	}
}

func TestErrorText(t *testing.T) {
	m, err := parse(t, "dev:\n  api:\n    mode: hybrid\n    comand: x\n  web:\n    mode: hybird\n    image: x\n")
	want := `2 errors in ` + m.Path + `
  okteto.yml:4:5: unknown field "comand" in a dev (did you mean "command"?)
  okteto.yml:6:11: mode must be sync or hybrid, not "hybird" (did you mean "hybrid"?)`
	if err == nil || err.Error() != want {
		t.Errorf("error = %v\nwant %s", err, want)
	}
	var f *fault.Error
	if !errors.As(err, &f) {
		t.Fatal("no fault.Error")
	}
	if diff := cmp.Diff(m.Diagnostics, f.Detail["diagnostics"]); diff != "" {
		t.Errorf("Detail (-want +got):\n%s", diff)
	}

	_, err = parse(t, "dev:\n  api:\n    comand: x\n")
	if err == nil || err.Error() != `okteto.yml:3:5: unknown field "comand" in a dev (did you mean "command"?)` ||
		fault.HintOf(err) != `did you mean "command"?` {
		t.Errorf("one error = %v, hint %q", err, fault.HintOf(err))
	}
}

func TestErrOfOneDev(t *testing.T) {
	m, err := parse(t, "dev:\n  good: {mode: hybrid}\n  bad: {mode: hybrid, workdir: nowhere}\n")
	if err == nil || m.Err("bad") == nil {
		t.Errorf("the fault is missed: %v, %v", err, m.Err("bad"))
	}
	if err := m.Err("good"); err != nil {
		t.Errorf("Err(good) = %v", err)
	}
	m, _ = parse(t, "nme: x\ndev:\n  good: {mode: hybrid}\n")
	if m.Err("good") == nil {
		t.Error("an error outside every dev must stop all of them")
	}
	m, _ = parse(t, "x-a: &a\n  workdir: nowhere\ndev:\n  a: {mode: hybrid, <<: *a}\n  b: {mode: hybrid, <<: *a}\n")
	if len(m.Diagnostics) != 1 || m.Err("a") == nil || m.Err("b") == nil {
		t.Errorf("a shared fault must be said once and stop both: %v", m.Diagnostics)
	}
}

func TestDev(t *testing.T) {
	text := "dev:\n  Api_1: {mode: hybrid}\n  web: {mode: sync}\n"
	m, err := parse(t, text)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"api-1", "Api_1", ""} {
		if d, err := m.Dev(name); err != nil || d.Name != "api-1" || d.Runnable() != nil {
			t.Errorf("Dev(%q) = %v, %v", name, d, err)
		}
	}
	web, err := m.Dev("web")
	if err != nil || !errors.Is(web.Runnable(), fault.DevNotHybrid) {
		t.Errorf("web: %v, %v", err, web.Runnable())
	}
	for _, c := range []struct{ text, name, hint string }{
		{text, "wbe", `did you mean "web"? There are api-1, web`},
		{text, "other", "there are api-1, web"},
		{"dev: {a: {mode: hybrid}, b: {mode: hybrid}, c: {}}", "", "name one of a, b"},
		{"dev: {a: {}, b: {}}", "", "add `mode: hybrid` to one of a, b"},
		{"name: x", "", "add one under `dev` with `mode: hybrid`"},
		{"name: x", "a", "it has no dev at all"},
	} {
		m, err := parse(t, c.text)
		if err != nil {
			t.Fatal(err)
		}
		_, err = m.Dev(c.name)
		if !errors.Is(err, fault.DevNotFound) || fault.HintOf(err) != c.hint {
			t.Errorf("Dev(%q) of %q: %v, hint %q, want %q", c.name, c.text, err, fault.HintOf(err), c.hint)
		}
	}
}

func TestWhere(t *testing.T) {
	m, err := parse(t, "dev:\n  api:\n    mode: hybrid\n    reverse:\n")
	if err != nil {
		t.Fatal(err)
	}
	if at, ok := m.Devs[0].Where("reverse"); !ok || at.Start.String() != "4:5" || at.End.String() != "4:12" {
		t.Errorf("reverse at %v, %v", at, ok)
	}
	if _, ok := m.Devs[0].Where("forward"); ok {
		t.Error("forward is not set")
	}
}

// TestEveryFieldIsRead gives each field a value that no field accepts.
func TestEveryFieldIsRead(t *testing.T) {
	for _, f := range Fields() {
		m, err := parse(t, "dev:\n  api:\n    mode: hybrid\n    "+f.Name+": [[{zz: 1}]]\n")
		if f.Name == "mode" {
			m, err = parse(t, "dev:\n  api:\n    mode: [[{zz: 1}]]\n")
		}
		if f.Name == "affinity" { // kept as it is
			if err != nil || m.Devs[0].Affinity == nil {
				t.Errorf("affinity = %v, %v", m.Devs[0].Affinity, err)
			}
			continue
		}
		if !errors.Is(err, fault.ManifestInvalid) {
			t.Errorf("%s accepts anything: %v", f.Name, err)
		}
		if f.Applies != (f.Instead == "") {
			t.Errorf("%s: a field applies, or something happens instead", f.Name)
		}
		if f.Forms == "" || f.Doc == "" {
			t.Errorf("%s is not documented", f.Name)
		}
		applies, instead, known := AppliesInHybrid(f.Name)
		if applies != f.Applies || instead != f.Instead || !known {
			t.Errorf("AppliesInHybrid(%s) differs from the table", f.Name)
		}
	}
	if !slices.IsSortedFunc(Fields(), func(a, b Field) int { return strings.Compare(a.Name, b.Name) }) {
		t.Error("the table is not sorted")
	}
	if _, _, known := AppliesInHybrid("comand"); known {
		t.Error("comand is known")
	}
}

func TestRender(t *testing.T) {
	content := "dev:\n  api:\n    environment: {\"😀\": [x]}\n"
	m, _ := parse(t, content)
	want := "okteto.yml:3:25: error: the value of 😀 must be text, not a list\n" +
		"   3 |     environment: {\"😀\": [x]}\n" +
		"     |                        ^^^"
	if got := m.Diagnostics[len(m.Diagnostics)-1].Render("okteto.yml", []byte(content)); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	past := Diagnostic{Severity: Warning, Message: "x", Range: Range{Start: Position{Line: 99, Column: 99}}}
	if got := past.Render("f", nil); !strings.HasPrefix(got, "f:100:100: warning: x\n") {
		t.Errorf("a place outside the text: %q", got)
	}
}

func TestLoadRefusesWhatIsNoFile(t *testing.T) {
	dir := t.TempDir()
	big := filepath.Join(dir, "big.yml")
	if err := os.WriteFile(big, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(big, maxFileSize+1); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{dir, filepath.Join(dir, "none.yml"), big, os.DevNull} {
		if _, err := Load(path, Options{}); !errors.Is(err, fault.ManifestNotFound) || !strings.Contains(err.Error(), path) {
			t.Errorf("Load(%s) = %v", path, err)
		}
	}
}

// TestDeepNesting must end soon and with a diagnostic, or in the library's own.
func TestDeepNesting(t *testing.T) {
	for _, text := range []string{
		"dev: {api: {mode: hybrid, affinity: " + strings.Repeat("[", 5000) + strings.Repeat("]", 5000) + "}}",
		"dev: {api: {mode: hybrid, affinity: " + strings.Repeat("{a: ", 5000) + strings.Repeat("}", 5000) + "}}",
		strings.Repeat("[", 200_000),
		"dev: {api: {mode: hybrid, container: \"" + strings.Repeat("${A:-", 10_000) + "\"}}",
		"dev: {api: {mode: hybrid, container: \"" + strings.Repeat("${A:-", 10_000) + strings.Repeat("}", 10_000) + "\"}}",
	} {
		if _, err := parse(t, text); !errors.Is(err, fault.ManifestInvalid) {
			t.Errorf("%.60s…: %v", text, err)
		}
	}
}

// TestHostileInputEndsSoon: sizes that would take minutes if any step were
// quadratic or followed every alias.
func TestHostileInputEndsSoon(t *testing.T) {
	bomb := "x-0: &a0 [[1]]\n"
	for i := range 9 {
		bomb += fmt.Sprintf("x-%d: &a%d [%s*a%d]\n", i+1, i+1, strings.Repeat(fmt.Sprintf("*a%d, ", i), 9), i)
	}
	var wide strings.Builder
	wide.WriteString(`{"dev": {"api": {"mode": "hybrid", "environment": {`)
	for i := range 5_000 {
		fmt.Fprintf(&wide, `"V%d": "é${PORT}", `, i)
	}
	wide.WriteString("}}}}")
	for name, text := range map[string]string{
		"aliases in a list of texts": bomb + "dev: {api: {volumes: *a9}}",
		"aliases in forwards":        bomb + "dev: {api: {forward: *a9}}",
		"aliases in plain values":    bomb + "dev: {api: {affinity: *a9}}",
		"a cycle that branches":      "dev: {api: {affinity: &a [*a, *a]}}",
		"merges that branch":         "x: &a {<<: [*a, *a]}\ndev: {api: *a}",
		"a very long line":           wide.String(),
		"many unknown fields":        "dev: {api: {" + strings.Repeat("q, r, ", 10_000) + "}}",
		"many lines, broken at last": strings.Repeat("x-a: b\n", 10_000) + "]",
	} {
		start := time.Now()
		m, _ := parse(t, text)
		if len(m.Diagnostics) > maxFindings+1 {
			t.Errorf("%s: %d diagnostics", name, len(m.Diagnostics))
		}
		if name == "a very long line" && (len(m.Devs) != 1 || len(m.Devs[0].Environment) != 5_000) {
			t.Errorf("%s: not understood: %v", name, m.Diagnostics)
		}
		// Generous, because machines differ; quadratic work takes minutes.
		if d := time.Since(start); d > 20*time.Second {
			t.Errorf("%s took %v", name, d)
		} else {
			t.Logf("%s: %v, %d diagnostics", name, d, len(m.Diagnostics))
		}
	}
}
