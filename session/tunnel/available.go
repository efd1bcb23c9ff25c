package tunnel

import (
	"context"

	"github.com/tandem-dev/tandem/internal/fault"
)

// Available tells whether a program could listen on a local "host:port" now, by
// doing so for a moment; "localhost" is every loopback address. The error is that
// of [Tunnels.OpenForward], and names who has the port where that can be told.
func Available(ctx context.Context, address string) error {
	host, port, err := splitAddress(address)
	if err != nil {
		return fault.Wrap(err, fault.InvalidParams, "the local address %q", address)
	}
	listeners, err := listen(ctx, host, port)
	for _, l := range listeners {
		l.Close()
	}
	return err
}
