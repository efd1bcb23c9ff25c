package rpc

import (
	"errors"
	"slices"

	"github.com/tandem-dev/tandem/envfile"
	"github.com/tandem-dev/tandem/internal/fault"
	"github.com/tandem-dev/tandem/manifest"
	"github.com/tandem-dev/tandem/rpc/protocol"
	"github.com/tandem-dev/tandem/session"
)

// The engine's values as the protocol says them. They are copied field by
// field: what the engine adds reaches the wire only on purpose.

// converted converts each element; its result is never nil, so that the wire
// has [] and not null.
func converted[A, B any](all []A, f func(A) B) []B {
	out := make([]B, len(all))
	for i, a := range all {
		out[i] = f(a)
	}
	return out
}

func snapshotOf(s session.Snapshot) protocol.Snapshot {
	out := protocol.Snapshot{
		ID: s.ID, Seq: s.Seq, State: protocol.State(s.State), Since: s.Since,
		NextRetryAt: s.NextRetryAt,
		Dev:         s.Dev, Context: s.Context, Namespace: s.Namespace,
		Tunnels: converted(s.Tunnels, tunnelOf),
		Debug:   converted(s.Debug, debugSessionOf),
		Env: protocol.Env{
			Files: converted(s.Env.Files, func(f session.EnvFile) protocol.EnvFile {
				return protocol.EnvFile{Dialect: f.Dialect, Path: f.Path}
			}),
			Count:    s.Env.Count,
			Hash:     s.Env.Hash,
			Warnings: converted(s.Env.Warnings, warningOf),
		},
	}
	out.Traffic = protocol.Traffic(s.Traffic)
	out.Guard, out.Adopted = protocol.Guard(s.Guard), s.Adopted
	out.Warnings = converted(s.Warnings, func(w session.Warning) protocol.SessionWarning {
		return protocol.SessionWarning{Code: w.Code, Message: w.Message, Hint: w.Hint, At: w.At}
	})
	if s.Manifest != "" {
		out.Manifest = uriOf(s.Manifest)
	}
	if c := s.Cause; c != nil {
		out.Cause = &protocol.Cause{Kind: string(c.Kind), Message: c.Message, Hint: c.Hint, Retryable: c.Retryable}
	}
	if w := s.Workload; w != nil {
		out.Workload = &protocol.Workload{Kind: w.Kind, Name: w.Name, Container: w.Container, Replicas: w.Replicas}
	}
	if p := s.Pod; p != nil {
		out.Pod = &protocol.Pod{Name: p.Name, Node: p.Node}
	}
	if v := s.Volumes; v != nil {
		out.Volumes = &protocol.Volumes{Root: v.Root, Files: v.Files, Kubeconfig: v.Kubeconfig, Unreadable: v.Unreadable}
	}
	if p := s.Process; p != nil {
		out.Process = &protocol.Process{State: string(p.State), PID: p.PID, ExitCode: p.ExitCode}
	}
	return out
}

func clusterSessionOf(s session.InCluster) protocol.ClusterSession {
	return protocol.ClusterSession{ID: s.ID, Owner: s.Owner, Host: s.Host, Namespace: s.Namespace, Workload: s.Workload, Since: s.Since,
		Replicas: s.Replicas, Behind: protocol.Behind(s.Behind), AwaySeconds: s.AwaySeconds, Mine: s.Mine,
		GuardTTLSeconds: s.GuardTTLSeconds, Objects: s.Objects}
}

func tunnelOf(t session.Tunnel) protocol.Tunnel {
	out := protocol.Tunnel{
		ID: t.ID, Kind: string(t.Kind), Local: t.Local, Remote: t.Remote, State: t.State,
		Connections: t.Connections, BytesIn: t.BytesIn, BytesOut: t.BytesOut,
	}
	if t.Kind == session.Reverse {
		listening := t.State == "open"
		out.Listening = &listening
	}
	if t.Owner != nil {
		out.Owner = &protocol.TunnelOwner{PID: t.Owner.PID, Session: t.Owner.Session}
	}
	if t.Error != "" {
		out.Error = &t.Error
	}
	return out
}

