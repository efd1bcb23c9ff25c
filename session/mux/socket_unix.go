//go:build unix

package mux

import (
	"errors"
	"net"
	"syscall"
)

// hasPeer is false once a reset, or the end of both directions, has taken the
// connection away (getpeername(2): ENOTCONN; EINVAL on macOS).
func hasPeer(fd uintptr) bool {
	_, err := syscall.Getpeername(int(fd))
	return !errors.Is(err, syscall.ENOTCONN) && !errors.Is(err, syscall.EINVAL)
}

// attempt is a write that does not wait. It is kept, so that each needs no new
// closure.
type attempt struct {
	raw syscall.RawConn
	try func(fd uintptr) bool
	p   []byte
	n   int
	err error
}

func (a *attempt) write(c *net.TCPConn, p []byte) (int, error) {
	if a.raw == nil {
		raw, err := c.SyscallConn()
		if err != nil {
			return 0, err
		}
		a.raw, a.try = raw, a.once
	}
	a.p, a.n, a.err = p, 0, nil
	if err := a.raw.Write(a.try); err != nil {
		return 0, err
	}
	a.p = nil
	return a.n, a.err
}

// once calls write(2) on a socket that the runtime has made non-blocking, and is
// done whatever comes of it.
func (a *attempt) once(fd uintptr) bool {
	for {
		n, err := syscall.Write(int(fd), a.p)
		switch {
		case err == nil:
			a.n = n
		case errors.Is(err, syscall.EINTR):
			continue
		case !errors.Is(err, syscall.EAGAIN):
			a.err = err
		}
		return true
	}
}
