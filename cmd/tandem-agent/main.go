// Command tandem-agent is the program inside the dev container of a Tandem
// session: the SSH server that the session's tunnels end at. The original
// container's image and environment stay as they are; an init container copies
// this program into a volume, and the dev container starts it from there.
//
// It is static and needs nothing of the image around it: no shell, no libc, no
// writable file system, no particular user, no capability.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"os"
	"os/signal"
	"syscall"
)

// version is set by the build: -X main.version=v1.2.3.
var version = "devel"

// Exit codes. A probe counts as failed with any code but 0.
const (
	exitOK     = 0
	exitFailed = 1
	exitUsage  = 2
)

const usage = `tandem-agent is the SSH server in the dev container of a Tandem session.

usage:
  tandem-agent serve   [-listen ADDR] [-keys DIR] [-reverse-ports P,P…] [-reverse-bind ADDR] [-linger DURATION]
                       [-guard DIR] [-guard-ttl DURATION]
  tandem-agent ready   [-listen ADDR] [-wait DURATION] [-wait-lost DURATION]
  tandem-agent install DEST
  tandem-agent version

tandem-agent VERB -h describes the flags of a verb.
`

// errUsage marks a wrong command line whose explanation is printed already.
var errUsage = errors.New("wrong usage")

func main() {
	// As process 1 of a container the program would ignore SIGTERM without a
	// handler, and be killed at the end of the grace period.
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// run carries out one command line and returns the exit code.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	if len(args) == 0 {
		fmt.Fprint(stderr, usage)
		return exitUsage
	}
	logger := log.New(stderr, "tandem-agent ", log.LstdFlags|log.LUTC|log.Lmicroseconds|log.Lmsgprefix)
	verb, args := args[0], args[1:]
	var err error
	switch verb {
	case "serve":
		err = serve(ctx, args, logger)
	case "ready":
		err = ready(ctx, args, stderr)
	case "install":
		err = install(args, stderr)
	case "version":
		_, err = fmt.Fprintln(stdout, version)
	case "help", "-h", "-help", "--help":
		fmt.Fprint(stdout, usage)
	default:
		fmt.Fprintf(stderr, "tandem-agent: unknown verb %q\n\n%s", verb, usage)
		err = errUsage
	}
	switch {
	case err == nil, errors.Is(err, flag.ErrHelp):
		return exitOK
	case errors.Is(err, errUsage):
		return exitUsage
	}
	fmt.Fprintf(stderr, "tandem-agent: %s: %v\n", verb, err)
	return exitFailed
}

// parse reads the flags of a verb that takes `operands` further arguments.
func parse(fs *flag.FlagSet, args []string, operands int, stderr io.Writer) error {
	fs.SetOutput(stderr)
	if err := fs.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return err
		}
		return errUsage
	}
	if fs.NArg() != operands {
		fmt.Fprintf(stderr, "tandem-agent: %s takes %d argument(s), got %q\n", fs.Name(), operands, fs.Args())
		return errUsage
	}
	return nil
}
