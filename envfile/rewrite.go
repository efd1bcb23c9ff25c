package envfile

import (
	"cmp"
	"fmt"
	"maps"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// HostMode is the setting rewriteHosts: what becomes of values that point at a
// service which the session forwards. The empty HostMode is HostsSuggest.
type HostMode string

const (
	// HostsOff looks at no value.
	HostsOff HostMode = "off"
	// HostsSuggest warns of each variable that could be rewritten. It is the default.
	HostsSuggest HostMode = "suggest"
	// HostsOn rewrites.
	HostsOn HostMode = "on"
)

// HostModes lists the modes.
func HostModes() []HostMode { return []HostMode{HostsOff, HostsSuggest, HostsOn} }

// WarnRewrite is the code of the warning that HostsSuggest gives.
const WarnRewrite = "rewrite-hosts"

// Forwarded is a port of the cluster that has an end on this machine.
type Forwarded struct {
	// Service is the Service's name or, with an empty Namespace, the host as the
	// pod resolves it.
	Service string `json:"service"`
	// Namespace is the pod's own, where Service is the name of one of its
	// Services: then the bare name, NAME.NS, NAME.NS.svc and
	// NAME.NS.svc.cluster.local all lead to it.
	Namespace string `json:"namespace,omitempty"`
	// RemotePort is the port of the Service.
	RemotePort int `json:"remotePort"`
	// LocalAddress is where the session listens: host and the actual port.
	LocalAddress string `json:"localAddress"`
}

// String is such as `postgres:5432 → 127.0.0.1:15432`.
func (f Forwarded) String() string {
	return net.JoinHostPort(f.Service, strconv.Itoa(f.RemotePort)) + " → " + f.LocalAddress
}

// Rewrite is one variable that points at forwarded ports. It shows no value.
type Rewrite struct {
	Variable string `json:"variable"`
	// Forwards are the ones that its value points at, in order of appearance.
	Forwards []Forwarded `json:"forwards"`

	before, after string
}

// RewriteHosts finds what points at a forwarded port and does with it what mode
// says: nothing, one [Warning] for each variable, or the local end in place of
// the cluster's in a new Environment with a note on each variable. e stays as
// it is. The result of a rewrite has nothing to rewrite.
//
// A value points at a forward where it holds
//
//   - the Service's name or one of its longer forms, or the cluster address that
//     its own link variable tells, followed by the forwarded port: alone, in a
//     list, in a URL behind userinfo, in a JDBC or driver's string;
//   - the same in a URL without a port, whose scheme's own port is forwarded;
//   - a host alone, where the variable is called X_HOST, X_HOSTNAME, X_ADDR or
//     X_ADDRESS (db.host works as well) and X_PORT holds the forwarded port. The
//     two are rewritten together or not at all. Service links are such pairs.
//
// What stands in front of an @ is a user and a password, never a host. A
// variable of the Dev tier is not touched: the developer wrote it for here.
func RewriteHosts(e *Environment, to []Forwarded, mode HostMode) (*Environment, []Rewrite) {
	if mode == HostsOff || len(to) == 0 {
		return e, nil
	}
	rewrites := newTargets(e, to).rewrites(e)
	if len(rewrites) == 0 {
		return e, nil
	}
	out := *e
	if mode != HostsOn {
		out.Warnings = slices.Clone(e.Warnings)
		for _, r := range rewrites {
			out.Warnings = append(out.Warnings, r.suggestion())
		}
		sortWarnings(out.Warnings)
		return &out, rewrites
	}
	out.Vars = slices.Clone(e.Vars)
	for _, r := range rewrites {
		i, _ := slices.BinarySearchFunc(out.Vars, r.Variable, func(v Variable, n string) int { return cmp.Compare(v.Name, n) })
		v := &out.Vars[i]
		v.Value = r.after
		v.Notes = append(slices.Clone(v.Notes), fmt.Sprintf("rewritten to the forward %s (setting rewriteHosts)", r.list()))
	}
	return &out, rewrites
}

func (r Rewrite) list() string {
	names := make([]string, len(r.Forwards))
	for i, f := range r.Forwards {
		names[i] = f.String()
	}
	return strings.Join(names, ", ")
}

func (r Rewrite) suggestion() Warning {
	return Warning{Code: WarnRewrite, Variable: r.Variable, Message: fmt.Sprintf(
		"%s points into the cluster, which this machine reaches through the forward %s: the setting rewriteHosts: on makes it point there, off is silent",
		r.Variable, r.list())}
}

// target is the local end of one forward.
type target struct {
	Forwarded
	host, port string
}

// joined is the target as host:port, with brackets where IPv6 needs them.
func (t *target) joined() string { return net.JoinHostPort(t.host, t.port) }

// endpoint is a host, in lower case, and a port, in decimal.
type endpoint struct{ host, port string }

// targets find the forward of an endpoint.
type targets map[endpoint]*target

// newTargets prepares the forwards. One without a usable local end, and one
// whose name is also a local end's (it could be rewritten for ever), is left out.
func newTargets(e *Environment, to []Forwarded) targets {
	var usable []*target
	local := map[string]bool{}
	for _, f := range to {
		host, port, err := net.SplitHostPort(f.LocalAddress)
		n, numErr := strconv.ParseUint(port, 10, 16)
		if err != nil || numErr != nil || n == 0 || f.RemotePort < 1 || f.RemotePort > 65535 || f.Service == "" {
			continue
		}
		switch ip, err := netip.ParseAddr(host); {
		case host == "" || err == nil && ip.IsUnspecified() && ip.Is4():
			host = "127.0.0.1" // nobody can connect to "any address"
		case err == nil && ip.IsUnspecified():
			host = "::1"
		}
		usable = append(usable, &target{f, host, port})
		local[strings.ToLower(host)] = true
	}
	ts := targets{}
	for _, t := range usable {
		for _, name := range t.names(e) {
			at := endpoint{strings.ToLower(name), strconv.Itoa(t.RemotePort)}
			if _, taken := ts[at]; !taken && !local[at.host] {
				ts[at] = t
			}
		}
	}
	return ts
}

const clusterDomain = ".cluster.local"

// names are the hosts that lead to the forward's Service.
func (f Forwarded) names(e *Environment) []string {
	if _, err := netip.ParseAddr(f.Service); err == nil {
		return []string{f.Service}
	}
	service, namespace := strings.TrimSuffix(f.Service, "."), f.Namespace
	short := true // the bare name leads there
	if first, rest, dotted := strings.Cut(service, "."); dotted && namespace == "" {
		rest = strings.TrimSuffix(strings.TrimSuffix(rest, clusterDomain), ".svc")
		if strings.Contains(rest, ".") {
			return []string{service} // a host outside the cluster
		}
		service, namespace, short = first, rest, false
	}
	var all []string
	if short {
		all = append(all, service)
		// The pod's own namespace: its address is in the link variable.
		if v, ok := e.Lookup(linkName(service) + "_SERVICE_HOST"); ok && v.Origin.Tier == Service {
			if ip, err := netip.ParseAddr(v.Value); err == nil && !ip.IsLoopback() {
				all = append(all, v.Value)
			}
		}
	}
	if namespace != "" {
		full := service + "." + namespace
		all = append(all, full, full+".svc", full+".svc"+clusterDomain)
	}
	return all
}

// find is the forward of a host and a port, nil for none. A DNS name may end
// with a dot.
func (ts targets) find(host, port string) *target {
	return ts[endpoint{strings.ToLower(strings.TrimSuffix(host, ".")), port}]
}

// rewrites lists what would change, in the order of e.Vars.
func (ts targets) rewrites(e *Environment) []Rewrite {
	if len(ts) == 0 {
		return nil
	}
	changed := map[string]*Rewrite{}
	for _, v := range e.Vars {
		if v.Unresolved || v.Origin.Tier == Dev {
			continue
		}
		if after, used := ts.inValue(v.Value); after != v.Value {
			changed[v.Name] = &Rewrite{Variable: v.Name, Forwards: used, before: v.Value, after: after}
		}
	}
	ts.pairs(e, changed)
	list := make([]Rewrite, 0, len(changed))
	for _, v := range e.Vars {
		if r := changed[v.Name]; r != nil && r.before != r.after {
			list = append(list, *r)
		}
	}
	return list
}

// inValue rewrites every endpoint in one value.
func (ts targets) inValue(value string) (after string, used []Forwarded) {
	var out strings.Builder
	done := 0
	for _, at := range endpoints(value) {
		t := ts.find(value[at.host:at.hostEnd], at.port)
		if t == nil {
			continue
		}
		out.WriteString(value[done:at.start])
		out.WriteString(t.joined())
		done = at.end
		if !slices.Contains(used, t.Forwarded) {
			used = append(used, t.Forwarded)
		}
	}
	if done == 0 {
		return value, nil
	}
	out.WriteString(value[done:])
	return out.String(), used
}

// hostSuffixes are the endings of a variable that holds a host alone, beside
// one that ends with "PORT".
var hostSuffixes = []string{"HOSTNAME", "HOST", "ADDRESS", "ADDR"}

// pairs adds the hosts that stand in a variable of their own, and their ports.
func (ts targets) pairs(e *Environment, changed map[string]*Rewrite) {
	groups := map[string][]*Variable{} // the port's variable → its hosts
	for i := range e.Vars {
		v := &e.Vars[i]
		if port := portVariable(v.Name); port != "" && !v.Unresolved && !strings.ContainsAny(v.Value, ":/") {
			groups[port] = append(groups[port], v)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(groups)) {
		hosts := groups[name]
		port, ok := e.Lookup(name)
		if !ok || port.Unresolved {
			continue
		}
		t := ts.find(hosts[0].Value, port.Value)
		if t == nil || port.Origin.Tier == Dev && port.Value != t.port {
			continue
		}
		if slices.ContainsFunc(hosts, func(h *Variable) bool {
			return h.Origin.Tier == Dev || ts.find(h.Value, port.Value) != t
		}) {
			continue // one port cannot serve two hosts
		}
		one := []Forwarded{t.Forwarded}
		for _, h := range hosts {
			changed[h.Name] = &Rewrite{Variable: h.Name, Forwards: one, before: h.Value, after: t.host}
		}
		changed[name] = &Rewrite{Variable: name, Forwards: one, before: port.Value, after: t.port}
		if strings.HasSuffix(name, "_SERVICE_PORT") {
			ts.namedPorts(e, name+"_", hosts[0].Value, t, changed)
		}
	}
}

// namedPorts adds X_SERVICE_PORT_<NAME>, the further ports of a service link.
// Those that are not forwarded stay: their host could not be reached before.
func (ts targets) namedPorts(e *Environment, prefix, host string, main *target, changed map[string]*Rewrite) {
	first, _ := slices.BinarySearchFunc(e.Vars, prefix, func(v Variable, n string) int { return cmp.Compare(v.Name, n) })
	for _, v := range e.Vars[first:] {
		rest, ok := strings.CutPrefix(v.Name, prefix)
		if !ok {
			break
		}
		if v.Unresolved || v.Origin.Tier != Service || linkDetail.MatchString(rest) {
			continue
		}
		if t := ts.find(host, v.Value); t != nil && t.host == main.host {
			changed[v.Name] = &Rewrite{Variable: v.Name, Forwards: []Forwarded{t.Forwarded}, before: v.Value, after: t.port}
		}
	}
}

// portVariable is the name of the variable that holds the port of a host in the
// variable name, "" where name does not look like a host's.
func portVariable(name string) string {
	for _, suffix := range hostSuffixes {
		if stem, ok := strings.CutSuffix(name, suffix); ok && stem != "" {
			return stem + "PORT"
		}
		if stem, ok := strings.CutSuffix(name, strings.ToLower(suffix)); ok && stem != "" {
			return stem + "port"
		}
	}
	return ""
}
