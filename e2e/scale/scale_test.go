package scale

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/tandem-dev/tandem/e2e/harness"
)

var sessions = flag.Int("sessions", 0, "how many sessions to simulate; 0 is the short form")

// shortForm is how many sessions an everyday run has.
const shortForm = 20

func TestMain(m *testing.M) {
	flag.Parse()
	os.Exit(harness.Main(m))
}

// row is the API server with so many sessions.
type row struct {
	sessions     int
	server       server
	share        float64 // of a core, while nothing happens
	get, noticed []time.Duration
}

func TestScale(t *testing.T) {
	long := *sessions > 0
	steps := []int{0, shortForm / 2, shortForm}
	idle, requests := 2*time.Second, 40
	if long {
		steps = []int{0, *sessions / 4, *sessions / 2, *sessions}
		idle, requests = 30*time.Second, 400
	}
	l := observe(t)
	c := harness.Connect(t)
	p := &population{t: t, cluster: c, left: l, name: fmt.Sprintf("e2e-scale-%d", time.Now().Unix())}
	defer p.close()
	probe := &population{t: t, cluster: c, left: l, name: p.name + "-probe"} // the one whose requests are timed
	defer probe.close()
	probe.grow(1)

	var rows []row
	for _, n := range steps {
		if n > 0 {
			p.grow(n)
		}
		p.settle()
		rows = append(rows, measure(t, c, probe.sessions[0], n, idle, requests))
		t.Log(rows[len(rows)-1])
	}
	t.Logf("a session leaves %d bytes in 4 objects and a mark, and holds %d watches\n%s", l.bytes, l.watches(), table(rows))

	// Everything is linear: the watches are exactly the sessions', and each of the
	// sessions still hears of its own objects, and of those only.
	first, last := rows[0], rows[len(rows)-1]
	want := last.sessions * l.watches()
	if got := last.server.watches - first.server.watches; got < want || long && got > want+want/20 {
		t.Errorf("%d sessions have %d watches, want %d", last.sessions, got, want)
	}
	p.hearing()
	if !long {
		return
	}
	half := rows[2]
	lower := float64(half.server.resident - first.server.resident)
	upper := float64(last.server.resident - half.server.resident)
	if upper > 2*lower {
		t.Errorf("the API server grows by %.0f MB for the first half of the sessions, by %.0f MB for the second", lower/(1<<20), upper/(1<<20))
	}
	if was, is := percentile(first.get, 99), percentile(last.get, 99); is > max(5*was, 50*time.Millisecond) {
		t.Errorf("a request takes %s in the worst of 100 cases, %s without sessions", is, was)
	}
}

// settle waits until the controllers have seen every Deployment.
func (p *population) settle() {
	seen := map[string]bool{}
	for _, s := range p.sessions {
		if seen[s.namespace] {
			continue
		}
		seen[s.namespace] = true
		ctx, cancel := context.WithTimeout(p.t.Context(), 10*time.Minute)
		err := harness.Poll(ctx, func(ctx context.Context) error {
			all, err := p.cluster.AppsV1().Deployments(s.namespace).List(ctx, metav1.ListOptions{})
			if err != nil {
				return err
			}
			for _, d := range all.Items {
				if d.Status.ObservedGeneration < d.Generation {
					return fmt.Errorf("%s is not observed", d.Name)
				}
			}
			return nil
		})
		cancel()
		if err != nil {
			p.t.Fatal(err)
		}
	}
}

// measure looks at the API server while nothing happens, then times requests.
func measure(t *testing.T, c *harness.Cluster, probe *session, n int, idle time.Duration, requests int) row {
	t.Helper()
	ctx, r := t.Context(), row{sessions: n}
	before, err := look(ctx, c.Clientset)
	began := time.Now()
	if err == nil {
		time.Sleep(idle) // nothing is to happen: that is what is measured
		r.server, err = look(ctx, c.Clientset)
	}
	if err != nil {
		t.Fatal(err)
	}
	r.share = float64(r.server.cpu-before.cpu) / float64(time.Since(began))
	for i := range requests {
		began := time.Now()
		if _, err := probe.client.AppsV1().Deployments(probe.namespace).Get(ctx, probe.name, metav1.GetOptions{}); err != nil {
			t.Fatal(err)
		}
		r.get = append(r.get, time.Since(began))
		drain(probe.marked)
		began = time.Now()
		if err := probe.mark(ctx, n*requests+i); err != nil {
			t.Fatal(err)
		}
		select {
		case <-probe.marked:
		case <-time.After(10 * time.Second):
			t.Fatal("a change of the dev Deployment is not noticed")
		}
		r.noticed = append(r.noticed, time.Since(began))
	}
	return r
}

// hearing changes one session's Deployment and requires that this session hears
// of it and no other does.
func (p *population) hearing() {
	p.t.Helper()
	for _, s := range p.sessions {
		drain(s.marked)
	}
	one := p.sessions[len(p.sessions)/2]
	if err := one.mark(p.t.Context(), -1); err != nil {
		p.t.Fatal(err)
	}
	select {
	case <-one.marked:
	case <-time.After(10 * time.Second):
		p.t.Fatal(errors.New("a session does not hear of its own Deployment"))
	}
	for _, s := range p.sessions {
		select {
		case <-s.marked:
			if s != one {
				p.t.Errorf("%s hears of another session's Deployment", s.name)
			}
		default:
		}
	}
}

func drain(c chan struct{}) {
	select {
	case <-c:
	default:
	}
}

func percentile(all []time.Duration, p int) time.Duration {
	sorted := slices.Sorted(slices.Values(all))
	return sorted[min(len(sorted)*p/100, len(sorted)-1)]
}

func (r row) String() string {
	ms := func(d time.Duration) string { return fmt.Sprintf("%.1f ms", float64(d)/1e6) }
	return fmt.Sprintf("| %d | %d | %.0f MB | %.1f MB | %.1f %% | %s | %s | %s | %s |", r.sessions, r.server.watches,
		float64(r.server.resident)/(1<<20), float64(r.server.stored)/(1<<20), 100*r.share,
		ms(percentile(r.get, 50)), ms(percentile(r.get, 99)), ms(percentile(r.noticed, 50)), ms(percentile(r.noticed, 99)))
}

func table(rows []row) string {
	var b strings.Builder
	b.WriteString("| sessions | watches | API server, resident | etcd's data | API server, idle, of a core | request p50 | p99 | change noticed p50 | p99 |\n")
	b.WriteString("|---|---|---|---|---|---|---|---|---|\n")
	for _, r := range rows {
		fmt.Fprintln(&b, r)
	}
	return b.String()
}
