package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/utils/ptr"

	"github.com/tandem-dev/tandem/e2e/harness"
	"github.com/tandem-dev/tandem/rpc/protocol"
)

// A plan says what a session would do and meet, as the least of developers, and
// asks the API server for nothing but to read, and what it may.
func TestPlanChangesNothing(t *testing.T) {
	t.Parallel()
	ns := harness.NewNamespace(t)
	autoscale(t, ns, 2)
	budget(t, ns)
	_, err := ns.Cluster.AppsV1().Deployments(ns.Name).Patch(t.Context(), "api", types.ApplyPatchType, // as Argo CD does it
		[]byte(`{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"api","annotations":{"argocd.argoproj.io/tracking-id":"shop:apps/Deployment:x/api"}},"spec":{"replicas":2}}`),
		metav1.PatchOptions{FieldManager: "argocd-controller", Force: ptr.To(true)})
	if err != nil {
		t.Fatal(err)
	}
	ws := harness.NewWorkspace(t, ns)
	ws.Replace("    workdir: .\n", "    workdir: .\n    replicas: 3\n")
	ws.Kubeconfig = ns.UserKubeconfig("planner", leastRole(t)...)
	taken, err := net.Listen("tcp", "127.0.0.1:"+fmt.Sprint(ws.Port(6379)))
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	before, from := ns.State(), time.Now()

	r := ws.Run("up", "--dry-run", "api")
	if r.Code != 1 {
		t.Errorf("a start that would fail: exit code %d", r.Code)
	}
	for _, part := range []string{
		"~ Deployment " + ns.Name + "/api: annotation tandem.dev/session", "+ Secret " + ns.Name + "/api-tandem-…: ",
		"+ Deployment " + ns.Name + "/api-tandem: ", "api: 2 replicas → 0",
		fmt.Sprintf("local port %d is in use by ", ws.Port(6379)), fmt.Sprintf("(pid %d)", os.Getpid()),
		fmt.Sprintf("port %d is free", ws.Port(8080)),
		"HorizontalPodAutoscaler busy (2 to 5): it pauses (ScalingDisabled) while api is at zero",
		"PodDisruptionBudget steady (minAvailable 1): ", "Argo CD, shop (annotation argocd.argoproj.io/tracking-id): it writes the number of replicas",
		"replicas is ignored in hybrid mode", "a session could not start; nothing was changed",
	} {
		if !strings.Contains(r.Stdout, part) {
			t.Errorf("no %q in\n%s%s", part, r.Stdout, r.Stderr)
		}
	}
	taken.Close()
	if r := ws.Run("up", "--dry-run", "api"); r.Code != 0 || !strings.Contains(r.Stdout, "a session could start; nothing was changed") {
		t.Errorf("a start that would go well: exit code %d\n%s%s", r.Code, r.Stdout, r.Stderr)
	}
	c := harness.Serve(ws)
	var plan protocol.SessionPlanResult
	c.MustCall(protocol.MethodSessionPlan, protocol.SessionPlanParams{Manifest: "file://" + ws.Manifest(), Dev: "api"}, &plan)
	if len(plan.Problems) > 0 || len(plan.Changes) != 8 || len(plan.Files) != 2 || slices.ContainsFunc(plan.Missing, func(r protocol.DoctorRight) bool { return r.Needed }) {
		t.Errorf("session/plan: %+v", plan)
	}
	ns.RequireState(before)
	ws.RequireNoTrace()
	requireReads(t, ns, "system:serviceaccount:"+ns.Name+":planner", from)
}

