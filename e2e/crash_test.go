package e2e

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"syscall"
	"testing"

	"github.com/tandem-dev/tandem/e2e/harness"
	"github.com/tandem-dev/tandem/rpc/protocol"
)

// Whenever the server is killed without a word, the next tandem on the machine
// knows, and gives the cluster back.
func TestKilled(t *testing.T) {
	t.Parallel()
	ns := harness.NewNamespace(t)
	before := ns.State()
	for _, test := range []struct {
		phase protocol.State
		// moment, where not nil, says when in the phase; nil is at its beginning.
		moment func(c *harness.Client, ws *harness.Workspace)
	}{
		// The journal is written first thing in the phase.
		{protocol.StateDiverting, func(_ *harness.Client, ws *harness.Workspace) {
			harness.Eventually(ws.T, "the dev Deployment", func(ctx context.Context) error {
				return diverted(ctx, ns)
			})
		}},
		{protocol.StateConnecting, nil},
		{protocol.StateSwitching, nil},
		{protocol.StateReady, func(c *harness.Client, ws *harness.Workspace) { c.AwaitOutput(ws.SessionID("api"), "serving") }},
	} {
		t.Run(string(test.phase), func(t *testing.T) {
			ns := ns.For(t)
			ws := harness.NewWorkspace(t, ns)
			id := ws.SessionID("api")
			c := harness.Serve(ws)
			c.Go(protocol.MethodSessionStart, c.StartParams("api"), nil)
			c.AwaitState(id, test.phase)
			if test.moment != nil {
				test.moment(c, ws)
			}
			c.Signal(syscall.SIGKILL)
			c.Exit()

			status := ws.Status()
			if len(status) != 1 || status[0].ID != id || status[0].State != "crashed" || status[0].PID != c.PID() {
				t.Errorf("tandem status: %+v, want %s crashed", status, id)
			}
			if test.phase == protocol.StateReady {
				changes := c.Changes(id)
				requireGone(t, changes[len(changes)-1].Process.PID)
			}
			r := ws.Run("down", "--all")
			if r.Code != 0 || !strings.Contains(r.Stderr, "back at 2 replicas") {
				t.Errorf("tandem down --all: exit code %d\n%s", r.Code, r.Stderr)
			}
			ns.RequireRestored(before)
			ws.RequireNoTrace()
			if status := ws.Status(); len(status) != 0 {
				t.Errorf("tandem status after down: %+v", status)
			}
		})
	}
	ns.AwaitState(before)
	ns.AwaitServedBy("cluster")
}

// After a crash one simply starts again. Where the manifest has changed so that
// the dev container does not fit, the leftovers are undone first.
func TestStartAfterCrash(t *testing.T) {
	t.Parallel()
	ns := harness.NewNamespace(t)
	ws := harness.NewWorkspace(t, ns)
	before := ns.State()
	first := harness.Serve(ws)
	crashed := first.MustStart("api")
	who := ns.AwaitServedBy("local")
	first.Signal(syscall.SIGKILL)
	first.Exit()
	requireGone(t, who.PID)

	ws.Replace("mode: hybrid", "mode: hybrid\n    metadata: {labels: {changed: \"yes\"}}")
	second := harness.Serve(ws)
	again := second.MustStart("api")
	if again.Workload.Replicas != 2 || again.Pod.Name == crashed.Pod.Name || again.Adopted {
		t.Errorf("the second session: %d replicas, pod %s, adopted %v; want the original's 2 and a pod of its own",
			again.Workload.Replicas, again.Pod.Name, again.Adopted)
	}
	running := second.AwaitChange("the local process", func(s protocol.Snapshot) bool { return s.Process != nil })
	harness.Eventually(t, "the second session's process answers", pidAnswers(ns, running.Process.PID))
	second.MustStop(again.ID)
	ns.RequireState(before)
	ws.RequireNoTrace()
}

