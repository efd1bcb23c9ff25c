package session

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"

	"golang.org/x/sync/errgroup"

	"github.com/tandem-dev/tandem/envfile"
	"github.com/tandem-dev/tandem/internal/fault"
	"github.com/tandem-dev/tandem/manifest"
	"github.com/tandem-dev/tandem/session/cluster"
)

// PlanRequest names the session that is only to be planned.
type PlanRequest struct {
	// Manifest is the path of the manifest; "" looks for one in Dir.
	Manifest string
	// Dir is where to look for a manifest; "" is the working directory.
	Dir string
	// Dev names the entry; "" takes the only hybrid one.
	Dev string
	// Takeover plans for a start that ends a session which somebody else has on
	// the workload.
	Takeover bool
}

// Plan is what [Manager.Start] would do, and meet, at this moment.
type Plan struct {
	Manifest, Dev, Context, Namespace, Server string
	Workload                                  Workload
	// Changes are the cluster's objects that would be made or changed, in order.
	Changes []Change
	// Notes say what of the original the dev container would not have.
	Notes []string
	// Files would be written on this machine, beside the journal.
	Files []string
	// Command would run here; empty for none.
	Command []string
	// Ports are those of this machine that the session or its command needs.
	Ports []PlannedPort
	// Ignored are fields of the manifest without effect in hybrid mode.
	Ignored []manifest.Diagnostic
	// Missing are permissions that the user lacks, needed ones first.
	Missing []Right
	// Autoscalers, Budgets and Keepers are what else acts on the workload.
	Autoscalers []Autoscaler
	Budgets     []Budget
	Keepers     []Keeper
	// Problems would make the start fail; each is a fault with its kind and hint.
	Problems []error
	// Unknown is what could not be looked at, and why.
	Unknown []string
}

// The actions of a [Change].
const (
	ActionCreate = cluster.ActionCreate
	ActionChange = cluster.ActionChange
)

// What a plan is made of, beside ports.
type (
	Change     = cluster.Change
	Autoscaler = cluster.Autoscaler
	Budget     = cluster.Budget
	Keeper     = cluster.Keeper
)

// Plan tells what a start would do and changes nothing: it reads the manifest and
// the cluster's objects, asks what the user may do, and tries this machine's ports.
// Errors are what leaves nothing to plan: no manifest, no such dev or workload, no
// cluster. What would make the start fail is in the plan.
func (m *Manager) Plan(ctx context.Context, r PlanRequest) (*Plan, error) {
	man, dev, err := loadDev(r.Manifest, r.Dir, r.Dev)
	if err != nil {
		return nil, err
	}
	if err := dev.Runnable(); err != nil {
		return nil, err
	}
	c, err := m.connect(m.placeOf(man.Place(dev)))
	if err != nil {
		return nil, err
	}
	defer c.CloseIdle()
	ctx, cancel := context.WithTimeout(ctx, dev.Timeout.Default)
	defer cancel()
	w, err := c.Find(ctx, target(dev))
	if err != nil {
		return nil, err
	}
	d := &draft{manager: m, request: r, manifest: man, dev: dev, cluster: c, workload: w, plan: &Plan{
		Manifest: man.Path, Dev: dev.Name, Context: c.Context(), Namespace: c.Namespace(), Server: c.Host(),
		Workload: Workload{Kind: w.Kind, Name: w.Name, Container: w.Container, Replicas: w.Replicas},
		Keepers:  w.Keepers(), Command: argv(dev.Command, nil),
	}}
	d.ownMachine(ctx)
	d.ownObjects()
	if err := d.read(ctx); err != nil {
		return nil, err
	}
	return d.plan, nil
}

// draft is a plan in the making.
type draft struct {
	manager  *Manager
	request  PlanRequest
	manifest *manifest.Manifest
	dev      *manifest.Dev
	cluster  *cluster.Cluster
	workload *cluster.Workload
	plan     *Plan
}

func (d *draft) problem(err error) { d.plan.Problems = append(d.plan.Problems, err) }

// ownObjects is what the session makes of the original and beside it.
func (d *draft) ownObjects() {
	p, w := d.plan, d.workload
	if d.manager.cfg.AgentImage == "" {
		d.problem(noAgentImage())
	}
	if w.Diverted != nil {
		rec := w.Diverted.Record
		p.Workload.Replicas = rec.Replicas
		if !d.request.Takeover {
			d.problem(cluster.Busy(w))
		}
		given := *w
		given.Replicas = rec.Replicas
		w = &given
	}
	if err := reversesFree(d.dev, w); err != nil {
		d.problem(err)
	}
	p.Changes, p.Notes = d.cluster.Changes(w, d.manager.divertSpec(d.dev))
}

