package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/tandem-dev/tandem/rpc"
	"github.com/tandem-dev/tandem/rpc/protocol"
	"github.com/tandem-dev/tandem/session"
)

// dryRun prints what `up` would do. It ends with 1 where something would make it
// fail.
func dryRun(ctx context.Context, g *globals, r session.PlanRequest, asJSON bool) error {
	m, err := g.manager(nil)
	if err != nil {
		return err
	}
	defer m.Close(ctx)
	plan, err := m.Plan(ctx, r)
	if err != nil {
		return err
	}
	said := rpc.Planned(plan)
	if asJSON {
		enc := json.NewEncoder(os.Stdout)
		enc.SetIndent("", "  ")
		enc.SetEscapeHTML(false)
		if err := enc.Encode(said); err != nil {
			return err
		}
	} else {
		planScreen{os.Stdout, newPaint(os.Stdout)}.print(said)
	}
	if len(said.Problems) > 0 {
		return exitCode(1)
	}
	return nil
}

// planScreen prints a plan for a person: what would be done, what stands in the
// way, and what else acts on the workload.
type planScreen struct {
	w     io.Writer
	paint paint
}

func (x planScreen) line(format string, args ...any) { fmt.Fprintf(x.w, format+"\n", args...) }

// hint is what to do about the line above.
func (x planScreen) hint(text string) {
	if text != "" {
		x.line("      %s %s", x.paint.dim("hint:"), text)
	}
}

func (x planScreen) print(p *protocol.SessionPlanResult) {
	b := x.paint.bold
	where := p.Server
	if p.Context != "" {
		where = fmt.Sprintf("context %q, %s", p.Context, p.Server)
	}
	x.line("%s would stand in for %s %s/%s, container %s (%s)", b(p.Dev), p.Workload.Kind, p.Namespace, p.Workload.Name, p.Workload.Container, where)
	x.line("")
	x.line("%s", b("In the cluster, undone at the end"))
	for _, c := range p.Changes {
		sign := x.paint.good("+")
		if c.Action == session.ActionChange {
			sign = x.paint.warn("~")
		}
		x.line("  %s %s %s/%s: %s", sign, c.Kind, c.Namespace, c.Name, c.Detail)
	}
	for _, n := range p.Notes {
		x.line("  %s %s", x.paint.dim("·"), n)
	}
	x.line("%s", b("On this machine"))
	for _, f := range p.Files {
		x.line("  %s %s", x.paint.good("+"), f)
	}
	if len(p.Command) > 0 {
		x.line("  %s %s", x.paint.good("▸"), plain(strings.Join(p.Command, " ")))
	}
	for _, t := range p.Ports {
		switch {
		case t.Free:
			x.line("  %s %s %s: port %d is free", x.paint.good("✓"), t.Kind, t.Spec, t.Port)
		case t.Kind == string(session.Reverse):
			x.line("  %s %s %s: %s, which would answer the cluster", x.paint.warn("!"), t.Kind, t.Spec, t.Message)
		default:
			x.line("  %s %s %s: %s", x.paint.bad("✗"), t.Kind, t.Spec, t.Message)
		}
	}
	x.toKnow(p)
	x.verdict(p)
}

// toKnow is what keeps no session from starting.
func (x planScreen) toKnow(p *protocol.SessionPlanResult) {
	var optional []protocol.DoctorRight
	for _, r := range p.Missing {
		if !r.Needed {
			optional = append(optional, r)
		}
	}
	if len(p.Autoscalers)+len(p.Budgets)+len(p.Keepers)+len(p.Ignored)+len(optional)+len(p.Unknown) == 0 {
		return
	}
	x.line("%s", x.paint.bold("To know"))
	warn, dim := x.paint.warn("!"), x.paint.dim("·")
	mark := func(serious bool) string {
		if serious {
			return warn
		}
		return dim
	}
	for _, a := range p.Autoscalers {
		x.line("  %s HorizontalPodAutoscaler %s (%d to %d): %s", mark(a.Interferes), a.Name, a.Min, a.Max, a.Effect)
		x.hint(a.Advice)
	}
	for _, k := range p.Keepers {
		x.line("  %s %s, %s (%s): %s", mark(k.Advice != ""), k.Tool, k.Name, k.Evidence, k.Effect)
		x.hint(k.Advice)
	}
	for _, b := range p.Budgets {
		x.line("  %s PodDisruptionBudget %s (%s): %s", mark(b.Blocks), b.Name, b.Rule, b.Effect)
	}
	for _, d := range p.Ignored {
		x.line("  %s line %d: %s", warn, d.Range.Start.Line+1, d.Message)
	}
	for _, r := range optional {
		x.line("  %s you may not %s %s: %s", dim, r.Verb, strings.TrimSpace(r.Resource+" "+r.Name), r.Purpose)
	}
	for _, u := range p.Unknown {
		x.line("  %s not looked at: %s", dim, u)
	}
}

func (x planScreen) verdict(p *protocol.SessionPlanResult) {
	x.line("")
	if len(p.Problems) == 0 {
		x.line("%s; nothing was changed", x.paint.good("a session could start"))
		return
	}
	x.line("%s; nothing was changed", x.paint.bad("a session could not start"))
	for _, c := range p.Problems {
		x.line("  %s %s", x.paint.bad("✗"), strings.ReplaceAll(c.Message, "\n", "\n      "))
		x.hint(c.Hint)
	}
}
