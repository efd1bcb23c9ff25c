package load

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"sync"
	"sync/atomic"
	"time"
)

// Checks are what a way can do or cannot.
type Checks struct {
	// HalfClose: an answer comes whole after the one who asks has closed its
	// direction.
	HalfClose bool `json:"halfClose"`
	// Beside is how many of [Tried] requests over new connections were answered
	// while another connection's download was not read.
	Beside int `json:"beside"`
	// Held is how many of the connections that were held at once answered twice.
	Held int `json:"held"`
}

// Tried is how many requests are made beside a stalled reader.
const Tried = 12

const (
	// stallTime lets a download that nobody reads fill every buffer on the way.
	stallTime = 500 * time.Millisecond
	// besideTimeout is how long a request beside it may take.
	besideTimeout = time.Second
	// lateAnswer is how long the server waits before it answers a client that has
	// closed its direction.
	lateAnswer = 50 * time.Millisecond
	lateSize   = 1 << 20
)

// Check tries what a [Handler] at base can be asked; held is how many connections
// are held at once.
func Check(ctx context.Context, base string, held int) (c Checks, err error) {
	u, err := url.Parse(base)
	if err != nil {
		return c, err
	}
	c.HalfClose = halfClose(ctx, u) == nil
	c.Held = hold(ctx, base, held)
	c.Beside, err = besideStalled(ctx, base, u)
	return c, err
}

func dial(ctx context.Context, u *url.URL) (*net.TCPConn, error) {
	address := u.Host
	if u.Port() == "" {
		address = net.JoinHostPort(u.Hostname(), "80")
	}
	var d net.Dialer
	conn, err := d.DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	return conn.(*net.TCPConn), nil
}

func halfClose(ctx context.Context, u *url.URL) error {
	conn, err := dial(ctx, u)
	if err != nil {
		return err
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(5 * time.Second))
	if _, err := fmt.Fprintf(conn, "GET /late HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n", u.Host); err != nil {
		return err
	}
	if err := conn.CloseWrite(); err != nil {
		return err
	}
	answer, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if n, err := io.Copy(io.Discard, answer.Body); err != nil || n != lateSize {
		return fmt.Errorf("%d bytes, %w", n, err)
	}
	return nil
}

// hold opens connections, asks on each, and once more when all are open.
func hold(ctx context.Context, base string, held int) int {
	transport := &http.Transport{MaxIdleConnsPerHost: held}
	defer transport.CloseIdleConnections()
	client := &http.Client{Transport: transport, Timeout: 30 * time.Second}
	var answered atomic.Int64
	for range 2 {
		answered.Store(0)
		// All at once, so that none can be used for two; opened in small groups
		// because a listener's queue is finite.
		begin, slots := make(chan struct{}), make(chan struct{}, 50)
		var all, asked sync.WaitGroup
		asked.Add(held)
		for range held {
			all.Go(func() {
				slots <- struct{}{}
				request, err := http.NewRequestWithContext(ctx, http.MethodGet, base+"/small", nil)
				var answer *http.Response
				if err == nil {
					answer, err = client.Do(request)
				}
				<-slots
				asked.Done()
				if err != nil {
					return
				}
				<-begin // holds the connection until all have one
				if n, err := io.Copy(io.Discard, answer.Body); err == nil && n == int64(len(small)) {
					answered.Add(1)
				}
				answer.Body.Close()
			})
		}
		asked.Wait()
		close(begin)
		all.Wait()
	}
	return int(answered.Load())
}

func besideStalled(ctx context.Context, base string, u *url.URL) (answered int, err error) {
	conn, err := dial(ctx, u)
	if err != nil {
		return 0, err
	}
	defer conn.Close()
	if _, err := fmt.Fprintf(conn, "GET /bytes?n=%d HTTP/1.1\r\nHost: %s\r\n\r\n", 1<<30, u.Host); err != nil {
		return 0, err
	}
	select {
	case <-time.After(stallTime): // nothing tells when buffers are full
	case <-ctx.Done():
		return 0, ctx.Err()
	}
	fresh := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: besideTimeout}
	for range Tried {
		if _, err := get(ctx, fresh, base); err == nil {
			answered++
		}
	}
	return answered, nil
}
