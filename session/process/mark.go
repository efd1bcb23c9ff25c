package process

import "time"

// Mark tells the family of a command from everybody else on this machine, for a
// process that comes after the one that started it has died. The zero Mark is
// nobody's.
type Mark struct {
	// Session is the number of the family's session, the leader's pid.
	Session int `json:"session,omitempty"`
	// Started is when the leader started, in clock ticks after boot, and Boot
	// which boot that was: numbers are used again.
	Started uint64 `json:"started,omitempty"`
	Boot    string `json:"boot,omitempty"`
}

// EndLeftBehind ends what is left of a marked family: those asked get grace to
// end, then they are killed. It is nil when nobody is left. On other systems
// than Linux it does nothing: they have no way to tell whose a process is.
func EndLeftBehind(m Mark, grace time.Duration) error {
	if m.Session <= 0 {
		return nil
	}
	return endLeftBehind(m, grace)
}
