package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/tandem-dev/tandem/e2e/harness"
	"github.com/tandem-dev/tandem/rpc/protocol"
)

// A colleague changes the shop's settings while a developer works on the api:
// the editor hears which variables have changed, the files have the new values,
// the running process is called stale, and a restart gives it what it missed.
func TestEnvironmentFollowsItsSources(t *testing.T) {
	t.Parallel()
	ns := harness.NewNamespace(t)
	ws := harness.NewWorkspace(t, ns)
	c := harness.Serve(ws)
	ready := c.MustStart("api")
	c.AwaitOutput(ready.ID, "serving")
	running := c.AwaitChange("the local process", func(s protocol.Snapshot) bool { return s.Process != nil })

	// A file that was asked for later, for run configurations for example, is
	// one of the session's as the others are.
	var later protocol.EnvWriteResult
	c.MustCall(protocol.MethodEnvWrite, protocol.EnvWriteParams{ID: ready.ID, Dialect: "vscode-go"}, &later)

	_, err := ns.Cluster.CoreV1().ConfigMaps(ns.Name).Patch(t.Context(), "api-settings", types.MergePatchType,
		[]byte(`{"data":{"SHOP_CURRENCY":"USD","SHOP_NEW":"1","SHOP_BANNER":null}}`), metav1.PatchOptions{})
	if err != nil {
		t.Fatal(err)
	}
	changed := awaitEnvChange(t, c, "SHOP_CURRENCY")
	want := protocol.EnvDidChangeParams{ID: ready.ID, Added: []string{"SHOP_NEW"}, Removed: []string{"SHOP_BANNER"},
		Changed: []string{"PRICE_TEMPLATE", "SHOP_CURRENCY"}, Stale: []string{"process"}}
	if diff := cmp.Diff(want, changed); diff != "" {
		t.Errorf("env/didChange (-want +got):\n%s", diff)
	}
	file, err := os.ReadFile(ws.EnvFile("api", "env"))
	if err != nil || !strings.Contains(string(file), "\nSHOP_CURRENCY=USD\n") || !strings.Contains(string(file), "\nSHOP_NEW=1\n") {
		t.Errorf("the env file: %v\n%s", err, file)
	}

	if file, err := os.ReadFile(later.Path); err != nil || !strings.Contains(string(file), "\nSHOP_CURRENCY=USD\n") {
		t.Errorf("the file that came later: %v\n%s", err, file)
	}

	// The Secret's new value reaches the file, and nothing but the file.
	_, err = ns.Cluster.CoreV1().Secrets(ns.Name).Patch(t.Context(), "api-credentials", types.MergePatchType,
		[]byte(`{"stringData":{"API_TOKEN":"not-a-real-token-0002"}}`), metav1.PatchOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if changed := awaitEnvChange(t, c, "API_TOKEN"); !slices.Equal(changed.Changed, []string{"API_TOKEN"}) {
		t.Errorf("env/didChange after the Secret: %+v", changed)
	}
	for _, n := range c.Notifications() {
		if strings.Contains(string(n.Params), "not-a-real-token-0002") {
			t.Errorf("%s holds the Secret", n.Method)
		}
	}

	var restarted protocol.Snapshot
	c.MustCall(protocol.MethodSessionRestart, protocol.SessionRestartParams{ID: ready.ID}, &restarted)
	if p := restarted.Process; p == nil || p.State != "running" || p.PID == running.Process.PID {
		t.Fatalf("after the restart: %+v, before %+v", p, running.Process)
	}
	harness.Eventually(t, "the restarted process", func(ctx context.Context) error {
		who, err := ns.Whoami(ctx)
		if err == nil && who.PID != restarted.Process.PID {
			err = fmt.Errorf("pid %d answers, not %d", who.PID, restarted.Process.PID)
		}
		return err
	})
	if got := order(t, ws.Localhost(8080), "coffee"); !strings.Contains(got, `"currency":"USD"`) {
		t.Errorf("the restarted process takes the order as %s", got)
	}
	c.MustStop(ready.ID)
}

// awaitEnvChange waits for the env/didChange that says the variable has changed.
func awaitEnvChange(t *testing.T, c *harness.Client, variable string) (p protocol.EnvDidChangeParams) {
	t.Helper()
	c.Await("env/didChange of "+variable, func(n harness.Notification) bool {
		if n.Method != protocol.MethodEnvDidChange {
			return false
		}
		p = protocol.EnvDidChangeParams{}
		return json.Unmarshal(n.Params, &p) == nil && slices.Contains(p.Changed, variable)
	})
	return p
}

// Somebody deletes what the environment comes from, while the session runs: the
// values stay, in the files and in the process, and a warning names the object
// until it is there again.
func TestSourceDeletedUnderASession(t *testing.T) {
	t.Parallel()
	ns := harness.NewNamespace(t)
	ws := harness.NewWorkspace(t, ns)
	c := harness.Serve(ws)
	ready := c.MustStart("api")
	before, err := os.ReadFile(ws.EnvFile("api", "json"))
	if err != nil {
		t.Fatal(err)
	}
	settings, err := ns.Cluster.CoreV1().ConfigMaps(ns.Name).Get(t.Context(), "api-settings", metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	payment, err := ns.Cluster.CoreV1().Secrets(ns.Name).Get(t.Context(), "payment", metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if err := ns.Cluster.CoreV1().ConfigMaps(ns.Name).Delete(t.Context(), "api-settings", metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	if err := ns.Cluster.CoreV1().Secrets(ns.Name).Delete(t.Context(), "payment", metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	missing := func(s protocol.Snapshot) string {
		var named []string
		for _, w := range s.Env.Warnings {
			if w.Code != "source-missing" || w.Variable != "" {
				continue
			}
			for _, object := range []string{`ConfigMap "api-settings"`, `Secret "payment"`} {
				if strings.Contains(w.Message, object) {
					named = append(named, object)
				}
			}
		}
		slices.Sort(named)
		return strings.Join(slices.Compact(named), ", ")
	}
	warned := c.AwaitChange("a warning of both", func(s protocol.Snapshot) bool { return missing(s) == `ConfigMap "api-settings", Secret "payment"` })
	if warned.State != protocol.StateReady {
		t.Errorf("the session is %s", warned.State)
	}
	after, err := os.ReadFile(ws.EnvFile("api", "json"))
	if diff := cmp.Diff(string(before), string(after)); diff != "" || err != nil {
		t.Errorf("the values were not kept (%v):\n%s", err, diff)
	}

	settings.ResourceVersion, settings.UID = "", ""
	settings.Data["SHOP_CURRENCY"] = "USD"
	if _, err := ns.Cluster.CoreV1().ConfigMaps(ns.Name).Create(t.Context(), settings, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	c.AwaitChange("a warning of the Secret alone", func(s protocol.Snapshot) bool {
		return s.Seq > warned.Seq && missing(s) == `Secret "payment"`
	})
	if file, err := os.ReadFile(ws.EnvFile("api", "env")); err != nil || !strings.Contains(string(file), "\nSHOP_CURRENCY=USD\n") {
		t.Errorf("the ConfigMap that came back is not in the env file: %v", err)
	}

	// The original could not start without it.
	payment.ResourceVersion, payment.UID = "", ""
	if _, err := ns.Cluster.CoreV1().Secrets(ns.Name).Create(t.Context(), payment, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	c.AwaitChange("no warning", func(s protocol.Snapshot) bool { return s.Seq > warned.Seq && missing(s) == "" })
	c.MustStop(ready.ID)
}
