package bench

import (
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tandem-dev/tandem/e2e/bench/load"
)

func TestSpreadOf(t *testing.T) {
	for _, c := range []struct {
		values []float64
		want   spread
	}{
		{nil, spread{}},
		{[]float64{3}, spread{3, 3, 3}},
		{[]float64{4, 1}, spread{2.5, 1, 4}},
		{[]float64{9, 1, 5}, spread{5, 1, 9}},
	} {
		if got := spreadOf(c.values); got != c.want {
			t.Errorf("spreadOf(%v) = %v, want %v", c.values, got, c.want)
		}
	}
}

func TestMs(t *testing.T) {
	var times []time.Duration
	for i := 100; i > 0; i-- {
		times = append(times, time.Duration(i)*time.Millisecond)
	}
	if p50, p99 := ms(times, 0.5), ms(times, 0.99); p50 != 51 || p99 != 100 {
		t.Errorf("p50 %v, p99 %v", p50, p99)
	}
}

func TestTable(t *testing.T) {
	table := table{head: []string{"", "ms"}}
	table.row("a way", "0.21 (2.00×)")
	table.row("another", "1")
	want := strings.Join([]string{
		"|         | ms           |",
		"| ------- | ------------ |",
		"| a way   | 0.21 (2.00×) |",
		"| another | 1            |",
		"",
	}, "\n")
	if diff := cmp.Diff(want, table.String()); diff != "" {
		t.Error(diff)
	}
}

func TestBetween(t *testing.T) {
	got, err := between("a\n"+beginMark+"old\n"+endMark+"b\n", "new\n")
	if err != nil || got != "a\n"+beginMark+"new\n"+endMark+"b\n" {
		t.Errorf("%q, %v", got, err)
	}
	if _, err := between("no marks", "new"); err == nil {
		t.Error("no error without marks")
	}
}

func TestParseStatus(t *testing.T) {
	got, err := parseStatus([]byte("Name:\ttandem\nVmHWM:\t   40960 kB\nVmRSS:\t    1024 kB\nThreads:\t9\n"))
	if want := (memory{Resident: 1 << 20, Peak: 40 << 20}); got != want || err != nil {
		t.Errorf("%+v, %v", got, err)
	}
	if _, err := parseStatus([]byte("Name:\tkthreadd\n")); err == nil {
		t.Error("no error without memory")
	}
}

func TestParseStat(t *testing.T) {
	got, err := parseStat("42 (a) b) S 1 42 42 0 -1 4194304 100 0 0 0 120 30 0 0 20 0 8 0 12345 1 2")
	if want := 1500 * time.Millisecond; got != want || err != nil {
		t.Errorf("%s, %v", got, err)
	}
	if _, err := parseStat("42 (tandem) S 1"); err == nil {
		t.Error("no error for a short line")
	}
}

func TestRegressions(t *testing.T) {
	committed := map[string]float64{"w, 0 ms, new p50": 0.4, "w, 0 ms, kept p50": 1, "w, 0 ms, down": 0.8, "w, 0 ms, up 8": 1, "w, 80 ms, up": 1}
	now := map[string]float64{"w, 0 ms, new p50": 0.51, "w, 0 ms, kept p50": 1.25, "w, 0 ms, down": 0.63, "w, 0 ms, up 8": 3}
	want := []string{
		"w, 0 ms, down: 0.63 of kubectl's best, committed 0.80",
		"w, 0 ms, new p50: 0.51 of kubectl's best, committed 0.40",
		"w, 80 ms, up: not measured",
	}
	if diff := cmp.Diff(want, regressions(committed, now)); diff != "" {
		t.Error(diff)
	}
}

// The relay delays and carries: a ratio at a distance is measured through it.
func TestRelay(t *testing.T) {
	server := httptest.NewServer(load.Handler())
	defer server.Close()
	const delay = 20 * time.Millisecond
	r, err := load.Measure(t.Context(), "http://"+relay(t, server.Listener.Addr().String(), delay), load.Plan{Connections: 2, Requests: 3, Bytes: 8 << 20})
	if err != nil {
		t.Fatal(err)
	}
	for _, took := range append(r.New, r.Kept...) {
		if took < 2*delay {
			t.Errorf("a request took %s, which is less than the delay of %s there and back", took, delay)
		}
	}
}

// Only the user's own requests in the span count, each once although the log has
// an event for each of its stages.
func TestCountRequests(t *testing.T) {
	begin := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	var log strings.Builder
	event := func(id, user, verb, resource, subresource string, after time.Duration) {
		fmt.Fprintf(&log, `{"auditID":%q,"verb":%q,"user":{"username":"admin"},"impersonatedUser":{"username":%q},`+
			`"objectRef":{"resource":%q,"subresource":%q},"requestReceivedTimestamp":%q}`+"\n",
			id, verb, user, resource, subresource, begin.Add(after).Format(time.RFC3339Nano))
	}
	event("0", "me", "get", "deployments", "", -time.Nanosecond)
	event("1", "me", "get", "deployments", "", 0)
	event("2", "me", "watch", "pods", "", time.Second)
	event("2", "me", "watch", "pods", "", time.Second)
	event("3", "me", "get", "pods", "portforward", time.Second)
	event("4", "other", "get", "pods", "", time.Second)
	event("5", "me", "patch", "deployments", "scale", time.Second)
	event("6", "me", "get", "secrets", "", 2*time.Second)
	got, err := countRequests([]byte(log.String()), "me", begin, begin.Add(2*time.Second))
	want := requests{Plain: 2, Watches: 1, Streams: 1, Calls: []string{"get deployments", "patch deployments/scale"}}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("%v\n%s", err, diff)
	}
	if _, err := countRequests([]byte(`{"me"`), "me", begin, begin); err == nil {
		t.Error("no error for a broken log")
	}
}
