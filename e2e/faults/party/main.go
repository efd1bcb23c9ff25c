// Command party is the load of the fault suite, in a pod and as the developer's
// process: see package traffic.
//
//	party -http ADDRESS -echo ADDRESS -where NAME [-url URL -to ADDRESS -patience D]
//
// With -url it begins to ask at once. It ends on SIGTERM, without delay.
package main

import (
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/tandem-dev/tandem/e2e/faults/traffic"
)

func main() {
	web := flag.String("http", ":8080", "where to answer requests")
	echo := flag.String("echo", ":9000", "where to echo streams")
	where := flag.String("where", "cluster", "what to call itself")
	var o traffic.Orders
	flag.StringVar(&o.URL, "url", "", "ask this all the time")
	flag.StringVar(&o.Echo, "to", "", "stream to this echo all the time")
	flag.DurationVar(&o.Patience, "patience", 5*time.Second, "how long a request may take")
	flag.Parse()
	if err := run(*web, *echo, *where, o); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(web, echo, where string, o traffic.Orders) error {
	p := traffic.NewParty(where)
	echoes, err := net.Listen("tcp", echo)
	if err != nil {
		return err
	}
	requests, err := net.Listen("tcp", web)
	if err != nil {
		return err
	}
	go traffic.ServeEcho(echoes) // ends with the process
	if o.URL != "" {
		p.Begin(o)
	}
	failed := make(chan error, 1)
	go func() { failed <- http.Serve(requests, p.Handler()) }() // ends with the process
	asked := make(chan os.Signal, 1)
	signal.Notify(asked, syscall.SIGTERM, syscall.SIGINT)
	select {
	case err := <-failed:
		return err
	case <-asked:
		return nil
	}
}
