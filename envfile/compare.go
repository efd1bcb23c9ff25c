package envfile

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	corev1 "k8s.io/api/core/v1"
)

// How computed and observed become one environment:
//
//	computed  observed  result
//	none      V         V, with the origin that classify finds
//	no value  V         V, with the computed origin; no warning
//	V         V         V
//	W         V         V, warning observed-differs; no warning where W embeds a
//	                    field of the pod (another pod has another value)
//	V         none      V, warning not-observed
//	no value  none      absent, warning not-observed
//
// "Computed" is the kubelet's winner. Where the documented order has another
// winner (a ConfigMap listed before a Secret), that one's value is used and
// the warning env-precedence names both, whatever was observed.

// settle turns candidates and observations into variables.
func (r *resolver) settle() {
	observed := r.parseObserved()
	// Sorted, so that the result does not depend on the order of a map.
	names := make([]string, 0, len(r.candidates))
	for name := range r.candidates {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		list := r.candidates[name]
		if r.in.Observed != nil {
			value, seen := observed[name]
			if !r.compare(name, &list[len(list)-1], value, seen) {
				continue
			}
		} else {
			r.checkText(name, &list[len(list)-1])
		}
		r.choose(name, list)
	}
	pod, _ := containerByName(r.in.Pod, r.in.Container.Name)
	injected := injectedEnv(pod)
	for name, value := range observed {
		if _, computed := r.candidates[name]; !computed {
			r.vars[name] = r.classify(name, value, observed, injected)
		}
	}
}

// checkText warns of a value that no container gets: the kubelet hands variables
// to the container runtime as protobuf strings, which must be UTF-8, while the
// bytes of a Secret may be anything. The API server accepts them, so that it shows
// only when a container is created (CreateContainerError).
func (r *resolver) checkText(name string, kubelet *candidate) {
	t := kubelet.origin.Tier
	if kubelet.unresolved != "" || utf8.ValidString(kubelet.value) || t == Image || t == Injected {
		return
	}
	r.warn(WarnNotText, name,
		"the value of %s (%s) is not UTF-8: no container can start with it; mount the Secret as a file, or store the value as text", name, kubelet.origin)
}

// choose sets the variable to the winner among its candidates.
func (r *resolver) choose(name string, list []candidate) {
	ordered := r.order(list)
	winner, kubelet := ordered[0], &list[len(list)-1]
	if winner != kubelet && (winner.value != kubelet.value || winner.unresolved != kubelet.unresolved) {
		r.warn(WarnPrecedence, name,
			"%s is in %s %q and in %s %q, which envFrom lists later: the documented order takes the %s, the cluster runs with the %s; the setting envPrecedence: kubelet follows the cluster",
			name, winner.origin.Kind, winner.origin.Object, kubelet.origin.Kind, kubelet.origin.Object,
			winner.origin.Kind, kubelet.origin.Kind)
	}
	r.set(name, winner, ordered[1:])
}

// compare brings the kubelet's winner in line with the container. It returns
// false when the name is to be left out.
func (r *resolver) compare(name string, c *candidate, value string, seen bool) bool {
	c.computed = c.value
	switch {
	case !seen && c.unresolved != "":
		c.comparison = OnlyComputed
		r.absence(name, "the spec sets it (%s), the container does not have it", c.origin)
		r.warn(WarnNotObserved, name, "%s is set by the spec (%s), but the container does not have it", name, c.origin)
		return false
	case !seen:
		c.comparison = OnlyComputed
		c.notes = append(c.notes, "the running container does not have it")
		r.warn(WarnNotObserved, name, "%s is set by the spec (%s), but the container does not have it: did its source change after the pod started?", name, c.origin)
	case c.unresolved != "":
		c.value, c.unresolved, c.comparison = value, "", FilledIn
		c.notes = append(c.notes, "the value is the running container's")
	case c.value == value:
		c.comparison = Equal
	default:
		c.value, c.comparison = value, Different
		// A text that may hold more than was known here may hold a secret.
		c.secret = c.secret || c.openRefs && r.anySecret
		// A secret hidden below, or one that came later, may be what shows now.
		c.secret = c.secret || r.skipped[name].secret
		for _, other := range r.candidates[name] {
			c.secret = c.secret || other.secret
		}
		if c.podBound {
			break
		}
		c.notes = append(c.notes, "the running container has another value than its spec gives; the container's is used")
		r.warn(WarnDiffers, name, "%s has another value in the container than its spec gives (%s): did its source change after the pod started, or does a webhook change the pod?", name, c.origin)
	}
	return true
}

