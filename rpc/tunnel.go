package rpc

import (
	"context"

	"github.com/tandem-dev/tandem/rpc/protocol"
	"github.com/tandem-dev/tandem/session"
)

// tunnelOpen opens a tunnel and answers once it is bound.
func (s *Server) tunnelOpen(ctx context.Context, _ *request, p protocol.TunnelOpenParams) (*protocol.Tunnel, error) {
	if err := required("id", p.ID); err != nil {
		return nil, err
	}
	t, err := s.sessions.OpenTunnel(ctx, p.ID, session.TunnelRequest{Kind: session.TunnelKind(p.Kind), Spec: p.Spec})
	if err != nil {
		return nil, err
	}
	out := tunnelOf(t)
	return &out, nil
}

// tunnelClose closes a tunnel.
func (s *Server) tunnelClose(ctx context.Context, _ *request, p protocol.TunnelCloseParams) (*protocol.Snapshot, error) {
	if err := required("id", p.ID); err != nil {
		return nil, err
	}
	if err := required("tunnel", p.Tunnel); err != nil {
		return nil, err
	}
	if err := s.sessions.CloseTunnel(ctx, p.ID, p.Tunnel); err != nil {
		return nil, err
	}
	return answer(s.sessions.Get(p.ID))
}

// doAddTunnel opens a tunnel in a dev's session.
func (s *Server) doAddTunnel(ctx context.Context, a asked) (any, error) {
	snap, err := s.sessionFor(a)
	if err != nil {
		return nil, err
	}
	return s.call(ctx, a, protocol.MethodTunnelOpen, protocol.TunnelOpenParams{ID: snap.ID, Kind: a.Kind, Spec: a.Spec})
}

// doCloseTunnel closes one.
func (s *Server) doCloseTunnel(ctx context.Context, a asked) (any, error) {
	snap, err := s.sessionFor(a)
	if err != nil {
		return nil, err
	}
	return s.call(ctx, a, protocol.MethodTunnelClose, protocol.TunnelCloseParams{ID: snap.ID, Tunnel: a.Tunnel})
}
