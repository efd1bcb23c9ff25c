package vscode

import (
	"archive/zip"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/tandem-dev/tandem/e2e/harness"
)

func TestMain(m *testing.M) {
	var err error
	if tools.dir, err = os.MkdirTemp("", "tandem-vsix-"); err != nil {
		panic(err)
	}
	code := harness.Main(m)
	_ = os.RemoveAll(tools.dir)
	os.Exit(code)
}

// plan is what a scenario is told; its JSON is read by scenario.mjs.
type plan struct {
	Scenario  string            `json:"scenario"`
	Lab       string            `json:"lab"`
	Extension string            `json:"extension,omitempty"` // the .vsix; "" is an editor without it
	Workspace string            `json:"workspace"`
	Artifacts string            `json:"artifacts"`
	Untrusted bool              `json:"untrusted,omitempty"`
	Patience  int               `json:"patience,omitempty"` // seconds; 0 is the scenarios' own
	Settings  map[string]any    `json:"settings"`
	Env       map[string]string `json:"env"`
	Ports     map[string]int    `json:"ports,omitempty"`
	Secret    map[string]string `json:"secret,omitempty"`
	Expect    map[string]string `json:"expect,omitempty"` // variables of a launched program
}

// TestUnit runs what of the extension needs no editor.
func TestUnit(t *testing.T) {
	extension(t) // brings the tools, and checks the types
	cmd := exec.CommandContext(t.Context(), filepath.Join(node(t), "node"), "test/unit/run.mjs")
	cmd.Dir = filepath.Join(root(t), "extensions", "vscode")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	t.Logf("%s", out)
}

// TestHybridSession is a session from the first click to the last.
func TestHybridSession(t *testing.T) {
	ns := harness.NewNamespace(t)
	w := harness.NewWorkspace(t, ns)
	before := ns.State()
	// From its source, so that a debugger finds the breakpoint's line.
	w.Replace("command: ["+harness.ShopBinary(t, "api")+"]", "command: [go, run, ./api]")
	_, err := shopPlan(t, w, "hybrid").play(t)
	if err != nil {
		t.Fatal(err)
	}
	ns.RequireState(before)
	w.RequireNoTrace()
	requireNoRaces(t, w)
}

// requireNoRaces looks at what the backend wrote, which nobody's child is.
func requireNoRaces(t *testing.T, w *harness.Workspace) {
	t.Helper()
	logs, err := filepath.Glob(filepath.Join(w.StateDir, "run", "*.log"))
	if err != nil || len(logs) == 0 {
		t.Fatalf("no log of a backend in %s (%v)", w.StateDir, err)
	}
	for _, file := range logs {
		log, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		harness.CheckRaces(t, string(log))
	}
}

// TestLaunchConfiguration is about the user's own launch configurations.
func TestLaunchConfiguration(t *testing.T) {
	ns := harness.NewNamespace(t)
	w := harness.NewWorkspace(t, ns)
	before := ns.State()
	// A program that tests can be written for; the session does not run it.
	w.Replace("command: ["+harness.ShopBinary(t, "api")+"]", "command: [go, run, ./api]")
	p := shopPlan(t, w, "launch")
	p.Expect = map[string]string{
		"SHOP_WHERE":       "local",                         // the manifest
		"API_TOKEN":        "not-a-real-token-0001",         // a Secret
		"SHOP_SIGNING_KEY": `not/a+real=key "quoted" $HOME`, // one that a shell or a dotenv file would change
	}
	if _, err := p.play(t); err != nil {
		t.Fatal(err)
	}
	ns.RequireState(before)
	w.RequireNoTrace()
}

// TestTrouble is about what goes wrong; it begins with a session whose process, a
// terminal's, was killed.
func TestTrouble(t *testing.T) {
	ns := harness.NewNamespace(t)
	w := harness.NewWorkspace(t, ns)
	before := ns.State()
	// Its guard would give the workload back before a busy editor is there.
	up := w.Command("--guard-grace", "10m", "up", "api")
	if err := up.Start(); err != nil {
		t.Fatal(err)
	}
	ns.AwaitServedBy("local")
	if err := up.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = up.Wait() // it was killed
	if _, err := shopPlan(t, w, "trouble").play(t); err != nil {
		t.Fatal(err)
	}
	ns.RequireState(before)
	w.RequireNoTrace()
	requireNoRaces(t, w)
}

// maxBundle is what the extension's code may weigh, in bytes.
const maxBundle = 500_000

// TestCost is about what everybody pays who has the extension installed.
func TestCost(t *testing.T) {
	archive, err := zip.OpenReader(extension(t))
	if err != nil {
		t.Fatal(err)
	}
	defer archive.Close()
	size := uint64(0)
	for _, f := range archive.File {
		if strings.HasPrefix(f.Name, "extension/dist/") {
			size += f.UncompressedSize64
		}
	}
	t.Logf("the bundle has %d bytes", size)
	if size == 0 || size > maxBundle {
		t.Errorf("the bundle has %d bytes, more than %d", size, maxBundle)
	}
	p := &plan{Scenario: "activation", Lab: lab(t), Extension: extension(t), Workspace: t.TempDir(), Artifacts: artifacts(t), Settings: map[string]any{}}
	if _, err := p.play(t); err != nil {
		t.Fatal(err)
	}
}

