package main

import (
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/tandem-dev/tandem/envfile"
)

func newEnv(g *globals) *cobra.Command {
	var file, format string
	cmd := &cobra.Command{
		Use:   "env [DEV]",
		Short: "Print the environment that DEV's workload has",
		Long: "Prints the five tiers, nothing of this machine: of the running session where there is one, else as\n" +
			"computed from the cluster's objects. The values of Secrets are printed: mind where they go.",
		Example: "  tandem env api --format json | jq -r .DATABASE_URL\n  eval \"$(tandem env api --format shell)\"",
		Args:    wrongArgs(cobra.MaximumNArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			d, err := dialect(format)
			if err != nil {
				return err
			}
			m, err := g.manager(nil)
			if err != nil {
				return err
			}
			defer m.Close(cmd.Context())
			dev := ""
			if len(args) == 1 {
				dev = args[0]
			}
			env, err := m.ResolveAny(cmd.Context(), file, dev)
			if err != nil {
				return err
			}
			text, lost, err := envfile.Encode(env, d)
			if err != nil {
				return err
			}
			p := newPaint(os.Stderr)
			for _, w := range env.Warnings {
				fmt.Fprintf(os.Stderr, "%s %s\n", p.warn("tandem: warning:"), w.Message)
			}
			for _, u := range lost {
				fmt.Fprintf(os.Stderr, "%s %s cannot be written as %s: %s\n", p.warn("tandem: warning:"), u.Name, d, u.Reason)
			}
			_, err = os.Stdout.Write(text)
			return err
		},
	}
	f := cmd.Flags()
	f.StringVarP(&file, "file", "f", "", "manifest (default: okteto.yml, okteto.yaml, or the same in .okteto/)")
	f.StringVar(&format, "format", "dotenv", "dotenv, json or shell")
	return cmd
}
