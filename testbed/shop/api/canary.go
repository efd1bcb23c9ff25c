package main

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"sync"
	"time"
)

// Observation is what the canary last saw of its target.
type Observation struct {
	At     time.Time       `json:"at"`
	Status int             `json:"status,omitempty"` // HTTP status; 0 when there was no answer
	Answer json.RawMessage `json:"answer,omitempty"`
	Error  string          `json:"error,omitempty"`
	Asked  int             `json:"asked"`  // requests so far
	Failed int             `json:"failed"` // of them without a 200
}

// canary is a sidecar: it asks the main container of its pod over the pod's
// loopback and tells what came back. In a dev container the same request goes
// through the reverse tunnel to the developer's machine.
type canary struct {
	target string
	client *http.Client

	mu   sync.Mutex
	last Observation
}

func newCanary(target string) *canary {
	return &canary{target: target, client: &http.Client{Timeout: 2 * time.Second}}
}

// watch asks once per interval until ctx ends.
func (c *canary) watch(ctx context.Context, interval time.Duration) {
	tick := time.NewTicker(interval)
	defer tick.Stop()
	for {
		c.ask(ctx)
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

func (c *canary) ask(ctx context.Context) {
	o := Observation{At: time.Now()}
	if err := c.fetch(ctx, &o); err != nil {
		o.Error = err.Error()
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	o.Asked, o.Failed = c.last.Asked+1, c.last.Failed
	if o.Status != http.StatusOK {
		o.Failed++
	}
	c.last = o
}

func (c *canary) fetch(ctx context.Context, o *Observation) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, c.target, nil)
	if err != nil {
		return err
	}
	response, err := c.client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	o.Status = response.StatusCode
	body, err := io.ReadAll(io.LimitReader(response.Body, bodyLimit))
	if err == nil && json.Valid(body) {
		o.Answer = body
	}
	return err
}

// ServeHTTP answers every request with the last observation.
func (c *canary) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	c.mu.Lock()
	o := c.last
	c.mu.Unlock()
	reply(w, http.StatusOK, o)
}
