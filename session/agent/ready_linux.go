package agent

import (
	"context"
	"net"
)

// listenReady opens the abstract socket. It has no file, so it needs neither a
// writable directory nor an owner, and it goes with the process.
func listenReady(ctx context.Context, name string) (net.Listener, error) {
	var lc net.ListenConfig
	return lc.Listen(ctx, "unix", name)
}

func dialReady(ctx context.Context, name string) (net.Conn, error) {
	var d net.Dialer
	return d.DialContext(ctx, "unix", name)
}
