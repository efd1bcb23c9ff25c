package cluster

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	autoscalingclient "k8s.io/client-go/kubernetes/typed/autoscaling/v2"

	"github.com/tandem-dev/tandem/internal/fault"
)

// Autoscaler is a HorizontalPodAutoscaler that scales a workload.
type Autoscaler struct {
	Name string
	// Min and Max bound the replicas that it sets. Min 0 needs the feature gate
	// HPAScaleToZero.
	Min, Max int32
	// MadeBy is the kind of the object that made it and that scales on its own,
	// "ScaledObject" of KEDA for example; "" where a person made it.
	MadeBy string
	// Effect says what it does to a session, and a session to it.
	Effect string
	// Interferes says that it scales the workload up while a session has it at
	// zero.
	Interferes bool
}

// String names it with its bounds.
func (a Autoscaler) String() string {
	return fmt.Sprintf("HorizontalPodAutoscaler %q (%d to %d)", a.Name, a.Min, a.Max)
}

// kedaKind is what KEDA makes HorizontalPodAutoscalers from. Its operator scales
// from zero by itself (pkg/scaling/executor in kedacore/keda).
const kedaKind = "ScaledObject"

// Autoscalers lists the HorizontalPodAutoscalers that scale w, by name. One
// request.
func (c *Cluster) Autoscalers(ctx context.Context, w *Workload) ([]Autoscaler, error) {
	client, err := autoscalingclient.NewForConfigAndClient(c.now().config, c.client)
	if err != nil {
		return nil, fault.Wrap(err, fault.Internal, "making a client")
	}
	list, err := client.HorizontalPodAutoscalers(w.Namespace).List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, call{verb: "list", resource: "horizontalpodautoscalers.autoscaling", namespace: w.Namespace}.failed(err)
	}
	return scalersOf(w, list.Items), nil
}

func scalersOf(w *Workload, all []autoscalingv2.HorizontalPodAutoscaler) []Autoscaler {
	var found []Autoscaler
	for i := range all {
		h := &all[i]
		ref := h.Spec.ScaleTargetRef
		if group, _, _ := strings.Cut(ref.APIVersion, "/"); ref.Kind != w.Kind || ref.Name != w.Name || group != "apps" && group != "" {
			continue
		}
		a := Autoscaler{Name: h.Name, Min: 1, Max: h.Spec.MaxReplicas}
		if h.Spec.MinReplicas != nil {
			a.Min = *h.Spec.MinReplicas
		}
		if owner := metav1.GetControllerOf(h); owner != nil {
			a.MadeBy = owner.Kind
		}
		a.foresee(w)
		found = append(found, a)
	}
	slices.SortFunc(found, func(a, b Autoscaler) int { return cmp.Compare(a.Name, b.Name) })
	return found
}

// foresee says what happens, as reconcileAutoscaler in
// pkg/controller/podautoscaler/horizontal.go of Kubernetes has it: a target at zero
// is left alone, with the condition ScalingActive=False for the reason
// ScalingDisabled, unless the least is zero as well; one outside of the bounds is
// brought inside at once, without a look at any metric.
func (a *Autoscaler) foresee(w *Workload) {
	switch {
	case a.MadeBy == kedaKind:
		a.Interferes = true
		a.Effect = fmt.Sprintf("KEDA made it, and scales from zero by itself: %s will be scaled up during the session, and taken to zero once more only", w.Name)
		return
	case a.Min == 0:
		a.Interferes = true
		a.Effect = fmt.Sprintf("its least is 0, so it goes on at zero: its metrics may scale %s up during the session, which is taken to zero once more only", w.Name)
		return
	}
	a.Effect = fmt.Sprintf("it pauses (ScalingDisabled) while %s is at zero, and goes on from the %s that it gets back", w.Name, replicasOf(w.Replicas))
	switch {
	case w.Replicas == 0: // paused already, and stays so
		a.Effect = fmt.Sprintf("it is paused (ScalingDisabled), for %s is at zero already", w.Name)
	case w.Replicas < a.Min:
		a.Effect += fmt.Sprintf("; it then makes them %d at once", a.Min)
	case w.Replicas > a.Max:
		a.Effect += fmt.Sprintf("; it then makes them %d at once", a.Max)
	}
}

func replicasOf(n int32) string {
	if n == 1 {
		return "1 replica"
	}
	return fmt.Sprintf("%d replicas", n)
}

// Advice is what can be done about one that interferes; "" for others.
func (a Autoscaler) Advice() string {
	switch {
	case a.MadeBy == kedaKind:
		return "pause it for the session: annotate the ScaledObject with autoscaling.keda.sh/paused=\"true\""
	case a.Interferes:
		return fmt.Sprintf("raise its least for the session: `kubectl patch hpa %s -p '{\"spec\":{\"minReplicas\":1}}'`", a.Name)
	}
	return ""
}

// CheckAutoscaler names the HorizontalPodAutoscalers of the workload.
func (c *Cluster) CheckAutoscaler(ctx context.Context, w *Workload) Check {
	found, err := c.Autoscalers(ctx, w)
	switch {
	case err != nil:
		return CheckOf(CheckNameAutoscaler, err)
	case len(found) == 0:
		return passed(CheckNameAutoscaler, "no HorizontalPodAutoscaler scales %s", w)
	}
	var lines, advice []string
	for _, a := range found {
		lines = append(lines, fmt.Sprintf("%s scales %s: %s", a, w, a.Effect))
		if text := a.Advice(); text != "" {
			advice = append(advice, text)
		}
	}
	return checked(CheckNameAutoscaler, CheckWarn, strings.Join(advice, "\n"), "%s", strings.Join(lines, "\n"))
}
