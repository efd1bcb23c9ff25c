package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tandem-dev/tandem/e2e/harness"
	"github.com/tandem-dev/tandem/rpc/protocol"
)

// Integration tests reach the database in the cluster, with each language's own test
// runner: `tandem run` gives it the session's environment, and the session's
// forward leads there. The front in the cluster sees what they have left.
func TestRunnersReachTheCluster(t *testing.T) {
	t.Parallel()
	tools := debugTools(t)
	ns := harness.NewNamespace(t)
	ws := harness.NewWorkspace(t, ns)
	for _, dir := range []string{"node", "python"} {
		if err := os.CopyFS(filepath.Join(ws.Dir, dir), os.DirFS(filepath.Join("testdata", "debug", dir))); err != nil {
			t.Fatal(err)
		}
	}
	c := harness.Serve(ws)
	params := c.StartParams("api")
	params.Options.Run = false
	var ready protocol.Snapshot
	c.MustCall(protocol.MethodSessionStart, params, &ready)

	for _, test := range []struct {
		item, passed string
		argv         []string
	}{
		{"go test", "--- PASS: TestStore", []string{"go", "test", "-count=1", "-v", "-run", "^TestStore$", "./api"}},
		{"pytest", "1 passed", []string{filepath.Join(tools, "python", "bin", "pytest"), "-p", "no:cacheprovider", "python/test_store.py"}},
		{"node --test", "# pass 1", []string{program(t, "node", "nodejs"), "--test", "--test-reporter=tap", "node/store.test.js"}},
	} {
		t.Run(test.item, func(t *testing.T) {
			r := harness.Finish(t, ws.Command(append([]string{"run", "api", "--"}, test.argv...)...))
			if r.Code != 0 || !strings.Contains(r.Stdout, test.passed) {
				t.Fatalf("exit code %d\n%s%s", r.Code, r.Stdout, r.Stderr)
			}
			// The original still serves: nothing listens on this machine.
			orders, err := ns.Get(t.Context(), "web", "http", "/orders")
			if want := fmt.Sprintf("%q", test.item); err != nil || !strings.Contains(string(orders), want) {
				t.Errorf("web's orders have no %s: %s %v", want, orders, err)
			}
		})
	}
	c.MustStop(ready.ID)
}
