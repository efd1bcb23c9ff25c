package mux

import (
	"errors"
	"net"
	"syscall"

	"golang.org/x/sys/windows"
)

// hasPeer is false once a reset, or the end of both directions, has taken the
// connection away.
func hasPeer(fd uintptr) bool {
	_, err := syscall.Getpeername(syscall.Handle(fd))
	return !errors.Is(err, windows.WSAENOTCONN)
}

// attempt would be a write that does not wait; here it writes nothing.
type attempt struct{}

func (attempt) write(*net.TCPConn, []byte) (int, error) { return 0, nil }
