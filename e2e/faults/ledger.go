package faults

import (
	"fmt"
	"strings"
	"sync"
	"time"
)

// row is one fault and what became of the session.
type row struct {
	fault string
	// recovered is from the moment when the fault was over to both directions
	// flowing; negative where it was not to recover, but to be given back.
	recovered time.Duration
	back      bool // recovered is until the original served again
	// requests and failed are those of both directions, streams and broken too.
	requests, failed, streams, broken, lost int
	bytes                                   int64
	// pid says what became of the local process; restored whether the cluster was
	// as before.
	pid      string
	restored bool
	passed   bool
}

// table collects the rows of a run.
type table struct {
	mu   sync.Mutex
	rows []row
}

var ledger table

func (t *table) add(r row) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.rows = append(t.rows, r)
}

// String is the table as Markdown; "" without rows.
func (t *table) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.rows) == 0 {
		return ""
	}
	var b strings.Builder
	b.WriteString("\n| fault | flows again after | requests failed | streams broken | MB compared | data lost | local pid | cluster restored | |\n|---|---|---|---|---|---|---|---|---|\n")
	for _, r := range t.rows {
		after := fmt.Sprintf("%.1f s", r.recovered.Seconds())
		if r.back {
			after += " (given back)"
		}
		verdict := "ok"
		if !r.passed {
			verdict = "FAILED"
		}
		yes := map[bool]string{true: "yes", false: "NO"}
		fmt.Fprintf(&b, "| %s | %s | %d of %d | %d of %d | %.1f | %d | %s | %s | %s |\n", r.fault, after, r.failed, r.requests,
			r.broken, r.streams, float64(r.bytes)/1e6, r.lost, r.pid, yes[r.restored], verdict)
	}
	return b.String()
}
