package cluster

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	quantity "k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/tools/clientcmd/api"
	"k8s.io/utils/ptr"

	"github.com/tandem-dev/tandem/envfile"
	"github.com/tandem-dev/tandem/internal/fault"
)

// TestStatefulSetAndLostPod diverts a StatefulSet, over SPDY, as a user who has
// no more rights than Preflight asks for; then the dev pod is deleted, and its
// successor is found and dialled.
func TestStatefulSetAndLostPod(t *testing.T) {
	t.Setenv("PORT_FORWARD_WEBSOCKETS", "false")
	l := newLab(t, "restricted")
	l.statefulSet("db")
	c := l.connectAs(l.limitedUser(
		rbacv1.PolicyRule{Verbs: []string{"get", "patch"}, APIGroups: []string{"apps"}, Resources: []string{"statefulsets", "statefulsets/scale"}},
		rbacv1.PolicyRule{Verbs: []string{"get", "create", "delete", "watch"}, APIGroups: []string{"apps"}, Resources: []string{"deployments"}},
		rbacv1.PolicyRule{Verbs: []string{"create", "delete"}, APIGroups: []string{""}, Resources: []string{"secrets"}},
		rbacv1.PolicyRule{Verbs: []string{"list", "watch"}, APIGroups: []string{""}, Resources: []string{"pods"}},
		rbacv1.PolicyRule{Verbs: []string{"create"}, APIGroups: []string{""}, Resources: []string{"pods/portforward"}},
	))
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	w, err := c.Find(ctx, Target{Name: "db"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Preflight(ctx, w, Needs{}); err != nil {
		t.Fatal(err)
	}
	keys, config := l.agentKeys()
	d, err := c.Divert(ctx, w, l.spec(keys))
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	var first Pod
	for range 2 {
		pod, err := c.AwaitRunning(ctx, d, func(m string) { t.Log("…", m) })
		if err != nil {
			t.Fatal(err)
		}
		if pod.UID == first.UID {
			t.Fatal("the deleted pod was returned again")
		}
		first = pod
		if host := pod.Object.Spec.Hostname; host != "db-0" {
			t.Errorf("hostname %q", host)
		}
		client := l.sshTo(c, pod, d.Port, config)
		s, err := client.NewSession()
		if err != nil {
			t.Fatal(err)
		}
		environ, err := s.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := s.RequestSubsystem("environ"); err != nil {
			t.Fatal(err)
		}
		text := make([]byte, 64<<10)
		n, _ := environ.Read(text)
		if !strings.Contains(string(text[:n]), "INDEX=0\x00") {
			t.Errorf("pod-index is not in the environment: %q", text[:n])
		}
		if pod, err = c.AwaitReady(ctx, d, nil); err != nil {
			t.Fatal(err)
		}
		if err := c.ScaleDown(ctx, d); err != nil {
			t.Fatal(err)
		}
		if err := c.AwaitDrained(ctx, d, nil); err != nil {
			t.Fatal(err)
		}
		client.Close()
		if err := l.admin.CoreV1().Pods(l.namespace).Delete(ctx, pod.Name, metav1.DeleteOptions{}); err != nil {
			t.Fatal(err)
		}
		l.eventually("the watch has seen the pod go", func() bool {
			p := d.follow.look().devPod()
			return p == nil || string(p.UID) != first.UID
		})
	}
	if err := c.RestoreWithin(ctx, d.Record, 0); err != nil {
		t.Fatal(err)
	}
	s, err := l.admin.AppsV1().StatefulSets(l.namespace).Get(ctx, "db", metav1.GetOptions{})
	if err != nil || *s.Spec.Replicas != 1 || len(s.Annotations) != 0 {
		t.Errorf("the original is not as it was: %v, %v, %v", *s.Spec.Replicas, s.Annotations, err)
	}
	l.nothingLeft()
}

func (l *lab) statefulSet(name string) {
	l.Helper()
	labels := map[string]string{"app": name}
	pod := l.podSpec()
	pod.Containers[0].Env = []corev1.EnvVar{{Name: "INDEX", ValueFrom: &corev1.EnvVarSource{
		FieldRef: &corev1.ObjectFieldSelector{FieldPath: "metadata.labels['apps.kubernetes.io/pod-index']"}}}}
	pod.Containers[0].VolumeMounts = []corev1.VolumeMount{{Name: "data", MountPath: "/data"}}
	_, err := l.admin.AppsV1().StatefulSets(l.namespace).Create(l.Context(), &appsv1.StatefulSet{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Spec: appsv1.StatefulSetSpec{
			Replicas: ptr.To[int32](1), ServiceName: name, Selector: &metav1.LabelSelector{MatchLabels: labels},
			Template: corev1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{Labels: labels}, Spec: pod},
			VolumeClaimTemplates: []corev1.PersistentVolumeClaim{{ObjectMeta: metav1.ObjectMeta{Name: "data"}, Spec: corev1.PersistentVolumeClaimSpec{
				AccessModes: []corev1.PersistentVolumeAccessMode{corev1.ReadWriteOnce},
				Resources:   corev1.VolumeResourceRequirements{Requests: corev1.ResourceList{corev1.ResourceStorage: quantity.MustParse("1Mi")}}}}},
		},
	}, metav1.CreateOptions{})
	if err != nil {
		l.Fatal(err)
	}
}

// limitedUser is the kubeconfig of a service account with one Role.
func (l *lab) limitedUser(rules ...rbacv1.PolicyRule) string {
	l.Helper()
	ctx, name := l.Context(), "limited"
	if _, err := l.admin.CoreV1().ServiceAccounts(l.namespace).Create(ctx, &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Name: name}}, metav1.CreateOptions{}); err != nil {
		l.Fatal(err)
	}
	if _, err := l.admin.RbacV1().Roles(l.namespace).Create(ctx, &rbacv1.Role{ObjectMeta: metav1.ObjectMeta{Name: name}, Rules: rules}, metav1.CreateOptions{}); err != nil {
		l.Fatal(err)
	}
	if _, err := l.admin.RbacV1().RoleBindings(l.namespace).Create(ctx, &rbacv1.RoleBinding{ObjectMeta: metav1.ObjectMeta{Name: name},
		RoleRef: rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "Role", Name: name}, Subjects: []rbacv1.Subject{{Kind: "ServiceAccount", Name: name}}}, metav1.CreateOptions{}); err != nil {
		l.Fatal(err)
	}
	token, err := l.admin.CoreV1().ServiceAccounts(l.namespace).CreateToken(ctx, name, &authenticationv1.TokenRequest{}, metav1.CreateOptions{})
	if err != nil {
		l.Fatal(err)
	}
	config, err := clientcmd.LoadFromFile(l.kubeconfig)
	if err != nil {
		l.Fatal(err)
	}
	config.AuthInfos = map[string]*api.AuthInfo{name: {Token: token.Status.Token}}
	for _, c := range config.Contexts {
		c.AuthInfo = name
	}
	file := filepath.Join(l.TempDir(), "kubeconfig")
	if err := clientcmd.WriteToFile(*config, file); err != nil {
		l.Fatal(err)
	}
	return file
}

