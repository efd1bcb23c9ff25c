package traffic

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"
)

const (
	// callers ask side by side, each anew after a pause, whether it has its answer or
	// not: requests that hang must not hide that others are answered.
	callers    = 2
	callPause  = 50 * time.Millisecond
	answerSize = 4 << 10
	// mostWaiting bounds the requests of a caller that wait for an answer.
	mostWaiting = 200
)

// ask makes requests until ctx ends, and joins them. patience bounds each: the
// caller's own decision, as with every client.
func ask(ctx context.Context, b *book, url string, patience time.Duration) {
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: patience}
	tick := time.NewTicker(callPause)
	defer tick.Stop()
	var waiting sync.WaitGroup
	defer waiting.Wait()
	room := make(chan struct{}, mostWaiting)
	for {
		select {
		case room <- struct{}{}:
			waiting.Go(func() { // ends with its answer, its patience, or ctx
				defer func() { <-room }()
				began := time.Now()
				who, err := askOnce(ctx, client, url)
				switch {
				case ctx.Err() != nil:
				case err != nil:
					b.failed(began, err)
				default:
					b.good(who)
				}
			})
		default:
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

func askOnce(ctx context.Context, client *http.Client, url string) (Who, error) {
	var who Who
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return who, err
	}
	answer, err := client.Do(request)
	if err != nil {
		return who, err
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(io.LimitReader(answer.Body, answerSize))
	if err != nil {
		return who, err
	}
	if answer.StatusCode != http.StatusOK {
		return who, fmt.Errorf("%s", answer.Status)
	}
	return who, json.Unmarshal(body, &who)
}
