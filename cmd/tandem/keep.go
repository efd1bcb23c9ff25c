package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"time"

	"github.com/rs/zerolog"
	"github.com/spf13/cobra"

	"github.com/tandem-dev/tandem/internal/fault"
	"github.com/tandem-dev/tandem/rpc"
	"github.com/tandem-dev/tandem/rpc/keep"
	"github.com/tandem-dev/tandem/session"
)

// keepFlags are the flags of `serve` about sessions that outlive the editor's
// connection.
type keepFlags struct {
	linger  time.Duration
	name    string
	backend string
}

func (k *keepFlags) add(cmd *cobra.Command) {
	f := cmd.Flags()
	f.DurationVar(&k.linger, "keep", 0, "keep sessions for this long after the connection has ended, for whoever connects again (default: end them with the connection)")
	f.StringVar(&k.name, "keep-for", "", "name of the workspace whose connections share sessions, with --keep")
	f.StringVar(&k.backend, "backend", "", "serve the socket of this path (what --keep starts)")
	_ = f.MarkHidden("backend")
}

// connect joins the editor with the backend that keeps its sessions, which is
// started where none runs.
func (k *keepFlags) connect(ctx context.Context, g *globals) error {
	out, err := rpc.ClaimStdout()
	if err != nil {
		return err
	}
	exe, err := os.Executable()
	if err != nil {
		return fault.Wrap(err, fault.Internal, "finding this program")
	}
	stateDir := g.stateDir
	if stateDir == "" {
		if stateDir, err = session.DefaultStateDir(); err != nil {
			return err
		}
	}
	// Another build, or another way to the cluster, is another backend.
	socket, err := keep.Name(stateDir, k.name, exe, version, g.kubeconfig, os.Getenv("KUBECONFIG"), g.context, g.namespace, g.agentImage)
	if err != nil {
		return err
	}
	start := func() error {
		log, err := os.OpenFile(keep.LogPath(socket), os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
		if err != nil {
			return fault.Wrap(err, fault.JournalFailed, "opening the backend's log %s", keep.LogPath(socket))
		}
		defer log.Close()
		// Not CommandContext: the backend outlives us.
		cmd := exec.Command(exe, "serve", "--backend", socket, "--keep", k.linger.String(),
			"--kubeconfig", g.kubeconfig, "--context", g.context, "--namespace", g.namespace,
			"--state-dir", g.stateDir, "--agent-image", g.agentImage)
		cmd.Stdout, cmd.Stderr = log, log
		keep.Detach(cmd)
		if err := cmd.Start(); err != nil {
			return fault.Wrap(err, fault.Internal, "starting the backend %s", exe)
		}
		return cmd.Process.Release()
	}
	return keep.Connect(ctx, socket, start, os.Stdin, out)
}

// serve is the backend.
func (k *keepFlags) serve(ctx context.Context, g *globals) error {
	if k.linger <= 0 {
		return usageError{fmt.Errorf("--backend needs --keep")}
	}
	b := &keep.Backend{
		Sessions: g.sessions, Linger: k.linger, Version: version,
		Out: os.Stderr, Log: zerolog.New(os.Stderr).With().Timestamp().Logger(),
	}
	return b.Serve(ctx, k.backend)
}
