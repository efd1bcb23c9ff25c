package agent

import "syscall"

var errReset error = syscall.WSAECONNRESET
