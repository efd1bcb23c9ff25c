// Command tandem runs one service on the developer's machine while the rest of
// the application stays in Kubernetes.
//
// `tandem serve` is the server that editors launch; the other verbs drive the
// same engine from a terminal. Data goes to stdout, what is said to a person
// to stderr. Exit codes: 0, or 1 for a failure, or 2 for wrong usage; `up` ends
// with its command's own code.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/tandem-dev/tandem/internal/fault"
	"github.com/tandem-dev/tandem/session"
	"github.com/tandem-dev/tandem/session/process"
)

// version is set by the linker (see the Makefile).
var version = "dev"

func main() {
	code := run(os.Args[1:])
	process.RestoreTerminals() // os.Exit runs no deferred call
	os.Exit(code)
}

// exitCode is an error that only carries the code to exit with; whoever
// returns it has said everything already.
type exitCode int

func (c exitCode) Error() string { return fmt.Sprintf("exit code %d", int(c)) }

// usageError marks what the user typed wrong.
type usageError struct{ error }

func run(args []string) int {
	// The first signal asks for an orderly end, which gives the cluster back; a
	// second one while that goes on ends the process at once, and the journal
	// keeps what is left.
	defer process.RestoreTerminals() // a panic must not leave the terminal raw
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	context.AfterFunc(ctx, stop)

	cmd := newRoot()
	cmd.SetArgs(args)
	verb, err := cmd.ExecuteContextC(ctx)
	var code exitCode
	var usage usageError
	switch {
	case err == nil:
		return 0
	case errors.As(err, &code):
		return int(code)
	case errors.As(err, &usage):
		fmt.Fprintf(os.Stderr, "tandem: %v\nTry `%s --help`.\n", err, verb.CommandPath())
		return 2
	}
	explain(os.Stderr, newPaint(os.Stderr), err)
	return 1
}

// explain prints an error for a person: what happened, and what to do next.
func explain(w io.Writer, p paint, err error) {
	fmt.Fprintf(w, "%s %v\n", p.bad("tandem:"), err)
	if hint := fault.HintOf(err); hint != "" {
		fmt.Fprintf(w, "%s %s\n", p.dim("  hint:"), hint)
	}
}

// levelOff is the log level of whoever asks for none.
const levelOff = "disabled"

// globals are the flags that every verb shares.
type globals struct {
	kubeconfig, context, namespace string
	stateDir, agentImage           string
	logLevel                       string
	guardGrace, guardTTL           time.Duration
	local                          localFlags
}

func newRoot() *cobra.Command {
	var g globals
	root := &cobra.Command{
		Use:   "tandem",
		Short: "Run one service here, the rest stays in Kubernetes",
		Long: "Tandem runs one service of your application on this machine, in place of its workload in\n" +
			"Kubernetes: with that workload's environment, and with traffic flowing both ways.",
		Version:       version,
		SilenceErrors: true,
		SilenceUsage:  true,
		// Not the flags' defaults: help would show what is set on this machine.
		PersistentPreRunE: func(cmd *cobra.Command, _ []string) (err error) {
			g.stateDir = or(g.stateDir, os.Getenv("TANDEM_STATE_DIR"))
			g.agentImage = or(g.agentImage, os.Getenv("TANDEM_AGENT_IMAGE"))
			if ttl := os.Getenv("TANDEM_GUARD_TTL"); ttl != "" && !cmd.Flags().Changed("guard-ttl") {
				if g.guardTTL, err = time.ParseDuration(ttl); err != nil {
					return usageError{fmt.Errorf("TANDEM_GUARD_TTL %q: want a duration such as 15m", ttl)}
				}
			}
			return nil
		},
	}
	f := root.PersistentFlags()
	f.StringVar(&g.kubeconfig, "kubeconfig", "", "kubeconfig file (default: $KUBECONFIG, then ~/.kube/config)")
	f.StringVar(&g.context, "context", "", "context of the kubeconfig (default: the one that the manifest names, then the current one)")
	f.StringVarP(&g.namespace, "namespace", "n", "", "namespace (default: the one that the manifest names, then the context's)")
	f.StringVar(&g.stateDir, "state-dir", "", "folder of the journal of sessions (default: $TANDEM_STATE_DIR, then $XDG_STATE_HOME/tandem, then ~/.local/state/tandem)")
	f.StringVar(&g.agentImage, "agent-image", "", "image that brings the agent into the pod; 'tandem agent image push' makes one (default: $TANDEM_AGENT_IMAGE)")
	// Silent unless asked for: a verb says what matters in its own words, and a
	// log line beside them would say it twice.
	f.StringVar(&g.logLevel, "log-level", levelOff, "log level on stderr: trace, debug, info, warn, error, disabled")
	f.DurationVar(&g.guardGrace, "guard-grace", session.DefaultGuardGrace, "after a crash of tandem, how long until a guard process has given the cluster back; negative: no guard")
	f.DurationVar(&g.guardTTL, "guard-ttl", session.DefaultGuardTTL, "how long nothing may be heard of this machine before the session's agent in the cluster gives the workload back; negative: never; TANDEM_GUARD_TTL sets it as well")
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usageError{err} })
	root.SetVersionTemplate("tandem {{.Version}}\n")
	onlyVerbs(root)
	root.AddCommand(newServe(&g), newUp(&g), newDown(&g), newRun(&g), newDebug(&g), newDAP(&g), newDebugger(), newEnv(&g), newStatus(&g), newTunnel(&g), newDoctor(&g), newConfig(&g), newAgent(), newVersion(), newMan())
	root.AddCommand(newInit(), newGuard(&g))
	return root
}

// onlyVerbs makes a command that only groups others: alone it shows its help,
// and a verb that it does not have is wrong usage, at every depth.
func onlyVerbs(group *cobra.Command) {
	group.DisableFlagsInUseLine = true
	group.SuggestionsMinimumDistance = 2
	group.RunE = func(cmd *cobra.Command, _ []string) error { return cmd.Help() }
	group.Args = func(cmd *cobra.Command, args []string) error {
		if len(args) == 0 {
			return nil
		}
		near := ""
		if like := cmd.SuggestionsFor(args[0]); len(like) > 0 {
			near = fmt.Sprintf(" (did you mean %s?)", strings.Join(like, " or "))
		}
		_, path, _ := strings.Cut(cmd.CommandPath()+" "+args[0], " ")
		return usageError{fmt.Errorf("there is no command %q%s", path, near)}
	}
}

// wrongArgs makes cobra's complaints about arguments usage errors.
func wrongArgs(check cobra.PositionalArgs) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if err := check(cmd, args); err != nil {
			return usageError{err}
		}
		return nil
	}
}
