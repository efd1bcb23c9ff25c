package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/tandem-dev/tandem/debug"
	"github.com/tandem-dev/tandem/internal/fault"
	"github.com/tandem-dev/tandem/rpc"
	"github.com/tandem-dev/tandem/session"
)

func newDAP(g *globals) *cobra.Command {
	var file, listen string
	var what debugFlags
	cmd := &cobra.Command{
		Use:   "dap [DEV]",
		Short: "Debug DEV's program: a debug adapter for editors that start one themselves",
		Long: "Speaks the Debug Adapter Protocol on stdin and stdout, or with --listen on a port, for one client. It\n" +
			"joins DEV's running session: the program has the session's environment, and requests from the cluster\n" +
			"reach it. The session's command is ended for it and comes back afterwards. Without DEV the only session\n" +
			"that runs is meant. A launch request needs no arguments: what it leaves open is what the manifest's\n" +
			"command says.",
		Example: "  tandem dap api                               # nvim-dap, Helix, Emacs: type executable\n" +
			"  tandem dap api --listen 127.0.0.1:${port}    # nvim-dap: type server\n" +
			"  tandem dap --listen 127.0.0.1:0              # LSP4IJ, which reads the port",
		RunE: func(cmd *cobra.Command, args []string) error {
			dev, rest, err := devAndCommand(cmd, args)
			if err != nil {
				return err
			}
			if len(rest) > 0 {
				return usageError{errors.New("a debug adapter takes no command; the client's launch request says what to run")}
			}
			r, err := what.request(cmd.Flags())
			if err != nil {
				return err
			}
			return serveDAP(cmd.Context(), g, file, dev, listen, r)
		},
	}
	f := cmd.Flags()
	f.StringVarP(&file, "file", "f", "", "manifest (default: okteto.yml, okteto.yaml, or the same in .okteto/)")
	f.StringVar(&listen, "listen", "", "address on this machine to listen on for the client, instead of stdin and stdout; port 0 takes a free one")
	what.add(f)
	return cmd
}

// debugFlags say what to debug, as session.DebugRequest does.
type debugFlags struct {
	language, mode, protocol, program, cwd string
	pid                                    int
	stopOnEntry                            bool
}

func (d *debugFlags) add(f *pflag.FlagSet) {
	f.StringVar(&d.language, "language", "", "go, node, python or java (default: what the command and the folder tell)")
	f.StringVar(&d.mode, "mode", "launch", "launch, test or attach")
	f.StringVar(&d.program, "program", "", "what to debug or to test, in the place of the command's program")
	f.StringVar(&d.cwd, "cwd", "", "folder to run in (default: the dev's workdir)")
	f.IntVar(&d.pid, "pid", 0, "process to attach to (default: the session's command)")
	f.BoolVar(&d.stopOnEntry, "stop-on-entry", false, "stop before the program does anything")
}

// addProtocol is for who takes any.
func (d *debugFlags) addProtocol(f *pflag.FlagSet) {
	f.StringVar(&d.protocol, "protocol", "", "what the debugger speaks, for Go: dap, or delve for GoLand's Go Remote")
}

func (d *debugFlags) request(f *pflag.FlagSet) (session.DebugRequest, error) {
	r := session.DebugRequest{Mode: session.DebugMode(d.mode), Protocol: debug.Protocol(d.protocol), Program: d.program,
		Cwd: d.cwd, PID: d.pid, StopOnEntry: d.stopOnEntry}
	switch r.Mode {
	case session.DebugLaunch, session.DebugTest, session.DebugAttach:
	default:
		return r, usageError{fmt.Errorf("--mode %q: want launch, test or attach", d.mode)}
	}
	if f.Changed("language") {
		l := debug.Language(d.language)
		switch l {
		case debug.Go, debug.Node, debug.Python, debug.Java:
		default:
			return r, usageError{fmt.Errorf("--language %q: want go, node, python or java", d.language)}
		}
		r.Language = &l
	}
	return r, nil
}

// serveDAP brings one client to a debugger of the running session.
func serveDAP(ctx context.Context, g *globals, file, dev, listen string, r session.DebugRequest) error {
	// The terminal of a person is no client, but a port is for anybody.
	out, err := rpc.ClaimStdout()
	if err != nil {
		return err
	}
	client := struct {
		io.Reader
		io.Writer
	}{os.Stdin, out}
	if listen != "" {
		conn, err := awaitClient(ctx, listen, out)
		if err != nil {
			return err
		}
		defer conn.Close()
		client.Reader, client.Writer = conn, conn
	}
	m, err := g.manager(nil)
	if err != nil {
		return err
	}
	defer m.Close(context.WithoutCancel(ctx))
	d, stop, err := m.DebugAny(ctx, file, dev, r)
	if err != nil {
		return err
	}
	// Ends it also where the client went away before it was served; one that has
	// ended already is not missed.
	defer func() { _ = stop(context.WithoutCancel(ctx)) }()
	if d.Protocol != debug.DAP {
		return fault.New(fault.DebugUnsupported, "%s speaks %s, not the Debug Adapter Protocol", d.Language, d.Protocol).
			Hint("let your editor's own debugger for %s attach to %s: `tandem debug` or debug/start starts it", d.Language, d.Address)
	}
	return bridge(ctx, client, d)
}

// awaitClient waits for one client on a loopback address.
func awaitClient(ctx context.Context, listen string, out io.Writer) (net.Conn, error) {
	at, err := netip.ParseAddrPort(listen)
	if err != nil || !at.Addr().IsLoopback() {
		return nil, usageError{fmt.Errorf("--listen %q: want an address of this machine's loopback, such as 127.0.0.1:40000", listen)}
	}
	l, err := net.ListenTCP("tcp", net.TCPAddrFromAddrPort(at))
	if err != nil {
		return nil, fault.Wrap(err, fault.PortInUse, "listening on %s for a debug adapter's client", listen)
	}
	defer l.Close()
	defer context.AfterFunc(ctx, func() { l.Close() })()
	// In the words of Delve, which editors wait for.
	fmt.Fprintf(out, "DAP server listening at: %s\n", l.Addr())
	conn, err := l.Accept()
	if err != nil {
		return nil, fault.Wrap(err, fault.Cancelled, "waiting for a client on %s", listen)
	}
	return conn, nil
}

// bridge carries a client's conversation until the debugger ends it, ctx ends, or
// the client does.
func bridge(ctx context.Context, client io.ReadWriter, d session.Debugging) error {
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", d.Address)
	if err != nil {
		return fault.Wrap(err, fault.DebugFailed, "connecting to the debugger at %s", d.Address)
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { conn.Close() })()
	go func() { // ends with the client's input, or with this process
		_, _ = io.Copy(conn, debug.NewRequests(client, func(r *debug.ClientRequest) error {
			if d.Language == debug.Python {
				r.Command = "attach" // debugpy has launched the program already
				r.Arguments = attachArguments(r)
				return nil
			}
			return r.Set(debug.SecretArgument, d.Secret)
		}))
		_ = conn.(*net.TCPConn).CloseWrite() // the debugger ends when its client has
	}()
	_, err = io.Copy(client, conn)
	if err != nil && ctx.Err() == nil && !errors.Is(err, net.ErrClosed) {
		return fault.Wrap(err, fault.DebugFailed, "talking to the debugger at %s", d.Address)
	}
	return nil
}
