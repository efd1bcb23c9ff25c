package traffic

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"
)

const (
	// callers ask side by side, each with a pause after its answer.
	callers    = 2
	callPause  = 50 * time.Millisecond
	answerSize = 4 << 10
)

// ask makes requests until ctx ends. patience bounds each: the caller's own
// decision, as with every client.
func ask(ctx context.Context, b *book, url string, patience time.Duration) {
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: patience}
	tick := time.NewTicker(callPause)
	defer tick.Stop()
	for {
		began := time.Now()
		who, err := askOnce(ctx, client, url)
		switch {
		case ctx.Err() != nil:
			return
		case err != nil:
			b.failed(began, err)
		default:
			b.good(who)
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
