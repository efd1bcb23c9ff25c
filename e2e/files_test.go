package e2e

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tandem-dev/tandem/e2e/harness"
	"github.com/tandem-dev/tandem/rpc/protocol"
)

// The editor chooses the formats of the files, and may keep them beyond the
// session.
func TestFilesAreKeptOnRequest(t *testing.T) {
	t.Parallel()
	ns := harness.NewNamespace(t)
	ws := harness.NewWorkspace(t, ns)
	c := harness.Serve(ws)
	params := c.StartParams("api")
	params.Options = protocol.SessionStartOptions{Files: []string{"vscode-go", "shell"}, KeepFiles: true}
	var ready protocol.Snapshot
	c.MustCall(protocol.MethodSessionStart, params, &ready)
	c.MustStop(ready.ID)

	left, err := filepath.Glob(filepath.Join(ws.Dir, ".tandem", "api*"))
	if err != nil {
		t.Fatal(err)
	}
	want := []string{ws.EnvFile("api", "sh"), ws.EnvFile("api", "vscode-go.env")}
	if diff := cmp.Diff(want, left); diff != "" {
		t.Errorf("files after the session (-want +got):\n%s", diff)
	}
	for _, path := range left {
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: mode %v, %v", path, info.Mode(), err)
		}
	}
}
