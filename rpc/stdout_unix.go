//go:build unix

package rpc

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// ClaimStdout takes the standard output for the protocol: it returns the real
// one and lets everything else that writes to standard output (a library's
// print, a child's inherited descriptor) reach standard error instead, where it
// cannot break a frame. Call it first thing, once; the file is the caller's.
func ClaimStdout() (*os.File, error) {
	fd, err := unix.FcntlInt(1, unix.F_DUPFD_CLOEXEC, 3)
	if err != nil {
		return nil, fmt.Errorf("duplicating standard output: %w", err)
	}
	if err := unix.Dup2(2, 1); err != nil {
		_ = unix.Close(fd)
		return nil, fmt.Errorf("pointing standard output at standard error: %w", err)
	}
	return os.NewFile(uintptr(fd), "/dev/stdout"), nil
}
