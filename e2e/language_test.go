package e2e

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/tandem-dev/tandem/e2e/harness"
	"github.com/tandem-dev/tandem/rpc/protocol"
)

// manifestEditor has the workspace's manifest open in an editor without a plugin.
type manifestEditor struct {
	*harness.Client
	uri     string
	version int
}

func openManifest(c *harness.Client, text string) *manifestEditor {
	c.T.Helper()
	e := &manifestEditor{Client: c, uri: "file://" + c.Workspace.Manifest(), version: 1}
	c.Notify(protocol.MethodDidOpen, protocol.DidOpenParams{TextDocument: protocol.TextDocumentItem{URI: e.uri, LanguageID: "yaml", Version: 1, Text: text}})
	return e
}

func (e *manifestEditor) write(text string) {
	e.T.Helper()
	e.version++
	e.Notify(protocol.MethodDidChange, protocol.DidChangeParams{
		TextDocument:   protocol.VersionedTextDocumentIdentifier{URI: e.uri, Version: e.version},
		ContentChanges: []protocol.ContentChange{{Text: text}},
	})
}

// awaitCodes waits for the diagnostics of the present text to have these codes,
// hints left out.
func (e *manifestEditor) awaitCodes(want ...string) []protocol.Diagnostic {
	e.T.Helper()
	var found []protocol.Diagnostic
	e.Await("the diagnostics "+strings.Join(want, ", "), func(n harness.Notification) bool {
		var p protocol.PublishDiagnosticsParams
		if n.Method != protocol.MethodPublishDiagnostics || json.Unmarshal(n.Params, &p) != nil || p.Version == nil || *p.Version != e.version {
			return false
		}
		found = slices.DeleteFunc(p.Diagnostics, func(d protocol.Diagnostic) bool { return d.Severity == 4 })
		codes := []string{}
		for _, d := range found {
			codes = append(codes, d.Code)
		}
		return slices.Equal(want, codes)
	})
	return found
}

// complete has the labels proposed at a place, once the cluster has answered.
func (e *manifestEditor) complete(line, column int) []string {
	e.T.Helper()
	var list protocol.CompletionList
	e.MustCall(protocol.MethodCompletion, protocol.CompletionParams{
		TextDocument: protocol.TextDocumentIdentifier{URI: e.uri}, Position: protocol.Position{Line: line, Character: column}}, &list)
	if list.IsIncomplete {
		e.T.Errorf("the cluster has answered, but the completion is incomplete")
	}
	labels := []string{}
	for _, i := range list.Items {
		labels = append(labels, i.Label)
	}
	slices.Sort(labels)
	return labels
}

func (e *manifestEditor) lenses() (titles []string, all []protocol.CodeLens) {
	e.T.Helper()
	e.MustCall(protocol.MethodCodeLens, protocol.CodeLensParams{TextDocument: protocol.TextDocumentIdentifier{URI: e.uri}}, &all)
	for _, l := range all {
		titles = append(titles, fmt.Sprintf("%s %s", l.Command.Arguments[0].Dev, l.Command.Title))
	}
	return titles, all
}

func (e *manifestEditor) click(l protocol.CodeLens, result any) {
	e.T.Helper()
	raw, err := json.Marshal(l.Command.Arguments[0])
	if err != nil {
		e.T.Fatalf("%v", err)
	}
	e.MustCall(protocol.MethodExecuteCommand, protocol.ExecuteCommandParams{Command: l.Command.Command, Arguments: []json.RawMessage{raw}}, result)
}

