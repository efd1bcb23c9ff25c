package main

import (
	"errors"
	"os"

	"github.com/spf13/cobra"

	"github.com/tandem-dev/tandem/session/process"
)

func newRun(g *globals) *cobra.Command {
	var file string
	var sets []string
	cmd := &cobra.Command{
		Use:   "run [DEV] -- CMD...",
		Short: "Run CMD with the environment of DEV's workload: for tests and scripts",
		Long: "Becomes CMD, in the current directory, with the environment of DEV's running session where there is\n" +
			"one, else as computed from the cluster's objects. No file is involved, so no value is lost. The exit\n" +
			"code is CMD's.",
		Example: "  tandem run api -- go test ./...\n  tandem run api -- sh -c 'psql \"$DATABASE_URL\"'     # quoted: the workload's value, not your shell's",
		RunE: func(cmd *cobra.Command, args []string) error {
			dev, command, err := devAndCommand(cmd, args)
			if err != nil {
				return err
			}
			if len(command) == 0 {
				return usageError{errors.New("name the command after --")}
			}
			vars, err := assignments(sets)
			if err != nil {
				return err
			}
			m, err := g.manager(nil)
			if err != nil {
				return err
			}
			env, err := m.ResolveAny(cmd.Context(), file, dev)
			if err != nil {
				return err
			}
			policy, err := g.local.policy()
			if err != nil {
				return err
			}
			local := env.With(vars).Local(os.Environ(), policy)
			if err := m.Close(cmd.Context()); err != nil {
				return err
			}
			return process.Exec(cmd.Context(), process.Spec{Argv: command, Env: local})
		},
	}
	f := cmd.Flags()
	f.StringVarP(&file, "file", "f", "", "manifest (default: okteto.yml, okteto.yaml, or the same in .okteto/)")
	f.StringArrayVarP(&sets, "env", "e", nil, "NAME=VALUE above everything else (repeatable)")
	g.local.add(f, false)
	return cmd
}
