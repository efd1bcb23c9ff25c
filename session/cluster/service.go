package cluster

import (
	"context"
	"fmt"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/tandem-dev/tandem/internal/fault"
)

// ServiceByLabels is the name of the one Service in the namespace that carries
// all the labels. Errors: fault.WorkloadNotFound, fault.WorkloadAmbiguous
// (Detail "candidates").
func (c *Cluster) ServiceByLabels(ctx context.Context, want map[string]string) (string, error) {
	selector := labels.SelectorFromSet(want).String()
	list, err := c.core.Services(c.namespace).List(ctx, metav1.ListOptions{LabelSelector: selector})
	if err != nil {
		return "", call{verb: "list", resource: "services", namespace: c.namespace}.failed(err)
	}
	names := make([]string, 0, len(list.Items))
	for _, s := range list.Items {
		names = append(names, s.Name)
	}
	slices.Sort(names)
	switch len(names) {
	case 1:
		return names[0], nil
	case 0:
		return "", fault.New(fault.WorkloadNotFound, "no Service in namespace %q has the labels %s", c.namespace, selector).
			Hint("`kubectl get services -n %s --show-labels` lists them; a forward may also give the Service's name", c.namespace)
	}
	return "", fault.New(fault.WorkloadAmbiguous, "%d Services in namespace %q have the labels %s: %s",
		len(names), c.namespace, selector, strings.Join(names, ", ")).
		Hint("%s", fmt.Sprintf("add a label that only one has, or name the Service in the forward: %q", names[0])).
		With("candidates", names)
}

// Busy is the error that tells whose session has w.
func Busy(w *Workload) error { return busy(w, w.Diverted.Record) }
