package debug

import (
	"context"
	"fmt"
	"os"
	"strings"
	"time"
)

// askEvery is how often the system is asked: it has no signal for a port of
// another process that begins to listen.
const askEvery = 5 * time.Millisecond

// awaitListening waits until somebody listens on the port of 127.0.0.1 (or of
// every address) and reports whether that came before ctx ended. It reads the
// kernel's table: to connect would be to take the place of the client that a
// debugger waits for.
func awaitListening(ctx context.Context, port int, _ <-chan struct{}) bool {
	tick := time.NewTicker(askEvery)
	defer tick.Stop()
	for {
		for _, table := range []string{"/proc/net/tcp", "/proc/net/tcp6"} {
			if content, err := os.ReadFile(table); err == nil && listens(string(content), port) {
				return true
			}
		}
		select {
		case <-ctx.Done():
			return false
		case <-tick.C:
		}
	}
}

// listens looks for a socket in state LISTEN (0A) in a table of proc_net_tcp(5).
func listens(table string, port int) bool {
	suffix := fmt.Sprintf(":%04X", port)
	for line := range strings.Lines(table) {
		f := strings.Fields(line)
		if len(f) > 3 && f[3] == "0A" && strings.HasSuffix(f[1], suffix) {
			return true
		}
	}
	return false
}
