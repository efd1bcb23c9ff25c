package session

import (
	"context"
	"time"

	"github.com/tandem-dev/tandem/internal/fault"
)

// runningDialPause is between two tries to reach an agent whose container runs.
const runningDialPause = 200 * time.Millisecond

// dialRunning dials until the step's time is over: a container runs a while before
// the program in it listens, and a busy node takes its time with a handshake. A
// container that has ended meanwhile is explained instead, and what another try
// cannot cure, a key for example, is said at once.
func (s *Session) dialRunning(ctx context.Context) error {
	step, cancel := s.step(ctx)
	defer cancel()
	for {
		err := s.dial(step)
		if err == nil || step.Err() != nil || !fault.Retryable(err) {
			return err
		}
		s.progress("the agent does not answer yet: %v", err)
		pause := time.NewTimer(runningDialPause)
		select {
		case <-pause.C:
		case <-step.Done():
			pause.Stop()
			return err
		}
		pod, gone := s.prepared.cluster.AwaitRunning(step, s.run.diversion, func(p string) { s.progress("%s", p) })
		if gone != nil {
			return gone
		}
		s.notePod(pod)
	}
}
