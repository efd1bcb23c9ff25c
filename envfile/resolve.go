package envfile

import (
	"cmp"
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
)

// Input is what an environment is computed from.
type Input struct {
	// Dev is the top tier, the manifest's environment; of two with one name the
	// last counts. It takes no part in the $(VAR) expansion of the spec.
	Dev []Var
	// Container is the original container, nil for none.
	Container *corev1.Container
	// Pod gives fieldRefs, resourceFieldRefs and service links their values. It
	// may be made from a template: a pod without a name is taken as one, and
	// what only a running pod has is then unresolved. Nil is an empty template.
	Pod *corev1.Pod
	// ConfigMaps and Secrets by name; one that is not in the map does not exist.
	ConfigMaps map[string]*corev1.ConfigMap
	Secrets    map[string]*corev1.Secret
	// Unreadable are objects that may be there and could not be read, with the
	// reason in a few words ("you may not get it"). What they would set is then
	// unresolved or, from an envFrom, not known at all, and a warning says so.
	Unreadable map[ObjectID]string
	// Services of the pod's namespace, and `kubernetes` of the default
	// namespace. Nil means unknown; empty means there are none.
	Services []corev1.Service
	// Node is the pod's node, for its allocatable resources; nil means unknown.
	Node *corev1.Node
	// ImageEnv is the ENV of the image's config, entry by entry; nil means
	// unknown. Without Observed, what the container runtime adds follows from it.
	ImageEnv []string
	// Observed is the environ of the running dev container, NAME=VALUE in raw
	// bytes; nil before activation.
	Observed []string
	// Precedence decides between envFrom ConfigMaps and Secrets; empty is Documented.
	Precedence Precedence
}

// ObjectID names a ConfigMap or a Secret of the pod's namespace.
type ObjectID struct{ Kind, Name string }

// Var is one variable of the Dev tier.
type Var struct {
	Name, Value string
	// Source is where the manifest has it: "environment" or "envFiles:<path>".
	Source string
}

// Resolve computes the environment of a container and, after activation,
// compares it with what was observed.
//
// Required references to what does not exist are an error before activation:
// one of kind fault.SecretNotFound, fault.ConfigMapNotFound or
// fault.KeyNotFound (that of the first), which names all of them and carries
// them as []Missing in Detail["missing"]. The Environment that comes with the
// error holds everything else. After activation the container proves that the
// objects were there when it started, so the same is only a warning.
//
// The time is linear in the number of variables plus the bytes of their values.
func Resolve(in Input) (*Environment, error) {
	r := newResolver(in)
	env := r.resolve()
	if len(r.missing.items) > 0 && r.in.Observed == nil {
		return env, missingError(r.in.Container.Name, r.in.Pod.Namespace, r.missing.items)
	}
	return env, nil
}

// resolve goes through the sources in the kubelet's order, lowest first: each
// step shadows what came before.
func (r *resolver) resolve() *Environment {
	r.addServiceLinks()
	r.addEnvFrom()
	r.addEnv()
	r.addImage()
	r.settle()
	r.addDev()
	return r.environment()
}

// candidate is one value that a source offers for a name.
type candidate struct {
	seq        int // grows in the kubelet's order
	origin     Origin
	value      string
	secret     bool
	unresolved string // why there is no value; "" when there is one
	expansion  string // the text before $(VAR) was replaced, if anything was
	// podBound: the value embeds a field of the pod, so another pod has another
	// value, and a difference to the observed one means nothing.
	podBound bool
	// openRefs: the text has $(VAR) that nothing known sets.
	openRefs bool
	notes    []string
	// references are the steps of the expansion; only where r.tracing.
	references []reference
	// computed is the value before the container's replaced it; comparison is
	// empty where nothing was observed.
	computed   string
	comparison Comparison
}

// unread is an envFrom Secret whose keys are unknown: optional and missing, or
// gone since the container started. A variable with its prefix that is
// observed and otherwise unexplained may come from it.
type unread struct{ prefix, object string }

