package session

import (
	"context"

	"github.com/tandem-dev/tandem/session/cluster"
)

// Inventory is what the configured namespace holds, by name; InventoryPort is a
// port of a container or a Service in it.
type (
	Inventory     = cluster.Inventory
	InventoryPort = cluster.InventoryPort
)

// Inventory lists the configured namespace for whoever writes a manifest. It
// makes six requests, and more only where Secrets or ConfigMaps may not be listed;
// it keeps nothing and watches nothing.
func (m *Manager) Inventory(ctx context.Context) (*Inventory, error) {
	c, err := m.connect(m.cfg.Kubeconfig, m.cfg.Context, m.cfg.Namespace)
	if err != nil {
		return nil, err
	}
	defer c.CloseIdle()
	return c.Inventory(ctx)
}