// TestPreflightNamesEverythingMissing at once, and asks one question for it.
func TestPreflightNamesEverythingMissing(t *testing.T) {
	l := newLab(t, "restricted")
	l.deployment("app", nil)
	limited := l.connectAs(l.limitedUser(rbacv1.PolicyRule{Verbs: []string{"get"}, APIGroups: []string{"apps"}, Resources: []string{"deployments"}}))
	w, err := limited.Find(t.Context(), Target{Name: "app"})
	if err != nil {
		t.Fatal(err)
	}
	before := limited.Requests()
	_, err = limited.Preflight(t.Context(), w, Needs{Secrets: []string{"pay"}, ConfigMaps: []string{"conf"}})
	t.Log(err)
	if fault.KindOf(err) != fault.PermissionDenied {
		t.Fatalf("%s: %v", fault.KindOf(err), err)
	}
	for _, part := range []string{`patch deployments.apps/scale "app"`, `get secrets "pay"`, `get configmaps "conf"`, "create pods/portforward", "watch pods", "create secrets"} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("the message does not mention %s", part)
		}
	}
	if n := limited.Requests() - before; n != 1 {
		t.Errorf("%d requests, want 1", n)
	}
	_, _, err = limited.Sources(t.Context(), envfile.Refs{Secrets: []envfile.Ref{{Name: "pay"}}, ConfigMaps: []envfile.Ref{{Name: "conf"}}})
	if fault.KindOf(err) != fault.PermissionDenied || !strings.Contains(err.Error(), `"pay"`) || !strings.Contains(err.Error(), `"conf"`) {
		t.Errorf("sources: %v", err)
	}
	admin := l.connect()
	conf := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "conf"}}
	if _, err := l.admin.CoreV1().ConfigMaps(l.namespace).Create(t.Context(), conf, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	configMaps, secrets, err := admin.Sources(t.Context(), envfile.Refs{Secrets: []envfile.Ref{{Name: "pay"}}, ConfigMaps: []envfile.Ref{{Name: "conf"}}})
	if err != nil || len(configMaps) != 1 || len(secrets) != 0 {
		t.Errorf("sources as administrator: %v, %v, %v", configMaps, secrets, err)
	}
}

func TestFindSaysWhatThereIs(t *testing.T) {
	l := newLab(t, "restricted")
	l.deployment("app", nil)
	l.deployment("worker", nil)
	c := l.connect()
	elsewhere := l.connect()
	elsewhere.namespace = "clu-nowhere"
	for _, test := range []struct {
		c      *Cluster
		target Target
		kind   fault.Kind
		text   string // in message or hint
	}{
		{c, Target{Name: "api"}, fault.WorkloadNotFound, "Deployment/worker"},
		{c, Target{Selector: map[string]string{"team": "b"}}, fault.WorkloadNotFound, "Deployment/app"},
		{c, Target{Selector: map[string]string{"team": "a"}}, fault.WorkloadAmbiguous, "Deployment/app, Deployment/worker"},
		{c, Target{Name: "app", Container: "nginx"}, fault.ContainerNotFound, "app"},
		{elsewhere, Target{Name: "app"}, fault.WorkloadNotFound, "does not exist"},
	} {
		_, err := test.c.Find(t.Context(), test.target)
		if fault.KindOf(err) != test.kind || !strings.Contains(fmt.Sprint(err, fault.HintOf(err)), test.text) {
			t.Errorf("%+v: %s: %v (hint: %s)", test.target, fault.KindOf(err), err, fault.HintOf(err))
		}
	}
}
