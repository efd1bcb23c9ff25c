package e2e

import (
	"io"
	"net"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/tandem-dev/tandem/e2e/harness"
	"github.com/tandem-dev/tandem/rpc/protocol"
)

// A developer debugs the shop's api as if it were in the cluster: a request from web
// stops in it; the link is lost and comes back meanwhile; the program goes on, and
// the next answer reaches web. Afterwards the command is back, and a debugger attaches
// to that.
func TestDebugGo(t *testing.T) {
	t.Parallel()
	ns := harness.NewNamespace(t)
	ws := harness.NewWorkspace(t, ns)
	before := ns.State()
	c := harness.Serve(ws)
	ready := c.MustStart("api")
	who := ns.AwaitServedBy("local")

	var d protocol.DebugStartResult
	c.MustCall(protocol.MethodDebugStart, protocol.DebugStartParams{ID: ready.ID, DebugOptions: protocol.DebugOptions{Program: "./api"}}, &d)
	if d.Language != protocol.DebugGo || d.Protocol != protocol.DebugDAP {
		t.Fatalf("%+v", d)
	}
	requireGone(t, who.PID) // it had the port
	file := filepath.Join(ws.Dir, "api", "orders.go")
	line := lineOf(t, file, "orders := make(")
	client := attachDAP(t, dial(t, d), configuration(t, d), file, line)
	debugged := ns.AwaitServedBy("local")
	if debugged.PID == who.PID {
		t.Errorf("the command answers, not the program under the debugger")
	}

	ask(t, ns, "/orders")
	if got := client.awaitStop(t, `call os.Getenv("API_TOKEN")`); !strings.Contains(got, token) {
		t.Errorf("the variable from the Secret is %s", got)
	}

	// The request's way is cut while it stands in the program.
	now := int64(0)
	if err := ns.Cluster.CoreV1().Pods(ns.Name).Delete(t.Context(), ready.Pod.Name, metav1.DeleteOptions{GracePeriodSeconds: &now}); err != nil {
		t.Fatal(err)
	}
	lost := c.AwaitState(ready.ID, protocol.StateReconnecting)
	again := c.AwaitChange("ready again", func(s protocol.Snapshot) bool {
		return s.ID == ready.ID && s.State == protocol.StateReady && s.Seq > lost.Seq
	})
	if len(again.Debug) != 1 || again.Debug[0].ID != d.Debug {
		t.Errorf("debuggers after the link was lost: %+v", again.Debug)
	}
	if got := client.evaluate(t, "len(raw)"); got != "0" {
		t.Errorf("len(raw) is %s", got)
	}
	client.resume(t)

	ns.AwaitServedBy("local")
	client.breakAt(t, line)
	second := ask(t, ns, "/orders")
	client.awaitStop(t, "len(raw)")
	client.resume(t)
	if got := second(); strings.TrimSpace(got) != "[]" {
		t.Errorf("web got %s", got)
	}

	client.leave(t)
	requireGone(t, debugged.PID)
	c.AwaitChange("the command again", func(s protocol.Snapshot) bool {
		return s.ID == ready.ID && len(s.Debug) == 0 && s.Seq > again.Seq && s.Process != nil && s.Process.State == "running"
	})
	back := ns.AwaitServedBy("local")
	if back.PID == debugged.PID || back.PID == who.PID {
		t.Errorf("pid %d answers, want a new one", back.PID)
	}

	// A debugger at the command as it runs, which was built from sources in another
	// folder; it goes on when the debugger leaves.
	root, err := harness.Root()
	if err != nil {
		t.Fatal(err)
	}
	c.MustCall(protocol.MethodDebugStart, protocol.DebugStartParams{ID: ready.ID, DebugOptions: protocol.DebugOptions{
		Mode: protocol.DebugAttach, SubstitutePath: []protocol.DebugPathRule{{From: ws.Dir, To: filepath.Join(root, "testbed", "shop")}}}}, &d)
	client = attachDAP(t, dial(t, d), configuration(t, d), file, line)
	third := ask(t, ns, "/orders")
	client.awaitStop(t, "1") // that was built with optimisations: its variables may not be there
	client.resume(t)
	if got := third(); strings.TrimSpace(got) != "[]" {
		t.Errorf("web got %s", got)
	}
	client.leave(t)
	if now := ns.AwaitServedBy("local"); now.PID != back.PID {
		t.Errorf("pid %d answers after the debugger has left, want %d", now.PID, back.PID)
	}
	c.MustStop(ready.ID)
	requireNoSecrets(t, c)
	ns.RequireState(before)
	ws.RequireNoTrace()
}

// An editor that starts its adapter itself joins the session with `tandem dap`, and
// needs no arguments. When the server is killed while the program stands at a
// breakpoint, nothing stays behind.
func TestDebugAdapterOnStdio(t *testing.T) {
	t.Parallel()
	ns := harness.NewNamespace(t)
	ws := harness.NewWorkspace(t, ns)
	ws.Replace("command: ["+harness.ShopBinary(t, "api")+"]", "command: [go, run, ./api]")
	before := ns.State()
	c := harness.Serve(ws)
	params := c.StartParams("api")
	params.Options.Run = false
	var ready protocol.Snapshot
	c.MustCall(protocol.MethodSessionStart, params, &ready)

	file := filepath.Join(ws.Dir, "api", "orders.go")
	client := attachDAP(t, stdio(t, ws.Command("dap", "api")), map[string]any{"request": "launch"}, file, lineOf(t, file, "orders := make("))
	awaitTraffic(t, c, ns, ready.ID)
	who := ns.AwaitServedBy("local")
	ask(t, ns, "/orders")
	if got := client.awaitStop(t, `call os.Getenv("API_TOKEN")`); !strings.Contains(got, token) {
		t.Errorf("the variable from the Secret is %s", got)
	}

	c.Signal(syscall.SIGKILL)
	c.Exit()
	requireGone(t, who.PID)
	requireEnvironGone(t, "SHOP_LISTEN="+ws.Localhost(8080))
	if r := ws.Run("down", "api"); r.Code != 0 {
		t.Errorf("tandem down: %d %s", r.Code, r.Stderr)
	}
	ns.AwaitState(before)
}

// stdio is a command's input and output as a connection.
func stdio(t *testing.T, cmd *exec.Cmd) net.Conn {
	t.Helper()
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ours, theirs := net.Pipe()
	copied := make(chan struct{}, 2)
	go func() { _, _ = io.Copy(in, theirs); in.Close(); copied <- struct{}{} }()      // ends with the client
	go func() { _, _ = io.Copy(theirs, out); theirs.Close(); copied <- struct{}{} }() // ends with the command
	t.Cleanup(func() {
		_ = ours.Close()
		<-copied
		<-copied
		_ = cmd.Wait() // a server that was killed leaves it with an error
	})
	return ours
}
