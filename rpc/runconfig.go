package rpc

import (
	"context"
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf16"

	"github.com/tandem-dev/tandem/debug/runconfig"
	"github.com/tandem-dev/tandem/debug/runconfig/jsonc"
	"github.com/tandem-dev/tandem/envfile"
	"github.com/tandem-dev/tandem/internal/fault"
	"github.com/tandem-dev/tandem/manifest"
	"github.com/tandem-dev/tandem/rpc/protocol"
)

// runConfigPlan tells what runConfig/write, or with remove runConfig/remove,
// would change.
func (s *Server) runConfigPlan(_ context.Context, _ *request, p protocol.RunConfigParams) (*protocol.RunConfigResult, error) {
	job, err := s.runConfigJob(p, p.Remove)
	if err != nil {
		return nil, err
	}
	plan, err := job.plan()
	if err != nil {
		return nil, err
	}
	return job.result(plan), nil
}

// runConfigWrite writes run configurations, and for a session the environment
// files that they refer to.
func (s *Server) runConfigWrite(_ context.Context, _ *request, p protocol.RunConfigParams) (*protocol.RunConfigResult, error) {
	job, err := s.runConfigJob(p, false)
	if err != nil {
		return nil, err
	}
	if p.ID != "" {
		for _, service := range job.services {
			for _, d := range job.editor.Dialects(service.Target.Language) {
				if _, err := s.sessions.WriteEnv(p.ID, d, ""); err != nil {
					return nil, err
				}
			}
		}
	}
	return s.applyRunConfigs(job)
}

// runConfigRemove takes run configurations away.
func (s *Server) runConfigRemove(_ context.Context, _ *request, p protocol.RunConfigParams) (*protocol.RunConfigResult, error) {
	job, err := s.runConfigJob(p, true)
	if err != nil {
		return nil, err
	}
	return s.applyRunConfigs(job)
}

// applyRunConfigs plans and applies; one at a time, so that two sessions that
// start at once do not edit one file on the same footing.
func (s *Server) applyRunConfigs(job *runConfigJob) (*protocol.RunConfigResult, error) {
	s.runConfigs.Lock()
	defer s.runConfigs.Unlock()
	plan, err := job.plan()
	if err != nil {
		return nil, err
	}
	if err := plan.Apply(); err != nil {
		return nil, err
	}
	return job.result(plan), nil
}

// runConfigJob is a request that is understood.
type runConfigJob struct {
	workspace string
	editor    runconfig.Editor
	services  []runconfig.Service
	// remove takes labels away, which are none for all.
	remove bool
	labels []string
}

func (s *Server) runConfigJob(p protocol.RunConfigParams, remove bool) (*runConfigJob, error) {
	job := &runConfigJob{editor: runconfig.Editor(p.Editor), remove: remove}
	if err := required("editor", p.Editor); err != nil {
		return nil, err
	}
	if err := job.editor.Check(); err != nil {
		return nil, err
	}
	if p.AttachPort < 0 || p.AttachPort > 65535 {
		return nil, fault.New(fault.InvalidParams, "attachPort %d is no port", p.AttachPort)
	}
	path, dev := "", p.Dev
	var env *envfile.Environment
	switch {
	case (p.ID == "") == (p.Manifest == ""):
		return nil, fault.New(fault.InvalidParams, "exactly one of \"id\" and \"manifest\" must be given")
	case p.ID != "":
		snap, err := s.sessions.Get(p.ID)
		if err != nil {
			return nil, err
		}
		path, dev = snap.Manifest, snap.Dev
		// Before the session has its environment, and after it, there is none.
		if env, err = s.sessions.Environment(p.ID); err == nil {
			env = env.Chosen(s.policy())
		}
	default:
		var err error
		if path, err = pathOf(p.Manifest); err != nil {
			return nil, err
		}
		if found, err := manifest.Discover("", path); err == nil {
			path = found
		} else if !remove { // what belongs to a manifest that is gone can go, too
			return nil, err
		}
	}
	job.workspace = s.workspaceOf(path)
	if p.Workspace != "" {
		var err error
		if job.workspace, err = pathOf(p.Workspace); err != nil {
			return nil, err
		}
	}
	if remove {
		job.labels = runconfig.Labels(job.workspace, path, dev)
		return job, nil
	}
	return job, job.find(path, dev, env, runconfig.Options{
		EnvDir: s.envDir(), NoTask: p.NoTask || p.ID != "", AttachPort: p.AttachPort,
	})
}

// find describes the services.
func (j *runConfigJob) find(manifestPath, dev string, env *envfile.Environment, o runconfig.Options) (err error) {
	if j.services, err = runconfig.Services(j.workspace, manifestPath, dev, o); err != nil {
		return err
	}
	for i := range j.services {
		service := &j.services[i]
		if service.Extra, err = runconfig.Deliver(j.editor, j.editor.Dialects(service.Target.Language), env); err != nil {
			return err
		}
	}
	return nil
}

