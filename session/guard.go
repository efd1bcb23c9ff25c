package session

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/rs/zerolog"
)

// Guard says who gives the cluster back if the process that owns a session dies
// and nobody adopts it.
type Guard string

const (
	// GuardNone: nobody, until the next tandem on this machine or `tandem down`.
	GuardNone Guard = "none"
	// GuardProcess: the guard process of this machine.
	GuardProcess Guard = "process"
	// GuardInCluster: the guard process, where there is one, and, when the machine is
	// gone, the agent, which has proven that it would be able to.
	GuardInCluster Guard = "in-cluster"
)

// guarding is the line with which a guard process says that it is on watch.
const guarding = "guarding"

// guardGone is how long the end of a guard that is not needed any more is waited
// for, so that nothing of ours outlives us.
const guardGone = 2 * time.Second

// guardian is the guard process of one manager, from our side. There is one while
// the manager has sessions.
//
// A pipe is all that connects the two: its writing end is held by this process
// alone, so that the guard reads its end at the moment in which we die, however we
// do. The guard answers on another pipe, so that we notice its death.
//
// It owns two goroutines: one waits for the launcher, which ends at once, one
// reads the guard's pipe until the guard is gone.
type guardian struct {
	life  *os.File      // its closing ends the guard's watch
	ready chan struct{} // closed when the guard has said that it is on watch
	gone  chan struct{} // closed when it is no more
	done  sync.WaitGroup
}

// startGuard starts argv as a guard.
func startGuard(argv []string, log zerolog.Logger) (*guardian, error) {
	if len(argv) == 0 {
		return nil, nil
	}
	hold, life, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer hold.Close()
	said, say, err := os.Pipe()
	if err != nil {
		life.Close()
		return nil, err
	}
	defer say.Close()
	cmd := exec.Command(argv[0], argv[1:]...)
	cmd.Stdin, cmd.Stdout = hold, say
	detach(cmd)
	if err := cmd.Start(); err != nil {
		return nil, errors.Join(err, life.Close(), said.Close())
	}
	g := &guardian{life: life, ready: make(chan struct{}), gone: make(chan struct{})}
	g.done.Go(func() { // the launcher leaves the guard to the system and ends
		if err := cmd.Wait(); err != nil {
			log.Warn().Err(err).Msg("starting the guard process")
		}
	})
	g.done.Go(func() { // ends when the guard does
		defer close(g.gone)
		defer said.Close()
		lines := bufio.NewScanner(said)
		for lines.Scan() {
			if strings.TrimSpace(lines.Text()) == guarding {
				close(g.ready)
				_, _ = io.Copy(io.Discard, said)
				return
			}
		}
	})
	return g, nil
}

// release tells the guard that it is not needed any more.
func (g *guardian) release() {
	g.life.Close()
	select {
	case <-g.gone:
		g.done.Wait()
	case <-time.After(guardGone):
	}
}

// watching reports whether the guard is on watch now.
func (g *guardian) watching() bool {
	if g == nil {
		return false
	}
	select {
	case <-g.gone:
		return false
	default:
	}
	select {
	case <-g.ready:
		return true
	default:
		return false
	}
}

// guardArgv are the arguments after which `tandem guard` watches over the
// sessions of this manager.
func (c Config) guardArgv(owner string) []string {
	if len(c.GuardCommand) == 0 || c.GuardGrace < 0 {
		return nil
	}
	return append(slices.Clone(c.GuardCommand), "--owner", owner, "--grace", c.GuardGrace.String(), "--state-dir", c.StateDir)
}

// guardSessions makes sure that a guard is on watch; m.mu is held. That there can
// be none is no failure of a session: its snapshot says so.
func (m *Manager) guardSessions() {
	if m.guard != nil {
		select {
		case <-m.guard.gone:
		default:
			return
		}
	}
	g, err := startGuard(m.cfg.guardArgv(m.owner), m.cfg.Logger)
	if err != nil {
		m.cfg.Logger.Warn().Err(err).Msg("no guard process can be started: after a crash only `tandem down` gives the cluster back")
	}
	m.guard = g
}

// releaseGuard ends the guard once no session runs any more.
func (m *Manager) releaseGuard() {
	m.mu.Lock()
	g := m.guard
	for _, s := range m.sessions {
		select {
		case <-s.done:
		default:
			g = nil // there is something to guard
		}
	}
	if g != nil {
		m.guard = nil
	}
	m.mu.Unlock()
	if g != nil {
		g.release()
	}
}

// awaitGuard waits a moment for the guard to be on watch, and notes whether it is.
func (s *Session) awaitGuard() {
	if g := s.guard; g != nil {
		select {
		case <-g.ready:
		case <-g.gone:
		case <-time.After(guardPatience):
		}
	}
	s.noteGuard()
}

// guardPatience bounds the wait for a guard to say that it is on watch: it was
// started as the session was, seconds before.
const guardPatience = 2 * time.Second

// noteGuard puts into the snapshot who is on watch.
func (s *Session) noteGuard() {
	now := GuardNone
	switch {
	case s.run.armed:
		now = GuardInCluster
	case s.guard.watching():
		now = GuardProcess
	}
	if now == s.current.Guard {
		return
	}
	s.change(func(snap *Snapshot) { snap.Guard = now })
	if now == GuardNone {
		s.warn(Warning{Code: WarnUnguarded, Message: "the guard process has ended: should this process die, the workload stays taken over",
			Hint: fmt.Sprintf("`tandem down %s` would give it back", s.prepared.dev.Name)})
	}
}

// guardLost closes when the guard has ended; nil without one.
func (s *Session) guardLost() <-chan struct{} {
	if s.guard == nil {
		return nil
	}
	return s.guard.gone
}

// replaceGuard starts another guard after one has ended unasked.
func (s *Session) replaceGuard(m *Manager) {
	s.noteGuard()
	m.mu.Lock()
	if !m.closed && s.guardRestarts < maxGuardRestarts {
		s.guardRestarts++
		m.guardSessions()
		s.guard = m.guard
	} else {
		s.guard = nil
	}
	m.mu.Unlock()
	s.awaitGuard()
}

// maxGuardRestarts is how often a session has a guard replaced.
const maxGuardRestarts = 3
