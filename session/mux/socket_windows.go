package mux

import (
	"errors"
	"syscall"

	"golang.org/x/sys/windows"
)

// hasPeer is false once a reset, or the end of both directions, has taken the
// connection away.
func hasPeer(fd uintptr) bool {
	_, err := syscall.Getpeername(syscall.Handle(fd))
	return !errors.Is(err, windows.WSAENOTCONN)
}
