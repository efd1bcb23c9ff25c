package e2e

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"

	"github.com/tandem-dev/tandem/e2e/harness"
)

// laptop are the pids of everything that runs for a workspace on this machine: the
// server, the guard process, the developer's command. They have the workspace's
// state folder in their environment.
func laptop(ws *harness.Workspace) []int {
	state := []byte("TANDEM_STATE_DIR=" + ws.StateDir + "\x00")
	var pids []int
	all, _ := filepath.Glob("/proc/[0-9]*/environ")
	for _, path := range all {
		environ, err := os.ReadFile(path)
		if err != nil || !bytes.Contains(append(environ, 0), state) {
			continue // it has ended, or is another's
		}
		if pid, err := strconv.Atoi(filepath.Base(filepath.Dir(path))); err == nil && pid != os.Getpid() {
			pids = append(pids, pid)
		}
	}
	return pids
}

// signalLaptop sends a signal to all of it.
func signalLaptop(t *testing.T, ws *harness.Workspace, sig syscall.Signal) {
	t.Helper()
	pids := laptop(ws)
	if len(pids) < 3 {
		t.Fatalf("only the processes %v run for the workspace: want a server, a guard and a command", pids)
	}
	for _, pid := range pids {
		if err := syscall.Kill(pid, sig); err != nil && err != syscall.ESRCH {
			t.Fatalf("%s to %d: %v", sig, pid, err)
		}
	}
}
