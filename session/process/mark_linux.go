package process

import (
	"os"
	"strings"
	"time"

	"github.com/tandem-dev/tandem/internal/fault"
)

// Mark is the family's, while the command runs.
func (p *Process) Mark() Mark {
	st, ok := readStat(p.PID())
	if !ok {
		return Mark{}
	}
	return Mark{Session: p.PID(), Started: st.started, Boot: bootID()}
}

// bootID is random for each boot (random(4)).
func bootID() string {
	id, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(id))
}

func endLeftBehind(m Mark, grace time.Duration) error {
	if m.Boot != bootID() {
		return nil
	}
	// The kernel gives the number of a session to nobody as long as one of its
	// processes lives (pid(9) is held by the session): only where all are gone
	// can a stranger have it, and then as a leader that started later.
	if st, ok := readStat(m.Session); ok && !st.dead() && st.started != m.Started {
		return nil
	}
	nobodyToWaitFor := make(chan struct{})
	close(nobodyToWaitFor) // the leader is no child of ours
	f := &family{pid: m.Session, hangup: true, exited: nobodyToWaitFor}
	if f.gone(0, nil) || f.leave(grace, nil) || f.killed(killWait) {
		return nil
	}
	return fault.New(fault.CommandFailed, "processes of a command that was left behind (session %d) are still there %s after they were killed", m.Session, killWait).
		Hint("`ps -s %d` lists them", m.Session)
}
