package e2e

import (
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/tandem-dev/tandem/e2e/harness"
	"github.com/tandem-dev/tandem/rpc/protocol"
)

// The dev pod may be evicted, or its node may go: the session follows the next
// pod while the local process lives on and keeps its forwards.
func TestReconnectToNewPod(t *testing.T) {
	t.Parallel()
	ns := harness.NewNamespace(t)
	ws := harness.NewWorkspace(t, ns)
	before := ns.State()
	c := harness.Serve(ws)
	ready := c.MustStart("api")
	who := ns.AwaitServedBy("local")

	now := int64(0)
	if err := ns.Cluster.CoreV1().Pods(ns.Name).Delete(t.Context(), ready.Pod.Name, metav1.DeleteOptions{GracePeriodSeconds: &now}); err != nil {
		t.Fatal(err)
	}
	lost := c.AwaitState(ready.ID, protocol.StateReconnecting)
	if lost.Cause == nil || lost.Cause.Message == "" {
		t.Errorf("reconnecting without a cause")
	}
	again := c.AwaitChange("ready again", func(s protocol.Snapshot) bool {
		return s.ID == ready.ID && s.State == protocol.StateReady && s.Seq > lost.Seq
	})
	if again.Pod.Name == ready.Pod.Name {
		t.Errorf("the session is ready with the pod that was deleted, %s", again.Pod.Name)
	}
	if again.Process == nil || again.Process.State != "running" || again.Process.PID != who.PID {
		t.Errorf("the local process is %+v, want running with pid %d", again.Process, who.PID)
	}
	if now := ns.AwaitServedBy("local"); now.PID != who.PID {
		t.Errorf("pid %d answers, want %d", now.PID, who.PID)
	}
	order(t, ws.Localhost(8080), "after the storm") // through the forward, to Redis
	c.MustStop(ready.ID)
	ns.RequireState(before)
	ws.RequireNoTrace()
}
