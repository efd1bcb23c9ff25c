// Package registry serves an OCI image registry over plain HTTP. Tests push to
// it from the developer's machine, the node pulls from it; both are on the same
// machine, so there is neither TLS nor authentication, and it must only listen
// on loopback and on the wire to the node.
package registry

import (
	"errors"
	"flag"
	"io"
	"log"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/google/go-containerregistry/pkg/registry"
)

// Handler is the registry. Blobs are kept as files below dir; manifests are kept
// in memory and are gone with the process.
func Handler(dir string) http.Handler {
	return registry.New(
		registry.WithBlobHandler(registry.NewDiskBlobHandler(dir)),
		registry.Logger(log.New(io.Discard, "", 0)),
	)
}

// Run is the registry tool: -listen ADDRESS[,ADDRESS...] -dir FOLDER. It returns
// when one of the addresses cannot be served any more.
func Run(args []string) error {
	fs := flag.NewFlagSet("registry", flag.ExitOnError)
	listen := fs.String("listen", "127.0.0.1:5000", "addresses, separated by commas")
	dir := fs.String("dir", "", "folder of the blobs")
	_ = fs.Parse(args) // ExitOnError: never returns an error
	if *dir == "" {
		return errors.New("-dir is required")
	}
	server := &http.Server{Handler: Handler(*dir), ReadHeaderTimeout: 10 * time.Second}
	// All addresses are bound before one is served, so that a busy port is an
	// error at start and never half a registry.
	var listeners []net.Listener
	for address := range strings.SplitSeq(*listen, ",") {
		l, err := net.Listen("tcp", address)
		if err != nil {
			return err
		}
		listeners = append(listeners, l)
	}
	// One goroutine per address; they end with the process.
	failed := make(chan error, len(listeners))
	for _, l := range listeners {
		go func() { failed <- server.Serve(l) }()
	}
	return <-failed
}