// requireReads wants a user to have asked for nothing but to read since a moment.
func requireReads(t *testing.T, ns *harness.Namespace, user string, from time.Time) {
	t.Helper()
	log, err := harness.AuditLog(ns.Cluster.Kubeconfig)
	if err != nil {
		t.Skipf("what was asked for is not known: %v", err)
	}
	events, err := harness.AuditEvents(log, user, from, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	count := map[string]int{}
	for _, e := range events {
		what := e.Verb
		if e.Verb == "create" && strings.HasPrefix(e.ObjectRef.Resource, "selfsubject") {
			what = "review" // is answered, and kept nowhere
		}
		count[what]++
		if what != "get" && what != "list" && what != "review" {
			t.Errorf("asked to %s %s", e.Verb, e.What())
		}
	}
	if count["get"] == 0 || count["list"] == 0 || count["review"] == 0 {
		t.Errorf("of gets, lists and reviews there are %v: has the log what is looked for?", count)
	}
	t.Logf("requests: %v", count)
}

// What the plan is asked for while somebody else has the workload.
func TestPlanOfATakenWorkload(t *testing.T) {
	t.Parallel()
	ns := harness.NewNamespace(t)
	ws := harness.NewWorkspace(t, ns)
	first := harness.Serve(ws)
	ready := first.MustStart("api")
	plan := func(takeover string) (int, protocol.SessionPlanResult) {
		t.Helper()
		var result protocol.SessionPlanResult
		r := harness.NewWorkspace(t, ns).Run("up", "--dry-run", "--json", takeover, "api")
		if err := json.Unmarshal([]byte(r.Stdout), &result); err != nil {
			t.Fatalf("%v\n%s%s", err, r.Stdout, r.Stderr)
		}
		return r.Code, result
	}
	code, taken := plan("--takeover=false")
	if code != 1 || len(taken.Problems) != 1 || taken.Problems[0].Kind != "session-busy" || taken.Workload.Replicas != 2 {
		t.Errorf("exit code %d, %+v", code, taken)
	}
	if code, result := plan("--takeover"); code != 0 || len(result.Problems) > 0 {
		t.Errorf("with takeover: exit code %d, problems %+v", code, result.Problems)
	}
	first.MustStop(ready.ID)
}

// A HorizontalPodAutoscaler leaves the original alone while it is at zero, and goes
// on from what it gets back: start and stop end with what it wants.
func TestAutoscaledWorkload(t *testing.T) {
	t.Parallel()
	ns := harness.NewNamespace(t)
	autoscale(t, ns, 3)
	budget(t, ns)
	awaitAutoscaled(t, ns, 3)
	harness.Eventually(t, "the third pod", ns.Settled)
	ws := harness.NewWorkspace(t, ns)
	c := harness.Serve(ws)
	ready := c.MustStart("api")
	i := slices.IndexFunc(ready.Warnings, func(w protocol.SessionWarning) bool { return w.Code == "autoscaled" })
	if i < 0 || !strings.Contains(ready.Warnings[i].Message, `HorizontalPodAutoscaler "busy" (3 to 5) scales Deployment "api"`) {
		t.Errorf("warnings %+v", ready.Warnings)
	}
	scalers := ns.Cluster.AutoscalingV2().HorizontalPodAutoscalers(ns.Name)
	eventually(t, "the autoscaler to pause", func(ctx context.Context) error {
		h, err := scalers.Get(ctx, "busy", metav1.GetOptions{})
		if err != nil {
			return err
		}
		for _, condition := range h.Status.Conditions {
			if condition.Type == autoscalingv2.ScalingActive && condition.Status == corev1.ConditionFalse && condition.Reason == "ScalingDisabled" {
				return nil
			}
		}
		return fmt.Errorf("conditions %+v", h.Status.Conditions)
	})
	requireReplicas(t, ns, 0)
	harness.Eventually(t, "the budget to count the dev pod alone", func(ctx context.Context) error {
		b, err := ns.Cluster.PolicyV1().PodDisruptionBudgets(ns.Name).Get(ctx, "steady", metav1.GetOptions{})
		if err == nil && (b.Status.CurrentHealthy != 1 || b.Status.DisruptionsAllowed != 0) {
			err = fmt.Errorf("status %+v", b.Status)
		}
		return err
	})
	if _, err := scalers.Patch(t.Context(), "busy", types.MergePatchType, []byte(`{"spec":{"minReplicas":4}}`), metav1.PatchOptions{}); err != nil {
		t.Fatal(err)
	}
	ns.AwaitServedBy("local")
	c.MustStop(ready.ID)
	awaitAutoscaled(t, ns, 4)
	if now := c.Changes(ready.ID); slices.ContainsFunc(now, func(s protocol.Snapshot) bool { return s.Traffic == protocol.TrafficBoth && s.Seq > ready.Seq }) {
		t.Error("the original was scaled up during the session")
	}
	ws.RequireNoTrace()
}

// autoscalerPatience is for two rounds of the autoscalers' controller, which looks
// every fifteen seconds.
const autoscalerPatience = 60 * time.Second

func eventually(t *testing.T, what string, check func(context.Context) error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), autoscalerPatience)
	defer cancel()
	if err := harness.Poll(ctx, check); err != nil {
		t.Fatalf("%s: %v", what, err)
	}
}

func awaitAutoscaled(t *testing.T, ns *harness.Namespace, want int32) {
	t.Helper()
	eventually(t, fmt.Sprintf("%d replicas", want), func(ctx context.Context) error {
		d, err := ns.Cluster.AppsV1().Deployments(ns.Name).Get(ctx, "api", metav1.GetOptions{})
		if err == nil && *d.Spec.Replicas != want {
			err = fmt.Errorf("there are %d", *d.Spec.Replicas)
		}
		return err
	})
}

// autoscale makes a HorizontalPodAutoscaler of the api. No metrics are to be had
// here: what it does is to keep its bounds.
func autoscale(t *testing.T, ns *harness.Namespace, least int32) {
	t.Helper()
	_, err := ns.Cluster.AutoscalingV2().HorizontalPodAutoscalers(ns.Name).Create(t.Context(), &autoscalingv2.HorizontalPodAutoscaler{
		ObjectMeta: metav1.ObjectMeta{Name: "busy"},
		Spec: autoscalingv2.HorizontalPodAutoscalerSpec{MinReplicas: ptr.To(least), MaxReplicas: 5,
			ScaleTargetRef: autoscalingv2.CrossVersionObjectReference{APIVersion: "apps/v1", Kind: "Deployment", Name: "api"},
			Metrics: []autoscalingv2.MetricSpec{{Type: autoscalingv2.ResourceMetricSourceType, Resource: &autoscalingv2.ResourceMetricSource{
				Name: corev1.ResourceCPU, Target: autoscalingv2.MetricTarget{Type: autoscalingv2.UtilizationMetricType, AverageUtilization: ptr.To[int32](80)}}}}},
	}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
}

// budget makes a PodDisruptionBudget of the api.
func budget(t *testing.T, ns *harness.Namespace) {
	t.Helper()
	_, err := ns.Cluster.PolicyV1().PodDisruptionBudgets(ns.Name).Create(t.Context(), &policyv1.PodDisruptionBudget{
		ObjectMeta: metav1.ObjectMeta{Name: "steady"},
		Spec: policyv1.PodDisruptionBudgetSpec{MinAvailable: ptr.To(intstr.FromInt32(1)),
			Selector: &metav1.LabelSelector{MatchLabels: map[string]string{"app": "api"}}},
	}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
}
