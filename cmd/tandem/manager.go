package main

import (
	"fmt"
	"os"

	"github.com/rs/zerolog"

	"github.com/tandem-dev/tandem/envfile"
	"github.com/tandem-dev/tandem/session"
)

// logger writes to stderr: for a person on a terminal, as JSON elsewhere.
func (g *globals) logger() (zerolog.Logger, error) {
	level, err := zerolog.ParseLevel(g.logLevel)
	if err != nil {
		return zerolog.Nop(), usageError{fmt.Errorf("--log-level %q: want trace, debug, info, warn, error or disabled", g.logLevel)}
	}
	if newPaint(os.Stderr).on {
		return zerolog.New(zerolog.ConsoleWriter{Out: os.Stderr, TimeFormat: "15:04:05.000"}).Level(level).With().Timestamp().Logger(), nil
	}
	return zerolog.New(os.Stderr).Level(level).With().Timestamp().Logger(), nil
}

// manager makes the engine from the flags.
func (g *globals) manager(observer session.Observer) (*session.Manager, error) {
	log, err := g.logger()
	if err != nil {
		return nil, err
	}
	policy, err := g.local.policy()
	if err != nil {
		return nil, err
	}
	return session.NewManager(session.Config{
		Local: policy, RewriteHosts: envfile.HostMode(g.local.rewriteHosts),
		StateDir: g.stateDir, AgentImage: g.agentImage,
		Kubeconfig: g.kubeconfig, Context: g.context, Namespace: g.namespace,
		Role: "up", GuardCommand: guardCommand(), GuardGrace: g.guardGrace, GuardTTL: g.guardTTL,
		Debugger: debuggerArgv(),
		Version:  version, Logger: log, Observer: observer,
	})
}