// A journal that was lost with the machine is no loss: the cluster tells.
func TestDownWithoutJournal(t *testing.T) {
	t.Parallel()
	ns := harness.NewNamespace(t)
	ws := harness.NewWorkspace(t, ns)
	before := ns.State()
	c := harness.Serve(ws)
	c.MustStart("api")
	c.Signal(syscall.SIGKILL)
	c.Exit()
	ws.StateDir = t.TempDir()
	if r := ws.Run("down", "--all"); r.Code != 0 || !strings.Contains(r.Stderr, "back at 2 replicas") {
		t.Errorf("tandem down --all: exit code %d\n%s", r.Code, r.Stderr)
	}
	ns.RequireState(before)
}

// However a server is asked to end, it gives the cluster back first.
func TestOrderlyEnds(t *testing.T) {
	t.Parallel()
	ns := harness.NewNamespace(t)
	before := ns.State()
	for _, test := range []struct {
		name string
		end  func(c *harness.Client)
		code int
	}{
		{"end of input", func(c *harness.Client) { c.EndInput() }, 0},
		{"SIGTERM", func(c *harness.Client) { c.Signal(syscall.SIGTERM) }, 0},
		{"SIGINT", func(c *harness.Client) { c.Signal(syscall.SIGINT) }, 0},
		{"SIGHUP", func(c *harness.Client) { c.Signal(syscall.SIGHUP) }, 0},
		{"exit without shutdown", func(c *harness.Client) { c.Notify(protocol.MethodExit, nil) }, 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			ns := ns.For(t)
			ws := harness.NewWorkspace(t, ns)
			c := harness.Serve(ws)
			ready := c.MustStart("api")
			running := c.AwaitChange("the local process", func(s protocol.Snapshot) bool { return s.Process != nil })
			test.end(c)
			if code := c.Exit(); code != test.code {
				t.Errorf("exit code %d, want %d", code, test.code)
			}
			requireGone(t, running.Process.PID)
			ns.RequireRestored(before)
			ws.RequireNoTrace()
			// The client heard it to the end.
			c.AwaitState(ready.ID, protocol.StateStopped)
		})
	}
	ns.AwaitState(before)
}

// A start that is under way when the editor dies is undone, too.
func TestEndOfInputWhileStarting(t *testing.T) {
	t.Parallel()
	ns := harness.NewNamespace(t)
	ws := harness.NewWorkspace(t, ns)
	before := ns.State()
	c := harness.Serve(ws)
	c.Go(protocol.MethodSessionStart, c.StartParams("api"), nil)
	c.AwaitState(ws.SessionID("api"), protocol.StateConnecting)
	c.EndInput()
	c.Exit()
	ns.RequireState(before)
	ws.RequireNoTrace()
}

// `tandem down DEV` ends the session of whichever process has it.
func TestDownEndsAServersSession(t *testing.T) {
	t.Parallel()
	ns := harness.NewNamespace(t)
	ws := harness.NewWorkspace(t, ns)
	before := ns.State()
	c := harness.Serve(ws)
	ready := c.MustStart("api")
	if r := ws.Run("down", "api"); r.Code != 0 || !strings.Contains(r.Stderr, "its session was ended") {
		t.Errorf("tandem down api: exit code %d\n%s", r.Code, r.Stderr)
	}
	ns.RequireRestored(before)
	ws.RequireNoTrace()
	c.AwaitState(ready.ID, protocol.StateStopped)
	// The server lives, and starts the next one.
	again := c.MustStart("api")
	c.MustStop(again.ID)
	ns.RequireState(before)
	if r := ws.Run("down", "api"); r.Code != 0 || !strings.Contains(r.Stderr, "nothing to give back") {
		t.Errorf("tandem down api, with nothing to do: exit code %d\n%s", r.Code, r.Stderr)
	}
}

// diverted returns nil once the namespace holds a session's Deployment.
func diverted(ctx context.Context, ns *harness.Namespace) error {
	all, err := ns.Deployments(ctx, harness.DevLabel)
	if err == nil && len(all) == 0 {
		err = errors.New("no dev Deployment")
	}
	if err != nil {
		return fmt.Errorf("%s: %w", ns.Name, err)
	}
	return nil
}
