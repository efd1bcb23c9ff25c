package e2e

import (
	"context"
	"errors"
	"fmt"
	"os"
	"syscall"
	"testing"

	"github.com/tandem-dev/tandem/e2e/harness"
)

// requireGone wants that no process has the id any more. A process that its
// parent has left dies by signals, which take a moment.
func requireGone(t *testing.T, pid int) {
	t.Helper()
	harness.Eventually(t, fmt.Sprintf("the end of process %d", pid), func(context.Context) error {
		switch err := syscall.Kill(pid, 0); {
		case errors.Is(err, syscall.ESRCH):
			return nil
		case err != nil:
			return err
		}
		// A zombie of a parent that does not reap it, an init that is none, is
		// gone as well.
		if stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid)); err == nil && zombie(string(stat)) {
			return nil
		}
		return errors.New("it runs")
	})
}

// zombie reads the state in proc_pid_stat(5): the field after the name, which
// is in parentheses and may hold anything.
func zombie(stat string) bool {
	for i := len(stat) - 1; i > 0; i-- {
		if stat[i] == ')' {
			return i+2 < len(stat) && stat[i+2] == 'Z'
		}
	}
	return false
}

// pidAnswers is a check that a process of this machine answers for the api.
func pidAnswers(ns *harness.Namespace, pid int) func(context.Context) error {
	return func(ctx context.Context) error {
		who, err := ns.Whoami(ctx)
		if err == nil && who.PID != pid {
			err = fmt.Errorf("pid %d of %s answers, want %d", who.PID, who.Hostname, pid)
		}
		return err
	}
}
