package load

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"strconv"
	"sync"
	"time"
)

// Plan says how much to measure.
type Plan struct {
	// Connections is how many requests are made over a new connection each.
	Connections int `json:"connections"`
	// Requests is how many are made over one connection that is kept, and once more
	// while a download runs, as far as that lasts.
	Requests int `json:"requests"`
	// Bytes are moved in each direction, once over one connection.
	Bytes int64 `json:"bytes"`
	// Streams, where more than 0, share twice Bytes in each direction.
	Streams int `json:"streams"`
	// Busy measures kept requests beside a download.
	Busy bool `json:"busy"`
}

// Result is what was measured.
type Result struct {
	// New are the times from before the dial to the whole answer, in ns.
	New []time.Duration `json:"new"`
	// Kept are the times of a request over a kept connection, in ns; Busy the same
	// beside a download.
	Kept []time.Duration `json:"kept"`
	Busy []time.Duration `json:"busy"`
	// Down and Up are bytes per second, towards the one who asks and away; of one
	// connection and of all streams together.
	Down     float64 `json:"down"`
	Up       float64 `json:"up"`
	DownMany float64 `json:"downMany"`
	UpMany   float64 `json:"upMany"`
}

// Measure asks a [Handler] at base ("http://host:port").
func Measure(ctx context.Context, base string, p Plan) (Result, error) {
	var r Result
	fresh := &http.Client{Transport: &http.Transport{DialContext: connect, DisableKeepAlives: true}}
	for range p.Connections {
		took, err := get(ctx, fresh, base)
		if err != nil {
			return r, fmt.Errorf("over a new connection: %w", err)
		}
		r.New = append(r.New, took)
	}
	transport := &http.Transport{DialContext: connect, MaxIdleConnsPerHost: p.Streams + 1}
	kept := &http.Client{Transport: transport}
	defer transport.CloseIdleConnections()
	for i := range p.Requests + 1 {
		took, err := get(ctx, kept, base)
		if err != nil {
			return r, fmt.Errorf("over a kept connection: %w", err)
		}
		if i > 0 { // the first one makes the connection
			r.Kept = append(r.Kept, took)
		}
	}
	if p.Bytes == 0 {
		return r, nil
	}
	var err error
	if r.Down, err = download(ctx, kept, base, p.Bytes); err != nil {
		return r, fmt.Errorf("downloading: %w", err)
	}
	if r.Up, err = upload(ctx, kept, base, p.Bytes); err != nil {
		return r, fmt.Errorf("uploading: %w", err)
	}
	if p.Streams > 0 {
		if r.DownMany, err = many(ctx, kept, base, p, download); err != nil {
			return r, fmt.Errorf("downloading with %d connections: %w", p.Streams, err)
		}
		if r.UpMany, err = many(ctx, kept, base, p, upload); err != nil {
			return r, fmt.Errorf("uploading with %d connections: %w", p.Streams, err)
		}
	}
	if p.Busy {
		if r.Busy, err = busy(ctx, base, p); err != nil {
			return r, fmt.Errorf("beside a download: %w", err)
		}
	}
	return r, nil
}

// many moves twice p.Bytes over p.Streams connections at once.
func many(ctx context.Context, client *http.Client, base string, p Plan,
	move func(context.Context, *http.Client, string, int64) (float64, error)) (float64, error) {
	each := 2 * p.Bytes / int64(p.Streams)
	errs := make([]error, p.Streams)
	began := time.Now()
	var all sync.WaitGroup
	for i := range p.Streams {
		all.Go(func() { _, errs[i] = move(ctx, client, base, each) })
	}
	all.Wait()
	return float64(each) * float64(p.Streams) / time.Since(began).Seconds(), errors.Join(errs...)
}

// busy times kept requests while downloads of p.Bytes follow each other.
func busy(ctx context.Context, base string, p Plan) (times []time.Duration, err error) {
	one, two := &http.Transport{DialContext: connect}, &http.Transport{DialContext: connect}
	defer one.CloseIdleConnections()
	defer two.CloseIdleConnections()
	kept, bulk := &http.Client{Transport: one}, &http.Client{Transport: two}
	if _, err := get(ctx, kept, base); err != nil { // makes the connection
		return nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	ended := make(chan error, 1)
	go func() { // ends with ctx
		for ctx.Err() == nil {
			if _, err := download(ctx, bulk, base, p.Bytes); err != nil && ctx.Err() == nil {
				ended <- err
				return
			}
		}
		ended <- nil
	}()
	const warm = 100 * time.Millisecond // for the download to fill the way
	began := time.Now()
	for len(times) < p.Requests {
		took, err := get(ctx, kept, base)
		if err != nil {
			return nil, err
		}
		if time.Since(began) > warm {
			times = append(times, took)
		}
	}
	cancel()
	return times, <-ended
}

// connect gives up in time: a Service may lead to a pod that has just gone, and a
// kernel asks such an address for a minute.
var connect = (&net.Dialer{Timeout: 3 * time.Second}).DialContext

func get(ctx context.Context, client *http.Client, base string) (time.Duration, error) {
	began := time.Now()
	err := do(ctx, client, http.MethodGet, base+"/small", nil, 0, int64(len(small)))
	return time.Since(began), err
}

func download(ctx context.Context, client *http.Client, base string, n int64) (float64, error) {
	began := time.Now()
	err := do(ctx, client, http.MethodGet, base+"/bytes?n="+strconv.FormatInt(n, 10), nil, 0, n)
	return float64(n) / time.Since(began).Seconds(), err
}

func upload(ctx context.Context, client *http.Client, base string, n int64) (float64, error) {
	began := time.Now()
	err := do(ctx, client, http.MethodPost, base+"/sink", io.LimitReader(&noise{}, n), n, int64(len(strconv.FormatInt(n, 10))))
	return float64(n) / time.Since(began).Seconds(), err
}

// do makes one request and reads exactly want bytes.
func do(ctx context.Context, client *http.Client, method, url string, body io.Reader, size, want int64) error {
	request, err := http.NewRequestWithContext(ctx, method, url, body)
	if err != nil {
		return err
	}
	request.ContentLength = size
	answer, err := client.Do(request)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %s", url, answer.Status)
	}
	got, err := io.CopyBuffer(onlyWriter{io.Discard}, answer.Body, make([]byte, min(want+1, 256<<10)))
	if err == nil && got != want {
		err = fmt.Errorf("%s: %d bytes instead of %d", url, got, want)
	}
	return err
}

// onlyWriter hides ReadFrom, which reads in pieces of its own size.
type onlyWriter struct{ io.Writer }

// noise is an endless stream of bytes that nothing on the way could compress.
type noise struct{ at int }

var block = func() []byte {
	random := rand.NewChaCha8([32]byte{})
	b := make([]byte, 256<<10)
	_, _ = random.Read(b) // never fails
	return b
}()

func (n *noise) Read(p []byte) (int, error) {
	copied := copy(p, block[n.at:])
	n.at = (n.at + copied) % len(block)
	return copied, nil
}

// writeNoise writes size such bytes.
func writeNoise(w io.Writer, size int64) error {
	for size > 0 {
		n, err := w.Write(block[:min(size, int64(len(block)))])
		if err != nil {
			return err
		}
		size -= int64(n)
	}
	return nil
}