// resolver gathers, for each name, the candidates in the kubelet's order,
// lowest first, and then settles on one of them.
type resolver struct {
	in         Input
	candidates map[string][]candidate
	vars       map[string]*Variable
	missing    missingList
	unread     []unread
	unknown    []unread             // envFrom sources of any kind that may not be read
	skipped    map[string]candidate // optional env references that set nothing
	anySecret  bool                 // the container refers to some Secret
	warnings   []Warning
	absent     []Absence

	// tracing keeps what only an explanation needs: the steps of expansions and
	// the sources that set nothing.
	tracing bool
	seq     int
	silent  map[string][]silence // by name, in the kubelet's order
	closed  []closedSource
}

func newResolver(in Input) *resolver {
	if in.Container == nil {
		in.Container = &corev1.Container{}
	}
	if in.Pod == nil {
		in.Pod = &corev1.Pod{}
	}
	size := len(in.Container.Env) + len(in.Observed) + len(in.Dev)
	return &resolver{
		in:         in,
		candidates: make(map[string][]candidate, size),
		vars:       make(map[string]*Variable, size),
		skipped:    map[string]candidate{},
		anySecret:  len(References(in.Container).Secrets) > 0,
	}
}

func (r *resolver) offer(name string, c candidate) {
	r.seq++
	c.seq = r.seq
	r.candidates[name] = append(r.candidates[name], c)
}

func (r *resolver) warn(code, name, format string, args ...any) {
	r.warnings = append(r.warnings, Warning{Code: code, Variable: name, Message: fmt.Sprintf(format, args...)})
}

func (r *resolver) absence(name, format string, args ...any) {
	r.absent = append(r.absent, Absence{Name: name, Reason: fmt.Sprintf(format, args...)})
}

func (r *resolver) addServiceLinks() {
	for _, l := range serviceLinks(r.in.Services, r.in.Pod) {
		// One Service's variables replace another's, they do not shadow it.
		delete(r.candidates, l.name)
		r.offer(l.name, candidate{origin: Origin{Tier: Service, Kind: KindService, Object: l.service}, value: l.value})
	}
}

// addEnvFrom applies envFrom in list order. Only data counts: binaryData is
// invisible to environment variables.
func (r *resolver) addEnvFrom() {
	for _, from := range r.in.Container.EnvFrom {
		switch {
		case from.ConfigMapRef != nil:
			ref := from.ConfigMapRef
			object := r.in.ConfigMaps[ref.Name]
			if object == nil {
				r.sourceMissing(KindConfigMap, ref.Name, from.Prefix, ref.Optional)
				continue
			}
			for key, value := range object.Data {
				r.offer(from.Prefix+key, candidate{
					origin: Origin{Tier: ConfigMap, Kind: KindConfigMap, Object: ref.Name, Key: key, ResourceVersion: object.ResourceVersion},
					value:  value,
				})
			}
		case from.SecretRef != nil:
			ref := from.SecretRef
			object := r.in.Secrets[ref.Name]
			if object == nil {
				r.sourceMissing(KindSecret, ref.Name, from.Prefix, ref.Optional)
				continue
			}
			for key, value := range object.Data {
				r.offer(from.Prefix+key, candidate{
					origin: Origin{Tier: Secret, Kind: KindSecret, Object: ref.Name, Key: key, ResourceVersion: object.ResourceVersion},
					value:  string(value),
					secret: true,
				})
			}
		}
	}
}

