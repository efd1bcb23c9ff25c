package keep

import (
	"os/exec"
	"syscall"
)

// Detach makes cmd a process that outlives this one and its console.
func Detach(cmd *exec.Cmd) {
	const detachedProcess = 0x00000008 // DETACHED_PROCESS of CreateProcess
	cmd.SysProcAttr = &syscall.SysProcAttr{CreationFlags: detachedProcess | syscall.CREATE_NEW_PROCESS_GROUP, HideWindow: true}
}
