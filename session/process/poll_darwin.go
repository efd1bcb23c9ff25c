package process

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// waitReadable sleeps until fd can be read, or has hung up, or wake has ended.
// It uses select because poll on macOS refuses terminals.
func waitReadable(fd, wake int) (ready, woken bool, err error) {
	if fd >= unix.FD_SETSIZE || wake >= unix.FD_SETSIZE {
		return false, false, os.NewSyscallError("select", unix.EINVAL)
	}
	var set unix.FdSet
	set.Set(fd)
	set.Set(wake)
	switch _, err := unix.Select(max(fd, wake)+1, &set, nil, nil, nil); {
	case errors.Is(err, unix.EINTR):
		return false, false, nil
	case err != nil:
		return false, false, os.NewSyscallError("select", err)
	}
	return set.IsSet(fd), set.IsSet(wake), nil
}
