package cluster

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/tandem-dev/tandem/internal/fault"
)

// finding is something that keeps the dev container from running. It becomes
// the session's failure once it has lasted as long as the patience.
type finding struct {
	key      string
	err      *fault.Error
	patience time.Duration
	// logOf names the container of ours whose log may say more; previous, that the log
	// is of the run before.
	logOf         string
	previous      bool
	unschedulable bool
}

// How long some troubles may last before they count.
const (
	// The scheduler retries when pods leave; nodes come and go.
	schedulingPatience = 10 * time.Second
	// A registry may stumble: the kubelet tries again after 10 s.
	pullPatience = 20 * time.Second
	// A sidecar may need the agent's pod to have an address first.
	sidecarPatience = 30 * time.Second
	// A pod that the kubelet refused or evicted is replaced.
	refusedPatience = 10 * time.Second
)

// devPod is the newest dev pod that is not being deleted, nil if there is none.
func (v view) devPod() *corev1.Pod {
	var newest *corev1.Pod
	for _, p := range v.pods {
		if p.Labels[DevLabel] != v.record.Token || p.DeletionTimestamp != nil {
			continue
		}
		if newest == nil || newest.CreationTimestamp.Before(&p.CreationTimestamp) {
			newest = p
		}
	}
	return newest
}

// originals are the pods of the original that are not on their way out. The
// original's selector may match other workloads' pods too, hence the owner.
func (v view) originals() []*corev1.Pod {
	return slices.DeleteFunc(slices.Clone(v.pods), func(p *corev1.Pod) bool {
		if p.DeletionTimestamp != nil || p.Labels[DevLabel] != "" ||
			p.Status.Phase == corev1.PodSucceeded || p.Status.Phase == corev1.PodFailed {
			return true
		}
		for _, o := range p.OwnerReferences {
			if o.Controller == nil || !*o.Controller {
				continue
			}
			if o.UID == v.record.UID ||
				o.Kind == "ReplicaSet" && o.Name == v.record.Name+"-"+p.Labels[appsv1.DefaultDeploymentUniqueLabelKey] {
				return false
			}
		}
		return true
	})
}

func ready(p *corev1.Pod) bool {
	return slices.ContainsFunc(p.Status.Conditions, func(c corev1.PodCondition) bool {
		return c.Type == corev1.PodReady && c.Status == corev1.ConditionTrue
	})
}

// starting says that the target runs, or is the next thing that the node does.
func starting(r Record, p *corev1.Pod) bool {
	return targetRunning(r, p) || p.Status.PodIP != "" && p.Status.Phase == corev1.PodPending &&
		slices.ContainsFunc(p.Status.Conditions, func(c corev1.PodCondition) bool {
			return c.Type == corev1.PodInitialized && c.Status == corev1.ConditionTrue
		})
}

func targetRunning(r Record, p *corev1.Pod) bool {
	s := statusOf(p.Status.ContainerStatuses, r.Container)
	return s != nil && s.State.Running != nil
}

func statusOf(list []corev1.ContainerStatus, name string) *corev1.ContainerStatus {
	for i := range list {
		if list[i].Name == name {
			return &list[i]
		}
	}
	return nil
}

// examine says in words how far the dev pod has come, and what, if anything,
// keeps it from going on.
func examine(v view, pod *corev1.Pod) (phase string, f *finding) {
	if v.lost != nil && !permanent(v.lost) {
		return "reconnecting to the API server", nil
	}
	if pod == nil {
		if f := deploymentFinding(v); f != nil {
			return "creating the dev pod", f
		}
		return "creating the dev pod", nil
	}
	if pod.Status.Phase == corev1.PodFailed {
		return "replacing the dev pod", &finding{
			key: "refused " + string(pod.UID), patience: refusedPatience,
			err: fault.New(fault.PodGone, "the node ended the dev pod %q: %s", pod.Name, joined(pod.Status.Reason, pod.Status.Message)).
				Hint("the node may be short of memory or disk; `kubectl describe pod %s` tells more", pod.Name),
		}
	}
	if pod.Spec.NodeName == "" {
		return "waiting for a node", schedulingFinding(v.record, pod)
	}
	if f := containersFinding(v.record, pod); f != nil {
		return startPhase(v.record, pod), f
	}
	return startPhase(v.record, pod), nil
}

// startPhase names the step that a scheduled pod is at.
func startPhase(r Record, pod *corev1.Pod) string {
	for _, c := range pod.Spec.InitContainers {
		s, role := statusOf(pod.Status.InitContainerStatuses, c.Name), roleOf(c)
		switch {
		case s != nil && s.State.Terminated != nil && s.State.Terminated.ExitCode == 0:
		case role == roleSidecar && s != nil && s.Started != nil && *s.Started:
		case s == nil || s.State.Running == nil:
			return fmt.Sprintf("starting %s %q on node %s", role, c.Name, pod.Spec.NodeName)
		case role == roleInstaller:
			return "copying the agent"
		default:
			return fmt.Sprintf("waiting for %s %q", role, c.Name)
		}
	}
	s := statusOf(pod.Status.ContainerStatuses, r.Container)
	switch {
	case s == nil || s.State.Running == nil:
		return fmt.Sprintf("starting the dev container %q", r.Container)
	case !s.Ready:
		return "waiting for the reverse tunnels"
	default:
		return "waiting for the sidecars"
	}
}

