//go:build unix

package rpc

import (
	"errors"
	"syscall"
)

// processAlive says whether the process exists. Signal 0 only checks; EPERM
// means that it exists and is somebody else's.
func processAlive(pid int) bool {
	err := syscall.Kill(pid, 0)
	return err == nil || errors.Is(err, syscall.EPERM)
}
