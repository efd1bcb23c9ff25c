package e2e

import (
	"encoding/json"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/tandem-dev/tandem/e2e/harness"
	"github.com/tandem-dev/tandem/rpc/protocol"
)

// One server has several sessions at once; the same one twice is refused, by
// this server and by any other of this user.
func TestTwoSessions(t *testing.T) {
	t.Parallel()
	ns := harness.NewNamespace(t)
	ws := harness.NewWorkspace(t, ns)
	before := ns.State()
	c := harness.Serve(ws)

	var api, web protocol.Snapshot
	startAPI := c.Go(protocol.MethodSessionStart, c.StartParams("api"), &api)
	startWeb := c.Go(protocol.MethodSessionStart, c.StartParams("web"), &web)
	for _, start := range []*harness.Call{startAPI, startWeb} {
		if err := start.Wait(); err != nil {
			t.Fatal(harness.Describe(err))
		}
	}
	// The cluster's front is local now, and asks the api through its own forward,
	// which leads to the cluster's api Service, and from there back here.
	c.AwaitOutput(web.ID, "serving")
	who := ns.AwaitServedBy("local")
	if page := fetch(t, "http://"+ws.Localhost(8081)+"/"); !strings.Contains(page, "This page comes from: local") {
		t.Errorf("the local page: %s", page)
	}

	var list protocol.SessionListResult
	c.MustCall(protocol.MethodSessionList, protocol.SessionListParams{}, &list)
	var ids []string
	for _, s := range list.Sessions {
		ids = append(ids, s.ID)
	}
	if diff := cmp.Diff([]string{api.ID, web.ID}, ids); diff != "" {
		t.Errorf("session/list (-want +got):\n%s", diff)
	}

	requireFailure(t, c.Call(protocol.MethodSessionStart, c.StartParams("api"), nil), "session-busy", api.ID)
	other := harness.Serve(ws)
	requireFailure(t, other.Call(protocol.MethodSessionStart, other.StartParams("api"), nil), "session-busy", "tandem down api")
	if now := ns.AwaitServedBy("local"); now.PID != who.PID {
		t.Errorf("pid %d answers after refused starts, want %d", now.PID, who.PID)
	}

	c.MustStop(web.ID)
	if now := ns.AwaitServedBy("local"); now.PID != who.PID {
		t.Errorf("pid %d answers after the other session ended, want %d", now.PID, who.PID)
	}
	c.MustStop(api.ID)
	ns.RequireState(before)
	ws.RequireNoTrace()
}

// A workload that a colleague has is refused with the colleague's name, and
// taken over only when asked to; the colleague's session then ends and leaves
// the new one alone.
func TestTakeover(t *testing.T) {
	t.Parallel()
	ns := harness.NewNamespace(t)
	before := ns.State()
	mine, theirs := harness.NewWorkspace(t, ns), harness.NewWorkspace(t, ns)
	colleague := harness.ServeWith(theirs, harness.Options{Wrap: onAnotherMachine(t, "colleagues-laptop")})
	first := colleague.MustStart("api")
	who := ns.AwaitServedBy("local")

	c := harness.Serve(mine)
	err := c.Call(protocol.MethodSessionStart, c.StartParams("api"), nil)
	requireFailure(t, err, "session-busy", "colleagues-laptop")
	if now := ns.AwaitServedBy("local"); now.PID != who.PID {
		t.Errorf("pid %d answers after a refused start, want the colleague's, %d", now.PID, who.PID)
	}
	mine.RequireNoTrace()
	// Nor does down touch it.
	if r := mine.Run("down", "api"); r.Code != 1 || !strings.Contains(r.Stderr, "colleagues-laptop") {
		t.Errorf("tandem down: exit code %d, %s", r.Code, r.Stderr)
	}

	params := c.StartParams("api")
	params.Options.Takeover = true
	var second protocol.Snapshot
	c.MustCall(protocol.MethodSessionStart, params, &second)
	if second.Workload.Replicas != 2 {
		t.Errorf("the session that took over knows %d replicas, want the original's 2", second.Workload.Replicas)
	}
	ended := colleague.AwaitChange("the end of the first session", func(s protocol.Snapshot) bool {
		return s.ID == first.ID && harness.Ended(s.State)
	})
	host, _ := os.Hostname()
	if ended.State != protocol.StateFailed || ended.Cause == nil || ended.Cause.Kind != "taken-over" || !strings.Contains(ended.Cause.Message, host) {
		t.Errorf("the first session ended as %s, cause %+v; want failed, taken over from %s", ended.State, ended.Cause, host)
	}
	running := c.AwaitChange("the local process", func(s protocol.Snapshot) bool { return s.Process != nil })
	harness.Eventually(t, "the answers of the second session", pidAnswers(ns, running.Process.PID))
	c.MustStop(second.ID)
	ns.RequireState(before)
	mine.RequireNoTrace()
	theirs.RequireNoTrace()
}

