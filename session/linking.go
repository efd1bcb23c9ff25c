package session

import (
	"context"
	"errors"
	"net"
	"time"

	"github.com/tandem-dev/tandem/internal/fault"
	"github.com/tandem-dev/tandem/session/tunnel"
)

// connect makes the link; the forwards, bound already, begin to flow. The
// reverses are bound when the traffic is turned.
func (s *Session) connect(ctx context.Context) error {
	s.progress("connecting to the agent in pod %s", s.run.pod.Name)
	if err := s.dialStarting(ctx); err != nil {
		return err
	}
	s.change(s.fillTunnels)
	return nil
}

// An agent that is about to run is dialled at once, a few times: the cluster
// says that a container runs up to a second after it does.
const (
	earlyDials     = 15
	earlyDialPause = 80 * time.Millisecond
	earlyDialBound = 2 * time.Second
)

// dialStarting makes the first link to a pod whose agent may not run yet.
func (s *Session) dialStarting(ctx context.Context) error {
	for try := 1; try <= earlyDials && !s.prepared.cluster.Runs(s.run.diversion); try++ {
		early, cancel := context.WithTimeout(ctx, earlyDialBound)
		err := s.dial(early)
		late := early.Err() != nil
		cancel()
		if err == nil || ctx.Err() != nil || !late && !errors.Is(err, fault.LinkFailed) && !fault.Retryable(err) {
			return err
		}
		select {
		case <-time.After(earlyDialPause):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	ctx, cancel := context.WithTimeout(ctx, s.prepared.dev.Timeout.Resources)
	defer cancel()
	pod, err := s.prepared.cluster.AwaitRunning(ctx, s.run.diversion, func(p string) { s.progress("%s", p) })
	if err != nil {
		return err
	}
	s.notePod(pod)
	return s.dialRunning(ctx)
}

// dial makes a link to the present pod and moves the tunnels to it.
func (s *Session) dial(ctx context.Context) error {
	ctx, cancel := s.step(ctx)
	defer cancel()
	pod, port := s.run.pod, s.run.diversion.Port
	link, err := tunnel.Connect(ctx, tunnel.Config{
		Dial: func(ctx context.Context) (net.Conn, error) {
			return s.prepared.cluster.Dial(ctx, pod.Namespace, pod.Name, port)
		},
		DialPort: func(ctx context.Context, port int) (net.Conn, error) {
			return s.prepared.cluster.DialData(ctx, pod.Namespace, pod.Name, port)
		},
		DataPlane: s.cfg.DataPlane,
		Keys:      s.run.keys, Logger: s.log,
	})
	if err != nil {
		return err
	}
	if s.run.link != nil {
		s.run.link.Close()
	}
	s.run.link = link
	s.followVolumes(link, nil)
	s.followGuard(link)
	if err := s.run.tunnels.Rebind(ctx, link); err != nil {
		return err
	}
	s.reopen(ctx, Reverse)
	return nil
}
