package corpus

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/tandem-dev/tandem/e2e/harness"
	"github.com/tandem-dev/tandem/envfile"
	"github.com/tandem-dev/tandem/internal/fault"
	"github.com/tandem-dev/tandem/session"
)

// What cannot be read or is not there gives the documented error or a warning
// that names it with the reason, and what was good is kept.

// resolve is the offline environment with its warnings as "code variable".
func resolve(t *testing.T, m *session.Manager, path, name string) (*envfile.Environment, []string) {
	t.Helper()
	e, err := m.ResolveOffline(t.Context(), path, name)
	must(t, err)
	var codes []string
	for _, w := range e.Warnings {
		if w.Variable == "HOSTNAME" || w.Variable == "HOME" {
			continue
		}
		codes = append(codes, strings.TrimSpace(w.Code+" "+w.Variable))
	}
	return e, codes
}

// requireSaid checks that a warning with the code has each of the words.
func requireSaid(t *testing.T, e *envfile.Environment, code string, words ...string) {
	t.Helper()
	for _, w := range e.Warnings {
		if w.Code != code {
			continue
		}
		for _, word := range words {
			if !strings.Contains(w.Message, word) {
				t.Errorf("the warning does not have %q: %s", word, w.Message)
			}
		}
		return
	}
	t.Errorf("no warning %s in %v", code, e.Warnings)
}

func requireValue(t *testing.T, e *envfile.Environment, name, want string) {
	t.Helper()
	if v, ok := e.Lookup(name); !ok || v.Unresolved || v.Value != want {
		t.Errorf("%s is %q (found: %v, unresolved: %v), want %q", name, v.Value, ok, v.Unresolved, want)
	}
}

func requireUnresolved(t *testing.T, e *envfile.Environment, names ...string) {
	t.Helper()
	for _, name := range names {
		if v, ok := e.Lookup(name); !ok || !v.Unresolved || v.Value != "" {
			t.Errorf("%s is %q (found: %v), want it to be unresolved", name, v.Value, ok)
		}
	}
}

// readWorkloads is what a developer needs at the least.
var readWorkloads = []rbacv1.PolicyRule{
	{APIGroups: []string{"apps"}, Resources: []string{"deployments", "statefulsets"}, Verbs: []string{"get", "list"}},
	{APIGroups: []string{""}, Resources: []string{"configmaps"}, Verbs: []string{"get"}},
}

