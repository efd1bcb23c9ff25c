package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tandem-dev/tandem/e2e/harness"
	"github.com/tandem-dev/tandem/rpc/protocol"
)

// A developer opens the shop in an editor, takes the api over, works, and gives
// it back.
func TestSession(t *testing.T) {
	t.Parallel()
	ns := harness.NewNamespace(t)
	ws := harness.NewWorkspace(t, ns)
	before := ns.State()
	ns.AwaitServedBy("cluster")

	c := harness.Serve(ws)
	if v := c.Server.Capabilities.Experimental.Tandem.ProtocolVersion; v != protocol.Version {
		t.Errorf("protocol version %d, want %d", v, protocol.Version)
	}
	requireDevs(t, c, map[string]bool{"api": true, "web": true, "db": false})

	token := protocol.TextToken("start")
	params := c.StartParams("api")
	params.WorkDoneToken = &token
	var ready protocol.Snapshot
	c.MustCall(protocol.MethodSessionStart, params, &ready)

	id := ws.SessionID("api")
	if ready.ID != id || ready.State != protocol.StateReady || ready.Namespace != ns.Name {
		t.Fatalf("session/start answers %s %s in %s", ready.ID, ready.State, ready.Namespace)
	}
	if diff := cmp.Diff(&protocol.Workload{Kind: "Deployment", Name: "api", Container: "api", Replicas: 2}, ready.Workload); diff != "" {
		t.Errorf("workload (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(statesToReady(), c.States(id)); diff != "" {
		t.Errorf("states until ready (-want +got):\n%s", diff)
	}
	requireWholeProgress(t, c.Progress(token))

	// The local process answers the cluster, also the sidecar in the dev pod.
	c.AwaitOutput(id, "serving")
	who := ns.AwaitServedBy("local")
	running := c.AwaitChange("the local process", func(s protocol.Snapshot) bool { return s.ID == id && s.Process != nil })
	if who.PID != running.Process.PID {
		t.Errorf("pid %d answers, the session's process is %d", who.PID, running.Process.PID)
	}
	requireCanary(t, ns, "local")

	// It writes to the cluster's Redis through the forward; the front in the
	// cluster reads that.
	order(t, ws.Localhost(8080), "tea")
	harness.Eventually(t, "the order in the cluster", func(ctx context.Context) error {
		answer, err := ns.Get(ctx, "web", "http", "/orders")
		if err == nil && !strings.Contains(string(answer), `"item":"tea","quantity":1,"currency":"EUR","takenBy":"local"`) {
			err = fmt.Errorf("orders: %s", answer)
		}
		return err
	})
	// And the other way: the developer's browser sees the cluster's page.
	if page := fetch(t, "http://"+ws.Localhost(8090)+"/"); !strings.Contains(page, "This page comes from: cluster") {
		t.Errorf("the page through the forward: %s", page)
	}

	requireEnvFiles(t, ready, ws)

	stopped := c.MustStop(id)
	if p := stopped.Process; p == nil || p.State != "exited" || p.ExitCode == nil || *p.ExitCode != 0 {
		t.Errorf("the local process at the end: %+v, want exited with 0", stopped.Process)
	}
	ns.RequireState(before)
	ns.AwaitServedBy("cluster")
	ws.RequireNoTrace()
	if diff := cmp.Diff(append(statesToReady(), protocol.StateStopping, protocol.StateStopped), c.States(id)); diff != "" {
		t.Errorf("states (-want +got):\n%s", diff)
	}
	if code := c.Shutdown(); code != 0 {
		t.Errorf("exit code %d after shutdown, want 0", code)
	}
	requireGone(t, who.PID)
}

// The dev entry may name a StatefulSet, find its workload by a selector, and
// take a container that is not the first.
func TestSessionOfOtherOriginals(t *testing.T) {
	t.Parallel()
	ns := harness.NewNamespace(t)
	for _, test := range []struct {
		name, manifest, dev string
		workload            protocol.Workload
		remote              string
	}{
		{
			name: "a StatefulSet", dev: "db",
			manifest: "dev:\n  db:\n    mode: hybrid\n    command: [cat]\n    reverse:\n      - 6379:%d\n",
			workload: protocol.Workload{Kind: "StatefulSet", Name: "db", Container: "redis", Replicas: 1},
		},
		{
			name: "a selector", dev: "front",
			manifest: "dev:\n  front:\n    mode: hybrid\n    command: [cat]\n    selector: {app: web, app.kubernetes.io/part-of: shop}\n    reverse:\n      - 8080:%d\n",
			workload: protocol.Workload{Kind: "Deployment", Name: "web", Container: "web", Replicas: 1},
		},
		{
			name: "a container that is not the first", dev: "api",
			manifest: "dev:\n  api:\n    mode: hybrid\n    command: [cat]\n    container: canary\n    reverse:\n      - 9090:%d\n",
			workload: protocol.Workload{Kind: "Deployment", Name: "api", Container: "canary", Replicas: 2},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			ns := ns.For(t)
			ws := harness.NewWorkspace(t, ns)
			port := harness.FreePort(t)
			ws.WriteManifest(fmt.Sprintf(test.manifest, port))
			before := ns.State()
			c := harness.Serve(ws)
			id := ws.SessionID(test.dev)
			listenLocally(t, port)
			ready := c.MustStart(test.dev)
			if diff := cmp.Diff(&test.workload, ready.Workload); diff != "" {
				t.Errorf("workload (-want +got):\n%s", diff)
			}
			// Its own pods are gone; the dev pod stands in.
			pods, err := ns.Pods(t.Context(), harness.DevLabel)
			if err != nil || len(pods) != 1 || pods[0].Name != ready.Pod.Name {
				t.Errorf("dev pods: %d, %v, want %s", len(pods), err, ready.Pod.Name)
			}
			if i := slices.IndexFunc(ready.Tunnels, func(t protocol.Tunnel) bool {
				return t.Kind == "reverse" && t.Listening != nil && *t.Listening && t.State == "open"
			}); i < 0 {
				t.Errorf("no reverse listens: %+v", ready.Tunnels)
			}
			c.MustStop(id)
			ns.RequireState(before)
			ws.RequireNoTrace()
		})
	}
}

