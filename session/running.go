package session

import (
	"context"

	"github.com/tandem-dev/tandem/envfile"
)

// RunningEnvironment is the environment of the dev's running session, whichever
// process of this user owns it; nil where none runs. The cluster is not asked.
func (m *Manager) RunningEnvironment(ctx context.Context, manifestPath, devName string) (*envfile.Environment, error) {
	a, _, _, err := m.askOwner(ctx, manifestPath, devName, controlRequest{Op: opEnvironment})
	if err != nil || a == nil {
		return nil, err
	}
	return a.environment(), nil
}
