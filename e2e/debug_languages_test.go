package e2e

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/tandem-dev/tandem/e2e/harness"
	"github.com/tandem-dev/tandem/rpc/protocol"
)

// token is the value of API_TOKEN, which a Secret in the cluster holds.
const token = "not-a-real-token-0001"

// A request from the cluster stops in a program in each language, with the real
// runtime and a client that is not ours; the answer goes back to the cluster.
func TestDebugLanguages(t *testing.T) {
	t.Parallel()
	tools := debugTools(t)
	ns := harness.NewNamespace(t)
	ws := harness.NewWorkspace(t, ns)
	before := ns.State()
	for _, dir := range []string{"node", "python", "java"} {
		if err := os.CopyFS(filepath.Join(ws.Dir, dir), os.DirFS(filepath.Join("testdata", "debug", dir))); err != nil {
			t.Fatal(err)
		}
	}
	// As a project has it; and the classes as its build would make them.
	if err := os.Symlink(filepath.Join(tools, "python"), filepath.Join(ws.Dir, "python", ".venv")); err != nil {
		t.Fatal(err)
	}
	javac := exec.CommandContext(t.Context(), program(t, "javac", "default-jdk-headless"), "-g", "Api.java")
	javac.Dir = filepath.Join(ws.Dir, "java")
	if text, err := javac.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}

	c := harness.Serve(ws)
	params := c.StartParams("api")
	params.Options.Run = false
	var ready protocol.Snapshot
	c.MustCall(protocol.MethodSessionStart, params, &ready)

	for _, test := range []struct {
		language protocol.DebugLanguage
		file     string
		options  protocol.DebugOptions
		attach   func(t *testing.T, d protocol.DebugStartResult, file string, line int) debugClient
	}{
		{protocol.DebugNode, "node/server.js", protocol.DebugOptions{Program: "server.js", Cwd: "node"},
			func(t *testing.T, d protocol.DebugStartResult, file string, line int) debugClient {
				return attachInspector(t, d, file, line)
			}},
		{protocol.DebugPython, "python/server.py", protocol.DebugOptions{Program: "server.py", Cwd: "python"},
			func(t *testing.T, d protocol.DebugStartResult, file string, line int) debugClient {
				return attachDAP(t, dial(t, d), configuration(t, d), file, line)
			}},
		{protocol.DebugJava, "java/Api.java", protocol.DebugOptions{Program: "Api", Cwd: "java"},
			func(t *testing.T, d protocol.DebugStartResult, file string, line int) debugClient {
				return attachJDB(t, d, "Api", line, "")
			}},
	} {
		t.Run(string(test.language), func(t *testing.T) {
			ns := ns.For(t)
			file := filepath.Join(ws.Dir, filepath.FromSlash(test.file))
			line := lineOf(t, file, "breakpoint")
			start := protocol.DebugStartParams{ID: ready.ID, DebugOptions: test.options}
			start.Language = &test.language
			var d protocol.DebugStartResult
			c.MustCall(protocol.MethodDebugStart, start, &d)
			client := test.attach(t, d, file, line)
			awaitTraffic(t, c, ns, ready.ID)
			awaitHost(t, ns, string(test.language))

			answer := ask(t, ns, "/orders")
			if got := client.awaitStop(t, "token"); got != token {
				t.Errorf("the variable from the Secret is %q", got)
			}
			client.resume(t)
			if got, want := answer(), fmt.Sprintf(`"takenBy":%q,"signed":%d`, test.language, len(token)); !strings.Contains(strings.ReplaceAll(got, " ", ""), want) {
				t.Errorf("web got %s", got)
			}
			client.leave(t)

			var now protocol.Snapshot
			c.MustCall(protocol.MethodSessionGet, protocol.SessionGetParams{ID: ready.ID}, &now)
			for _, running := range now.Debug { // Python's ends with its client's leave
				c.MustCall(protocol.MethodDebugStop, protocol.DebugStopParams{ID: ready.ID, Debug: running.ID}, nil)
			}
			c.AwaitChange("the debugger's end", func(s protocol.Snapshot) bool { return s.Seq > now.Seq-1 && len(s.Debug) == 0 })
			requireEnvironGone(t, "SHOP_LISTEN="+ws.Localhost(8080))
		})
	}
	c.MustStop(ready.ID)
	requireNoSecrets(t, c)
	ns.RequireState(before)
	ws.RequireNoTrace()
}

