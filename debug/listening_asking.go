package debug

import (
	"context"
	"net"
	"strconv"
	"time"
)

// tryEvery is how often the port is tried.
const tryEvery = 50 * time.Millisecond

// awaitByAsking waits until somebody listens on the port of 127.0.0.1 and reports
// whether that came before ctx ended. It serves the systems other than Linux: a
// runtime that says so itself is believed and not touched; the others (said is nil),
// which bear a connection that says nothing, are tried.
func awaitByAsking(ctx context.Context, port int, said <-chan struct{}) bool {
	tick := time.NewTicker(tryEvery)
	defer tick.Stop()
	for {
		select {
		case <-said:
			return true
		case <-ctx.Done():
			return false
		case <-tick.C:
		}
		if said != nil {
			continue
		}
		conn, err := (&net.Dialer{Timeout: time.Second}).DialContext(ctx, "tcp", net.JoinHostPort(host, strconv.Itoa(port)))
		if err == nil {
			conn.Close()
			return true
		}
	}
}
