package bench

import (
	"testing"
	"time"

	"github.com/tandem-dev/tandem/e2e/harness"
	"github.com/tandem-dev/tandem/rpc/protocol"
)

// TestBudgets is one session, and what must hold of it whatever else the machine
// does: requests, memory, sizes, and that what is ours of a start takes no longer
// than its budget or, where the machine is slow, than the pod's own part; and a
// debugger's start beside plain dlv's, on the same machine at the same time.
func TestBudgets(t *testing.T) {
	if *full {
		t.Skip("TestBench has it all")
	}
	var r report
	s := newStage(t, false, "")
	r.facts(t, s)
	c := harness.ServeWith(s.ws, harness.Options{Initialization: protocol.InitializationOptions{LogLevel: "info"}})
	l := s.live(c)
	snap := s.stand(c)
	idle := s.idle(5 * time.Second)
	r.Debug = s.debuggers(c, snap.ID, 5)
	c.MustStop(snap.ID)

	if limit, taken := r.debugLimit(); taken > limit {
		t.Errorf("a debugger takes %.2f s to the program's entry, the budget beside dlv dap is %.2f s: %+v", taken, limit, r.Debug)
	}
	t.Logf("debuggers\n%s", r.debugTable())
	if l.Own > max(budgetOwn, l.Pod) {
		t.Errorf("a start takes %s beside the pod's own %s, the budget is %s: %v", l.Own, l.Pod, budgetOwn, l.Phases)
	}
	switch {
	case l.Asked == nil || idle == nil:
		t.Log("requests are not measured: the cluster's audit log is not to be had")
	case l.Asked.Plain > budgetRequests:
		t.Errorf("a start makes %d requests, the budget is %d: %q", l.Asked.Plain, budgetRequests, l.Asked.Calls)
	case l.Asked.Plain == 0 || l.Asked.Watches == 0 || l.Asked.Streams == 0:
		t.Errorf("the audit log of a start has %+v: the count is wrong", *l.Asked)
	case idle.Plain > budgetIdle:
		t.Errorf("an idle session makes %d requests: %q", idle.Plain, idle.Calls)
	}
	if !harness.Race() && l.Memory.Resident > budgetMemory {
		t.Errorf("tandem serve holds %.0f MB with one session, the budget is %.0f MB", mb(l.Memory.Resident), mb(budgetMemory))
	}
	for arch, size := range r.Agents {
		if size > budgetAgent {
			t.Errorf("the agent for %s has %.1f MB, the budget is %.0f MB", arch, mb(size), mb(budgetAgent))
		}
	}
	if l.AtStart.Requests == 0 || l.AtStop.Requests == 0 {
		t.Errorf("the caller in the cluster asked %d and %d times", l.AtStart.Requests, l.AtStop.Requests)
	}
	t.Logf("start %s, of that the pod %s; stop %s; %d variables; callers at the start %+v, at the stop %+v", l.Start, l.Pod, l.Stop, l.Env, l.AtStart, l.AtStop)
}
