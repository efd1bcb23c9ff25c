package e2e

import (
	"slices"
	"testing"

	"github.com/tandem-dev/tandem/e2e/harness"
	"github.com/tandem-dev/tandem/rpc/protocol"
)

// An editor's user may change their mind in any phase of a start: the request
// is answered once, as cancelled, and by then the cluster is as it was.
func TestCancel(t *testing.T) {
	t.Parallel()
	ns := harness.NewNamespace(t)
	ws := harness.NewWorkspace(t, ns)
	before := ns.State()
	c := harness.Serve(ws)
	id := ws.SessionID("api")
	for i, phase := range []protocol.State{protocol.StateChecking, protocol.StateDiverting, protocol.StateConnecting,
		protocol.StateResolving, protocol.StateSwitching} {
		start := c.Go(protocol.MethodSessionStart, c.StartParams("api"), nil)
		// The i-th session of this id is under way.
		c.AwaitChange(string(phase), func(s protocol.Snapshot) bool {
			return s.ID == id && s.State == phase && sessionsUpTo(c, s) == i+1
		})
		start.Cancel()
		err := start.Wait()
		if f, ok := harness.FailureOf(err); !ok || f.Code != protocol.CodeRequestCancelled || f.Data.Kind != "cancelled" {
			t.Errorf("cancelled while %s: the answer is %v, want %d", phase, harness.Describe(err), protocol.CodeRequestCancelled)
		}
		ns.RequireRestored(before)
		ws.RequireNoTrace()
		var after protocol.Snapshot
		c.MustCall(protocol.MethodSessionGet, protocol.SessionGetParams{ID: id}, &after)
		if !harness.Ended(after.State) {
			t.Errorf("cancelled while %s: the session is %s after the answer", phase, after.State)
		}
		if n := start.Answers(); n != 1 {
			t.Errorf("cancelled while %s: %d answers, want 1", phase, n)
		}
	}
	// Nothing is left that would keep the next one from running.
	ready := c.MustStart("api")
	ns.AwaitServedBy("local")
	c.MustStop(ready.ID)
	ns.RequireState(before)
}

// sessionsUpTo counts the sessions of s's id that had begun when s was sent.
func sessionsUpTo(c *harness.Client, s protocol.Snapshot) int {
	count := 0
	for _, change := range c.Changes(s.ID) {
		if change.Seq == 1 && !change.Since.After(s.Since) {
			count++
		}
	}
	return count
}

// The progress's own cancel button does the same.
func TestCancelByProgress(t *testing.T) {
	t.Parallel()
	ns := harness.NewNamespace(t)
	ws := harness.NewWorkspace(t, ns)
	before := ns.State()
	c := harness.Serve(ws)
	token := protocol.NumberToken(7)
	params := c.StartParams("api")
	params.WorkDoneToken = &token
	start := c.Go(protocol.MethodSessionStart, params, nil)
	c.AwaitState(ws.SessionID("api"), protocol.StateDiverting)
	c.Notify(protocol.MethodProgressCancel, protocol.WorkDoneProgressCancelParams{Token: token})
	err := start.Wait()
	if f, ok := harness.FailureOf(err); !ok || f.Code != protocol.CodeRequestCancelled {
		t.Errorf("the answer is %v, want %d", harness.Describe(err), protocol.CodeRequestCancelled)
	}
	ns.RequireState(before)
	steps := c.Progress(token)
	requireWholeProgress(t, steps)
	if !slices.ContainsFunc(steps, func(s protocol.WorkDoneProgress) bool { return s.Cancellable }) {
		t.Error("the progress never said that it can be cancelled")
	}
}
