package e2e

import (
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/google/go-cmp/cmp"

	"github.com/tandem-dev/tandem/e2e/harness"
	"github.com/tandem-dev/tandem/rpc/protocol"
)

// What only shows once the cluster was touched is explained as well, and
// everything is given back before the answer.
func TestLateFailures(t *testing.T) {
	t.Parallel()
	ns := harness.NewNamespace(t)
	create(t, ns, sleeping("far", func(s *corev1.PodSpec) { s.NodeSelector = map[string]string{"shop.example/zone": "nowhere"} }))
	create(t, ns, sleeping("huge", func(s *corev1.PodSpec) {
		s.Containers[0].Resources.Requests = corev1.ResourceList{corev1.ResourceCPU: resource.MustParse("1000")}
	}))
	create(t, ns, sleeping("careless", func(s *corev1.PodSpec) {
		s.SecurityContext, s.Containers[0].SecurityContext = nil, nil
	}))
	ns.AwaitShop()

	for _, test := range []struct {
		name, manifest, dev string
		arrange             func(t *testing.T, ns *harness.Namespace, o *harness.Options)
		kind                string
		says                []string
	}{
		{
			name: "agent image that cannot be pulled", manifest: hybrid("api", ""), dev: "api",
			arrange: func(_ *testing.T, _ *harness.Namespace, o *harness.Options) {
				o.Initialization.AgentImage = harness.Registry() + "/tandem/agent:never-pushed"
			},
			kind: "image-pull-failed", says: []string{"tandem/agent:never-pushed"},
		},
		{
			name: "agent image that holds no agent", manifest: hybrid("api", ""), dev: "api",
			arrange: func(_ *testing.T, _ *harness.Namespace, o *harness.Options) {
				o.Initialization.AgentImage = harness.Registry() + "/shop/web:1"
			},
			kind: "container-crashed",
		},
		{name: "node that is not there", manifest: hybrid("far", ""), dev: "far", kind: "pod-unschedulable"},
		{name: "more than a node has", manifest: hybrid("huge", ""), dev: "huge", kind: "pod-unschedulable", says: []string{"cpu"}},
		{
			name: "quota", manifest: hybrid("web", ""), dev: "web",
			arrange: func(t *testing.T, ns *harness.Namespace, _ *harness.Options) {
				create(t, ns, &corev1.ResourceQuota{ObjectMeta: metav1.ObjectMeta{Name: "few"},
					Spec: corev1.ResourceQuotaSpec{Hard: corev1.ResourceList{corev1.ResourcePods: resource.MustParse("4")}}})
				t.Cleanup(func() {
					if err := ns.Cluster.CoreV1().ResourceQuotas(ns.Name).Delete(ns.T.Context(), "few", metav1.DeleteOptions{}); err != nil {
						t.Error(err)
					}
				})
				ns.AwaitQuota("few")
			},
			kind: "quota-exceeded", says: []string{"few"},
		},
		{name: "Pod Security", manifest: hybrid("careless", ""), dev: "careless", kind: "pod-security-denied", says: []string{"restricted"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			outer, ns := ns, ns.For(t)
			ws := harness.NewWorkspace(t, ns)
			ws.WriteManifest(test.manifest)
			before := ns.State()
			var o harness.Options
			if test.arrange != nil {
				test.arrange(t, &harness.Namespace{T: outer.T, Cluster: ns.Cluster, Name: ns.Name}, &o)
			}
			c := harness.ServeWith(ws, o)
			err := c.Call(protocol.MethodSessionStart, c.StartParams(test.dev), nil)
			requireFailure(t, err, test.kind, test.says...)
			ns.RequireRestored(before)
			ws.RequireNoTrace()
			states := c.States(ws.SessionID(test.dev))
			if diff := cmp.Diff([]protocol.State{protocol.StateStopping, protocol.StateFailed}, states[max(0, len(states)-2):]); diff != "" {
				t.Errorf("the last states (-want +got):\n%s", diff)
			}
			last := c.Changes(ws.SessionID(test.dev))
			if cause := last[len(last)-1].Cause; cause == nil || cause.Kind != test.kind || cause.Hint == "" {
				t.Errorf("the session's cause is %+v, want %s with a hint", cause, test.kind)
			}
		})
	}
	ns.AwaitShop()
}

// The agent may die with the session under way: an out-of-memory kill, say.
// The kubelet starts it again, and the session goes on.
func TestAgentCrash(t *testing.T) {
	t.Parallel()
	ns := harness.NewNamespace(t)
	ws := harness.NewWorkspace(t, ns)
	before := ns.State()
	c := harness.Serve(ws)
	ready := c.MustStart("api")
	who := ns.AwaitServedBy("local")

	pod, err := ns.Cluster.CoreV1().Pods(ns.Name).Get(t.Context(), ready.Pod.Name, metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	killAgent(t, string(pod.UID))

	c.AwaitState(ready.ID, protocol.StateReconnecting)
	c.AwaitChange("ready again", func(s protocol.Snapshot) bool {
		return s.ID == ready.ID && s.State == protocol.StateReady && s.Seq > ready.Seq && after(c, s, protocol.StateReconnecting)
	})
	if again := ns.AwaitServedBy("local"); again.PID != who.PID {
		t.Errorf("pid %d answers after the crash, want the same local process, %d", again.PID, who.PID)
	}
	c.MustStop(ready.ID)
	ns.RequireState(before)
	ws.RequireNoTrace()
}

// killAgent kills the agent in a pod from outside, as the kernel does when
// memory runs out. Where the node is another machine nobody here can.
func killAgent(t *testing.T, podUID string) {
	t.Helper()
	processes, err := filepath.Glob("/proc/[0-9]*")
	if err != nil {
		t.Fatal(err)
	}
	for _, dir := range processes {
		cgroup, err := os.ReadFile(filepath.Join(dir, "cgroup"))
		if err != nil || (!strings.Contains(string(cgroup), podUID) && !strings.Contains(string(cgroup), strings.ReplaceAll(podUID, "-", "_"))) {
			continue
		}
		command, err := os.ReadFile(filepath.Join(dir, "cmdline"))
		if err != nil || !strings.Contains(string(command), "tandem-agent\x00serve\x00") {
			continue
		}
		pid, err := strconv.Atoi(filepath.Base(dir))
		if err == nil {
			err = syscall.Kill(pid, syscall.SIGKILL)
		}
		if errors.Is(err, syscall.EPERM) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		return
	}
	t.Skip("the agent's process is not on this machine, or another user's: it cannot be killed from here")
}

// after reports whether the session had been in a state before s.
func after(c *harness.Client, s protocol.Snapshot, state protocol.State) bool {
	for _, earlier := range c.Changes(s.ID) {
		if earlier.Seq < s.Seq && earlier.State == state {
			return true
		}
	}
	return false
}
