//go:build darwin || linux

package process

import (
	"errors"
	"os"
	"os/exec"
	"os/signal"
	"sync"
	"syscall"
	"time"

	"github.com/creack/pty"
	"golang.org/x/sys/unix"
	"golang.org/x/term"

	"github.com/tandem-dev/tandem/internal/fault"
)

// ptyTerminal is the wiring of a command to a pseudo-terminal between it and
// our terminal.
//
// Our copy of the command's side (slave) stays open until the family is gone:
// otherwise a command that closes its files for a moment would look like the end
// of the output.
type ptyTerminal struct {
	in, out       *os.File
	master, slave *os.File
	saved         *rawMode

	output *stream
	input  *inputCopy
	stopIn sync.Once

	signals     chan os.Signal
	signalsOver chan struct{} // closed to end watchSignals
	signalsDone chan struct{} // closed by it
}

// wireTerminal prepares terminal mode, or plain inheritance where one of the two
// files is not a terminal.
func wireTerminal(cmd *exec.Cmd, spec Spec) (wiring, error) {
	t := *spec.Terminal
	if t.In == nil || t.Out == nil {
		return nil, fault.New(fault.InvalidParams, "a terminal needs both its files")
	}
	if !term.IsTerminal(int(t.In.Fd())) || !term.IsTerminal(int(t.Out.Fd())) {
		return wireInherited(cmd, spec)
	}
	w, err := openPty(t)
	if err != nil {
		return nil, fault.Wrap(err, fault.CommandFailed, "making a pseudo-terminal for %s", spec.Argv[0]).
			Hint("with its output redirected (| cat) the command runs without one")
	}
	cmd.Stdin, cmd.Stdout, cmd.Stderr = w.slave, w.slave, w.slave
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true, Ctty: 0}
	return w, nil
}

func openPty(t Terminal) (*ptyTerminal, error) {
	opened, slave, err := pty.Open()
	if err != nil {
		return nil, err
	}
	master, err := pollable(opened)
	if err != nil {
		_ = slave.Close()
		return nil, err
	}
	w := &ptyTerminal{
		in: t.In, out: t.Out, master: master, slave: slave, signals: make(chan os.Signal, 8),
		signalsOver: make(chan struct{}), signalsDone: make(chan struct{}),
	}
	// Before the command starts and before raw mode: a signal in between would
	// end us and leave the terminal raw.
	notify(w.signals, syscall.SIGWINCH, syscall.SIGCONT, syscall.SIGINT, syscall.SIGQUIT, syscall.SIGTERM, syscall.SIGHUP)
	// The user's own settings: erase key, UTF-8 input, tab width. Then the size,
	// both before the command can ask for them.
	if settings, err := unix.IoctlGetTermios(int(t.In.Fd()), getTermios); err == nil {
		_ = unix.IoctlSetTermios(int(slave.Fd()), setTermios, settings)
	}
	w.resize()
	return w, nil
}

// pollable replaces f by a copy that the runtime's poller serves, so that
// deadlines and Close end a read that hangs. The original was switched to
// blocking mode by the ioctls that made it.
func pollable(f *os.File) (*os.File, error) {
	defer f.Close()
	fd, err := unix.FcntlInt(f.Fd(), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		return nil, os.NewSyscallError("fcntl", err)
	}
	if err := unix.SetNonblock(fd, true); err != nil {
		_ = unix.Close(fd)
		return nil, os.NewSyscallError("fcntl", err)
	}
	return os.NewFile(uintptr(fd), f.Name()), nil
}

// control runs do with the master's number; Fd would make it blocking again.
func (w *ptyTerminal) control(do func(fd int) error) error {
	conn, err := w.master.SyscallConn()
	if err != nil {
		return err
	}
	var failed error
	err = conn.Control(func(fd uintptr) { failed = do(int(fd)) })
	return errors.Join(err, failed)
}

// resize gives the pseudo-terminal our terminal's size. The kernel tells the
// foreground job by SIGWINCH, only when something changed.
func (w *ptyTerminal) resize() {
	size, err := unix.IoctlGetWinsize(int(w.out.Fd()), unix.TIOCGWINSZ)
	if err != nil {
		return
	}
	_ = w.control(func(fd int) error { return unix.IoctlSetWinsize(fd, unix.TIOCSWINSZ, size) })
}

func (w *ptyTerminal) begin(p *Process) {
	w.saved = enterRaw(w.in)
	w.resize() // it may have changed since openPty

	w.output = &stream{from: w.master, to: w.out, done: make(chan struct{})}
	go w.output.copy()
	w.input = startInput(w.in, w.master, p.stop.fire)
	go w.watchSignals(p)
}

// watchSignals ends when finish closes signalsOver.
func (w *ptyTerminal) watchSignals(p *Process) {
	defer close(w.signalsDone)
	for {
		select {
		case <-w.signalsOver:
			return
		case s := <-w.signals:
			switch s {
			case syscall.SIGWINCH:
				w.resize()
			case syscall.SIGCONT:
				// We were stopped from outside; the shell has set its own modes
				// meanwhile.
				w.saved.again()
				w.resize()
			case syscall.SIGINT, syscall.SIGQUIT:
				// Not the keyboard, which is raw: somebody's kill.
				_, _ = w.signal(s)
			default:
				p.stop.fire()
			}
		}
	}
}

func (w *ptyTerminal) closeInput() {
	w.stopIn.Do(func() {
		// A write of input that nobody reads must not hold us up.
		_ = w.master.SetWriteDeadline(time.Now())
		w.input.close()
	})
}

func (w *ptyTerminal) finish(limit time.Duration) error {
	defer w.saved.restore()
	_ = w.slave.Close() // now the output has an end
	err := finishStreams([]*stream{w.output}, limit)
	signal.Stop(w.signals)
	close(w.signalsOver)
	<-w.signalsDone
	return err
}

// signal lets the terminal send its own signals to whatever job is in the
// foreground; it knows no other ones.
func (w *ptyTerminal) signal(sig os.Signal) (bool, error) {
	s, ok := sig.(syscall.Signal)
	if !ok || s != syscall.SIGINT && s != syscall.SIGQUIT && s != syscall.SIGTSTP {
		return false, nil
	}
	return true, w.control(func(fd int) error {
		return os.NewSyscallError("ioctl TIOCSIG", unix.IoctlSetInt(fd, unix.TIOCSIG, int(s)))
	})
}

func (w *ptyTerminal) release() {
	signal.Stop(w.signals)
	_ = w.slave.Close()
	_ = w.master.Close()
}
