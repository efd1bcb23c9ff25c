package session

import (
	"context"
	"fmt"
	"os"

	"github.com/tandem-dev/tandem/internal/fault"
)

// takenOver is the cause of a session that somebody else took over.
func takenOver(workload, by string) *fault.Error {
	return fault.New(fault.TakenOver, "%s was taken over by %s", workload, by).
		Hint("talk to them; starting with takeover takes it back").With("by", by)
}

// self names this process for the one that it takes a session from.
func (s *Session) self() string {
	owner, host := whoAmI()
	what := "tandem"
	if s.cfg.Role != "" {
		what += " " + s.cfg.Role
	}
	return fmt.Sprintf("%s on %s (%s, process %d)", owner, host, what, os.Getpid())
}

// yield ends a session for another process of the same user, and returns when
// the workload is given back.
func (m *Manager) yield(id, by string) (Snapshot, error) {
	s, err := m.session(id)
	if err != nil {
		return Snapshot{}, err
	}
	what := "session " + id
	if w := s.Snapshot().Workload; w != nil {
		what = w.Kind + " " + w.Name
	}
	s.stop(takenOver(what, by))
	return m.Wait(context.Background(), id) // bounded by the session, which bounds its repair
}
