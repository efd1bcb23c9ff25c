package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tandem-dev/tandem/rpc/protocol"
)

// The screen of a plan, word for word: `-update` writes it anew.
func TestPrintPlan(t *testing.T) {
	var screen strings.Builder
	x := planScreen{&screen, paint{}}
	p := &protocol.SessionPlanResult{
		Dev: "api", Context: "dev", Namespace: "shop", Server: "https://k8s:6443",
		Workload: protocol.Workload{Kind: "Deployment", Name: "api", Container: "api", Replicas: 2},
		Changes: []protocol.PlannedChange{
			{Action: "change", Kind: "Deployment", Namespace: "shop", Name: "api", Detail: "2 replicas → 0, through its scale; they come back at the end"},
			{Action: "create", Kind: "Secret", Namespace: "shop", Name: "api-tandem-…", Detail: "the keys of the session"}},
		Notes: []string{"init container \"migrate\" is not run"}, Files: []string{"/w/.tandem/api.env"}, Command: []string{"go", "run", "."},
		Ports: []protocol.PlannedPort{
			{Port: 8090, Kind: "forward", Spec: "8090:web:80", Free: true},
			{Port: 6379, Kind: "forward", Spec: "6379:db:6379", PID: 812, Command: "redis-server", Message: "local port 6379 is in use by \"redis-server\" (pid 812)"},
			{Port: 8080, Kind: "reverse", Spec: "8080:8080", PID: 813, Command: "node", Message: "local port 8080 is in use by \"node\" (pid 813)"}},
		Ignored:     []protocol.Diagnostic{{Message: "sync is ignored in hybrid mode: files are here already", Range: protocol.Range{Start: protocol.Position{Line: 7}}}},
		Missing:     []protocol.DoctorRight{{Verb: "patch", Resource: "deployments.apps/scale", Name: "api", Needed: true}, {Verb: "list", Resource: "events", Purpose: "explaining why a dev pod does not start"}},
		Autoscalers: []protocol.PlannedAutoscaler{{Name: "api", Min: 1, Max: 5, Interferes: true, Effect: "KEDA made it", Advice: "pause it"}},
		Budgets:     []protocol.PlannedBudget{{Name: "api", Rule: "minAvailable 1", Blocks: true, Effect: "draining its node waits"}},
		Keepers:     []protocol.PlannedKeeper{{Tool: "Helm", Name: "release shop", Evidence: "annotation meta.helm.sh/release-name", Effect: "an upgrade is followed"}},
		Problems:    []protocol.Cause{{Kind: "permission-denied", Message: "you may not patch deployments.apps/scale \"api\" in namespace \"shop\"", Hint: "ask for a Role"}},
		Unknown:     []string{"disruption budgets: you may not list them"},
	}
	x.print(p)
	screen.WriteString("---\n")
	x.print(&protocol.SessionPlanResult{Dev: "db", Namespace: "shop", Server: "https://k8s:6443", Workload: protocol.Workload{Kind: "StatefulSet", Name: "db", Container: "db"}})
	golden := filepath.Join("testdata", "plan.txt")
	if *update {
		if err := os.WriteFile(golden, []byte(screen.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), screen.String()); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}
