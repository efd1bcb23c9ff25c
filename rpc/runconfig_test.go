package rpc

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tandem-dev/tandem/debug/runconfig/jsonc"
	"github.com/tandem-dev/tandem/envfile"
	"github.com/tandem-dev/tandem/internal/fault"
	"github.com/tandem-dev/tandem/rpc/protocol"
	"github.com/tandem-dev/tandem/session"
)

// shop is a workspace with two services.
func shop(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{
		"okteto.yml":          "dev:\n  api:\n    mode: hybrid\n    workdir: api\n    command: [go, run, .]\n  web:\n    mode: hybrid\n    command: [node, web.js]\n",
		"api/go.mod":          "module example.com/api\n",
		"web.js":              "",
		".vscode/launch.json": "{\n\t// mine\n\t\"configurations\": [\n\t]\n}\n",
	} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// ask makes a call and reads its result.
func (p *peer) ask(id int, method string, params any, result any) {
	p.t.Helper()
	raw, err := json.Marshal(params)
	if err != nil {
		p.t.Fatal(err)
	}
	p.call(id, method, string(raw))
	m := p.answer(id)
	if m.Error != nil {
		p.t.Fatalf("%s: %s", method, m.Error.Message)
	}
	if err := json.Unmarshal(m.Result, result); err != nil {
		p.t.Fatal(err)
	}
}

// edited makes the edits of a plan, as an editor would.
func edited(text string, edits []protocol.TextEdit) string {
	lines := strings.SplitAfter(text, "\n")
	offset := func(p protocol.Position) int {
		at := 0
		for _, l := range lines[:p.Line] {
			at += len(l)
		}
		return at + p.Character // the tests' lines are ASCII
	}
	for i := len(edits) - 1; i >= 0; i-- {
		text = text[:offset(edits[i].Range.Start)] + edits[i].NewText + text[offset(edits[i].Range.End):]
	}
	return text
}

func read(t *testing.T, path ...string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(path...))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// What is planned is what is written, and removing gives it all back.
func TestRunConfigurations(t *testing.T) {
	dir := shop(t)
	p := serve(t, &fake{}).initialize(fmt.Sprintf(`{"processId":null,"rootUri":%q,"capabilities":{}}`, uriOf(dir)))
	before := read(t, dir, ".vscode/launch.json")
	params := protocol.RunConfigParams{Manifest: uriOf(filepath.Join(dir, "okteto.yml")), Editor: "vscode"}

	var plan, written, removed protocol.RunConfigResult
	p.ask(1, protocol.MethodRunConfigPlan, params, &plan)
	if got := read(t, dir, ".vscode/launch.json"); got != before {
		t.Fatalf("planning has written %s", got)
	}
	if plan.Workspace != uriOf(dir) || len(plan.Files) != 3 || plan.Notes == nil {
		t.Fatalf("planned %+v", plan)
	}
	want := edited(before, plan.Files[0].Edits)
	p.ask(2, protocol.MethodRunConfigWrite, params, &written)
	if diff := cmp.Diff(plan, written); diff != "" {
		t.Errorf("-planned +written:\n%s", diff)
	}
	if diff := cmp.Diff(want, read(t, dir, ".vscode/launch.json")); diff != "" {
		t.Errorf("-as planned +as written:\n%s", diff)
	}
	for _, name := range []string{`"Tandem: api"`, `"Tandem: web"`, `"Tandem: all"`} {
		if !strings.Contains(want, name) {
			t.Errorf("there is no %s in\n%s", name, want)
		}
	}

	params.Remove = true
	p.ask(3, protocol.MethodRunConfigPlan, params, &plan)
	p.ask(4, protocol.MethodRunConfigRemove, params, &removed)
	if diff := cmp.Diff(plan, removed); diff != "" {
		t.Errorf("-planned +removed:\n%s", diff)
	}
	if diff := cmp.Diff(before, read(t, dir, ".vscode/launch.json")); diff != "" {
		t.Errorf("-before +after:\n%s", diff)
	}
	if _, err := os.Stat(filepath.Join(dir, ".tandem")); err == nil {
		t.Error(".tandem is left behind")
	}
}

// ready makes the fake's sessions those of a workspace.
func ready(dir string, env *envfile.Environment, started *session.StartRequest) *fake {
	snap := session.Snapshot{ID: "shop/api", State: session.Ready, Manifest: filepath.Join(dir, "okteto.yml"), Dev: "api"}
	return &fake{env: env, snapshot: &snap, start: func(_ context.Context, r session.StartRequest) (session.Snapshot, error) {
		*started = r
		return snap, nil
	}}
}

// session/start writes run configurations for the editors that it names, with
// the files that they refer to, and is no failure where that is not possible.
func TestSessionStartWritesRunConfigurations(t *testing.T) {
	dir := shop(t)
	var started session.StartRequest
	env := &envfile.Environment{Vars: []envfile.Variable{
		{Name: "MOTD", Value: "one\rtwo"}, {Name: "TLS_KEY", Value: "hunter\r2", Secret: true},
	}}
	p := serve(t, ready(dir, env, &started)).initialize(fmt.Sprintf(`{"processId":null,"rootUri":%q,"capabilities":{}}`, uriOf(dir)))
	start := func(id int) {
		p.call(id, "session/start", fmt.Sprintf(`{"manifest":%q,"dev":"api","options":{"runConfigs":["vscode","zed"]}}`, uriOf(filepath.Join(dir, "okteto.yml"))))
	}
	start(1)
	note := p.until("window/showMessage")
	if !strings.Contains(string(note.Params), "TLS_KEY") || strings.Contains(string(note.Params), "hunter") {
		t.Errorf("the note is %s", note.Params)
	}
	if m := p.answer(1); m.Error != nil {
		t.Fatal(m.Error.Message)
	}
	if diff := cmp.Diff([]envfile.Dialect{envfile.Dotenv, envfile.JSON, envfile.VSCodeGo}, started.Files); diff != "" {
		t.Errorf("files, -want +got:\n%s", diff)
	}
	launch := read(t, dir, ".vscode/launch.json")
	if !strings.Contains(launch, `"MOTD": "one\rtwo"`) || strings.Contains(launch, "hunter") || strings.Contains(launch, "preLaunchTask") {
		t.Errorf("launch.json is\n%s", launch)
	}
	if _, err := os.Stat(filepath.Join(dir, ".vscode/tasks.json")); err == nil {
		t.Error("a task was written that would start the session again")
	}
	read(t, dir, ".zed/debug.json")

	if err := os.WriteFile(filepath.Join(dir, ".vscode/launch.json"), []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	start(2)
	if note := p.until("window/showMessage"); !strings.Contains(string(note.Params), "launch.json:1:1") {
		t.Errorf("the warning is %s", note.Params)
	}
	if m := p.answer(2); m.Error != nil {
		t.Errorf("the session is up, but %s", m.Error.Message)
	}
	if got := read(t, dir, ".vscode/launch.json"); got != "{" {
		t.Errorf("the broken file is now %s", got)
	}
}

func TestRunConfigurationsOnTheWire(t *testing.T) {
	dir := shop(t)
	manifest := uriOf(filepath.Join(dir, "okteto.yml"))
	p := serve(t, &fake{}).initialize(fmt.Sprintf(`{"processId":null,"rootUri":%q,"capabilities":{}}`, uriOf(dir)))
	for i, c := range []struct {
		params string
		kind   fault.Kind
	}{
		{`{}`, fault.InvalidParams},
		{`{"editor":"emacs","manifest":"` + manifest + `"}`, fault.InvalidParams},
		{`{"editor":"vscode"}`, fault.InvalidParams},
		{`{"editor":"vscode","id":"shop/api","manifest":"` + manifest + `"}`, fault.InvalidParams},
		{`{"editor":"vscode","manifest":"` + manifest + `","attachPort":70000}`, fault.InvalidParams},
		{`{"editor":"vscode","manifest":"` + manifest + `","workspace":"http://x/"}`, fault.InvalidParams},
		{`{"editor":"vscode","manifest":"` + manifest + `","dev":"nobody"}`, fault.DevNotFound},
		{`{"editor":"vscode","manifest":"` + uriOf(filepath.Join(dir, "nowhere.yml")) + `"}`, fault.ManifestNotFound},
		{`{"editor":"vscode","id":"shop/nobody"}`, fault.SessionNotFound},
	} {
		for j, method := range []string{protocol.MethodRunConfigPlan, protocol.MethodRunConfigWrite, protocol.MethodRunConfigRemove} {
			id := 10*i + j + 1
			want := string(c.kind)
			if method == protocol.MethodRunConfigRemove && (c.kind == fault.DevNotFound || c.kind == fault.ManifestNotFound) {
				want = "" // what is gone from the manifest can be taken away
			}
			p.call(id, method, c.params)
			if got := kind(t, p.answer(id)); got != want {
				t.Errorf("%s %s: %q, want %q", method, c.params, got, want)
			}
		}
	}
	p.call(900, "session/start", `{"manifest":"`+manifest+`","dev":"api","options":{"runConfigs":["emacs"]}}`)
	if got := kind(t, p.answer(900)); got != string(fault.InvalidParams) {
		t.Errorf("session/start for an unknown editor: %q", got)
	}
}

func TestTextEdits(t *testing.T) {
	text := []byte("a\r\nb😀é\n\rc")
	var edits []jsonc.Edit
	for _, at := range []int{0, 1, 3, 4, 8, 10, 11, 12, 13} {
		edits = append(edits, jsonc.Edit{Start: at, End: at})
	}
	var got []string
	for _, e := range textEdits(text, edits) {
		got = append(got, fmt.Sprintf("%d:%d", e.Range.Start.Line, e.Range.Start.Character))
	}
	want := []string{"0:0", "0:1", "1:0", "1:1", "1:3", "1:4", "2:0", "3:0", "3:1"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}
