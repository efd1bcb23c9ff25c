package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"
)

func newInit() *cobra.Command {
	var wanted []string
	cmd := &cobra.Command{
		Use:   "init [DIR]",
		Short: "Tell editors without a plugin how to start the server",
		Long: "Writes .tandem/connection.json into DIR (default: this folder): the words that start this program as a\n" +
			"server, for an editor that looks there. With --editor, prints that editor's configuration to stdout, and\n" +
			"where it goes to stderr. docs/editors.md says more about each.",
		Example: "  tandem init\n  tandem init --editor neovim > ~/.config/nvim/plugin/tandem.lua",
		Args:    wrongArgs(cobra.MaximumNArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			var chosen []editor
			for _, name := range wanted {
				i := slices.IndexFunc(editors, func(e editor) bool { return e.name == name })
				if i < 0 {
					return usageError{fmt.Errorf("--editor %q: want one of %s", name, strings.Join(editorNames(), ", "))}
				}
				chosen = append(chosen, editors[i])
			}
			dir := "."
			if len(args) == 1 {
				dir = args[0]
			}
			dir, err := filepath.Abs(dir)
			if err != nil {
				return err
			}
			c, err := thisConnection()
			if err != nil {
				return err
			}
			path, err := writeConnection(dir, c)
			if err != nil {
				return err
			}
			fmt.Fprintf(os.Stderr, "wrote %s\n", path)
			for _, e := range chosen {
				text, err := e.configuration(c.Argv)
				if err != nil {
					return err
				}
				fmt.Fprintf(os.Stderr, "%s: %s\n", e.title, e.place)
				if _, err := fmt.Fprint(cmd.OutOrStdout(), text); err != nil {
					return err
				}
			}
			return nil
		},
	}
	cmd.Flags().StringSliceVar(&wanted, "editor", nil, "print the configuration of this editor: "+strings.Join(editorNames(), ", ")+" (repeatable)")
	return cmd
}
