package bench

import (
	"fmt"
	"testing"

	"github.com/tandem-dev/tandem/e2e/harness"
)

// TestDebugger is the benchmark's part about debuggers alone.
func TestDebugger(t *testing.T) {
	if !*full {
		t.Skip("it installs dlv: go test ./e2e/bench -run TestDebugger -full")
	}
	s := newStage(t, false, "")
	c := harness.Serve(s.ws)
	snap := s.stand(c)
	r := report{Debug: s.debuggers(c, snap.ID, *rounds)}
	c.MustStop(snap.ID)
	fmt.Println(r.debugTable())
}
