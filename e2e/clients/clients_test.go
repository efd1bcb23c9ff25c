package clients

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/tandem-dev/tandem/e2e/harness"
)

func TestMain(m *testing.M) { os.Exit(harness.Main(m)) }

// client is a program that completes a session of a dev in a workspace.
type client struct {
	name string
	// prepare installs what it needs and returns its command.
	prepare func(t *testing.T) func(w *harness.Workspace, dev string) *exec.Cmd
	// more are lines that this one says beside the common ones, before the line
	// that they stand at.
	more map[string][]string
}

var all = []client{
	{name: "node", prepare: node, more: map[string][]string{
		"ready": {`["cancelled",-32800]`}, "output": {`["progress","begin",true,"end"]`}}},
	{name: "python", prepare: python},
	{name: "neovim", prepare: neovim},
	{name: "emacs", prepare: emacs},
	{name: "java", prepare: java},
}

// TestClients: every client completes a session, two of them at a time, each on
// a workload of its own. Afterwards the cluster is as it was.
func TestClients(t *testing.T) {
	ns := harness.NewNamespace(t)
	before := ns.State()
	commands := map[string]func(*harness.Workspace, string) *exec.Cmd{}
	for _, c := range all {
		commands[c.name] = c.prepare(t)
	}
	t.Run("sessions", func(t *testing.T) {
		for dev, lane := range map[string][]client{"api": {all[0], all[2], all[4]}, "web": {all[1], all[3]}} {
			t.Run(dev, func(t *testing.T) {
				t.Parallel()
				for _, c := range lane {
					t.Run(c.name, func(t *testing.T) {
						w := harness.NewWorkspace(t, ns)
						w.Kubeconfig = kubeconfigIn(t, ns)
						run(t, c, commands[c.name](w, dev), w.SessionID(dev))
						w.RequireNoTrace()
					})
				}
			})
		}
	})
	ns.RequireState(before)
}

