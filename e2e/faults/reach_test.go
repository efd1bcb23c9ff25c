package faults

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"

	"github.com/tandem-dev/tandem/e2e/faults/traffic"
	"github.com/tandem-dev/tandem/e2e/harness"
)

// From another pod of the namespace, every TCP port of the dev pod is tried: the
// declared reverses are open, as the original's ports were, and nothing else is. The
// agent, whose port stands in the mark, refuses; it is on the pod's loopback.
func TestAgentCannotBeReachedFromAnotherPod(t *testing.T) {
	t.Parallel()
	s := stage(t, options{fault: "reach"})
	s.c = harness.Serve(s.ws)
	s.ready = s.c.MustStart(original)
	pod := s.devPod()
	agent := s.agentPort(pod)

	answer, err := s.ns.Cluster.CoreV1().RESTClient().Get().Namespace(s.ns.Name).Resource("services").Name(witness+":http").
		SubResource("proxy").Suffix("scan").Param("host", pod.Status.PodIP).DoRaw(t.Context())
	must(t, err)
	var seen traffic.Scan
	must(t, json.Unmarshal(answer, &seen))
	if !slices.Equal(seen.Open, []int{8080, 9000}) {
		t.Errorf("from another pod the ports %v of the dev pod are open, want the reverses 8080 and 9000 alone", seen.Open)
	}
	if len(seen.Silent) > 0 || seen.Refused != 65535-len(seen.Open) {
		t.Errorf("%d ports refuse, %v are silent", seen.Refused, seen.Silent)
	}
	if agent == 0 || slices.Contains(seen.Open, agent) {
		t.Errorf("the agent's port is %d", agent)
	}
	s.c.MustStop(s.ready.ID)
	s.ns.AwaitState(s.before)
}

// agentPort is where the dev container's command tells the agent to listen, which
// must be a loopback.
func (s *scene) agentPort(pod corev1.Pod) int {
	s.Helper()
	i := slices.IndexFunc(pod.Spec.Containers, func(c corev1.Container) bool { return c.Name == original })
	command := pod.Spec.Containers[i].Command
	at := slices.Index(command, "--listen")
	if at < 0 {
		s.Fatalf("the dev container runs %q", command)
	}
	host, port, _ := strings.Cut(command[at+1], ":")
	if host != "127.0.0.1" {
		s.Errorf("the agent listens on %s", command[at+1])
	}
	n, err := strconv.Atoi(port)
	must(s, err)
	return n
}
