package session

import (
	"context"
	"net"
	"slices"
	"strings"

	"github.com/tandem-dev/tandem/envfile"
	"github.com/tandem-dev/tandem/session/proxy"
	"github.com/tandem-dev/tandem/session/tunnel"
)

// proxySource is where the variables that point to the proxy come from, in an
// explanation.
const proxySource = "proxy"

// openProxy lets programs on this machine reach every address of the cluster,
// where that was asked for, and tells the command by variables beneath the
// manifest's own.
func (s *Session) openProxy(ctx context.Context) error {
	if s.request.Proxy == "" {
		return nil
	}
	listeners, err := tunnel.Listen(ctx, s.request.Proxy)
	if err != nil {
		return err
	}
	var way *tunnel.Tunnel
	open := make(chan struct{}) // closed once way is set
	p, err := proxy.Start(ctx, proxy.Config{
		Listeners: listeners, Logger: s.log,
		Dial: func(ctx context.Context, network, address string) (net.Conn, error) {
			select {
			case <-open:
				return way.Dial(ctx, network, address)
			case <-ctx.Done():
				return nil, ctx.Err()
			}
		},
	})
	if err != nil {
		for _, l := range listeners {
			l.Close()
		}
		return err
	}
	s.run.proxy = p
	way, err = s.run.tunnels.AddProxy(p.Addr())
	if err != nil {
		p.Close() // nobody can have connected to a way that is not there
		s.run.proxy = nil
		return err
	}
	close(open)
	var vars []envfile.Var
	for _, entry := range p.Environ() {
		name, value, _ := strings.Cut(entry, "=")
		vars = append(vars, envfile.Var{Name: name, Value: value, Source: proxySource})
	}
	s.prepared.variables = slices.Concat(vars, s.prepared.variables)
	return nil
}
