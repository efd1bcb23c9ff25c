package main

import (
	"os"
	"os/exec"
	"os/signal"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/tandem-dev/tandem/session"
)

// newGuard is the verb of the process that outlives a server. People do not type
// it: it is started with the first session and reads the server's death from its
// standard input.
func newGuard(g *globals) *cobra.Command {
	var owner string
	var grace time.Duration
	var watching bool
	cmd := &cobra.Command{
		Use:    "guard",
		Hidden: true,
		Short:  "Give the cluster back when the server that started this dies",
		Args:   wrongArgs(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if !watching {
				return launchGuard()
			}
			// What ends the server, or its terminal, must not end us as well.
			signal.Ignore(os.Interrupt, syscall.SIGHUP)
			log, err := g.logger()
			if err != nil {
				return err
			}
			if !session.HasJournal(g.stateDir) {
				return nil // it was removed since: there is nothing to guard
			}
			m, err := session.NewManager(session.Config{
				StateDir: g.stateDir, Kubeconfig: g.kubeconfig, Context: g.context, Namespace: g.namespace,
				Version: version, Logger: log, GuardGrace: grace,
			})
			if err != nil {
				return err
			}
			return m.Watch(cmd.Context(), owner, os.Stdin, os.Stdout)
		},
	}
	f := cmd.Flags()
	f.StringVar(&owner, "owner", "", "whose sessions")
	f.DurationVar(&grace, "grace", session.DefaultGuardGrace, "how long after the server's death everything is back")
	f.BoolVar(&watching, "watching", false, "this is the guard itself, not its launcher")
	return cmd
}

// launchGuard starts the guard as a process whose parent ends at once: editors
// that kill a server often kill the tree of processes below it, and the guard
// must not be in it.
func launchGuard() error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	cmd := exec.Command(self, append(os.Args[1:], "--watching")...)
	cmd.Stdin, cmd.Stdout = os.Stdin, os.Stdout
	session.Detach(cmd)
	if err := cmd.Start(); err != nil {
		return err
	}
	return cmd.Process.Release()
}

// guardCommand is what a session's guard is started with; none where this
// program cannot find itself.
func guardCommand() []string {
	self, err := os.Executable()
	if err != nil {
		return nil
	}
	return []string{self, "guard"}
}