func (j *runConfigJob) plan() (*runconfig.Plan, error) {
	if j.remove {
		return runconfig.Remove(j.workspace, j.editor, j.labels...)
	}
	return runconfig.Write(j.workspace, j.editor, j.services)
}

// result is a plan as the protocol says it.
func (j *runConfigJob) result(plan *runconfig.Plan) *protocol.RunConfigResult {
	return &protocol.RunConfigResult{
		Workspace: uriOf(j.workspace),
		Files: converted(plan.Changes, func(c runconfig.FileChange) protocol.RunConfigFile {
			return protocol.RunConfigFile{URI: uriOf(c.Path), Action: string(c.Action), Edits: textEdits(c.Before, c.Edits)}
		}),
		Notes: names(plan.Notes),
	}
}

// textEdits are edits of a text, by line and UTF-16 character as in LSP. Every
// line end counts as LSP has it: \r\n, \n and \r.
func textEdits(text []byte, edits []jsonc.Edit) []protocol.TextEdit {
	var at protocol.Position
	offset := 0
	advance := func(to int) protocol.Position {
		for offset < to {
			end := offset + 1
			for end < to && text[end]&0xc0 == 0x80 { // the rest of a character
				end++
			}
			switch c := text[offset]; {
			case c == '\r' && end < len(text) && text[end] == '\n':
				// The line ends with the next one.
			case c == '\n' || c == '\r':
				at.Line, at.Character = at.Line+1, 0
			default:
				at.Character += len(utf16.Encode([]rune(string(text[offset:end]))))
			}
			offset = end
		}
		return at
	}
	out := make([]protocol.TextEdit, len(edits))
	for i, e := range edits {
		out[i] = protocol.TextEdit{Range: protocol.Range{Start: advance(e.Start), End: advance(e.End)}, NewText: e.Text}
	}
	return out
}

// workspaceOf is the workspace folder that holds a file, the innermost one, else
// the file's own folder.
func (s *Server) workspaceOf(path string) string {
	best := ""
	for _, root := range s.roots() {
		if rel, err := filepath.Rel(root, path); err == nil && filepath.IsLocal(rel) && len(root) > len(best) {
			best = root
		}
	}
	if best == "" {
		best = strings.TrimSuffix(filepath.Dir(path), string(filepath.Separator)+".okteto")
	}
	return best
}

// envDir is where environment files go, "" for the usual place.
func (s *Server) envDir() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.client.Options.EnvDir
}

// runConfigEditors reads the editors of session/start and gives the dialects
// that their configurations refer to, beside those that are asked for.
func (s *Server) runConfigEditors(editors []string, manifestPath, dir, dev string, files []envfile.Dialect) ([]envfile.Dialect, error) {
	for _, e := range editors {
		if err := runconfig.Editor(e).Check(); err != nil {
			return nil, err
		}
	}
	if len(editors) == 0 {
		return files, nil
	}
	path, err := manifest.Discover(dir, manifestPath)
	if err != nil {
		return nil, err
	}
	services, err := runconfig.Services(s.workspaceOf(path), path, dev, runconfig.Options{})
	if err != nil {
		return nil, err
	}
	if len(files) == 0 {
		files = []envfile.Dialect{envfile.Dotenv, envfile.JSON} // what a session writes unless told
	}
	for _, e := range editors {
		for _, service := range services {
			for _, d := range runconfig.Editor(e).Dialects(service.Target.Language) {
				if !slices.Contains(files, d) {
					files = append(files, d)
				}
			}
		}
	}
	return files, nil
}

// writeRunConfigs writes what session/start asked for. The session is up: what
// fails here is shown, and is no reason to take it down.
func (s *Server) writeRunConfigs(id string, editors []string) {
	for _, e := range editors {
		job, err := s.runConfigJob(protocol.RunConfigParams{ID: id, Editor: e}, false)
		var result *protocol.RunConfigResult
		if err == nil {
			result, err = s.applyRunConfigs(job)
		}
		kind, text := protocol.MessageWarning, ""
		switch {
		case err != nil:
			text = "Run configurations for " + e + " were not written: " + err.Error()
			if hint := fault.HintOf(err); hint != "" {
				text += " (" + hint + ")"
			}
		case len(result.Notes) > 0:
			kind, text = protocol.MessageInfo, "Run configurations for "+e+": "+strings.Join(result.Notes, "; ")
		default:
			continue
		}
		s.notify(protocol.MethodShowMessage, protocol.ShowMessageParams{Type: kind, Message: text})
	}
}
