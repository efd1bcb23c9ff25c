package session

import (
	"os/exec"
	"syscall"

	"golang.org/x/sys/windows"
)

// detach gives the guard no console, so that closing ours does not end it.
func detach(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{HideWindow: true,
		CreationFlags: windows.CREATE_NEW_PROCESS_GROUP | windows.DETACHED_PROCESS}
}

// Detach is detach for the launcher, see cmd/tandem's guard verb.
func Detach(cmd *exec.Cmd) { detach(cmd) }