// parseObserved splits the environ at each first '='. The runtime never hands
// out a name twice; should it happen, the last counts, as in os/exec.
func (r *resolver) parseObserved() map[string]string {
	observed := make(map[string]string, len(r.in.Observed))
	for i, entry := range r.in.Observed {
		name, value, ok := strings.Cut(entry, "=")
		if !ok || name == "" {
			// The text may be part of a secret: only its place is told.
			r.warn(WarnMalformed, "", "entry %d of the container's environment is not NAME=VALUE and is left out", i+1)
			continue
		}
		observed[name] = value
	}
	return observed
}

// classify finds the origin of a variable that only the container shows, by
// the first rule that fits:
//
//  1. an optional reference in the env list names it, whose source was not
//     there when the spec was resolved: Spec, with that reference;
//  2. the env list of the pod's own container has it, and the template does
//     not: Injected, by an admission webhook, secret if it refers to one;
//  3. HOSTNAME with the pod's name: Injected by the runtime. With any other
//     value the image sets it, which beats the runtime;
//  4. TERM in a container with a tty: Injected by the runtime;
//  5. a service link variable: Service;
//  6. anything else: Image.
func (r *resolver) classify(name, value string, observed map[string]string, injected map[string]candidate) *Variable {
	v := &Variable{Name: name, Value: value}
	late, skipped := r.skipped[name]
	c, webhook := injected[name]
	switch {
	case skipped:
		v.Origin, v.Secret, v.Notes = late.origin, late.secret, late.notes
	case webhook:
		v.Origin, v.Secret = c.origin, c.secret
		v.Notes = append(v.Notes, "added to the pod by an admission webhook")
	case name == "HOSTNAME" && r.runtimeHostname(value),
		name == "TERM" && r.in.Container.TTY:
		v.Origin = Origin{Tier: Injected}
		v.Notes = append(v.Notes, "set by the container runtime")
	case isLink(name, observed):
		v.Origin = Origin{Tier: Service, Kind: KindService}
	default:
		v.Origin = Origin{Tier: Image, Object: r.in.Container.Image}
		if name == "PATH" || name == "HOME" {
			v.Notes = append(v.Notes, "the container runtime sets it where the image does not")
		}
		for _, u := range r.unread {
			if strings.HasPrefix(name, u.prefix) {
				v.Secret = true
				v.Notes = append(v.Notes, fmt.Sprintf("it may come from Secret %q, which could not be read, so it is treated as secret", u.object))
				break
			}
		}
	}
	return v
}

// runtimeHostname says whether value is the hostname that the runtime gives
// the pod. While the pod's name is unknown every value is taken as one.
func (r *resolver) runtimeHostname(value string) bool {
	pod := r.in.Pod
	host := pod.Spec.Hostname
	if host == "" {
		host = pod.Name
	}
	if host == "" {
		return true
	}
	host = cutHostname(host)
	full := strings.HasPrefix(value, host+".") && pod.Spec.SetHostnameAsFQDN != nil && *pod.Spec.SetHostnameAsFQDN
	return value == host || full || pod.Spec.HostNetwork
}

// injectedEnv describes the env list of the pod's own container, for names
// that the template's list does not have.
func injectedEnv(c *corev1.Container) map[string]candidate {
	if c == nil {
		return nil
	}
	list := make(map[string]candidate, len(c.Env))
	for _, env := range c.Env {
		added := candidate{origin: Origin{Tier: Injected}}
		switch from := env.ValueFrom; {
		case from == nil || env.Value != "":
			for _, ref := range referencedNames(env.Value) {
				// Unknown: an envFrom key that may be a secret's. Known: its taint.
				known, ok := list[ref]
				added.secret = added.secret || known.secret || !ok
			}
		case from.SecretKeyRef != nil:
			added.origin.Kind, added.origin.Object, added.origin.Key = KindSecret, from.SecretKeyRef.Name, from.SecretKeyRef.Key
			added.secret = true
		case from.ConfigMapKeyRef != nil:
			added.origin.Kind, added.origin.Object, added.origin.Key = KindConfigMap, from.ConfigMapKeyRef.Name, from.ConfigMapKeyRef.Key
		case from.FieldRef != nil:
			added.origin.Kind, added.origin.Field = KindField, from.FieldRef.FieldPath
		case from.FileKeyRef != nil:
			added.origin.Kind, added.origin.Object, added.origin.Key = KindFile, from.FileKeyRef.VolumeName, from.FileKeyRef.Key
			added.secret = true
		}
		list[env.Name] = added
	}
	return list
}
