//go:build darwin || linux

package process

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"
)

// family is the command with everything it started that is still in its session
// (Linux) or process group (macOS).
type family struct {
	cmd     *exec.Cmd
	pid     int // of the leader; also its session's and its group's number
	spare   int // a member that does not count: ourselves, see EndOthers; 0 for nobody
	hangup  bool
	exited  chan struct{} // the leader has exited and is a zombie: not reaped yet
	waitErr error         // written before exited closes

	mu     sync.Mutex
	reaped bool // from here on pid may belong to somebody else
}

// launch starts the command as the leader of a new session.
func launch(cmd *exec.Cmd) (*family, error) {
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{}
	}
	cmd.SysProcAttr.Setsid = true
	dieWithUs(cmd.SysProcAttr)
	// Only a command with a controlling terminal can be hung up on; others may
	// use SIGHUP to read their configuration again.
	f := &family{cmd: cmd, hangup: cmd.SysProcAttr.Setctty, exited: make(chan struct{})}
	started := make(chan error, 1)
	go f.lead(started)
	if err := <-started; err != nil {
		return nil, err
	}
	return f, nil
}

// lead forks and then waits for the leader, both on one locked thread: on Linux
// the leader gets its parent-death signal when this very thread ends.
func (f *family) lead(started chan<- error) {
	defer close(f.exited)
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if err := f.cmd.Start(); err != nil {
		started <- err
		return
	}
	f.pid = f.cmd.Process.Pid
	started <- nil
	f.waitErr = awaitZombie(f.pid)
}

// leaderExited says whether the leader is a zombie by now.
func (f *family) leaderExited() bool {
	select {
	case <-f.exited:
		return true
	default:
		return false
	}
}

// signal sends sig to the leader's process group. The lock keeps the leader
// unreaped, and with it the group's number ours, until the signal is out.
func (f *family) signal(sig os.Signal) error {
	s, ok := sig.(syscall.Signal)
	if !ok {
		return fmt.Errorf("signal %v is unknown here", sig)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.reaped {
		return os.ErrProcessDone
	}
	if err := unix.Kill(-f.pid, s); err != nil {
		return fmt.Errorf("sending %s to process group %d: %w", unix.SignalName(s), f.pid, err)
	}
	return nil
}

// reap takes the leader's exit status and gives its number back to the system.
func (f *family) reap() Exit {
	if !f.leaderExited() {
		// It survived SIGKILL, see killWait. Its thread goes on waiting for it.
		return Exit{Code: -1}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.reaped = true
	err := f.cmd.Wait()
	var failed *exec.ExitError
	if err != nil && !errors.As(err, &failed) {
		return Exit{Code: -1, Err: errors.Join(f.waitErr, err)}
	}
	status, ok := f.cmd.ProcessState.Sys().(syscall.WaitStatus)
	switch {
	case !ok:
		return Exit{Code: f.cmd.ProcessState.ExitCode()}
	case status.Signaled():
		return Exit{Code: 128 + int(status.Signal()), Signal: unix.SignalName(status.Signal())}
	}
	return Exit{Code: status.ExitStatus()}
}
