package manifest

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/tandem-dev/tandem/internal/fault"
)

// Forward makes a port of the cluster reachable on this machine.
type Forward struct {
	// Local is the port on this machine, 0 to have a free one picked.
	Local int
	// Remote is the port in the cluster, 1 to 65535.
	Remote int
	// Service is the host name to reach, as the dev pod resolves it; "" is the
	// dev pod itself unless Labels are set.
	Service string
	// Labels find the service by its labels; never together with Service.
	Labels map[string]string
	Range  Range
	// ServiceRange is where the service or the labels stand, RemoteRange where
	// the remote port does; the whole entry where variables spell it.
	ServiceRange, RemoteRange Range
}

// String is the short form: local:remote or local:service:remote. A forward
// with labels, which has no short form, shows them in place of the service.
func (f Forward) String() string {
	service := f.Service
	if len(f.Labels) > 0 {
		var pairs []string
		for _, k := range slices.Sorted(maps.Keys(f.Labels)) {
			pairs = append(pairs, k+"="+f.Labels[k])
		}
		service = "{" + strings.Join(pairs, ",") + "}"
	}
	if service == "" {
		return fmt.Sprintf("%d:%d", f.Local, f.Remote)
	}
	return fmt.Sprintf("%d:%s:%d", f.Local, service, f.Remote)
}

// Reverse makes a port of this machine reachable in the dev pod.
type Reverse struct {
	// Remote is the port in the dev pod, Local the one on this machine; both 1
	// to 65535.
	Remote, Local int
	Range         Range
}

// String is remote:local.
func (v Reverse) String() string { return fmt.Sprintf("%d:%d", v.Remote, v.Local) }

// ParseForward reads the short form of a forward: local:remote or
// local:service:remote. Ports are 1 to 65535; local may be 0. The error is
// fault.InvalidParams.
func ParseForward(spec string) (Forward, error) {
	f, message, hint := parseForward(spec)
	if message != "" {
		return Forward{}, fault.New(fault.InvalidParams, "forward %q %s", spec, message).Hint("%s", hint)
	}
	return f, nil
}

// ParseReverse reads remote:local, ports from 1 to 65535. The error is
// fault.InvalidParams.
func ParseReverse(spec string) (Reverse, error) {
	v, message, hint := parseReverse(spec)
	if message != "" {
		return Reverse{}, fault.New(fault.InvalidParams, "reverse %q %s", spec, message).Hint("%s", hint)
	}
	return v, nil
}

const (
	forwardHint = "write local:remote, or local:service:remote"
	reverseHint = "write remote:local, the port in the pod first"
)

// parsePort gives a port of at least low, or what is wrong with it.
func parsePort(s string, low int) (int, string) {
	port, err := strconv.Atoi(s)
	switch {
	case s == "" || err != nil || s[0] == '+' || s[0] == '-' && port == 0:
		return 0, "is not a port"
	case port < low || port > 65535:
		return 0, fmt.Sprintf("is not a port between %d and 65535", low)
	}
	return port, ""
}

func parseForward(spec string) (f Forward, message, hint string) {
	parts := strings.Split(spec, ":")
	switch len(parts) {
	case 1:
		if _, bad := parsePort(spec, 1); bad == "" {
			return f, "names one port only", fmt.Sprintf("write %s:%s for the same port on both sides", spec, spec)
		}
		return f, "is not a forward", forwardHint
	case 2:
	case 3:
		f.Service = parts[1]
		if !hostName.MatchString(f.Service) {
			return f, "has a service that is no host name", forwardHint
		}
	default:
		return f, "has too many parts", forwardHint
	}
	if f.Local, message = parsePort(parts[0], 0); message != "" {
		return f, "has a local port that " + message, forwardHint
	}
	if f.Remote, message = parsePort(parts[len(parts)-1], 1); message != "" {
		return f, "has a remote port that " + message, forwardHint
	}
	return f, "", ""
}

