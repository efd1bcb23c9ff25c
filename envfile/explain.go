package envfile

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Explain resolves the environment as [Resolve] does, and tells how one name
// came to its value, or why it has none. It is never an error: a required
// source that is missing is what an explanation is for. Where the policy folds
// names, the name is found in any letter case.
func Explain(in Input, q Question) *Explanation {
	r := newResolver(in)
	r.tracing, r.silent = true, map[string][]silence{}
	env := r.resolve()
	rewritten, rewrites := RewriteHosts(env, q.Forwarded, q.Hosts)

	x := &explainer{resolver: r, reveal: q.Reveal}
	name := x.spelled(q, env)
	e := &Explanation{Name: name, Status: StatusAbsent, Chain: x.chain(name)}
	v, has := rewritten.Lookup(name)
	switch {
	case has && v.Unresolved:
		e.Status = StatusUnresolved
	case has:
		e.Status = StatusSet
	}
	if has {
		e.Secret, e.Notes = v.Secret, x.vars[name].Notes
		if !v.Unresolved {
			e.Value = x.masked(v.Value, v.Secret)
		}
		for _, d := range rewritten.Decide(q.Own, q.Policy) {
			if d.Name == name {
				e.Local = &d
			}
		}
	}
	for _, w := range rewritten.Warnings {
		if w.Variable == name {
			e.Warnings = append(e.Warnings, w)
		}
	}
	e.Observed = x.observation(name)
	for _, h := range rewrites {
		if h.Variable == name {
			e.Rewrite = &HostChange{Applied: q.Hosts == HostsOn, Forwards: h.Forwards,
				Before: x.masked(h.before, v.Secret), After: x.masked(h.after, v.Secret)}
		}
	}
	if e.Status != StatusSet {
		e.Reasons = x.reasons(name)
		if !has && len(e.Chain) == 0 && len(e.Reasons) == 0 {
			e.Status = StatusUnknown
		}
		if !has && len(e.Chain) == 0 {
			e.Similar = similar(name, env)
		}
	}
	return e
}

// explainer turns what a resolver kept into an explanation.
type explainer struct {
	*resolver
	reveal bool
}

// spelled is the name as the environment has it.
func (x *explainer) spelled(q Question, env *Environment) string {
	if _, exact := env.Lookup(q.Name); exact {
		return q.Name
	}
	for _, v := range env.Vars {
		if q.Policy.fold(v.Name) == q.Policy.fold(q.Name) {
			return v.Name
		}
	}
	return q.Name
}

// masked is the value for the eyes of whoever asked.
func (x *explainer) masked(value string, secret bool) *string {
	if secret && !x.reveal {
		return nil
	}
	return &value
}

// source is one entry of a chain before it is told.
type source struct {
	candidate
	nothing string // why it sets nothing
}

// chain is every source of the name, the strongest first.
func (x *explainer) chain(name string) []Step {
	steps := []Step{}
	above := Tier("") // of what is used
	for i := len(x.in.Dev) - 1; i >= 0; i-- {
		d := x.in.Dev[i]
		if d.Name != name {
			continue
		}
		step := Step{Origin: Origin{Tier: Dev, Object: d.Source}, Outcome: Used, Value: &d.Value}
		if above != "" {
			step.Outcome, step.Reason = Shadowed, "what is set later for this machine replaces it"
		}
		above = Dev
		steps = append(steps, step)
	}
	list := x.candidates[name]
	sources := make([]source, 0, len(list))
	for _, c := range list {
		sources = append(sources, source{candidate: c})
	}
	for _, s := range x.silent[name] {
		sources = append(sources, source{candidate{seq: s.seq, origin: s.origin}, s.reason})
	}
	x.strongestFirst(sources)
	kubelets := 0 // the seq of what the container was given
	for _, c := range list {
		kubelets = max(kubelets, c.seq)
	}
	told := map[int]bool{}
	for _, s := range sources {
		step := Step{Origin: s.origin, Secret: s.secret}
		switch {
		case s.nothing != "":
			step.Outcome, step.Reason = SetsNothing, s.nothing+"; the reference is optional"
		case above != "":
			step.Outcome, step.Reason = Shadowed, x.shadowedBy(above, s.origin.Tier, s.seq == kubelets)
		default:
			above, step.Outcome, step.Reason = s.origin.Tier, Used, s.unresolved
		}
		if s.nothing == "" {
			if len(s.references) > 0 {
				step.Text, step.References = s.text(), x.references(s.references, told)
			}
			value, known := s.value, s.unresolved == ""
			if s.comparison != "" {
				value, known = s.computed, known && s.comparison != FilledIn
			}
			if known {
				step.Value = x.masked(value, s.secret)
			}
		}
		steps = append(steps, step)
	}
	if v := x.vars[name]; v != nil && above == "" {
		// Only the container shows it; classify found the origin, which may be an
		// optional source that was not there when the spec was resolved.
		used := Step{Origin: v.Origin, Outcome: Used, Value: x.masked(v.Value, v.Secret), Secret: v.Secret}
		if i := slices.IndexFunc(steps, func(s Step) bool { return s.Origin == v.Origin }); i >= 0 {
			steps[i] = used
		} else {
			steps = append(steps, used)
		}
	}
	return steps
}

