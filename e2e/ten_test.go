package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/tandem-dev/tandem/e2e/harness"
	"github.com/tandem-dev/tandem/rpc/protocol"
)

// tiny is a workload that costs next to nothing.
func tiny(name string) *appsv1.Deployment {
	labels := map[string]string{"app": name}
	return &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Spec: appsv1.DeploymentSpec{
			Replicas: new(int32(1)),
			Selector: &metav1.LabelSelector{MatchLabels: labels},
			Template: corev1.PodTemplateSpec{
				ObjectMeta: metav1.ObjectMeta{Labels: labels},
				Spec: corev1.PodSpec{
					AutomountServiceAccountToken:  new(false),
					TerminationGracePeriodSeconds: new(int64(1)),
					SecurityContext:               &corev1.PodSecurityContext{RunAsNonRoot: new(true), SeccompProfile: &corev1.SeccompProfile{Type: corev1.SeccompProfileTypeRuntimeDefault}},
					Containers: []corev1.Container{{
						Name: "main", Image: harness.Registry() + "/shop/web:1", ImagePullPolicy: corev1.PullIfNotPresent,
						Ports: []corev1.ContainerPort{{ContainerPort: 8080}},
						Env:   []corev1.EnvVar{{Name: "API_URL", Value: "http://nobody"}},
						Resources: corev1.ResourceRequirements{Requests: corev1.ResourceList{
							corev1.ResourceCPU: resource.MustParse("1m"), corev1.ResourceMemory: resource.MustParse("8Mi")}},
						SecurityContext: &corev1.SecurityContext{AllowPrivilegeEscalation: new(false), Capabilities: &corev1.Capabilities{Drop: []corev1.Capability{"ALL"}}},
					}},
				},
			},
		},
	}
}

// backendsOf are the pids of the processes that keep a workspace's sessions.
func backendsOf(ws *harness.Workspace) []string {
	var backends []string
	all, _ := filepath.Glob("/proc/[0-9]*/cmdline")
	for _, path := range all {
		line, err := os.ReadFile(path)
		if err != nil {
			continue // it has ended
		}
		if text := string(line); strings.Contains(text, "\x00--backend\x00") && strings.Contains(text, ws.StateDir) {
			backends = append(backends, filepath.Base(filepath.Dir(path)))
		}
	}
	return backends
}

// received is how much of each session's output a client was sent or told that it
// missed, and the missed part.
func received(t *testing.T, c *harness.Client) (all, missed map[string]int64) {
	t.Helper()
	all, missed = map[string]int64{}, map[string]int64{}
	for _, n := range c.Notifications() {
		if n.Method != protocol.MethodSessionOutput {
			continue
		}
		var p protocol.SessionOutputParams
		if err := json.Unmarshal(n.Params, &p); err != nil {
			t.Fatal(err)
		}
		all[p.ID] += int64(len(p.Text)) + p.Dropped
		missed[p.ID] += p.Dropped
	}
	return all, missed
}

