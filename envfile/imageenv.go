package envfile

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
)

// runtimePath is the PATH of a container where nobody sets one (containerd's
// default spec; CRI-O and Docker have the same).
const runtimePath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

// addImage puts the image's ENV beneath everything, and beneath that what the
// container runtime adds. It comes after the env list: $(VAR) never sees
// either.
func (r *resolver) addImage() {
	if r.in.ImageEnv == nil {
		return
	}
	added := r.runtimeEnv()
	origin := Origin{Tier: Image, Object: r.in.Container.Image}
	for name, value := range runtimeView(r.in.ImageEnv, added) {
		r.offerBelow(name, candidate{origin: origin, value: value})
	}
	if r.in.Observed != nil {
		return // the container shows what was added; see classify
	}
	for name, c := range added {
		r.offerBelow(name, c)
	}
	const unknown = "the container runtime takes it from /etc/passwd in the image: " + podOnly
	home := r.candidates["HOME"]
	for i := range home {
		// runc takes an empty HOME for none, whoever set it.
		if c := &home[i]; c.value == "" && c.unresolved == "" {
			c.unresolved, c.podBound = unknown, true
		}
	}
	if len(home) == 0 {
		r.offer("HOME", candidate{origin: Origin{Tier: Injected}, unresolved: unknown, podBound: true})
	}
}

func (r *resolver) offerBelow(name string, c candidate) {
	r.candidates[name] = slices.Insert(r.candidates[name], 0, c)
}

// runtimeView is what containerd makes of an image's ENV (replaceOrAppendEnvValues
// in oci/spec_opts.go). The last of a name counts. An entry without "=" sets
// nothing; it takes a variable away that the runtime itself set before, which
// this does to added.
func runtimeView(entries []string, added map[string]candidate) map[string]string {
	view := make(map[string]string, len(entries))
	own := maps.Clone(added)
	for _, entry := range entries {
		name, value, ok := strings.Cut(entry, "=")
		if ok {
			view[name] = value
			continue
		}
		if _, runtime := own[name]; runtime {
			delete(view, name)
			delete(added, name)
		}
	}
	return view
}

// runtimeEnv is what the container runtime sets before it looks at image and
// spec.
func (r *resolver) runtimeEnv() map[string]candidate {
	set := func(value, note string) candidate {
		return candidate{origin: Origin{Tier: Injected}, value: value, notes: []string{note}}
	}
	env := map[string]candidate{
		"PATH":     set(runtimePath, "the container runtime's default, as nothing else sets it"),
		"HOSTNAME": r.runtimeHost(),
	}
	if r.in.Container.TTY {
		env["TERM"] = set("xterm", "set by the container runtime, for the container has a tty")
	}
	return env
}

// runtimeHost is HOSTNAME: the pod's name unless the spec gives the pod a
// hostname.
func (r *resolver) runtimeHost() candidate {
	c := candidate{origin: Origin{Tier: Injected}, podBound: true, notes: []string{"set by the container runtime"}}
	spec := &r.in.Pod.Spec
	host := spec.Hostname
	if host == "" {
		host = r.in.Pod.Name
	}
	switch {
	case spec.HostnameOverride != nil:
		c.value = *spec.HostnameOverride
	case spec.HostNetwork:
		c.unresolved = "it is the node's name: " + podOnly
	case host == "":
		c.unresolved = "it is the pod's name: " + podOnly
	case spec.SetHostnameAsFQDN != nil && *spec.SetHostnameAsFQDN && spec.Subdomain != "":
		c.unresolved = "it ends with the cluster's domain: " + podOnly
	default:
		c.value = cutHostname(host)
	}
	return c
}

// cutHostname shortens a name to 63 bytes and trims what may not end one, as
// the kubelet does.
func cutHostname(host string) string {
	if len(host) > 63 {
		return strings.TrimRight(host[:63], "-.")
	}
	return host
}

// ImageEnvOf tells a running container's image ENV from its environ: what
// neither the spec nor the cluster explains. It stands in for the image's
// config where that cannot be read. in describes the container, with Pod the
// running pod; its Observed and ImageEnv do not count.
//
// A variable that both the image and the spec set is not in it, which makes no
// difference to who resolves the same container with it. The PATH and HOME that
// the runtime set are in it. What may come from a Secret that could not be read
// is not: nothing of an image's ENV is treated as secret.
func ImageEnvOf(in Input, environ []string) ([]string, error) {
	in.ImageEnv, in.Dev, in.Observed = nil, nil, environ
	if in.Observed == nil {
		in.Observed = []string{}
	}
	env, err := Resolve(in)
	if err != nil {
		return nil, err
	}
	entries := []string{}
	for _, v := range env.Vars {
		if v.Origin.Tier == Image && !v.Secret {
			entries = append(entries, v.Name+"="+v.Value)
		}
	}
	return entries, nil
}

// unreadable finds why an object could not be read; "" when it could.
func (r *resolver) unreadable(kind, object string) string {
	reason, denied := r.in.Unreadable[ObjectID{kind, object}]
	if !denied {
		return ""
	}
	return fmt.Sprintf("%s %q could not be read: %s", kind, object, reason)
}

// mayBeSet says whether a name that nothing known sets may be set by something
// that was not given or could not be read.
func (r *resolver) mayBeSet(name string) bool {
	for _, u := range r.unknown {
		if strings.HasPrefix(name, u.prefix) {
			return true
		}
	}
	if !looksLikeLink(name) {
		return false
	}
	if strings.HasPrefix(name, linkName(apiService)+"_") && !slices.ContainsFunc(r.in.Services, isAPIService) {
		return true // every pod has these
	}
	links := r.in.Pod.Spec.EnableServiceLinks
	return r.in.Services == nil && (links == nil || *links)
}

// isAPIService tells a Service that KUBERNETES_… variables are made of.
func isAPIService(s corev1.Service) bool { return s.Name == apiService }
