package cluster

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/utils/ptr"
)

func TestScalersOf(t *testing.T) {
	scaler := func(kind, name string, least, most int32, change ...func(*autoscalingv2.HorizontalPodAutoscaler)) autoscalingv2.HorizontalPodAutoscaler {
		h := autoscalingv2.HorizontalPodAutoscaler{ObjectMeta: metav1.ObjectMeta{Name: "scale-" + name},
			Spec: autoscalingv2.HorizontalPodAutoscalerSpec{MinReplicas: ptr.To(least), MaxReplicas: most,
				ScaleTargetRef: autoscalingv2.CrossVersionObjectReference{APIVersion: "apps/v1", Kind: kind, Name: name}}}
		for _, f := range change {
			f(&h)
		}
		return h
	}
	for _, test := range []struct {
		name       string
		replicas   int32
		all        []autoscalingv2.HorizontalPodAutoscaler
		want       string // of the one that is found, "" for none
		effect     string
		interferes bool
	}{
		{"others", 2, []autoscalingv2.HorizontalPodAutoscaler{scaler("Deployment", "other", 2, 5), scaler("StatefulSet", "app", 2, 5),
			scaler("Deployment", "app", 2, 5, func(h *autoscalingv2.HorizontalPodAutoscaler) {
				h.Spec.ScaleTargetRef.APIVersion = "example.com/v1"
			})}, "", "", false},
		{"within", 2, []autoscalingv2.HorizontalPodAutoscaler{scaler("Deployment", "app", 2, 5)},
			`HorizontalPodAutoscaler "scale-app" (2 to 5)`, "it pauses (ScalingDisabled) while app is at zero, and goes on from the 2 replicas that it gets back", false},
		{"beneath", 1, []autoscalingv2.HorizontalPodAutoscaler{scaler("Deployment", "app", 3, 5)},
			`HorizontalPodAutoscaler "scale-app" (3 to 5)`, "it pauses (ScalingDisabled) while app is at zero, and goes on from the 1 replica that it gets back; it then makes them 3 at once", false},
		{"at zero", 0, []autoscalingv2.HorizontalPodAutoscaler{scaler("Deployment", "app", 3, 5)},
			`HorizontalPodAutoscaler "scale-app" (3 to 5)`, "it is paused (ScalingDisabled), for app is at zero already", false},
		{"no least", 2, []autoscalingv2.HorizontalPodAutoscaler{scaler("Deployment", "app", 0, 5, func(h *autoscalingv2.HorizontalPodAutoscaler) { h.Spec.MinReplicas = nil })},
			`HorizontalPodAutoscaler "scale-app" (1 to 5)`, "it pauses (ScalingDisabled) while app is at zero, and goes on from the 2 replicas that it gets back", false},
		{"to zero", 2, []autoscalingv2.HorizontalPodAutoscaler{scaler("Deployment", "app", 0, 5)},
			`HorizontalPodAutoscaler "scale-app" (0 to 5)`, "its least is 0, so it goes on at zero: its metrics may scale app up during the session, which is taken to zero once more only", true},
		{"KEDA", 2, []autoscalingv2.HorizontalPodAutoscaler{scaler("Deployment", "app", 1, 5, func(h *autoscalingv2.HorizontalPodAutoscaler) {
			h.OwnerReferences = []metav1.OwnerReference{{Kind: "ScaledObject", Name: "app", Controller: ptr.To(true)}}
		})}, `HorizontalPodAutoscaler "scale-app" (1 to 5)`, "KEDA made it, and scales from zero by itself: app will be scaled up during the session, and taken to zero once more only", true},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := scalersOf(&Workload{Kind: KindDeployment, Name: "app", Replicas: test.replicas}, test.all)
			if test.want == "" {
				if len(got) > 0 {
					t.Errorf("found %+v", got)
				}
				return
			}
			if len(got) != 1 || got[0].String() != test.want || got[0].Effect != test.effect || got[0].Interferes != test.interferes {
				t.Fatalf("found %+v", got)
			}
			if (got[0].Advice() != "") != test.interferes {
				t.Errorf("advice %q", got[0].Advice())
			}
		})
	}
}

