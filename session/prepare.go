package session

import (
	"path/filepath"
	"slices"
	"time"

	"github.com/tandem-dev/tandem/envfile"
	"github.com/tandem-dev/tandem/internal/fault"
	"github.com/tandem-dev/tandem/manifest"
	"github.com/tandem-dev/tandem/session/cluster"
	"github.com/tandem-dev/tandem/session/process"
)

// prepared is what is known of a session before it exists: everything that
// takes no request to the cluster.
type prepared struct {
	id       string
	manifest *manifest.Manifest
	dev      *manifest.Dev
	cluster  *cluster.Cluster
	// variables are the dev tier: the request's over the manifest's.
	variables []envfile.Var
	argv      []string // empty where no command is to run
	envDir    string
}

// prepare reads the manifest and the kubeconfig.
func (m *Manager) prepare(r StartRequest) (*prepared, error) {
	man, dev, err := loadDev(r.Manifest, r.Dir, r.Dev)
	if err != nil {
		return nil, err
	}
	if err := dev.Runnable(); err != nil {
		return nil, err
	}
	if err := r.Switch.check(); err != nil {
		return nil, err
	}
	if err := r.Readiness.check(); err != nil {
		return nil, err
	}
	if m.cfg.AgentImage == "" {
		return nil, noAgentImage()
	}
	p := &prepared{manifest: man, dev: dev, envDir: m.cfg.EnvDir}
	if p.envDir == "" {
		p.envDir = filepath.Join(man.Dir, ".tandem")
	}
	p.variables = slices.Concat(p.volumeVariables(r), devVars(dev), r.Environment)
	if r.Run {
		p.argv = argv(dev.Command, r.Command)
	}
	at := m.placeOf(man.Place(dev))
	if r.place != nil {
		at = *r.place
	}
	if p.cluster, err = m.connect(at); err != nil {
		return nil, err
	}
	p.id = at.sessionID(p.cluster, dev)
	return p, nil
}

func noAgentImage() error {
	return fault.New(fault.AgentMissing, "no agent image is configured").
		Hint("`tandem agent image push REGISTRY/tandem-agent:TAG` once, then --agent-image, TANDEM_AGENT_IMAGE or the option agentImage with that name")
}

// loadDev reads the manifest and picks the dev. Errors in other devs do not
// matter here.
func loadDev(path, dir, name string) (*manifest.Manifest, *manifest.Dev, error) {
	path, err := manifest.Discover(dir, path)
	if err != nil {
		return nil, nil, err
	}
	man, err := manifest.Load(path, manifest.Options{})
	if man == nil {
		return nil, nil, err
	}
	dev, devErr := man.Dev(name)
	if devErr != nil {
		if err != nil {
			return nil, nil, err // the entry may be missing because the file is broken
		}
		return nil, nil, devErr
	}
	if err := man.Err(dev.Name); err != nil {
		return nil, nil, err
	}
	return man, dev, nil
}

func devVars(dev *manifest.Dev) []envfile.Var {
	vars := make([]envfile.Var, 0, len(dev.Environment))
	for _, v := range dev.Environment {
		first := len(vars)
		for one := &v; one != nil; one = one.Below {
			vars = append(vars, envfile.Var{Name: one.Name, Value: one.Value, Source: one.Source})
		}
		slices.Reverse(vars[first:]) // of several the last counts
	}
	return vars
}

// argv is what to run: the request's own command, else the manifest's, which
// goes through the shell where it is a string.
func argv(c manifest.Command, instead []string) []string {
	switch {
	case len(instead) > 0:
		return instead
	case c.Empty():
		return nil
	case c.Shell:
		return process.ShellArgv(c.Argv[0])
	}
	return c.Argv
}

func target(dev *manifest.Dev) cluster.Target {
	return cluster.Target{Name: dev.Name, Selector: dev.Selector, Container: dev.Container}
}

// snapshot is the first one, before any state.
func (p *prepared) snapshot() Snapshot {
	return Snapshot{
		ID: p.id, Since: time.Now().UTC(), Manifest: p.manifest.Path, Dev: p.dev.Name,
		Context: p.cluster.Context(), Namespace: p.cluster.Namespace(),
		Tunnels: []Tunnel{}, Env: Env{Files: []EnvFile{}, Warnings: []envfile.Warning{}}, Phases: []Phase{},
		Traffic: TrafficOriginal, Guard: GuardNone, Warnings: []Warning{}, Debug: []DebugSession{},
	}
}
