package session

import (
	"context"
	"net"
	"os"
	"strconv"

	"github.com/tandem-dev/tandem/envfile"
	"github.com/tandem-dev/tandem/internal/fault"
	"github.com/tandem-dev/tandem/session/tunnel"
)

// madeOf is what an environment was made of. Nothing in it changes: a later
// environment has its own.
type madeOf struct {
	input     envfile.Input
	forwarded []envfile.Forwarded
}

// forwarded are the ports of Services that have an end on this machine, with the
// ports that were really bound.
func (s *Session) forwarded() []envfile.Forwarded {
	if s.run.tunnels == nil {
		return nil
	}
	var all []envfile.Forwarded
	for _, t := range s.allTunnels() {
		if t.Kind != Forward || t.State == string(tunnel.StatusFailed) {
			continue
		}
		if f, ok := forwardedOf(t.Local, t.Remote, s.run.workload.Namespace); ok {
			all = append(all, f)
		}
	}
	return all
}

// forwardedOf is a forward as the environment's values know it; false for one
// to the dev pod itself, whose name no value holds.
func forwardedOf(local, remote, namespace string) (envfile.Forwarded, bool) {
	host, port, err := net.SplitHostPort(remote)
	if err != nil {
		return envfile.Forwarded{}, false
	}
	n, err := strconv.Atoi(port)
	if ip := net.ParseIP(host); err != nil || ip.IsLoopback() {
		return envfile.Forwarded{}, false
	}
	f := envfile.Forwarded{Service: host, RemotePort: n, LocalAddress: local}
	if isServiceName(host) {
		f.Namespace = namespace
	}
	return f, true
}

// isServiceName says whether a host is the bare name of a Service: with a dot
// it is a longer one.
func isServiceName(host string) bool {
	for i := range len(host) {
		if host[i] == '.' || host[i] == ':' {
			return false
		}
	}
	return host != ""
}

// ExplainRequest asks how a variable came to its value, or why it has none: in
// a session (ID), or in the environment that a dev has without one.
type ExplainRequest struct {
	ID            string `json:"id,omitempty"`
	Manifest, Dev string `json:"-"`
	Name          string `json:"name"`
	// Reveal gives the values of secrets too.
	Reveal bool `json:"reveal,omitempty"`
	// Environment goes above the manifest's environment, as from -e K=V.
	Environment []envfile.Var `json:"environment,omitempty"`
}

// Explain tells the whole history of one variable.
func (m *Manager) Explain(ctx context.Context, r ExplainRequest) (*envfile.Explanation, error) {
	if r.Name == "" {
		return nil, fault.New(fault.InvalidParams, "explaining a variable: its name is missing")
	}
	if r.ID != "" {
		s, err := m.session(r.ID)
		if err != nil {
			return nil, err
		}
		made := s.madeOf.Load()
		if made == nil {
			_, err := m.Environment(r.ID) // says why there is none
			return nil, err
		}
		return s.cfg.explain(*made, r), nil
	}
	in, warnings, err := m.offlineInput(ctx, r.Manifest, r.Dev)
	if err != nil {
		return nil, err
	}
	e := m.cfg.explain(madeOf{input: in}, r)
	if e.Status != envfile.StatusSet {
		e.Warnings = append(e.Warnings, warnings...) // what could not be read may be what sets it
	}
	return e, nil
}

func (c *Config) explain(made madeOf, r ExplainRequest) *envfile.Explanation {
	made.input.Dev = append(made.input.Dev[:len(made.input.Dev):len(made.input.Dev)], r.Environment...)
	return envfile.Explain(made.input, envfile.Question{
		Name: r.Name, Reveal: r.Reveal,
		Forwarded: made.forwarded, Hosts: c.RewriteHosts,
		Own: os.Environ(), Policy: c.Local,
	})
}

// ExplainAny explains in the dev's running session, whichever process of this
// user owns it, else offline.
func (m *Manager) ExplainAny(ctx context.Context, r ExplainRequest) (*envfile.Explanation, error) {
	a, path, dev, err := m.askOwner(ctx, r.Manifest, r.Dev, controlRequest{Op: opExplain, Explain: &r})
	if err != nil {
		return nil, err
	}
	if a != nil && a.Explained != nil {
		return a.Explained, nil
	}
	r.Manifest, r.Dev = path, dev
	return m.Explain(ctx, r)
}
