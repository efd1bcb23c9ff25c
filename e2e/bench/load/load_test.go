package load

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

func TestMeasure(t *testing.T) {
	server := httptest.NewServer(Handler())
	defer server.Close()
	plan := Plan{Connections: 5, Requests: 7, Bytes: 1<<20 + 3}
	r, err := Measure(t.Context(), server.URL, plan)
	if err != nil {
		t.Fatal(err)
	}
	if len(r.New) != 5 || len(r.Kept) != 7 || r.Down <= 0 || r.Up <= 0 {
		t.Errorf("%d new, %d kept, %f down, %f up", len(r.New), len(r.Kept), r.Down, r.Up)
	}

	body, err := json.Marshal(Order{URL: server.URL, Plan: plan})
	if err != nil {
		t.Fatal(err)
	}
	answer, err := http.Post(server.URL+"/measure", "application/json", strings.NewReader(string(body)))
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	var far Result
	if err := json.NewDecoder(answer.Body).Decode(&far); err != nil || len(far.Kept) != 7 {
		t.Errorf("on behalf of another: %d kept, %v", len(far.Kept), err)
	}
}

// A tunnel that cuts or answers wrongly must fail the measurement, not flatter it.
func TestMeasureRefusesWhatIsNotTheAnswer(t *testing.T) {
	for name, handler := range map[string]http.HandlerFunc{
		"short":  func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("short")) },
		"status": func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) },
	} {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewServer(handler)
			defer server.Close()
			if _, err := Measure(t.Context(), server.URL, Plan{Connections: 1}); err == nil {
				t.Error("no error")
			}
		})
	}
}

func TestProbe(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var requests atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		switch n := requests.Add(1); {
		case n == 40:
			cancel()
		case n > 10 && n <= 20:
			w.WriteHeader(http.StatusBadGateway)
		case n <= 10 || n == 25:
			_, _ = w.Write([]byte(`{"servedBy":"cluster"}`))
		default:
			_, _ = w.Write([]byte(`{"servedBy":"local"}`))
		}
	}))
	defer server.Close()
	o := Probe(ctx, server.URL)
	if o.Failures != 10 || o.Requests < 39 {
		t.Errorf("%d requests, %d failures", o.Requests, o.Failures)
	}
	if o.Longest < 10*probePause/2 {
		t.Errorf("the longest pause is %s", o.Longest)
	}
	if o.Mixed <= 0 || o.Mixed > o.Longest+time.Second {
		t.Errorf("answers of both for %s", o.Mixed)
	}
}

func TestProbeStopsWithoutStart(t *testing.T) {
	var p prober
	if o := p.stop(); o != (Outage{}) {
		t.Errorf("%+v", o)
	}
}
