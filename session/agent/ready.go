package agent

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"sync"
	"time"
)

// The lines that the readiness socket speaks: one at once, and one at every
// change, until the prober goes.
const (
	stateReady   = "ready"
	stateWaiting = "waiting" // followed by the missing ports; never ready before
	stateLost    = "lost"    // followed by the missing ports; ready before
)

const (
	maxProbes     = 32
	maxStateLine  = 1 << 19               // every port there is, five digits and a comma each
	probeInterval = 50 * time.Millisecond // between attempts to reach an agent that starts
)

// ErrNotReady is wrapped by what AwaitReady returns when the time is over.
var ErrNotReady = errors.New("not ready")

// ReadySocket is the name of the readiness socket of the agent that listens on
// the address. It depends on the port only, and is visible inside the pod's
// network namespace only.
func ReadySocket(listen string) (string, error) {
	_, port, err := net.SplitHostPort(listen)
	if err != nil {
		return "", fmt.Errorf("listen address %q: %w", listen, err)
	}
	return "@tandem-agent-" + port, nil
}

// AwaitReady blocks until the agent behind the socket is ready. It gives up
// with ErrNotReady after wait, or, where the agent was ready before and has
// lost its client, already after lost: a pod that has been switched to should
// say soon that nobody answers, while a new one deserves patience.
func AwaitReady(ctx context.Context, socket string, wait, lost time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	reason := "the agent does not answer"
	for {
		conn, err := dialReady(ctx, socket)
		if err != nil {
			if errors.Is(err, errors.ErrUnsupported) {
				return err
			}
			if !pause(ctx.Done(), probeInterval) {
				return fmt.Errorf("%w: %s", ErrNotReady, reason)
			}
			continue
		}
		state, err := follow(ctx, conn, lost)
		switch {
		case state.name == stateReady:
			return nil
		case state.name != "":
			reason = state.String()
		}
		if err != nil || !pause(ctx.Done(), probeInterval) {
			return fmt.Errorf("%w: %s", ErrNotReady, reason)
		}
		// The agent closed the socket: it restarts.
	}
}

// follow reads states until one is ready. It returns the last one; the error
// says that the time is over.
func follow(ctx context.Context, conn net.Conn, lost time.Duration) (last probeState, err error) {
	stop := closeWhenDone(ctx, conn)
	defer stop()
	lines := bufio.NewScanner(conn)
	lines.Buffer(nil, maxStateLine)
	lostAt := time.Time{}
	for lines.Scan() {
		state, ok := parseState(lines.Text())
		if !ok {
			continue // of a newer agent
		}
		last = state
		switch {
		case state.name == stateReady:
			return last, nil
		case state.name == stateLost && lostAt.IsZero():
			lostAt = time.Now()
			conn.SetReadDeadline(lostAt.Add(lost))
		}
	}
	if !lostAt.IsZero() && time.Since(lostAt) >= lost {
		return last, ErrNotReady
	}
	return last, ctx.Err()
}

// probeState is one line of the readiness socket.
type probeState struct {
	name  string
	ports []int
}

func (s probeState) String() string {
	if len(s.ports) == 0 {
		return s.name
	}
	var b strings.Builder
	b.WriteString(s.name)
	for i, port := range s.ports {
		if i == 0 {
			b.WriteByte(' ')
		} else {
			b.WriteByte(',')
		}
		b.WriteString(strconv.Itoa(port))
	}
	return b.String()
}

func parseState(line string) (probeState, bool) {
	name, list, _ := strings.Cut(line, " ")
	state := probeState{name: name}
	switch name {
	case stateReady, stateWaiting, stateLost:
	default:
		return probeState{}, false
	}
	if list == "" {
		return state, true
	}
	for field := range strings.SplitSeq(list, ",") {
		port, err := strconv.ParseUint(field, 10, 16)
		if err != nil {
			return probeState{}, false
		}
		state.ports = append(state.ports, int(port))
	}
	return state, true
}

// serveReady answers probes until ctx is done.
func serveReady(ctx context.Context, ln net.Listener, p *ports) {
	var probes sync.WaitGroup
	defer probes.Wait()
	stop := closeWhenDone(ctx, ln)
	defer stop()
	slots := make(chan struct{}, maxProbes)
	for {
		conn, err := ln.Accept()
		if err != nil {
			if ctx.Err() == nil && isTemporary(err) && pause(ctx.Done(), acceptBackoff) {
				continue
			}
			return
		}
		select {
		case slots <- struct{}{}:
		default:
			conn.Close() // the prober tries again
			continue
		}
		probes.Go(func() {
			defer func() { <-slots }()
			answerProbe(ctx, conn, p)
		})
	}
}

// answerProbe writes the state at once and at every change, until the prober
// closes its end.
func answerProbe(ctx context.Context, conn net.Conn, p *ports) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	stop := closeWhenDone(ctx, conn)
	defer stop()
	var reader sync.WaitGroup
	defer reader.Wait()
	defer conn.Close()
	reader.Go(func() {
		defer cancel()
		// A prober has nothing to say: any byte and its end are the same.
		_, _ = conn.Read(make([]byte, 1))
	})
	for {
		missing, served, changed := p.readiness()
		state := probeState{name: stateReady, ports: missing}
		switch {
		case len(missing) > 0 && served:
			state.name = stateLost
		case len(missing) > 0:
			state.name = stateWaiting
		}
		conn.SetWriteDeadline(time.Now().Add(handshakeTimeout))
		if _, err := fmt.Fprintln(conn, state); err != nil {
			return
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return
		}
	}
}