// A developer writes the manifest with nothing but an LSP client: the cluster's
// names are proposed and missed, and the lens above the dev runs a session.
func TestManifestAsALanguage(t *testing.T) {
	t.Parallel()
	ns := harness.NewNamespace(t)
	ws := harness.NewWorkspace(t, ns)
	before := ns.State()
	c := harness.Serve(ws)

	e := openManifest(c, "dev:\n  apo:\n    mode: hybrid\n  api:\n    mode: hybrid\n    container: canari\n    forward:\n      - 0:bd:6379\n      - 0:db:6378\n")
	found := e.awaitCodes("workload-missing", "container-missing", "service-missing", "service-port-missing")
	if diff := cmp.Diff(protocol.Range{Start: protocol.Position{Line: 5, Character: 15}, End: protocol.Position{Line: 5, Character: 21}}, found[1].Range); diff != "" {
		t.Errorf("the container's range (-want +got):\n%s", diff)
	}
	if want := fmt.Sprintf(`namespace %s has no Deployment or StatefulSet "apo" (did you mean "api"?)`, ns.Name); found[0].Message != want {
		t.Errorf("%q, want %q", found[0].Message, want)
	}
	e.write("dev:\n  api:\n    mode: hybrid\n    container: \n    forward:\n      - \n    reverse:\n      - \n  \n")
	for _, test := range []struct {
		line, column int
		want         []string
	}{
		{3, 15, []string{"api", "canary"}},
		{5, 8, []string{"6379:db:6379", "80:api:80", "80:web:80"}},
		{7, 8, []string{"8080:8080"}},
		{8, 2, []string{"db", "web"}},
	} {
		got := e.complete(test.line, test.column)
		for _, w := range test.want {
			if !slices.Contains(got, w) {
				t.Errorf("at %d:%d %v are proposed, without %s", test.line, test.column, got, w)
			}
		}
	}

	content, err := os.ReadFile(ws.Manifest())
	if err != nil {
		t.Fatal(err)
	}
	e.write(string(content))
	e.awaitCodes()
	titles, lenses := e.lenses()
	if diff := cmp.Diff([]string{"api Run hybrid", "api Debug hybrid", "web Run hybrid", "web Debug hybrid"}, titles); diff != "" {
		t.Fatalf("lenses (-want +got):\n%s", diff)
	}
	var ready protocol.Snapshot
	e.click(lenses[0], &ready)
	if ready.State != protocol.StateReady || ready.ID != ws.SessionID("api") {
		t.Fatalf("the lens answers %s %s", ready.ID, ready.State)
	}
	ns.AwaitServedBy("local")
	titles, lenses = e.lenses()
	if diff := cmp.Diff([]string{"api Stop", "api ready, 3 tunnels", "web Run hybrid", "web Debug hybrid"}, titles); diff != "" {
		t.Errorf("lenses of a session (-want +got):\n%s", diff)
	}
	var stopped protocol.Snapshot
	e.click(lenses[0], &stopped)
	if stopped.State != protocol.StateStopped {
		t.Errorf("the lens answers %s", stopped.State)
	}
	ns.RequireState(before)
}

// Whoever may not list Secrets still hears of one that the workload needs, and
// nothing of what may not be looked at; no value of a Secret is read for it.
func TestManifestOfARestrictedDeveloper(t *testing.T) {
	t.Parallel()
	ns := harness.NewNamespace(t)
	ws := harness.NewWorkspace(t, ns)
	if err := ns.Cluster.CoreV1().Secrets(ns.Name).Delete(t.Context(), "payment", metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	ws.Kubeconfig = ns.UserKubeconfig("restricted",
		rbacv1.PolicyRule{APIGroups: []string{"apps"}, Resources: []string{"deployments", "statefulsets"}, Verbs: []string{"list"}},
		rbacv1.PolicyRule{APIGroups: []string{""}, Resources: []string{"secrets"}, Verbs: []string{"get"}})
	c := harness.Serve(ws)
	e := openManifest(c, "dev:\n  api:\n    mode: hybrid\n    forward: [\"0:nowhere:1\"]\n    reverse: [8080:1]\n")
	found := e.awaitCodes("secret-missing")
	if !strings.Contains(found[0].Message, `needs the Secret "payment"`) {
		t.Errorf("%q", found[0].Message)
	}
}
