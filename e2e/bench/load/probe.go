package load

import (
	"context"
	"encoding/json"
	"net/http"
	"sync"
	"time"
)

// Outage is what a caller saw who asked all the time, each time over a new
// connection, as a front without keep-alive does.
type Outage struct {
	Requests int `json:"requests"`
	// Failures are requests without an answer, or with one of 500 and above.
	Failures int `json:"failures"`
	// Longest is the longest time between two good answers, in ns; it is never
	// below what one request and the pause after it take.
	Longest time.Duration `json:"longest"`
	// Mixed is the time in which answers came from both sides: from the first of
	// the new one to the last of the old one, in ns.
	Mixed time.Duration `json:"mixed"`
}

const (
	probePause   = 5 * time.Millisecond
	probeTimeout = 2 * time.Second
)

// prober has one goroutine between start and stop, which is ended by stop.
type prober struct {
	mu     sync.Mutex
	cancel context.CancelFunc
	result chan Outage
}

func (p *prober) start(url string) {
	p.stop()
	p.mu.Lock()
	defer p.mu.Unlock()
	var ctx context.Context
	ctx, p.cancel = context.WithCancel(context.Background())
	p.result = make(chan Outage, 1)
	go func(result chan<- Outage) { result <- Probe(ctx, url) }(p.result)
}

func (p *prober) stop() Outage {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.cancel == nil {
		return Outage{}
	}
	p.cancel()
	p.cancel = nil
	return <-p.result
}

// Probe asks url, which answers with a JSON object that has "servedBy", until
// ctx ends.
func Probe(ctx context.Context, url string) Outage {
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: probeTimeout}
	tick := time.NewTicker(probePause)
	defer tick.Stop()
	var o Outage
	var first string             // who answered first
	var last, firstNew time.Time // good answers
	for {
		servedBy, ok := ask(ctx, client, url)
		if ctx.Err() != nil {
			return o
		}
		now := time.Now()
		o.Requests++
		switch {
		case !ok:
			o.Failures++
		default:
			if !last.IsZero() {
				o.Longest = max(o.Longest, now.Sub(last))
			}
			last = now
			switch {
			case first == "":
				first = servedBy
			case servedBy != first && firstNew.IsZero():
				firstNew = now
			case servedBy == first && !firstNew.IsZero():
				o.Mixed = now.Sub(firstNew)
			}
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return o
		}
	}
}

func ask(ctx context.Context, client *http.Client, url string) (servedBy string, ok bool) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return "", false
	}
	answer, err := client.Do(request)
	if err != nil {
		return "", false
	}
	defer answer.Body.Close()
	var who struct {
		ServedBy string `json:"servedBy"`
	}
	ok = answer.StatusCode < http.StatusInternalServerError && json.NewDecoder(answer.Body).Decode(&who) == nil
	return who.ServedBy, ok
}
