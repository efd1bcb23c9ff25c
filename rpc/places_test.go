package rpc

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tandem-dev/tandem/internal/fault"
	"github.com/tandem-dev/tandem/manifest"
	"github.com/tandem-dev/tandem/rpc/protocol"
	"github.com/tandem-dev/tandem/session"
)

// places is a fake with several clusters, which remembers what it was asked.
type places struct {
	mu    sync.Mutex
	asked []manifest.Place
}

func (p *places) inventory(ctx context.Context, at manifest.Place) (*session.Inventory, error) {
	p.mu.Lock()
	p.asked = append(p.asked, at)
	p.mu.Unlock()
	inv, err := shopInventory(ctx)
	if err != nil {
		return nil, err
	}
	inv.Contexts, inv.Namespaces = []string{"dev", "prod"}, []string{"shop", "staging"}
	if at.Namespace != "" {
		inv.Namespace = at.Namespace
	}
	switch {
	case at.Context == "prod":
		inv.Context, inv.Namespaces, inv.Workloads = "prod", []string{"live"}, nil
	case at.Context != "" && at.Context != "dev":
		return nil, fault.New(fault.KubeconfigInvalid, "no context %q", at.Context)
	case inv.Namespace != "shop":
		inv.Workloads, inv.Services = nil, nil
	}
	return inv, nil
}

// Each dev is held against the cluster that its manifest names, and completion
// speaks of that one; a name that is still being written is asked about nowhere.
func TestPlacesOfAManifest(t *testing.T) {
	var p places
	f := &fake{}
	f.language.inventoryAt = p.inventory
	e := edit(t, f, everything)
	e.open("dev:\n  api:\n    mode: hybrid\n    namespace: staging\n  web:\n    mode: hybrid\n    context: prod\n    container: \n  far:\n    mode: hybrid\n    context: prd\n")
	e.published(1, "workload-missing", "workload-missing", "context-missing")
	var list protocol.CompletionList
	labels := func(line, column int) (all []string) {
		t.Helper()
		e.ask(protocol.MethodCompletion, at(line, column), &list)
		for _, i := range list.Items {
			all = append(all, i.Label)
		}
		return all
	}
	if got := labels(10, 15); !slices.Equal(got, []string{"dev", "prod"}) || list.IsIncomplete {
		t.Errorf("contexts: %v, incomplete %v", got, list.IsIncomplete)
	}
	if got := labels(3, 15); !slices.Equal(got, []string{"shop", "staging"}) || list.IsIncomplete {
		t.Errorf("namespaces: %v, incomplete %v", got, list.IsIncomplete)
	}
	e.replace(4, 0, 99, "  api2:\n    mode: hybrid\n    namespace: live\n    context: prod\n    selector: {}\n  api:") // not yet asked about
	e.replace(6, 0, 99, "    namespace: livre")
	e.replace(6, 0, 99, "    namespace: lvi")
	if got := labels(6, 17); !slices.Equal(got, []string{"live"}) || list.IsIncomplete {
		t.Errorf("namespaces of prod: %v, incomplete %v", got, list.IsIncomplete)
	}
	e.until2("namespace-missing")
	p.mu.Lock()
	defer p.mu.Unlock()
	var got []string
	for _, a := range p.asked {
		got = append(got, a.Context+"/"+a.Namespace)
	}
	slices.Sort(got)
	want := []string{"/", "/staging", "prd/", "prod/", "prod/lvi"}
	if diff := cmp.Diff(want, slices.Compact(got)); diff != "" {
		t.Errorf("asked about (-want +got):\n%s", diff)
	}
}

// until2 reads publications until one has a diagnostic.
func (e *editor) until2(code string) {
	e.t.Helper()
	for {
		if m := e.until(protocol.MethodPublishDiagnostics); strings.Contains(string(m.Params), `"code":"`+code+`"`) {
			return
		}
	}
}

// Folders come and go: what is asked without a folder means those that are open,
// and what a crash left in a new one is continued.
func TestWorkspaceFoldersChange(t *testing.T) {
	f := &fake{}
	p := serve(t, f)
	dir := t.TempDir()
	one, two := filepath.Join(dir, "one"), filepath.Join(dir, "two")
	for _, folder := range []string{one, two} {
		err := os.MkdirAll(folder, 0o755)
		if err == nil {
			err = os.WriteFile(filepath.Join(folder, "okteto.yml"), []byte("dev:\n  "+filepath.Base(folder)+":\n    mode: hybrid\n"), 0o644)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	p.initialize(fmt.Sprintf(`{"rootUri":%q,"capabilities":{}}`, uriOf(one)))
	change := func(added, removed string) {
		p.notify(protocol.MethodDidChangeWorkspaceFolders, fmt.Sprintf(`{"event":{"added":[%s],"removed":[%s]}}`, added, removed))
	}
	folder := func(path string) string { return fmt.Sprintf(`{"uri":%q,"name":"x"}`, uriOf(path)) }
	id := 100
	devs := func() (all []string) {
		t.Helper()
		id++
		p.call(id, protocol.MethodManifestList, `{}`)
		m := p.answer(id)
		if m.Error != nil { // no folder is open
			return nil
		}
		var list protocol.ManifestListResult
		if err := json.Unmarshal(m.Result, &list); err != nil {
			t.Fatal(err)
		}
		for _, m := range list.Manifests {
			for _, d := range m.Devs {
				all = append(all, d.Name)
			}
		}
		return all
	}
	for _, test := range []struct {
		added, removed string
		want           []string
	}{
		{"", "", []string{"one"}},
		{folder(two), "", []string{"one", "two"}},
		{folder(two), "", []string{"one", "two"}},
		{"", folder(one + "/"), []string{"two"}},
		{"", folder(two), nil},
		{folder(one), folder(two), []string{"one"}},
		{`{"uri":"vscode-remote://elsewhere/x","name":"x"}`, "", []string{"one"}},
	} {
		change(test.added, test.removed)
		if got := devs(); !slices.Equal(got, test.want) {
			t.Errorf("after +%s -%s: %v, want %v", test.added, test.removed, got, test.want)
		}
	}
	p.call(40, protocol.MethodShutdown, `null`) // waits for what runs in the background
	p.answer(40)
	p.notify(protocol.MethodExit, `{}`)
	p.end()
	f.mu.Lock()
	defer f.mu.Unlock()
	slices.Sort(f.adopted)
	if !slices.Equal(f.adopted, []string{one, one, two}) {
		t.Errorf("continued in %q", f.adopted)
	}
}