// onAnotherMachine runs the server under another host name, in a UTS namespace
// of its own (uts_namespaces(7)): to the cluster it is another machine.
func onAnotherMachine(t *testing.T, hostname string) func(*exec.Cmd) {
	t.Helper()
	unshare := program(t, "unshare", "util-linux")
	return func(cmd *exec.Cmd) {
		args := []string{unshare, "--uts"}
		if os.Geteuid() != 0 {
			args = append(args, "--user", "--map-current-user")
		}
		args = append(args, "sh", "-c", `echo "$0" > /proc/sys/kernel/hostname && exec "$@"`, hostname)
		cmd.Path, cmd.Args = unshare, append(args, cmd.Args...)
	}
}

// Two tandems of one user with different state folders, an editor's and the
// terminal's, do not know each other's journals. The one must not take the
// other's living session for its own leftovers.
func TestOtherStateDir(t *testing.T) {
	t.Parallel()
	ns := harness.NewNamespace(t)
	before := ns.State()
	editor, terminal := harness.NewWorkspace(t, ns), harness.NewWorkspace(t, ns)
	first := harness.Serve(editor)
	running := first.MustStart("api")
	who := ns.AwaitServedBy("local")

	second := harness.Serve(terminal)
	requireFailure(t, second.Call(protocol.MethodSessionStart, second.StartParams("api"), nil), "session-busy", running.ID)
	if now := ns.AwaitServedBy("local"); now.PID != who.PID {
		t.Errorf("pid %d answers after a refused start, want %d", now.PID, who.PID)
	}
	first.MustStop(running.ID)
	ns.RequireState(before)
}

// `kubectl rollout undo` copies the annotations of a revision's ReplicaSet to
// the Deployment, and a ReplicaSet keeps a session's mark for good (see
// harness.State). Such a mark has nothing behind it, and stops nobody.
func TestMarkThatRolloutUndoBringsBack(t *testing.T) {
	t.Parallel()
	ns := harness.NewNamespace(t)
	first, second := harness.NewWorkspace(t, ns), harness.NewWorkspace(t, ns)
	before := ns.State()
	c := harness.Serve(first)
	ready := c.MustStart("api")
	original, err := ns.Cluster.AppsV1().Deployments(ns.Name).Get(t.Context(), "api", metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	const mark = "tandem.dev/session"
	var record map[string]any
	if err := json.Unmarshal([]byte(original.Annotations[mark]), &record); err != nil {
		t.Fatalf("the original's mark: %v", err)
	}
	c.MustStop(ready.ID)
	ns.AwaitState(before)

	record["since"] = time.Now().Add(-time.Hour) // the undo comes later
	old, err := json.Marshal(record)
	if err != nil {
		t.Fatal(err)
	}
	patch, err := json.Marshal(map[string]any{"metadata": map[string]any{"annotations": map[string]string{mark: string(old)}}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := ns.Cluster.AppsV1().Deployments(ns.Name).Patch(t.Context(), "api", types.MergePatchType, patch, metav1.PatchOptions{}); err != nil {
		t.Fatal(err)
	}

	next := harness.Serve(second)
	again := next.MustStart("api")
	next.MustStop(again.ID)
	ns.RequireState(before)
}
