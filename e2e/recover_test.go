package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/tandem-dev/tandem/e2e/harness"
	"github.com/tandem-dev/tandem/rpc/protocol"
)

// withFlags puts flags before the verb.
func withFlags(flags ...string) func(*exec.Cmd) {
	return func(cmd *exec.Cmd) { cmd.Args = append(append([]string{cmd.Args[0]}, flags...), cmd.Args[1:]...) }
}

// A restarted editor goes on with the session of the server that was killed: the
// same pod, the command started again, and nothing to be asked for.
func TestRestartedServerContinues(t *testing.T) {
	t.Parallel()
	ns := harness.NewNamespace(t)
	ws := harness.NewWorkspace(t, ns)
	before := ns.State()
	first := harness.Serve(ws)
	started := first.MustStart("api")
	who := ns.AwaitServedBy("local")
	if started.Guard != protocol.GuardProcess && started.Guard != protocol.GuardInCluster {
		t.Errorf("the session is guarded by %q", started.Guard)
	}
	first.Signal(syscall.SIGKILL)
	first.Exit()
	requireGone(t, who.PID)

	began := time.Now()
	second := harness.Serve(ws)
	ready := second.AwaitChange("the continued session", func(s protocol.Snapshot) bool {
		return s.ID == started.ID && s.State == protocol.StateReady
	})
	t.Logf("ready %s after the new server was started", time.Since(began))
	if !ready.Adopted || ready.Pod.Name != started.Pod.Name || ready.Workload.Replicas != 2 || ready.Env.Count != started.Env.Count {
		t.Errorf("continued: adopted %v, pod %s, %d replicas, %d variables; want the pod %s, 2 and %d",
			ready.Adopted, ready.Pod.Name, ready.Workload.Replicas, ready.Env.Count, started.Pod.Name, started.Env.Count)
	}
	// Whoever asks for the session now gets it.
	if again := second.MustStart("api"); again.Pod.Name != started.Pod.Name {
		t.Errorf("session/start made pod %s", again.Pod.Name)
	}
	running := second.AwaitChange("the local process", func(s protocol.Snapshot) bool { return s.Process != nil })
	harness.Eventually(t, "the new process answers", pidAnswers(ns, running.Process.PID))
	second.MustStop(started.ID)
	ns.RequireState(before)
	ws.RequireNoTrace()
	requireNoGuard(t, ws)
}

// What a server of another workspace or a terminal left is offered, not taken.
func TestRecover(t *testing.T) {
	t.Parallel()
	ns := harness.NewNamespace(t)
	before := ns.State()
	for _, action := range []protocol.RecoverAction{protocol.RecoverAdopt, protocol.RecoverRestore} {
		t.Run(string(action), func(t *testing.T) {
			ns := ns.For(t)
			ws := harness.NewWorkspace(t, ns)
			up := ws.Command("up", "api")
			if err := up.Start(); err != nil {
				t.Fatal(err)
			}
			ns.AwaitServedBy("local")
			kill(t, up)

			c := harness.Serve(ws)
			var list protocol.SessionListResult
			c.MustCall(protocol.MethodSessionList, protocol.SessionListParams{}, &list)
			if len(list.Sessions) != 0 || len(list.Recoverable) != 1 {
				t.Fatalf("session/list: %+v", list)
			}
			left := list.Recoverable[0]
			if left.ID != ws.SessionID("api") || left.Role != "up" || left.PID != up.Process.Pid || left.Workload != "Deployment/api" {
				t.Errorf("recoverable: %+v", left)
			}
			var snap protocol.Snapshot
			c.MustCall(protocol.MethodSessionRecover, protocol.SessionRecoverParams{ID: left.ID, Action: action}, &snap)
			if action == protocol.RecoverAdopt {
				if snap.State != protocol.StateReady || !snap.Adopted {
					t.Errorf("adopted: %+v", snap)
				}
				ns.AwaitServedBy("local")
				c.MustStop(left.ID)
			} else if snap.State != protocol.StateStopped {
				t.Errorf("restored: %+v", snap)
			}
			ns.RequireRestored(before)
			ws.RequireNoTrace()
			requireNoGuard(t, ws)
		})
	}
	ns.AwaitState(before)
}

