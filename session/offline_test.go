package session

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/tandem-dev/tandem/session/cluster"
)

// A running pod tells what the cluster makes of a template, and lends nothing
// of its own.
func TestCompletedPod(t *testing.T) {
	w := &cluster.Workload{Namespace: "shop", Template: corev1.PodTemplateSpec{
		ObjectMeta: metav1.ObjectMeta{Name: "means nothing", Labels: map[string]string{"app": "api"}, Annotations: map[string]string{"note": "1"}},
		Spec:       corev1.PodSpec{Hostname: "given", Containers: []corev1.Container{{Name: "app"}}},
	}}
	running := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: "api-abc-1", Namespace: "shop", UID: "u",
			Labels:      map[string]string{"app": "api", "pod-template-hash": "abc", "mesh": "on"},
			Annotations: map[string]string{"note": "1", "injected": "yes"}},
		Spec: corev1.PodSpec{Hostname: "api-0", Subdomain: "db", NodeName: "n1", ServiceAccountName: "default",
			Containers: []corev1.Container{{Name: "front"}, {Name: "app", Env: []corev1.EnvVar{{Name: "INJECTED", Value: "1"}}}}},
		Status: corev1.PodStatus{PodIP: "10.0.0.1"},
	}
	before := running.DeepCopy()
	want := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Labels: map[string]string{"app": "api", "mesh": "on"},
			Annotations: map[string]string{"note": "1", "injected": "yes"}},
		Spec: corev1.PodSpec{Hostname: "given", ServiceAccountName: "default", Containers: running.Spec.Containers},
	}
	got := completedPod(w, running)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the pod (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(before, running); diff != "" {
		t.Errorf("the running pod is changed:\n%s", diff)
	}
	if c := containerOf(got, &w.Template.Spec.Containers[0]); len(c.Env) != 1 {
		t.Errorf("the container has the env %v, want the completed one", c.Env)
	}
	if p := completedPod(w, nil); p.Name != "" || p.Namespace != "shop" || p.Spec.Hostname != "given" {
		t.Errorf("without a running pod: %v", p)
	}
}

func TestPlatform(t *testing.T) {
	node := &corev1.Node{Status: corev1.NodeStatus{NodeInfo: corev1.NodeSystemInfo{OperatingSystem: "linux", Architecture: "arm64"}}}
	chosen := &corev1.PodSpec{NodeSelector: map[string]string{corev1.LabelArchStable: "s390x"}}
	for _, test := range []struct {
		name string
		node *corev1.Node
		pod  *corev1.PodSpec
		want v1.Platform
	}{
		{"the node's", node, chosen, v1.Platform{OS: "linux", Architecture: "arm64"}},
		{"what the pod asks for", nil, chosen, v1.Platform{OS: "linux", Architecture: "s390x"}},
		{"neither", nil, &corev1.PodSpec{}, v1.Platform{OS: "linux", Architecture: "amd64"}},
	} {
		if diff := cmp.Diff(test.want, platform(test.node, test.pod)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", test.name, diff)
		}
	}
}
