package process

import (
	"bufio"
	"io"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// A leader that dies of its parent's death may leave a child behind, as `go run`
// does: whoever comes later ends it by the mark.
func TestEndLeftBehind(t *testing.T) {
	orphan, mark := leaveOrphan(t)
	for name, other := range map[string]Mark{
		"nobody's":     {},
		"another boot": {Session: mark.Session, Started: mark.Started, Boot: "other"},
	} {
		if err := EndLeftBehind(other, time.Second); err != nil || !alive(orphan) {
			t.Fatalf("the mark of %s ended it (%v)", name, err)
		}
	}
	if err := EndLeftBehind(mark, 100*time.Millisecond); err != nil {
		t.Fatal(err)
	}
	if alive(orphan) {
		t.Error("it is still there")
	}
	if err := EndLeftBehind(mark, time.Second); err != nil {
		t.Errorf("again: %v", err)
	}
}

// The mark of one who is gone does not reach a stranger with the same number.
func TestEndLeftBehindSparesAStranger(t *testing.T) {
	stranger := exec.Command("sleep", "60")
	stranger.SysProcAttr = &unix.SysProcAttr{Setsid: true}
	if err := stranger.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = stranger.Process.Kill(); _ = stranger.Wait() }()
	mark := Mark{Session: stranger.Process.Pid, Started: 1, Boot: bootID()}
	if err := EndLeftBehind(mark, time.Second); err != nil || !alive(stranger.Process.Pid) {
		t.Errorf("a stranger was ended (%v)", err)
	}
}

// leaveOrphan makes a family whose leader is gone and whose child ignores
// SIGTERM.
func leaveOrphan(t *testing.T) (pid int, mark Mark) {
	t.Helper()
	cmd := exec.Command("sh", "-c", `trap '' TERM HUP; sleep 60 & echo $!; read go`)
	cmd.SysProcAttr = &unix.SysProcAttr{Setsid: true}
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	if pid, err = strconv.Atoi(strings.TrimSpace(line)); err != nil {
		t.Fatal(err)
	}
	st, ok := readStat(cmd.Process.Pid)
	if !ok {
		t.Fatal("no stat of the leader")
	}
	_, _ = io.WriteString(in, "\n")
	_ = cmd.Wait()
	t.Cleanup(func() { _ = unix.Kill(pid, unix.SIGKILL) })
	return pid, Mark{Session: cmd.Process.Pid, Started: st.started, Boot: bootID()}
}
