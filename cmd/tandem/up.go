package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/tandem-dev/tandem/envfile"
	"github.com/tandem-dev/tandem/internal/fault"
	"github.com/tandem-dev/tandem/session"
	"github.com/tandem-dev/tandem/session/process"
)

func newUp(g *globals) *cobra.Command {
	var file string
	var takeover, noCommand, keepFiles, volumes, serviceAccount, dry, asJSON bool
	var proxy string
	var turn, readiness string
	var sets, formats []string
	cmd := &cobra.Command{
		Use:   "up [DEV] [-- CMD...]",
		Short: "Run DEV here, in place of its workload, until its command ends or Ctrl-C",
		Long: "Activates the dev container of a `mode: hybrid` entry of okteto.yml, opens its tunnels, and runs its\n" +
			"command (or CMD) here with the workload's environment. When the command ends, or on Ctrl-C, the\n" +
			"cluster is given back as it was. The exit code is the command's.",
		Example: "  tandem up api\n  tandem up api -- go test ./...\n  tandem up api -e LOG_LEVEL=debug -- bash",
		RunE: func(cmd *cobra.Command, args []string) error {
			dev, command, err := devAndCommand(cmd, args)
			if err != nil {
				return err
			}
			vars, err := assignments(sets)
			if err != nil {
				return err
			}
			var files []envfile.Dialect
			for _, name := range formats {
				d, err := dialect("--files", name)
				if err != nil {
					return err
				}
				files = append(files, d)
			}
			if asJSON && !dry {
				return usageError{errors.New("--json goes with --dry-run")}
			}
			if dry {
				return dryRun(cmd.Context(), g, session.PlanRequest{Manifest: file, Dev: dev, Takeover: takeover}, asJSON)
			}
			return up(cmd.Context(), g, session.StartRequest{
				Manifest: file, Dev: dev, Run: !noCommand, Command: command,
				Environment: vars, Switch: session.Switch(turn), Readiness: session.Readiness(readiness), Takeover: takeover, Files: files, KeepFiles: keepFiles,
				Volumes: volumes || serviceAccount, ServiceAccount: serviceAccount, Proxy: proxy,
			})
		},
	}
	f := cmd.Flags()
	f.StringVarP(&file, "file", "f", "", "manifest (default: okteto.yml, okteto.yaml, or the same in .okteto/)")
	f.BoolVar(&takeover, "takeover", false, "end a session that somebody else has on the workload")
	f.StringVar(&turn, "switch", string(session.SwitchListening), "when to turn the traffic here: 'listening', once the local ports accept connections, or 'now'")
	f.StringVar(&readiness, "readiness", string(session.ReadinessLink), "when the dev pod is ready: with the 'link', or with the link and somebody who listens here: 'local'")
	f.BoolVar(&noCommand, "no-command", false, "open the tunnels and write the environment, but run nothing")
	f.StringArrayVarP(&sets, "env", "e", nil, "NAME=VALUE above everything else (repeatable)")
	f.StringSliceVar(&formats, "files", nil, "formats of the environment files, as in 'tandem env --format' (default dotenv,json)")
	f.BoolVar(&keepFiles, "keep-files", false, "leave the environment files behind; they hold the values of Secrets")
	f.BoolVar(&volumes, "volumes", false, "put the files of the container's ConfigMap, Secret and token volumes here; TANDEM_ROOT says where")
	f.BoolVar(&serviceAccount, "service-account", false, "reach the cluster as the workload's service account, by KUBECONFIG (with --volumes)")
	f.StringVar(&proxy, "proxy", "", "a SOCKS5 and HTTP proxy into the cluster at this loopback `ADDRESS`, any port without one")
	f.Lookup("proxy").NoOptDefVal = "127.0.0.1:0"
	f.BoolVar(&dry, "dry-run", false, "say what would be done, and what would keep it from being done; change nothing")
	f.BoolVar(&asJSON, "json", false, "with --dry-run: print JSON, as session/plan of docs/protocol.md answers")
	g.local.add(f, true)
	return cmd
}

// devAndCommand splits `up [DEV] [-- CMD...]`.
func devAndCommand(cmd *cobra.Command, args []string) (dev string, command []string, err error) {
	if at := cmd.ArgsLenAtDash(); at >= 0 {
		args, command = args[:at], args[at:]
	}
	switch len(args) {
	case 0:
		return "", command, nil
	case 1:
		return args[0], command, nil
	}
	return "", nil, usageError{fmt.Errorf("one DEV at most, got %s (put the command after --)", strings.Join(args, " "))}
}

// commandLine is the source of a variable that -e sets.
const commandLine = "command line"

func assignments(sets []string) ([]envfile.Var, error) {
	var vars []envfile.Var
	for _, s := range sets {
		name, value, ok := strings.Cut(s, "=")
		if !ok || name == "" {
			return nil, usageError{fmt.Errorf("-e wants NAME=VALUE, got %q", name)}
		}
		vars = append(vars, envfile.Var{Name: name, Value: value, Source: commandLine})
	}
	return vars, nil
}

// up runs one session to its end. The session stops when its command ends,
// when ctx ends (Ctrl-C, SIGTERM, SIGHUP), or when it fails.
func up(ctx context.Context, g *globals, r session.StartRequest) error {
	report := newReporter(os.Stderr)
	m, err := g.manager(report)
	if err != nil {
		return err
	}
	r.IO = standardIO()
	r.Progress = report.progress
	r.EndWithCommand = true

	// While the command runs on a terminal, that terminal is raw and Ctrl-C is
	// the command's. Without one, Ctrl-C reaches us and ends the session, which
	// ends the command first.
	snap, err := m.Start(ctx, r)
	if err != nil {
		// Why it did not start is one thing, what it could not give back another.
		if left := m.Close(context.WithoutCancel(ctx)); left != nil {
			explain(os.Stderr, newPaint(os.Stderr), left)
		}
		return err
	}
	defer m.Close(context.WithoutCancel(ctx))
	final, err := m.Wait(ctx, snap.ID)
	if err != nil { // ctx ended first
		final, err = m.Stop(context.WithoutCancel(ctx), snap.ID)
		if err != nil {
			return err
		}
	}
	if final.State == session.Failed && final.Cause != nil {
		return fault.New(final.Cause.Kind, "%s", final.Cause.Message).Hint("%s", final.Cause.Hint)
	}
	if final.Process != nil && final.Process.ExitCode != nil && *final.Process.ExitCode != 0 {
		return exitCode(*final.Process.ExitCode)
	}
	return nil
}

// standardIO gives the command this process's streams: the whole terminal
// where there is one, else the plain files.
func standardIO() session.IO {
	if term.IsTerminal(int(os.Stdin.Fd())) && term.IsTerminal(int(os.Stdout.Fd())) {
		return session.IO{Terminal: &process.Terminal{In: os.Stdin, Out: os.Stdout}}
	}
	return session.IO{Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr}
}
