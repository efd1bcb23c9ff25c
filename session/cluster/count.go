package cluster

import (
	"net/http"
	"strings"
	"sync/atomic"
)

// counter counts what goes to the API server, by what it costs there.
type counter struct {
	requests, watches, streams atomic.Int64
}

// Requests is how many requests were made since Connect, watches and
// port-forward streams not included.
func (c *Cluster) Requests() int64 { return c.count.requests.Load() }

// Watches is how many watches were opened since Connect, renewals included.
func (c *Cluster) Watches() int64 { return c.count.watches.Load() }

// Streams is how many port-forward upgrades were tried since Connect.
func (c *Cluster) Streams() int64 { return c.count.streams.Load() }

func (n *counter) wrap(next http.RoundTripper) http.RoundTripper {
	return &counting{next: next, counter: n}
}

// counting is a round tripper that counts, then passes on.
type counting struct {
	next    http.RoundTripper
	counter *counter
}

func (t *counting) RoundTrip(r *http.Request) (*http.Response, error) {
	switch {
	case strings.HasSuffix(r.URL.Path, "/portforward"):
		t.counter.streams.Add(1)
	case r.URL.Query().Get("watch") == "true" || r.URL.Query().Get("watch") == "1":
		t.counter.watches.Add(1)
	default:
		t.counter.requests.Add(1)
	}
	return t.next.RoundTrip(r)
}

// WrappedRoundTripper lets client-go look through to the TLS settings.
func (t *counting) WrappedRoundTripper() http.RoundTripper { return t.next }
