//go:build unix

package language

import (
	"syscall"
	"time"
)

// processorTime is what this process has taken so far, which on a busy machine
// says more than the time that passed.
func processorTime() time.Duration {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
