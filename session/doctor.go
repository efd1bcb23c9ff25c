package session

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/tandem-dev/tandem/internal/fault"
	"github.com/tandem-dev/tandem/manifest"
	"github.com/tandem-dev/tandem/session/cluster"
)

// DoctorRequest says what to look at.
type DoctorRequest struct {
	// Manifest is the path of the manifest; "" looks for one in Dir.
	Manifest string
	// Dir is where to look for a manifest; "" is the working directory.
	Dir string
	// Dev names the entry; "" takes the only hybrid one.
	Dev string
	// Progress, where not nil, hears what is being looked at. It must return at
	// once and may be called from several goroutines.
	Progress func(message string)
}

// Diagnosis is what [Manager.Doctor] found.
type Diagnosis struct {
	// Manifest, Dev, Context, Namespace and Server say what was looked at; each
	// is "" where that is not known.
	Manifest, Dev, Context, Namespace, Server string
	// Checks always has every check once, in the same order: from this machine
	// to the workload.
	Checks []Check
	// Rights are the permissions that were reviewed; nil where none could be.
	Rights []Right
}

// Check and Right are one thing that was looked at, and one permission.
type (
	Check = cluster.Check
	Right = cluster.Right
)

// Problems is how many checks failed: with one, no session starts.
func (d *Diagnosis) Problems() int { return d.count(cluster.CheckFail) }

// Warnings is how many checks found something to know.
func (d *Diagnosis) Warnings() int { return d.count(cluster.CheckWarn) }

func (d *Diagnosis) count(s cluster.CheckStatus) int {
	n := 0
	for _, c := range d.Checks {
		if c.Status == s {
			n++
		}
	}
	return n
}

// Names of the checks of this room; session/cluster has the others.
const (
	checkManifest   = "manifest"
	checkPorts      = "local-ports"
	checkKubeconfig = "kubeconfig"
	checkWorkload   = "workload"
	checkImage      = "agent-image"
	checkLeftovers  = "leftovers"
)

// checkOrder is how a diagnosis is read: what later ones depend on comes first.
var checkOrder = []string{
	checkManifest, checkPorts, checkKubeconfig,
	cluster.CheckNameServer, cluster.CheckNameCredentials, cluster.CheckNameClock,
	cluster.CheckNameRights, cluster.CheckNameWishes, cluster.CheckNameGuard,
	checkWorkload, checkLeftovers, checkImage,
	cluster.CheckNamePodSecurity, cluster.CheckNameQuota, cluster.CheckNameLimits, cluster.CheckNameAutoscaler,
}

const (
	// checkTimeout bounds each check: a doctor who waits is no help.
	checkTimeout = 10 * time.Second
	// checksAtOnce bounds the checks that run side by side.
	checksAtOnce = 6
)

// Doctor looks at everything that could keep a session from starting, or that an
// earlier one has left, and changes nothing. What is wrong is in the diagnosis;
// an error is only ctx's end. Each check is bounded by ten seconds.
func (m *Manager) Doctor(ctx context.Context, r DoctorRequest) (*Diagnosis, error) {
	e := &examination{manager: m, request: r, found: map[string]cluster.Check{}, diagnosis: &Diagnosis{}}
	e.group.SetLimit(checksAtOnce)
	e.readManifest()
	e.begin(ctx, checkPorts, e.localPorts)
	e.examineCluster(ctx)
	_ = e.group.Wait() // checks return findings, not errors
	if e.cluster != nil {
		e.cluster.CloseIdle()
	}
	if ctx.Err() != nil {
		return nil, fault.Wrap(context.Cause(ctx), fault.KindOf(ctx.Err()), "examining the cluster and this machine")
	}
	for _, name := range checkOrder {
		e.diagnosis.Checks = append(e.diagnosis.Checks, e.found[name])
	}
	return e.diagnosis, nil
}

// examination is one run of the doctor. Its checks run in goroutines of group,
// which Doctor joins; what they read is set before they begin.
type examination struct {
	manager   *Manager
	request   DoctorRequest
	group     errgroup.Group
	diagnosis *Diagnosis

	manifest *manifest.Manifest // nil where none could be read
	dev      *manifest.Dev      // nil where there is none to look at
	cluster  *cluster.Cluster   // nil without a kubeconfig
	workload *cluster.Workload  // nil where it was not found

	mu      sync.Mutex
	found   map[string]cluster.Check
	running []string
}