// read asks the cluster for the rest, side by side. Each goroutine writes to fields
// of its own; group joins them.
func (d *draft) read(ctx context.Context) error {
	var missing, scalers, budgets, sources error
	var guard []cluster.Change
	refs := refsOf(d.workload)
	group, gctx := errgroup.WithContext(ctx)
	group.Go(func() error {
		var needed cluster.Check
		var all []Right
		needed, _, all = d.cluster.CheckRights(gctx, d.workload, refs.needs(), extrasOf(d.manifest, d.dev))
		if all == nil {
			missing = fault.New(fault.Internal, "%s", needed.Detail)
		}
		d.plan.Missing = slices.DeleteFunc(all, func(r Right) bool { return r.Allowed })
		return nil
	})
	group.Go(func() error {
		d.plan.Autoscalers, scalers = d.cluster.Autoscalers(gctx, d.workload)
		return nil
	})
	group.Go(func() error {
		d.plan.Budgets, budgets = d.cluster.Budgets(gctx, d.workload)
		return nil
	})
	group.Go(func() error {
		sources = d.environment(gctx, refs)
		return nil
	})
	group.Go(func() error {
		guard = d.guard(gctx)
		return nil
	})
	_ = group.Wait() // each keeps its own error
	if ctx.Err() != nil {
		return fault.Wrap(context.Cause(ctx), fault.KindOf(ctx.Err()), "planning a session on %s", d.workload)
	}
	if at := len(d.plan.Changes) - 1; at >= 0 { // made before the original goes to zero
		d.plan.Changes = slices.Insert(d.plan.Changes, at, guard...)
	}
	if err := denied(d.plan.Missing, d.workload.Namespace); err != nil {
		d.problem(err)
	}
	if sources != nil && fault.KindOf(sources) != fault.PermissionDenied { // that is among the missing rights
		d.problem(sources)
	}
	for _, unread := range []struct {
		what string
		err  error
	}{{"your permissions", missing}, {"autoscalers", scalers}, {"disruption budgets", budgets}} {
		if unread.err != nil {
			d.plan.Unknown = append(d.plan.Unknown, fmt.Sprintf("%s: %v", unread.what, unread.err))
		}
	}
	return nil
}

// guard lists the objects of the guard in the cluster, none where there would be
// no guard; the doctor says why.
func (d *draft) guard(ctx context.Context) []cluster.Change {
	if d.manager.cfg.GuardTTL < 0 {
		return nil
	}
	rights, err := d.cluster.Rights(ctx, d.workload.Namespace)
	if err != nil {
		return nil
	}
	if why, err := d.cluster.MayGuard(ctx, d.workload, rights); err != nil || why != "" {
		return nil
	}
	return d.cluster.GuardChanges(d.workload, d.manager.divertSpec(d.dev))
}

// environment reads the sources, for one that is missing keeps a session from
// starting.
func (d *draft) environment(ctx context.Context, refs references) error {
	s, err := readSources(ctx, d.cluster, refs)
	if err != nil {
		return err
	}
	p := &prepared{manifest: d.manifest, dev: d.dev, variables: devVars(d.dev)}
	_, err = envfile.Resolve(p.input(d.workload, s, nil, d.manager.cfg.Precedence))
	return err
}

// denied is the failure of a start without the needed ones of these rights.
func denied(missing []Right, namespace string) error {
	var names []string
	for _, r := range missing {
		if r.Needed {
			names = append(names, r.String())
		}
	}
	return cluster.Denied(names, namespace)
}

// ownMachine is what the session needs of this machine.
func (d *draft) ownMachine(ctx context.Context) {
	p := d.plan
	dir := d.manager.cfg.EnvDir
	if dir == "" {
		dir = filepath.Join(d.manifest.Dir, ".tandem")
	}
	for _, dialect := range defaultDialects {
		p.Files = append(p.Files, filepath.Join(dir, d.dev.Name+dialect.Extension()))
	}
	for _, finding := range d.manifest.Diagnostics {
		if finding.Code == manifest.CodeIgnoredInHybrid && (finding.Dev == "" || finding.Dev == d.dev.Name) {
			p.Ignored = append(p.Ignored, finding)
		}
	}
	d.ports(ctx)
}
