//go:build unix

package session

import (
	"os/exec"
	"syscall"
)

// detach gives the guard a session of its own: neither the terminal's Ctrl-C and
// hang-up nor a signal to our process group reaches it.
func detach(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true} }

// Detach is detach for the launcher, see cmd/tandem's guard verb.
func Detach(cmd *exec.Cmd) { detach(cmd) }
