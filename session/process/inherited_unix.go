//go:build darwin || linux

package process

import (
	"os"
	"os/exec"
	"os/signal"
	"syscall"
	"time"
)

// inherited is the wiring of a command that gets our files as they are, because
// one of them is redirected and a pseudo-terminal would get in the way.
//
// The command leads a session of its own like any other, so the keyboard's
// signals reach us and not it; they are forwarded. What ends the whole run
// (SIGTERM, SIGHUP) is the caller's, who calls Stop.
type inherited struct {
	pipes   *pipes
	signals chan os.Signal
	over    chan struct{}
	done    chan struct{}
}

func wireInherited(cmd *exec.Cmd, spec Spec) (wiring, error) {
	// The files of the terminal pass through; only a Stderr which is not a file
	// needs a pipe.
	files := Spec{Argv: spec.Argv, Stdin: spec.Terminal.In, Stdout: spec.Terminal.Out, Stderr: spec.Stderr}
	if files.Stderr == nil {
		files.Stderr = os.Stderr
	}
	w, err := wirePipes(cmd, files)
	if err != nil {
		return nil, err
	}
	i := &inherited{pipes: w.(*pipes), signals: make(chan os.Signal, 8), over: make(chan struct{}), done: make(chan struct{})}
	// Before the command starts, so that no signal falls in between.
	notify(i.signals, syscall.SIGINT, syscall.SIGQUIT)
	return i, nil
}

// notify is signal.Notify but for the signals that whoever started us had
// ignored: nohup means it.
func notify(c chan<- os.Signal, signals ...os.Signal) {
	for _, s := range signals {
		if !signal.Ignored(s) {
			signal.Notify(c, s)
		}
	}
}

func (w *inherited) begin(p *Process) {
	w.pipes.begin(p)
	go w.forward(p)
}

// forward ends when finish closes over.
func (w *inherited) forward(p *Process) {
	defer close(w.done)
	for {
		select {
		case <-w.over:
			return
		case s := <-w.signals:
			_ = p.family.signal(s) // it may have exited meanwhile
		}
	}
}

func (w *inherited) closeInput() {}

func (w *inherited) finish(limit time.Duration) error {
	signal.Stop(w.signals)
	close(w.over)
	<-w.done
	return w.pipes.finish(limit)
}

func (w *inherited) signal(os.Signal) (bool, error) { return false, nil }

func (w *inherited) release() {
	signal.Stop(w.signals)
	w.pipes.release()
}
