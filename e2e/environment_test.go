package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/tandem-dev/tandem/e2e/harness"
	"github.com/tandem-dev/tandem/rpc/protocol"
)

// planted are the values in the shop's Secrets, whole or the part of one that
// nothing else has.
var planted = []string{"not-a-real-token-0001", "from-secret", "not/a+real=key", "not-a-real-p@ss:word", "not a real certificate"}

// devTier is what the manifest's own environment sets over the container's.
func devTier(ws *harness.Workspace) map[string]string {
	return map[string]string{
		"SHOP_WHERE": "local", "SHOP_LISTEN": ws.Localhost(8080), "REDIS_ADDR": ws.Localhost(6379),
	}
}

// What the developer's process gets is what the kubelet gave the container that
// it stands in for, to the last byte, wherever one looks: the original's own
// environ, env/resolve, the local process's environ, `tandem env`.
func TestEnvironment(t *testing.T) {
	t.Parallel()
	ns := harness.NewNamespace(t)
	kubelet := originalEnviron(t, ns)
	before := ns.State()

	for _, test := range []struct {
		precedence protocol.Precedence
		shared     string // what SHOP_SHARED is: in a ConfigMap, and in a Secret that is listed later
		warns      bool
	}{
		{protocol.PrecedenceDocumented, "from-configmap", true},
		{protocol.PrecedenceKubelet, "from-secret", false},
	} {
		t.Run(string(test.precedence), func(t *testing.T) {
			ns := ns.For(t)
			ws := harness.NewWorkspace(t, ns)
			c := harness.ServeWith(ws, harness.Options{Initialization: protocol.InitializationOptions{EnvPrecedence: test.precedence}})
			ready := c.MustStart("api")
			c.AwaitOutput(ready.ID, "serving")

			want := maps.Clone(kubelet)
			maps.Copy(want, devTier(ws))
			want["SHOP_SHARED"] = test.shared
			maps.Copy(want, instance(t, ns, ready.Pod.Name))

			var revealed protocol.EnvResolveResult
			c.MustCall(protocol.MethodEnvResolve, protocol.EnvResolveParams{ID: ready.ID, Reveal: true}, &revealed)
			if diff := cmp.Diff(want, values(t, revealed)); diff != "" {
				t.Errorf("env/resolve (-the kubelet's +got):\n%s", diff)
			}
			if test.precedence == protocol.PrecedenceDocumented {
				// The command line shows the session as its server has it.
				r := ws.Run("env", "api", "--format", "json")
				printed := map[string]string{}
				if err := json.Unmarshal([]byte(r.Stdout), &printed); err != nil || r.Code != 0 {
					t.Errorf("tandem env: exit code %d, %v, %s", r.Code, err, r.Stderr)
				}
				if diff := cmp.Diff(want, printed); diff != "" {
					t.Errorf("tandem env --format json (-the kubelet's +got):\n%s", diff)
				}
			}

			running := c.AwaitChange("the local process", func(s protocol.Snapshot) bool { return s.Process != nil })
			own := environOf(t, running.Process.PID)
			for _, name := range slices.Sorted(maps.Keys(want)) {
				if staysLocal(name) {
					continue
				}
				if got, ok := own[name]; !ok || got != want[name] {
					t.Errorf("the local process has %s=%q (%v), the kubelet gave %q", name, got, ok, want[name])
				}
			}

			warned := slices.ContainsFunc(ready.Env.Warnings, func(w protocol.EnvWarning) bool { return w.Variable == "SHOP_SHARED" })
			if warned != test.warns {
				t.Errorf("warnings %+v: one about SHOP_SHARED: %v, want %v", ready.Env.Warnings, warned, test.warns)
			}
			requireEnvFilesHold(t, ws, want)
			requireMasked(t, c, ready.ID)
			c.MustStop(ready.ID)
			requireNoSecrets(t, c)
		})
	}
	ns.AwaitState(before)
}

// Before a session there is less to know, but nothing that is known may be
// wrong.
func TestEnvironmentOffline(t *testing.T) {
	t.Parallel()
	ns := harness.NewNamespace(t)
	ws := harness.NewWorkspace(t, ns)
	kubelet := originalEnviron(t, ns)
	maps.Copy(kubelet, devTier(ws))
	kubelet["SHOP_SHARED"] = "from-configmap"
	before := ns.Versions()

	c := harness.Serve(ws)
	var offline protocol.EnvResolveResult
	c.MustCall(protocol.MethodEnvResolve, protocol.EnvResolveParams{Manifest: "file://" + ws.Manifest(), Dev: "api", Reveal: true}, &offline)
	known := 0
	for _, v := range offline.Variables {
		if v.Unresolved {
			continue
		}
		known++
		if want, ok := kubelet[v.Name]; !ok || v.Value == nil || *v.Value != want {
			t.Errorf("%s is %v, the kubelet gives %q (%v)", v.Name, v.Value, want, ok)
		}
	}
	if known < 20 {
		t.Errorf("only %d variables are known without a session", known)
	}
	if diff := cmp.Diff(before, ns.Versions()); diff != "" {
		t.Errorf("the cluster was touched (-before +now):\n%s", diff)
	}
	requireNoSecrets(t, c)
}