func TestSources(t *testing.T) {
	n := newPlace(t, ordinary)
	layer := programLayer(t)
	image := pushImage(t, layer, harness.Registry()+"/tandem-test/corpus:sources-", imageEnvs["plain"])
	mixed := row{
		env: env(lit("A", "1"), secret("P", "s1", "PASS"), lit("URL", "db://$(P)"), key("K1", "c1", "K"), lit("DB", "$(DB_SERVICE_HOST)"),
			lit("X", "$(ONLY_S2)"), amount("CPU", "", "limits.cpu", "")),
		envFrom: envFrom(fromCM("c2", ""), fromSecret("s2", "")),
	}
	real := mixed.run(t, n, "mixed", image)
	path := okteto(t, "mixed", "    environment:\n      DEV: mine\n")

	t.Run("a user who may read Secrets nowhere, nor pods, nodes, Services", func(t *testing.T) {
		user := n.For(t).UserKubeconfig("poor", readWorkloads...)
		m := manager(t, n, func(c *session.Config) { c.Kubeconfig = user })
		e, codes := resolve(t, m, path, "mixed")
		if diff := cmp.Diff([]string{"source-unreadable", "unresolved CPU", "unresolved DB", "unresolved P", "unresolved URL", "unresolved X",
			"pod-unreadable", "services-unreadable", "limits-unreadable"}, codes); diff != "" {
			t.Errorf("warnings (-want +got):\n%s", diff)
		}
		requireUnresolved(t, e, "P", "URL", "X", "DB", "CPU")
		requireSaid(t, e, "source-unreadable", `Secret "s2"`, "you may not get secrets")
		requireSaid(t, e, "services-unreadable", "you may not list services")
		requireSaid(t, e, "pod-unreadable", "you may not list pods")
		for name, want := range map[string]string{"A": "1", "K1": "c1", "TWO": "two", "IMAGE_ONLY": "from the image", "DEV": "mine"} {
			requireValue(t, e, name, want)
		}
		v, _ := e.Lookup("P")
		if text := strings.Join(v.Notes, " "); !v.Secret || !strings.Contains(text, `Secret "s1" could not be read: you may not get secrets`) {
			t.Errorf("P has the notes %q, secret: %v", text, v.Secret)
		}
	})
	t.Run("a user who may all of that in the namespace alone", func(t *testing.T) {
		user := n.For(t).UserKubeconfig("usual", append(readWorkloads, rbacv1.PolicyRule{APIGroups: []string{""},
			Resources: []string{"secrets", "pods", "services", "limitranges", "serviceaccounts"}, Verbs: []string{"get", "list"}})...)
		m := manager(t, n, func(c *session.Config) { c.Kubeconfig = user })
		e, codes := resolve(t, m, path, "mixed")
		if diff := cmp.Diff([]string{"unresolved CPU", "services-unreadable", "node-unreadable"}, codes); diff != "" {
			t.Errorf("warnings (-want +got):\n%s", diff)
		}
		requireSaid(t, e, "services-unreadable", `get services "kubernetes" in namespace "default"`)
		requireValue(t, e, "URL", "db://hunter2")
		requireValue(t, e, "DB", real["DB"])
	})
	t.Run("the registry is not there, the container is asked", func(t *testing.T) {
		requireOffRegistry(t, n, layer, mixed)
	})
	t.Run("the registry is not there, and no container to ask", func(t *testing.T) {
		gone := httptest.NewServer(registry.New())
		ref := strings.TrimPrefix(gone.URL, "http://") + "/corpus:1"
		gone.Close()
		asleep(t, n, "asleep", ref, row{env: env(lit("A", "1"))})
		e, codes := resolve(t, manager(t, n, nil), okteto(t, "asleep", ""), "asleep")
		if diff := cmp.Diff([]string{"image-env-unknown"}, codes); diff != "" {
			t.Errorf("warnings (-want +got):\n%s", diff)
		}
		requireSaid(t, e, "image-env-unknown", ref, "connection refused", "no container")
		requireValue(t, e, "A", "1")
	})
	t.Run("a Secret that is missing, a key, a ConfigMap that was deleted", func(t *testing.T) {
		must(t, n.Create(&corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "soon-gone"}, Data: map[string]string{"Z": "1"}}))
		r := row{env: env(lit("A", "1")), envFrom: envFrom(fromCM("soon-gone", ""))}
		r.run(t, n.For(t), "deleted", image)
		m, path := manager(t, n, nil), okteto(t, "deleted", "")
		e, _ := resolve(t, m, path, "deleted")
		requireValue(t, e, "Z", "1")
		must(t, n.Cluster.CoreV1().ConfigMaps(n.Name).Delete(t.Context(), "soon-gone", metav1.DeleteOptions{}))
		for _, c := range []struct {
			name string
			kind fault.Kind
			row  row
			says string
		}{
			{"deleted", fault.ConfigMapNotFound, row{}, `ConfigMap "soon-gone" (for envFrom)`},
			{"secret-missing", fault.SecretNotFound, row{env: env(lit("A", "1"), secret("B", "nope", "x"))}, `Secret "nope" (for B)`},
			{"key-missing", fault.KeyNotFound, row{env: env(lit("A", "1"), key("B", "c1", "nope"), key("C", "c1", "nope"))}, `key "nope" of ConfigMap "c1" (for B, C)`},
		} {
			if c.name != "deleted" { // its container cannot start, so nothing is awaited
				d, _ := c.row.workload(c.name, image)
				must(t, n.Create(d))
			}
			e, err := m.ResolveOffline(t.Context(), okteto(t, c.name, ""), c.name)
			if !errors.Is(err, c.kind) || !strings.Contains(err.Error(), c.says) {
				t.Errorf("%s: %v, want %s with %q", c.name, err, c.kind, c.says)
			}
			if e == nil {
				t.Fatalf("%s: nothing comes with the error", c.name)
			}
			requireValue(t, e, "A", "1")
			requireValue(t, e, "IMAGE_ONLY", "from the image")
		}
	})
	t.Run("a tag that moved", func(t *testing.T) {
		ref := pushImage(t, layer, harness.Registry()+"/tandem-test/corpus:moving", []string{"WHICH=first"})
		r := row{change: func(_ *corev1.PodTemplateSpec, app *corev1.Container) { app.ImagePullPolicy = corev1.PullAlways }}
		r.run(t, n.For(t), "moved", ref)
		pushImage(t, layer, ref, []string{"WHICH=second"})
		e, _ := resolve(t, manager(t, n, nil), okteto(t, "moved", ""), "moved")
		requireValue(t, e, "WHICH", "first")
		// Without a pod the tag is all there is.
		scale, err := n.Cluster.AppsV1().Deployments(n.Name).GetScale(t.Context(), "moved", metav1.GetOptions{})
		must(t, err)
		scale.Spec.Replicas = 0
		_, err = n.Cluster.AppsV1().Deployments(n.Name).UpdateScale(t.Context(), "moved", scale, metav1.UpdateOptions{})
		must(t, err)
		harness.Eventually(t, "no pods", func(ctx context.Context) error {
			pods, err := n.Pods(ctx, "app=moved")
			if err == nil && len(pods) > 0 {
				err = errors.New("there still is one")
			}
			return err
		})
		e, _ = resolve(t, manager(t, n, nil), okteto(t, "moved", ""), "moved")
		requireValue(t, e, "WHICH", "second")
	})
	t.Run("a registry that wants the workload's credentials", func(t *testing.T) {
		requirePullSecrets(t, n, layer)
	})
	t.Run("the second time the registry is not asked", func(t *testing.T) {
		state := t.TempDir()
		resolve(t, manager(t, n, func(c *session.Config) { c.StateDir = state }), path, "mixed")
		files, err := filepath.Glob(filepath.Join(state, "image-env", "sha256-*.json"))
		must(t, err)
		if len(files) != 1 {
			t.Fatalf("kept files: %v", files)
		}
		// Only who reads the file knows this.
		must(t, os.WriteFile(files[0], []byte(`{"env":["KEPT=yes"]}`), 0o600))
		e, _ := resolve(t, manager(t, n, func(c *session.Config) { c.StateDir = state }), path, "mixed")
		requireValue(t, e, "KEPT", "yes")
	})
}

