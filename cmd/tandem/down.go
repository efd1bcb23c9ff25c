package main

import (
	"context"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/tandem-dev/tandem/internal/fault"
	"github.com/tandem-dev/tandem/session"
)

func newDown(g *globals) *cobra.Command {
	var file string
	var all, takeover, inCluster bool
	cmd := &cobra.Command{
		Use:   "down [DEV] | --all | --cluster",
		Short: "Give the cluster back, also what a crash left behind",
		Long: "Ends the session of DEV (default: the manifest's only hybrid one) and gives its workload back. With\n" +
			"--all, every session that this machine's journal knows, running or crashed, and every workload in the\n" +
			"namespace that you diverted from here. With --cluster, every workload in the namespace, whoever diverted\n" +
			"it and wherever, that nobody is behind any more; 'tandem status --cluster' lists them.",
		Args: wrongArgs(cobra.MaximumNArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			if all && len(args) == 1 {
				return usageError{fmt.Errorf("name a DEV or --all, not both")}
			}
			if inCluster && (all || len(args) == 1 || file != "") {
				return usageError{fmt.Errorf("--cluster is about the whole namespace: it goes with --takeover alone")}
			}
			m, err := g.manager(nil)
			if err != nil {
				return err
			}
			defer m.Close(cmd.Context())
			if inCluster {
				return downCluster(cmd.Context(), m, takeover)
			}
			r := session.DownRequest{All: all, Manifest: file, Takeover: takeover}
			if len(args) == 1 {
				r.Dev = args[0]
			}
			restored, err := m.Down(cmd.Context(), r)
			p := newPaint(os.Stderr)
			for _, d := range restored {
				fmt.Fprintf(os.Stderr, "  %s %s\n", p.good("✓"), d)
				if d.Trouble != nil {
					fmt.Fprintf(os.Stderr, "  %s %v\n    %s\n", p.warn("!"), d.Trouble, p.dim(fault.HintOf(d.Trouble)))
				}
			}
			if err == nil && len(restored) == 0 {
				fmt.Fprintln(os.Stderr, "nothing to give back")
			}
			return err
		},
	}
	f := cmd.Flags()
	f.StringVarP(&file, "file", "f", "", "manifest (default: okteto.yml, okteto.yaml, or the same in .okteto/)")
	f.BoolVar(&takeover, "takeover", false, "give back also what somebody else, or another machine, diverted")
	f.BoolVar(&inCluster, "cluster", false, "every workload of the namespace that nobody is behind any more, whoever diverted it")
	f.BoolVar(&all, "all", false, "every session of this machine's journal and every diverted workload of the namespace")
	return cmd
}

// downCluster gives back what nobody is behind, and says what it left and why.
func downCluster(ctx context.Context, m *session.Manager, takeover bool) error {
	restored, left, err := m.DownCluster(ctx, takeover)
	p := newPaint(os.Stderr)
	for _, d := range restored {
		fmt.Fprintf(os.Stderr, "  %s %s\n", p.good("✓"), d)
	}
	for _, s := range left {
		fmt.Fprintf(os.Stderr, "  %s %s is left to %s on %s: %s\n", p.warn("!"), or(s.Workload, s.ID), or(s.Owner, "somebody"), or(s.Host, "some machine"), behindText(s))
	}
	if len(left) > 0 {
		fmt.Fprintf(os.Stderr, "  %s --takeover gives back these as well, and tells whoever loses them\n", p.dim("hint:"))
	}
	if err == nil && len(restored)+len(left) == 0 {
		fmt.Fprintln(os.Stderr, "nothing to give back")
	}
	return err
}
