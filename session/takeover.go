package session

import (
	"context"
	"fmt"
	"os"

	"github.com/tandem-dev/tandem/session/cluster"
)

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
	s.stop(cluster.TakenOver(what, by))
	return m.Wait(context.Background(), id) // bounded by the session, which bounds its repair
}
