package main

import (
	"os"

	"github.com/spf13/cobra"

	"github.com/tandem-dev/tandem/debug/adapter"
)

// debuggerVerb starts the process of one debugger. Sessions call it; people have
// `tandem dap` and `tandem debug`.
const debuggerVerb = "debugger"

func newDebugger() *cobra.Command {
	return &cobra.Command{
		Use:    debuggerVerb,
		Short:  "The process of one debugger, which a session starts and tells on its input what to do",
		Hidden: true,
		Args:   wrongArgs(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if code := adapter.Main(cmd.Context(), os.Stdin, os.Stdout); code != 0 {
				return exitCode(code)
			}
			return nil
		},
	}
}

// debuggerArgv starts debuggerVerb; empty where this program cannot be found, which
// debug/start then says.
func debuggerArgv() []string {
	self, err := os.Executable()
	if err != nil {
		return nil
	}
	return []string{self, debuggerVerb}
}
