package cluster

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"

	"github.com/tandem-dev/tandem/internal/fault"
)

// What keeps the original's pods from starting once it was given back: the same
// findings as for a dev pod (explain.go), in the original's words.

// originalFinding is what keeps every pod of the original that there is from getting
// ready, told of the newest; nil while one of them may.
func originalFinding(v view, w *Workload) (*finding, *corev1.Pod) {
	pods := v.originals()
	slices.SortFunc(pods, func(a, b *corev1.Pod) int { return b.CreationTimestamp.Compare(a.CreationTimestamp.Time) })
	var first *finding
	for _, p := range pods {
		f := originalPodFinding(w, p)
		if f == nil {
			return nil, nil
		}
		if first == nil {
			first = f
		}
	}
	if first == nil {
		return nil, nil
	}
	return first, pods[0]
}

func originalPodFinding(w *Workload, p *corev1.Pod) *finding {
	if p.Spec.NodeName == "" {
		return originalSchedulingFinding(w, p)
	}
	find := func(containers []corev1.Container, statuses []corev1.ContainerStatus, plain role) *finding {
		for _, c := range containers {
			role := plain
			if role == roleInit {
				role = roleOf(c)
			}
			if f := containerFinding(statusOf(statuses, c.Name), role, c.Image); f != nil {
				return f
			}
		}
		return nil
	}
	f := find(p.Spec.InitContainers, p.Status.InitContainerStatuses, roleInit)
	if f == nil {
		f = find(p.Spec.Containers, p.Status.ContainerStatuses, roleOriginal)
	}
	if f == nil {
		return nil
	}
	f.logOf = "" // its log may hold anything
	switch f.err.Kind {
	case fault.ImagePullFailed:
		f.err.Hint("is the image still in the registry, do the workload's pull secrets still work?")
	case fault.ContainerCrashed:
		if container, ran := f.err.Detail["container"]; ran {
			f.err.Hint("`kubectl logs %s -c %s -n %s` has what it said; it is started again and again", p.Name, container, p.Namespace)
		}
	case fault.ConfigMapNotFound, fault.SecretNotFound, fault.KeyNotFound:
		f.err.Hint("its pods start by themselves once that is there")
	}
	return f
}

func originalSchedulingFinding(w *Workload, p *corev1.Pod) *finding {
	for _, c := range p.Status.Conditions {
		if c.Type != corev1.PodScheduled || c.Status != corev1.ConditionFalse || c.Reason != corev1.PodReasonUnschedulable || p.Status.NominatedNodeName != "" {
			continue
		}
		return &finding{key: "unschedulable", patience: schedulingPatience,
			err: fault.New(fault.PodUnschedulable, "no node takes the pod %q: %s", p.Name, c.Message).
				Hint("free what it asks for; %s starts by itself then", w)}
	}
	return nil
}

// originalRefused is why the cluster makes no pods of the original; nil where it is
// not known to refuse any. A Deployment says so itself, of a StatefulSet only events
// do. At most two requests, and none of their failures matters.
func (c *Cluster) originalRefused(ctx context.Context, r Record) *fault.Error {
	w, err := c.get(ctx, r.Namespace, r.Kind, r.Name)
	if err != nil {
		return nil
	}
	text := w.refused
	if text == "" && r.Kind == KindStatefulSet {
		text = c.failedCreate(ctx, r)
	}
	if text == "" {
		return nil
	}
	cause := errors.New(text)
	kind, hint := fault.AdmissionDenied, "`kubectl describe` of its ReplicaSet tells more"
	if known := admission(cause); known != nil {
		kind, hint = known.Kind, "its pods start by themselves once they are admitted"
	}
	return fault.Wrap(cause, kind, "the cluster refuses its pods").Hint("%s", hint)
}

// failedCreate is the latest complaint about pods that could not be made.
func (c *Cluster) failedCreate(ctx context.Context, r Record) string {
	list, err := c.core.Events(r.Namespace).List(ctx, metav1.ListOptions{
		FieldSelector: fields.AndSelectors(fields.OneTermEqualSelector("involvedObject.uid", string(r.UID)), fields.OneTermEqualSelector("reason", "FailedCreate")).String(),
	})
	if err != nil || len(list.Items) == 0 {
		return ""
	}
	latest := slices.MaxFunc(list.Items, func(a, b corev1.Event) int { return a.LastTimestamp.Compare(b.LastTimestamp.Time) })
	if time.Since(latest.LastTimestamp.Time) > time.Minute {
		return "" // of another time
	}
	return latest.Message
}

// troubleOf says that an original was given back and does not serve.
func troubleOf(w *Workload, r Record, why *fault.Error) error {
	return fault.Wrap(why, why.Kind, "%s has its %s back, but does not start", w, replicasOf(r.Replicas)).Hint("%s", why.NextStep)
}

// stillStarting is the trouble of an original whose pods are not ready in time, and
// show no reason.
func stillStarting(w *Workload, r Record, v view, waited time.Duration) error {
	var states []string
	for _, p := range v.originals() {
		states = append(states, fmt.Sprintf("pod %q %s", p.Name, phaseOf(p)))
	}
	slices.Sort(states)
	if len(states) == 0 {
		states = []string{"it has no pods yet"}
	}
	return fault.New(fault.Timeout, "%s has its %s back, but none is ready after %s: %s", w, replicasOf(r.Replicas), waited.Round(time.Second), strings.Join(states, ", ")).
		Hint("`kubectl describe pod` tells more; perhaps it only takes its time")
}

func phaseOf(p *corev1.Pod) string {
	switch {
	case p.Spec.NodeName == "":
		return "waits for a node"
	case p.Status.Phase == corev1.PodRunning:
		return "runs, but is not ready"
	}
	return "is starting"
}
