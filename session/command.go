package session

import (
	"context"
	"io"
	"os"

	"github.com/tandem-dev/tandem/session/process"
)

// command is the local process with what reads its output.
type command struct {
	process *process.Process
	streams []*outputText
	noted   bool
}

// spec wires the command as the request wants it.
func (s *Session) spec() (process.Spec, []*outputText) {
	spec := process.Spec{
		Argv: s.prepared.argv, Dir: s.prepared.dev.Workdir,
		Terminal: s.request.IO.Terminal, Stdin: s.request.IO.Stdin,
		Stdout: s.request.IO.Stdout, Stderr: s.request.IO.Stderr,
	}
	var streams []*outputText
	toObserver := func(w io.Writer, stream string) io.Writer {
		if w != nil || s.cfg.Observer == nil || spec.Terminal != nil {
			return w
		}
		text := &outputText{emit: func(t string) { s.cfg.Observer.SessionOutput(s.id, stream, t) }}
		streams = append(streams, text)
		return text
	}
	spec.Stdout = toObserver(spec.Stdout, "stdout")
	spec.Stderr = toObserver(spec.Stderr, "stderr")
	return spec, streams
}

// checkCommand finds out before anything is touched whether the command could
// start at all. Its PATH is this machine's unless the dev tier sets one.
func (s *Session) checkCommand() error {
	if len(s.prepared.argv) == 0 {
		return nil
	}
	spec, _ := s.spec()
	spec.Env = os.Environ()
	for _, v := range s.prepared.variables {
		spec.Env = append(spec.Env, v.Name+"="+v.Value)
	}
	return spec.Check()
}

// startCommand runs the command, where there is one, with the environment.
func (s *Session) startCommand(ctx context.Context) error {
	if len(s.prepared.argv) == 0 {
		return nil
	}
	spec, streams := s.spec()
	spec.Env = s.processEnv()
	p, err := process.Start(ctx, spec)
	if err != nil {
		return err
	}
	s.run.command = &command{process: p, streams: streams}
	s.run.entry.Command = p.Mark()
	if err := s.run.page.write(s.run.entry); err != nil {
		s.log.Warn().Err(err).Msg("after a crash the command could not be found again")
	}
	s.change(func(snap *Snapshot) { snap.Process = &Process{State: ProcessRunning, PID: p.PID()} })
	return nil
}

// ended says whether the command is over.
func (c *command) ended() bool {
	select {
	case <-c.process.Done():
		return true
	default:
		return false
	}
}

// commandDone closes when the command has ended; nil, which blocks for ever,
// without one or once its end was noted.
func (s *Session) commandDone() <-chan struct{} {
	if s.run.command == nil || s.run.command.noted {
		return nil
	}
	return s.run.command.process.Done()
}

// noteExit puts the end of the command into the snapshot, once.
func (s *Session) noteExit(exit process.Exit) {
	c := s.run.command
	if c.noted {
		return
	}
	c.noted = true
	for _, text := range c.streams {
		text.flush()
	}
	event := s.log.Info()
	if exit.Err != nil {
		event = s.log.Warn().Err(exit.Err)
	}
	event.Int("code", exit.Code).Str("signal", exit.Signal).Msg("command ended")
	s.change(func(snap *Snapshot) {
		snap.Process = &Process{State: ProcessExited, PID: c.process.PID(), ExitCode: &exit.Code}
	})
}
