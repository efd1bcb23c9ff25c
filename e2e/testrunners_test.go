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

// testProjects puts projects of testdata/debug into the workspace, those of Node and
// Python with the packages that they would have installed.
func testProjects(t *testing.T, ws *harness.Workspace, names ...string) {
	t.Helper()
	for _, name := range names {
		dir := filepath.Join(ws.Dir, name)
		if err := os.CopyFS(dir, os.DirFS(filepath.Join("testdata", "debug", name))); err != nil {
			t.Fatal(err)
		}
		packages := map[string][2]string{"jest": {"runners/node_modules", "node_modules"}, "vitest": {"runners/node_modules", "node_modules"}, "python": {"python", ".venv"}}
		if from, has := packages[name]; has {
			if err := os.Symlink(filepath.Join(debugTools(t), filepath.FromSlash(from[0])), filepath.Join(dir, from[1])); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// maven is Maven without a network: scripts/debug-tools has fetched what it needs.
func maven(t *testing.T, args ...string) []string {
	return append([]string{program(t, "mvn", "maven"), "--offline", "--batch-mode"}, args...)
}

// gradle is the same for Gradle.
func gradle(t *testing.T, args ...string) []string {
	return append([]string{program(t, "gradle", "gradle"), "--offline"}, args...)
}

// Integration tests reach the database in the cluster, with each language's own test
// runner: `tandem run` gives it the session's environment, and the session's
// forward leads there. The front in the cluster sees what they have left.
func TestRunnersReachTheCluster(t *testing.T) {
	t.Parallel()
	tools := debugTools(t)
	ns := harness.NewNamespace(t)
	ws := harness.NewWorkspace(t, ns)
	testProjects(t, ws, "node", "python", "jest", "vitest", "maven", "gradle")
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
		{"jest", "PASS ./store.test.js", []string{"npm", "--prefix", "jest", "test"}},
		{"vitest", "1 passed", []string{"npm", "--prefix", "vitest", "test"}},
		{"maven", "Tests run: 1, Failures: 0, Errors: 0, Skipped: 0", maven(t, "--file", "maven", "test")},
		{"gradle", "BUILD SUCCESSFUL", gradle(t, "--project-dir", "gradle", "test")},
	} {
		t.Run(test.item, func(t *testing.T) {
			r := harness.Finish(t, ws.Command(append([]string{"run", "api", "--"}, test.argv...)...))
			if r.Code != 0 || !strings.Contains(r.Stdout+r.Stderr, test.passed) { // Jest reports on stderr
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

// A test stops at a breakpoint under each runner's own way to debug, with the
// session's environment, and goes on to the cluster's database.
func TestRunnersDebug(t *testing.T) {
	t.Parallel()
	ns := harness.NewNamespace(t)
	ws := harness.NewWorkspace(t, ns)
	testProjects(t, ws, "node", "python", "jest", "vitest", "maven", "gradle")
	c := harness.Serve(ws)
	ready := c.MustStart("api")
	who := ns.AwaitServedBy("local")

	const java = "src/test/java/shop/StoreTest.java"
	inspector := func(t *testing.T, d protocol.DebugStartResult, file string, line int) debugClient {
		return attachInspector(t, d, file, line)
	}
	jdb := func(t *testing.T, d protocol.DebugStartResult, _ string, line int) debugClient {
		// The JVM waits for its debugger, and goes on once that knows of it.
		jdb := attachJDB(t, d, "shop.StoreTest", line, "VM Started:")
		jdb.say(t, "cont")
		return jdb
	}
	for _, test := range []struct {
		item, dir, file string
		language        protocol.DebugLanguage
		args            []string // of the runner that the folder tells
		attach          func(t *testing.T, d protocol.DebugStartResult, file string, line int) debugClient
	}{
		{"pytest", "python", "test_store.py", protocol.DebugPython, []string{"-p", "no:cacheprovider"},
			func(t *testing.T, d protocol.DebugStartResult, file string, line int) debugClient {
				return attachDAP(t, dial(t, d), configuration(t, d), file, line)
			}},
		{"node --test", "node", "store.test.js", protocol.DebugNode, nil, inspector},
		{"jest", "jest", "store.test.js", protocol.DebugNode, nil, inspector},
		{"vitest", "vitest", "store.test.js", protocol.DebugNode, nil, inspector},
		{"maven", "maven", java, protocol.DebugJava, []string{"--offline", "--batch-mode"}, jdb},
		{"gradle", "gradle", java, protocol.DebugJava, []string{"--offline"}, jdb},
	} {
		t.Run(test.item, func(t *testing.T) {
			file := filepath.Join(ws.Dir, test.dir, filepath.FromSlash(test.file))
			var d protocol.DebugStartResult
			c.MustCall(protocol.MethodDebugStart, protocol.DebugStartParams{ID: ready.ID, DebugOptions: protocol.DebugOptions{
				Mode: protocol.DebugTest, Language: &test.language, Cwd: test.dir, Args: test.args}}, &d)
			var started protocol.Snapshot
			c.MustCall(protocol.MethodSessionGet, protocol.SessionGetParams{ID: ready.ID}, &started)
			client := test.attach(t, d, file, lineOf(t, file, "breakpoint"))
			if got := client.awaitStop(t, "token"); got != token {
				t.Errorf("the variable from the Secret is %q", got)
			}
			client.resume(t)
			client.leave(t)
			c.AwaitChange("the runner's end", func(s protocol.Snapshot) bool { return s.ID == ready.ID && s.Seq > started.Seq && len(s.Debug) == 0 })
			orders, err := ns.Get(t.Context(), "web", "http", "/orders")
			if want := fmt.Sprintf("%q", test.item); err != nil || !strings.Contains(string(orders), want) {
				t.Errorf("web's orders have no %s: %s %v", want, orders, err)
			}
		})
	}
	if now := ns.AwaitServedBy("local"); now.PID != who.PID {
		t.Errorf("the command was ended for a test: pid %d, was %d", now.PID, who.PID)
	}
	// Tests that nobody has come to debug wait in processes of a tool's own processes.
	for dir, options := range map[string]protocol.DebugOptions{"vitest": {Language: new(protocol.DebugNode)},
		"maven": {Language: new(protocol.DebugJava), Args: []string{"--offline"}}, "gradle": {Language: new(protocol.DebugJava), Args: []string{"--offline"}}} {
		options.Mode, options.Cwd = protocol.DebugTest, dir
		c.MustCall(protocol.MethodDebugStart, protocol.DebugStartParams{ID: ready.ID, DebugOptions: options}, nil)
	}
	c.MustStop(ready.ID)
	requireEnvironGone(t, "SHOP_LISTEN="+ws.Localhost(8080))
}
