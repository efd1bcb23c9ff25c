package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"sync"

	"github.com/tandem-dev/tandem/internal/fault"
	"github.com/tandem-dev/tandem/rpc"
)

// maxClients bounds the connections of `serve --listen`. It is a tool of
// development: a client, and one that hangs.
const maxClients = 8

// serveListener serves each connection as a client of its own until the context
// ends. Whoever may run programs on this machine can connect to its loopback, so a
// client must show the token that is printed here, in
// initializationOptions.token, before anything else happens.
func (f *serveFlags) serveListener(ctx context.Context, g *globals, stdout io.Writer) error {
	host, _, err := net.SplitHostPort(f.listen)
	if err != nil {
		return usageError{fmt.Errorf("--listen %q: want HOST:PORT, such as 127.0.0.1:0", f.listen)}
	}
	if ip := net.ParseIP(host); host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return usageError{fmt.Errorf("--listen %q: want an address of this machine alone, such as 127.0.0.1:0", f.listen)}
	}
	logs, err := f.openLog()
	if err != nil {
		return err
	}
	defer logs.close()
	listener, err := net.Listen("tcp", f.listen)
	if err != nil {
		return fault.Wrap(err, fault.PortInUse, "listening on %s", f.listen).Hint("127.0.0.1:0 takes a port that is free")
	}
	defer context.AfterFunc(ctx, func() { _ = listener.Close() })()
	token := rand.Text()
	hello, err := json.Marshal(struct {
		Address string `json:"address"`
		Token   string `json:"token"`
	}{listener.Addr().String(), token})
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintf(stdout, "%s\n", hello); err != nil {
		return err
	}

	var clients sync.WaitGroup
	defer clients.Wait() // each gives its sessions' clusters back
	free := make(chan struct{}, maxClients)
	for {
		conn, err := listener.Accept()
		if err != nil {
			if ctx.Err() != nil {
				return nil
			}
			return fault.Wrap(err, fault.Internal, "accepting a client on %s", listener.Addr())
		}
		select {
		case free <- struct{}{}:
		default:
			_ = conn.Close()
			continue
		}
		clients.Go(func() { // ends with the connection, or with the context
			defer func() { <-free }()
			defer conn.Close()
			c := f.config(g, logs)
			c.Token = token
			if _, err := rpc.NewServer(c).Serve(ctx, conn, conn); err != nil {
				explain(logs, paint{}, err)
			}
		})
	}
}
