package rpc

import (
	"context"
	"time"
)

// watchParent ends the server when the client's process does, for a client
// that dies while something else keeps our input open. A process that cannot
// be seen now is not watched: it lives in another PID namespace, as an editor
// outside a container does.
func (s *Server) watchParent(pid int) {
	if pid <= 0 || !processAlive(pid) {
		s.log().Debug().Int("pid", pid).Msg("the client's process cannot be seen; only the end of input ends the server")
		return
	}
	s.background.Go(func() {
		if processEnds(s.base, pid, s.parentPoll) {
			s.log().Warn().Int("pid", pid).Msg("the client's process is gone")
			s.end(0, nil)
		}
	})
}

// processEnds polls until the process is gone, which is true, or ctx ends.
func processEnds(ctx context.Context, pid int, every time.Duration) bool {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return false
		case <-tick.C:
			if !processAlive(pid) {
				return true
			}
		}
	}
}