// put keeps what a check found.
func (e *examination) put(c cluster.Check) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.found[c.Name] = c
}

// skip says why checks are not made.
func (e *examination) skip(why string, names ...string) {
	for _, name := range names {
		e.put(cluster.Check{Name: name, Status: cluster.CheckSkip, Detail: why})
	}
}

// begin runs a check in a goroutine of the group, as soon as there is room.
func (e *examination) begin(ctx context.Context, name string, look func(context.Context) cluster.Check) {
	e.group.Go(func() error {
		e.put(e.do(ctx, name, look))
		return nil
	})
}

// do runs a check within its time, and tells of it.
func (e *examination) do(ctx context.Context, name string, look func(context.Context) cluster.Check) cluster.Check {
	defer e.tell(name)()
	ctx, cancel := context.WithTimeout(ctx, checkTimeout)
	defer cancel()
	c := look(ctx)
	c.Name = name
	return c
}

// tell reports that a check begins; what it returns, that it is over.
func (e *examination) tell(name string) (done func()) {
	report := func(change func([]string) []string) {
		e.mu.Lock()
		e.running = change(e.running)
		text := fmt.Sprintf("%d of %d checks done", len(e.found), len(checkOrder))
		if len(e.running) > 0 {
			text = "checking " + strings.Join(e.running, ", ") + "; " + text
		}
		e.mu.Unlock()
		if e.request.Progress != nil {
			e.request.Progress(text)
		}
	}
	report(func(running []string) []string { return append(running, name) })
	return func() {
		report(func(running []string) []string {
			return slices.DeleteFunc(running, func(other string) bool { return other == name })
		})
	}
}

// examineCluster begins with what everything else needs, so that a cluster that
// cannot be reached is one finding and not ten.
func (e *examination) examineCluster(ctx context.Context) {
	const (
		noConfig = "there is no usable kubeconfig"
		noServer = "the API server could not be reached"
	)
	needServer := []string{cluster.CheckNameCredentials, cluster.CheckNameRights, cluster.CheckNameWishes, cluster.CheckNameGuard, checkWorkload,
		cluster.CheckNamePodSecurity, cluster.CheckNameQuota, cluster.CheckNameLimits, cluster.CheckNameAutoscaler}
	var said manifest.Place
	if e.dev != nil {
		said = e.manifest.Place(e.dev)
	}
	c, err := e.manager.connect(e.manager.placeOf(said))
	if err != nil {
		e.put(cluster.Check{Name: checkKubeconfig, Status: cluster.CheckFail, Detail: err.Error(), Hint: fault.HintOf(err)})
		e.skip(noConfig, append(needServer, cluster.CheckNameServer, cluster.CheckNameClock)...)
		e.begin(ctx, checkLeftovers, e.leftovers)
		e.begin(ctx, checkImage, e.agentImage)
		return
	}
	e.cluster = c
	d := e.diagnosis
	d.Context, d.Namespace, d.Server = c.Context(), c.Namespace(), c.Host()
	e.put(cluster.Check{Name: checkKubeconfig, Status: cluster.CheckOK,
		Detail: fmt.Sprintf("%s, namespace %q, API server %s", describeContext(c.Context()), c.Namespace(), c.Host())})

	var clock cluster.Check
	e.put(e.do(ctx, cluster.CheckNameServer, func(ctx context.Context) (server cluster.Check) {
		server, clock, err = c.CheckServer(ctx)
		return server
	}))
	e.put(clock)
	if err != nil {
		e.cluster = nil
		c.CloseIdle()
		e.skip(noServer, needServer...)
		e.begin(ctx, checkLeftovers, e.leftovers)
		e.begin(ctx, checkImage, e.agentImage)
		return
	}
	e.begin(ctx, cluster.CheckNameCredentials, c.CheckCredentials)
	e.put(e.do(ctx, checkWorkload, e.findWorkload))
	e.begin(ctx, checkLeftovers, e.leftovers)
	e.begin(ctx, checkImage, e.agentImage)
	e.begin(ctx, cluster.CheckNameRights, e.rights)
	var p *cluster.Prospect
	if e.workload != nil {
		p = c.Prospect(e.workload, e.manager.divertSpec(e.dev))
	}
	e.begin(ctx, cluster.CheckNamePodSecurity, func(ctx context.Context) cluster.Check { return c.CheckPodSecurity(ctx, p) })
	e.begin(ctx, cluster.CheckNameQuota, func(ctx context.Context) cluster.Check { return c.CheckQuota(ctx, p) })
	e.begin(ctx, cluster.CheckNameLimits, func(ctx context.Context) cluster.Check { return c.CheckLimits(ctx, p) })
	if e.workload == nil {
		e.skip("there is no workload to look at", cluster.CheckNameAutoscaler, cluster.CheckNameGuard)
		return
	}
	if ttl := e.manager.cfg.GuardTTL; ttl > 0 {
		e.begin(ctx, cluster.CheckNameGuard, func(ctx context.Context) cluster.Check { return c.CheckGuard(ctx, e.workload, ttl) })
	} else {
		e.skip("none is wanted (--guard-ttl)", cluster.CheckNameGuard)
	}
	e.begin(ctx, cluster.CheckNameAutoscaler, func(ctx context.Context) cluster.Check { return c.CheckAutoscaler(ctx, e.workload) })
}

