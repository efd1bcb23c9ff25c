package cluster

import (
	"cmp"
	"context"
	"slices"

	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/intstr"
	policyclient "k8s.io/client-go/kubernetes/typed/policy/v1"

	"github.com/tandem-dev/tandem/internal/fault"
)

// Budget is a PodDisruptionBudget that counts a workload's pods, and so the dev
// pod, which has their labels.
type Budget struct {
	Name string
	// Rule is what it asks for: "minAvailable 1".
	Rule string
	// Blocks says that it lets nobody evict the dev pod, as a drain of its node
	// would: during the session that is the only pod it counts.
	Blocks bool
	// Effect says so in words.
	Effect string
}

// Budgets lists the PodDisruptionBudgets that count w's pods, by name. One
// request. Scaling to zero is no eviction: none of them keeps a session from
// starting.
func (c *Cluster) Budgets(ctx context.Context, w *Workload) ([]Budget, error) {
	client, err := policyclient.NewForConfigAndClient(c.now().config, c.client)
	if err != nil {
		return nil, fault.Wrap(err, fault.Internal, "making a client")
	}
	list, err := client.PodDisruptionBudgets(w.Namespace).List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, call{verb: "list", resource: "poddisruptionbudgets.policy", namespace: w.Namespace}.failed(err)
	}
	return budgetsOf(w, list.Items), nil
}

func budgetsOf(w *Workload, all []policyv1.PodDisruptionBudget) []Budget {
	var found []Budget
	for i := range all {
		p := &all[i]
		selector, err := metav1.LabelSelectorAsSelector(p.Spec.Selector)
		if err != nil || !selector.Matches(labels.Set(w.Template.Labels)) {
			continue
		}
		b := Budget{Name: p.Name}
		b.Rule, b.Blocks = ruleOf(p.Spec)
		if b.Blocks {
			b.Effect = "during the session the dev pod is the only pod that it counts: draining its node waits until the session ends"
		} else {
			b.Effect = "it lets the dev pod be evicted; the session follows to the next one"
		}
		found = append(found, b)
	}
	slices.SortFunc(found, func(a, b Budget) int { return cmp.Compare(a.Name, b.Name) })
	return found
}

// ruleOf words a budget and says whether it lets the one dev pod of a Deployment
// with one replica be evicted. Percentages are rounded up
// (pkg/controller/disruption/disruption.go in Kubernetes).
func ruleOf(spec policyv1.PodDisruptionBudgetSpec) (rule string, blocks bool) {
	scaled := func(v *intstr.IntOrString) int {
		n, err := intstr.GetScaledValueFromIntOrPercent(v, 1, true)
		if err != nil { // the API server validated it
			return 0
		}
		return n
	}
	switch {
	case spec.MaxUnavailable != nil:
		return "maxUnavailable " + spec.MaxUnavailable.String(), scaled(spec.MaxUnavailable) < 1
	case spec.MinAvailable != nil:
		return "minAvailable " + spec.MinAvailable.String(), scaled(spec.MinAvailable) >= 1
	}
	return "minAvailable 1", true // the default, in the words of the field
}