// Ten sessions of one server at once, with commands that say a lot, before two
// windows of the editor, of which one hangs: it slows nobody down, and when it goes
// on it sees every change of every session in order, and how much output it missed.
func TestTenSessions(t *testing.T) {
	t.Parallel()
	const (
		count   = 10
		said    = 400_000 // bytes that each command writes before it serves
		starts  = 75 * time.Second
		stops   = 45 * time.Second
		atLeast = 10_000 // bytes of output that the window that hangs misses of all
	)
	ns := harness.NewBareNamespace(t)
	var text strings.Builder
	text.WriteString("dev:\n")
	for i := range count {
		name := fmt.Sprintf("ten-%d", i)
		if err := ns.Create(tiny(name)); err != nil {
			t.Fatal(err)
		}
		port := harness.FreePort(t)
		fmt.Fprintf(&text, "  %s:\n    mode: hybrid\n    timeout: {default: 60s, resources: 2m}\n", name)
		fmt.Fprintf(&text, "    command: \"head -c %d /dev/zero | tr '\\\\0' x | fold -w 99; exec %s\"\n", said, harness.ShopBinary(t, "web"))
		fmt.Fprintf(&text, "    environment: {SHOP_LISTEN: \"localhost:%d\", SHOP_WHERE: local}\n    forward: [\"0:kubernetes.default:443\"]\n    reverse: [\"8080:%d\"]\n", port, port)
	}
	harness.Eventually(t, "the ten workloads", ns.Settled)
	before := ns.State()
	ws := harness.NewBareWorkspace(t, ns, text.String())

	kept := harness.Options{Wrap: func(cmd *exec.Cmd) { cmd.Args = append(cmd.Args, "--keep", "20s") }}
	c := harness.ServeWith(ws, kept)
	hanging := harness.ServeWith(ws, kept)
	var none protocol.SessionListResult
	hanging.MustCall(protocol.MethodSessionList, protocol.SessionListParams{}, &none)
	goOn := hanging.StopReading()
	t.Cleanup(goOn)

	began := time.Now()
	snaps := make([]protocol.Snapshot, count)
	calls := make([]*harness.Call, count)
	for i := range count {
		calls[i] = c.Go(protocol.MethodSessionStart, c.StartParams(fmt.Sprintf("ten-%d", i)), &snaps[i])
	}
	for i, call := range calls {
		if err := call.WaitWithin(time.Until(began.Add(starts))); err != nil {
			t.Errorf("session %d: %s", i, harness.Describe(err))
		}
	}
	if t.Failed() {
		return
	}
	t.Logf("%d sessions are ready after %s", count, time.Since(began).Round(time.Millisecond))
	ids := map[string]bool{}
	for _, s := range snaps {
		ids[s.ID] = true
		if s.State != protocol.StateReady || len(s.Tunnels) != 2 || s.Process == nil || s.Process.State != "running" {
			t.Errorf("session %s is %s with %d tunnels, process %+v", s.ID, s.State, len(s.Tunnels), s.Process)
		}
	}
	if len(ids) != count {
		t.Errorf("%d ids for %d sessions", len(ids), count)
	}
	// While one window hangs, the other is served at once.
	asked := time.Now()
	var list protocol.SessionListResult
	c.MustCall(protocol.MethodSessionList, protocol.SessionListParams{}, &list)
	if took := time.Since(asked); len(list.Sessions) != count || took > 2*time.Second {
		t.Errorf("session/list has %d sessions after %s", len(list.Sessions), took)
	}

	began = time.Now()
	for i := range count {
		calls[i] = c.Go(protocol.MethodSessionStop, protocol.SessionStopParams{ID: snaps[i].ID}, nil)
	}
	for i, call := range calls {
		if err := call.WaitWithin(time.Until(began.Add(stops))); err != nil {
			t.Errorf("stopping session %d: %s", i, harness.Describe(err))
		}
	}
	t.Logf("and stopped after %s", time.Since(began).Round(time.Millisecond))

	goOn()
	for id := range ids {
		hanging.AwaitChange("the end of "+id, func(s protocol.Snapshot) bool { return s.ID == id && s.State == protocol.StateStopped })
	}
	// That no seq is missing in either window is looked at when they close.
	saw, _ := received(t, c)
	late, missed := received(t, hanging)
	if diff := cmp.Diff(saw, late); diff != "" {
		t.Errorf("output, sent or told to be missing (-the one +the other window):\n%s", diff)
	}
	total := int64(0)
	for _, n := range missed {
		total += n
	}
	for _, id := range []string{snaps[0].ID, snaps[count-1].ID} {
		if saw[id] < said {
			t.Errorf("%d bytes of output of %s, want at least %d", saw[id], id, said)
		}
	}
	if total < atLeast {
		t.Errorf("the window that hung missed %d bytes of output", total)
	}
	ns.RequireState(before)
	ws.RequireNoTrace()
	c.Close()
	hanging.Close()
	harness.Eventually(t, "the end of the process that kept the sessions", func(context.Context) error {
		if left := backendsOf(ws); len(left) > 0 {
			return fmt.Errorf("processes %v", left)
		}
		return nil
	})
}
