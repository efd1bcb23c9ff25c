package e2e

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"

	"github.com/tandem-dev/tandem/e2e/harness"
	"github.com/tandem-dev/tandem/rpc/protocol"
)

// joined is a kubeconfig with several contexts, each with a user who may do
// everything in its namespace, and nothing outside. The first is current.
func joined(t *testing.T, contexts []string, namespaces ...*harness.Namespace) string {
	t.Helper()
	all := clientcmdapi.NewConfig()
	for i, name := range contexts {
		ns := namespaces[i]
		path := ns.UserKubeconfig("user-of-"+name, rbacv1.PolicyRule{APIGroups: []string{"*"}, Resources: []string{"*"}, Verbs: []string{"*"}})
		one, err := clientcmd.LoadFromFile(path)
		if err != nil {
			t.Fatal(err)
		}
		current := one.Contexts[one.CurrentContext]
		all.Clusters[name], all.AuthInfos[name] = one.Clusters[current.Cluster], one.AuthInfos[current.AuthInfo]
		all.Contexts[name] = &clientcmdapi.Context{Cluster: name, AuthInfo: name, Namespace: ns.Name}
	}
	all.CurrentContext = contexts[0]
	path := filepath.Join(t.TempDir(), "joined.kubeconfig")
	if err := clientcmd.WriteToFile(*all, path); err != nil {
		t.Fatal(err)
	}
	return path
}

// One server has sessions of two folders in two contexts of the kubeconfig, each
// as its own user, under ids that tell them apart; what an editor is told while
// writing comes from the context of the dev that it writes. A server that follows
// a killed one continues both, and the terminal finds each by its manifest.
func TestSeveralContexts(t *testing.T) {
	t.Parallel()
	here, there := harness.NewNamespace(t), harness.NewNamespace(t)
	one, two := harness.NewWorkspace(t, here), harness.NewWorkspace(t, there)
	one.Kubeconfig = joined(t, []string{"one", "two", "three"}, here, there, here)
	beforeHere, beforeThere := here.State(), there.State()
	two.Kubeconfig, two.StateDir = one.Kubeconfig, one.StateDir
	two.Replace("name: shop", "name: shop\ncontext: two")

	// Nothing but the kubeconfig and the manifests says where.
	serve := func(folders ...*harness.Workspace) *harness.Client {
		c := harness.ServeWith(one, harness.Options{Uninitialized: true, Wrap: func(cmd *exec.Cmd) { cmd.Args = []string{cmd.Args[0], "serve"} }})
		p := protocol.InitializeParams{}
		for _, w := range folders {
			p.WorkspaceFolders = append(p.WorkspaceFolders, protocol.WorkspaceFolder{URI: "file://" + w.Dir, Name: filepath.Base(w.Dir)})
		}
		c.MustCall(protocol.MethodInitialize, p, &c.Server)
		c.Notify(protocol.MethodInitialized, struct{}{})
		return c
	}
	c := serve(one, two)
	var first, second protocol.Snapshot
	a, b := c.Go(protocol.MethodSessionStart, c.StartParams("api"), &first), c.Go(protocol.MethodSessionStart, harness.StartOther(two, "api"), &second)
	for _, call := range []*harness.Call{a, b} {
		if err := call.Wait(); err != nil {
			t.Fatal(harness.Describe(err))
		}
	}
	firstID, secondID := here.Name+"/api", there.Name+"/api@two"
	if first.ID != firstID || first.Context != "one" || second.ID != secondID || second.Context != "two" || second.Namespace != there.Name {
		t.Fatalf("sessions %s of context %s and %s of context %s; want %s of one and %s of two", first.ID, first.Context, second.ID, second.Context, firstID, secondID)
	}
	atHome, away := here.AwaitServedBy("local"), there.AwaitServedBy("local")
	if atHome.PID == away.PID {
		t.Errorf("pid %d answers in both namespaces", away.PID)
	}

	// The user of a context is the one whose rights count, and a workload is one
	// whatever context leads to it.
	one.Replace("  web:\n", "  web:\n    context: two\n    namespace: "+here.Name+"\n")
	requireFailure(t, c.Call(protocol.MethodSessionStart, c.StartParams("web"), nil), "permission-denied", "web")
	one.Replace("    context: two\n", "    context: tow\n")
	requireFailure(t, c.Call(protocol.MethodSessionStart, c.StartParams("web"), nil), "kubeconfig-invalid", "tow")
	content, err := os.ReadFile(one.Manifest())
	if err != nil {
		t.Fatal(err)
	}
	one.Replace("  api:\n", "  api:\n    context: three\n")
	requireFailure(t, c.Call(protocol.MethodSessionStart, c.StartParams("api"), nil), "session-busy", "api")
	one.WriteManifest(strings.Replace(string(content), "    context: tow\n    namespace: "+here.Name+"\n", "", 1))
	if now := here.AwaitServedBy("local"); now.PID != atHome.PID {
		t.Errorf("pid %d answers after refused starts, want %d", now.PID, atHome.PID)
	}

	e := openManifest(c, "dev:\n  api:\n    mode: hybrid\n    context: thre\n  apo:\n    mode: hybrid\n  wep:\n    mode: hybrid\n    context: two\n  web:\n    mode: hybrid\n    context: two\n    container: \n")
	found := e.awaitCodes("context-missing", "workload-missing", "workload-missing")
	for i, want := range []string{
		`the kubeconfig has no context "thre" (did you mean "three"?)`,
		fmt.Sprintf(`namespace %s has no Deployment or StatefulSet "apo" (did you mean "api"?)`, here.Name),
		fmt.Sprintf(`namespace %s has no Deployment or StatefulSet "wep" (did you mean "web"?)`, there.Name),
	} {
		if found[i].Message != want {
			t.Errorf("%q, want %q", found[i].Message, want)
		}
	}
	if got := e.complete(3, 17); !slices.Equal(got, []string{"one", "three", "two"}) {
		t.Errorf("contexts: %v", got)
	}
	if got := e.complete(12, 15); !slices.Contains(got, "web") {
		t.Errorf("containers of web in context two: %v", got)
	}

	c.Signal(syscall.SIGKILL)
	c.Exit()
	c = serve(one)
	c.Notify(protocol.MethodDidChangeWorkspaceFolders, protocol.DidChangeWorkspaceFoldersParams{
		Event: protocol.WorkspaceFoldersChangeEvent{Added: []protocol.WorkspaceFolder{{URI: "file://" + two.Dir, Name: "two"}}}})
	for _, id := range []string{firstID, secondID} {
		again := c.AwaitChange("the continued session "+id, func(s protocol.Snapshot) bool { return s.ID == id && s.State == protocol.StateReady })
		if !again.Adopted {
			t.Errorf("%s is not adopted", id)
		}
	}
	var status []struct{ ID string }
	if r := two.Run("status", "--json"); json.Unmarshal([]byte(r.Stdout), &status) != nil || len(status) != 2 {
		t.Errorf("tandem status: %s%s", r.Stdout, r.Stderr)
	}
	if r := two.Run("down", "api"); r.Code != 0 || !strings.Contains(r.Stderr, there.Name+"/api is back at 2 replicas") {
		t.Errorf("tandem down: exit code %d, %s%s", r.Code, r.Stdout, r.Stderr)
	}
	there.RequireState(beforeThere)
	if now := here.AwaitServedBy("local"); now.ServedBy != "local" {
		t.Errorf("the other session ended, too")
	}
	c.MustStop(firstID)
	here.RequireState(beforeHere)
	one.RequireNoTrace()
}
