package rpc

import (
	"encoding/json"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tandem-dev/tandem/rpc/protocol"
	"github.com/tandem-dev/tandem/session"
)

// What a crash left is listed beside the sessions, either action reaches the
// engine, and a client that has read its initialize has the workspace's continued.
func TestRecover(t *testing.T) {
	f := &fake{left: []session.Left{{ID: "shop/api", Manifest: "/w/okteto.yml", Dev: "api", Workload: "Deployment/api", Namespace: "shop", PID: 7, Role: "serve"}}}
	p := serve(t, f).initialize(`{"processId":null,"rootUri":"file:///w","capabilities":{}}`)

	p.call(10, protocol.MethodSessionList, `{}`)
	var list protocol.SessionListResult
	if err := json.Unmarshal(p.answer(10).Result, &list); err != nil {
		t.Fatal(err)
	}
	want := []protocol.Recoverable{{ID: "shop/api", Manifest: "file:///w/okteto.yml", Dev: "api", Workload: "Deployment/api", Namespace: "shop", PID: 7, Role: "serve"}}
	if diff := cmp.Diff(want, list.Recoverable); diff != "" {
		t.Errorf("recoverable (-want +got):\n%s", diff)
	}
	for i, test := range []struct {
		action  string
		state   protocol.State
		adopted bool
	}{{"adopt", protocol.StateReady, true}, {"restore", protocol.StateStopped, false}} {
		p.call(20+i, protocol.MethodSessionRecover, `{"id":"shop/api","action":"`+test.action+`"}`)
		var snap protocol.Snapshot
		if err := json.Unmarshal(p.answer(20+i).Result, &snap); err != nil || snap.State != test.state || snap.Adopted != test.adopted {
			t.Errorf("%s: state %s, adopted %v, %v", test.action, snap.State, snap.Adopted, err)
		}
	}
	p.call(30, protocol.MethodSessionRecover, `{"action":"adopt"}`)
	if k := kind(t, p.answer(30)); k != "invalid-params" {
		t.Errorf("without an id: %s", k)
	}
	p.call(40, protocol.MethodShutdown, `null`) // waits for what runs in the background
	p.answer(40)
	p.notify(protocol.MethodExit, `{}`)
	p.end()
	f.mu.Lock()
	defer f.mu.Unlock()
	if !slices.Equal(f.adopted, []string{"/w"}) {
		t.Errorf("continued in %q, want /w", f.adopted)
	}
}