// deploymentFinding reads why the Deployment controller cannot make the pod.
func deploymentFinding(v view) *finding {
	if v.dev == nil {
		return &finding{key: "gone",
			err: fault.New(fault.SessionNotFound, "the dev workload %q was deleted by somebody else", v.record.Deployment).
				Hint("start again; if nobody did `tandem down`, a GitOps tool may prune what it does not know")}
	}
	for _, c := range v.dev.Status.Conditions {
		if c.Type != appsv1.DeploymentReplicaFailure || c.Status != corev1.ConditionTrue {
			continue
		}
		cause := errors.New(c.Message)
		err := admission(cause)
		if err == nil {
			err = fault.Wrap(cause, fault.AdmissionDenied, "the cluster refuses the dev pod").
				Hint("`kubectl describe deployment %s` tells more", v.record.Deployment)
		}
		return &finding{key: "refused", err: err}
	}
	return nil
}

func schedulingFinding(r Record, pod *corev1.Pod) *finding {
	for _, c := range pod.Status.Conditions {
		if c.Type != corev1.PodScheduled || c.Status != corev1.ConditionFalse || c.Reason != corev1.PodReasonUnschedulable {
			continue
		}
		if pod.Status.NominatedNodeName != "" {
			return nil // other pods are being preempted for it
		}
		err := fault.New(fault.PodUnschedulable, "no node takes the dev pod: %s", c.Message)
		if strings.Contains(c.Message, "anti-affinity") {
			return &finding{key: "unschedulable", patience: schedulingPatience, unschedulable: true,
				err: err.Hint("the pods of %q refuse to share a node with their like: add a node, or scale %q down first", r.Name, r.Name).
					With("antiAffinity", true)}
		}
		return &finding{key: "unschedulable", patience: schedulingPatience, unschedulable: true,
			err: err.Hint("the dev pod asks for as much as one replica of %q; free that, or lower its requests", r.Name)}
	}
	return nil
}

// containersFinding is the first trouble among the pod's containers, in the
// order in which they start.
func containersFinding(r Record, pod *corev1.Pod) *finding {
	for _, c := range pod.Spec.InitContainers {
		if f := containerFinding(statusOf(pod.Status.InitContainerStatuses, c.Name), roleOf(c), c.Image); f != nil {
			return f
		}
	}
	// The target first: its trouble is the one that matters.
	if f := containerFinding(statusOf(pod.Status.ContainerStatuses, r.Container), roleTarget, imageOf(pod, r.Container)); f != nil {
		return f
	}
	for _, c := range pod.Spec.Containers {
		if c.Name == r.Container {
			continue
		}
		if f := containerFinding(statusOf(pod.Status.ContainerStatuses, c.Name), roleSidecar, c.Image); f != nil {
			return f
		}
	}
	return nil
}

func imageOf(pod *corev1.Pod, container string) string {
	for _, c := range pod.Spec.Containers {
		if c.Name == container {
			return c.Image
		}
	}
	return ""
}

type role int

const (
	roleInstaller role = iota // our init container
	roleTarget                // the agent in the original's container
	roleSidecar               // of both sorts
	roleInit                  // put in by an admission webhook; the original's own are left out
	roleOriginal              // a container of the original itself, once it was given back
)

func (r role) String() string {
	return [...]string{"the agent's init container", "the dev container", "the sidecar", "the init container", "the container"}[r]
}

// roleOf tells init containers apart. Webhooks may put theirs before ours.
func roleOf(c corev1.Container) role {
	switch {
	case len(c.Command) > 1 && c.Command[0] == agentInImage && c.Command[1] == "install":
		return roleInstaller
	case c.RestartPolicy != nil && *c.RestartPolicy == corev1.ContainerRestartPolicyAlways:
		return roleSidecar
	}
	return roleInit
}

func containerFinding(s *corev1.ContainerStatus, role role, image string) *finding {
	if s == nil {
		return nil
	}
	if w := s.State.Waiting; w != nil {
		switch w.Reason {
		case "ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull", "ImageInspectError", "RegistryUnavailable", "SignatureValidationFailed":
			return pullFinding(s.Name, role, image, w)
		case "CreateContainerConfigError":
			return &finding{key: "config " + s.Name, err: configError(s.Name, role, w.Message)}
		case "CreateContainerError", "RunContainerError", "PreCreateHookError", "PreStartHookError", "PostStartHookError":
			return &finding{key: "create " + s.Name,
				err: fault.New(fault.ContainerCrashed, "%s %q cannot be created: %s", role, s.Name, w.Message).
					Hint("`kubectl describe pod` tells more")}
		case "CrashLoopBackOff":
			return crashFinding(s, role, s.LastTerminationState.Terminated, true)
		}
	}
	if t := s.State.Terminated; t != nil && (t.ExitCode != 0 || role == roleTarget) {
		return crashFinding(s, role, t, false)
	}
	if s.RestartCount > 0 && (role == roleTarget || role == roleOriginal) && s.State.Running == nil {
		return crashFinding(s, role, s.LastTerminationState.Terminated, true)
	}
	return nil
}