// awaitTraffic waits until callers in the cluster meet nobody but this machine. The
// session says so when the original's pods have begun to leave; until kube-proxy has
// heard of it, up to a second later, a connection may still go to one of them, and a
// request that is meant for a breakpoint is answered there.
func awaitTraffic(t *testing.T, c *harness.Client, ns *harness.Namespace, id string) {
	t.Helper()
	c.AwaitChange("the traffic to come here alone", func(s protocol.Snapshot) bool {
		return s.ID == id && s.Traffic == protocol.TrafficLocal
	})
	harness.Eventually(t, "the end of the original's pods", ns.Settled)
}

// A request for a breakpoint used to be answered by the original, whose pods were
// only about to end, where TestDebugAdapterOnStdio ran beside other tests. Here they
// take their time for it.
func TestBreakpointIsNotMissedWhileTheOriginalEnds(t *testing.T) {
	t.Parallel()
	ns := harness.NewNamespace(t, func(o runtime.Object) {
		if d, ok := o.(*appsv1.Deployment); ok && d.Name == "api" {
			d.Spec.Template.Spec.Containers[0].Lifecycle = &corev1.Lifecycle{
				PreStop: &corev1.LifecycleHandler{Sleep: &corev1.SleepAction{Seconds: 3}}}
		}
	})
	ws := harness.NewWorkspace(t, ns)
	c := harness.Serve(ws)
	params := c.StartParams("api")
	params.Options.Run = false
	var ready protocol.Snapshot
	c.MustCall(protocol.MethodSessionStart, params, &ready)
	serveWhoami(t, ws.Port(8080))
	awaitTraffic(t, c, ns, ready.ID)
	for i := range 50 {
		if who, err := ns.Whoami(t.Context()); err == nil && who.ServedBy != "local" {
			t.Fatalf("request %d was answered by %s", i+1, who.ServedBy)
		}
	}
	c.MustStop(ready.ID)
}

// ask sends a request through web, in the cluster, and again when it fails, as a
// person would: web gives up after ten seconds, and a node may have a moment's old
// rules. The function that it returns waits for the answer.
func ask(t *testing.T, ns *harness.Namespace, path string) func() string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), buildPatience)
	t.Cleanup(cancel)
	answer, failure := make(chan string, 1), make(chan error, 1)
	go func() { // ends with its answer, or with the test
		var b []byte
		err := harness.Poll(ctx, func(context.Context) (err error) {
			b, err = ns.Get(ctx, "web", "http", path)
			return err
		})
		if err != nil {
			failure <- err
			return
		}
		answer <- string(b)
	}()
	return func() string {
		t.Helper()
		select {
		case a := <-answer:
			return a
		case err := <-failure:
			t.Errorf("web's request to %s: %v", path, err)
			return ""
		}
	}
}

// awaitHost waits until the cluster's requests are answered by the program of that
// name.
func awaitHost(t *testing.T, ns *harness.Namespace, hostname string) {
	t.Helper()
	harness.Eventually(t, "answers by "+hostname, func(ctx context.Context) error {
		who, err := ns.Whoami(ctx)
		if err == nil && who.Hostname != hostname {
			err = fmt.Errorf("%s answers", who.Hostname)
		}
		return err
	})
}

// requireEnvironGone wants no process on this machine with the entry in its
// environment.
func requireEnvironGone(t *testing.T, entry string) {
	t.Helper()
	harness.Eventually(t, "the end of every process with "+entry, func(context.Context) error {
		environs, err := filepath.Glob("/proc/[0-9]*/environ")
		if err != nil {
			return err
		}
		for _, path := range environs {
			content, err := os.ReadFile(path)
			if err == nil && strings.Contains("\x00"+string(content), "\x00"+entry+"\x00") {
				name, _ := os.ReadFile(filepath.Join(filepath.Dir(path), "cmdline"))
				return fmt.Errorf("%s: %q", path, name)
			}
		}
		return nil
	})
}