func parseReverse(spec string) (v Reverse, message, hint string) {
	parts := strings.Split(spec, ":")
	switch len(parts) {
	case 1:
		if _, bad := parsePort(spec, 1); bad == "" {
			return v, "names one port only", fmt.Sprintf("write %s:%s for the same port on both sides", spec, spec)
		}
		return v, "is not a reverse", reverseHint
	case 2:
	default:
		return v, "has too many parts", reverseHint
	}
	if v.Remote, message = parsePort(parts[0], 1); message != "" {
		return v, "has a remote port that " + message, reverseHint
	}
	if v.Local, message = parsePort(parts[1], 1); message != "" {
		return v, "has a local port that " + message, reverseHint
	}
	return v, "", ""
}

// forwards reads a list of forwards; those of the root need a service.
func (r *reader) forwards(n *yaml.Node, root bool) []Forward {
	var out []Forward
	for _, item := range r.items(n, "forward") {
		f, ok := r.forward(item)
		if !ok {
			continue
		}
		if root && f.Service == "" && len(f.Labels) == 0 {
			// Okteto's published schema accepts it, so that the file is no worse
			// for it; there is no pod that it could lead to.
			r.warnAt(item, CodeMissingField, "write local:service:remote, or move it under a dev",
				"forward %s belongs to no dev, names no service and is left out", f)
			continue
		}
		out = append(out, f)
	}
	return out
}

func (r *reader) forward(item *yaml.Node) (Forward, bool) {
	if item.Kind == yaml.MappingNode {
		return r.forwardObject(item)
	}
	t, ok := r.text(item, "an element of forward")
	if !ok {
		r.missing(item, "forward", forwardHint)
		return Forward{}, false
	}
	f, message, hint := parseForward(t.value)
	if message != "" {
		r.errorAt(item, CodePort, portHint(t, hint), "forward %q %s", t.raw, message)
		r.samePort(t)
		return f, false
	}
	f.Range = r.src.rangeOf(item)
	f.ServiceRange, f.RemoteRange = f.Range, f.Range
	if !t.expanded() {
		first, last := strings.IndexByte(t.raw, ':'), strings.LastIndexByte(t.raw, ':')
		f.RemoteRange = r.src.within(item, last+1, len(t.raw))
		if first < last {
			f.ServiceRange = r.src.within(item, first+1, last)
		}
	}
	return f, true
}

// portHint keeps a hint that quotes the value from showing what a variable
// holds.
func portHint(t text, hint string) string {
	if t.expanded() {
		return "check the values of its variables"
	}
	return hint
}

// samePort offers the long form for a single port, which was just reported.
func (r *reader) samePort(t text) {
	if _, bad := parsePort(t.raw, 1); bad == "" {
		r.instead(t.raw + ":" + t.raw)
	}
}

// missing reports an empty element of a list.
func (r *reader) missing(item *yaml.Node, what, hint string) {
	if isNull(item) {
		r.errorAt(item, CodeValue, hint, "an element of %s is empty", what)
	}
}

