package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/tandem-dev/tandem/internal/fault"
	"github.com/tandem-dev/tandem/session"
)

func newDebug(g *globals) *cobra.Command {
	var file string
	var takeover bool
	var sets []string
	var what debugFlags
	cmd := &cobra.Command{
		Use:   "debug [DEV] [-- CMD...]",
		Short: "Run DEV here under a debugger that waits for your editor",
		Long: "Starts a session as `tandem up` does, with a debugger in the place of the command, and says where it\n" +
			"listens; or joins DEV's running session, whose command is ended for the debugger and comes back\n" +
			"afterwards. Goes on until the debugger has ended, or Ctrl-C. What an editor needs to know is on stdout\n" +
			"as one JSON object.",
		Example: "  tandem debug api\n  tandem debug api --protocol delve      # for GoLand's Go Remote\n  tandem debug api --mode test --program ./api",
		RunE: func(cmd *cobra.Command, args []string) error {
			dev, command, err := devAndCommand(cmd, args)
			if err != nil {
				return err
			}
			vars, err := assignments(sets)
			if err != nil {
				return err
			}
			r, err := what.request(cmd.Flags())
			if err != nil {
				return err
			}
			return debugSession(cmd.Context(), g, session.StartRequest{
				Manifest: file, Dev: dev, Command: command, Environment: vars, Takeover: takeover, Debug: &r,
			})
		},
	}
	f := cmd.Flags()
	f.StringVarP(&file, "file", "f", "", "manifest (default: okteto.yml, okteto.yaml, or the same in .okteto/)")
	f.BoolVar(&takeover, "takeover", false, "end a session that somebody else has on the workload")
	f.StringArrayVarP(&sets, "env", "e", nil, "NAME=VALUE above everything else (repeatable)")
	what.add(f)
	what.addProtocol(f)
	g.local.add(f, true)
	return cmd
}

// debugSession joins the dev's session where one runs, else starts it.
func debugSession(ctx context.Context, g *globals, r session.StartRequest) error {
	report := newReporter(os.Stderr)
	m, err := g.manager(report)
	if err != nil {
		return err
	}
	defer m.Close(context.WithoutCancel(ctx))
	d, stop, err := m.DebugAny(ctx, r.Manifest, r.Dev, *r.Debug)
	if err == nil {
		showDebugger(d)
		err = m.DebugWait(ctx, r.Manifest, r.Dev, d.ID)
		if ctx.Err() != nil {
			return stop(context.WithoutCancel(ctx))
		}
		return err
	}
	if fault.KindOf(err) != fault.SessionNotFound {
		return err
	}
	r.IO = standardIO()
	r.Progress = report.progress
	r.EndWithCommand = true
	snap, err := m.Start(ctx, r)
	if err != nil {
		return err
	}
	running, _, err := m.Debuggers(snap.ID)
	if err != nil {
		return err
	}
	for _, d := range running {
		showDebugger(d)
	}
	final, err := m.Wait(ctx, snap.ID)
	if err != nil { // ctx ended first
		if final, err = m.Stop(context.WithoutCancel(ctx), snap.ID); err != nil {
			return err
		}
	}
	if final.State == session.Failed && final.Cause != nil {
		return fault.New(final.Cause.Kind, "%s", final.Cause.Message).Hint("%s", final.Cause.Hint)
	}
	return nil
}

// showDebugger says where a debugger listens: to a person, and to a program.
func showDebugger(d session.Debugging) {
	p := newPaint(os.Stderr)
	language := string(d.Language)
	if language == "" {
		language = "your debugger"
	}
	fmt.Fprintf(os.Stderr, "%s %s (%s) listens on %s\n", p.good("debugger"), language, d.Protocol, d.Address)
	e := json.NewEncoder(os.Stdout)
	e.SetEscapeHTML(false)
	_ = e.Encode(d.Configuration) // an output that is gone needs none
}
