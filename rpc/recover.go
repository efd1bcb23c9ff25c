package rpc

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/tandem-dev/tandem/internal/fault"
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

// continueLeft continues what servers of these folders left behind when they died;
// the client hears of it as of every session. The user is asked about the rest. It
// reads files and waits for the user, beside the reading of messages.
func (s *Server) continueLeft(ctx context.Context, folders []string) {
	if len(folders) > 0 {
		s.engine().AdoptLeft(folders)
	}
	left := s.leftBehind(folders)
	if len(left) == 0 {
		return
	}
	action, err := s.askRecovery(ctx, left)
	if err != nil || action == "" {
		return
	}
	s.tellRecovery(s.recoverAll(ctx, left, action, nil))
}

// tellRecovery shows the user what became of what was left behind.
func (s *Server) tellRecovery(done protocol.CommandResult, err error) {
	message := protocol.ShowMessageParams{Type: protocol.MessageInfo, Message: strings.Join(slices.Concat(done.Adopted, done.Restored), "\n")}
	if err != nil {
		message.Type = protocol.MessageError
		message.Message = strings.TrimPrefix(message.Message+"\n"+err.Error(), "\n")
	}
	s.notify(protocol.MethodShowMessage, message)
}

// leftBehind are the sessions that have lost their process and that nobody sees to,
// those whose manifests lie in the folders; without folders all of them.
func (s *Server) leftBehind(folders []string) []session.Left {
	sessions := s.engine()
	left, err := sessions.Recoverable()
	if err != nil {
		s.log().Warn().Err(err).Msg("looking for sessions that were left behind")
	}
	mine := map[string]bool{}
	for _, snap := range sessions.List() {
		mine[snap.ID] = !snap.State.Ended()
	}
	return slices.DeleteFunc(left, func(l session.Left) bool {
		return l.Restoring || mine[l.ID] ||
			len(folders) > 0 && !slices.ContainsFunc(folders, func(dir string) bool { return beneath(l.Manifest, dir) })
	})
}

// askRecovery asks what is to become of what was left behind; "" is nothing for now.
func (s *Server) askRecovery(ctx context.Context, left []session.Left) (protocol.RecoverAction, error) {
	const goOn, restore, later = "Continue", "Restore", "Later"
	var names []string
	for _, l := range left {
		names = append(names, fmt.Sprintf("%s (%s)", l.ID, l.Workload))
	}
	text := fmt.Sprintf("A process that ended without giving the cluster back left %s diverted: %s", plural(len(left), "session"), strings.Join(names, ", "))
	answer, err := s.ask(ctx, protocol.MessageWarning, text, goOn, restore, later)
	switch answer {
	case goOn:
		return protocol.RecoverAdopt, err
	case restore:
		return protocol.RecoverRestore, err
	}
	return "", err
}

// recoverAll recovers sessions one beside the other and words what became of each,
// in their order. The error is the first one's failure, with what came of the rest.
func (s *Server) recoverAll(ctx context.Context, left []session.Left, action protocol.RecoverAction, report func(string)) (done protocol.CommandResult, err error) {
	snaps, errs := make([]session.Snapshot, len(left)), make([]error, len(left))
	var all sync.WaitGroup
	for i, l := range left {
		all.Go(func() {
			say := func(string) {}
			if report != nil {
				say = func(m string) { report(l.ID + ": " + m) }
			}
			errs[i] = protect(s.log(), "recovering "+l.ID, func() (err error) {
				snaps[i], err = s.engine().Recover(ctx, l.ID, session.Recovery(action), say)
				return err
			})
		})
	}
	all.Wait()
	for i, l := range left {
		switch {
		case errs[i] != nil:
			if err == nil {
				err = errs[i]
			}
		case action == protocol.RecoverAdopt:
			done.Adopted = append(done.Adopted, l.ID+" is "+sessionTitle(snaps[i]))
		default:
			done.Restored = append(done.Restored, restoredLine(l, snaps[i]))
		}
	}
	return done, err
}

func restoredLine(l session.Left, snap session.Snapshot) string {
	kind, name, _ := strings.Cut(l.Workload, "/")
	line := fmt.Sprintf("%s %s/%s is back", kind, l.Namespace, name)
	if w := snap.Workload; w != nil {
		line += " at " + plural(int(w.Replicas), "replica")
	}
	return line
}

// doRecover recovers what was left behind: one session, or all of the workspace.
// Where the command does not say how, the user is asked, and told what came of it;
// to a client that cannot ask, it means to give the workloads back.
func (s *Server) doRecover(ctx context.Context, a asked) (any, error) {
	roots := s.roots()
	if a.ID != "" {
		roots = nil // whoever names one means it
	}
	left := s.leftBehind(roots)
	if a.ID != "" {
		left = slices.DeleteFunc(left, func(l session.Left) bool { return l.ID != a.ID })
		if len(left) == 0 {
			return nil, fault.New(fault.SessionNotFound, "no session %q was left behind", a.ID).Hint("session/list has those that were, as `recoverable`")
		}
	}
	action := a.Action
	asks := action == ""
	if len(left) == 0 {
		if asks {
			s.notify(protocol.MethodShowMessage, protocol.ShowMessageParams{Type: protocol.MessageInfo, Message: "There is nothing to recover: no crash left a session of this workspace behind."})
		}
		return protocol.CommandResult{}, nil
	}
	if asks {
		var err error
		switch action, err = s.askRecovery(ctx, left); {
		case ctx.Err() != nil:
			return nil, context.Cause(ctx)
		case err != nil:
			action = protocol.RecoverRestore
		case action == "":
			return protocol.CommandResult{}, nil
		}
	}
	progress := s.startProgress(ctx, a.r, a.token, "Recovering")
	done, err := s.recoverAll(ctx, left, action, progress.report)
	progress.end(outcome(err, strings.Join(slices.Concat(done.Adopted, done.Restored), ", ")))
	if asks {
		s.tellRecovery(done, err)
	}
	return done, err
}