func statesToReady() []protocol.State {
	return []protocol.State{protocol.StateChecking, protocol.StateDiverting, protocol.StateConnecting,
		protocol.StateResolving, protocol.StateSwitching, protocol.StateReady}
}

// requireDevs asks for the manifests of the workspace: one, with these devs.
func requireDevs(t *testing.T, c *harness.Client, runnable map[string]bool) {
	t.Helper()
	var list protocol.ManifestListResult
	c.MustCall(protocol.MethodManifestList, protocol.ManifestListParams{}, &list)
	if len(list.Manifests) != 1 {
		t.Fatalf("%d manifests, want 1", len(list.Manifests))
	}
	got := map[string]bool{}
	for _, d := range list.Manifests[0].Devs {
		got[d.Name] = d.Runnable
	}
	if diff := cmp.Diff(runnable, got); diff != "" {
		t.Errorf("devs that can run (-want +got):\n%s", diff)
	}
}

// requireWholeProgress wants one begin, then reports, then one end.
func requireWholeProgress(t *testing.T, steps []protocol.WorkDoneProgress) {
	t.Helper()
	if len(steps) < 3 {
		t.Fatalf("progress of %d steps: %+v", len(steps), steps)
	}
	for i, s := range steps {
		want := protocol.ProgressReport
		switch i {
		case 0:
			want = protocol.ProgressBegin
		case len(steps) - 1:
			want = protocol.ProgressEnd
		}
		if s.Kind != want {
			t.Errorf("progress step %d of %d is %q, want %q", i+1, len(steps), s.Kind, want)
		}
	}
}

// requireCanary asks the sidecar what it sees on its pod's own loopback.
func requireCanary(t *testing.T, ns *harness.Namespace, servedBy string) {
	t.Helper()
	harness.Eventually(t, "the sidecar sees "+servedBy, func(ctx context.Context) error {
		answer, err := ns.Get(ctx, "api", "canary", "/")
		if err != nil {
			return err
		}
		var seen struct {
			Answer harness.Identity `json:"answer"`
			Error  string           `json:"error"`
		}
		if err := json.Unmarshal(answer, &seen); err != nil {
			return err
		}
		if seen.Answer.ServedBy != servedBy {
			return fmt.Errorf("it sees %s", answer)
		}
		return nil
	})
}

// requireEnvFiles wants the files of the snapshot, for the owner alone.
func requireEnvFiles(t *testing.T, s protocol.Snapshot, ws *harness.Workspace) {
	t.Helper()
	var paths []string
	for _, f := range s.Env.Files {
		paths = append(paths, f.Path)
		info, err := os.Stat(f.Path)
		if err != nil {
			t.Error(err)
			continue
		}
		if info.Mode().Perm() != 0o600 || info.Size() == 0 {
			t.Errorf("%s has mode %s and %d bytes, want 0600 and some", f.Path, info.Mode(), info.Size())
		}
	}
	if diff := cmp.Diff([]string{ws.EnvFile("api", "env"), ws.EnvFile("api", "json")}, paths); diff != "" {
		t.Errorf("environment files (-want +got):\n%s", diff)
	}
}

// order places an order at an api.
func order(t *testing.T, address, item string) string {
	t.Helper()
	r, err := http.Post("http://"+address+"/orders", "application/json", strings.NewReader(`{"item": "`+item+`"}`))
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	answer, err := io.ReadAll(r.Body)
	if err != nil || r.StatusCode != http.StatusCreated {
		t.Fatalf("an order: %d %s %v", r.StatusCode, answer, err)
	}
	return string(answer)
}

func fetch(t *testing.T, url string) string {
	t.Helper()
	r, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	body, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}
