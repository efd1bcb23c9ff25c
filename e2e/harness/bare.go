package harness

import (
	"context"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// NewBareNamespace is [NewNamespace] without the shop: for a test that brings
// workloads of its own.
func NewBareNamespace(t T) *Namespace {
	t.Helper()
	c := Connect(t)
	made, err := c.CoreV1().Namespaces().Create(t.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{
		GenerateName: "e2e-" + namePart(t.Name()) + "-",
		Labels:       map[string]string{"pod-security.kubernetes.io/enforce": "restricted"},
	}}, metav1.CreateOptions{})
	if err != nil {
		t.Fatalf("making a namespace: %v", err)
	}
	t.Cleanup(func() {
		// The test's own context is over by now.
		if err := c.CoreV1().Namespaces().Delete(context.Background(), made.Name, metav1.DeleteOptions{}); err != nil {
			t.Errorf("deleting namespace %s: %v", made.Name, err)
		}
	})
	return &Namespace{T: t, Cluster: c, Name: made.Name}
}

// NewBareWorkspace is a folder with this manifest alone.
func NewBareWorkspace(t T, n *Namespace, manifest string) *Workspace {
	t.Helper()
	w := &Workspace{T: t, Dir: t.TempDir(), StateDir: t.TempDir(), Namespace: n, Kubeconfig: n.Cluster.Kubeconfig}
	w.WriteManifest(manifest)
	return w
}
