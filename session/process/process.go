package process

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	"github.com/tandem-dev/tandem/internal/fault"
)

// killWait bounds the wait for processes that were killed. SIGKILL is not
// refused, but a process in an uninterruptible system call (a dead NFS server)
// takes it only when that call returns.
const killWait = 5 * time.Second

// Process is a command that was started. Its methods may be called from any
// goroutine, at any time, also after its end.
type Process struct {
	spec   Spec
	family *family
	wiring wiring

	stop  signalOnce // somebody wants it to end
	hurry signalOnce // …without any more grace
	done  chan struct{}
	exit  Exit // written before done closes
}

// signalOnce is a channel that any number of callers may close.
type signalOnce struct {
	once sync.Once
	ch   chan struct{}
}

func (s *signalOnce) fire() { s.once.Do(func() { close(s.ch) }) }

// wiring connects the command's files with ours. Its methods are called by
// Start and then by the owner, in the order in which they stand here.
type wiring interface {
	// begin starts the goroutines. The command runs.
	begin(p *Process)
	// closeInput ends the reading of our side; when it returns nothing more is
	// taken from a terminal, which is left to the next reader.
	closeInput()
	// finish delivers what output is left, for at most limit, releases all
	// files, and gives the terminal back.
	finish(limit time.Duration) error
	// signal delivers a signal as the keyboard would; false: it has no way to.
	signal(sig os.Signal) (bool, error)
	// release is called in place of all others when the start failed.
	release()
}

// Start runs the command. ctx bounds the start alone: the command lives until it
// exits or [Process.Stop] is called, which the caller owes it.
//
// Errors: [fault.CommandNotFound] when the program, or the interpreter of a
// script, is not there; [fault.CommandFailed] when the working directory is
// missing or the system refuses to start the file; [fault.InvalidParams] for an
// empty Argv.
func Start(ctx context.Context, spec Spec) (*Process, error) {
	if err := spec.withDefaults(); err != nil {
		return nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, fault.Wrap(err, fault.Cancelled, "starting %s", spec.Argv[0])
	}
	cmd, err := spec.command()
	if err != nil {
		return nil, err
	}
	var w wiring
	if spec.Terminal != nil {
		w, err = wireTerminal(cmd, spec)
	} else {
		w, err = wirePipes(cmd, spec)
	}
	if err != nil {
		return nil, err
	}
	family, err := launch(cmd)
	if err != nil {
		w.release()
		return nil, startFailed(err, cmd)
	}
	p := &Process{
		spec: spec, family: family, wiring: w, done: make(chan struct{}),
		stop: signalOnce{ch: make(chan struct{})}, hurry: signalOnce{ch: make(chan struct{})},
	}
	w.begin(p)
	go p.own()
	return p, nil
}

// PID is the number of the command's first process.
func (p *Process) PID() int { return p.family.pid }

// Done is closed when the command and its family are gone, the output is
// delivered and the terminal is given back.
func (p *Process) Done() <-chan struct{} { return p.done }

// Wait waits for Done and says how the command ended.
func (p *Process) Wait() Exit {
	<-p.done
	return p.exit
}

// Stop asks the family to end, kills what is left after Grace, waits until all
// are gone and says how the command ended. When ctx ends, so does the grace: the
// rest is killed at once. Stop may be called any number of times and while the
// command exits by itself.
func (p *Process) Stop(ctx context.Context) Exit {
	p.stop.fire()
	select {
	case <-p.done:
	case <-ctx.Done():
		p.hurry.fire()
	}
	return p.Wait()
}

// Signal forwards a signal: on a pseudo-terminal the keyboard's signals go to
// the foreground job, as if typed; every other one goes to the leader's process
// group. It returns [os.ErrProcessDone] after the end.
func (p *Process) Signal(sig os.Signal) error {
	select {
	case <-p.done:
		return os.ErrProcessDone
	default:
	}
	if handled, err := p.wiring.signal(sig); handled {
		return err
	}
	return p.family.signal(sig)
}

// own is the owner: it sees the command through to its end.
func (p *Process) own() {
	defer close(p.done)
	select {
	case <-p.family.exited:
		// The terminal's input is let go first: what is typed from here on is
		// meant for whoever reads next.
		p.wiring.closeInput()
	case <-p.stop.ch:
	}
	endErr := p.endFamily()
	p.wiring.closeInput()
	lost := p.wiring.finish(p.spec.Drain)
	p.exit = p.family.reap()
	p.exit.Err = errors.Join(p.exit.Err, endErr, lost)
}

// endFamily ends whoever is left, and returns at once when nobody is.
func (p *Process) endFamily() error {
	if p.family.gone(0, nil) {
		return nil
	}
	if p.spec.Grace > 0 && p.family.leave(p.spec.Grace, p.hurry.ch) {
		return nil
	}
	if p.family.killed(killWait) {
		return nil
	}
	return fault.New(fault.CommandFailed, "processes of %s (pid %d) are still there %s after they were killed",
		p.spec.Argv[0], p.PID(), killWait).
		Hint("a process that hangs in the kernel or runs as another user cannot be ended from here")
}

// lostOutput is the error of output that did not reach its writer.
func lostOutput(err error) error {
	return fmt.Errorf("output of the command was lost: %w", err)
}
