package e2e

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/tandem-dev/tandem/e2e/harness"
	"github.com/tandem-dev/tandem/rpc/protocol"
)

// Whatever a user can get wrong is told in words, with a kind and a hint, and
// nothing in the cluster or on the machine is touched.
func TestBadInput(t *testing.T) {
	t.Parallel()
	ns := harness.NewNamespace(t)
	create(t, ns, sleeping("no-secret", func(s *corev1.PodSpec) {
		s.Containers[0].EnvFrom = []corev1.EnvFromSource{{SecretRef: &corev1.SecretEnvSource{LocalObjectReference: corev1.LocalObjectReference{Name: "vault"}}}}
	}))
	create(t, ns, sleeping("no-configmap", func(s *corev1.PodSpec) {
		s.Containers[0].EnvFrom = []corev1.EnvFromSource{{ConfigMapRef: &corev1.ConfigMapEnvSource{LocalObjectReference: corev1.LocalObjectReference{Name: "flags"}}}}
	}))
	create(t, ns, sleeping("no-key", func(s *corev1.PodSpec) {
		s.Containers[0].Env = []corev1.EnvVar{{Name: "PIN", ValueFrom: &corev1.EnvVarSource{SecretKeyRef: &corev1.SecretKeySelector{
			LocalObjectReference: corev1.LocalObjectReference{Name: "payment"}, Key: "pin"}}}}
	}))
	// The deployments' first status has been written before anything is compared.
	ns.AwaitShop()

	for _, test := range []struct {
		name string
		// manifest, where not "", replaces the shop's; arrange changes more.
		manifest string
		arrange  func(t *testing.T, ws *harness.Workspace, o *harness.Options)
		dev      string
		kind     string
		says     []string
	}{
		{name: "unknown dev", dev: "payments", kind: "dev-not-found", says: []string{"payments", "api"}},
		{name: "mode sync", dev: "db", kind: "dev-not-hybrid", says: []string{"db", "hybrid"}},
		{
			name: "no manifest", dev: "api", kind: "manifest-not-found", says: []string{"okteto.yml"},
			arrange: func(t *testing.T, ws *harness.Workspace, _ *harness.Options) {
				if err := os.Remove(ws.Manifest()); err != nil {
					t.Fatal(err)
				}
			},
		},
		{name: "malformed YAML", manifest: "dev:\n  api:\n    mode: hybrid\n   command: [x\n", dev: "api", kind: "manifest-invalid", says: []string{"okteto.yml:4"}},
		{name: "wrong field", manifest: "dev:\n  api:\n    mode: hybrid\n    command: [cat]\n    forward:\n      - nonsense\n", dev: "api", kind: "manifest-invalid", says: []string{"nonsense"}},
		{name: "no such workload", manifest: hybrid("frontend", ""), dev: "frontend", kind: "workload-not-found", says: []string{"frontend", "Deployment/web"}},
		{name: "ambiguous selector", manifest: hybrid("api", "selector: {app.kubernetes.io/part-of: shop}"), dev: "api", kind: "workload-ambiguous", says: []string{"web", "db"}},
		{name: "no such container", manifest: hybrid("api", "container: sidecar"), dev: "api", kind: "container-not-found", says: []string{"sidecar", "canary"}},
		{
			name: "forward port in use", dev: "api", kind: "port-in-use", says: []string{strconv.Itoa(os.Getpid()), "e2e.test"},
			arrange: func(t *testing.T, ws *harness.Workspace, _ *harness.Options) {
				l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", ws.Port(6379)))
				if err != nil {
					t.Fatal(err)
				}
				t.Cleanup(func() { l.Close() })
			},
		},
		{
			name: "no permission", dev: "api", kind: "permission-denied", says: []string{"create", "secrets", "pods/portforward"},
			arrange: func(t *testing.T, ws *harness.Workspace, _ *harness.Options) {
				ws.Kubeconfig = ws.Namespace.UserKubeconfig("reader", rbacv1.PolicyRule{
					APIGroups: []string{"", "apps"}, Resources: []string{"pods", "deployments", "statefulsets", "configmaps"}, Verbs: []string{"get", "list", "watch"},
				})
			},
		},
		{
			name: "no permission at all", dev: "api", kind: "permission-denied", says: []string{"deployments"},
			arrange: func(t *testing.T, ws *harness.Workspace, _ *harness.Options) {
				ws.Kubeconfig = ws.Namespace.UserKubeconfig("stranger")
			},
		},
		{
			name: "cluster unreachable", dev: "api", kind: "cluster-unreachable", says: []string{"127.0.0.1"},
			arrange: func(t *testing.T, ws *harness.Workspace, _ *harness.Options) {
				ws.Kubeconfig = ws.Namespace.KubeconfigTo(fmt.Sprintf("https://127.0.0.1:%d", harness.FreePort(t)))
			},
		},
		{name: "missing Secret", manifest: hybrid("no-secret", ""), dev: "no-secret", kind: "secret-not-found", says: []string{"vault"}},
		{name: "missing ConfigMap", manifest: hybrid("no-configmap", ""), dev: "no-configmap", kind: "configmap-not-found", says: []string{"flags"}},
		{name: "missing key", manifest: hybrid("no-key", ""), dev: "no-key", kind: "key-not-found", says: []string{"payment", "pin", "PIN"}},
		{name: "command not found", manifest: strings.Replace(hybrid("api", ""), "[cat]", "[no-such-program]", 1), dev: "api", kind: "command-not-found", says: []string{"no-such-program"}},
		{name: "reverse port that a sidecar has", manifest: hybrid("api", "reverse: [\"9090:9090\"]"), dev: "api", kind: "reverse-bind-failed", says: []string{"9090", "canary"}},
		{name: "no such workdir", manifest: hybrid("api", "workdir: ./nowhere"), dev: "api", kind: "manifest-invalid", says: []string{"nowhere"}},
		{
			name: "no agent image", dev: "api", kind: "agent-missing", says: []string{"tandem agent image push"},
			arrange: func(t *testing.T, ws *harness.Workspace, o *harness.Options) {
				o.Wrap = func(cmd *exec.Cmd) {
					cmd.Env = slices.DeleteFunc(cmd.Env, func(v string) bool { return strings.HasPrefix(v, "TANDEM_AGENT_IMAGE=") })
				}
			},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			ns := ns.For(t)
			ws := harness.NewWorkspace(t, ns)
			if test.manifest != "" {
				ws.WriteManifest(test.manifest)
			}
			var o harness.Options
			if test.arrange != nil {
				test.arrange(t, ws, &o)
			}
			before := ns.Versions()
			c := harness.ServeWith(ws, o)
			var snap protocol.Snapshot
			requireFailure(t, c.Call(protocol.MethodSessionStart, c.StartParams(test.dev), &snap), test.kind, test.says...)
			if diff := cmp.Diff(before, ns.Versions()); diff != "" {
				t.Errorf("the cluster was touched (-before +now):\n%s", diff)
			}
			ws.RequireNoTrace()
			if code := c.Shutdown(); code != 0 {
				t.Errorf("exit code %d", code)
			}
		})
	}
}