// sourceMissing handles an envFrom object that is not there.
func (r *resolver) sourceMissing(kind, object, prefix string, optional *bool) {
	if kind == KindSecret {
		r.unread = append(r.unread, unread{prefix, object})
	}
	reason, opt := r.unreadable(kind, object), optional != nil && *optional
	if r.tracing {
		why := cmp.Or(reason, fmt.Sprintf("%s %q does not exist", kind, object))
		r.closed = append(r.closed, closedSource{prefix: prefix, optional: opt, reason: why})
	}
	if reason != "" {
		r.unknown = append(r.unknown, unread{prefix, object})
		if r.in.Observed == nil {
			r.warn(WarnUnreadable, "", "envFrom needs %s; the variables that it sets are not known", reason)
		}
		return
	}
	if opt {
		return
	}
	r.missing.add(kind, object, "", "")
	if r.in.Observed != nil {
		r.warn(WarnSourceMissing, "", "envFrom needs %s %q, which is gone since the container started; its variables are taken from the container", kind, object)
	}
}

// addEnv applies the env list in order. An optional reference to something
// missing offers nothing, so whatever the name had before shows through.
func (r *resolver) addEnv() {
	for _, env := range r.in.Container.Env {
		c := candidate{origin: Origin{Tier: Spec}}
		switch from := env.ValueFrom; {
		case env.Value != "":
			r.expandInto(&c, env.Value)
		case from == nil:
			// An empty literal sets the empty string.
		case from.FieldRef != nil:
			c.origin.Kind, c.origin.Field = KindField, from.FieldRef.FieldPath
			c.podBound = true
			c.take(fieldValue(r.in.Pod, from.FieldRef))
		case from.ResourceFieldRef != nil:
			ref := from.ResourceFieldRef
			c.origin.Kind, c.origin.Object, c.origin.Field = KindResource, cmp.Or(ref.ContainerName, r.in.Container.Name), ref.Resource
			c.take(resourceValue(r.in.Pod, r.in.Container, r.in.Node, ref))
		case from.ConfigMapKeyRef != nil:
			ref := from.ConfigMapKeyRef
			c.origin.Kind, c.origin.Object, c.origin.Key = KindConfigMap, ref.Name, ref.Key
			object := r.in.ConfigMaps[ref.Name]
			found := false
			if object != nil {
				c.origin.ResourceVersion = object.ResourceVersion
				c.value, found = object.Data[ref.Key]
			}
			if !found && !r.keyMissing(&c, env.Name, object != nil, ref.Optional) {
				continue
			}
		case from.SecretKeyRef != nil:
			ref := from.SecretKeyRef
			c.origin.Kind, c.origin.Object, c.origin.Key = KindSecret, ref.Name, ref.Key
			c.secret = true
			object := r.in.Secrets[ref.Name]
			found := false
			if object != nil {
				c.origin.ResourceVersion = object.ResourceVersion
				var value []byte
				value, found = object.Data[ref.Key]
				c.value = string(value)
			}
			if !found && !r.keyMissing(&c, env.Name, object != nil, ref.Optional) {
				continue
			}
		case from.FileKeyRef != nil:
			// The file is written inside the pod. What is in it is unknown, so
			// it is treated as a secret.
			ref := from.FileKeyRef
			c.origin.Kind, c.origin.Object, c.origin.Key, c.origin.Field = KindFile, ref.VolumeName, ref.Key, ref.Path
			c.secret, c.unresolved = true, podOnly
		}
		r.offer(env.Name, c)
	}
}

func (c *candidate) take(f field) {
	c.value, c.unresolved = f.value, f.unresolved
	if f.note != "" {
		c.notes = append(c.notes, f.note)
	}
}

