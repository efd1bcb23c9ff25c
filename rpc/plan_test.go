package rpc

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tandem-dev/tandem/internal/fault"
	"github.com/tandem-dev/tandem/manifest"
	"github.com/tandem-dev/tandem/rpc/protocol"
	"github.com/tandem-dev/tandem/session"
)

func TestSessionPlan(t *testing.T) {
	path := absolute("okteto.yml")
	var asked session.PlanRequest
	f := &fake{plan: func(r session.PlanRequest) (*session.Plan, error) {
		asked = r
		if r.Dev == "none" {
			return nil, fault.New(fault.WorkloadNotFound, "no Deployment or StatefulSet").Hint("look again")
		}
		return &session.Plan{Manifest: path, Dev: "api", Namespace: "shop", Server: "https://k8s:6443",
			Workload: session.Workload{Kind: "Deployment", Name: "api", Container: "api", Replicas: 2},
			Changes:  []session.Change{{Action: session.ActionCreate, Kind: "Secret", Namespace: "shop", Name: "api-tandem-…", Detail: "keys"}},
			Ports:    []session.PlannedPort{{Port: 6379, Kind: session.Forward, Spec: "6379:db:6379", PID: 7, Command: "redis", Message: "in use"}},
			Ignored:  []manifest.Diagnostic{{Severity: manifest.Warning, Code: manifest.CodeIgnoredInHybrid, Message: "sync is ignored"}},
			Missing:  []session.Right{{Verb: "list", Resource: "events"}, {Verb: "patch", Resource: "deployments.apps", Needed: true}},
			Problems: []error{fault.New(fault.PortInUse, "local port 6379 is in use").Hint("choose another")}}, nil
	}}
	p := serve(t, f).initialize(`{}`)
	p.call(1, "session/plan", fmt.Sprintf(`{"manifest":%q,"dev":"api","takeover":true}`, uriOf(path)))
	answer := string(p.answer(1).Result)
	var got protocol.SessionPlanResult
	if err := json.Unmarshal([]byte(answer), &got); err != nil {
		t.Fatal(err)
	}
	// Lists that are empty are lists.
	for _, part := range []string{`"notes":[]`, `"files":[]`, `"command":[]`, `"autoscalers":[]`, `"budgets":[]`, `"keepers":[]`, `"unknown":[]`} {
		if !strings.Contains(answer, part) {
			t.Errorf("no %s in %s", part, answer)
		}
	}
	if diff := cmp.Diff([]protocol.Cause{{Kind: "port-in-use", Message: "local port 6379 is in use", Hint: "choose another", Retryable: true}}, got.Problems); diff != "" {
		t.Error(diff)
	}
	if len(got.Missing) != 2 || !got.Missing[0].Needed || got.Missing[1].Needed {
		t.Errorf("missing, needed ones first: %+v", got.Missing)
	}
	if len(got.Changes) != 1 || len(got.Ports) != 1 || got.Ports[0].PID != 7 || len(got.Ignored) != 1 {
		t.Errorf("%s", answer)
	}
	if asked.Manifest != path || asked.Dev != "api" || !asked.Takeover {
		t.Errorf("asked %+v", asked)
	}

	p.call(2, "session/plan", fmt.Sprintf(`{"manifest":%q,"dev":"none"}`, uriOf(path)))
	if m := p.answer(2); m.Error == nil || !strings.Contains(string(m.Error.Data), "workload-not-found") {
		t.Errorf("%+v", m)
	}
}
