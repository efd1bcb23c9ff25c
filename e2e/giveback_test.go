package e2e

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/tandem-dev/tandem/e2e/harness"
	"github.com/tandem-dev/tandem/rpc/protocol"
)

// The original has become unable to start while a session stood in for it: the stop
// says why, does not wait for what cannot come, and gives the cluster back.
func TestStopSaysWhyTheOriginalDoesNotStart(t *testing.T) {
	t.Parallel()
	patch := func(body string) func(*testing.T, *harness.Namespace) {
		return func(t *testing.T, ns *harness.Namespace) {
			t.Helper()
			_, err := ns.Cluster.AppsV1().Deployments(ns.Name).Patch(t.Context(), "api", types.StrategicMergePatchType, []byte(body), metav1.PatchOptions{})
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	const template = `{"spec":{"template":{"spec":%s}}}`
	for _, test := range []struct {
		name   string
		harm   func(*testing.T, *harness.Namespace)
		within time.Duration // from session/stop to its answer
		says   []string
	}{
		{"image gone", patch(fmt.Sprintf(template, `{"containers":[{"name":"api","image":"`+harness.Registry()+`/shop/api:gone"}]}`)), 20 * time.Second,
			[]string{`Deployment "api" has its 2 replicas back, but does not start: the image "` + harness.Registry() + `/shop/api:gone" of the container "api" cannot be pulled`}},
		{"no such program", patch(fmt.Sprintf(template, `{"containers":[{"name":"api","command":["/no/such/program"]}]}`)), 20 * time.Second,
			[]string{`but does not start: the container "api"`}},
		{"no node", patch(fmt.Sprintf(template, `{"nodeSelector":{"shop.example/zone":"nowhere"}}`)), 25 * time.Second,
			[]string{"but does not start: no node takes the pod"}},
		{"quota", func(t *testing.T, ns *harness.Namespace) {
			t.Helper()
			create(t, ns, &corev1.ResourceQuota{ObjectMeta: metav1.ObjectMeta{Name: "full"},
				Spec: corev1.ResourceQuotaSpec{Hard: corev1.ResourceList{"pods": resource.MustParse("1")}}})
			ns.AwaitQuota("full")
		}, 20 * time.Second, []string{"but does not start: the cluster refuses its pods", "exceeded quota"}},
		{"never ready", patch(fmt.Sprintf(template, `{"containers":[{"name":"api","readinessProbe":{"httpGet":null,"tcpSocket":{"port":1}}}]}`)), 45 * time.Second,
			[]string{"has its 2 replicas back, but none is ready after 30s", "runs, but is not ready"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			ns := harness.NewNamespace(t)
			ws := harness.NewWorkspace(t, ns)
			c := harness.Serve(ws)
			ready := c.MustStart("api")
			harness.Eventually(t, "the original's pods to go", ns.Settled)
			test.harm(t, ns)
			began := time.Now()
			var ended protocol.Snapshot
			if err := c.Go(protocol.MethodSessionStop, protocol.SessionStopParams{ID: ready.ID}, &ended).WaitWithin(time.Minute); err != nil {
				t.Fatalf("session/stop: %s", harness.Describe(err))
			}
			took := time.Since(began)
			requireTrouble(t, ended, test.says)
			t.Logf("stopped after %s", took)
			if took > test.within {
				t.Errorf("session/stop took %s, more than %s", took, test.within)
			}
			requireGivenBack(t, ns)
			ws.RequireNoTrace()
		})
	}
}

// requireTrouble wants a session that has stopped and says why its original does not
// serve.
func requireTrouble(t *testing.T, ended protocol.Snapshot, says []string) {
	t.Helper()
	i := slices.IndexFunc(ended.Warnings, func(w protocol.SessionWarning) bool { return w.Code == "original-down" })
	if ended.State != protocol.StateStopped || i < 0 {
		t.Fatalf("ended as %s, with the warnings %+v", ended.State, ended.Warnings)
	}
	w := ended.Warnings[i]
	t.Logf("%s (%s)", w.Message, w.Hint)
	if w.Hint == "" {
		t.Error("there is no hint")
	}
	for _, part := range says {
		if !strings.Contains(w.Message, part) {
			t.Errorf("no %q in %q", part, w.Message)
		}
	}
}

// requireGivenBack wants the api's replicas back, and nothing of a session.
func requireGivenBack(t *testing.T, ns *harness.Namespace) {
	t.Helper()
	requireReplicas(t, ns, 2)
	harness.Eventually(t, "nothing of ours in the cluster", func(ctx context.Context) error {
		all, err := ns.Deployments(ctx, "")
		for _, d := range all {
			if _, dev := d.Labels[harness.DevLabel]; dev || d.Annotations["tandem.dev/session"] != "" {
				return fmt.Errorf("%s is marked", d.Name)
			}
		}
		return err
	})
}

// `tandem down` after a crash says it as well.
func TestDownSaysWhyTheOriginalDoesNotStart(t *testing.T) {
	t.Parallel()
	ns := harness.NewNamespace(t)
	ws := harness.NewWorkspace(t, ns)
	c := harness.Serve(ws)
	c.MustStart("api")
	_, err := ns.Cluster.AppsV1().Deployments(ns.Name).Patch(t.Context(), "api", types.StrategicMergePatchType,
		[]byte(`{"spec":{"template":{"spec":{"containers":[{"name":"api","image":"`+harness.Registry()+`/shop/api:gone"}]}}}}`), metav1.PatchOptions{})
	if err != nil {
		t.Fatal(err)
	}
	c.Signal(syscall.SIGKILL)
	c.Exit()
	r := ws.Run("down", "api")
	if r.Code != 0 {
		t.Errorf("exit code %d", r.Code)
	}
	for _, part := range []string{"api is back at 2 replicas", "! Deployment \"api\" has its 2 replicas back, but does not start: the image", "is the image still in the registry"} {
		if !strings.Contains(r.Stderr, part) {
			t.Errorf("no %q in\n%s", part, r.Stderr)
		}
	}
	requireGivenBack(t, ns)
}
