package faults

import (
	"context"
	"fmt"
	"syscall"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/tandem-dev/tandem/e2e/harness"
)

// podLimit is what a new dev pod may take, with everything, on two cores that
// start others beside it.
const podLimit = 25 * time.Second

// devPod is the session's present pod.
func (s *scene) devPod() corev1.Pod {
	s.Helper()
	var pod corev1.Pod
	harness.Eventually(s, "the dev pod", func(ctx context.Context) error {
		pods, err := s.ns.Pods(ctx, harness.DevLabel)
		if err == nil && len(pods) != 1 {
			err = fmt.Errorf("%d dev pods", len(pods))
		}
		if err == nil {
			pod = pods[0]
		}
		return err
	})
	return pod
}

// awaitPodAfter waits until another dev pod than this is there.
func (s *scene) awaitPodAfter(old corev1.Pod) {
	s.Helper()
	harness.Eventually(s, "a dev pod after "+old.Name, func(ctx context.Context) error {
		pods, err := s.ns.Pods(ctx, harness.DevLabel)
		if err == nil && (len(pods) != 1 || pods[0].UID == old.UID) {
			err = fmt.Errorf("%d dev pods", len(pods))
		}
		return err
	})
}

// The agent dies, and its container is started again in the same pod.
func TestAgentKilled(t *testing.T) {
	t.Parallel()
	needNode(t)
	s := newSceneWith(t, options{fault: "agent killed", podDies: true})
	pod := s.devPod()
	agents := inPod(string(pod.UID), "tandem-agent")
	if len(agents) == 0 {
		t.Fatal("no agent runs in the pod")
	}
	s.strike(func() {
		for _, p := range agents {
			if err := syscall.Kill(p.pid, syscall.SIGKILL); err != nil {
				t.Fatalf("%s: %v", p, err)
			}
		}
	})
	harness.Eventually(t, "the container's restart", func(context.Context) error {
		if now := inPod(string(pod.UID), "tandem-agent"); len(now) == 0 || now[0].pid == agents[0].pid {
			return fmt.Errorf("agents: %v", now)
		}
		return nil
	})
	s.awaitFlow(podLimit)
	if again := s.devPod(); again.UID != pod.UID {
		t.Errorf("pod %s was replaced by %s", pod.Name, again.Name)
	}
	s.finish()
}

// The dev pod is deleted without grace, as with --force.
func TestPodDeleted(t *testing.T) {
	t.Parallel()
	s := newSceneWith(t, options{fault: "pod deleted --force", podDies: true})
	pod := s.devPod()
	s.strike(func() {
		now := int64(0)
		must(t, s.ns.Cluster.CoreV1().Pods(s.ns.Name).Delete(t.Context(), pod.Name, metav1.DeleteOptions{GracePeriodSeconds: &now}))
	})
	s.awaitPodAfter(pod)
	s.awaitFlow(podLimit)
	s.finish()
}

// The dev pod is evicted, as a node that is drained does it.
func TestPodEvicted(t *testing.T) {
	t.Parallel()
	needsLong(t)
	s := newScene(t, "pod evicted")
	pod := s.devPod()
	s.strike(func() {
		must(t, s.ns.Cluster.PolicyV1().Evictions(s.ns.Name).Evict(t.Context(), &policyv1.Eviction{
			ObjectMeta: metav1.ObjectMeta{Name: pod.Name, Namespace: s.ns.Name}}))
	})
	s.awaitPodAfter(pod)
	s.awaitFlow(podLimit)
	s.finish()
}
