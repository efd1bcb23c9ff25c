package main

import (
	"context"
	"fmt"
	"io"
	"log"
	"log/slog"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"k8s.io/klog/v2"

	"github.com/tandem-dev/tandem/envfile"
	"github.com/tandem-dev/tandem/rpc"
	"github.com/tandem-dev/tandem/session"
	"github.com/tandem-dev/tandem/session/tunnel"
)

// serveFlags are the flags of `tandem serve`.
type serveFlags struct {
	listen          string
	logFile         string
	record, replay  string
	printConnection bool
	clientProcessID int
	stdio           bool
}

func newServe(g *globals) *cobra.Command {
	var f serveFlags
	var k keepFlags
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Serve an editor over stdin and stdout (JSON-RPC, in the style of the Language Server Protocol)",
		Long: "Speaks docs/protocol.md on stdin and stdout; logs go to stderr. The end of input, SIGTERM, SIGINT and\n" +
			"SIGHUP end every session and give the cluster back. The global flags are\n" +
			"defaults for what the editor's initialization options leave open.\n\n" +
			"With --keep the sessions live in a process of their own, which outlives the connection: an editor that\n" +
			"restarts finds them as they were. They end when nobody has come back for that long.",
		Args: wrongArgs(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			returnPages()
			if !slices.Contains([]string{levelOff, "trace", "debug", "info", "warn", "error"}, g.logLevel) {
				return usageError{fmt.Errorf("--log-level %q: want trace, debug, info, warn, error or disabled", g.logLevel)}
			}
			if err := exclusive(cmd, "listen", "replay", "print-connection", "stdio"); err != nil {
				return err
			}
			if err := exclusive(cmd, "record", "listen", "replay", "keep"); err != nil {
				return err
			}
			if err := exclusive(cmd, "log-file", "replay", "keep"); err != nil {
				return err
			}
			switch {
			case f.printConnection:
				return printConnection(cmd.OutOrStdout())
			case f.replay != "":
				return serveReplay(cmd.Context(), f.replay)
			case f.listen != "":
				return f.serveListener(cmd.Context(), g, os.Stdout)
			case k.backend != "":
				return k.serve(cmd.Context(), g)
			case k.linger > 0:
				return k.connect(cmd.Context(), g)
			}
			return f.serveStdio(cmd.Context(), g)
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&f.listen, "listen", "", "for development: serve clients on this address of the loopback, such as 127.0.0.1:0, instead of stdin and stdout; prints address and token")
	flags.StringVar(&f.logFile, "log-file", "", "write the log to this file, too; of at most 16 MiB the newest lines are kept")
	flags.StringVar(&f.record, "record", "", "write a transcript of the conversation to this file, without values of variables and output of commands")
	flags.StringVar(&f.replay, "replay", "", "play the server's side of a transcript, to test a client; no cluster is touched")
	flags.BoolVar(&f.printConnection, "print-connection", false, "print how to start this server, as JSON, and end")
	// What LSP's base protocol wants a server to understand. Stdin and stdout are
	// served anyway.
	flags.BoolVar(&f.stdio, "stdio", false, "serve stdin and stdout")
	flags.IntVar(&f.clientProcessID, "clientProcessId", 0, "end when the process of this id does")
	for _, name := range []string{"stdio", "clientProcessId"} {
		_ = flags.MarkHidden(name) // exists
	}
	k.add(cmd)
	return cmd
}

// exclusive lets one of the flags be given at most.
func exclusive(cmd *cobra.Command, names ...string) error {
	var given []string
	for _, name := range names {
		if cmd.Flags().Changed(name) {
			given = append(given, "--"+name)
		}
	}
	if len(given) > 1 {
		return usageError{fmt.Errorf("%s exclude each other", strings.Join(given, " and "))}
	}
	return nil
}

// serveStdio serves one client on stdin and stdout.
func (f *serveFlags) serveStdio(ctx context.Context, g *globals) error {
	out, err := rpc.ClaimStdout()
	if err != nil {
		return err
	}
	logs, err := f.openLog()
	if err != nil {
		return err
	}
	defer logs.close()
	config := f.config(g, logs)
	if f.record != "" {
		record, err := rpc.CreateTranscript(f.record, "tandem "+version)
		if err != nil {
			return err
		}
		defer record.Close()
		config.Record = record
	}
	code, err := rpc.NewServer(config).Serve(ctx, os.Stdin, out)
	return ended(logs, code, err)
}

