package cluster

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	quantity "k8s.io/apimachinery/pkg/api/resource"
	helpers "k8s.io/component-helpers/resource"
)

// overQuota lists what a quota has too little of for one more pod like this,
// with the objects that come with it. sure is false where the quota is bound to
// a scope that cannot be told from here.
func overQuota(q *corev1.ResourceQuota, pod *corev1.Pod) (short []string, sure bool) {
	forPods, sure := inScope(q, pod)
	need := quotaUse(pod)
	hard := q.Status.Hard
	if len(hard) == 0 {
		hard = q.Spec.Hard // not counted yet
	}
	for _, name := range slices.Sorted(maps.Keys(hard)) {
		amount, counted := need[name]
		if !counted || isPodResource(name) && !forPods {
			continue
		}
		limit, used := hard[name], q.Status.Used[name]
		after := used.DeepCopy()
		after.Add(amount)
		if after.Cmp(limit) > 0 {
			short = append(short, fmt.Sprintf("quota %q: %s is at %s of %s, and %s more is needed", q.Name, name, used.String(), limit.String(), amount.String()))
		}
		if container := unspecified(pod, name); container != "" {
			short = append(short, fmt.Sprintf("quota %q: container %q must say its %s", q.Name, container, name))
		}
	}
	return short, sure
}

// quotaUse is what a session adds to each name that a quota can count
// (pkg/quota/v1/evaluator/core/pods.go in Kubernetes).
func quotaUse(pod *corev1.Pod) corev1.ResourceList {
	one := quantity.MustParse("1")
	use := corev1.ResourceList{}
	for _, name := range []corev1.ResourceName{"pods", "count/pods", "secrets", "count/secrets", "count/deployments.apps", "count/replicasets.apps"} {
		use[name] = one
	}
	for name, amount := range helpers.PodRequests(pod, helpers.PodResourcesOptions{}) {
		use["requests."+name] = amount
		switch name {
		case corev1.ResourceCPU, corev1.ResourceMemory, corev1.ResourceEphemeralStorage:
			use[name] = amount
		}
	}
	for name, amount := range helpers.PodLimits(pod, helpers.PodResourcesOptions{}) {
		use["limits."+name] = amount
	}
	// A quota on what the pod does not say is a matter of `unspecified`.
	for _, name := range []corev1.ResourceName{"cpu", "memory", "requests.cpu", "requests.memory", "limits.cpu", "limits.memory"} {
		if _, set := use[name]; !set {
			use[name] = quantity.Quantity{}
		}
	}
	return use
}

// unspecified names a container without a request or limit that a quota on the
// name makes obligatory; "" where all have it.
func unspecified(pod *corev1.Pod, name corev1.ResourceName) string {
	which, plain, dotted := strings.Cut(string(name), ".")
	if !dotted {
		which, plain = "requests", string(name)
	}
	if plain != "cpu" && plain != "memory" || which != "requests" && which != "limits" {
		return ""
	}
	if pod.Spec.Resources != nil {
		return "" // said for the pod as a whole
	}
	for _, list := range [][]corev1.Container{pod.Spec.InitContainers, pod.Spec.Containers} {
		for i := range list {
			said := list[i].Resources.Requests
			if which == "limits" {
				said = list[i].Resources.Limits
			}
			if _, ok := said[corev1.ResourceName(plain)]; !ok {
				return list[i].Name
			}
		}
	}
	return ""
}

// isPodResource tells what a quota counts of pods alone, which scopes restrict.
func isPodResource(name corev1.ResourceName) bool {
	return !strings.HasPrefix(string(name), "count/") && name != corev1.ResourceSecrets
}

// inScope tells whether a quota counts the pod; sure is false for scopes that
// depend on more than the pod.
func inScope(q *corev1.ResourceQuota, pod *corev1.Pod) (in, sure bool) {
	in, sure = true, true
	bestEffort := len(helpers.PodRequests(pod, helpers.PodResourcesOptions{})) == 0 && len(helpers.PodLimits(pod, helpers.PodResourcesOptions{})) == 0
	for _, scope := range q.Spec.Scopes {
		switch scope {
		case corev1.ResourceQuotaScopeBestEffort:
			in = in && bestEffort
		case corev1.ResourceQuotaScopeNotBestEffort:
			in = in && !bestEffort
		case corev1.ResourceQuotaScopeTerminating: // a Deployment's pods have no deadline
			in = in && pod.Spec.ActiveDeadlineSeconds != nil
		case corev1.ResourceQuotaScopeNotTerminating:
			in = in && pod.Spec.ActiveDeadlineSeconds == nil
		default:
			return false, false
		}
	}
	if q.Spec.ScopeSelector != nil && len(q.Spec.ScopeSelector.MatchExpressions) > 0 {
		return false, false
	}
	return in, sure
}

// outsideLimits lists what the LimitRanger would refuse of the pod
// (plugin/pkg/admission/limitranger in Kubernetes).
func outsideLimits(ranges []corev1.LimitRange, pod *corev1.Pod) []string {
	var broken []string
	for _, r := range ranges {
		for _, item := range r.Spec.Limits {
			switch item.Type {
			case corev1.LimitTypeContainer:
				for _, list := range [][]corev1.Container{pod.Spec.InitContainers, pod.Spec.Containers} {
					for _, c := range list {
						broken = append(broken, outside(r.Name, fmt.Sprintf("container %q", c.Name), item, c.Resources.Requests, c.Resources.Limits)...)
					}
				}
			case corev1.LimitTypePod:
				broken = append(broken, outside(r.Name, "the pod", item,
					helpers.PodRequests(pod, helpers.PodResourcesOptions{}), helpers.PodLimits(pod, helpers.PodResourcesOptions{}))...)
			}
		}
	}
	return broken
}

func outside(name, what string, item corev1.LimitRangeItem, requests, limits corev1.ResourceList) []string {
	var broken []string
	say := func(format string, args ...any) {
		broken = append(broken, fmt.Sprintf("limit range %q: %s", name, fmt.Sprintf(format, args...)))
	}
	for _, res := range slices.Sorted(maps.Keys(item.Min)) {
		least := item.Min[res]
		request, asked := requests[res]
		if limit, ok := limits[res]; ok && limit.Cmp(least) < 0 {
			say("%s has a limit of %s %s, less than %s", what, limit.String(), res, least.String())
		} else if !asked || request.Cmp(least) < 0 {
			say("%s asks for %s %s, less than %s", what, request.String(), res, least.String())
		}
	}
	for _, res := range slices.Sorted(maps.Keys(item.Max)) {
		most := item.Max[res]
		limit, limited := limits[res]
		switch request := requests[res]; {
		case !limited:
			say("%s has no limit of %s, and %s is the most", what, res, most.String())
		case limit.Cmp(most) > 0:
			say("%s has a limit of %s %s, more than %s", what, limit.String(), res, most.String())
		case request.Cmp(most) > 0:
			say("%s asks for %s %s, more than %s", what, request.String(), res, most.String())
		}
	}
	for _, res := range slices.Sorted(maps.Keys(item.MaxLimitRequestRatio)) {
		ratio := item.MaxLimitRequestRatio[res]
		request, limit := requests[res], limits[res]
		if request.IsZero() || limit.AsApproximateFloat64()/request.AsApproximateFloat64() > ratio.AsApproximateFloat64() {
			say("%s has %s of %s as limit for %s asked, more than %s times as much", what, limit.String(), res, request.String(), ratio.String())
		}
	}
	return broken
}
