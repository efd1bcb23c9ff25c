package bench

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/tandem-dev/tandem/e2e/bench/load"
	"github.com/tandem-dev/tandem/e2e/harness"
	"github.com/tandem-dev/tandem/rpc/protocol"
)

// life is one session of the shop's api, started, serving, and stopped.
type life struct {
	// Start is from sending session/start to its answer, and Phases are the
	// session's states in it.
	Start  time.Duration
	Phases map[protocol.State]time.Duration
	// Pod is the part of Start that is the dev pod's own: from its first sight to
	// the agent's container running. Own is the rest of Start.
	Pod, Own time.Duration
	// Lag is the part of Pod from its init container being over to the agent's
	// container being seen to run: mostly the kubelet, which looks once a second.
	Lag time.Duration
	// Ready is from the agent running to the pod being ready.
	Ready time.Duration
	// Stop is from sending session/stop to its answer; Original is the part of it
	// that the original's first pod took to be ready again.
	Stop, Original time.Duration
	// AtStart and AtStop are what a caller in the cluster saw.
	AtStart, AtStop load.Outage
	// Asked is what the start cost the API server; nil where that is not known.
	Asked *requests
	// Memory of the server while the session was ready.
	Memory memory
	// Env is how many variables were resolved, to tell that the session was real.
	Env int
}

// phases are the states of a start, in order.
var phases = []protocol.State{
	protocol.StateChecking, protocol.StateDiverting, protocol.StateConnecting, protocol.StateResolving, protocol.StateSwitching,
}

// live starts and stops one session, and waits until the shop is itself again.
func (s *stage) live(c *harness.Client) life {
	s.t.Helper()
	var l life
	pods, err := watchPods(s.t.Context(), s.ns, "api")
	if err != nil {
		s.t.Fatalf("watching the pods: %v", err)
	}
	defer pods.stop()

	outage := s.probe()
	from := time.Now()
	var snap protocol.Snapshot
	c.MustCall(protocol.MethodSessionStart, c.StartParams("api"), &snap)
	to := time.Now()
	l.Start, l.Env = to.Sub(from), snap.Env.Count
	if l.Phases, err = phasesOf(c, snap.ID, from); err != nil {
		s.t.Fatal(err)
	}
	c.AwaitChange("the traffic to come here alone", func(now protocol.Snapshot) bool {
		// Not what was said of an earlier session of this name, which counted from 1, too.
		return now.ID == snap.ID && now.State == protocol.StateReady && now.Traffic == protocol.TrafficLocal && !now.Since.Before(from.Truncate(time.Second))
	})
	s.ns.AwaitServedBy("local")
	harness.Eventually(s.t, "the original's pods to go", s.ns.Settled)
	l.AtStart = outage()
	if l.Memory, err = memoryOf(c.PID()); err != nil {
		s.t.Fatal(err)
	}
	seen, err1 := pods.first("the dev pod", isDev)
	initialized, err4 := pods.first("the dev pod, initialized", func(p *corev1.Pod) bool { return isDev(p) && is(p, corev1.PodInitialized) })
	running, err2 := pods.first("the dev pod, running", func(p *corev1.Pod) bool { return isDev(p) && runs(p, "api") })
	isReady, err3 := pods.first("the dev pod, ready", func(p *corev1.Pod) bool { return isDev(p) && is(p, corev1.PodReady) })
	if err := errors.Join(err1, err2, err3, err4); err != nil {
		s.t.Fatal(err)
	}
	l.Pod, l.Ready = running.Sub(seen), isReady.Sub(running)
	l.Lag, l.Own = running.Sub(initialized), l.Start-l.Pod
	if log, err := harness.AuditLog(s.ns.Cluster.Kubeconfig); err == nil {
		asked, err := countRequests(log, s.user, from, to)
		if err != nil {
			s.t.Fatal(err)
		}
		l.Asked = &asked
	}

	outage = s.probe()
	from = time.Now()
	c.MustStop(snap.ID)
	l.Stop = time.Since(from)
	s.ns.AwaitServedBy("cluster")
	harness.Eventually(s.t, "the shop as before", s.ns.Settled)
	l.AtStop = outage()
	var back time.Time
	// The watch may tell of it a moment after the server did.
	harness.Eventually(s.t, "the original's pod", func(context.Context) (err error) {
		back, err = pods.first("the original's, ready again", func(p *corev1.Pod) bool {
			return !isDev(p) && is(p, corev1.PodReady) && p.CreationTimestamp.Time.After(from.Truncate(time.Second).Add(-time.Second)) && p.DeletionTimestamp == nil
		})
		return err
	})
	l.Original = back.Sub(from)
	return l
}

// phasesOf tells how long each state of a start lasted, by the arrival of what
// the server sent since from.
func phasesOf(c *harness.Client, id string, from time.Time) (map[protocol.State]time.Duration, error) {
	lasted := map[protocol.State]time.Duration{}
	var state protocol.State
	var entered time.Time
	for _, n := range c.Notifications() {
		var snap protocol.Snapshot
		if n.Method != protocol.MethodSessionDidChange || n.At.Before(from) {
			continue
		}
		if err := json.Unmarshal(n.Params, &snap); err != nil {
			return nil, err
		}
		if snap.ID != id || snap.State == state {
			continue
		}
		if state != "" {
			lasted[state] += n.At.Sub(entered)
		}
		state, entered = snap.State, n.At
	}
	return lasted, nil
}
