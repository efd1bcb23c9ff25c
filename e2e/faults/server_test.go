package faults

import (
	"os/exec"
	"syscall"
	"testing"
	"time"

	"github.com/tandem-dev/tandem/e2e/harness"
	"github.com/tandem-dev/tandem/rpc/protocol"
)

// killLimit is for the cluster being given back after a kill -9: the guard's grace
// of a minute, and what a busy machine adds.
const killLimit = 75 * time.Second

// The server is killed, and nobody comes back for its session: the cluster is given
// back within the grace, without anybody's doing, and nothing of the session lives on.
func TestServerKilled(t *testing.T) {
	t.Parallel()
	needsLong(t)
	s := newScene(t, "server SIGKILL")
	s.strike(func() { s.c.Signal(syscall.SIGKILL) })
	s.c.Exit()
	took := s.awaitGivenBack(killLimit)
	t.Logf("given back after %s", took)
	s.endLoad(false)
	s.row.pid = "ended"
	s.requireNothingLeft()
}

// The editor dies: its end of the pipe closes.
func TestEditorGone(t *testing.T) {
	t.Parallel()
	s := newScene(t, "editor gone (end of input)")
	s.strike(s.c.EndInput)
	s.c.Exit()
	s.awaitGivenBack(killLimit)
	s.endLoad(false)
	s.row.pid = "ended"
	s.requireNothingLeft()
}

// The editor is killed, while something else, a terminal that it had started for
// example, holds its end of the pipe: the server has to notice by the process id.
func TestEditorKilled(t *testing.T) {
	t.Parallel()
	needsLong(t)
	editor := exec.Command("sleep", "3600")
	must(t, editor.Start())
	t.Cleanup(func() {
		_ = editor.Process.Kill() // ended, if the test went well
		_ = editor.Wait()
	})
	s := newSceneWith(t, options{fault: "editor SIGKILL", editor: editor.Process.Pid})
	s.strike(func() {
		must(t, editor.Process.Signal(syscall.SIGKILL))
		_ = editor.Wait() // else it stays as a zombie, which is a process to whoever looks
	})
	s.c.Exit()
	s.awaitGivenBack(killLimit)
	s.endLoad(false)
	s.row.pid = "ended"
	s.requireNothingLeft()
}

// An editor that was killed is started again, and so is its server: the session that
// the first one left is given back first, or taken on; either way the developer has
// a session again.
func TestServerKilledAndStartedAgain(t *testing.T) {
	t.Parallel()
	needsLong(t)
	s := newScene(t, "server SIGKILL, started again at once")
	s.strike(func() { s.c.Signal(syscall.SIGKILL) })
	s.c.Exit()
	// Some of what the first process had may be ending still.
	again := harness.Serve(s.ws)
	s.c = again
	s.ready = again.MustStart(original)
	running := again.AwaitChange("the local process", func(n protocol.Snapshot) bool { return n.Process != nil && n.Process.PID > 0 })
	survived := running.Process.PID == s.pid
	s.pid = running.Process.PID
	s.podDies = true // its streams may end with the first dev pod
	s.awaitFlow(60 * time.Second)
	s.endLoad(true)
	s.row.pid = map[bool]string{true: "same", false: "another"}[survived]
	s.c.MustStop(s.ready.ID)
	s.requireNothingLeft()
}
