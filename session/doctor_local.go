package session

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/tandem-dev/tandem/internal/fault"
	"github.com/tandem-dev/tandem/manifest"
	"github.com/tandem-dev/tandem/session/cluster"
	"github.com/tandem-dev/tandem/session/imageenv"
	"github.com/tandem-dev/tandem/session/share"
	"github.com/tandem-dev/tandem/session/tunnel"
)

// readManifest finds the dev and reports what its manifest has to say.
func (e *examination) readManifest() {
	check := cluster.Check{Name: checkManifest, Status: cluster.CheckOK}
	defer func() { e.put(check) }()
	fail := func(err error) {
		check.Status, check.Detail, check.Hint = cluster.CheckFail, err.Error(), fault.HintOf(err)
	}
	path, err := manifest.Discover(e.request.Dir, e.request.Manifest)
	if err != nil {
		fail(err)
		return
	}
	e.diagnosis.Manifest = path
	man, err := manifest.Load(path, manifest.Options{})
	if man == nil {
		fail(err)
		return
	}
	e.manifest = man
	dev, devErr := man.Dev(e.request.Dev)
	if devErr == nil {
		e.dev, e.diagnosis.Dev = dev, dev.Name
		devErr = dev.Runnable()
	}
	lines, worst := findingsOf(man, e.diagnosis.Dev)
	switch {
	case worst == cluster.CheckFail:
		check.Status, check.Detail = cluster.CheckFail, fmt.Sprintf("%s has errors:\n%s", path, strings.Join(lines, "\n"))
		check.Hint = "a session starts only without errors in its dev entry and outside of all"
	case devErr != nil:
		fail(devErr)
	case worst == cluster.CheckWarn:
		check.Status, check.Detail = cluster.CheckWarn, fmt.Sprintf("%s, dev %q:\n%s", path, dev.Name, strings.Join(lines, "\n"))
	default:
		check.Detail = fmt.Sprintf("%s, dev %q", path, dev.Name)
	}
}

// findingsOf lists the diagnostics that concern a dev, as `file:line:column`
// lines, and how bad the worst is. Without a dev all of them count.
func findingsOf(man *manifest.Manifest, dev string) (lines []string, worst cluster.CheckStatus) {
	worst = cluster.CheckOK
	for _, d := range man.Diagnostics {
		if dev != "" && d.Dev != "" && d.Dev != dev {
			continue
		}
		switch d.Severity {
		case manifest.Error:
			worst = cluster.CheckFail
		case manifest.Warning:
			if worst == cluster.CheckOK {
				worst = cluster.CheckWarn
			}
		default:
			continue
		}
		line := fmt.Sprintf("line %d: %s: %s", d.Range.Start.Line+1, d.Severity, d.Message)
		if d.Hint != "" {
			line += " (" + d.Hint + ")"
		}
		lines = append(lines, line)
	}
	return lines, worst
}

// localPorts tries the ports that a session listens on, and those that its
// command will.
func (e *examination) localPorts(ctx context.Context) cluster.Check {
	if e.dev == nil {
		return cluster.Check{Status: cluster.CheckSkip, Detail: "no dev entry says which ports"}
	}
	if e.runsHere() {
		return cluster.Check{Status: cluster.CheckOK, Detail: "a session of this dev runs, and has its ports"}
	}
	var free []string
	var taken []string
	status := cluster.CheckOK
	look := func(port int, what string, bad cluster.CheckStatus) {
		err := tunnel.Available(ctx, net.JoinHostPort(e.dev.Interface, strconv.Itoa(port)))
		if err == nil {
			free = append(free, strconv.Itoa(port))
			return
		}
		if status != cluster.CheckFail {
			status = bad
		}
		taken = append(taken, fmt.Sprintf("%s: %v", what, err))
	}
	for i, f := range append(slices.Clone(e.dev.Forward), e.manifest.Forward...) {
		switch {
		case f.Local == 0: // any that is free
		case i >= len(e.dev.Forward) && e.shared(ctx, f):
			free = append(free, fmt.Sprintf("%d (shared with a session that runs)", f.Local))
		default:
			look(f.Local, fmt.Sprintf("forward %s", f), cluster.CheckFail)
		}
	}
	for _, r := range e.dev.Reverse {
		// Only the command is kept from starting, if that is not the one who has
		// it: a program that runs already may be what is to answer.
		look(r.Local, fmt.Sprintf("reverse %s", r), cluster.CheckWarn)
	}
	c := cluster.Check{Status: status}
	switch {
	case len(taken) > 0:
		c.Detail = strings.Join(taken, "\n")
		c.Hint = "end the program that has the port, or choose another in the manifest; what listens at a reverse's local port answers the cluster"
	case len(free) == 0:
		c.Detail = "the dev needs no fixed local port"
	default:
		c.Detail = "free: " + strings.Join(free, ", ")
	}
	return c
}

