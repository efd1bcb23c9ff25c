//go:build unix

package keep

import (
	"os/exec"
	"syscall"
)

// Detach makes cmd a process that outlives this one and its terminal.
func Detach(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true} }
