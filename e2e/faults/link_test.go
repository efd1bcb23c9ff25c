package faults

import (
	"syscall"
	"testing"
	"time"
)

// Packets vanish both ways for a minute: no reset, no end, nothing.
func TestBlackHole(t *testing.T) {
	t.Parallel()
	during := 12 * time.Second
	if long() {
		during = time.Minute
	}
	h := newHole(t)
	s := newSceneWith(t, options{fault: "packets black-holed " + during.String(), kubeconfig: h.kubeconfig})
	s.strike(func() { h.swallow(during) })
	s.awaitFlow(15 * time.Second)
	s.finish()
}

// The connections to the API server are reset, once.
func TestConnectionsReset(t *testing.T) {
	t.Parallel()
	needsLong(t)
	r := newRelay(t)
	s := newSceneWith(t, options{fault: "connections reset", kubeconfig: r.kubeconfig})
	s.strike(func() { r.cut() })
	s.awaitFlow(10 * time.Second)
	s.finish()
}

// Every process of the session on this machine is frozen, as a laptop that sleeps.
func TestFrozen(t *testing.T) {
	t.Parallel()
	during := 8 * time.Second
	if long() {
		during = 90 * time.Second
	}
	s := newScene(t, "every local process frozen "+during.String())
	s.strike(func() {
		all := s.signalAll(syscall.SIGSTOP)
		time.Sleep(during) // the fault itself
		for _, p := range all {
			if err := syscall.Kill(p.pid, syscall.SIGCONT); err != nil {
				t.Errorf("SIGCONT to %s: %v", p, err)
			}
		}
	})
	s.awaitFlow(15 * time.Second)
	s.finish()
}
