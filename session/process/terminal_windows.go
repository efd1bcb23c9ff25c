package process

import (
	"os"
	"os/exec"
	"os/signal"
	"syscall"
	"time"

	"github.com/tandem-dev/tandem/internal/fault"
)

// sharedConsole is terminal mode on Windows: the command shares our console, as
// every console program does with its parent. The console itself delivers
// Ctrl-C to it; ours is ignored meanwhile, so that the command decides.
type sharedConsole struct {
	pipes   *pipes
	signals chan os.Signal
}

func wireTerminal(cmd *exec.Cmd, spec Spec) (wiring, error) {
	if spec.Terminal.In == nil || spec.Terminal.Out == nil {
		return nil, fault.New(fault.InvalidParams, "a terminal needs both its files")
	}
	files := Spec{Argv: spec.Argv, Stdin: spec.Terminal.In, Stdout: spec.Terminal.Out, Stderr: spec.Stderr}
	if files.Stderr == nil {
		files.Stderr = os.Stderr
	}
	w, err := wirePipes(cmd, files)
	if err != nil {
		return nil, err
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{} // no group of its own: that would take Ctrl-C away
	// A channel without room drops every signal. It is in place before the command
	// starts, so that no Ctrl-C falls in between.
	c := &sharedConsole{pipes: w.(*pipes), signals: make(chan os.Signal)}
	signal.Notify(c.signals, os.Interrupt)
	return c, nil
}

func (w *sharedConsole) begin(p *Process) { w.pipes.begin(p) }

func (w *sharedConsole) closeInput() {}

func (w *sharedConsole) finish(limit time.Duration) error {
	signal.Stop(w.signals)
	return w.pipes.finish(limit)
}

func (w *sharedConsole) signal(os.Signal) (bool, error) { return false, nil }

func (w *sharedConsole) release() {
	signal.Stop(w.signals)
	w.pipes.release()
}

// RestoreTerminals does nothing on Windows: the console's modes are not changed.
func RestoreTerminals() {}
