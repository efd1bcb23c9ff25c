//go:build unix

package tunnel

import (
	"errors"
	"syscall"
)

func isAddressInUse(err error) bool { return errors.Is(err, syscall.EADDRINUSE) }

// isAddressMissing says that the machine does not have the address, or nothing
// of its family.
func isAddressMissing(err error) bool {
	return errors.Is(err, syscall.EADDRNOTAVAIL) || errors.Is(err, syscall.EAFNOSUPPORT)
}

func isNotPermitted(err error) bool {
	return errors.Is(err, syscall.EACCES) || errors.Is(err, syscall.EPERM)
}

func isRefused(err error) bool { return errors.Is(err, syscall.ECONNREFUSED) }