// run runs a client to its end and compares what it saw.
func run(t *testing.T, c client, cmd *exec.Cmd, id string) {
	t.Helper()
	r := harness.Finish(t, cmd)
	var want []string
	for _, line := range []string{
		`["protocol",true]`,
		`["diagnostic","unknown-field"]`,
		`["completion",true]`,
		`["lens",true]`,
		`["error",true,"dev-not-found"]`,
		fmt.Sprintf(`["ready",%q,"ready"]`, id),
		`["output"]`,
		`["lens",true]`,
		`["env","local",true]`,
		`["stopped","stopped"]`,
		`["exit",0]`,
	} {
		for at, more := range c.more {
			if strings.HasPrefix(line, `["`+at+`"`) {
				want = append(want, more...)
			}
		}
		want = append(want, line)
	}
	var got, states []string
	for _, line := range strings.Split(strings.TrimSpace(r.Stdout), "\n") {
		line = strings.ReplaceAll(line, "\r", "")
		if state, ok := strings.CutPrefix(line, `["state",`); ok {
			states = append(states, strings.Trim(state, `"]`))
		} else {
			got = append(got, line)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" || r.Code != 0 {
		t.Fatalf("exit code %d; transcript (-want +got):\n%s\nstates: %v\n%s", r.Code, diff, states, tail(r.Stderr))
	}
	// A start that was cancelled may have begun before the one that counts.
	from := 0
	for i, s := range states {
		if s == "checking" {
			from = i
		}
	}
	wantStates := []string{"checking", "diverting", "connecting", "resolving", "switching", "ready", "stopping", "stopped"}
	if diff := cmp.Diff(wantStates, states[from:]); diff != "" {
		t.Errorf("states (-want +got):\n%s", diff)
	}
}

func tail(text string) string { return text[max(0, len(text)-6000):] }

// kubeconfigIn is the cluster's kubeconfig with the namespace in its context, so
// that a server needs no word of ours.
func kubeconfigIn(t *testing.T, ns *harness.Namespace) string {
	t.Helper()
	config, err := clientcmd.LoadFromFile(ns.Cluster.Kubeconfig)
	if err != nil {
		t.Fatal(err)
	}
	config.Contexts[config.CurrentContext].Namespace = ns.Name
	path := filepath.Join(t.TempDir(), "kubeconfig")
	if err := clientcmd.WriteToFile(*config, path); err != nil {
		t.Fatal(err)
	}
	return path
}

// serve is the server's command as its connection file has it.
func serve(t *testing.T) []string { return []string{harness.Tandem(t), "serve"} }

func node(t *testing.T) func(*harness.Workspace, string) *exec.Cmd {
	bin, npm := harness.Program(t, "node", "nodejs"), harness.Program(t, "npm", "npm")
	modules := installed(t, "node", "node/package-lock.json", func(dir string) {
		copyTo(t, dir, "node/package.json", "node/package-lock.json")
		must(t, dir, npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund")
	})
	// The compiler checks the generated types, the examples and the client's use
	// of them; where it finds the libraries, a link leads to.
	root, err := harness.Root()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	here, types := filepath.Join(dir, "e2e/clients/node"), filepath.Join(dir, "extensions/vscode/src")
	for _, d := range []string{here, types} {
		if err := os.MkdirAll(d, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	copyTo(t, here, "node/session.ts", "node/examples.ts", "node/tsconfig.json", "node/package.json")
	copyTo(t, types, filepath.Join(root, "extensions/vscode/src/protocol.ts"))
	if err := os.Symlink(filepath.Join(modules, "node_modules"), filepath.Join(here, "node_modules")); err != nil {
		t.Fatal(err)
	}
	must(t, here, bin, filepath.Join(modules, "node_modules/typescript/bin/tsc"), "-p", ".")
	script := filepath.Join(here, "out/e2e/clients/node/session.js")
	return func(w *harness.Workspace, dev string) *exec.Cmd {
		cmd := exec.CommandContext(w.T.Context(), bin, append([]string{script, w.Dir, dev}, serve(t)...)...)
		cmd.Dir, cmd.Env = w.Dir, w.Environ()
		return cmd
	}
}

func python(t *testing.T) func(*harness.Workspace, string) *exec.Cmd {
	python3 := harness.Program(t, "/usr/bin/python3", "python3-venv") // not one of pyenv's without ensurepip
	venv := installed(t, "python", "python/requirements.txt", func(dir string) {
		must(t, dir, python3, "-m", "venv", dir)
		lock, err := filepath.Abs("python/requirements.txt")
		if err != nil {
			t.Fatal(err)
		}
		must(t, dir, filepath.Join(dir, "bin/pip"), "install", "--quiet", "--require-hashes", "--no-deps", "-r", lock)
	})
	script, err := filepath.Abs("python/session.py")
	if err != nil {
		t.Fatal(err)
	}
	return func(w *harness.Workspace, dev string) *exec.Cmd {
		cmd := exec.CommandContext(w.T.Context(), filepath.Join(venv, "bin/python"), append([]string{script, w.Dir, dev}, serve(t)...)...)
		cmd.Dir, cmd.Env = w.Dir, w.Environ()
		return cmd
	}
}

func neovim(t *testing.T) func(*harness.Workspace, string) *exec.Cmd {
	nvim := harness.Program(t, "nvim", "neovim")
	script, err := filepath.Abs("neovim/session.lua")
	if err != nil {
		t.Fatal(err)
	}
	return func(w *harness.Workspace, dev string) *exec.Cmd {
		cmd := exec.CommandContext(w.T.Context(), nvim, "--headless", "--clean", "-c", "luafile "+script)
		cmd.Dir, cmd.Env = w.Dir, editorEnviron(w, "neovim", dev)
		return cmd
	}
}

func emacs(t *testing.T) func(*harness.Workspace, string) *exec.Cmd {
	bin := harness.Program(t, "emacs", "emacs-nox elpa-eglot")
	script, err := filepath.Abs("emacs/session.el")
	if err != nil {
		t.Fatal(err)
	}
	return func(w *harness.Workspace, dev string) *exec.Cmd {
		cmd := exec.CommandContext(w.T.Context(), bin, "--batch", "-q", "-l", script)
		cmd.Dir, cmd.Env = w.Dir, editorEnviron(w, "emacs", dev)
		return cmd
	}
}

// editorEnviron has an editor load what `tandem init --editor` prints for it.
func editorEnviron(w *harness.Workspace, editor, dev string) []string {
	r := w.Run("init", "--editor", editor)
	if r.Code != 0 {
		w.T.Fatalf("tandem init --editor %s: %s", editor, r.Stderr)
	}
	// What init leaves is the workspace's, not a session's trace.
	for _, name := range []string{"connection.json", ".gitignore"} {
		if err := os.Remove(filepath.Join(w.Dir, ".tandem", name)); err != nil {
			w.T.Fatalf("%v", err)
		}
	}
	if err := os.Remove(filepath.Join(w.Dir, ".tandem")); err != nil {
		w.T.Fatalf("%v", err)
	}
	home := w.T.TempDir()
	snippet := filepath.Join(home, "tandem"+map[string]string{"neovim": ".lua", "emacs": ".el"}[editor])
	if err := os.WriteFile(snippet, []byte(r.Stdout), 0o644); err != nil {
		w.T.Fatalf("%v", err)
	}
	return append(w.Environ(), "SNIPPET="+snippet, "DEV="+dev, "HOME="+home)
}
