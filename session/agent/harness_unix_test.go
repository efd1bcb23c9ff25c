//go:build unix

package agent

import "syscall"

var errReset error = syscall.ECONNRESET
