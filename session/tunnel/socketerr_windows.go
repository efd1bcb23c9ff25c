package tunnel

import (
	"errors"

	"golang.org/x/sys/windows"
)

// The syscall package's E... constants are invented on Windows; sockets fail
// with the WSAE... ones.

func isAddressInUse(err error) bool { return errors.Is(err, windows.WSAEADDRINUSE) }

// isAddressMissing says that the machine does not have the address, or nothing
// of its family.
func isAddressMissing(err error) bool {
	return errors.Is(err, windows.WSAEADDRNOTAVAIL) || errors.Is(err, windows.WSAEAFNOSUPPORT)
}

// isNotPermitted is how Windows refuses a port in an excluded range; it has no
// privileged ports.
func isNotPermitted(err error) bool { return errors.Is(err, windows.WSAEACCES) }

func isRefused(err error) bool { return errors.Is(err, windows.WSAECONNREFUSED) }
