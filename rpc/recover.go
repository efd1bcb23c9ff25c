package rpc

import (
	"context"

	"github.com/tandem-dev/tandem/rpc/protocol"
	"github.com/tandem-dev/tandem/session"
)

// sessionRecover continues a session that has lost its process, or gives its
// workload back.
func (s *Server) sessionRecover(ctx context.Context, r *request, p protocol.SessionRecoverParams) (*protocol.Snapshot, error) {
	if err := required("id", p.ID); err != nil {
		return nil, err
	}
	title, done := "Continuing "+p.ID, "ready"
	if p.Action == protocol.RecoverRestore {
		title, done = "Giving "+p.ID+" back", "given back"
	}
	progress := s.startProgress(ctx, r, p.WorkDoneToken, title)
	snap, err := s.sessions.Recover(ctx, p.ID, session.Recovery(p.Action), progress.report)
	progress.end(outcome(err, done))
	return answer(snap, err)
}

// recoverable are the sessions that session/recover takes.
func (s *Server) recoverable() []protocol.Recoverable {
	left, err := s.sessions.Recoverable()
	if err != nil {
		s.log().Warn().Err(err).Msg("looking for sessions that were left behind")
	}
	return converted(left, func(l session.Left) protocol.Recoverable {
		return protocol.Recoverable{ID: l.ID, Manifest: uriOf(l.Manifest), Dev: l.Dev, Workload: l.Workload,
			Namespace: l.Namespace, Started: l.Started, PID: l.PID, Role: l.Role, Restoring: l.Restoring}
	})
}

// adoptLeft continues what a server of this workspace left behind when it died.
// The client hears of it as of every session.
func (s *Server) adoptLeft() error {
	s.mu.Lock()
	sessions, serving := s.sessions, s.phase == running
	s.mu.Unlock()
	if sessions == nil || !serving {
		return nil
	}
	if roots := s.roots(); len(roots) > 0 {
		// Beside the reading of messages: it reads files.
		s.background.Go(func() {
			if err := protect(s.log(), "continuing sessions", func() error { sessions.AdoptLeft(roots); return nil }); err != nil {
				s.log().Error().Err(err).Msg("continuing sessions")
			}
		})
	}
	return nil
}
