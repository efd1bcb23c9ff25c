package process

import (
	"errors"
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// dieWithUs does nothing: macOS has no parent-death signal.
func dieWithUs(*syscall.SysProcAttr) {}

// awaitZombie blocks until the child has exited, and leaves it unreaped. It
// uses kqueue because waitid on macOS also returns when the child is stopped.
func awaitZombie(pid int) error {
	kq, err := unix.Kqueue()
	if err != nil {
		return os.NewSyscallError("kqueue", err)
	}
	defer unix.Close(kq)
	change := []unix.Kevent_t{{Ident: uint64(pid), Filter: unix.EVFILT_PROC, Flags: unix.EV_ADD | unix.EV_ONESHOT, Fflags: unix.NOTE_EXIT}}
	events := make([]unix.Kevent_t, 1)
	for {
		n, err := unix.Kevent(kq, change, events, nil)
		switch {
		case errors.Is(err, unix.EINTR):
		case errors.Is(err, unix.ESRCH):
			return nil // it was a zombie before we asked
		case err != nil:
			return os.NewSyscallError("kevent", err)
		case n > 0 && events[0].Flags&unix.EV_ERROR != 0:
			return nil // the same, reported as an event
		case n > 0:
			return nil
		}
	}
}

// ask asks the group once to end; SIGCONT lets stopped members see it.
func (f *family) ask() {
	if f.hangup {
		_ = f.signal(unix.SIGHUP)
	}
	_ = f.signal(unix.SIGTERM)
	_ = f.signal(unix.SIGCONT)
}

// leave asks, and waits for the answer as gone does.
func (f *family) leave(grace time.Duration, cut <-chan struct{}) bool {
	f.ask()
	return f.gone(grace, cut)
}

// gone waits until the group is empty, for at most limit and until cut closes.
func (f *family) gone(limit time.Duration, cut <-chan struct{}) bool {
	return f.watch(limit, cut, func() {})
}

// killed kills the group until it is empty.
func (f *family) killed(limit time.Duration) bool {
	return f.watch(limit, nil, func() { _ = f.signal(unix.SIGKILL) })
}

// watch looks at the group every 20 ms: macOS can tell us of the end of a known
// process, but not of the members of a group that we are not the parent of.
func (f *family) watch(limit time.Duration, cut <-chan struct{}, each func()) bool {
	deadline := time.NewTimer(limit)
	defer deadline.Stop()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		each()
		// kill fails with EPERM or ESRCH when only the leader's zombie is left.
		if f.leaderExited() && f.signal(syscall.Signal(0)) != nil {
			return true
		}
		select {
		case <-tick.C:
		case <-cut:
			return false
		case <-deadline.C:
			return false
		}
	}
}
