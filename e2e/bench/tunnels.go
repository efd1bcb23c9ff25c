package bench

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/tandem-dev/tandem/e2e/bench/load"
	"github.com/tandem-dev/tandem/e2e/harness"
	"github.com/tandem-dev/tandem/rpc/protocol"
)

// way is one way between this machine and the cluster, or within one of them.
type way struct {
	Name    string
	measure func(load.Plan) (load.Result, error)
	check   func(held int) (load.Checks, error)
	Rounds  []load.Result
	Checks  load.Checks
}

// The ways by name.
const (
	loopback         = "bare loopback, no cluster"
	podToPod         = "pod to pod, through a Service"
	kubectlWebSocket = "`kubectl port-forward`, WebSocket"
	kubectlSPDY      = "`kubectl port-forward`, SPDY"
	sshForward       = "OpenSSH `-L` over it"
	sshReverse       = "OpenSSH `-R` over it"
	forward          = "Tandem forward"
	reverse          = "Tandem reverse"
)

// distance is a set of ways at one distance from the cluster.
type distance struct {
	// Added to every round trip between this machine and the API server.
	Added time.Duration
	Ways  []*way
	plan  load.Plan
	// held connections, 0 for no checks.
	held   int
	rounds int
}

// distances are what is measured, nearest first. The farther, the longer one
// request takes, and the fewer are made.
func distances(rounds int) []*distance {
	few := (rounds + 1) / 2
	return []*distance{
		{rounds: rounds, held: 500, plan: load.Plan{Connections: 150, Requests: 300, Bytes: 128 << 20, Streams: 8, Busy: true}},
		{rounds: few, Added: 20 * time.Millisecond, plan: load.Plan{Connections: 25, Requests: 25, Bytes: 128 << 20, Streams: 8}},
		{rounds: few, Added: 80 * time.Millisecond, plan: load.Plan{Connections: 10, Requests: 10, Bytes: 192 << 20, Streams: 8}},
	}
}

// far measures one distance with a tandem and a session of its own, in whose
// server's memory it is interested after the load. All that it started has ended
// when it returns.
func (s *stage) far(d *distance) (loaded memory) {
	s.t.Helper()
	s.t.Run(d.Added.String(), func(t *testing.T) {
		ws := *s.ws
		ws.T = t
		s := &stage{t: t, ns: s.ns, ws: &ws, user: s.user, forward: s.forward, reverse: s.reverse, sshKey: s.sshKey, plane: s.plane}
		if d.Added > 0 {
			ws.Kubeconfig = delayed(t, ws.Kubeconfig, d.Added)
		}
		c := harness.ServeWith(&ws, harness.Options{Initialization: protocol.InitializationOptions{LogLevel: "info", DataPlane: protocol.DataPlane(s.plane)}})
		snap := s.stand(c)
		d.Ways = s.ways(d, ws.Kubeconfig)
		s.measure(d)
		var err error
		if loaded, err = memoryOf(c.PID()); err != nil {
			t.Fatal(err)
		}
		c.MustStop(snap.ID)
	})
	if s.t.Failed() {
		s.t.FailNow()
	}
	return loaded
}

// stand starts the session whose tunnels are measured. It runs no command:
// the reverse ends in this process.
func (s *stage) stand(c *harness.Client) protocol.Snapshot {
	s.t.Helper()
	params := c.StartParams("stand")
	params.Options.Run = false
	var snap protocol.Snapshot
	c.MustCall(protocol.MethodSessionStart, params, &snap)
	// The original is taken to zero a moment after the session is ready.
	return c.AwaitChange("the traffic turned", func(now protocol.Snapshot) bool {
		return now.ID == snap.ID && now.Traffic == protocol.TrafficLocal
	})
}

