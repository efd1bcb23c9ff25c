package envfile

import (
	"fmt"
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
	origin := Origin{Tier: Image, Object: r.in.Container.Image}
	image := runtimeView(r.in.ImageEnv)
	for name, value := range image {
		r.offerBelow(name, candidate{origin: origin, value: value})
	}
	if r.in.Observed != nil {
		return // the container shows what was added; see classify
	}
	for name, c := range r.runtimeEnv() {
		r.offerBelow(name, c)
	}
}

func (r *resolver) offerBelow(name string, c candidate) {
	r.candidates[name] = slices.Insert(r.candidates[name], 0, c)
}

// runtimeView is what containerd makes of an image's ENV (replaceOrAppendEnvValues
// in oci/spec_opts.go): the last of a name counts, and an entry without "="
// takes away what came before it.
func runtimeView(entries []string) map[string]string {
	view := make(map[string]string, len(entries))
	for _, entry := range entries {
		name, value, ok := strings.Cut(entry, "=")
		if ok {
			view[name] = value
		} else {
			delete(view, name)
		}
	}
	return view
}

// runtimeEnv is what the container runtime sets where neither the image nor the
// spec does.
func (r *resolver) runtimeEnv() map[string]candidate {
	added := func(value, note string) candidate {
		return candidate{origin: Origin{Tier: Injected}, value: value, notes: []string{note}}
	}
	env := map[string]candidate{
		"PATH":     added(runtimePath, "the container runtime's default, as nothing else sets it"),
		"HOSTNAME": r.runtimeHost(),
		"HOME": {origin: Origin{Tier: Injected}, unresolved: "the container runtime takes it from /etc/passwd in the image: " + podOnly,
			podBound: true},
	}
	if r.in.Container.TTY {
		env["TERM"] = added("xterm", "set by the container runtime, for the container has a tty")
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
// the runtime set are in it.
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
		if v.Origin.Tier == Image {
			entries = append(entries, v.Name+"="+v.Value)
		}
	}
	return entries, nil
}

// Unreadable is an object that a container's environment needs and that may not
// be read.
type Unreadable struct {
	Kind, Name string // KindConfigMap or KindSecret
	// Reason is a sentence without a value: "you may not get secrets …".
	Reason string
}

// unreadable finds why an object could not be read; "" when it could.
func (r *resolver) unreadable(kind, object string) string {
	for _, u := range r.in.Unreadable {
		if u.Kind == kind && u.Name == object {
			return fmt.Sprintf("%s %q could not be read: %s", kind, object, u.Reason)
		}
	}
	return ""
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
