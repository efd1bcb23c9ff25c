package main

import (
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/tandem-dev/tandem/session"
)

func newDown(g *globals) *cobra.Command {
	var file string
	var all, takeover bool
	cmd := &cobra.Command{
		Use:   "down [DEV] | --all",
		Short: "Give the cluster back, also what a crash left behind",
		Long: "Ends the session of DEV (default: the manifest's only hybrid one) and gives its workload back. With\n" +
			"--all, every session that this machine's journal knows, running or crashed, and every workload in the\n" +
			"namespace that you diverted from here.",
		Args: wrongArgs(cobra.MaximumNArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			if all && len(args) == 1 {
				return usageError{fmt.Errorf("name a DEV or --all, not both")}
			}
			m, err := g.manager(nil)
			if err != nil {
				return err
			}
			defer m.Close(cmd.Context())
			r := session.DownRequest{All: all, Manifest: file, Takeover: takeover}
			if len(args) == 1 {
				r.Dev = args[0]
			}
			restored, err := m.Down(cmd.Context(), r)
			p := newPaint(os.Stderr)
			for _, d := range restored {
				fmt.Fprintf(os.Stderr, "  %s %s\n", p.good("✓"), d)
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
	f.BoolVar(&all, "all", false, "every session of this machine's journal and every diverted workload of the namespace")
	return cmd
}
