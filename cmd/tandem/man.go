package main

import (
	"os"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"

	"github.com/tandem-dev/tandem/internal/fault"
)

// newMan writes the manual pages, for packages; people have --help.
func newMan() *cobra.Command {
	return &cobra.Command{
		Use:    "man DIR",
		Short:  "Write the manual pages into DIR",
		Hidden: true,
		Args:   wrongArgs(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			root := cmd.Root()
			root.DisableAutoGenTag = true // it holds the day of the build
			if err := os.MkdirAll(args[0], 0o755); err != nil {
				return fault.Wrap(err, fault.Internal, "making the folder %s", args[0])
			}
			header := &doc.GenManHeader{Title: "TANDEM", Section: "1", Source: "Tandem " + version, Manual: "Tandem"}
			if err := doc.GenManTree(root, header, args[0]); err != nil {
				return fault.Wrap(err, fault.Internal, "writing the manual pages into %s", args[0])
			}
			return nil
		},
	}
}