// shared tells whether a running session serves a forward of the manifest, to the
// same place.
func (e *examination) shared(ctx context.Context, f manifest.Forward) bool {
	if len(f.Labels) > 0 { // whose Service would have to be asked for
		return false
	}
	c, err := e.manager.connect(e.manager.placeOf(e.manifest.Place(e.dev)))
	if err != nil {
		return false
	}
	path, err := sharePath(e.manager.cfg.StateDir, c.Host(), c.Namespace(),
		net.JoinHostPort(e.dev.Interface, strconv.Itoa(f.Local)), net.JoinHostPort(f.Service, strconv.Itoa(f.Remote)))
	if err != nil {
		return false
	}
	_, serving := share.Serving(ctx, path)
	return serving
}

// runsHere tells whether a living process of this machine has a session of the
// dev, in whichever cluster.
func (e *examination) runsHere() bool {
	entries, _ := e.manager.journal.entries() // leftovers tells of what cannot be read
	return slices.ContainsFunc(entries, func(f foundEntry) bool {
		return f.live && f.Manifest == e.manifest.Path && f.Dev == e.dev.Name
	})
}

// leftovers lists what crashed sessions have left: by the journal, and by the
// marks of this user and machine in the namespace that no living session has.
func (e *examination) leftovers(ctx context.Context) cluster.Check {
	entries, err := e.manager.journal.entries()
	if err != nil {
		return cluster.Check{Status: cluster.CheckFail, Detail: err.Error(), Hint: fault.HintOf(err)}
	}
	var left []string
	known := map[string]bool{} // tokens of living sessions, and of what is listed
	for _, f := range entries {
		known[f.Record.Token] = true
		if !f.live {
			left = append(left, fmt.Sprintf("session %s of %s, whose process died: %s", f.ID, f.Started.Local().Format(time.DateTime), describeRecord(f.Record)))
		}
	}
	unread := ""
	if e.cluster != nil {
		marked, err := e.cluster.FindDiverted(ctx, e.cluster.Namespace())
		if err != nil {
			unread = fmt.Sprintf("; the workloads of namespace %q could not be listed", e.cluster.Namespace())
		}
		owner, host := whoAmI()
		for _, r := range marked {
			if r.Owner == owner && r.Host == host && !known[r.Token] {
				left = append(left, fmt.Sprintf("%s, marked since %s, which the journal does not know", describeRecord(r), r.Since.Local().Format(time.DateTime)))
			}
		}
	} else {
		unread = "; the cluster could not be asked"
	}
	if len(left) > 0 {
		return cluster.Check{Status: cluster.CheckWarn, Detail: strings.Join(left, "\n"),
			Hint: "`tandem down --all` gives everything back; a mark may also be that of a living session whose journal is in another state folder"}
	}
	return cluster.Check{Status: cluster.CheckOK, Detail: "no session of yours was left behind" + unread}
}

func describeRecord(r cluster.Record) string {
	return fmt.Sprintf("%s %s/%s, to be given back %d replicas", r.Kind, r.Namespace, r.Name, r.Replicas)
}

// agentImage asks the registry for the agent's image, as a node would.
func (e *examination) agentImage(ctx context.Context) cluster.Check {
	image := e.manager.cfg.AgentImage
	if image == "" {
		return cluster.Check{Status: cluster.CheckFail, Detail: "no agent image is configured",
			Hint: "`tandem agent image push REGISTRY/tandem-agent:TAG` once, then --agent-image, TANDEM_AGENT_IMAGE or the option agentImage with that name"}
	}
	q := imageenv.Request{Image: image}
	asWho := "your own registry credentials"
	if e.workload != nil {
		var err error
		var secrets []corev1.Secret
		if secrets, err = e.cluster.PullSecrets(ctx, &e.workload.Template.Spec); len(secrets) > 0 {
			asWho = "the workload's pull secrets"
		} else if err != nil {
			asWho = "your own registry credentials (the workload's pull secrets may not be read)"
		}
		q.PullSecrets = secrets
	}
	digest, err := imageenv.New(imageenv.Options{UserAgent: "tandem/" + e.manager.cfg.Version}).Present(ctx, q)
	if err == nil {
		return cluster.Check{Status: cluster.CheckOK, Detail: fmt.Sprintf("%s is in its registry (%.19s), asked with %s", image, digest, asWho)}
	}
	var f *fault.Error
	status := 0
	if errors.As(err, &f) {
		status, _ = f.Detail["status"].(int)
	}
	c := cluster.Check{Status: cluster.CheckWarn, Detail: fmt.Sprintf("%v (asked with %s)", err, asWho),
		Hint: "the nodes may reach a registry, or have credentials, that this machine does not; a session's start will tell"}
	if status == http.StatusNotFound || fault.KindOf(err) == fault.InvalidParams {
		c.Status, c.Hint = cluster.CheckFail, "`tandem agent image push "+image+"` puts it there"
	}
	return c
}