func TestBudgetsOf(t *testing.T) {
	w := &Workload{Name: "app", Template: corev1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{Labels: map[string]string{"app": "app"}}}}
	budget := func(name string, change func(*policyv1.PodDisruptionBudgetSpec)) policyv1.PodDisruptionBudget {
		b := policyv1.PodDisruptionBudget{ObjectMeta: metav1.ObjectMeta{Name: name},
			Spec: policyv1.PodDisruptionBudgetSpec{Selector: &metav1.LabelSelector{MatchLabels: map[string]string{"app": "app"}}}}
		change(&b.Spec)
		return b
	}
	least := func(v string) func(*policyv1.PodDisruptionBudgetSpec) {
		return func(s *policyv1.PodDisruptionBudgetSpec) { s.MinAvailable = ptr.To(intstr.Parse(v)) }
	}
	most := func(v string) func(*policyv1.PodDisruptionBudgetSpec) {
		return func(s *policyv1.PodDisruptionBudgetSpec) { s.MaxUnavailable = ptr.To(intstr.Parse(v)) }
	}
	var got []string
	for _, b := range budgetsOf(w, []policyv1.PodDisruptionBudget{
		budget("a", least("1")), budget("b", least("10%")), budget("c", least("0")), budget("d", most("1")), budget("e", most("1%")),
		budget("f", most("0")), budget("g", func(*policyv1.PodDisruptionBudgetSpec) {}),
		budget("other", func(s *policyv1.PodDisruptionBudgetSpec) { s.Selector.MatchLabels["app"] = "other" }),
	}) {
		line := b.Name + " " + b.Rule
		if b.Blocks {
			line += " blocks"
		}
		got = append(got, line)
	}
	want := []string{"a minAvailable 1 blocks", "b minAvailable 10% blocks", "c minAvailable 0", "d maxUnavailable 1", "e maxUnavailable 1%",
		"f maxUnavailable 0 blocks", "g minAvailable 1 blocks"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestKeepers(t *testing.T) {
	wrote := func(manager, fields string) metav1.ManagedFieldsEntry {
		return metav1.ManagedFieldsEntry{Manager: manager, FieldsV1: metav1.NewFieldsV1(fields)}
	}
	const replicas, other = `{"f:spec":{"f:replicas":{}}}`, `{"f:metadata":{"f:labels":{}}}`
	for _, test := range []struct {
		name string
		w    Workload
		want []string
	}{
		{"nobody", Workload{labels: map[string]string{"app.kubernetes.io/instance": "shop", managedByLabel: "tandem"}}, nil},
		{"kubectl", Workload{managers: []metav1.ManagedFieldsEntry{wrote("kubectl-client-side-apply", replicas)}}, nil},
		{"Helm", Workload{labels: map[string]string{managedByLabel: "Helm"}, annotations: map[string]string{helmReleaseName: "shop"},
			managers: []metav1.ManagedFieldsEntry{wrote("helm", replicas)}}, []string{"Helm release shop writes replicas"}},
		{"Argo CD by its annotation", Workload{annotations: map[string]string{argoTracking: "shop:apps/Deployment:n/app"},
			managers: []metav1.ManagedFieldsEntry{wrote("argocd-controller", replicas)}}, []string{"Argo CD shop writes replicas"}},
		{"Argo CD by who wrote it, replicas left to others", Workload{labels: map[string]string{"app.kubernetes.io/instance": "shop"},
			managers: []metav1.ManagedFieldsEntry{wrote("argocd-controller", other)}}, []string{"Argo CD shop"}},
		{"Flux", Workload{labels: map[string]string{fluxKustomization: "apps"}, managers: []metav1.ManagedFieldsEntry{wrote("kustomize-controller", replicas)}},
			[]string{"Flux Kustomization apps writes replicas"}},
		{"Flux with Helm", Workload{labels: map[string]string{fluxHelmRelease: "shop", managedByLabel: "Helm"}, annotations: map[string]string{helmReleaseName: "shop"},
			managers: []metav1.ManagedFieldsEntry{wrote("helm-controller", other)}}, []string{"Flux HelmRelease shop", "Helm release shop"}},
		{"an operator", Workload{owners: []metav1.OwnerReference{{Kind: "Shop", Name: "main", Controller: ptr.To(true)}, {Kind: "Other", Name: "x"}}},
			[]string{"Shop main writes replicas"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			var got []string
			for _, k := range test.w.Keepers() {
				line := k.Tool + " " + k.Name
				if k.Replicas {
					line += " writes replicas"
				}
				got = append(got, line)
				if k.Evidence == "" || k.Effect == "" {
					t.Errorf("%+v", k)
				}
				if fights := k.Replicas && k.Tool != "Helm"; fights != (k.Advice != "") || fights != strings.Contains(k.Effect, "scale") {
					t.Errorf("replicas %v, advice %q, effect %q", k.Replicas, k.Advice, k.Effect)
				}
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}
