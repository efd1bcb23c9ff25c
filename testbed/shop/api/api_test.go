package main

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"
)

// withoutRedis is the service while its store does not answer: nothing listens on
// port 1.
func withoutRedis(t *testing.T) http.Handler {
	t.Helper()
	store := redis.NewClient(&redis.Options{Addr: "127.0.0.1:1", MaxRetries: -1, DialerRetries: 1})
	t.Cleanup(func() { store.Close() })
	return newAPI(store)
}

func TestAPI(t *testing.T) {
	for _, test := range []struct {
		name, method, path, body string
		status                   int
		says                     string
	}{
		{"an order without an item", "POST", "/orders", `{"quantity": 2}`, 400, "needs an item"},
		{"an order that is no JSON", "POST", "/orders", `tea`, 400, "not an order"},
		{"an order of unlimited size", "POST", "/orders", `{"item": "` + strings.Repeat("x", 2*bodyLimit) + `"}`, 400, "too large"},
		{"orders without a store", "GET", "/orders", "", 502, "redis"},
		{"health without a store", "GET", "/healthz", "", 503, "redis"},
		{"an unknown path", "GET", "/nothing", "", 404, ""},
		{"a wrong method", "DELETE", "/orders", "", 405, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := httptest.NewRecorder()
			withoutRedis(t).ServeHTTP(w, httptest.NewRequest(test.method, test.path, strings.NewReader(test.body)))
			if w.Code != test.status || !strings.Contains(w.Body.String(), test.says) {
				t.Errorf("%d %s, want %d and %q", w.Code, w.Body, test.status, test.says)
			}
		})
	}
}

func TestWhoamiTellsWhereItRuns(t *testing.T) {
	for value, want := range map[string]string{"": "cluster", "local": "local"} {
		t.Setenv("SHOP_WHERE", value)
		w := httptest.NewRecorder()
		withoutRedis(t).ServeHTTP(w, httptest.NewRequest("GET", "/whoami", nil))
		var got Identity
		if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil {
			t.Fatal(err)
		}
		if got.ServedBy != want || got.PID != os.Getpid() || got.Hostname == "" {
			t.Errorf("SHOP_WHERE=%q: %+v, want servedBy %q", value, got, want)
		}
	}
}

func TestEnvironIsExact(t *testing.T) {
	t.Setenv("SHOP_ODD", "a=b \"c\"\nd")
	t.Setenv("SHOP_NONE", "")
	var out bytes.Buffer
	if err := environ(&out); err != nil {
		t.Fatal(err)
	}
	entries := strings.Split(out.String(), "\x00")
	for _, want := range []string{"SHOP_ODD=a=b \"c\"\nd", "SHOP_NONE="} {
		if !slices.Contains(entries, want) {
			t.Errorf("no entry %q", want)
		}
	}
}

func TestCanaryCountsFailures(t *testing.T) {
	healthy := true
	target := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if !healthy {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		reply(w, http.StatusOK, Identity{ServedBy: "local"})
	}))
	c := newCanary(target.URL)
	c.ask(context.Background())
	healthy = false
	c.ask(context.Background())
	target.Close()
	c.ask(context.Background())

	w := httptest.NewRecorder()
	c.ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
	var got Observation
	if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	if got.Asked != 3 || got.Failed != 2 || got.Status != 0 || got.Error == "" {
		t.Errorf("%+v, want 3 asked, 2 failed, and the error of the last", got)
	}
}
