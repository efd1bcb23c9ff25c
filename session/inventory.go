package session

import (
	"context"

	"github.com/tandem-dev/tandem/manifest"
	"github.com/tandem-dev/tandem/session/cluster"
)

// Inventory is what a namespace holds, by name; InventoryPort is a
// port of a container or a Service in it.
type (
	Inventory     = cluster.Inventory
	InventoryPort = cluster.InventoryPort
)

// Inventory lists a namespace for whoever writes a manifest that says at; what is
// configured goes before that, as it does for a session. It
// makes six requests, and more only where Secrets or ConfigMaps may not be listed;
// it keeps nothing and watches nothing.
func (m *Manager) Inventory(ctx context.Context, at manifest.Place) (*Inventory, error) {
	c, err := m.connect(m.placeOf(at))
	if err != nil {
		return nil, err
	}
	defer c.CloseIdle()
	return c.Inventory(ctx)
}
