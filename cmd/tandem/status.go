package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/tandem-dev/tandem/session"
)

func newStatus(g *globals) *cobra.Command {
	var asJSON, inCluster bool
	cmd := &cobra.Command{
		Use:   "status",
		Short: "Show the sessions of this machine, running and crashed",
		Long: "Shows the sessions that this machine's journal knows, running and crashed. With --cluster, the sessions that\n" +
			"stand in the namespace, whoever started them and wherever, and whether somebody is behind each.",
		Args: wrongArgs(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			m, err := g.manager(nil)
			if err != nil {
				return err
			}
			defer m.Close(cmd.Context())
			if inCluster {
				return statusCluster(cmd.Context(), m, asJSON)
			}
			all, err := m.Status(cmd.Context())
			if asJSON {
				return errors.Join(printJSON(all), err)
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
	cmd.Flags().BoolVar(&inCluster, "cluster", false, "what the cluster tells, of everybody's sessions in the namespace")
	return cmd
}

func printJSON(v any) error {
	enc := json.NewEncoder(os.Stdout)
	enc.SetIndent("", "  ")
	return enc.Encode(v)
}

// statusCluster shows what stands in the namespace.
func statusCluster(ctx context.Context, m *session.Manager, asJSON bool) error {
	all, err := m.InCluster(ctx)
	if err != nil {
		return err
	}
	if asJSON {
		return printJSON(all)
	}
	if len(all) == 0 {
		fmt.Fprintln(os.Stderr, "no sessions in the namespace")
		return nil
	}
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "SESSION\tWORKLOAD\tOWNER\tHOST\tSINCE\tAGE\tBEHIND IT")
	for _, s := range all {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", or(s.ID, "-"), or(s.Workload, "-"), or(s.Owner, "-"), or(s.Host, "-"),
			s.Since.Local().Format(time.DateTime), time.Since(s.Since).Round(time.Second), behindText(s))
	}
	return w.Flush()
}

// behindText says in words whether somebody is behind a session, and what becomes
// of it otherwise.
func behindText(s session.InCluster) string {
	switch s.Behind {
	case session.BehindSomebody:
		return "somebody is connected"
	case session.BehindUnknown:
		return "its agent cannot be asked"
	}
	if s.AwaySeconds == 0 {
		return "nobody"
	}
	text := fmt.Sprintf("nobody for %s", time.Duration(s.AwaySeconds)*time.Second)
	if left := s.GuardTTLSeconds - s.AwaySeconds; left > 0 {
		text += fmt.Sprintf(", given back in %s", time.Duration(left)*time.Second)
	}
	return text
}
