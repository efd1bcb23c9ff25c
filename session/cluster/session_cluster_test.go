package cluster

import (
	"context"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// TestWholeSession goes through a diversion as a session does, in a namespace
// that enforces the restricted Pod Security Standard, and back.
func TestWholeSession(t *testing.T) {
	l := newLab(t, "restricted")
	l.deployment("app", func(d *appsv1.Deployment) {
		d.Spec.Template.Spec.Containers[0].Env = []corev1.EnvVar{{Name: "GREETING", Value: "hello"}}
	})
	l.awaitAvailable("app", 2)
	before := l.original("app")

	c := l.connect()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	start := time.Now()
	lap := func(what string) {
		t.Logf("%6d ms  %-22s %s", time.Since(start).Milliseconds(), what, requests(c))
	}
	progress := func(m string) { t.Logf("%6d ms    … %s", time.Since(start).Milliseconds(), m) }

	w, err := c.Find(ctx, Target{Name: "app"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Preflight(ctx, w, Needs{}); err != nil {
		t.Fatal(err)
	}
	lap("preflight")
	keys, config := l.agentKeys()
	spec := l.spec(keys, 80, 8080)
	record := c.Record(w, spec)
	d, err := c.Divert(ctx, w, spec)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	if diff := cmp.Diff(record, d.Record); diff != "" {
		t.Errorf("the journalled Record differs from the diversion's (-journal +done):\n%s", diff)
	}
	lap("diverted")
	pod, err := c.AwaitRunning(ctx, d, progress)
	if err != nil {
		t.Fatal(err)
	}
	lap("running")
	client := l.sshTo(c, pod, d.Port, config)
	lap("ssh")
	for _, address := range []string{"0.0.0.0:80", "0.0.0.0:8080"} {
		listener, err := client.Listen("tcp", address)
		if err != nil {
			t.Fatalf("reverse %s: %v", address, err)
		}
		go func() { // ends when the SSH client is closed
			_ = http.Serve(listener, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "laptop") }))
		}()
	}
	lap("reverses bound")
	if pod, err = c.AwaitReady(ctx, d, progress); err != nil {
		t.Fatal(err)
	}
	lap("ready")
	if err := c.ScaleDown(ctx, d); err != nil {
		t.Fatal(err)
	}
	if err := c.AwaitDrained(ctx, d, progress); err != nil {
		t.Fatal(err)
	}
	lap("drained")
	if n := c.Requests() + c.Watches() + c.Streams(); n > 20 {
		t.Errorf("a start took %d API requests, more than 20: %s", n, requests(c))
	}
	if text := l.get(pod.IP); text != "laptop" {
		t.Errorf("the dev pod answered %q", text)
	}

	// Another session sees whose it is, and another machine can restore.
	if w, err = c.Find(ctx, Target{Name: "app"}); err != nil {
		t.Fatal(err)
	}
	if w.Diverted == nil || w.Diverted.Record.Owner != "tester" || w.Diverted.Record.Replicas != 2 {
		t.Errorf("the original does not tell of the session: %+v", w.Diverted)
	}
	found, err := c.FindDiverted(ctx, "")
	if err != nil || len(found) != 1 {
		t.Fatalf("FindDiverted: %v, %v", found, err)
	}
	start = time.Now()
	if err := c.Restore(ctx, found[0]); err != nil {
		t.Fatal(err)
	}
	lap("restored")
	if diff := cmp.Diff(before, l.original("app")); diff != "" {
		t.Errorf("the original is not as it was (-before +after):\n%s", diff)
	}
	l.nothingLeft()
	if err := c.Restore(ctx, record); err != nil {
		t.Errorf("restoring twice: %v", err)
	}
}

// shape is what a user configured of an original.
type shape struct {
	Spec                appsv1.DeploymentSpec
	Labels, Annotations map[string]string
}

func (l *lab) original(name string) shape {
	l.Helper()
	d, err := l.admin.AppsV1().Deployments(l.namespace).Get(l.Context(), name, metav1.GetOptions{})
	if err != nil {
		l.Fatal(err)
	}
	return shape{d.Spec, d.Labels, d.Annotations}
}

// nothingLeft fails if an object of ours is left in the namespace.
func (l *lab) nothingLeft() {
	l.Helper()
	ours := metav1.ListOptions{LabelSelector: DevLabel}
	deployments, err := l.admin.AppsV1().Deployments(l.namespace).List(l.Context(), ours)
	if err != nil {
		l.Fatal(err)
	}
	secrets, err := l.admin.CoreV1().Secrets(l.namespace).List(l.Context(), ours)
	if err != nil {
		l.Fatal(err)
	}
	if n := len(deployments.Items) + len(secrets.Items); n != 0 {
		l.Errorf("%d Deployments and %d Secrets of ours are left", len(deployments.Items), len(secrets.Items))
	}
}
