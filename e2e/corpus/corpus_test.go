package corpus

import (
	"fmt"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tandem-dev/tandem/e2e/harness"
	"github.com/tandem-dev/tandem/envfile"
	"github.com/tandem-dev/tandem/session"
)

// tally is the closing line.
type tally struct{ workloads, sessions, variables, ofPod, differences atomic.Int64 }

// ground is a namespace with the engines that resolve in it.
type ground struct {
	namespace           *harness.Namespace
	kubelet, documented *session.Manager
}

// Every row: the container's real environment, against the engine's without a
// session, in both precedences, and for some with a session.
func TestCorpus(t *testing.T) {
	started := time.Now()
	refs := pushImages(t)
	grounds := map[place]ground{}
	agent := sync.OnceValue(func() string { return harness.AgentImage(t) })
	for _, p := range []place{ordinary, own, limited} {
		n := newPlace(t, p)
		grounds[p] = ground{n, manager(t, n, nil), manager(t, n, func(c *session.Config) { c.Precedence = envfile.Documented })}
	}
	var sum tally
	t.Run("rows", func(t *testing.T) {
		for i, r := range rows {
			t.Run(r.rule, func(t *testing.T) {
				t.Parallel()
				g, name, image := grounds[r.place], fmt.Sprintf("r%03d", i), "plain"
				if r.image != "" {
					image = r.image
				}
				real := r.run(t, g.namespace.For(t), name, refs[image])
				sum.workloads.Add(1)
				r.requireRule(t, real)
				path := okteto(t, name, "")
				offline, err := g.kubelet.ResolveOffline(t.Context(), path, name)
				must(t, err)
				sum.count(real, offline)
				sum.report(t, "offline", r.compare(real, offline, nil))
				requireNoDoubt(t, offline)
				documented, err := g.documented.ResolveOffline(t.Context(), path, name)
				must(t, err)
				sum.report(t, "offline, documented precedence", r.compare(real, documented, r.documented))
				if r.online {
					r.inSession(t, g.namespace.For(t), agent(), path, name, real, &sum)
				}
			})
		}
	})
	t.Logf("corpus: %d workloads, %d variables compared in two precedences, %d of them belong to the pod, %d workloads also in a session: %d differences, %s",
		sum.workloads.Load(), sum.variables.Load(), sum.ofPod.Load(), sum.sessions.Load(), sum.differences.Load(), time.Since(started).Round(time.Second))
}

func (s *tally) count(real map[string]string, e *envfile.Environment) {
	s.variables.Add(int64(len(real)))
	for _, v := range e.Vars {
		if v.Unresolved {
			s.ofPod.Add(1)
		}
	}
}

func (s *tally) report(t *testing.T, how string, differences []string) {
	t.Helper()
	s.differences.Add(int64(len(differences)))
	for _, d := range differences {
		t.Errorf("%s: %s", how, d)
	}
}

// requireRule checks that the cluster does what the row says.
func (r row) requireRule(t *testing.T, real map[string]string) {
	t.Helper()
	for name, want := range r.want {
		if got, ok := real[name]; !ok || got != want {
			t.Errorf("the container has %s=%q (%v), the rule says %q", name, got, ok, want)
		}
	}
	for _, name := range r.lacks {
		if got, ok := real[name]; ok {
			t.Errorf("the container has %s=%q, the rule says it has not", name, got)
		}
	}
}

// compare lists what is not the same. instead are the values that another
// precedence gives.
func (r row) compare(real map[string]string, e *envfile.Environment, instead map[string]string) []string {
	var all []string
	differ := func(format string, args ...any) { all = append(all, fmt.Sprintf(format, args...)) }
	for _, name := range slices.Sorted(maps.Keys(real)) {
		v, ok := e.Lookup(name)
		want := real[name]
		if other, ok := instead[name]; ok {
			want = other
		}
		mayLack := name == "HOSTNAME" || name == "HOME"
		switch {
		case !ok:
			differ("%s=%q of the container is not there", name, want)
		case slices.Contains(r.ofPod, name):
			if !v.Unresolved || len(v.Notes) == 0 {
				differ("%s belongs to the pod and has the value %q, notes %q", name, v.Value, v.Notes)
			}
		case v.Unresolved && mayLack && len(v.Notes) > 0:
		case v.Unresolved:
			differ("%s is unresolved: %q; the container has %q", name, v.Notes, want)
		case v.Value != want:
			differ("%s is %q, the container has %q", name, v.Value, want)
		}
	}
	for _, v := range e.Vars {
		if _, ok := real[v.Name]; !ok {
			differ("%s=%q (%s) is not in the container", v.Name, v.Value, v.Origin)
		}
	}
	return all
}

// requireNoDoubt checks that nothing but the pod's own is warned about: all
// sources can be read.
func requireNoDoubt(t *testing.T, e *envfile.Environment) {
	t.Helper()
	for _, w := range e.Warnings {
		if w.Code != envfile.WarnUnresolved {
			t.Errorf("warning %s for %s: %s", w.Code, w.Variable, w.Message)
		}
	}
}

// inSession resolves with a running session, whose pod is another one.
func (r row) inSession(t *testing.T, n *harness.Namespace, agent, path, name string, real map[string]string, sum *tally) {
	t.Helper()
	m := manager(t, n, func(c *session.Config) { c.AgentImage = agent })
	snap, err := m.Start(t.Context(), session.StartRequest{Manifest: path, Dev: name})
	must(t, err)
	online, err := m.Environment(snap.ID)
	must(t, err)
	var differences []string
	for _, name := range slices.Sorted(maps.Keys(real)) {
		v, ok := online.Lookup(name)
		ofPod := slices.Contains(r.ofPod, name) || name == "HOSTNAME" && v.Origin.Tier == envfile.Injected
		if !ok || v.Unresolved || v.Value != real[name] && !ofPod {
			differences = append(differences, fmt.Sprintf("%s is %q (found: %v, unresolved: %v), the original has %q", name, v.Value, ok, v.Unresolved, real[name]))
		}
	}
	for _, v := range online.Vars {
		if _, ok := real[v.Name]; !ok {
			differences = append(differences, fmt.Sprintf("%s=%q (%s) is not in the original", v.Name, v.Value, v.Origin))
		}
	}
	sum.report(t, "in a session", differences)
	sum.sessions.Add(1)
	if _, err := m.Stop(t.Context(), snap.ID); err != nil {
		t.Errorf("stopping the session: %v", err)
	}
}