// hopeless are words in a pull error that no second attempt changes.
var hopeless = regexp.MustCompile(`(?i)not found|unauthorized|denied|forbidden|manifest unknown|no match for platform|invalid reference|x509`)

func pullFinding(container string, role role, image string, w *corev1.ContainerStateWaiting) *finding {
	f := &finding{key: "pull " + container, patience: pullPatience}
	if w.Reason == "InvalidImageName" || w.Reason == "ErrImageNeverPull" || hopeless.MatchString(w.Message) {
		f.patience = 0
	}
	f.err = fault.New(fault.ImagePullFailed, "the image %q of %s %q cannot be pulled: %s", image, role, container, joined(w.Reason, w.Message)).
		With("image", image).With("container", container)
	if role == roleInstaller {
		f.err.Hint("push the agent image where the cluster can pull it, `tandem agent image push REF`, and name it with --agent-image REF")
	} else {
		f.err.Hint("the original uses the same image: is it still in the registry, do its pull secrets still work?")
	}
	return f
}

func crashFinding(s *corev1.ContainerStatus, role role, t *corev1.ContainerStateTerminated, previous bool) *finding {
	f := &finding{key: "crash " + s.Name}
	if role != roleSidecar { // the agent's log is ours; theirs may hold anything, a Secret's value too
		f.logOf, f.previous = s.Name, previous
	}
	how := "ended"
	if t != nil {
		how = fmt.Sprintf("ended with exit code %d", t.ExitCode)
		if t.Signal != 0 {
			how = fmt.Sprintf("was ended by signal %d", t.Signal)
		}
		if t.Reason != "" && t.Reason != "Error" && t.Reason != "Completed" {
			how += " (" + t.Reason + ")" // not t.Message: the container may write it itself
		}
	}
	f.err = fault.New(fault.ContainerCrashed, "%s %q %s", role, s.Name, how).With("container", s.Name)
	switch {
	case t != nil && t.Reason == "OOMKilled":
		f.err.Hint("raise the memory limit of %q", s.Name)
	case role == roleSidecar:
		f.patience = sidecarPatience
		f.err.Hint("it runs as in the original, but without the original's init containers and persistent volumes: `kubectl logs` shows what it misses")
	default:
		f.err.Hint("`kubectl logs` and `kubectl describe pod` tell more")
	}
	if t != nil {
		f.err.With("exitCode", t.ExitCode)
	}
	return f
}

// The kubelet's words for references that do not resolve
// (pkg/kubelet/kubelet_pods.go and the managers beneath it).
var (
	missingObject = regexp.MustCompile(`(?i)(configmap|secret) "([^"]+)" not found`)
	missingKey    = regexp.MustCompile(`(?i)couldn't find key (\S+) in (configmap|secret) \S*?([^/\s]+)$`)
)

func configError(container string, role role, message string) *fault.Error {
	if m := missingKey.FindStringSubmatch(message); m != nil {
		return fault.New(fault.KeyNotFound, "the %s %q has no key %q, which container %q needs", objectKind(m[2]), m[3], m[1], container).
			Hint("the original's pods cannot start either until the key is there")
	}
	if m := missingObject.FindStringSubmatch(message); m != nil {
		kind := fault.ConfigMapNotFound
		if strings.EqualFold(m[1], "secret") {
			kind = fault.SecretNotFound
		}
		return fault.New(kind, "the %s %q, which container %q needs, does not exist", objectKind(m[1]), m[2], container).
			Hint("the original's pods cannot start either until it is there")
	}
	f := fault.New(fault.ContainerCrashed, "%s %q cannot be created: %s", role, container, message)
	if strings.Contains(message, "runAsNonRoot") {
		return f.Hint("the security context asks for a user other than root, and the image does not say which: set runAsUser")
	}
	return f.Hint("`kubectl describe pod` tells more")
}

func objectKind(word string) string {
	if strings.EqualFold(word, "secret") {
		return "Secret"
	}
	return "ConfigMap"
}

// explainEvent turns an event about a pod into the failure it certainly means,
// or nil. A volume that is only slow, or waits for a cache to fill, is none.
func explainEvent(reason, message string) *fault.Error {
	switch reason {
	case "FailedMount", "FailedAttachVolume", "FailedMapVolume":
		if m := missingObject.FindStringSubmatch(message); m != nil {
			return fault.New(fault.VolumeMountFailed, "a volume of the dev pod needs the %s %q, which does not exist", objectKind(m[1]), m[2]).
				Hint("the original's pods cannot start either until it is there")
		}
		if strings.Contains(message, "not found") || strings.Contains(message, "references non-existent") {
			return fault.New(fault.VolumeMountFailed, "a volume of the dev pod cannot be mounted: %s", message).
				Hint("`kubectl describe pod` tells more")
		}
	}
	return nil
}

func joined(reason, message string) string {
	switch {
	case message == "":
		return reason
	case reason == "":
		return message
	}
	return reason + ": " + message
}