func create(t *testing.T, ns *harness.Namespace, object runtime.Object) {
	t.Helper()
	if err := ns.Create(object); err != nil {
		t.Fatal(err)
	}
}

// requireFailure wants RequestFailed with the kind, a hint, and the words in
// the message or the hint.
func requireFailure(t *testing.T, err error, kind string, says ...string) {
	t.Helper()
	f, ok := harness.FailureOf(err)
	if !ok {
		t.Fatalf("%v, want a failure of kind %s", err, kind)
	}
	if f.Code != protocol.CodeRequestFailed || f.Data.Kind != kind || f.Data.Hint == "" {
		t.Errorf("%s; want %d, kind %s and a hint", harness.Describe(err), protocol.CodeRequestFailed, kind)
	}
	for _, word := range says {
		if !strings.Contains(f.Message, word) && !strings.Contains(f.Data.Hint, word) {
			t.Errorf("%s does not say %q", harness.Describe(err), word)
		}
	}
}

// hybrid is a manifest of one hybrid dev with one more line.
func hybrid(dev, line string) string {
	return fmt.Sprintf("dev:\n  %s:\n    mode: hybrid\n    command: [cat]\n    %s\n", dev, line)
}

// sleeping is a Deployment at zero replicas that the restricted Pod Security
// Standard admits, changed.
func sleeping(name string, change func(*corev1.PodSpec)) *appsv1.Deployment {
	zero, yes, no := int32(0), true, false
	labels := map[string]string{"app": name}
	d := &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{Name: name, Labels: labels},
		Spec: appsv1.DeploymentSpec{
			Replicas: &zero,
			Selector: &metav1.LabelSelector{MatchLabels: labels},
			Template: corev1.PodTemplateSpec{
				ObjectMeta: metav1.ObjectMeta{Labels: labels},
				Spec: corev1.PodSpec{
					SecurityContext: &corev1.PodSecurityContext{RunAsNonRoot: &yes, SeccompProfile: &corev1.SeccompProfile{Type: corev1.SeccompProfileTypeRuntimeDefault}},
					Containers: []corev1.Container{{
						Name: "main", Image: harness.Registry() + "/shop/web:1",
						SecurityContext: &corev1.SecurityContext{AllowPrivilegeEscalation: &no, Capabilities: &corev1.Capabilities{Drop: []corev1.Capability{"ALL"}}},
					}},
				},
			},
		},
	}
	change(&d.Spec.Template.Spec)
	return d
}