// asleep makes a workload without pods: what its image is, only the registry
// knows.
func asleep(t *testing.T, n *harness.Namespace, name, image string, r row) {
	t.Helper()
	d, _ := r.workload(name, image)
	d.Spec.Replicas = new(int32)
	must(t, n.Create(d))
}

// requireOffRegistry runs an image, takes it out of the registry, and resolves.
// The node has the image already.
func requireOffRegistry(t *testing.T, n *harness.Namespace, layer v1.Layer, r row) {
	t.Helper()
	// ENV of its own, so that no other image has this digest.
	ref := pushImage(t, layer, harness.Registry()+"/tandem-test/corpus-off:1", append([]string{"OFF=" + n.Name}, imageEnvs["odd"]...))
	real := r.run(t, n.For(t), "off", ref)
	tag, err := name.ParseReference(ref)
	must(t, err)
	there, err := remote.Head(tag, transportOf(t))
	must(t, err)
	must(t, remote.Delete(tag.Context().Digest(there.Digest.String()), transportOf(t)))
	e, codes := resolve(t, manager(t, n, nil), okteto(t, "off", ""), "off")
	if diff := cmp.Diff([]string{"image-env-from-container"}, codes); diff != "" {
		t.Errorf("warnings (-want +got):\n%s", diff)
	}
	requireSaid(t, e, "image-env-from-container", ref, "refuses to give image")
	for name, want := range real {
		requireValue(t, e, name, want)
	}
	// Without a container to ask, and without the registry, it is not known.
	user := n.For(t).UserKubeconfig("no-exec", append(readWorkloads, rbacv1.PolicyRule{APIGroups: []string{""},
		Resources: []string{"secrets", "pods", "services", "limitranges", "serviceaccounts"}, Verbs: []string{"get", "list"}})...)
	e, codes = resolve(t, manager(t, n, func(c *session.Config) { c.Kubeconfig = user }), okteto(t, "off", ""), "off")
	if diff := cmp.Diff([]string{"unresolved CPU", "services-unreadable", "node-unreadable", "image-env-unknown"}, codes); diff != "" {
		t.Errorf("warnings (-want +got):\n%s", diff)
	}
	requireSaid(t, e, "image-env-unknown", ref, "refuses to give image", "you may not create pods/exec")
	requireValue(t, e, "A", "1")
	if v, ok := e.Lookup("TWICE"); ok {
		t.Errorf("TWICE of the image is known: %q", v.Value)
	}
}

