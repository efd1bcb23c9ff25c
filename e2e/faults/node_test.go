package faults

import (
	"context"
	"fmt"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/tandem-dev/tandem/e2e/harness"
	"github.com/tandem-dev/tandem/rpc/protocol"
)

// These hit everything that runs on the node, so they run alone: no t.Parallel.

// The API server is gone for half a minute, and with it the only way to the pod.
func TestAPIServerDown(t *testing.T) {
	needsLong(t)
	n := needNode(t)
	s := newScene(t, "API server down 30s")
	s.strike(func() {
		n.down("kube-apiserver", 30*time.Second)
		// It is whole again when it answers, not when its process begins.
		// Asked by a process of its own: the test's client has a connection that died.
		eventually(t, "the API server", time.Minute, func(context.Context) error {
			_, err := n.cluster("kubectl", "get", "--raw", "/readyz")
			return err
		})
	})
	s.awaitFlow(20 * time.Second)
	s.awaitControllers()
	s.finish()
}

// awaitControllers waits until the cluster's own controllers do their work again,
// which ask an API server that was away less and less often.
func (s *scene) awaitControllers() {
	s.Helper()
	deployments := s.ns.Cluster.AppsV1().Deployments(s.ns.Name)
	deploy(s.ns, "probe", partyImage(s.T), 1)
	eventually(s.T, "the controllers to make a pod", 2*time.Minute, s.ns.Settled)
	foreground := metav1.DeletePropagationForeground
	must(s, deployments.Delete(s.Context(), "probe", metav1.DeleteOptions{PropagationPolicy: &foreground}))
	must(s, s.ns.Cluster.CoreV1().Services(s.ns.Name).Delete(s.Context(), "probe", metav1.DeleteOptions{}))
	eventually(s.T, "the controllers to remove it", 2*time.Minute, s.ns.Settled)
}

// The kubelet is started again; it carries every port-forward.
func TestKubeletRestarted(t *testing.T) {
	needsLong(t)
	n := needNode(t)
	s := newScene(t, "kubelet restarted")
	s.strike(func() {
		old, _ := n.component("kubelet")
		n.down("kubelet", 0)
		eventually(t, "the kubelet", time.Minute, func(ctx context.Context) error {
			found := processes(func(p process, _ []byte) bool {
				return len(p.command) > 1 && p.command[1] == "kubelet" && p.pid != old.pid
			})
			if len(found) == 0 {
				return fmt.Errorf("no kubelet yet")
			}
			_, err := s.ns.Cluster.CoreV1().RESTClient().Get().AbsPath("/api/v1/nodes/" + n.name + "/proxy/healthz").DoRaw(ctx)
			return err
		})
	})
	s.awaitFlow(30 * time.Second)
	s.finish()
}

// The registry is gone when a session starts, and the node lacks the agent's image:
// the start says so, and gives the cluster back.
func TestRegistryGoneAtStart(t *testing.T) {
	needsLong(t)
	s := stage(t, options{fault: "registry gone at the start"})
	before := time.Now()
	s.c = harness.ServeWith(s.ws, harness.Options{Initialization: protocol.InitializationOptions{
		AgentImage: "127.0.0.1:1/tandem/agent:gone"}})
	err := s.c.Call(protocol.MethodSessionStart, s.c.StartParams(original), nil)
	if f, ok := harness.FailureOf(err); !ok || f.Data.Kind != "image-pull-failed" || f.Data.Hint == "" {
		t.Errorf("session/start without the registry: %s, want image-pull-failed with a hint", harness.Describe(err))
	}
	s.row.recovered, s.row.back, s.row.pid = time.Since(before), true, "not started"
	s.requireNothingLeft()
}

// The registry is gone during a session, and the pod is lost: the node has the
// images.
func TestRegistryGoneDuringSession(t *testing.T) {
	needsLong(t)
	n := needNode(t)
	s := newSceneWith(t, options{fault: "registry gone, and the pod lost", podDies: true})
	const table = "noregistry"
	must(t, n.nft("table ip "+table+" {\n chain out {\n type filter hook output priority 0;\n tcp dport "+registryPort(t)+" reject with tcp reset\n }\n}"))
	t.Cleanup(func() { must(t, n.nft("delete table ip "+table)) })
	pod := s.devPod()
	s.strike(func() {
		now := int64(0)
		must(t, s.ns.Cluster.CoreV1().Pods(s.ns.Name).Delete(t.Context(), pod.Name, metav1.DeleteOptions{GracePeriodSeconds: &now}))
	})
	s.awaitPodAfter(pod)
	s.awaitFlow(podLimit)
	s.finish()
}

// The node is drained: it takes no new pod, and the dev pod has to go. There is only
// one node, so the next pod comes when that is over.
func TestNodeDrained(t *testing.T) {
	needsLong(t)
	n := needNode(t)
	s := newScene(t, "node cordoned, pod evicted, uncordoned after 10s")
	pod := s.devPod()
	s.strike(func() {
		_, err := n.cluster("kubectl", "cordon", n.name)
		must(t, err)
		now := int64(3)
		must(t, s.ns.Cluster.CoreV1().Pods(s.ns.Name).Delete(t.Context(), pod.Name, metav1.DeleteOptions{GracePeriodSeconds: &now}))
		time.Sleep(10 * time.Second) // the fault itself
		_, err = n.cluster("kubectl", "uncordon", n.name)
		must(t, err)
	})
	s.awaitPodAfter(pod)
	s.awaitFlow(podLimit)
	s.finish()
	if nodes, err := s.ns.Cluster.CoreV1().Nodes().List(t.Context(), metav1.ListOptions{}); err != nil || unschedulable(nodes.Items) {
		t.Errorf("the node takes no pods: %v", err)
	}
}

func unschedulable(nodes []corev1.Node) bool {
	for _, n := range nodes {
		if n.Spec.Unschedulable {
			return true
		}
	}
	return false
}
