package language

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/tandem-dev/tandem/manifest"
)

// The codes of diagnostics that package manifest does not have: they need the
// whole file or the cluster. They are stable.
const (
	CodePortShared        = "port-shared"          // two devs that cannot run at the same time
	CodeWorkloadMissing   = "workload-missing"     // no such Deployment or StatefulSet
	CodeWorkloadAmbiguous = "workload-ambiguous"   // a selector that finds several
	CodeWorkloadShared    = "workload-shared"      // two devs for one workload
	CodeContainerMissing  = "container-missing"    // no such container in the workload
	CodeLabelMissing      = "label-missing"        // a label that nothing has
	CodeServiceMissing    = "service-missing"      // no such Service in the namespace
	CodeServicePort       = "service-port-missing" // a port that the Service does not have
	CodeSecretMissing     = "secret-missing"       // a Secret without which the workload cannot start
	CodeConfigMapMissing  = "configmap-missing"    // the same of a ConfigMap
	CodeReverseMissing    = "reverse-missing"      // a port of the container that leads nowhere
	CodeContextMissing    = "context-missing"      // no such context in the kubeconfig
	CodeNamespaceMissing  = "namespace-missing"    // no such namespace in the cluster
)

// Diagnostics is everything there is to say, in the order of the text: what
// package manifest found, clashes between devs, and, where it is known, what the
// cluster does not have. What the cluster lacks is a warning, never an error: it
// may be deployed the next minute.
func (d *Document) Diagnostics(known Clusters) []manifest.Diagnostic {
	c := checker{d: d, known: known, found: slices.Clone(d.Manifest.Diagnostics)}
	c.sharedPorts()
	for _, dev := range d.Manifest.Devs {
		if dev.Mode == manifest.Hybrid && c.place(dev) {
			c.dev(dev)
		}
	}
	c.sharedWorkloads()
	if c.f = known.at(d.Manifest.Place(nil)); c.f != nil {
		c.forwards(d.Manifest.Forward, "")
	}
	for i := range c.found {
		c.found[i].Range = d.shown(c.found[i].Range)
	}
	slices.SortStableFunc(c.found, func(a, b manifest.Diagnostic) int {
		return cmp.Or(a.Range.Start.Compare(b.Range.Start), int(a.Severity-b.Severity))
	})
	return c.found
}

type checker struct {
	d     *Document
	known Clusters
	f     *Facts // of what is looked at
	found []manifest.Diagnostic
	// said are the places that were said to be missing, for devs that share one.
	said map[manifest.Range]bool
}

func (c *checker) say(severity manifest.Severity, code, dev string, at manifest.Range, hint, format string, args ...any) {
	c.found = append(c.found, manifest.Diagnostic{Severity: severity, Code: code, Dev: dev, Range: at, Hint: hint, Message: fmt.Sprintf(format, args...)})
}

// didYouMean gives the latest diagnostic a name that is close.
func (c *checker) didYouMean(name string, known []string) {
	last := &c.found[len(c.found)-1]
	if best := manifest.Suggest(name, known); best != "" {
		last.Hint, last.Replacement = fmt.Sprintf("did you mean %q?", best), best
		return
	}
	if len(known) > 0 && last.Hint == "" {
		last.Hint = "there are " + few(known)
	}
}

// few lists names, the first of them where there are many.
func few(names []string) string {
	const most = 8
	names = slices.Sorted(slices.Values(names))
	names = slices.Compact(names)
	if len(names) > most {
		return strings.Join(names[:most], ", ") + fmt.Sprintf(" and %d more", len(names)-most)
	}
	return strings.Join(names, ", ")
}

// sharedPorts finds devs that need the same port of this machine. They are fine
// one at a time, so this is no more than worth knowing.
func (c *checker) sharedPorts() {
	type use struct {
		dev  string
		line int
	}
	first := map[int]use{}
	for _, dev := range c.d.Manifest.Devs {
		if dev.Mode != manifest.Hybrid {
			continue
		}
		claim := func(port int, at manifest.Range) {
			if port == 0 {
				return
			}
			was, taken := first[port]
			switch {
			case !taken:
				first[port] = use{dev.Name, at.Start.Line}
			case was.dev != dev.Name:
				c.say(manifest.Information, CodePortShared, dev.Name, at, "give one of the two another local port to run both",
					"local port %d is that of dev %s in line %d, too; the two cannot run at the same time", port, was.dev, was.line+1)
			}
		}
		for _, f := range dev.Forward {
			claim(f.Local, f.Range)
		}
		claimed := map[int]bool{}
		for _, r := range dev.Reverse {
			if !claimed[r.Local] { // several may lead to one
				claimed[r.Local] = true
				claim(r.Local, r.Range)
			}
		}
	}
}