// originalEnviron is the environment of an original pod that started after
// every Service was there, as the kubelet makes variables of those.
func originalEnviron(t *testing.T, ns *harness.Namespace) map[string]string {
	t.Helper()
	pods, err := ns.Pods(t.Context(), "app=api")
	if err != nil || len(pods) == 0 {
		t.Fatalf("the api's pods: %d, %v", len(pods), err)
	}
	now := int64(0)
	if err := ns.Cluster.CoreV1().Pods(ns.Name).Delete(t.Context(), pods[0].Name, metav1.DeleteOptions{GracePeriodSeconds: &now}); err != nil {
		t.Fatal(err)
	}
	var pod string
	harness.Eventually(t, "a new pod of the api", func(ctx context.Context) error {
		fresh, err := ns.Pods(ctx, "app=api")
		if err != nil {
			return err
		}
		for _, p := range fresh {
			old := slices.ContainsFunc(pods, func(o corev1.Pod) bool { return o.Name == p.Name })
			if !old && isReady(p) {
				pod = p.Name
				return nil
			}
		}
		return fmt.Errorf("no new one is ready")
	})
	ns.AwaitShop()
	environ := entries(ns.Exec(pod, "api", "/api", "environ"))
	for name, want := range instance(t, ns, pod) {
		if environ[name] != want {
			t.Fatalf("the original has %s=%q, want %q: a comparison would prove nothing", name, environ[name], want)
		}
	}
	return environ
}

// instance are the variables that belong to one pod and not to its workload.
func instance(t *testing.T, ns *harness.Namespace, pod string) map[string]string {
	t.Helper()
	p, err := ns.Cluster.CoreV1().Pods(ns.Name).Get(t.Context(), pod, metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return map[string]string{"POD_NAME": p.Name, "HOSTNAME": p.Name, "POD_IP": p.Status.PodIP}
}

// staysLocal says which variables the developer's machine keeps for itself.
func staysLocal(name string) bool {
	return slices.Contains([]string{"PATH", "HOME", "HOSTNAME"}, name)
}

// environOf is a process's environment as it was started.
func environOf(t *testing.T, pid int) map[string]string {
	t.Helper()
	content, err := os.ReadFile(fmt.Sprintf("/proc/%d/environ", pid))
	if err != nil {
		t.Fatal(err)
	}
	return entries(content)
}

// entries reads NUL-separated entries.
func entries(content []byte) map[string]string {
	env := map[string]string{}
	for entry := range bytes.SplitSeq(bytes.TrimSuffix(content, []byte{0}), []byte{0}) {
		name, value, _ := strings.Cut(string(entry), "=")
		env[name] = value
	}
	return env
}

func values(t *testing.T, r protocol.EnvResolveResult) map[string]string {
	t.Helper()
	all := map[string]string{}
	for _, v := range r.Variables {
		if v.Value == nil {
			t.Errorf("%s has no value", v.Name)
			continue
		}
		all[v.Name] = *v.Value
	}
	return all
}

// requireEnvFilesHold wants the JSON file to hold every variable but those that
// the image or the runtime sets and that belong to the developer's machine.
func requireEnvFilesHold(t *testing.T, ws *harness.Workspace, want map[string]string) {
	t.Helper()
	content, err := os.ReadFile(ws.EnvFile("api", "json"))
	if err != nil {
		t.Error(err)
		return
	}
	got := map[string]string{}
	if err := json.Unmarshal(content, &got); err != nil {
		t.Error(err)
	}
	want = maps.Clone(want)
	maps.DeleteFunc(want, func(name, _ string) bool { return staysLocal(name) })
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the JSON file (-the kubelet's +got):\n%s", diff)
	}
}

// requireMasked asks without reveal: the names are there, the values of
// secrets, and of what embeds one, are not.
func requireMasked(t *testing.T, c *harness.Client, id string) {
	t.Helper()
	var masked protocol.EnvResolveResult
	c.MustCall(protocol.MethodEnvResolve, protocol.EnvResolveParams{ID: id}, &masked)
	secret := map[string]bool{}
	for _, v := range masked.Variables {
		if v.Secret {
			secret[v.Name] = true
			if v.Value != nil {
				t.Errorf("%s is a secret and has a value", v.Name)
			}
		} else if v.Value == nil {
			t.Errorf("%s is no secret and has no value", v.Name)
		}
	}
	for _, name := range []string{"API_TOKEN", "PAYMENT_PASSWORD", "PAYMENT_password", "PAYMENT_URL", "SHOP_SIGNING_KEY"} {
		if !secret[name] {
			t.Errorf("%s is not marked as a secret", name)
		}
	}
	raw, err := json.Marshal(masked)
	if err != nil {
		t.Fatal(err)
	}
	requireNone(t, "env/resolve without reveal", string(raw))
}

// requireNoSecrets looks through everything that a server said on its own, at
// its most talkative, for values of the Secrets. What the local command wrote
// is its own affair.
func requireNoSecrets(t *testing.T, c *harness.Client) {
	t.Helper()
	requireNone(t, "the log on stderr", c.Stderr())
	for _, n := range c.Notifications() {
		if n.Method != protocol.MethodSessionOutput {
			requireNone(t, n.Method, string(n.Params))
		}
	}
}

func requireNone(t *testing.T, where, text string) {
	t.Helper()
	for _, value := range planted {
		if strings.Contains(text, value) {
			t.Errorf("%s holds the secret value %q", where, value)
		}
	}
}

func isReady(p corev1.Pod) bool {
	return slices.ContainsFunc(p.Status.Conditions, func(c corev1.PodCondition) bool {
		return c.Type == corev1.PodReady && c.Status == corev1.ConditionTrue
	})
}
