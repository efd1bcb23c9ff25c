package rpc

import (
	"context"
	"fmt"
	"sync"

	"github.com/tandem-dev/tandem/rpc/protocol"
	"github.com/tandem-dev/tandem/session"
)

// codeLens puts what can be done above each dev in hybrid mode, and, where it
// has a session, how that is. The cluster is not asked for it.
func (s *Server) codeLens(_ context.Context, r *request, _ protocol.CodeLensParams) ([]protocol.CodeLens, error) {
	out := []protocol.CodeLens{}
	if r.document == nil {
		return out, nil
	}
	d := r.document.whole()
	sessions := s.sessions.List()
	for _, dev := range d.Devs() {
		at := s.inside(r.document.text, dev.Range)
		arguments := protocol.CommandArguments{Manifest: uriOf(r.document.path), Dev: dev.Name}
		lens := func(title, command string) {
			out = append(out, protocol.CodeLens{Range: at, Command: protocol.Command{
				Title: title, Command: command, Arguments: []protocol.CommandArguments{arguments}}})
		}
		snap, found := sessionOf(sessions, r.document.path, dev.Name)
		if found && !snap.State.Ended() {
			arguments.ID = snap.ID
			lens("Stop", commandStop)
			lens(sessionTitle(snap), commandStatus)
			continue
		}
		lens("Run hybrid", commandStart)
		if s.has(commandDebug) {
			lens("Debug hybrid", commandDebug)
		}
		if found && snap.State == session.Failed {
			arguments.ID = snap.ID
			lens(sessionTitle(snap), commandStatus)
		}
	}
	return out, nil
}

// sessionOf is the session of a dev; of several the one that has not ended.
func sessionOf(all []session.Snapshot, manifest, dev string) (found session.Snapshot, ok bool) {
	for _, snap := range all {
		if snap.Manifest == manifest && snap.Dev == dev && (!ok || found.State.Ended()) {
			found, ok = snap, true
		}
	}
	return found, ok
}

// sessionTitle is a session in a few words.
func sessionTitle(snap session.Snapshot) string {
	title := string(snap.State)
	switch snap.State {
	case session.Ready, session.Reconnecting:
		open, failed := 0, 0
		for _, t := range snap.Tunnels {
			if t.State == "failed" {
				failed++
			} else {
				open++
			}
		}
		title += ", " + plural(open, "tunnel")
		if failed > 0 {
			title += fmt.Sprintf(", %d failed", failed)
		}
		if p := snap.Process; p != nil && p.State == session.ProcessExited && p.ExitCode != nil {
			title += fmt.Sprintf(", command exited with %d", *p.ExitCode)
		}
	case session.Failed:
		if snap.Cause != nil {
			title += ": " + string(snap.Cause.Kind)
		}
	case session.Stopping, session.Stopped:
	default:
		title = "starting: " + title
	}
	return title
}

func plural(n int, what string) string {
	switch n {
	case 0:
		return "no " + what + "s"
	case 1:
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// lenses remember what the lenses of each session say, so that a client is asked
// to look again only when that changes: counters of tunnels change all the time.
type lenses struct {
	mu    sync.Mutex
	shown map[string]string // by session
}

// changed notes a session's new state and says whether its lenses change.
func (l *lenses) changed(snap session.Snapshot) bool {
	title := sessionTitle(snap)
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.shown == nil {
		l.shown = map[string]string{}
	}
	was := l.shown[snap.ID]
	l.shown[snap.ID] = title
	return was != title
}

// refreshLenses has the client ask for the lenses again, where it can.
func (s *Server) refreshLenses(snap session.Snapshot) {
	if s.lenses.changed(snap) && s.capabilities().Workspace.CodeLens.RefreshSupport && len(s.documents.manifests()) > 0 {
		s.lensRefresh.want()
	}
}