func warningOf(w envfile.Warning) protocol.EnvWarning {
	return protocol.EnvWarning{Code: w.Code, Variable: w.Variable, Message: w.Message}
}

// environmentOf masks the values of secrets unless they are to be revealed.
func environmentOf(e *envfile.Environment, reveal bool) *protocol.EnvResolveResult {
	return &protocol.EnvResolveResult{
		Variables: converted(e.Vars, func(v envfile.Variable) protocol.Variable { return variableOf(v, reveal) }),
		Warnings:  converted(e.Warnings, warningOf),
		Hash:      e.Hash(),
	}
}

func variableOf(v envfile.Variable, reveal bool) protocol.Variable {
	out := protocol.Variable{
		Name:       v.Name,
		Origin:     originOf(v.Origin),
		Secret:     v.Secret,
		Unresolved: v.Unresolved,
		Expansion:  v.Expansion,
		Shadowed:   converted(v.Shadowed, originOf),
		Notes:      append([]string{}, v.Notes...),
	}
	if !v.Unresolved && (reveal || !v.Secret) {
		out.Value = &v.Value
	}
	return out
}

func originOf(o envfile.Origin) protocol.Origin {
	return protocol.Origin{
		Tier: string(o.Tier), Kind: o.Kind, Object: o.Object, Key: o.Key, Field: o.Field,
		ResourceVersion: o.ResourceVersion,
	}
}

func undeliverableOf(u envfile.Undeliverable) protocol.Undeliverable {
	return protocol.Undeliverable{Name: u.Name, Reason: u.Reason}
}

// manifestInfo describes a manifest as far as it was understood. An error that
// is not about the manifest's text becomes a diagnostic at its start.
func manifestInfo(path string, m *manifest.Manifest, err error) protocol.Manifest {
	out := protocol.Manifest{URI: uriOf(path), Devs: []protocol.Dev{}, Diagnostics: []protocol.Diagnostic{}}
	if m != nil {
		out.Name = m.Name
		out.Devs = converted(m.Devs, devOf)
		out.Diagnostics = converted(m.Diagnostics, diagnosticOf)
	}
	broken := slices.ContainsFunc(out.Diagnostics, func(d protocol.Diagnostic) bool { return d.Severity == int(manifest.Error) })
	if err != nil && !broken {
		out.Diagnostics = append(out.Diagnostics, protocol.Diagnostic{
			Severity: int(manifest.Error), Code: string(fault.KindOf(err)), Source: diagnosticSource,
			Message: err.Error(), Hint: fault.HintOf(err),
		})
	}
	if err != nil || broken {
		for i := range out.Devs {
			if out.Devs[i].Runnable {
				out.Devs[i].Runnable, out.Devs[i].Reason = false, "the manifest has errors"
			}
		}
	}
	return out
}

func devOf(d *manifest.Dev) protocol.Dev {
	out := protocol.Dev{Name: d.Name, Mode: string(d.Mode), Runnable: true, Range: rangeOf(d.Range)}
	if err := d.Runnable(); err != nil {
		out.Runnable, out.Reason = false, err.Error()
		var f *fault.Error
		if errors.As(err, &f) && f.NextStep != "" {
			out.Reason += ": " + f.NextStep
		}
	}
	return out
}

// diagnosticSource is who speaks, in an editor's list of problems.
const diagnosticSource = "tandem"

func diagnosticOf(d manifest.Diagnostic) protocol.Diagnostic {
	return protocol.Diagnostic{
		Range: rangeOf(d.Range), Severity: int(d.Severity), Code: d.Code, Source: diagnosticSource,
		Message: d.Message, Hint: d.Hint,
	}
}

func rangeOf(r manifest.Range) protocol.Range {
	return protocol.Range{Start: positionOf(r.Start), End: positionOf(r.End)}
}

func positionOf(p manifest.Position) protocol.Position {
	return protocol.Position{Line: p.Line, Character: p.Column}
}
