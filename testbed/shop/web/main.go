// Command web is the shop's front: a page for people, and /orders and /whoami
// passed on to the api service. It is how the cluster sees who serves the api.
//
// Its settings are environment variables: SHOP_LISTEN (default :8080), API_URL
// (default http://api) and SHOP_WHERE (default cluster).
package main

import (
	"context"
	"errors"
	"fmt"
	"html"
	"log/slog"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"os/signal"
	"syscall"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "web:", err)
		os.Exit(1)
	}
}

// run serves until ctx ends, then lets requests under way finish for up to five
// seconds.
func run(ctx context.Context) error {
	target, err := url.Parse(setting("API_URL", "http://api"))
	if err != nil {
		return fmt.Errorf("API_URL: %w", err)
	}
	listener, err := net.Listen("tcp", setting("SHOP_LISTEN", ":8080"))
	if err != nil {
		return err
	}
	server := &http.Server{Handler: newWeb(target, setting("SHOP_WHERE", "cluster")), ReadHeaderTimeout: 5 * time.Second}
	slog.Info("serving", "address", listener.Addr().String(), "api", target.Host, "pid", os.Getpid())
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(listener) }() // ends by Shutdown below
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
	}
	grace, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	return server.Shutdown(grace)
}

// setting is an environment variable; unset and empty both mean the default.
func setting(name, otherwise string) string {
	if v := os.Getenv(name); v != "" {
		return v
	}
	return otherwise
}

// newWeb is the front's HTTP interface: GET / is the page, GET /healthz answers
// as long as the process does, /orders and /whoami are the api's.
func newWeb(target *url.URL, where string) http.Handler {
	api := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(target) },
		// A connection per request: a kept one would stay with an old pod after the
		// Service has moved on to another.
		Transport: &http.Transport{
			DisableKeepAlives: true, ResponseHeaderTimeout: 10 * time.Second,
			DialContext: (&net.Dialer{Timeout: 2 * time.Second}).DialContext,
		},
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, err error) {
			if !errors.Is(err, context.Canceled) {
				slog.Warn("api does not answer", "error", err)
			}
			http.Error(w, "the api does not answer", http.StatusBadGateway)
		},
	}
	mux := http.NewServeMux()
	mux.Handle("/orders", api)
	mux.Handle("/whoami", api)
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		fmt.Fprintf(w, page, html.EscapeString(where))
	})
	return mux
}

const page = `<!doctype html>
<title>The shop</title>
<h1>The shop</h1>
<p>This page comes from: %s.
<ul>
<li><a href="/orders">orders</a>
<li><a href="/whoami">who serves the api</a>
</ul>
`