func describeContext(name string) string {
	if name == "" {
		return "the credentials of the pod that this runs in"
	}
	return fmt.Sprintf("context %q", name)
}

// divertSpec is what a session of the dev would ask the cluster for, as far as
// admission cares.
func (m *Manager) divertSpec(dev *manifest.Dev) cluster.DivertSpec {
	owner, host := whoAmI()
	spec := cluster.DivertSpec{Owner: owner, Host: host, AgentImage: m.cfg.AgentImage, GuardTTL: max(m.cfg.GuardTTL, 0),
		Labels: dev.Labels, Annotations: dev.Annotations, PriorityClass: dev.PriorityClassName}
	for _, r := range dev.Reverse {
		spec.Reverse = append(spec.Reverse, r.Remote)
	}
	return spec
}

// findWorkload looks for the original, and tells who has it.
func (e *examination) findWorkload(ctx context.Context) cluster.Check {
	if e.dev == nil {
		return cluster.Check{Status: cluster.CheckSkip, Detail: "no dev entry says which workload"}
	}
	w, err := e.cluster.Find(ctx, target(e.dev))
	if err != nil {
		return cluster.CheckOf(checkWorkload, err)
	}
	e.workload = w
	if w.Diverted == nil {
		return cluster.Check{Status: cluster.CheckOK, Detail: fmt.Sprintf("%s, container %q, %d replicas", w, w.Container, w.Replicas)}
	}
	rec := w.Diverted.Record
	owner, host := whoAmI()
	since := rec.Since.Local().Format(time.DateTime)
	if rec.Owner == owner && rec.Host == host {
		return cluster.Check{Status: cluster.CheckWarn, Detail: fmt.Sprintf("%s is diverted by you, from this machine, since %s", w, since),
			Hint: "`tandem status` shows that session, `tandem down` ends it"}
	}
	return cluster.Check{Status: cluster.CheckWarn, Detail: fmt.Sprintf("%s is diverted by %s on %s since %s", w, rec.Owner, rec.Host, since),
		Hint: "talk to them; `--takeover` ends their session in favour of yours"}
}

// extrasOf are the parts of a session of the dev that ask for more rights.
func extrasOf(man *manifest.Manifest, dev *manifest.Dev) cluster.Extras {
	return cluster.Extras{ByLabels: len(dev.Selector) > 0,
		ServiceByLabels: slices.ContainsFunc(slices.Concat(dev.Forward, man.Forward), func(f manifest.Forward) bool { return len(f.Labels) > 0 })}
}

// rights reviews what a session of the dev needs.
func (e *examination) rights(ctx context.Context) cluster.Check {
	var needs cluster.Needs
	var extras cluster.Extras
	if e.workload != nil {
		needs = refsOf(e.workload).needs()
	}
	if e.dev != nil {
		extras = extrasOf(e.manifest, e.dev)
	}
	needed, optional, all := e.cluster.CheckRights(ctx, e.workload, needs, extras)
	e.put(optional)
	e.mu.Lock()
	defer e.mu.Unlock()
	e.diagnosis.Rights = all
	return needed
}
