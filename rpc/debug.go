package rpc

import (
	"context"
	"encoding/json"

	"github.com/tandem-dev/tandem/debug"
	"github.com/tandem-dev/tandem/internal/fault"
	"github.com/tandem-dev/tandem/rpc/protocol"
	"github.com/tandem-dev/tandem/session"
)

// debugStart starts a debugger and answers once it listens.
func (s *Server) debugStart(ctx context.Context, r *request, p protocol.DebugStartParams) (*protocol.DebugStartResult, error) {
	if err := required("id", p.ID); err != nil {
		return nil, err
	}
	progress := s.startProgress(ctx, r, p.WorkDoneToken, "Starting a debugger for "+p.ID)
	d, err := s.sessions.DebugStart(ctx, p.ID, debugRequest(p.DebugOptions))
	progress.end(outcome(err, "listening"))
	if err != nil {
		return nil, err
	}
	return debuggingOf(d)
}

// debugStop ends a debugger and answers once it is gone.
func (s *Server) debugStop(ctx context.Context, _ *request, p protocol.DebugStopParams) (*protocol.Snapshot, error) {
	if err := required("id", p.ID); err != nil {
		return nil, err
	}
	if err := required("debug", p.Debug); err != nil {
		return nil, err
	}
	if err := s.sessions.DebugStop(ctx, p.ID, p.Debug); err != nil {
		return nil, err
	}
	return answer(s.sessions.Get(p.ID))
}

// debugConfigurations tells what there is to debug.
func (s *Server) debugConfigurations(_ context.Context, _ *request, p protocol.DebugConfigurationsParams) (*protocol.DebugConfigurationsResult, error) {
	if err := required("id", p.ID); err != nil {
		return nil, err
	}
	running, target, err := s.sessions.Debuggers(p.ID)
	if err != nil {
		return nil, err
	}
	result := &protocol.DebugConfigurationsResult{Target: targetOf(target), Running: []protocol.DebugStartResult{}}
	for _, d := range running {
		one, err := debuggingOf(d)
		if err != nil {
			return nil, err
		}
		result.Running = append(result.Running, *one)
	}
	return result, nil
}

func debugRequest(o protocol.DebugOptions) session.DebugRequest {
	r := session.DebugRequest{
		Mode: session.DebugMode(o.Mode), Protocol: debug.Protocol(o.Protocol), Program: o.Program, Args: o.Args, Cwd: o.Cwd,
		BuildFlags: o.BuildFlags, PID: o.PID, Command: o.Command, StopOnEntry: o.StopOnEntry,
	}
	if o.Language != nil {
		l := debug.Language(*o.Language)
		r.Language = &l
	}
	for _, p := range o.SubstitutePath {
		r.SubstitutePath = append(r.SubstitutePath, debug.PathRule(p))
	}
	return r
}

func debuggingOf(d session.Debugging) (*protocol.DebugStartResult, error) {
	configuration, err := json.Marshal(d.Configuration)
	if err != nil {
		return nil, fault.Wrap(err, fault.Internal, "encoding a debugger's configuration")
	}
	return &protocol.DebugStartResult{
		Debug: d.ID, Language: protocol.DebugLanguage(d.Language), Mode: protocol.DebugMode(d.Mode),
		Protocol: protocol.DebugProtocol(d.Protocol), Host: d.Host, Port: d.Port, Configuration: configuration,
	}, nil
}

func debugSessionOf(d session.DebugSession) protocol.DebugSession {
	return protocol.DebugSession{
		ID: d.ID, Language: protocol.DebugLanguage(d.Language), Mode: protocol.DebugMode(d.Mode),
		Protocol: protocol.DebugProtocol(d.Protocol), Address: d.Address, PID: d.PID,
	}
}

func targetOf(t debug.Target) protocol.DebugTarget {
	out := protocol.DebugTarget{
		Language: protocol.DebugLanguage(t.Language), Program: t.Program, Module: t.Module,
		Args: append([]string{}, t.Args...), Cwd: t.Cwd, Modes: []protocol.DebugMode{}, Protocols: []protocol.DebugProtocol{},
	}
	for _, m := range debug.Modes(t.Language) {
		out.Modes = append(out.Modes, protocol.DebugMode(m))
	}
	for _, p := range debug.Protocols(t.Language) {
		out.Protocols = append(out.Protocols, protocol.DebugProtocol(p))
	}
	return out
}
