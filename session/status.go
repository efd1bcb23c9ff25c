package session

import (
	"context"
	"runtime"
	"runtime/metrics"
	"time"
)

// Status is one session of this machine's journal.
type Status struct {
	ID       string    `json:"id"`
	Dev      string    `json:"dev"`
	Manifest string    `json:"manifest"`
	Started  time.Time `json:"started"`
	PID      int       `json:"pid"`
	// State is the session's own, or "crashed" where its owner died and left
	// the cluster diverted, or "unknown" where the owner does not answer.
	State    State  `json:"state"`
	Workload string `json:"workload"`
	// Snapshot is what the living owner says, nil without one.
	Snapshot *Snapshot `json:"snapshot"`
	// Vitals are the owner's, nil without one.
	Vitals *Vitals `json:"vitals"`
}

// Vitals are what a process of ours holds right now, for whoever suspects that it
// grows.
type Vitals struct {
	Goroutines int `json:"goroutines"`
	// HeapBytes are those of objects, garbage that was not collected yet included.
	HeapBytes uint64 `json:"heapBytes"`
}

// vitals are this process's.
func vitals() *Vitals {
	heap := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	metrics.Read(heap)
	v := Vitals{Goroutines: runtime.NumGoroutine()}
	if heap[0].Value.Kind() == metrics.KindUint64 {
		v.HeapBytes = heap[0].Value.Uint64()
	}
	return &v
}

// States that only [Manager.Status] reports.
const (
	// Crashed has lost its owner; Down gives it back.
	Crashed State = "crashed"
	// Unknown has an owner that does not answer.
	Unknown State = "unknown"
)

// askTimeout bounds the answer of another process on this machine.
const askTimeout = 3 * time.Second

// Status lists the journal, asking each living owner.
func (m *Manager) Status(ctx context.Context) ([]Status, error) {
	entries, err := m.journal.entries()
	all := make([]Status, 0, len(entries))
	for _, e := range entries {
		st := Status{ID: e.ID, Dev: e.Dev, Manifest: e.Manifest, Started: e.Started, PID: e.PID, State: Crashed,
			Workload: e.Record.Kind + "/" + e.Record.Name}
		if e.live {
			st.State = Unknown
			actx, cancel := context.WithTimeout(ctx, askTimeout)
			if a, err := ask(actx, e.Control, controlRequest{Op: opSnapshot, ID: e.ID}); err == nil {
				st.State, st.Snapshot, st.Vitals = a.Snapshot.State, a.Snapshot, a.Vitals
			}
			cancel()
		}
		all = append(all, st)
	}
	return all, err
}
