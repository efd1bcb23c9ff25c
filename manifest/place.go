package manifest

import (
	"cmp"
	"net/url"
	"strings"
)

// Place is where a manifest says that a workload is: the kubeconfig's context and
// the namespace, "" for what it leaves open. It is comparable.
type Place struct{ Context, Namespace string }

// Place is where a dev's workload is: the dev's own fields, else those of the
// manifest. A nil dev asks for the manifest's own.
func (m *Manifest) Place(d *Dev) Place {
	p := Place{m.Context, m.Namespace}
	if d != nil {
		p = Place{cmp.Or(d.Context, p.Context), cmp.Or(d.Namespace, p.Namespace)}
	}
	p.Context = kubeContext(p.Context)
	return p
}

// Value gives the place of the value of the manifest's own context or namespace,
// ok=false where it has none.
func (m *Manifest) Value(field string) (Range, bool) {
	at, ok := m.values[field]
	return at, ok
}

// kubeContext is the kubeconfig's name of a context. Okteto's own are addresses;
// to the kubeconfig it writes them as their host, with _ for each dot
// (okteto/okteto, pkg/okteto/context.go).
func kubeContext(name string) string {
	if u, err := url.Parse(name); err == nil && u.Host != "" && (u.Scheme == "https" || u.Scheme == "http") {
		return strings.ReplaceAll(u.Host, ".", "_")
	}
	return name
}
