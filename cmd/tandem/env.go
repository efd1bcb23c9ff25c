package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/tandem-dev/tandem/envfile"
	"github.com/tandem-dev/tandem/session"
)

func newEnv(g *globals) *cobra.Command {
	var file, format, name string
	var sets []string
	var reveal, offline bool
	cmd := &cobra.Command{
		Use:   "env [DEV]",
		Short: "Print the environment that DEV's workload has",
		Long: "Prints the five tiers, nothing of this machine: of the running session where there is one, else as\n" +
			"computed from the cluster's objects. The values of Secrets are printed: mind where they go.\n\n" +
			"With --explain, tells of one variable who sets it, what shadows what, how its $(VAR) were replaced, and\n" +
			"what becomes of it on this machine, or why it is not set. The values of Secrets stay hidden then.",
		Example: "  tandem env api --format json | jq -r .DATABASE_URL\n  eval \"$(tandem env api --format shell)\"\n" +
			"  tandem env api --explain DATABASE_URL",
		Args: wrongArgs(cobra.MaximumNArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			d, err := dialect("--format", format)
			if err != nil {
				return err
			}
			if name == "" && reveal {
				return usageError{errors.New("--reveal belongs to --explain")}
			}
			if name != "" && cmd.Flags().Changed("format") && d != envfile.JSON {
				return usageError{fmt.Errorf("--explain has --format json only, not %s", d)}
			}
			vars, err := assignments(sets)
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
			if name != "" {
				r := session.ExplainRequest{Manifest: file, Dev: dev, Name: name, Reveal: reveal, Environment: vars}
				return explainVariable(cmd.Context(), m, r, offline, d == envfile.JSON)
			}
			resolve := m.ResolveAny
			if offline {
				resolve = m.ResolveOffline
			}
			env, err := resolve(cmd.Context(), file, dev)
			if err != nil {
				return err
			}
			env = env.With(vars)
			text, lost, err := envfile.Encode(env, d)
			if err != nil {
				return err
			}
			p := newPaint(os.Stderr)
			for _, w := range env.Warnings {
				fmt.Fprintf(os.Stderr, "%s %s\n", p.warn("tandem: warning:"), w.Message)
			}
			for _, u := range lost {
				if v, ok := env.Lookup(u.Name); ok && v.Unresolved {
					continue // a warning has said so
				}
				fmt.Fprintf(os.Stderr, "%s %s cannot be written as %s: %s\n", p.warn("tandem: warning:"), u.Name, d, u.Reason)
			}
			_, err = os.Stdout.Write(text)
			return err
		},
	}
	f := cmd.Flags()
	f.StringVarP(&file, "file", "f", "", "manifest (default: okteto.yml, okteto.yaml, or the same in .okteto/)")
	f.StringVar(&format, "format", "dotenv", "one of "+dialects())
	f.StringVar(&name, "explain", "", "tell how the variable NAME came to its value; ends with 1 where nothing has to do with it")
	f.BoolVar(&reveal, "reveal", false, "with --explain, show the values of Secrets")
	f.BoolVar(&offline, "offline", false, "do not ask a running session")
	f.StringArrayVarP(&sets, "env", "e", nil, "NAME=VALUE above everything else (repeatable)")
	return cmd
}

// explainVariable prints the history of one variable to stdout.
func explainVariable(ctx context.Context, m *session.Manager, r session.ExplainRequest, offline, asJSON bool) error {
	ask := m.ExplainAny
	if offline {
		ask = m.Explain
	}
	e, err := ask(ctx, r)
	if err != nil {
		return err
	}
	if asJSON {
		enc := json.NewEncoder(os.Stdout)
		enc.SetIndent("", "  ")
		enc.SetEscapeHTML(false)
		if err := enc.Encode(e); err != nil {
			return err
		}
	} else {
		explanation{os.Stdout, newPaint(os.Stdout)}.print(e)
	}
	if e.Status == envfile.StatusUnknown {
		return exitCode(1)
	}
	return nil
}
