package session

import (
	"context"

	"github.com/tandem-dev/tandem/internal/fault"
)

// Restart ends a session's command and starts it again with the environment as
// it now is. It needs a session that is ready; one that is busy reconnecting
// restarts the command once it is ready again, if ctx lasts.
func (m *Manager) Restart(ctx context.Context, id string) (Snapshot, error) {
	s, err := m.session(id)
	if err != nil {
		return Snapshot{}, err
	}
	if len(s.prepared.argv) == 0 {
		return s.Snapshot(), fault.New(fault.InvalidParams, "session %s runs no command", id).
			Hint("start it with a `command` in the manifest and run: true")
	}
	reply := make(chan error, 1)
	select {
	case s.restarts <- reply:
	case <-s.done:
		return s.Snapshot(), fault.New(fault.SessionNotFound, "session %s has ended", id).Hint("start it again")
	case <-ctx.Done():
		return s.Snapshot(), fault.Wrap(context.Cause(ctx), fault.Cancelled, "restarting the command of session %s", id)
	}
	err = <-reply // the owner answers what it has taken
	return s.Snapshot(), err
}

// restart is the owner's part. A command that does not start again leaves the
// session as it is: without a running one.
func (s *Session) restart(ctx context.Context) error {
	s.makeRoom(ctx)        // a debugger that serves in the command's place
	s.run.replaced = false // it comes back right now
	if s.run.command != nil {
		s.noteExit(s.run.command.process.Stop(ctx))
	}
	return s.startCommand(ctx)
}
