package session

import (
	"cmp"

	"github.com/tandem-dev/tandem/manifest"
	"github.com/tandem-dev/tandem/session/cluster"
)

// place is a namespace of a cluster as some user, in the words of kubectl.
type place struct {
	kubeconfig, context, namespace string
	// named says that the manifest chose the context. Such sessions have it in
	// their id: one server has sessions in several clusters.
	named bool
	// id, where not "", is that of the session that was begun there.
	id string
}

// placeOf is where a manifest's workload is: what is configured goes before what
// the manifest says.
func (m *Manager) placeOf(said manifest.Place) place {
	return place{
		kubeconfig: m.cfg.Kubeconfig,
		context:    cmp.Or(m.cfg.Context, said.Context),
		namespace:  cmp.Or(m.cfg.Namespace, said.Namespace),
		named:      m.cfg.Context == "" && said.Context != "",
	}
}

// placeOfEntry is where a journalled session was, whatever this manager's own
// settings are.
func placeOfEntry(e Entry) *place {
	return &place{kubeconfig: e.Record.Kubeconfig, context: e.Record.Context, namespace: e.Record.Namespace, id: e.ID}
}

func (m *Manager) connect(p place) (*cluster.Cluster, error) {
	return cluster.Connect(cluster.Options{
		Kubeconfig: p.kubeconfig, Context: p.context, Namespace: p.namespace,
		UserAgent: "tandem/" + m.cfg.Version, Logger: m.cfg.Logger,
	})
}

// sessionID names the session of a dev: namespace and dev, and the context that
// its manifest names. It depends on nothing that changes while the manifest does
// not, so that a later process finds the session by it.
func (p place) sessionID(c *cluster.Cluster, dev *manifest.Dev) string {
	id := c.Namespace() + "/" + dev.Name
	switch {
	case p.id != "":
		return p.id
	case p.named:
		return qualified(id, c.Context())
	}
	return id
}

// qualified is an id that is told from the same one in another context.
func qualified(id, context string) string { return id + "@" + context }