// ways are all there are, while the session "stand" is ready.
func (s *stage) ways(d *distance, kubeconfig string) []*way {
	here := func(name, url string) *way {
		return &way{Name: name,
			measure: func(p load.Plan) (load.Result, error) { return load.Measure(s.t.Context(), url, p) },
			check:   func(held int) (load.Checks, error) { return load.Check(s.t.Context(), url, held) }}
	}
	there := func(name, url string) *way {
		return &way{Name: name,
			measure: func(p load.Plan) (r load.Result, err error) {
				return r, s.fromTheCluster("measure", load.Order{URL: url, Plan: p}, &r)
			},
			check: func(held int) (c load.Checks, err error) {
				return c, s.fromTheCluster("check", load.Order{URL: url, Held: held}, &c)
			}}
	}
	var all []*way
	if d.Added == 0 {
		bare := httptest.NewServer(load.Handler())
		s.t.Cleanup(bare.Close)
		all = append(all, here(loopback, bare.URL), there(podToPod, "http://peer"))
	}
	all = append(all,
		here(kubectlWebSocket, "http://"+portForward(s.t, s.ns, kubeconfig, "far", 8080, true)),
		here(kubectlSPDY, "http://"+portForward(s.t, s.ns, kubeconfig, "far", 8080, false)))
	if _, err := os.Stat(sshd); err == nil {
		all = append(all, here(sshForward, s.openSSH(kubeconfig, s.reverse)), there(sshReverse, "http://ssh"))
	}
	return append(all, here(forward, s.forward), there(reverse, "http://stand"))
}

// fromTheCluster lets the far pod ask.
func (s *stage) fromTheCluster(what string, o load.Order, result any) error {
	order, err := json.Marshal(o)
	if err != nil {
		return err
	}
	answer, err := s.ns.Cluster.CoreV1().RESTClient().Post().Namespace(s.ns.Name).Resource("services").Name("far:http").
		SubResource("proxy").Suffix(what).SetHeader("Content-Type", "application/json").Body(bytes.NewReader(order)).DoRaw(s.t.Context())
	if err != nil {
		return fmt.Errorf("%w: %s", err, answer)
	}
	return json.Unmarshal(answer, result)
}

// measure takes every way in turns, so that what else the machine does meets all
// of them.
func (s *stage) measure(d *distance) {
	s.t.Helper()
	for _, w := range d.Ways {
		// Warm, and reachable: the node may still be writing the Service's rules.
		harness.Eventually(s.t, w.Name, func(context.Context) error {
			_, err := w.measure(load.Plan{Connections: 3, Requests: 3})
			return err
		})
	}
	for round := range d.rounds {
		order := slices.Clone(d.Ways)
		if round%2 == 1 {
			slices.Reverse(order)
		}
		for _, w := range order {
			began := time.Now()
			r, err := w.measure(d.plan)
			if err != nil {
				s.t.Fatalf("%s: %v", w.Name, err)
			}
			progress(w, r, time.Since(began))
			w.Rounds = append(w.Rounds, r)
		}
	}
	if d.held == 0 {
		return
	}
	for _, w := range d.Ways {
		began := time.Now()
		var err error
		if w.Checks, err = w.check(d.held); err != nil {
			s.t.Fatalf("%s: %v", w.Name, err)
		}
		fmt.Fprintf(os.Stderr, "  %-34s %+v (%.1f s)\n", w.Name, w.Checks, time.Since(began).Seconds())
	}
}

// progress is a line for who waits.
func progress(w *way, r load.Result, took time.Duration) {
	fmt.Fprintf(os.Stderr, "  %-34s", w.Name)
	for _, f := range figures {
		if v := f.of(r); v > 0 {
			fmt.Fprintf(os.Stderr, "  %s "+f.format, f.key, v)
		}
	}
	fmt.Fprintf(os.Stderr, " (%.1f s)\n", took.Seconds())
}

// each applies a figure to every round.
func (w *way) each(figure func(load.Result) float64) []float64 {
	var all []float64
	for _, r := range w.Rounds {
		all = append(all, figure(r))
	}
	return all
}

// ms is a quantile of times, in milliseconds.
func ms(times []time.Duration, q float64) float64 {
	sorted := slices.Sorted(slices.Values(times))
	if len(sorted) == 0 {
		return 0
	}
	return sorted[min(int(q*float64(len(sorted))), len(sorted)-1)].Seconds() * 1e3
}
