package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"log"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/tandem-dev/tandem/session/agent"
	"github.com/tandem-dev/tandem/session/agent/giveback"
)

// defaultKeys is where the session's Secret is mounted unless told otherwise.
const defaultKeys = "/run/tandem/keys"

// The files of the keys directory, which are keys of the Secret.
const (
	hostKeyFile       = "host_key"       // the server's private key, OpenSSH PEM
	authorizedKeyFile = "authorized_key" // the client's public key, one authorized_keys line
)

// serve runs the SSH server until SIGTERM, and a little longer.
func serve(ctx context.Context, args []string, logger *log.Logger) error {
	fs := flag.NewFlagSet("serve", flag.ContinueOnError)
	listen := fs.String("listen", agent.DefaultListen, "loopback `address` for SSH")
	keys := fs.String("keys", defaultKeys, "`directory` with the files "+hostKeyFile+" and "+authorizedKeyFile)
	var reverse portList
	fs.Var(&reverse, "reverse-ports", "comma-separated `ports` that the client may bind and that readiness waits for (default any, waiting for none)")
	bind := fs.String("reverse-bind", "", "`address` to bind where the client asks for every interface (default every address of every family)")
	linger := fs.Duration("linger", 0, "how long to go on after SIGTERM while a client is there")
	guardDir := fs.String("guard", "", "`directory` with the token and the plan for giving the workload back; none does not")
	guardTTL := fs.Duration("guard-ttl", 15*time.Minute, "how long there may be no client before the workload is given back")
	if err := parse(fs, args, 0, logger.Writer()); err != nil {
		return err
	}
	socket, err := agent.ReadySocket(*listen)
	if err != nil {
		return err
	}
	config := agent.Config{
		Listen:            *listen,
		HostKeyFile:       filepath.Join(*keys, hostKeyFile),
		AuthorizedKeyFile: filepath.Join(*keys, authorizedKeyFile),
		ReversePorts:      reverse,
		ReverseBind:       *bind,
		ReadySocket:       socket,
		Linger:            *linger,
		Logf:              logger.Printf,
	}
	if *guardDir == "" {
		return agent.Run(ctx, config)
	}
	guard := giveback.New(giveback.Config{Dir: *guardDir, TTL: *guardTTL, Logf: logger.Printf})
	config.Guard = guard
	guarding, stop := context.WithCancel(ctx)
	var guarded sync.WaitGroup
	guarded.Go(func() { guard.Run(guarding) }) // ends with the agent
	err = agent.Run(ctx, config)
	stop()
	guarded.Wait()
	return err
}

// ready is the readiness probe: it blocks until the serving agent is ready, so
// that the pod turns ready at once and not at the next period.
func ready(ctx context.Context, args []string, stderr io.Writer) error {
	fs := flag.NewFlagSet("ready", flag.ContinueOnError)
	listen := fs.String("listen", agent.DefaultListen, "the `address` that the serving agent was given")
	wait := fs.Duration("wait", 5*time.Minute, "how long to wait for the first readiness")
	lost := fs.Duration("wait-lost", 5*time.Second, "how long to wait where the agent was ready before and has lost its client")
	if err := parse(fs, args, 0, stderr); err != nil {
		return err
	}
	socket, err := agent.ReadySocket(*listen)
	if err != nil {
		return err
	}
	return agent.AwaitReady(ctx, socket, *wait, *lost)
}

// portList is a flag of comma-separated TCP ports.
type portList []int

func (l *portList) String() string {
	fields := make([]string, len(*l))
	for i, port := range *l {
		fields[i] = strconv.Itoa(port)
	}
	return strings.Join(fields, ",")
}

// Set takes "8080,9090"; an empty value is an empty list, so that a template
// need not leave the flag out.
func (l *portList) Set(value string) error {
	*l = nil
	if strings.TrimSpace(value) == "" {
		return nil
	}
	for field := range strings.SplitSeq(value, ",") {
		port, err := strconv.ParseUint(strings.TrimSpace(field), 10, 16)
		if err != nil || port == 0 {
			return fmt.Errorf("%q is not a TCP port", field)
		}
		*l = append(*l, int(port))
	}
	return nil
}
