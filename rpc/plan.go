package rpc

import (
	"context"
	"slices"

	"github.com/tandem-dev/tandem/rpc/protocol"
	"github.com/tandem-dev/tandem/session"
)

// sessionPlan tells what session/start would do, and does nothing.
func (s *Server) sessionPlan(ctx context.Context, r *request, p protocol.SessionPlanParams) (*protocol.SessionPlanResult, error) {
	ask := session.PlanRequest{Dev: p.Dev, Takeover: p.Takeover}
	var err error
	if ask.Manifest, ask.Dir, err = s.manifestOf(p.Manifest); err != nil {
		return nil, err
	}
	progress := s.startProgress(ctx, r, p.WorkDoneToken, "Planning a session")
	plan, err := s.sessions.Plan(ctx, ask)
	progress.end(outcome(err, "planned"))
	if err != nil {
		return nil, err
	}
	return Planned(plan), nil
}

// Planned is a plan as the protocol says it, for who prints one as well.
func Planned(p *session.Plan) *protocol.SessionPlanResult {
	w := p.Workload
	return &protocol.SessionPlanResult{
		Manifest: uriOf(p.Manifest), Dev: p.Dev, Context: p.Context, Namespace: p.Namespace, Server: p.Server,
		Workload: protocol.Workload{Kind: w.Kind, Name: w.Name, Container: w.Container, Replicas: w.Replicas},
		Changes: converted(p.Changes, func(c session.Change) protocol.PlannedChange {
			return protocol.PlannedChange{Action: c.Action, Kind: c.Kind, Namespace: c.Namespace, Name: c.Name, Detail: c.Detail}
		}),
		Notes: names(p.Notes), Files: names(p.Files), Command: names(p.Command), Unknown: names(p.Unknown),
		Ports: converted(p.Ports, func(t session.PlannedPort) protocol.PlannedPort {
			return protocol.PlannedPort{Port: t.Port, Kind: string(t.Kind), Spec: t.Spec, Free: t.Free, PID: t.PID, Command: t.Command, Message: t.Message}
		}),
		Ignored: converted(p.Ignored, diagnosticOf),
		Missing: converted(neededFirst(p.Missing), rightOf),
		Autoscalers: converted(p.Autoscalers, func(a session.Autoscaler) protocol.PlannedAutoscaler {
			return protocol.PlannedAutoscaler{Name: a.Name, Min: a.Min, Max: a.Max, MadeBy: a.MadeBy, Interferes: a.Interferes, Effect: a.Effect, Advice: a.Advice()}
		}),
		Budgets: converted(p.Budgets, func(b session.Budget) protocol.PlannedBudget {
			return protocol.PlannedBudget{Name: b.Name, Rule: b.Rule, Blocks: b.Blocks, Effect: b.Effect}
		}),
		Keepers: converted(p.Keepers, func(k session.Keeper) protocol.PlannedKeeper {
			return protocol.PlannedKeeper{Tool: k.Tool, Name: k.Name, Evidence: k.Evidence, Replicas: k.Replicas, Effect: k.Effect, Advice: k.Advice}
		}),
		Problems: converted(p.Problems, func(err error) protocol.Cause {
			c := session.CauseOf(err)
			return protocol.Cause{Kind: string(c.Kind), Message: c.Message, Hint: c.Hint, Retryable: c.Retryable}
		}),
	}
}

func neededFirst(all []session.Right) []session.Right {
	out := slices.Clone(all)
	slices.SortStableFunc(out, func(a, b session.Right) int {
		switch {
		case a.Needed == b.Needed:
			return 0
		case a.Needed:
			return -1
		}
		return 1
	})
	return out
}
