// Command coredns is CoreDNS with the handful of plugins a cluster needs. It is a
// module of its own because CoreDNS and Kubernetes want different versions of
// client-go, and it starts the server itself because CoreDNS's own main compiles
// in every plugin there is.
//
//	coredns -conf Corefile
package main

import (
	"flag"
	"fmt"
	"os"

	"github.com/coredns/caddy"
	_ "github.com/coredns/coredns/core/dnsserver"
	_ "github.com/coredns/coredns/plugin/bind"
	_ "github.com/coredns/coredns/plugin/cache"
	_ "github.com/coredns/coredns/plugin/errors"
	_ "github.com/coredns/coredns/plugin/forward"
	_ "github.com/coredns/coredns/plugin/kubernetes"
	_ "github.com/coredns/coredns/plugin/ready"
)

func main() {
	// Not flag.CommandLine: the server package has put flags of its own there, -conf among them.
	fs := flag.NewFlagSet("coredns", flag.ExitOnError)
	file := fs.String("conf", "Corefile", "configuration")
	_ = fs.Parse(os.Args[1:]) // ExitOnError: never returns an error
	if err := serve(*file); err != nil {
		fmt.Fprintln(os.Stderr, "coredns:", err)
		os.Exit(1)
	}
}

// serve runs until a signal ends the process.
func serve(file string) error {
	content, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	caddy.AppName, caddy.Quiet = "CoreDNS", true
	caddy.TrapSignals()
	server, err := caddy.Start(caddy.CaddyfileInput{Filepath: file, Contents: content, ServerTypeName: "dns"})
	if err != nil {
		return err
	}
	server.Wait()
	return nil
}
