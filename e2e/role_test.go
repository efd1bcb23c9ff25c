package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"

	"github.com/tandem-dev/tandem/e2e/harness"
	"github.com/tandem-dev/tandem/rpc/protocol"
)

// leastRole is what docs/rbac.yaml grants.
func leastRole(t *testing.T) []rbacv1.PolicyRule {
	t.Helper()
	root, err := harness.Root()
	if err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(filepath.Join(root, "docs", "rbac.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var role rbacv1.Role
	if err := yaml.UnmarshalStrict(content, &role); err != nil {
		t.Fatal(err)
	}
	if len(role.Rules) < 5 {
		t.Fatalf("docs/rbac.yaml has %d rules", len(role.Rules))
	}
	return role.Rules
}

// A whole session as a user with the Role of docs/rbac.yaml and nothing else:
// doctor, start, traffic both ways, a lost pod, stop, a crash and what gives it
// back, in a namespace with the restricted Pod Security Standard.
func TestWholeSessionWithTheLeastRole(t *testing.T) {
	t.Parallel()
	ns := harness.NewNamespace(t)
	ws := harness.NewWorkspace(t, ns)
	ws.Kubeconfig = ns.UserKubeconfig("developer", leastRole(t)...)
	before := ns.State()

	c := harness.Serve(ws)
	checks := doctor(t, c, "api")
	for _, name := range []string{"manifest", "local-ports", "kubeconfig", "api-server", "credentials", "clock", "permissions", "workload", "leftovers", "agent-image"} {
		if checks[name].Status != protocol.DoctorOK {
			t.Errorf("doctor: %+v", checks[name])
		}
	}
	for _, name := range []string{"pod-security", "quota", "limit-range", "autoscaler"} {
		if checks[name].Status == protocol.DoctorFail {
			t.Errorf("doctor: %+v", checks[name])
		}
	}
	// Watching Secrets is for who names them; everything else of the optional
	// rights is in the Role.
	for line := range strings.Lines(checks["permissions-optional"].Detail) {
		if strings.Contains(line, ": ") && !strings.HasPrefix(line, "watch secrets ") && !strings.HasSuffix(line, "missing:\n") {
			t.Errorf("an optional right is missing: %s", line)
		}
	}

	ready := c.MustStart("api")
	who := ns.AwaitServedBy("local")
	order(t, ws.Localhost(8080), "as the least of developers")
	now := int64(0)
	if err := ns.Cluster.CoreV1().Pods(ns.Name).Delete(t.Context(), ready.Pod.Name, metav1.DeleteOptions{GracePeriodSeconds: &now}); err != nil {
		t.Fatal(err)
	}
	lost := c.AwaitState(ready.ID, protocol.StateReconnecting)
	c.AwaitChange("ready again", func(s protocol.Snapshot) bool {
		return s.ID == ready.ID && s.State == protocol.StateReady && s.Seq > lost.Seq
	})
	if again := ns.AwaitServedBy("local"); again.PID != who.PID {
		t.Errorf("pid %d answers after the pod was lost, want %d", again.PID, who.PID)
	}
	c.MustStop(ready.ID)
	ns.RequireState(before)
	ws.RequireNoTrace()
}

// doctor asks cluster/doctor and returns its checks by name.
func doctor(t *testing.T, c *harness.Client, dev string) map[string]protocol.DoctorCheck {
	t.Helper()
	var result protocol.ClusterDoctorResult
	c.MustCall(protocol.MethodClusterDoctor, protocol.ClusterDoctorParams{Manifest: "file://" + c.Workspace.Manifest(), Dev: dev}, &result)
	checks := map[string]protocol.DoctorCheck{}
	for _, check := range result.Checks {
		checks[check.Name] = check
	}
	return checks
}
