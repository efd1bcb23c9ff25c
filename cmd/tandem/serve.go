package main

import (
	"context"
	"os"

	"github.com/spf13/cobra"

	"github.com/tandem-dev/tandem/envfile"
	"github.com/tandem-dev/tandem/rpc"
	"github.com/tandem-dev/tandem/session"
)

func newServe(g *globals) *cobra.Command {
	var k keepFlags
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Serve an editor over stdin and stdout (JSON-RPC, in the style of the Language Server Protocol)",
		Long: "Speaks docs/protocol.md on stdin and stdout; logs go to stderr. The end of input, SIGTERM, SIGINT and\n" +
			"SIGHUP end every session and give the cluster back. Flags but --log-level are\n" +
			"defaults for what the editor's initialization options leave open.\n\n" +
			"With --keep the sessions live in a process of their own, which outlives the connection: an editor that\n" +
			"restarts finds them as they were. They end when nobody has come back for that long.",
		Args: wrongArgs(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			switch {
			case k.backend != "":
				return k.serve(cmd.Context(), g)
			case k.linger > 0:
				return k.connect(cmd.Context(), g)
			}
			out, err := rpc.ClaimStdout()
			if err != nil {
				return err
			}
			s := rpc.NewServer(rpc.Config{Sessions: g.sessions, Version: version, Log: os.Stderr})
			code, err := s.Serve(cmd.Context(), os.Stdin, out)
			if err != nil {
				explain(os.Stderr, err)
			}
			if code != 0 {
				return exitCode(code)
			}
			return nil
		},
	}
	k.add(cmd)
	return cmd
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
		Kubeconfig: or(o.Kubeconfig, g.kubeconfig),
		Context:    or(o.Context, g.context),
		Namespace:  or(o.Namespace, g.namespace),
		Version:    version, Logger: s.Logger, Observer: s.Observer,
	})
	if err != nil {
		return nil, err // not m: a nil *Manager would be a Sessions that is not nil
	}
	return m, nil
}

func or(first, second string) string {
	if first != "" {
		return first
	}
	return second
}
