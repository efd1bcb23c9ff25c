package rpc

import (
	"context"
	"os"

	"github.com/tandem-dev/tandem/envfile"
	"github.com/tandem-dev/tandem/internal/fault"
	"github.com/tandem-dev/tandem/rpc/protocol"
)

// envResolve resolves an environment: the one of a session, or, without a
// session, the one that an entry of a manifest would have.
func (s *Server) envResolve(ctx context.Context, _ *request, p protocol.EnvResolveParams) (*protocol.EnvResolveResult, error) {
	var env *envfile.Environment
	var err error
	switch {
	case (p.ID == "") == (p.Manifest == ""):
		return nil, fault.New(fault.InvalidParams, "exactly one of \"id\" and \"manifest\" must be given")
	case p.ID != "":
		env, err = s.sessions.Environment(p.ID)
	default:
		var path string
		if path, err = pathOf(p.Manifest); err == nil {
			env, err = s.sessions.ResolveOffline(ctx, path, p.Dev)
		}
	}
	if err != nil {
		return nil, err
	}
	result := environmentOf(env, p.Reveal)
	for i, d := range env.Decide(os.Environ(), s.policy()) {
		result.Variables[i].Local = localOf(d)
	}
	return result, nil
}

// policy is how the client wants environments laid over the user's own.
func (s *Server) policy() envfile.MergePolicy {
	s.mu.Lock()
	defer s.mu.Unlock()
	return mergePolicy(s.client.Options.Env)
}

// envWrite writes a session's environment to a file.
func (s *Server) envWrite(_ context.Context, _ *request, p protocol.EnvWriteParams) (*protocol.EnvWriteResult, error) {
	if err := required("id", p.ID); err != nil {
		return nil, err
	}
	if err := required("dialect", p.Dialect); err != nil {
		return nil, err
	}
	path := ""
	if p.Path != "" {
		var err error
		if path, err = pathOf(p.Path); err != nil {
			return nil, err
		}
	}
	f, err := s.sessions.WriteEnv(p.ID, envfile.Dialect(p.Dialect), path)
	if err != nil {
		return nil, err
	}
	return &protocol.EnvWriteResult{Path: f.Path, Count: f.Count, Undeliverable: converted(f.Undeliverable, undeliverableOf)}, nil
}