// place finds what is known of a dev's cluster; false where there is nothing to
// hold the dev against.
func (c *checker) place(dev *manifest.Dev) bool {
	said := c.d.Manifest.Place(dev)
	c.f = c.known.at(said)
	if c.f == nil {
		// A context that is there may still have a cluster that does not answer.
		if home := c.known.at(manifest.Place{}); home != nil && said.Context != "" && !slices.Contains(home.Contexts, said.Context) {
			c.lacks(dev, "context", CodeContextMissing, "the kubeconfig", said.Context, home.Contexts)
		}
		return false
	}
	if n := c.f.Namespaces; said.Namespace == c.f.Namespace && n.Complete && !slices.Contains(n.Items, said.Namespace) {
		c.lacks(dev, "namespace", CodeNamespaceMissing, "the cluster of context "+c.f.Context, said.Namespace, n.Items)
		return false
	}
	return true
}

// lacks says that a context or namespace that a dev, or the manifest for it, names
// does not exist.
func (c *checker) lacks(dev *manifest.Dev, field, code, who, name string, have []string) {
	at, own := dev.Value(field)
	of := dev.Name
	if !own {
		at, _ = c.d.Manifest.Value(field)
		of = ""
	}
	if c.said[at] {
		return
	}
	if c.said == nil {
		c.said = map[manifest.Range]bool{}
	}
	c.said[at] = true
	c.say(manifest.Warning, code, of, at, "", "%s has no %s %q", who, field, c.written(at, name))
	c.didYouMean(name, have)
}

// dev holds one dev against the cluster.
func (c *checker) dev(dev *manifest.Dev) {
	c.forwards(dev.Forward, dev.Name)
	found := c.f.workloads(dev)
	switch {
	case len(found) == 0:
		c.missing(dev)
		return
	case len(found) > 1:
		var names []string
		for _, w := range found {
			names = append(names, w.Kind+" "+w.Name)
		}
		at, _ := dev.Where("selector")
		c.say(manifest.Warning, CodeWorkloadAmbiguous, dev.Name, at, "add a label that only one of them has",
			"%d workloads in namespace %s have these labels: %s", len(found), c.f.Namespace, few(names))
		return
	}
	w := found[0]
	if dev.Container != "" && c.f.container(dev) == nil {
		var names []string
		for _, k := range w.Containers {
			names = append(names, k.Name)
		}
		at, _ := dev.Value("container")
		c.say(manifest.Warning, CodeContainerMissing, dev.Name, at, "", "%s %s has no container %q", w.Kind, w.Name, c.written(at, dev.Container))
		c.didYouMean(dev.Container, names)
	}
	c.sources(dev, w)
	if k := c.f.container(dev); k != nil {
		for _, port := range unreversed(dev, k) {
			c.say(manifest.Hint, CodeReverseMissing, dev.Name, c.reverseRange(dev),
				fmt.Sprintf("add %d:%d to reverse where your command listens on it", port.Number, port.Number),
				"container %s listens on port %d%s, which leads nowhere while a session runs", k.Name, port.Number, named(port))
		}
	}
}

// unreversed are the container's ports without a reverse.
func unreversed(dev *manifest.Dev, k *Container) []Port {
	var out []Port
	for _, p := range k.Ports {
		if !slices.ContainsFunc(dev.Reverse, func(r manifest.Reverse) bool { return r.Remote == p.Number }) {
			out = append(out, p)
		}
	}
	return out
}

// reverseRange is where a missing reverse shows: at the others, or at the dev.
func (c *checker) reverseRange(dev *manifest.Dev) manifest.Range {
	if at, ok := dev.Where("reverse"); ok {
		return at
	}
	return dev.NameRange
}

// missing says that a dev has no workload, or which of its labels nothing has.
func (c *checker) missing(dev *manifest.Dev) {
	if !c.f.Workloads.Complete {
		return
	}
	var names []string
	for _, w := range c.f.Workloads.Items {
		names = append(names, w.Name)
	}
	if len(dev.Selector) == 0 {
		c.say(manifest.Warning, CodeWorkloadMissing, dev.Name, dev.NameRange, "",
			"namespace %s has no Deployment or StatefulSet %q", c.f.Namespace, dev.Name)
		c.didYouMean(dev.Name, names)
		return
	}
	said := false
	for _, label := range sortedKeys(dev.Selector) {
		values, any := []string{}, false
		for _, w := range c.f.Workloads.Items {
			if v, ok := w.Labels[label]; ok {
				values = append(values, v)
				any = any || v == dev.Selector[label]
			}
		}
		if any {
			continue
		}
		said = true
		at, _ := dev.Value("selector." + label)
		c.say(manifest.Warning, CodeLabelMissing, dev.Name, at, "", "no workload in namespace %s has the label %s: %s",
			c.f.Namespace, label, c.written(at, dev.Selector[label]))
		c.didYouMean(dev.Selector[label], values)
	}
	if !said {
		at, _ := dev.Where("selector")
		c.say(manifest.Warning, CodeLabelMissing, dev.Name, at, "", "no workload in namespace %s has all of these labels", c.f.Namespace)
	}
}

