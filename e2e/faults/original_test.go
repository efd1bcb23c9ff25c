package faults

import (
	"context"
	"fmt"
	"maps"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/ptr"

	"github.com/tandem-dev/tandem/e2e/harness"
	"github.com/tandem-dev/tandem/rpc/protocol"
)

// patchOriginal changes the original as kubectl or a GitOps controller would, in
// another's name.
func (s *scene) patchOriginal(patch string) *appsv1.Deployment {
	s.Helper()
	d, err := s.ns.Cluster.AppsV1().Deployments(s.ns.Name).Patch(s.Context(), original, types.StrategicMergePatchType, []byte(patch),
		metav1.PatchOptions{FieldManager: "somebody-else"})
	must(s, err)
	return d
}

// expectOriginal changes what requireNothingLeft compares with.
func (s *scene) expectOriginal(change func(*appsv1.Deployment)) {
	s.Helper()
	now := s.ns.State()["Deployment/"+original]
	o := s.before["Deployment/"+original]
	spec := o.Content.(appsv1.DeploymentSpec)
	d := appsv1.Deployment{Spec: *spec.DeepCopy()}
	change(&d)
	o.Content = d.Spec
	// The Deployment controller counts its revisions there.
	o.Annotations = maps.Clone(now.Annotations)
	delete(o.Annotations, "tandem.dev/session")
	s.before["Deployment/"+original] = o
}

// Somebody scales the original up while a session has its traffic. The session
// says so, and takes the traffic again; what was asked for is what is given back.
func TestOriginalScaledUp(t *testing.T) {
	t.Parallel()
	needsLong(t)
	s := newScene(t, "original scaled up to 3")
	s.strike(func() { s.patchOriginal(`{"spec":{"replicas":3}}`) })
	harness.Eventually(t, "the session to have the traffic for itself again", func(ctx context.Context) error {
		d, err := s.ns.Cluster.AppsV1().Deployments(s.ns.Name).Get(ctx, original, metav1.GetOptions{})
		if err == nil && (d.Spec.Replicas == nil || *d.Spec.Replicas != 0 || d.Status.Replicas != 0) {
			err = fmt.Errorf("the original is at %d replicas, %d pods", *d.Spec.Replicas, d.Status.Replicas)
		}
		return err
	})
	s.podDies = true // the original's pods that came and went had callers
	s.awaitFlow(30 * time.Second)
	s.endLoad(true)
	s.row.pid = "same"
	s.c.MustStop(s.ready.ID)
	s.expectOriginal(func(d *appsv1.Deployment) { d.Spec.Replicas = ptr.To[int32](3) })
	s.rolledOut = true // its ReplicaSet has three as well
	s.requireNothingLeft()
}

// Somebody edits the original's template, as an upgrade does. The edit stands in
// the end, and the traffic stays with the session.
func TestOriginalEdited(t *testing.T) {
	t.Parallel()
	needsLong(t)
	s := newScene(t, "original edited")
	s.strike(func() {
		s.patchOriginal(`{"spec":{"template":{"spec":{"containers":[{"name":"` + original + `","env":[{"name":"GREETING","value":"good evening"}]}]}}}}`)
	})
	s.awaitFlow(podLimit)
	s.endLoad(true)
	s.row.pid = "same"
	s.c.MustStop(s.ready.ID)
	s.expectOriginal(func(d *appsv1.Deployment) {
		for i := range d.Spec.Template.Spec.Containers[0].Env {
			if e := &d.Spec.Template.Spec.Containers[0].Env[i]; e.Name == "GREETING" {
				e.Value = "good evening"
			}
		}
	})
	s.rolledOut = true
	s.requireNothingLeft()
}

// Somebody deletes the original. The dev pod is owned by it and goes as well; the
// session ends, says why, and leaves nothing.
func TestOriginalDeleted(t *testing.T) {
	t.Parallel()
	needsLong(t)
	s := newScene(t, "original deleted")
	policy := metav1.DeletePropagationForeground
	s.strike(func() {
		must(t, s.ns.Cluster.AppsV1().Deployments(s.ns.Name).Delete(t.Context(), original, metav1.DeleteOptions{PropagationPolicy: &policy}))
	})
	end := s.c.AwaitChange("the session's end", func(n protocol.Snapshot) bool {
		return n.ID == s.ready.ID && (n.State == protocol.StateFailed || n.State == protocol.StateStopped)
	})
	s.row.recovered, s.row.back = time.Since(s.struck), true
	if end.Cause == nil || end.Cause.Message == "" {
		t.Errorf("the session has ended as %s without a cause", end.State)
	} else {
		t.Logf("%s: %s (%s)", end.Cause.Kind, end.Cause.Message, end.Cause.Hint)
	}
	s.podDies = true
	s.endLoad(false)
	s.row.pid = "ended"
	maps.DeleteFunc(s.before, func(name string, _ harness.Object) bool {
		return name == "Deployment/"+original || strings.HasPrefix(name, "ReplicaSet/"+original+"-")
	})
	s.requireNothingLeft()
}

// The Secret with the session's keys is deleted. The session has them already.
func TestKeysDeleted(t *testing.T) {
	t.Parallel()
	s := newScene(t, "Secret with the keys deleted")
	secrets := s.ns.Cluster.CoreV1().Secrets(s.ns.Name)
	s.strike(func() {
		must(t, secrets.DeleteCollection(t.Context(), metav1.DeleteOptions{}, metav1.ListOptions{LabelSelector: harness.DevLabel}))
	})
	s.awaitFlow(10 * time.Second)
	s.finish()
}

// The Secret with the keys is deleted, and then the pod: the next one cannot start
// without it.
func TestKeysAndPodDeleted(t *testing.T) {
	t.Parallel()
	needsLong(t)
	s := newSceneWith(t, options{fault: "Secret with the keys deleted, then the pod", podDies: true})
	pod := s.devPod()
	now := int64(0)
	s.strike(func() {
		must(t, s.ns.Cluster.CoreV1().Secrets(s.ns.Name).DeleteCollection(t.Context(), metav1.DeleteOptions{}, metav1.ListOptions{LabelSelector: harness.DevLabel}))
		must(t, s.ns.Cluster.CoreV1().Pods(s.ns.Name).Delete(t.Context(), pod.Name, metav1.DeleteOptions{GracePeriodSeconds: &now}))
	})
	s.awaitPodAfter(pod)
	s.awaitFlow(60 * time.Second)
	s.finish()
}

// A Secret that the environment is made of is deleted: a running process has its
// values, and the cluster is given back without it.
func TestSourceSecretDeleted(t *testing.T) {
	t.Parallel()
	needsLong(t)
	s := newScene(t, "source Secret deleted")
	s.strike(func() {
		must(t, s.ns.Cluster.CoreV1().Secrets(s.ns.Name).Delete(t.Context(), "credentials", metav1.DeleteOptions{}))
	})
	s.awaitFlow(10 * time.Second)
	s.endLoad(true)
	s.row.pid = "same"
	// Put back before the stop, so that the original's pods can start again.
	must(t, s.ns.Create(credentials()))
	s.before["Secret/credentials"] = s.ns.State()["Secret/credentials"]
	s.c.MustStop(s.ready.ID)
	s.requireNothingLeft()
}
