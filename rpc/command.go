package rpc

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net"
	"slices"
	"strings"

	"github.com/tandem-dev/tandem/internal/fault"
	"github.com/tandem-dev/tandem/rpc/protocol"
	"github.com/tandem-dev/tandem/session"
)

// The commands of workspace/executeCommand: every action, for a client that
// knows none of Tandem's own methods. Each takes one object of arguments.
const (
	commandStart      = "tandem.start"
	commandDebug      = "tandem.debug"
	commandStop       = "tandem.stop"
	commandRestart    = "tandem.restart"
	commandStatus     = "tandem.status"
	commandExplain    = "tandem.explain"
	commandDoctor     = "tandem.doctor"
	commandRecover    = "tandem.recover"
	commandOpenTunnel = "tandem.openTunnel"

	commandAddTunnel   = "tandem.addTunnel"
	commandCloseTunnel = "tandem.closeTunnel"

	commandWriteRunConfig  = "tandem.writeRunConfig"
	commandRemoveRunConfig = "tandem.removeRunConfig"
)

// asked is one command that a client wants done.
type asked struct {
	r     *request
	token *protocol.Token
	protocol.CommandArguments
}

// command does one command; needs is the method without which a build does not
// have it, "" for none.
type command struct {
	needs string
	do    func(ctx context.Context, a asked) (any, error)
}

// commands is the one list of them.
func (s *Server) commands() map[string]command {
	return map[string]command{
		commandStart:      {do: s.doStart},
		commandDebug:      {needs: protocol.MethodDebugStart, do: s.doDebug},
		commandStop:       {do: s.doStop},
		commandRestart:    {do: s.doRestart},
		commandStatus:     {do: s.doStatus},
		commandExplain:    {do: s.doExplain},
		commandDoctor:     {needs: protocol.MethodClusterDoctor, do: s.doDoctor},
		commandRecover:    {do: s.doRecover},
		commandOpenTunnel: {do: s.doOpenTunnel},

		commandAddTunnel:   {do: s.doAddTunnel},
		commandCloseTunnel: {do: s.doCloseTunnel},

		commandWriteRunConfig:  {do: s.doRunConfig(protocol.MethodRunConfigWrite)},
		commandRemoveRunConfig: {do: s.doRunConfig(protocol.MethodRunConfigRemove)},
	}
}

// has says whether this build has a command.
func (s *Server) has(name string) bool {
	c, ok := s.commands()[name]
	return ok && (c.needs == "" || s.methods[c.needs] != nil)
}

// commandNames are those of this build, sorted.
func (s *Server) commandNames() []string {
	names := slices.Sorted(maps.Keys(s.commands()))
	return slices.DeleteFunc(names, func(n string) bool { return !s.has(n) })
}

// executeCommand does what a lens, a menu or a key asked for.
func (s *Server) executeCommand(ctx context.Context, r *request, p protocol.ExecuteCommandParams) (any, error) {
	if !s.has(p.Command) {
		return nil, noSuchCommand(p.Command, s.commandNames())
	}
	a := asked{r: r, token: p.WorkDoneToken}
	if len(p.Arguments) > 1 {
		return nil, fault.New(fault.InvalidParams, "%s takes one object of arguments, not %d", p.Command, len(p.Arguments))
	}
	if len(p.Arguments) == 1 && string(p.Arguments[0]) != "null" {
		if err := decode(p.Arguments[0], &a.CommandArguments); err != nil {
			return nil, err
		}
	}
	return s.commands()[p.Command].do(ctx, a)
}

// call invokes a method as its own request would be, with the command's token and
// the command's cancellation.
func (s *Server) call(ctx context.Context, a asked, method string, params any) (any, error) {
	raw, err := json.Marshal(params)
	if err != nil {
		return nil, err
	}
	return s.methods[method](ctx, &request{id: a.r.id, method: method, params: raw})
}

// doStart starts a session with its command. Where somebody else has the
// workload, the user is asked whether to take it over.
func (s *Server) doStart(ctx context.Context, a asked) (any, error) {
	p := protocol.SessionStartParams{Manifest: a.Manifest, Dev: a.Dev,
		Options: protocol.SessionStartOptions{Run: true, Takeover: a.Takeover}}
	p.WorkDoneToken = a.token
	return s.startOrTakeOver(ctx, a, p)
}