// written is a value as the text has it: one made of variables is not to be shown.
func (c *checker) written(at manifest.Range, value string) string {
	if text := c.d.Text.cut(c.d.shown(at)); strings.Contains(text, "$") {
		return unquoted(text)
	}
	return value
}

// sources finds Secrets and ConfigMaps that the workload needs and does not have.
func (c *checker) sources(dev *manifest.Dev, w Workload) {
	check := func(kind, code string, wanted []string, have List[string]) {
		if !have.Complete {
			return
		}
		for _, name := range slices.Compact(slices.Sorted(slices.Values(wanted))) {
			if !slices.Contains(have.Items, name) {
				c.say(manifest.Warning, code, dev.Name, dev.NameRange, "create it, or a session cannot start",
					"%s %s needs the %s %q, which namespace %s does not have", w.Kind, w.Name, kind, name, c.f.Namespace)
			}
		}
	}
	check("Secret", CodeSecretMissing, w.Secrets, c.f.Secrets)
	check("ConfigMap", CodeConfigMapMissing, w.ConfigMaps, c.f.ConfigMaps)
}

// forwards holds forwards against the Services. A host with a dot in its name is
// elsewhere, where nobody has looked.
func (c *checker) forwards(all []manifest.Forward, dev string) {
	for _, f := range all {
		switch {
		case len(f.Labels) > 0:
			if c.f.Services.Complete && !slices.ContainsFunc(c.f.Services.Items, func(s Service) bool { return has(s.Labels, f.Labels) }) {
				c.say(manifest.Warning, CodeLabelMissing, dev, f.ServiceRange, "", "no Service in namespace %s has these labels", c.f.Namespace)
			}
		case f.Service == "" || strings.Contains(f.Service, ".") || f.Service == "localhost":
		default:
			c.service(f, dev)
		}
	}
}

func (c *checker) service(f manifest.Forward, dev string) {
	s, ok := c.f.service(f.Service)
	if !ok {
		if !c.f.Services.Complete {
			return
		}
		var names []string
		for _, s := range c.f.Services.Items {
			names = append(names, s.Name)
		}
		c.say(manifest.Warning, CodeServiceMissing, dev, f.ServiceRange, "", "namespace %s has no Service %q", c.f.Namespace, c.serviceWritten(f))
		c.didYouMean(f.Service, names)
		if f.ServiceRange == f.Range {
			c.found[len(c.found)-1].Replacement = "" // it would replace the whole entry
		}
		return
	}
	if s.AnyPort || slices.ContainsFunc(s.Ports, func(p Port) bool { return p.Number == f.Remote }) {
		return
	}
	c.say(manifest.Warning, CodeServicePort, dev, f.RemoteRange, "it has "+ports(s.Ports), "Service %s has no port %d", s.Name, f.Remote)
	if len(s.Ports) == 1 && f.RemoteRange != f.Range {
		c.found[len(c.found)-1].Replacement = fmt.Sprint(s.Ports[0].Number)
	}
}

func (c *checker) serviceWritten(f manifest.Forward) string {
	return c.written(f.ServiceRange, f.Service)
}

// sharedWorkloads finds devs for one workload, of which only one can run.
func (c *checker) sharedWorkloads() {
	type workload struct{ context, namespace, name string }
	first := map[workload]*manifest.Dev{}
	for _, dev := range c.d.Manifest.Devs {
		f := c.known.at(c.d.Manifest.Place(dev))
		found := f.workloads(dev)
		if dev.Mode != manifest.Hybrid || len(found) != 1 {
			continue
		}
		one := workload{f.Context, f.Namespace, found[0].Kind + " " + found[0].Name}
		if was := first[one]; was != nil {
			c.say(manifest.Information, CodeWorkloadShared, dev.Name, dev.NameRange, "",
				"dev %s in line %d stands for %s, too; the two cannot run at the same time", was.Name, was.NameRange.Start.Line+1, one.name)
			continue
		}
		first[one] = dev
	}
}
