package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/tandem-dev/tandem/session"
)

func newTunnel(g *globals) *cobra.Command {
	group := &cobra.Command{
		Use:   "tunnel",
		Short: "Open and close tunnels of a running session",
		Long: "Opens and closes forwards and reverses of DEV's running session, whoever started it on this machine: an\n" +
			"editor, or 'tandem up'. They live through lost links and new pods as those of the manifest do, and end\n" +
			"with the session.",
	}
	onlyVerbs(group)
	group.AddCommand(newTunnelOpen(g), newTunnelClose(g), newTunnelList(g))
	return group
}

func newTunnelOpen(g *globals) *cobra.Command {
	var file string
	var forwards, reverses []string
	cmd := &cobra.Command{
		Use:   "open [DEV] (--forward SPEC | --reverse SPEC)...",
		Short: "Open tunnels in DEV's running session",
		Long: "Opens tunnels in DEV's running session and prints each as 'tandem tunnel list' does. What was open before an\n" +
			"error stays open.",
		Example: "  tandem tunnel open api --forward 0:postgres:5432      # any free local port\n" +
			"  tandem tunnel open api --reverse 9090:9090            # port of the pod : port of this machine",
		Args: wrongArgs(cobra.MaximumNArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			var asked []session.TunnelRequest
			for _, spec := range forwards {
				asked = append(asked, session.TunnelRequest{Kind: session.Forward, Spec: spec})
			}
			for _, spec := range reverses {
				asked = append(asked, session.TunnelRequest{Kind: session.Reverse, Spec: spec})
			}
			if len(asked) == 0 {
				return usageError{errors.New("which tunnel? --forward or --reverse")}
			}
			m, err := g.manager(nil)
			if err != nil {
				return err
			}
			defer m.Close(cmd.Context())
			var open []session.Tunnel
			for _, r := range asked {
				t, failed := m.OpenTunnelAny(cmd.Context(), file, first(args), r)
				if err = failed; err != nil {
					break
				}
				open = append(open, t)
			}
			return errors.Join(printTunnels(os.Stdout, open), err)
		},
	}
	f := cmd.Flags()
	f.StringVarP(&file, "file", "f", "", "manifest (default: okteto.yml, okteto.yaml, or the same in .okteto/)")
	f.StringArrayVar(&forwards, "forward", nil, "`LOCAL:[SERVICE:]REMOTE`, as in the manifest; local port 0 is any (repeatable)")
	f.StringArrayVar(&reverses, "reverse", nil, "`REMOTE:LOCAL`, as in the manifest (repeatable)")
	return cmd
}

func newTunnelClose(g *globals) *cobra.Command {
	var file string
	cmd := &cobra.Command{
		Use:     "close [DEV] TUNNEL",
		Short:   "Close a tunnel of DEV's running session",
		Example: "  tandem tunnel close api f3",
		Args:    wrongArgs(cobra.RangeArgs(1, 2)),
		RunE: func(cmd *cobra.Command, args []string) error {
			m, err := g.manager(nil)
			if err != nil {
				return err
			}
			defer m.Close(cmd.Context())
			return m.CloseTunnelAny(cmd.Context(), file, first(args[:len(args)-1]), args[len(args)-1])
		},
	}
	cmd.Flags().StringVarP(&file, "file", "f", "", "manifest (default: okteto.yml, okteto.yaml, or the same in .okteto/)")
	return cmd
}

func newTunnelList(g *globals) *cobra.Command {
	var file string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "list [DEV]",
		Short: "Show the tunnels of DEV's running session",
		Args:  wrongArgs(cobra.MaximumNArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			m, err := g.manager(nil)
			if err != nil {
				return err
			}
			defer m.Close(cmd.Context())
			all, err := m.TunnelsAny(cmd.Context(), file, first(args))
			if err != nil {
				return err
			}
			if asJSON {
				enc := json.NewEncoder(os.Stdout)
				enc.SetIndent("", "  ")
				return enc.Encode(all)
			}
			return printTunnels(os.Stdout, all)
		},
	}
	f := cmd.Flags()
	f.StringVarP(&file, "file", "f", "", "manifest (default: okteto.yml, okteto.yaml, or the same in .okteto/)")
	f.BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

// first is the only argument, or "".
func first(args []string) string {
	if len(args) == 0 {
		return ""
	}
	return args[0]
}

func printTunnels(w io.Writer, all []session.Tunnel) error {
	if len(all) == 0 {
		return nil
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "TUNNEL\tKIND\tFROM\tTO\tSTATE")
	for _, one := range all {
		from, to := ends(one)
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\n", one.ID, one.Kind, from, to, condition(one))
	}
	return t.Flush()
}

// ends are where a tunnel's connections come from and where they go.
func ends(t session.Tunnel) (from, to string) {
	if t.Kind == session.Reverse {
		return t.Remote, t.Local
	}
	return t.Local, t.Remote
}

// condition is a tunnel's state with what explains it.
func condition(t session.Tunnel) string {
	switch {
	case t.Owner != nil:
		return fmt.Sprintf("%s, served by %s (pid %d)", t.State, t.Owner.Session, t.Owner.PID)
	case t.Error != "":
		return t.State + ", " + t.Error
	}
	return t.State
}
