package bench

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"slices"
	"time"

	"github.com/tandem-dev/tandem/e2e/bench/load"
	"github.com/tandem-dev/tandem/e2e/harness"
)

// way is one way between this machine and the cluster.
type way struct {
	Name    string
	measure func(load.Plan) (load.Result, error)
	Rounds  []load.Result
}

// The ways by name. Ratios are to kubectlDefault.
const (
	loopback       = "bare loopback, no cluster (the floor)"
	kubectlDefault = "`kubectl port-forward`, WebSocket (its default)"
	kubectlSPDY    = "`kubectl port-forward`, SPDY"
	forward        = "Tandem forward"
	reverse        = "Tandem reverse, asked from a pod"
)

// ways are all there are, while the session "stand" is ready.
func (s *stage) ways() []*way {
	from := func(url string) func(load.Plan) (load.Result, error) {
		return func(p load.Plan) (load.Result, error) { return load.Measure(s.t.Context(), url, p) }
	}
	bare := httptest.NewServer(load.Handler())
	s.t.Cleanup(bare.Close)
	return []*way{
		{Name: loopback, measure: from(bare.URL)},
		{Name: kubectlDefault, measure: from(portForward(s.t, s.ns, true))},
		{Name: kubectlSPDY, measure: from(portForward(s.t, s.ns, false))},
		{Name: forward, measure: from(s.forward)},
		{Name: reverse, measure: s.fromTheCluster},
	}
}

// fromTheCluster lets the far pod ask the Service of the session, which leads
// through the reverse to this machine.
func (s *stage) fromTheCluster(p load.Plan) (r load.Result, err error) {
	order, err := json.Marshal(load.Order{URL: "http://stand", Plan: p})
	if err != nil {
		return r, err
	}
	answer, err := s.ns.Cluster.CoreV1().RESTClient().Post().Namespace(s.ns.Name).Resource("services").Name("far:http").
		SubResource("proxy").Suffix("measure").SetHeader("Content-Type", "application/json").Body(bytes.NewReader(order)).DoRaw(s.t.Context())
	if err != nil {
		return r, fmt.Errorf("%w: %s", err, answer)
	}
	return r, json.Unmarshal(answer, &r)
}

// tunnels measures every way in turns, so that what else the machine does meets
// all of them.
func (s *stage) tunnels(rounds int, p load.Plan) []*way {
	s.t.Helper()
	all := s.ways()
	for _, w := range all {
		// Warm, and reachable: the node may still be writing the Service's rules.
		harness.Eventually(s.t, w.Name, func(context.Context) error {
			_, err := w.measure(load.Plan{Connections: 3, Requests: 3})
			return err
		})
	}
	for round := range rounds {
		order := slices.Clone(all)
		if round%2 == 1 {
			slices.Reverse(order)
		}
		for _, w := range order {
			r, err := w.measure(p)
			if err != nil {
				s.t.Fatalf("%s: %v", w.Name, err)
			}
			w.Rounds = append(w.Rounds, r)
		}
	}
	return all
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
