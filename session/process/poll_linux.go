package process

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// waitReadable sleeps until fd can be read, or has hung up, or wake has ended.
func waitReadable(fd, wake int) (ready, woken bool, err error) {
	fds := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}, {Fd: int32(wake), Events: unix.POLLIN}}
	if _, err := unix.Poll(fds, -1); err != nil && !errors.Is(err, unix.EINTR) {
		return false, false, os.NewSyscallError("poll", err)
	}
	return fds[0].Revents != 0, fds[1].Revents != 0, nil
}
