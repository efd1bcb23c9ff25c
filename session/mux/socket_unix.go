//go:build unix

package mux

import (
	"errors"
	"syscall"
)

// hasPeer is false once a reset, or the end of both directions, has taken the
// connection away (getpeername(2): ENOTCONN; EINVAL on macOS).
func hasPeer(fd uintptr) bool {
	_, err := syscall.Getpeername(int(fd))
	return !errors.Is(err, syscall.ENOTCONN) && !errors.Is(err, syscall.EINVAL)
}