// What a terminal's session left is asked about as soon as the editor's server is
// there, with nothing but LSP: the user's answer continues it, or gives it back.
func TestRecoveryIsAskedAbout(t *testing.T) {
	t.Parallel()
	ns := harness.NewNamespace(t)
	before := ns.State()
	for _, answer := range []string{"Continue", "Restore"} {
		t.Run(answer, func(t *testing.T) {
			ns := ns.For(t)
			ws := harness.NewWorkspace(t, ns)
			up := ws.Command("up", "api")
			if err := up.Start(); err != nil {
				t.Fatal(err)
			}
			ns.AwaitServedBy("local")
			pods, err := ns.Pods(t.Context(), harness.DevLabel)
			if err != nil || len(pods) != 1 {
				t.Fatalf("%d dev pods, %v", len(pods), err)
			}
			kill(t, up)

			asked := make(chan protocol.ShowMessageRequestParams, 1)
			c := harness.ServeWith(ws, harness.Options{Answer: func(method string, params json.RawMessage) any {
				var p protocol.ShowMessageRequestParams
				if method != protocol.MethodShowMessageRequest || json.Unmarshal(params, &p) != nil {
					return nil
				}
				asked <- p
				return protocol.MessageActionItem{Title: answer}
			}})
			told := c.Await("what became of it", func(n harness.Notification) bool { return n.Method == protocol.MethodShowMessage })
			p := <-asked
			if want := fmt.Sprintf("left 1 session diverted: %s (Deployment/api)", ws.SessionID("api")); !strings.Contains(p.Message, want) {
				t.Errorf("asked %q, want %q", p.Message, want)
			}
			switch answer {
			case "Continue":
				if want := ws.SessionID("api") + " is ready, 3 tunnels"; !strings.Contains(string(told.Params), want) {
					t.Errorf("told %s, want %q", told.Params, want)
				}
				var snap protocol.Snapshot
				c.MustCall(protocol.MethodSessionGet, protocol.SessionGetParams{ID: ws.SessionID("api")}, &snap)
				if !snap.Adopted || snap.Pod.Name != pods[0].Name {
					t.Errorf("adopted %v in pod %s, want %s", snap.Adopted, snap.Pod.Name, pods[0].Name)
				}
				ns.AwaitServedBy("local")
				c.MustStop(snap.ID)
			default:
				if want := fmt.Sprintf("Deployment %s/api is back at 2 replicas", ns.Name); !strings.Contains(string(told.Params), want) {
					t.Errorf("told %s, want %q", told.Params, want)
				}
			}
			ns.RequireRestored(before)
			ws.RequireNoTrace()
			requireNoGuard(t, ws)
		})
	}
	ns.AwaitState(before)
}

// `tandem up` after a crash of `tandem up` goes on where that was.
func TestUpContinues(t *testing.T) {
	t.Parallel()
	ns := harness.NewNamespace(t)
	ws := harness.NewWorkspace(t, ns)
	before := ns.State()
	first := ws.Command("up", "api")
	if err := first.Start(); err != nil {
		t.Fatal(err)
	}
	ns.AwaitServedBy("local")
	pods, err := ns.Pods(t.Context(), harness.DevLabel)
	if err != nil || len(pods) != 1 {
		t.Fatalf("%d dev pods, %v", len(pods), err)
	}
	kill(t, first)

	second := ws.Command("up", "api")
	if err := second.Start(); err != nil {
		t.Fatal(err)
	}
	ns.AwaitServedBy("local")
	if now, err := ns.Pods(t.Context(), harness.DevLabel); err != nil || len(now) != 1 || now[0].Name != pods[0].Name {
		t.Errorf("dev pods now: %d, %v; want %s alone", len(now), err, pods[0].Name)
	}
	signal(t, second, syscall.SIGTERM)
	_ = second.Wait()
	ns.RequireState(before)
	ws.RequireNoTrace()
}

// A guard outlives the server and gives the cluster back, with nobody's help.
func TestGuardGivesBack(t *testing.T) {
	t.Parallel()
	const grace = 8 * time.Second
	ns := harness.NewNamespace(t)
	ws := harness.NewWorkspace(t, ns)
	before := ns.State()
	c := harness.ServeWith(ws, harness.Options{Wrap: withFlags("--guard-grace", grace.String())})
	c.MustStart("api")
	c.Signal(syscall.SIGKILL)
	c.Exit()
	killed := time.Now()
	// The workload has its replicas within the grace period; under the load of
	// other tests its pods may take longer.
	harness.Eventually(t, "the original's replicas", func(ctx context.Context) error {
		all, err := ns.Deployments(ctx, "app=api,!"+harness.DevLabel)
		if err == nil && (len(all) != 1 || *all[0].Spec.Replicas != 2) {
			err = fmt.Errorf("%d Deployments, not at 2 replicas", len(all))
		}
		return err
	})
	if took := time.Since(killed); took > grace {
		t.Errorf("the guard took %s, the grace period is %s", took, grace)
	} else {
		t.Logf("given back %s after SIGKILL, with a grace period of %s", took, grace)
	}
	harness.Eventually(t, "the end of the guard", func(context.Context) error {
		if guards := guardsOf(ws); len(guards) > 0 {
			return fmt.Errorf("guards %v", guards)
		}
		return nil
	})
	ns.RequireState(before)
	ws.RequireNoTrace()
}

func kill(t *testing.T, cmd *exec.Cmd) {
	t.Helper()
	signal(t, cmd, syscall.SIGKILL)
	_ = cmd.Wait() // it says that it was killed
}

// guardsOf are the pids of the guard processes of a workspace.
func guardsOf(ws *harness.Workspace) []string {
	var guards []string
	all, _ := filepath.Glob("/proc/[0-9]*/cmdline")
	for _, path := range all {
		line, err := os.ReadFile(path)
		if err != nil {
			continue // it has ended
		}
		if text := string(line); strings.Contains(text, "\x00guard\x00") && strings.Contains(text, ws.StateDir) {
			guards = append(guards, filepath.Base(filepath.Dir(path)))
		}
	}
	return guards
}

// requireNoGuard: once nothing is left to guard, no guard is left.
func requireNoGuard(t *testing.T, ws *harness.Workspace) {
	t.Helper()
	harness.Eventually(t, "no guard process", func(context.Context) error {
		if guards := guardsOf(ws); len(guards) > 0 {
			return fmt.Errorf("guards %v", guards)
		}
		return nil
	})
}