// config is what every server of this command is made of.
func (f *serveFlags) config(g *globals, logs *serverLog) rpc.Config {
	c := rpc.Config{Sessions: g.sessions, Version: version, Log: logs, ClientProcessID: f.clientProcessID}
	if g.logLevel != levelOff {
		c.LogLevel = g.logLevel
	}
	return c
}

// ended turns the end of a server into the command's: what broke the connection
// is said on the log, which never waits for a reader.
func ended(logs io.Writer, code int, err error) error {
	if err != nil {
		explain(logs, paint{}, err)
	}
	if code != 0 {
		return exitCode(code)
	}
	return nil
}

// serveReplay plays a transcript on stdin and stdout.
func serveReplay(ctx context.Context, path string) error {
	out, err := rpc.ClaimStdout()
	if err != nil {
		return err
	}
	entries, err := rpc.ReadTranscript(path)
	if err != nil {
		return err
	}
	code, err := rpc.Replay(ctx, entries, os.Stdin, out)
	return ended(os.Stderr, code, err)
}

// serverLog is where a server's log goes: stderr and perhaps a file, each
// behind a sink, so that a reader that does not read blocks nobody.
type serverLog struct {
	sinks []*rpc.LogSink
	file  *logFile
}

// openLog makes the log, and sends there what libraries log on their own.
func (f *serveFlags) openLog() (*serverLog, error) {
	l := &serverLog{}
	if f.logFile != "" {
		var err error
		if l.file, err = openLogFile(f.logFile); err != nil {
			return nil, err
		}
		l.sinks = append(l.sinks, rpc.NewLogSink(l.file))
	}
	l.sinks = append(l.sinks, rpc.NewLogSink(os.Stderr))
	log.SetOutput(l)
	klog.SetSlogLogger(slog.New(slog.NewJSONHandler(l, nil))) // client-go's
	return l, nil
}

// Write gives a line to each sink; none of them waits or fails.
func (l *serverLog) Write(line []byte) (int, error) {
	for _, s := range l.sinks {
		_, _ = s.Write(line)
	}
	return len(line), nil
}

// NeverWaits tells the server that it needs no sink of its own.
func (l *serverLog) NeverWaits() {}

// lastWords is how long the end of a server waits for a reader of its log.
const lastWords = time.Second

func (l *serverLog) close() {
	for _, s := range l.sinks {
		s.Close(lastWords)
	}
	if l.file != nil {
		_ = l.file.Close()
	}
}

// sessions makes the engine for one client: its options, where it gave none our
// flags.
func (g *globals) sessions(_ context.Context, s rpc.Setup) (rpc.Sessions, error) {
	o := s.Options
	m, err := session.NewManager(session.Config{
		StateDir:   or(o.StateDir, g.stateDir),
		AgentImage: or(o.AgentImage, g.agentImage),
		EnvDir:     o.EnvDir,
		Precedence: envfile.Precedence(o.EnvPrecedence),
		Local:      s.MergePolicy(), RewriteHosts: envfile.HostMode(o.RewriteHosts),
		DataPlane:  tunnel.DataPlane(o.DataPlane),
		Kubeconfig: or(o.Kubeconfig, g.kubeconfig),
		Context:    or(o.Context, g.context),
		Namespace:  or(o.Namespace, g.namespace),
		Role:       "serve", GuardCommand: guardCommand(), GuardGrace: g.guardGrace, GuardTTL: g.guardTTLOr(o.GuardTTLSeconds),
		Debugger: debuggerArgv(),
		Version:  version, Logger: s.Logger, Observer: s.Observer,
	})
	if err != nil {
		return nil, err // not m: a nil *Manager would be a Sessions that is not nil
	}
	return m, nil
}

// guardTTLOr is what the client asks for, in seconds, else our flag's.
func (g *globals) guardTTLOr(seconds int) time.Duration {
	if seconds != 0 {
		return time.Duration(seconds) * time.Second
	}
	return g.guardTTL
}

func or(first, second string) string {
	if first != "" {
		return first
	}
	return second
}
