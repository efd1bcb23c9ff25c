package envfile

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
)

// resourceValue evaluates a resourceFieldRef as the kubelet does
// (pkg/api/v1/resource and defaultPodLimitsForDownwardAPI):
//
//   - the value is divided by the divisor (1 when unset) and rounded up;
//   - a limit that is not set is the pod's limit, where pod-level resources set
//     one for cpu or memory, else the node's allocatable amount; unknown while
//     no node is known. An init container named by containerName has no such
//     default: 0;
//   - a request that is not set is the limit (a default that the API server
//     writes into pods, not into templates), else 0.
func resourceValue(pod *corev1.Pod, own *corev1.Container, node *corev1.Node, ref *corev1.ResourceFieldSelector) field {
	container, defaulted := own, true
	if ref.ContainerName != "" && ref.ContainerName != own.Name {
		if container, defaulted = containerByName(pod, ref.ContainerName); container == nil {
			return field{unresolved: fmt.Sprintf("resourceFieldRef names container %q, which the pod does not have", ref.ContainerName)}
		}
	}
	side, name, _ := strings.Cut(ref.Resource, ".")
	res := corev1.ResourceName(name)
	plain := res == corev1.ResourceCPU || res == corev1.ResourceMemory || res == corev1.ResourceEphemeralStorage
	if !plain && !strings.HasPrefix(name, corev1.ResourceHugePagesPrefix) {
		return field{unresolved: fmt.Sprintf("resource %q is not supported", ref.Resource)}
	}
	var amount resource.Quantity
	var note string
	switch limit, limited := container.Resources.Limits[res]; side {
	case "limits":
		amount = limit
		// Huge pages are never overcommitted and have no default.
		if (!limited || limit.IsZero()) && defaulted && plain {
			var source string
			amount, source = defaultLimit(pod, node, res)
			switch source {
			case "":
				return field{unresolved: "the container has no limit, so the node's allocatable amount counts: " + podOnly}
			default:
				note = "no limit is set; the value is " + source
			}
		}
	case "requests":
		var requested bool
		if amount, requested = container.Resources.Requests[res]; !requested && limited {
			amount, note = limit, "no request is set; it defaults to the limit"
		}
	default:
		return field{unresolved: fmt.Sprintf("resource %q is not supported", ref.Resource)}
	}
	divisor := ref.Divisor
	if divisor.IsZero() {
		divisor = resource.MustParse("1")
	}
	// The kubelet divides floating-point numbers; the same arithmetic gives
	// the same last digit.
	whole, part := float64(amount.Value()), float64(divisor.Value())
	if res == corev1.ResourceCPU {
		whole, part = float64(amount.MilliValue()), float64(divisor.MilliValue())
	}
	return field{value: strconv.FormatInt(int64(math.Ceil(whole/part)), 10), note: note}
}

// defaultLimit is the limit of a container that sets none, and its source in
// words; the source is empty when it cannot be known yet.
func defaultLimit(pod *corev1.Pod, node *corev1.Node, res corev1.ResourceName) (resource.Quantity, string) {
	if pod.Spec.Resources != nil && res != corev1.ResourceEphemeralStorage {
		if limit, ok := pod.Spec.Resources.Limits[res]; ok && !limit.IsZero() {
			return limit, "the pod's limit"
		}
	}
	if node == nil {
		return resource.Quantity{}, ""
	}
	return node.Status.Allocatable[res], "the node's allocatable amount"
}

// containerByName finds a container of the pod; defaulted is false for an init
// container, which gets no default limits.
func containerByName(pod *corev1.Pod, name string) (c *corev1.Container, defaulted bool) {
	for i := range pod.Spec.Containers {
		if pod.Spec.Containers[i].Name == name {
			return &pod.Spec.Containers[i], true
		}
	}
	for i := range pod.Spec.InitContainers {
		if pod.Spec.InitContainers[i].Name == name {
			return &pod.Spec.InitContainers[i], false
		}
	}
	return nil, false
}