// requirePullSecrets reads an image with the credentials of the workload: its
// own Secret, and that of its service account.
func requirePullSecrets(t *testing.T, n *harness.Namespace, layer v1.Layer) {
	t.Helper()
	inner := registry.New()
	var locked atomic.Bool
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if user, password, _ := r.BasicAuth(); locked.Load() && (user != "puller" || password != "let me in") {
			w.Header().Set("WWW-Authenticate", `Basic realm="corpus"`)
			w.WriteHeader(http.StatusUnauthorized)
			io.WriteString(w, `{"errors":[{"code":"UNAUTHORIZED"}]}`)
			return
		}
		inner.ServeHTTP(w, r)
	}))
	defer s.Close()
	host := strings.TrimPrefix(s.URL, "http://")
	ref := pushImage(t, layer, host+"/private/corpus:1", []string{"PRIVATE=yes"})
	locked.Store(true)
	login := func(name, user string) {
		must(t, n.Create(&corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: name}, Type: corev1.SecretTypeDockerConfigJson,
			StringData: map[string]string{corev1.DockerConfigJsonKey: `{"auths":{"http://` + host + `/v1/":{"username":"` + user + `","password":"let me in"}}}`}}))
	}
	login("wrong", "nobody")
	login("right", "puller")
	must(t, n.Create(&corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Name: "puller"}, ImagePullSecrets: []corev1.LocalObjectReference{object("right")}}))
	for name, change := range map[string]func(*corev1.PodTemplateSpec, *corev1.Container){
		"own-secret": template(func(p *corev1.PodTemplateSpec) {
			p.Spec.ImagePullSecrets = []corev1.LocalObjectReference{object("wrong"), object("right")}
		}),
		"account-secret": template(func(p *corev1.PodTemplateSpec) { p.Spec.ServiceAccountName = "puller" }),
	} {
		asleep(t, n, name, ref, row{change: change})
		e, codes := resolve(t, manager(t, n, nil), okteto(t, name, ""), name)
		if len(codes) > 0 {
			t.Errorf("%s: warnings %v", name, e.Warnings)
		}
		requireValue(t, e, "PRIVATE", "yes")
	}
	asleep(t, n, "no-secret-at-all", ref, row{})
	e, _ := resolve(t, manager(t, n, nil), okteto(t, "no-secret-at-all", ""), "no-secret-at-all")
	requireSaid(t, e, "image-env-unknown", "registry "+host+" refuses to give image")
	asleep(t, n, "wrong-secret", ref, row{change: template(func(p *corev1.PodTemplateSpec) {
		p.Spec.ImagePullSecrets = []corev1.LocalObjectReference{object("wrong")}
	})})
	e, _ = resolve(t, manager(t, n, nil), okteto(t, "wrong-secret", ""), "wrong-secret")
	requireSaid(t, e, "image-env-unknown", "registry "+host+" refuses to give image")
	for _, w := range e.Warnings {
		if strings.Contains(w.Message, "let me in") {
			t.Errorf("a credential is in a warning")
		}
	}
}
