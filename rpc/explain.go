package rpc

import (
	"context"

	"github.com/tandem-dev/tandem/envfile"
	"github.com/tandem-dev/tandem/internal/fault"
	"github.com/tandem-dev/tandem/rpc/protocol"
	"github.com/tandem-dev/tandem/session"
)

// envExplain tells the history of one variable.
func (s *Server) envExplain(ctx context.Context, _ *request, p protocol.EnvExplainParams) (*protocol.Explanation, error) {
	if err := required("name", p.Name); err != nil {
		return nil, err
	}
	if (p.ID == "") == (p.Manifest == "") {
		return nil, fault.New(fault.InvalidParams, "exactly one of \"id\" and \"manifest\" must be given")
	}
	r := session.ExplainRequest{ID: p.ID, Dev: p.Dev, Name: p.Name, Reveal: p.Reveal}
	if p.Manifest != "" {
		var err error
		if r.Manifest, err = pathOf(p.Manifest); err != nil {
			return nil, err
		}
	}
	e, err := s.sessions.Explain(ctx, r)
	if err != nil {
		return nil, err
	}
	return explanationOf(e), nil
}

func explanationOf(e *envfile.Explanation) *protocol.Explanation {
	out := &protocol.Explanation{
		Name: e.Name, Status: protocol.ExplanationStatus(e.Status), Value: e.Value, Secret: e.Secret,
		Chain:   converted(e.Chain, stepOf),
		Reasons: names(e.Reasons), Notes: names(e.Notes), Similar: names(e.Similar),
		Warnings: converted(e.Warnings, warningOf),
	}
	if o := e.Observed; o != nil {
		out.Observed = &protocol.Observation{Comparison: protocol.Comparison(o.Comparison), Value: o.Value, Reason: o.Reason}
	}
	if h := e.Rewrite; h != nil {
		out.Rewrite = &protocol.HostRewrite{Applied: h.Applied, Before: h.Before, After: h.After,
			Forwards: converted(h.Forwards, func(f envfile.Forwarded) protocol.Forwarded {
				return protocol.Forwarded{Service: f.Service, RemotePort: f.RemotePort, LocalAddress: f.LocalAddress}
			})}
	}
	if e.Local != nil {
		out.Local = localOf(*e.Local)
	}
	return out
}

func stepOf(s envfile.Step) protocol.ExplanationStep {
	return protocol.ExplanationStep{
		Origin: originOf(s.Origin), Outcome: protocol.StepOutcome(s.Outcome), Reason: s.Reason,
		Value: s.Value, Secret: s.Secret, Text: s.Text, References: converted(s.References, referenceOf),
	}
}

func referenceOf(r envfile.Reference) protocol.Reference {
	out := protocol.Reference{
		Text: r.Text, Name: r.Name, Outcome: protocol.ReferenceOutcome(r.Outcome), Value: r.Value,
		Secret: r.Secret, Reason: r.Reason, References: converted(r.References, referenceOf),
	}
	if r.Origin != nil {
		origin := originOf(*r.Origin)
		out.Origin = &origin
	}
	return out
}

func localOf(d envfile.Decision) *protocol.LocalDecision {
	return &protocol.LocalDecision{Action: protocol.LocalAction(d.Action), As: d.As, Replaces: d.Replaces, Reason: d.Reason}
}

// mergePolicy is the engine's form of the client's settings.
func mergePolicy(o protocol.EnvOptions) envfile.MergePolicy {
	p := envfile.MergePolicy{Include: o.Include, Exclude: o.Exclude, KeepLocal: o.KeepLocal, AllowImage: o.AllowImage}
	for _, r := range o.Rename {
		p.Rename = append(p.Rename, envfile.Rename{From: r.From, To: r.To})
	}
	return p
}

// MergePolicy is how the client wants environments laid over the user's own.
func (s Setup) MergePolicy() envfile.MergePolicy { return mergePolicy(s.Options.Env) }
