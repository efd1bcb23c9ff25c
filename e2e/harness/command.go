package harness

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"slices"
	"strings"
)

// Environ is the environment that a workspace's tandem runs with: this
// process's, with the workspace's cluster and state and nothing else of
// tandem's.
func (w *Workspace) Environ() []string {
	env := slices.DeleteFunc(os.Environ(), func(v string) bool {
		name, _, _ := strings.Cut(v, "=")
		return strings.HasPrefix(name, "TANDEM_") || name == "KUBECONFIG" || name == "XDG_STATE_HOME"
	})
	return append(env, "KUBECONFIG="+w.Kubeconfig, "TANDEM_STATE_DIR="+w.StateDir, "TANDEM_AGENT_IMAGE="+AgentImage(w.T),
		"GORACE=exitcode=66")
}

// Command is `tandem ARGS` in the workspace, not started. It is killed with the
// test's context.
func (w *Workspace) Command(args ...string) *exec.Cmd {
	w.T.Helper()
	cmd := exec.CommandContext(w.T.Context(), Tandem(w.T), append([]string{"--namespace", w.Namespace.Name}, args...)...)
	cmd.Dir, cmd.Env = w.Dir, w.Environ()
	return cmd
}

// Result is how a command ended.
type Result struct {
	Stdout, Stderr string
	Code           int
}

// Run runs `tandem ARGS` in the workspace to its end.
func (w *Workspace) Run(args ...string) Result {
	w.T.Helper()
	return Finish(w.T, w.Command(args...))
}

// Finish runs a command to its end and collects what it wrote.
func Finish(t T, cmd *exec.Cmd) Result {
	t.Helper()
	var out, complaint bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &complaint
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatalf("%s: %v", cmd, err)
	}
	r := Result{Stdout: out.String(), Stderr: complaint.String(), Code: cmd.ProcessState.ExitCode()}
	CheckRaces(t, r.Stderr)
	return r
}

// Program finds a program that a test needs, or says how to get it.
func Program(t T, name, debianPackage string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		t.Fatalf("%v\n  hint: scripts/need-tools test, or apt-get install %s", err, debianPackage)
	}
	return path
}

// CheckRaces fails the test for a data race that a binary reported.
func CheckRaces(t T, stderr string) {
	t.Helper()
	if at := strings.Index(stderr, "WARNING: DATA RACE"); at >= 0 {
		t.Errorf("data race in tandem:\n%s", stderr[at:min(len(stderr), at+8000)])
	}
}

// Status is one line of `tandem status --json`.
type Status struct {
	ID       string          `json:"id"`
	State    string          `json:"state"`
	PID      int             `json:"pid"`
	Dev      string          `json:"dev"`
	Workload string          `json:"workload"`
	Snapshot json.RawMessage `json:"snapshot"`
}

// Status asks `tandem status --json`.
func (w *Workspace) Status() []Status {
	w.T.Helper()
	r := w.Run("status", "--json")
	var all []Status
	if err := json.Unmarshal([]byte(r.Stdout), &all); err != nil || r.Code != 0 {
		w.T.Fatalf("tandem status --json: exit code %d, %v\n%s%s", r.Code, err, r.Stdout, r.Stderr)
	}
	return all
}