// forwardObject reads {localPort, remotePort, name | labels}.
func (r *reader) forwardObject(n *yaml.Node) (Forward, bool) {
	f := Forward{Range: r.src.rangeOf(n)}
	ok := true
	seen := map[string]bool{}
	port := func(e entry, low int) int {
		t, read := r.text(e.value, e.name)
		if !read {
			ok = false
			if isNull(e.value) {
				r.errorAt(e.key, CodeMissingField, "", "%s has no value", e.name)
			}
			return 0
		}
		p, message := parsePort(t.value, low)
		if message != "" {
			ok = false
			r.errorAt(t.node, CodePort, "", "%s %q %s", e.name, t.raw, message)
		}
		return p
	}
	r.fields(n, "a forward", fieldNames(forwardFields), func(e entry) {
		seen[e.name] = !isNull(e.value) || e.name == "localPort" || e.name == "remotePort"
		switch e.name {
		case "localPort":
			f.Local = port(e, 0)
		case "remotePort":
			f.Remote = port(e, 1)
			f.RemoteRange = r.valueRange(e)
		case "name":
			t, read := r.text(e.value, "name")
			f.ServiceRange = r.valueRange(e)
			if f.Service = t.value; read && !hostName.MatchString(t.value) {
				ok = false
				r.errorAt(t.node, CodeValue, "", "name %q is no host name", t.raw)
			}
		case "labels":
			f.Labels = r.stringMap(e.value, "labels")
			f.ServiceRange = r.valueRange(e)
		}
	})
	for _, required := range []string{"localPort", "remotePort"} {
		if !seen[required] {
			ok = false
			r.errorAt(n, CodeMissingField, "", "a forward needs %s", required)
		}
	}
	if seen["name"] && seen["labels"] {
		ok = false
		r.errorAt(n, CodeValue, "keep one of the two", "a forward has either a name or labels")
	}
	return f, ok
}

func (r *reader) reverses(n *yaml.Node) []Reverse {
	var out []Reverse
	for _, item := range r.items(n, "reverse") {
		t, ok := r.text(item, "an element of reverse")
		if !ok {
			r.missing(item, "reverse", reverseHint)
			continue
		}
		v, message, hint := parseReverse(t.value)
		if message != "" {
			r.errorAt(item, CodePort, portHint(t, hint), "reverse %q %s", t.raw, message)
			r.samePort(t)
			continue
		}
		v.Range = r.src.rangeOf(item)
		out = append(out, v)
	}
	return out
}

// rootForwards reads the root's forward, which stand open for every session.
func (r *reader) rootForwards(n *yaml.Node) []Forward {
	out := r.forwards(n, true)
	taken := map[int]Range{}
	for _, f := range out {
		r.claim(taken, f.Local, f.Range, "local port %d of the forward is used by the one in line %d")
	}
	return out
}

// claim notes the use of a local port and reports a second one. Port 0 is a
// different port each time.
func (r *reader) claim(taken map[int]Range, port int, at Range, format string) {
	if port == 0 {
		return
	}
	if first, ok := taken[port]; ok {
		r.report(Error, CodePortClash, at, "give one of the two another local port", format, port, first.Start.Line+1)
		return
	}
	taken[port] = at
}

// checkPorts finds entries that cannot be open at once. Two devs may use one
// port: they need not run together, and the session says so when they do.
func (r *reader) checkPorts(m *Manifest, d *Dev) {
	taken := map[int]Range{}
	for _, f := range d.Forward {
		r.claim(taken, f.Local, f.Range, "local port %d of the forward is used by the one in line %d")
	}
	served := map[int]Range{}
	remotes := map[int]Range{}
	for _, v := range d.Reverse {
		if first, ok := remotes[v.Remote]; ok {
			r.report(Error, CodePortClash, v.Range, "a port of the pod leads to one place",
				"remote port %d of the reverse is used by the one in line %d", v.Remote, first.Start.Line+1)
		} else {
			remotes[v.Remote] = v.Range
		}
		if forward, ok := taken[v.Local]; ok {
			r.report(Error, CodePortClash, v.Range, "your command listens there; give the forward another local port",
				"local port %d of the reverse is taken by the forward in line %d", v.Local, forward.Start.Line+1)
		}
		served[v.Local] = v.Range
	}
	for _, f := range m.Forward {
		if f.Local == 0 {
			continue
		}
		const message = "local port %d is used by the forward of the manifest in line %d"
		if at, ok := taken[f.Local]; ok {
			r.report(Error, CodePortClash, at, "give one of the two another local port", message, f.Local, f.Range.Start.Line+1)
		}
		if at, ok := served[f.Local]; ok {
			r.report(Error, CodePortClash, at, "your command listens there; give the forward another local port", message, f.Local, f.Range.Start.Line+1)
		}
	}
}