func (s *Server) startOrTakeOver(ctx context.Context, a asked, p protocol.SessionStartParams) (any, error) {
	result, err := s.call(ctx, a, protocol.MethodSessionStart, p)
	if fault.KindOf(err) != fault.SessionBusy || p.Options.Takeover || s.runsHere(a) {
		return result, err
	}
	const takeOver = "Take over"
	answer, asking := s.ask(ctx, protocol.MessageWarning, err.Error(), takeOver, "Cancel")
	if asking != nil || answer != takeOver {
		return nil, err
	}
	p.Options.Takeover = true
	p.WorkDoneToken = nil // its progress has ended with the first try
	return s.call(ctx, a, protocol.MethodSessionStart, p)
}

// doDebug starts a debugger in the dev's session, and the session where there is
// none: without its command, which the debugger runs. The answer is that of
// debug/start.
func (s *Server) doDebug(ctx context.Context, a asked) (any, error) {
	snap, err := s.sessionFor(a)
	id := snap.ID
	if err != nil || snap.State.Ended() {
		p := protocol.SessionStartParams{Manifest: a.Manifest, Dev: a.Dev, Options: protocol.SessionStartOptions{Takeover: a.Takeover}}
		p.WorkDoneToken = a.token
		result, err := s.startOrTakeOver(ctx, a, p)
		if err != nil {
			return nil, err
		}
		started, ok := result.(*protocol.Snapshot)
		if !ok {
			return nil, fault.New(fault.Internal, "starting a session answered %T", result)
		}
		id = started.ID
	}
	p := protocol.DebugStartParams{ID: id}
	if a.Language != "" {
		p.Language = new(protocol.DebugLanguage(a.Language))
	}
	return s.call(ctx, a, protocol.MethodDebugStart, p)
}

// runsHere says that the dev has a session of this server, from which nobody
// needs to take anything over.
func (s *Server) runsHere(a asked) bool {
	snap, err := s.sessionFor(a)
	return err == nil && !snap.State.Ended()
}

// sessionFor is the session that a command is about: by its id, or by the dev.
func (s *Server) sessionFor(a asked) (session.Snapshot, error) {
	if a.ID != "" {
		return s.sessions.Get(a.ID)
	}
	if a.Manifest == "" || a.Dev == "" {
		return session.Snapshot{}, fault.New(fault.InvalidParams, "neither the id of a session nor a manifest and a dev are given")
	}
	path, err := pathOf(a.Manifest)
	if err != nil {
		return session.Snapshot{}, err
	}
	if snap, ok := sessionOf(s.sessions.List(), path, a.Dev); ok {
		return snap, nil
	}
	return session.Snapshot{}, fault.New(fault.SessionNotFound, "dev %s of %s has no session", a.Dev, path).Hint("tandem.start starts one")
}

func (s *Server) doStop(ctx context.Context, a asked) (any, error) {
	snap, err := s.sessionFor(a)
	if err != nil {
		return nil, err
	}
	p := protocol.SessionStopParams{ID: snap.ID}
	p.WorkDoneToken = a.token
	return s.call(ctx, a, protocol.MethodSessionStop, p)
}

func (s *Server) doRestart(ctx context.Context, a asked) (any, error) {
	snap, err := s.sessionFor(a)
	if err != nil {
		return nil, err
	}
	p := protocol.SessionRestartParams{ID: snap.ID}
	p.WorkDoneToken = a.token
	return s.call(ctx, a, protocol.MethodSessionRestart, p)
}

// doStatus tells the user how a session is.
func (s *Server) doStatus(_ context.Context, a asked) (any, error) {
	snap, err := s.sessionFor(a)
	if err != nil {
		return nil, err
	}
	kind := protocol.MessageInfo
	text := []string{snap.ID + " is " + sessionTitle(snap)}
	if c := snap.Cause; c != nil {
		kind = protocol.MessageWarning
		text = append(text, c.Message)
		if c.Hint != "" {
			text = append(text, c.Hint)
		}
	}
	for _, t := range snap.Tunnels {
		line := fmt.Sprintf("%s %s → %s: %s", t.Kind, t.Local, t.Remote, t.State)
		if t.Kind == session.Reverse {
			line = fmt.Sprintf("%s %s → %s: %s", t.Kind, t.Remote, t.Local, t.State)
		}
		if t.Owner != nil {
			line += fmt.Sprintf(", served by %s (pid %d)", t.Owner.Session, t.Owner.PID)
		}
		if t.Error != "" {
			line += ", " + t.Error
		}
		text = append(text, line)
	}
	s.notify(protocol.MethodShowMessage, protocol.ShowMessageParams{Type: kind, Message: strings.Join(text, "\n")})
	return snapshotOf(snap), nil
}

