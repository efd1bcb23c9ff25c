package faults

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/tandem-dev/tandem/e2e/harness"
	"github.com/tandem-dev/tandem/rpc/protocol"
)

// smallDisk is a file system of a few blocks for the journal.
func smallDisk(t *testing.T) string {
	t.Helper()
	if os.Getuid() != 0 {
		t.Skip("mounting a tmpfs needs root")
	}
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=256k,mode=0700"); err != nil {
		t.Skipf("mounting a tmpfs: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, syscall.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	return dir
}

// fill leaves no byte free.
func fill(t *testing.T, dir string) (ballast string) {
	t.Helper()
	ballast = filepath.Join(dir, "ballast")
	f, err := os.Create(ballast)
	must(t, err)
	defer f.Close()
	page := make([]byte, 4096)
	for {
		if _, err := f.Write(page); errors.Is(err, syscall.ENOSPC) {
			return ballast
		} else if err != nil {
			t.Fatal(err)
		}
	}
}

// The journal's disk is full: a session does not begin, for a crash could not be
// undone then, and nothing of the cluster is touched. With space it begins.
func TestDiskFullAtStart(t *testing.T) {
	t.Parallel()
	needsLong(t)
	dir := smallDisk(t)
	s := stage(t, options{fault: "journal's disk full at the start", stateDir: dir})
	s.c = harness.Serve(s.ws)
	ballast := fill(t, dir)
	err := s.c.Call(protocol.MethodSessionStart, s.c.StartParams(original), nil)
	if f, ok := harness.FailureOf(err); !ok || f.Data.Kind != "journal-failed" || f.Data.Hint == "" {
		t.Errorf("session/start with a full disk: %s, want journal-failed with a hint", harness.Describe(err))
	}
	s.ns.RequireRestored(s.before)
	must(t, os.Remove(ballast))
	s.proceed()
	s.finish()
}

// The disk fills up during the session, which needs the journal only to forget it.
func TestDiskFullDuringSession(t *testing.T) {
	t.Parallel()
	dir := smallDisk(t)
	s := newSceneWith(t, options{fault: "journal's disk full during the session", stateDir: dir})
	var ballast string
	s.strike(func() { ballast = fill(t, dir) })
	s.awaitFlow(harness.Patience)
	s.endLoad(true)
	s.row.pid = "same"
	s.c.MustStop(s.ready.ID)
	must(t, os.Remove(ballast))
	s.requireNothingLeft()
}
