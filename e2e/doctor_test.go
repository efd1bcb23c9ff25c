package e2e

import (
	"encoding/json"
	"strings"
	"syscall"
	"testing"

	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/tandem-dev/tandem/e2e/harness"
	"github.com/tandem-dev/tandem/rpc/protocol"
)

// `tandem doctor` before and during a session, and while its server hangs.
func TestDoctor(t *testing.T) {
	t.Parallel()
	ns := harness.NewNamespace(t)
	ws := harness.NewWorkspace(t, ns)
	r := ws.Run("doctor", "api")
	if r.Code != 0 || !strings.Contains(r.Stdout, "all is well") {
		t.Errorf("a healthy shop: exit code %d\n%s%s", r.Code, r.Stdout, r.Stderr)
	}
	for _, part := range []string{`Deployment "api", container "api", 2 replicas`, `passes "restricted:latest"`, "Kubernetes v1."} {
		if !strings.Contains(r.Stdout, part) {
			t.Errorf("no %q in\n%s", part, r.Stdout)
		}
	}

	before := ns.State()
	c := harness.Serve(ws)
	ready := c.MustStart("api")
	running := diagnose(t, ws, "api")
	if w := running["workload"]; w.Status != protocol.DoctorWarn || !strings.Contains(w.Detail, "diverted by you") {
		t.Errorf("during a session: %+v", w)
	}
	for _, name := range []string{"local-ports", "leftovers", "quota", "pod-security"} {
		if running[name].Status != protocol.DoctorOK {
			t.Errorf("during a session: %+v", running[name])
		}
	}
	c.MustStop(ready.ID)
	ns.RequireRestored(before)

	hanging := harness.Serve(ws)
	hanging.MustStart("api")
	hanging.Signal(syscall.SIGSTOP)
	if left := diagnose(t, ws, "api")["leftovers"]; left.Status != protocol.DoctorOK {
		t.Errorf("a session whose server is only slow: %+v", left)
	}
	hanging.Signal(syscall.SIGCONT)
	hanging.Shutdown()
	ns.RequireState(before)
}

// What will keep a session from starting is said before it is tried.
func TestDoctorFindsWhatIsWrong(t *testing.T) {
	t.Parallel()
	ns := harness.NewNamespace(t)
	ws := harness.NewWorkspace(t, ns)
	if err := ns.Create(&corev1.ResourceQuota{ObjectMeta: metav1.ObjectMeta{Name: "full"},
		Spec: corev1.ResourceQuotaSpec{Hard: corev1.ResourceList{"pods": resource.MustParse("1")}}}); err != nil {
		t.Fatal(err)
	}
	ns.AwaitQuota("full")
	ws.Kubeconfig = ns.UserKubeconfig("reader",
		rbacv1.PolicyRule{APIGroups: []string{"apps"}, Resources: []string{"deployments", "statefulsets"}, Verbs: []string{"get", "list"}},
		rbacv1.PolicyRule{APIGroups: []string{""}, Resources: []string{"resourcequotas", "limitranges"}, Verbs: []string{"list"}},
		rbacv1.PolicyRule{APIGroups: []string{""}, Resources: []string{"namespaces"}, Verbs: []string{"get"}})
	r := ws.Run("doctor", "api", "--agent-image", harness.Registry()+"/tandem/agent:no-such-tag")
	if r.Code != 1 {
		t.Errorf("exit code %d, want 1", r.Code)
	}
	for _, part := range []string{
		"✗ permissions ", `patch deployments.apps/scale "api": scaling the workload to zero and back`,
		`✗ quota `, `quota "full": pods is at `, `of 1, and 1 more is needed`,
		"✗ agent-image ", "agent image push", "✓ pod-security ", "! permissions-optional ", "- autoscaler ",
	} {
		if !strings.Contains(r.Stdout, part) {
			t.Errorf("no %q in\n%s", part, r.Stdout)
		}
	}
}

// diagnose asks `tandem doctor --json`.
func diagnose(t *testing.T, ws *harness.Workspace, dev string) map[string]protocol.DoctorCheck {
	t.Helper()
	r := ws.Run("doctor", dev, "--json")
	var result protocol.ClusterDoctorResult
	if err := json.Unmarshal([]byte(r.Stdout), &result); err != nil {
		t.Fatalf("tandem doctor --json: exit code %d, %v\n%s%s", r.Code, err, r.Stdout, r.Stderr)
	}
	checks := map[string]protocol.DoctorCheck{}
	for _, check := range result.Checks {
		checks[check.Name] = check
	}
	return checks
}