// text is the value as the spec has it: without an expansion that changed
// something, the value itself.
func (c *candidate) text() string {
	if c.expansion != "" {
		return c.expansion
	}
	return c.value
}

// strongestFirst is order for sources, those that set nothing in their places.
func (x *explainer) strongestFirst(sources []source) {
	slices.SortFunc(sources, func(a, b source) int {
		if x.in.Precedence != Kubelet {
			if c := cmp.Compare(rank(b.origin.Tier), rank(a.origin.Tier)); c != 0 {
				return c
			}
		}
		return cmp.Or(cmp.Compare(b.seq, a.seq), cmp.Compare(rank(b.origin.Tier), rank(a.origin.Tier)))
	})
}

// shadowedBy says why a source lost. ran says that the cluster's own container
// has this one.
func (x *explainer) shadowedBy(winner, loser Tier, ran bool) string {
	switch {
	case winner == Dev:
		return "what is set for this machine is above the workload"
	case winner == loser && loser == Spec:
		return "a later entry of the env list replaces it"
	case loser == Injected:
		return "the container runtime sets it only where nothing else does"
	case loser == Image:
		return "the image is beneath what Kubernetes sets"
	case loser == Service:
		return "the service links are beneath the spec"
	case winner == Spec:
		return "the env list is above envFrom"
	case winner == ConfigMap && loser == Secret && ran:
		return "the documented order puts a ConfigMap above a Secret; the cluster runs with this one, which envFrom lists later (the setting envPrecedence: kubelet follows it)"
	case winner == ConfigMap && loser == Secret && x.in.Precedence != Kubelet:
		return "the documented order puts a ConfigMap above a Secret"
	}
	return "a later source of envFrom replaces it"
}

// observation compares what was computed for the name with the container.
func (x *explainer) observation(name string) *Observation {
	if x.in.Observed == nil {
		return nil
	}
	list := x.candidates[name]
	if len(list) == 0 {
		v := x.vars[name]
		if v == nil || v.Origin.Tier == Dev {
			return nil
		}
		return &Observation{Comparison: OnlyObserved, Value: x.masked(v.Value, v.Secret), Reason: "the spec does not set it"}
	}
	c := &list[len(list)-1]
	o := &Observation{Comparison: c.comparison}
	if c.comparison != OnlyComputed {
		o.Value = x.masked(c.value, c.secret)
	}
	switch c.comparison {
	case Equal:
		o.Reason = "the running container has the same value"
		switch v := x.vars[name]; {
		case v == nil || v.Origin == c.origin:
		case v.Origin.Tier == Dev:
			o.Reason = "the running container has the value that the spec gives"
		default: // the documented order has another winner
			o.Reason = "the running container has the value of " + c.origin.String()
		}
	case FilledIn:
		o.Reason = "the value is the running container's"
	case OnlyComputed:
		o.Reason = "the running container does not have it"
	case Different:
		o.Reason = "the running container has another value, which is used"
		if c.podBound {
			o.Reason = "it embeds a field of the pod, and the running container is in another pod; its value is used"
		}
	}
	return o
}

// reasons say why a name that is not set is not.
func (x *explainer) reasons(name string) []string {
	var all []string
	for _, a := range x.absent {
		if a.Name == name {
			all = append(all, a.Reason)
		}
	}
	list := x.candidates[name]
	if n := len(list); n > 0 && list[n-1].unresolved != "" {
		all = append(all, list[n-1].unresolved)
	}
	if len(list) > 0 {
		return all
	}
	for _, from := range x.in.Container.EnvFrom {
		// The kubelet takes data alone.
		if ref := from.ConfigMapRef; ref != nil && x.in.ConfigMaps[ref.Name] != nil {
			key, ok := strings.CutPrefix(name, from.Prefix)
			if _, binary := x.in.ConfigMaps[ref.Name].BinaryData[key]; ok && binary {
				all = append(all, fmt.Sprintf("ConfigMap %q has the key %q in binaryData, which an environment never takes", ref.Name, key))
			}
		}
	}
	for _, c := range x.closed {
		if key, ok := strings.CutPrefix(name, c.prefix); ok && key != "" {
			optional := ""
			if c.optional {
				optional = "the optional "
			}
			all = append(all, fmt.Sprintf("%senvFrom may have a key %q for it: %s", optional, key, c.reason))
		}
	}
	return all
}