// doExplain tells how a variable came to its value.
func (s *Server) doExplain(ctx context.Context, a asked) (any, error) {
	p := protocol.EnvExplainParams{ID: a.ID, Name: a.Name}
	if a.ID == "" {
		if snap, err := s.sessionFor(a); err == nil && !snap.State.Ended() {
			p.ID = snap.ID
		} else {
			p.Manifest, p.Dev = a.Manifest, a.Dev
		}
	}
	return s.call(ctx, a, protocol.MethodEnvExplain, p)
}

// doDoctor looks at what could keep a session from starting, and tells the user
// what it found.
func (s *Server) doDoctor(ctx context.Context, a asked) (any, error) {
	p := protocol.ClusterDoctorParams{Manifest: a.Manifest, Dev: a.Dev}
	p.WorkDoneToken = a.token
	result, err := s.call(ctx, a, protocol.MethodClusterDoctor, p)
	if found, ok := result.(*protocol.ClusterDoctorResult); ok && err == nil {
		s.notify(protocol.MethodShowMessage, diagnosis(found))
	}
	return result, err
}

// diagnosis words what the doctor found.
func diagnosis(r *protocol.ClusterDoctorResult) protocol.ShowMessageParams {
	out := protocol.ShowMessageParams{Type: protocol.MessageInfo}
	var lines []string
	passed := 0
	for _, c := range r.Checks {
		switch c.Status {
		case protocol.DoctorFail:
			out.Type = protocol.MessageError
		case protocol.DoctorWarn:
			out.Type = min(out.Type, protocol.MessageWarning)
		case protocol.DoctorOK:
			passed++
			continue
		default:
			continue
		}
		line := c.Name + ": " + c.Detail
		if c.Hint != "" {
			line += " (" + c.Hint + ")"
		}
		lines = append(lines, line)
	}
	out.Message = strings.Join(append([]string{fmt.Sprintf("%d of %d checks passed", passed, len(r.Checks))}, lines...), "\n")
	return out
}

// doRunConfig writes an editor's run configurations, or takes them away: those of
// the dev's session where it has one, else those of the manifest.
func (s *Server) doRunConfig(method string) func(context.Context, asked) (any, error) {
	return func(ctx context.Context, a asked) (any, error) {
		p := protocol.RunConfigParams{ID: a.ID, Editor: a.Editor}
		if a.ID == "" {
			p.Manifest, p.Dev = a.Manifest, a.Dev
			if snap, err := s.sessionFor(a); err == nil && !snap.State.Ended() {
				p.ID, p.Manifest, p.Dev = snap.ID, "", ""
			}
		}
		return s.call(ctx, a, method, p)
	}
}

// doOpenTunnel shows the local end of a forward in the browser.
func (s *Server) doOpenTunnel(ctx context.Context, a asked) (any, error) {
	snap, err := s.sessionFor(a)
	if err != nil {
		return nil, err
	}
	var ids []string
	for _, t := range snap.Tunnels {
		if t.Kind != session.Forward {
			continue
		}
		ids = append(ids, t.ID)
		if a.Tunnel != "" && a.Tunnel != t.ID {
			continue
		}
		host, port, err := net.SplitHostPort(t.Local)
		if err != nil {
			return nil, fault.Wrap(err, fault.Internal, "the address %q of tunnel %s", t.Local, t.ID)
		}
		if ip := net.ParseIP(host); ip != nil && ip.IsUnspecified() {
			host = "localhost" // a browser cannot go to "every address"
		}
		return s.show(ctx, "http://"+net.JoinHostPort(host, port)+"/")
	}
	return nil, fault.New(fault.InvalidParams, "session %s has no forward %q", snap.ID, a.Tunnel).
		Hint("its forwards are %s", strings.Join(ids, ", "))
}