// TestFolders is about a window with several folders, and one without a server.
func TestFolders(t *testing.T) {
	dir := t.TempDir()
	manifests := map[string]string{
		"one": "dev:\n  alpha:\n    mode: hybrid\n    command: [sleep, '60']\n",
		"two": "dev:\n  beta:\n    mode: hybrid\n    command: [sleep, '60']\n  gamma:\n    mode: hybrid\n    forwrad: []\n",
	}
	for name, text := range manifests {
		if err := os.MkdirAll(filepath.Join(dir, name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name, "okteto.yml"), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	file := filepath.Join(dir, "both.code-workspace")
	if err := os.WriteFile(file, []byte(`{"folders": [{"path": "one"}, {"path": "two"}]}`), 0o644); err != nil {
		t.Fatal(err)
	}
	p := &plan{Scenario: "folders", Lab: lab(t), Extension: extension(t), Workspace: file, Artifacts: artifacts(t), Settings: map[string]any{},
		Env: map[string]string{"TANDEM_STATE_DIR": t.TempDir(), "KUBECONFIG": filepath.Join(dir, "none")}}
	if _, err := p.play(t); err != nil {
		t.Fatal(err)
	}
}

// TestUntrustedWorkspace has a shop's manifest and no trust.
func TestUntrustedWorkspace(t *testing.T) {
	p := &plan{Scenario: "untrusted", Lab: lab(t), Extension: extension(t), Workspace: manifestOnly(t), Artifacts: artifacts(t), Untrusted: true,
		Settings: map[string]any{"security.workspace.trust.enabled": true, "security.workspace.trust.startupPrompt": "never"},
		Env:      map[string]string{"TANDEM_STATE_DIR": t.TempDir()}}
	if _, err := p.play(t); err != nil {
		t.Fatal(err)
	}
}

// TestWithoutTheExtension is the control: the same scenario in an editor that
// does not have it must fail, and at its first step.
func TestWithoutTheExtension(t *testing.T) {
	p := &plan{Scenario: "hybrid", Lab: lab(t), Workspace: manifestOnly(t), Artifacts: artifacts(t), Settings: map[string]any{}, Patience: 15}
	out, err := p.play(t)
	if err == nil || strings.Contains(out, "ok   ") {
		t.Fatalf("it passed without the extension:\n%s", out)
	}
	if !strings.Contains(out, "FAIL the shop is open") {
		t.Errorf("it failed for another reason:\n%s", out)
	}
}

// manifestOnly is a folder with the shop's manifest.
func manifestOnly(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	manifest, err := os.ReadFile(filepath.Join(root(t), "testbed", "shop", "okteto.yml"))
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, "okteto.yml"), manifest, 0o644)
	}
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// shopPlan is a plan for the shop in a workspace.
func shopPlan(t *testing.T, w *harness.Workspace, scenario string) *plan {
	t.Helper()
	env := map[string]string{}
	for _, v := range w.Environ() {
		name, value, _ := strings.Cut(v, "=")
		switch name {
		case "KUBECONFIG", "TANDEM_STATE_DIR", "TANDEM_AGENT_IMAGE":
			env[name] = value
		}
	}
	return &plan{
		Scenario: scenario, Lab: lab(t), Extension: extension(t), Workspace: w.Dir, Artifacts: artifacts(t),
		Settings: map[string]any{"tandem.namespace": w.Namespace.Name},
		Env:      env,
		Ports:    map[string]int{"web": w.Port(8090), "listen": w.Port(8080)},
		Secret:   map[string]string{"name": "API_TOKEN", "value": "not-a-real-token-0001"},
	}
}

// play plays the scenario to its end and returns what it said.
func (p *plan) play(t *testing.T) (string, error) {
	t.Helper()
	raw, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "plan.json")
	if err := os.WriteFile(file, raw, 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), filepath.Join(node(t), "node"), "scenario.mjs", file)
	cmd.Dir = filepath.Join(root(t), "extensions", "vscode", "test", "editor")
	cmd.Env = append(os.Environ(), "PATH="+node(t)+":"+os.Getenv("PATH"))
	out, err := cmd.CombinedOutput()
	t.Logf("%s", out)
	harness.CheckRaces(t, string(out))
	return string(out), err
}

// artifacts is where a test's pictures go.
func artifacts(t *testing.T) string {
	t.Helper()
	dir := os.Getenv("TANDEM_VSCODE_PICTURES")
	if dir == "" {
		return t.TempDir()
	}
	dir = filepath.Join(dir, t.Name())
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	return dir
}

func root(t *testing.T) string {
	t.Helper()
	dir, err := harness.Root()
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// script runs one of scripts/ and returns what it printed.
func script(t *testing.T, name string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), filepath.Join(root(t), "scripts", name), args...)
	var complaint strings.Builder
	cmd.Stderr = &complaint
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("scripts/%s: %v\n%s", name, err, complaint.String())
	}
	return strings.TrimSpace(string(out))
}

var tools struct {
	sync.Mutex
	dir, lab, node, vsix string
}

func lab(t *testing.T) string {
	t.Helper()
	tools.Lock()
	defer tools.Unlock()
	if tools.lab == "" {
		tools.lab = script(t, "need-vscode")
	}
	return tools.lab
}

func node(t *testing.T) string {
	t.Helper()
	tools.Lock()
	defer tools.Unlock()
	if tools.node == "" {
		tools.node = script(t, "need-node")
	}
	return tools.node
}

// extension is the .vsix, packaged once, with the tandem under test inside.
func extension(t *testing.T) string {
	t.Helper()
	tandem := harness.Tandem(t)
	tools.Lock()
	defer tools.Unlock()
	if tools.vsix == "" {
		out := filepath.Join(tools.dir, "tandem.vsix")
		script(t, "vsix", "linux-"+map[string]string{"amd64": "x64", "arm64": "arm64"}[runtime.GOARCH], tandem, out)
		tools.vsix = out
	}
	return tools.vsix
}
