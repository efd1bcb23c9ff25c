package session

import (
	"slices"
	"time"
)

// Warning is something that the user should know of a session which goes on.
type Warning struct {
	// Code is stable: one of the Warn constants.
	Code    string    `json:"code"`
	Message string    `json:"message"`
	Hint    string    `json:"hint,omitempty"`
	At      time.Time `json:"at"`
}

// Codes of warnings.
const (
	// WarnNotListening: a local port that a reverse leads to accepts nothing.
	WarnNotListening = "not-listening"
	// WarnContested: somebody changes the original while the session stands in for it.
	WarnContested = "contested"
	// WarnAutoscaled: a HorizontalPodAutoscaler scales the original.
	WarnAutoscaled = "autoscaled"
	// WarnKept: a GitOps tool or an operator writes the original's replicas.
	WarnKept = "kept"
	// WarnOriginalDown: the original was given back, and its pods do not start.
	WarnOriginalDown = "original-down"
	// WarnUnguarded: nobody would give the cluster back after a crash.
	WarnUnguarded = "unguarded"
	// WarnGuardLocal: nothing in the cluster would give the workload back if this
	// machine disappeared as a whole.
	WarnGuardLocal = "guard-local"
)

// maxWarnings bounds the list; the oldest go first.
const maxWarnings = 20

// warn tells the user, in the snapshot and the log. A warning that stands there
// already, word for word, moves to the end.
func (s *Session) warn(w Warning) {
	w.At = time.Now().UTC()
	s.log.Warn().Str("code", w.Code).Msg(w.Message)
	s.change(func(snap *Snapshot) {
		all := slices.DeleteFunc(slices.Clone(snap.Warnings), func(o Warning) bool { return o.Code == w.Code && o.Message == w.Message })
		all = append(all, w)
		snap.Warnings = all[max(0, len(all)-maxWarnings):]
	})
}
