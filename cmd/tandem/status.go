package main

import (
	"encoding/json"
	"fmt"
	"os"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"
)

func newStatus(g *globals) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "status",
		Short: "Show the sessions of this machine, running and crashed",
		Args:  wrongArgs(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			m, err := g.manager(nil)
			if err != nil {
				return err
			}
			defer m.Close(cmd.Context())
			all, err := m.Status(cmd.Context())
			if asJSON {
				enc := json.NewEncoder(os.Stdout)
				enc.SetIndent("", "  ")
				if encErr := enc.Encode(all); encErr != nil {
					return encErr
				}
				return err
			}
			if len(all) == 0 && err == nil {
				fmt.Fprintln(os.Stderr, "no sessions")
				return nil
			}
			w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
			fmt.Fprintln(w, "SESSION\tSTATE\tWORKLOAD\tPOD\tTUNNELS\tSINCE\tPID")
			for _, s := range all {
				pod, tunnels, since := "-", "-", s.Started
				if s.Snapshot != nil {
					since = s.Snapshot.Since
					tunnels = fmt.Sprint(len(s.Snapshot.Tunnels))
					if s.Snapshot.Pod != nil {
						pod = s.Snapshot.Pod.Name
					}
				}
				fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%d\n", s.ID, s.State, s.Workload, pod, tunnels,
					time.Since(since).Round(time.Second), s.PID)
			}
			return w.Flush()
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}
