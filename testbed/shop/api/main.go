// Command api keeps the shop's orders in Redis and serves them over HTTP. It is
// the service a developer runs locally while the rest stays in the cluster.
//
//	api           serve
//	api environ   write the process environment to stdout, NUL-separated
//	api canary    ask http://localhost:8080/whoami every second and serve the last answer on :9090
//
// Its settings are environment variables: SHOP_LISTEN (default :8080), REDIS_ADDR
// (default db:6379), REDIS_PASSWORD, SHOP_WHERE (default cluster), SHOP_CURRENCY.
package main

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/redis/go-redis/v9"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "api:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	switch {
	case len(args) == 0:
		store := redis.NewClient(&redis.Options{
			Addr: setting("REDIS_ADDR", "db:6379"), Password: os.Getenv("REDIS_PASSWORD"),
			DialTimeout: 2 * time.Second,
		})
		defer store.Close()
		return serve(ctx, setting("SHOP_LISTEN", ":8080"), newAPI(store))
	case args[0] == "environ":
		return environ(os.Stdout)
	case args[0] == "canary":
		c := newCanary(setting("CANARY_TARGET", "http://localhost:8080/whoami"))
		go c.watch(ctx, time.Second) // ends with ctx, that is with the process
		return serve(ctx, setting("CANARY_LISTEN", ":9090"), c)
	}
	return fmt.Errorf("unknown command %q", args[0])
}

// setting is an environment variable; unset and empty both mean the default.
func setting(name, otherwise string) string {
	if v := os.Getenv(name); v != "" {
		return v
	}
	return otherwise
}

// serve answers requests on address until ctx ends, then lets requests under way
// finish for up to five seconds.
func serve(ctx context.Context, address string, handler http.Handler) error {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return err
	}
	server := &http.Server{Handler: handler, ReadHeaderTimeout: 5 * time.Second}
	slog.Info("serving", "address", listener.Addr().String(), "where", setting("SHOP_WHERE", "cluster"), "pid", os.Getpid())
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(listener) }() // ends by Shutdown below
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
	}
	slog.Info("stopping")
	grace, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	return server.Shutdown(grace)
}
