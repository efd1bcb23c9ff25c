package e2e

import (
	"context"
	"fmt"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/tandem-dev/tandem/e2e/harness"
	"github.com/tandem-dev/tandem/rpc/protocol"
)

// Somebody scales the original up under a session: it is taken down once more,
// and who did it is said. Whoever does it again gets his way.
func TestContested(t *testing.T) {
	t.Parallel()
	ns := harness.NewNamespace(t)
	ws := harness.NewWorkspace(t, ns)
	c := harness.Serve(ws)
	ready := c.MustStart("api")
	scale := func(replicas int) {
		t.Helper()
		_, err := ns.Cluster.AppsV1().Deployments(ns.Name).Patch(t.Context(), "api", types.MergePatchType,
			fmt.Appendf(nil, `{"spec":{"replicas":%d}}`, replicas), metav1.PatchOptions{FieldManager: "somebody"})
		if err != nil {
			t.Fatal(err)
		}
	}
	scale(3)
	told := c.AwaitChange("a warning", func(s protocol.Snapshot) bool { return len(s.Warnings) > 0 })
	if w := told.Warnings[0]; w.Code != "contested" || !strings.Contains(w.Message, "3 replicas") || !strings.Contains(w.Message, "somebody") {
		t.Errorf("warning %+v; want contested, by somebody, to 3 replicas", w)
	}
	c.AwaitChange("the traffic here alone again", func(s protocol.Snapshot) bool {
		return s.Seq > told.Seq && s.Traffic == protocol.TrafficLocal
	})
	requireReplicas(t, ns, 0)
	ns.AwaitServedBy("local")

	scale(1)
	lost := c.AwaitChange("giving in", func(s protocol.Snapshot) bool { return s.Cause != nil && s.Cause.Kind == "contested" })
	if lost.State != protocol.StateReady || lost.Traffic != protocol.TrafficBoth || lost.Cause.Hint == "" {
		t.Errorf("state %s, traffic %s, cause %+v", lost.State, lost.Traffic, lost.Cause)
	}
	requireReplicas(t, ns, 1)
	scale(0)
	c.AwaitChange("peace", func(s protocol.Snapshot) bool {
		return s.Seq > lost.Seq && s.Cause == nil && s.Traffic == protocol.TrafficLocal
	})

	// A new template is told of as well, and what was scaled last comes back.
	_, err := ns.Cluster.AppsV1().Deployments(ns.Name).Patch(t.Context(), "api", types.StrategicMergePatchType,
		[]byte(`{"spec":{"template":{"metadata":{"labels":{"release":"2"}}}}}`), metav1.PatchOptions{FieldManager: "helm"})
	if err != nil {
		t.Fatal(err)
	}
	c.AwaitChange("the new template", func(s protocol.Snapshot) bool {
		return len(s.Warnings) > 0 && strings.Contains(s.Warnings[len(s.Warnings)-1].Message, "helm")
	})
	c.MustStop(ready.ID)
	requireReplicas(t, ns, 3)
	ws.RequireNoTrace()
}

// The original is deleted: the session ends and says so.
func TestOriginalDeleted(t *testing.T) {
	t.Parallel()
	ns := harness.NewNamespace(t)
	ws := harness.NewWorkspace(t, ns)
	c := harness.Serve(ws)
	ready := c.MustStart("api")
	if err := ns.Cluster.AppsV1().Deployments(ns.Name).Delete(t.Context(), "api", metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	ended := c.AwaitChange("the end", func(s protocol.Snapshot) bool { return s.ID == ready.ID && harness.Ended(s.State) })
	if ended.State != protocol.StateFailed || ended.Cause == nil || ended.Cause.Kind != "workload-not-found" {
		t.Errorf("ended as %s, cause %+v", ended.State, ended.Cause)
	}
	ws.RequireNoTrace()
	harness.Eventually(t, "nothing of ours in the cluster", func(ctx context.Context) error {
		all, err := ns.Deployments(ctx, harness.DevLabel)
		if err == nil && len(all) > 0 {
			err = fmt.Errorf("%d dev Deployments", len(all))
		}
		return err
	})
}

// One's own other tandem is told as well, also where both share a journal.
func TestTakeoverFromMyself(t *testing.T) {
	t.Parallel()
	ns := harness.NewNamespace(t)
	before := ns.State()
	ws := harness.NewWorkspace(t, ns)
	first := harness.Serve(ws)
	mine := first.MustStart("api")
	second := harness.Serve(ws)
	requireFailure(t, second.Call(protocol.MethodSessionStart, second.StartParams("api"), nil), "session-busy", "api")
	params := second.StartParams("api")
	params.Options.Takeover = true
	var now protocol.Snapshot
	second.MustCall(protocol.MethodSessionStart, params, &now)
	ended := first.AwaitChange("the end of the first", func(s protocol.Snapshot) bool { return s.ID == mine.ID && harness.Ended(s.State) })
	if ended.Cause == nil || ended.Cause.Kind != "taken-over" || !strings.Contains(ended.Cause.Message, fmt.Sprint(second.PID())) {
		t.Errorf("the first session's cause: %+v; want taken-over by process %d", ended.Cause, second.PID())
	}
	ns.AwaitServedBy("local")
	second.MustStop(now.ID)
	ns.RequireState(before)
	ws.RequireNoTrace()
}
