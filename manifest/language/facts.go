package language

import (
	"slices"

	"github.com/tandem-dev/tandem/manifest"
)

// Facts are what a cluster holds, as somebody saw it a moment ago: names, never
// values.
type Facts struct {
	// Context and Namespace say where.
	Context, Namespace string
	// Workloads are the Deployments and StatefulSets, without those of sessions.
	Workloads  List[Workload]
	Services   List[Service]
	Secrets    List[string]
	ConfigMaps List[string]
	Namespaces List[string]
	// Contexts are those of the kubeconfig.
	Contexts []string
}

// Clusters has what is known of each place that a manifest names; nil where
// nothing is, as before the cluster has answered. It must not wait, and may be nil.
type Clusters func(manifest.Place) *Facts

func (c Clusters) at(p manifest.Place) *Facts {
	if c == nil {
		return nil
	}
	return c(p)
}

// Places are where the devs in hybrid mode have their workloads, each once, and
// before them what the manifest itself says. Where a context is named, none in
// particular is among them: it knows the contexts that there are.
func (d *Document) Places() []manifest.Place {
	all := []manifest.Place{d.Manifest.Place(nil)}
	add := func(p manifest.Place) {
		if !slices.Contains(all, p) {
			all = append(all, p)
		}
	}
	for _, dev := range d.Manifest.Devs {
		if dev.Mode == manifest.Hybrid {
			add(d.Manifest.Place(dev))
		}
	}
	if slices.ContainsFunc(all, func(p manifest.Place) bool { return p.Context != "" }) {
		add(manifest.Place{})
	}
	return all
}

// PlaceAt is the place that matters at a position. Where a context is written it
// is no place in particular, and where a namespace is, the context's own: what is
// typed there names nothing yet.
func (d *Document) PlaceAt(at manifest.Position) manifest.Place {
	return d.placeAt(placeAt(d.Text, d.Text.Offset(at, UTF16)))
}

func (d *Document) placeAt(p place) manifest.Place {
	field, _ := manifest.Describe(p.path...)
	said := d.Manifest.Place(d.devNamed(p.path))
	switch {
	case field.Names == manifest.NamesContext:
		return manifest.Place{}
	case field.Names == manifest.NamesNamespace:
		said.Namespace = ""
	}
	return said
}

// List is what was seen of one sort of object.
type List[T any] struct {
	Items []T
	// Complete says that these are all; else it may not be said of anything that
	// it does not exist.
	Complete bool
}

// Workload is a Deployment or a StatefulSet.
type Workload struct {
	Kind, Name string
	Labels     map[string]string
	Containers []Container
	// Secrets and ConfigMaps are those without which its pod cannot start.
	Secrets, ConfigMaps []string
}

// Container is one of a workload's.
type Container struct {
	Name  string
	Ports []Port
	// Variables are the names in its env.
	Variables []string
}

// Service is a Service of the namespace.
type Service struct {
	Name   string
	Labels map[string]string
	Ports  []Port
	// AnyPort says that it leads to any port: it is headless, or a name for
	// something elsewhere.
	AnyPort bool
}

// Port is a port with its name, which may be "".
type Port struct {
	Name   string
	Number int
}

// has says whether labels include all of those wanted.
func has(labels, wanted map[string]string) bool {
	for k, v := range wanted {
		if got, ok := labels[k]; !ok || got != v {
			return false
		}
	}
	return true
}

// workloads are those that a dev stands for: one, unless something is wrong.
func (f *Facts) workloads(d *manifest.Dev) []Workload {
	if f == nil || d == nil {
		return nil
	}
	var found []Workload
	for _, w := range f.Workloads.Items {
		switch {
		case len(d.Selector) > 0 && has(w.Labels, d.Selector):
			found = append(found, w)
		case len(d.Selector) == 0 && w.Name == d.Name:
			// A Deployment is looked for before a StatefulSet of the same name.
			if len(found) == 0 || w.Kind == "Deployment" {
				found = []Workload{w}
			}
		}
	}
	return found
}

// container is the one that a dev stands in for, nil where that is not known.
func (f *Facts) container(d *manifest.Dev) *Container {
	found := f.workloads(d)
	if len(found) != 1 || len(found[0].Containers) == 0 {
		return nil
	}
	all := found[0].Containers
	if d.Container == "" {
		return &all[0]
	}
	if i := slices.IndexFunc(all, func(c Container) bool { return c.Name == d.Container }); i >= 0 {
		return &all[i]
	}
	return nil
}

// service is a Service by its name in the namespace.
func (f *Facts) service(name string) (Service, bool) {
	if f == nil {
		return Service{}, false
	}
	i := slices.IndexFunc(f.Services.Items, func(s Service) bool { return s.Name == name })
	if i < 0 {
		return Service{}, false
	}
	return f.Services.Items[i], true
}
