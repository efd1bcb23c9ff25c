package rpc

import (
	"context"
	"fmt"
	"path/filepath"

	"github.com/tandem-dev/tandem/envfile"
	"github.com/tandem-dev/tandem/internal/fault"
	"github.com/tandem-dev/tandem/rpc/protocol"
	"github.com/tandem-dev/tandem/session"
)

// sessionStart starts a session and answers once it is ready.
func (s *Server) sessionStart(ctx context.Context, r *request, p protocol.SessionStartParams) (*protocol.Snapshot, error) {
	start := session.StartRequest{
		Dev:       p.Dev,
		Run:       p.Options.Run,
		Takeover:  p.Options.Takeover,
		Switch:    session.Switch(p.Options.Switch),
		Readiness: session.Readiness(p.Options.Readiness),
		KeepFiles: p.Options.KeepFiles,
		Volumes:   p.Options.Volumes || p.Options.ServiceAccount, ServiceAccount: p.Options.ServiceAccount, Proxy: p.Options.Proxy,
	}
	if p.Options.Debug != nil {
		r := debugRequest(*p.Options.Debug)
		start.Debug = &r
	}
	for _, d := range p.Options.Files {
		start.Files = append(start.Files, envfile.Dialect(d))
	}
	var err error
	if start.Manifest, start.Dir, err = s.manifestOf(p.Manifest); err != nil {
		return nil, err
	}
	if start.Files, err = s.runConfigEditors(p.Options.RunConfigs, start.Manifest, start.Dir, p.Dev, start.Files); err != nil {
		return nil, err
	}
	title := "Starting a session"
	if p.Dev != "" {
		title = "Starting " + p.Dev
	}
	progress := s.startProgress(ctx, r, p.WorkDoneToken, title)
	start.Progress = progress.report
	snap, err := s.sessions.Start(ctx, start)
	if err == nil {
		s.writeRunConfigs(snap.ID, p.Options.RunConfigs)
	}
	progress.end(outcome(err, "ready"))
	return answer(snap, err)
}

// sessionStop ends a session and answers once the cluster is given back.
func (s *Server) sessionStop(ctx context.Context, r *request, p protocol.SessionStopParams) (*protocol.Snapshot, error) {
	if err := required("id", p.ID); err != nil {
		return nil, err
	}
	progress := s.startProgress(ctx, r, p.WorkDoneToken, "Stopping "+p.ID)
	progress.report("giving the cluster back")
	snap, err := s.sessions.Stop(ctx, p.ID)
	progress.end(outcome(err, "stopped"))
	return answer(snap, err)
}

// sessionRestart restarts the command of a session.
func (s *Server) sessionRestart(ctx context.Context, r *request, p protocol.SessionRestartParams) (*protocol.Snapshot, error) {
	if err := required("id", p.ID); err != nil {
		return nil, err
	}
	progress := s.startProgress(ctx, r, p.WorkDoneToken, "Restarting the command of "+p.ID)
	snap, err := s.sessions.Restart(ctx, p.ID)
	progress.end(outcome(err, "restarted"))
	return answer(snap, err)
}

// sessionList lists the sessions, and those of everybody where the cluster is to be
// asked.
func (s *Server) sessionList(ctx context.Context, _ *request, p protocol.SessionListParams) (*protocol.SessionListResult, error) {
	result := &protocol.SessionListResult{Sessions: converted(s.sessions.List(), snapshotOf), Recoverable: s.recoverable()}
	if p.Cluster {
		all, err := s.sessions.InCluster(ctx)
		if err != nil {
			return nil, err
		}
		result.Cluster = converted(all, clusterSessionOf)
	}
	return result, nil
}

// sessionGet gets one session.
func (s *Server) sessionGet(_ context.Context, _ *request, p protocol.SessionGetParams) (*protocol.Snapshot, error) {
	if err := required("id", p.ID); err != nil {
		return nil, err
	}
	return answer(s.sessions.Get(p.ID))
}

// answer is a snapshot as a result.
func answer(snap session.Snapshot, err error) (*protocol.Snapshot, error) {
	if err != nil {
		return nil, err
	}
	result := snapshotOf(snap)
	return &result, nil
}

// outcome words the end of a progress.
func outcome(err error, done string) string {
	if err != nil {
		return err.Error()
	}
	return done
}

// required refuses a parameter that is empty.
func required(name, value string) error {
	if value == "" {
		return fault.New(fault.InvalidParams, "%q is missing", name)
	}
	return nil
}

// manifestOf is the path of the manifest that a client names, or, where it
// names none, the folder to look for one: the workspace's first.
func (s *Server) manifestOf(uri string) (path, dir string, err error) {
	if uri != "" {
		path, err = pathOf(uri)
		return path, filepath.Dir(path), err
	}
	if roots := s.roots(); len(roots) > 0 {
		return "", roots[0], nil
	}
	return "", "", fault.New(fault.InvalidParams, "no manifest is named and no workspace folder is open").
		Hint("open a folder, or name the manifest")
}

// output sends what a command wrote. A client that is behind gets the number
// of bytes it missed with the next text that it can take.
func (s *Server) output(id, stream, text string) {
	s.mu.Lock()
	missed := s.dropped[id]
	s.mu.Unlock()
	sent := s.offer(protocol.MethodSessionOutput, protocol.SessionOutputParams{ID: id, Stream: stream, Text: text, Dropped: missed})
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case !sent:
		s.dropped[id] += int64(len(text))
	case missed > 0:
		delete(s.dropped, id)
	}
}

// flushDropped tells the client what it missed, before a change of the session:
// the last words of a command that ended may be among it.
func (s *Server) flushDropped(id string) {
	s.mu.Lock()
	missed := s.dropped[id]
	delete(s.dropped, id)
	s.mu.Unlock()
	if missed > 0 {
		s.notify(protocol.MethodSessionOutput, protocol.SessionOutputParams{ID: id, Stream: "stderr", Dropped: missed})
	}
}

// tellFailure shows the user a session that failed on its own. One that failed
// to start is the error of its session/start.
func (s *Server) tellFailure(snap session.Snapshot) {
	s.mu.Lock()
	was := s.wasReady[snap.ID]
	switch {
	case snap.State == session.Ready:
		s.wasReady[snap.ID] = true
	case snap.State.Ended():
		delete(s.wasReady, snap.ID)
	}
	s.mu.Unlock()
	if snap.State != session.Failed || snap.Cause == nil {
		return
	}
	// One that was to be continued without being asked for is nobody's answer.
	if !was && snap.Cause.Kind != fault.TakenBack {
		return
	}
	text := fmt.Sprintf("%s: %s", snap.ID, snap.Cause.Message)
	if snap.Cause.Hint != "" {
		text += " (" + snap.Cause.Hint + ")"
	}
	s.notify(protocol.MethodShowMessage, protocol.ShowMessageParams{Type: protocol.MessageError, Message: text})
}
