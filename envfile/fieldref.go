package envfile

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
)

// controllerLabels are put on a pod by the controller that makes it, so a
// template does not have them.
var controllerLabels = []string{
	"pod-template-hash",                        // Deployment
	"controller-revision-hash",                 // StatefulSet, DaemonSet
	"statefulset.kubernetes.io/pod-name",       // StatefulSet
	"apps.kubernetes.io/pod-index",             // StatefulSet
	"pod-template-generation",                  // DaemonSet
	"batch.kubernetes.io/controller-uid",       // Job
	"batch.kubernetes.io/job-name",             // Job
	"batch.kubernetes.io/job-completion-index", // Job
}

// field is the value of a downward API reference.
type field struct {
	value string
	// unresolved says why there is no value yet; "" when there is one.
	unresolved string
	note       string
}

const podOnly = "known only once the pod runs"

// fieldValue evaluates a fieldRef as the kubelet does (podFieldSelectorRuntimeValue
// and pkg/fieldpath). A label or annotation that is not there is the empty
// string; what only a running pod has is unresolved while pod is a template,
// which is a pod without a name.
func fieldValue(pod *corev1.Pod, ref *corev1.ObjectFieldSelector) field {
	if ref.APIVersion != "" && ref.APIVersion != "v1" {
		return field{unresolved: fmt.Sprintf("fieldRef of apiVersion %q is not supported", ref.APIVersion)}
	}
	template := pod.Name == ""
	known := func(value string) field {
		if value == "" {
			return field{unresolved: podOnly}
		}
		return field{value: value}
	}
	if path, key, ok := subscript(ref.FieldPath); ok {
		switch path {
		case "metadata.labels":
			value, found := pod.Labels[key]
			if !found && template && ControllerLabel(key) {
				return field{unresolved: podOnly}
			}
			return field{value: value, note: missingNote(found, "label", key)}
		case "metadata.annotations":
			value, found := pod.Annotations[key]
			return field{value: value, note: missingNote(found, "annotation", key)}
		}
		return field{unresolved: fmt.Sprintf("fieldRef %q is not supported", ref.FieldPath)}
	}
	switch ref.FieldPath {
	case "metadata.name":
		return known(pod.Name)
	case "metadata.namespace":
		return known(pod.Namespace)
	case "metadata.uid":
		return known(string(pod.UID))
	case "metadata.labels":
		f := field{value: formatMap(pod.Labels)}
		if template {
			f.note = "labels of the template; the controller adds more to the pod"
		}
		return f
	case "metadata.annotations":
		f := field{value: formatMap(pod.Annotations)}
		if template {
			f.note = "annotations of the template; the pod may get more"
		}
		return f
	case "spec.nodeName":
		return known(pod.Spec.NodeName)
	case "spec.serviceAccountName":
		if pod.Spec.ServiceAccountName == "" {
			return field{value: "default", note: "the template names no service account; admission sets the default one"}
		}
		return field{value: pod.Spec.ServiceAccountName}
	case "status.hostIP":
		return known(pod.Status.HostIP)
	case "status.hostIPs":
		ips := make([]string, 0, 2)
		for _, ip := range pod.Status.HostIPs {
			ips = append(ips, ip.IP)
		}
		return known(joinOr(ips, pod.Status.HostIP))
	case "status.podIP":
		return known(pod.Status.PodIP)
	case "status.podIPs":
		ips := make([]string, 0, 2)
		for _, ip := range pod.Status.PodIPs {
			ips = append(ips, ip.IP)
		}
		return known(joinOr(ips, pod.Status.PodIP))
	}
	return field{unresolved: fmt.Sprintf("fieldRef %q is not supported", ref.FieldPath)}
}

func missingNote(found bool, what, key string) string {
	if found {
		return ""
	}
	return fmt.Sprintf("the pod has no %s %q: the value is empty", what, key)
}

func joinOr(ips []string, single string) string {
	if len(ips) == 0 {
		return single
	}
	return strings.Join(ips, ",")
}

// subscript splits metadata.labels['key'] into its path and key. The key ends
// at the last ']: labels['a[b]c'] has the key a[b]c.
func subscript(path string) (base, key string, ok bool) {
	inner, ok := strings.CutSuffix(path, "']")
	if !ok {
		return path, "", false
	}
	base, key, ok = strings.Cut(inner, "['")
	if !ok || base == "" {
		return path, "", false
	}
	return base, key, true
}

// formatMap is the downward API's text of all labels or annotations:
// key="quoted value", sorted, one on each line, no newline at the end.
func formatMap(m map[string]string) string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	lines := make([]string, len(keys))
	for i, k := range keys {
		lines[i] = k + "=" + strconv.Quote(m[k])
	}
	return strings.Join(lines, "\n")
}

// ControllerLabel says whether a pod gets the label from the controller that
// makes it, so that each controller, or each pod, has a value of its own.
func ControllerLabel(key string) bool { return slices.Contains(controllerLabels, key) }