// keyMissing handles an env reference to an object or key that is not there.
// It says whether the candidate is to be offered: never when optional; else as
// unresolved, for the container may still show the value.
func (r *resolver) keyMissing(c *candidate, name string, objectFound bool, optional *bool) bool {
	kind, object, key := c.origin.Kind, c.origin.Object, c.origin.Key
	if reason := r.unreadable(kind, object); reason != "" && !objectFound {
		c.unresolved = reason
		return true
	}
	what := fmt.Sprintf("%s %q does not exist", kind, object)
	if objectFound {
		what = fmt.Sprintf("%s %q has no key %q", kind, object, key)
	}
	if optional != nil && *optional {
		c.notes = append(c.notes, "its source came to be after the spec was resolved; the value is the running container's")
		r.skipped[name] = *c
		if r.tracing {
			r.seq++
			r.silent[name] = append(r.silent[name], silence{r.seq, c.origin, what})
		}
		r.absence(name, "the optional reference sets nothing: %s", what)
		return false
	}
	if objectFound {
		r.missing.add(kind, object, key, name)
	} else {
		r.missing.add(kind, object, "", name)
	}
	c.unresolved = what
	if r.in.Observed != nil {
		r.warn(WarnSourceMissing, name, "%s any more; the value is the one the container started with", what)
	}
	return true
}

// rank orders the computed tiers by the documented precedence.
func rank(t Tier) int {
	return slices.Index([]Tier{Injected, Image, Service, Secret, ConfigMap, Spec}, t)
}

// order puts candidates highest first: in the kubelet's order, or by the
// documented tiers with the kubelet's order inside each.
func (r *resolver) order(list []candidate) []*candidate {
	ordered := make([]*candidate, 0, len(list))
	for i := len(list) - 1; i >= 0; i-- {
		ordered = append(ordered, &list[i])
	}
	if r.in.Precedence != Kubelet && len(ordered) > 1 {
		slices.SortStableFunc(ordered, func(a, b *candidate) int {
			return cmp.Compare(rank(b.origin.Tier), rank(a.origin.Tier))
		})
	}
	return ordered
}

// set makes the variable of a name from its winning candidate.
func (r *resolver) set(name string, winner *candidate, losers []*candidate) {
	v := &Variable{
		Name: name, Value: winner.value, Origin: winner.origin, Secret: winner.secret,
		Expansion: winner.expansion, Notes: winner.notes,
	}
	if winner.unresolved != "" {
		v.Value, v.Unresolved = "", true
		if !r.tracing { // an explanation has it among its reasons
			v.Notes = append(v.Notes, "no value yet: "+winner.unresolved)
		}
		r.warn(WarnUnresolved, name, "%s has no value yet: %s", name, winner.unresolved)
	}
	for _, l := range losers {
		v.Shadowed = append(v.Shadowed, l.origin)
	}
	r.vars[name] = v
}

// addDev puts the top tier over what was settled.
func (r *resolver) addDev() {
	for _, d := range r.in.Dev {
		v := &Variable{Name: d.Name, Value: d.Value, Origin: Origin{Tier: Dev, Object: d.Source}}
		if below := r.vars[d.Name]; below != nil {
			v.Shadowed = append([]Origin{below.Origin}, below.Shadowed...)
		}
		r.vars[d.Name] = v
	}
}

// environment sorts the result. A warning about a value that a Dev variable
// hides has no effect and is left out.
func (r *resolver) environment() *Environment {
	env := &Environment{Vars: make([]Variable, 0, len(r.vars))}
	for _, v := range r.vars {
		env.Vars = append(env.Vars, *v)
	}
	slices.SortFunc(env.Vars, func(a, b Variable) int { return cmp.Compare(a.Name, b.Name) })
	for _, w := range r.warnings {
		if v := r.vars[w.Variable]; v != nil && v.Origin.Tier == Dev {
			continue
		}
		env.Warnings = append(env.Warnings, w)
	}
	sortWarnings(env.Warnings)
	env.Absent = r.absent
	slices.SortStableFunc(env.Absent, func(a, b Absence) int { return cmp.Compare(a.Name, b.Name) })
	return env
}

func sortWarnings(all []Warning) {
	slices.SortStableFunc(all, func(a, b Warning) int {
		return cmp.Or(cmp.Compare(a.Variable, b.Variable), cmp.Compare(a.Code, b.Code), cmp.Compare(a.Message, b.Message))
	})
}
