package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tandem-dev/tandem/e2e/harness"
)

// A client that is not ours completes a session: npm's vscode-jsonrpc, which VS
// Code's language client stands on, in the version that package-lock.json pins.
func TestVSCodeJSONRPC(t *testing.T) {
	t.Parallel()
	node, npm := program(t, "node", "nodejs"), program(t, "npm", "npm")
	ns := harness.NewNamespace(t)
	ws := harness.NewWorkspace(t, ns)
	before := ns.State()

	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS("node")); err != nil {
		t.Fatal(err)
	}
	install := exec.CommandContext(t.Context(), npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund")
	install.Dir = dir
	if text, err := install.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", install, err, text)
	}

	server := ws.Command("serve") // its words; Node starts it
	cmd := exec.CommandContext(t.Context(), node, append([]string{filepath.Join(dir, "session.js"), ws.Dir, "api"}, server.Args...)...)
	cmd.Dir, cmd.Env = dir, server.Env
	r := harness.Finish(t, cmd)
	want := []string{
		`["protocol",1]`,
		`["error",true,-32803,"dev-not-found",true]`,
		`["cancelled",-32800]`,
		`["state","checking"]`,
		`["state","diverting"]`,
		`["state","connecting"]`,
		`["state","resolving"]`,
		`["state","switching"]`,
		`["state","ready"]`,
		fmt.Sprintf(`["ready",%q,"ready","Deployment",2]`, ws.SessionID("api")),
		`["progress","begin",true,"end"]`,
		`["output"]`,
		`["env","north","api-files","masked",true]`,
		`["state","stopping"]`,
		`["state","stopped"]`,
		`["stopped","stopped",0]`,
		`["exit",0]`,
	}
	// A start that was cancelled may have begun: its states come before the answer.
	if diff := cmp.Diff(want, withoutCancelled(strings.Split(strings.TrimSpace(r.Stdout), "\n"))); diff != "" || r.Code != 0 {
		t.Errorf("exit code %d; transcript (-want +got):\n%s\n%s", r.Code, diff, r.Stderr)
	}
	ns.RequireState(before)
	ws.RequireNoTrace()
}

// withoutCancelled drops the states between the failed and the cancelled start.
func withoutCancelled(lines []string) []string {
	var kept []string
	cancelled := false
	for _, line := range lines {
		cancelled = cancelled || strings.HasPrefix(line, `["cancelled"`)
		if cancelled || !strings.HasPrefix(line, `["state"`) {
			kept = append(kept, line)
		}
	}
	return kept
}

// program finds a program that the tests need, or says how to get it.
func program(t *testing.T, name, debianPackage string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		t.Fatalf("%v\n  hint: apt-get install %s", err, debianPackage)
	}
	return path
}
