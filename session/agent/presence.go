package agent

import (
	"context"
	"fmt"
	"io"
	"sync"
	"time"

	"golang.org/x/crypto/ssh"
)

// GuardSubsystem is the subsystem of a session channel that says how the guard
// stands: one line at once, and one at every change, until the client closes the
// channel. A line is "armed", or "unarmed" and why. It is there where the agent
// has a guard.
const GuardSubsystem = "guard"

// Guard gives the workload back where no link stands for too long. Its methods may
// be called from several goroutines.
type Guard interface {
	// Admit is asked for each link, once the client has proven who it is. leave is
	// called when the link has ended. Where ok is false the session is over.
	Admit(ctx context.Context) (leave func(), ok bool)
	// Standing says whether the guard would be able to act, or why it would not,
	// and has a channel that closes at a change.
	Standing() (armed bool, why string, changed <-chan struct{})
}

// presence knows whether the client is there.
type presence struct {
	mu    sync.Mutex
	links int
	since time.Time // when the last one ended, or the agent began
}

func (p *presence) enter() (leave func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.links++
	return sync.OnceFunc(func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		if p.links--; p.links == 0 {
			p.since = time.Now()
		}
	})
}

// version is the identification string with a comment (RFC 4253, 4.2) that says
// whether the client is there: whoever may reach the agent's port can read it
// without a key, so that a colleague can tell a living session from a dead one.
func (p *presence) version(name string) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.links > 0 {
		return name + " linked"
	}
	return fmt.Sprintf("%s away=%d", name, int(time.Since(p.since)/time.Second))
}

// admit counts a link in, if the guard lets it.
func (s *server) admit(ctx context.Context) (leave func(), ok bool) {
	if s.cfg.Guard == nil {
		return s.present.enter(), true
	}
	ctx, cancel := context.WithTimeout(ctx, handshakeTimeout)
	defer cancel()
	unguard, ok := s.cfg.Guard.Admit(ctx)
	if !ok {
		return nil, false
	}
	gone := s.present.enter()
	return func() { gone(); unguard() }, true
}

// sendGuard writes how the guard stands until the client goes.
func (l *link) sendGuard(ch ssh.Channel, gone <-chan struct{}) {
	for last := ""; ; {
		armed, why, changed := l.server.cfg.Guard.Standing()
		line := "armed\n"
		if !armed {
			line = "unarmed " + why + "\n"
		}
		if line != last {
			if _, err := io.WriteString(ch, line); err != nil {
				return
			}
			last = line
		}
		select {
		case <-changed:
		case <-gone:
			return
		case <-l.ctx.Done():
			return
		}
	}
}
