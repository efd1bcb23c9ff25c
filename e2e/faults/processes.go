package faults

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"github.com/tandem-dev/tandem/e2e/harness"
)

// process is one of this machine.
type process struct {
	pid     int
	command []string
}

func (p process) String() string { return fmt.Sprintf("%d %s", p.pid, strings.Join(p.command, " ")) }

// processes lists those of which match says yes. environ is NUL-separated, as in
// /proc.
func processes(match func(p process, environ []byte) bool) []process {
	var found []process
	dirs, _ := filepath.Glob("/proc/[0-9]*")
	for _, dir := range dirs {
		pid, err := strconv.Atoi(filepath.Base(dir))
		if err != nil {
			continue
		}
		line, err := os.ReadFile(filepath.Join(dir, "cmdline"))
		if err != nil || len(line) == 0 {
			continue // gone, a zombie, or the kernel's
		}
		environ, _ := os.ReadFile(filepath.Join(dir, "environ"))
		p := process{pid, strings.Split(strings.TrimRight(string(line), "\x00"), "\x00")}
		if match(p, environ) {
			found = append(found, p)
		}
	}
	return found
}

// ours are the processes that the scene's tandem started or is: they have its
// state folder in their environment, or are the developer's process.
func (s *scene) ours() []process {
	state := []byte("TANDEM_STATE_DIR=" + s.ws.StateDir + "\x00")
	return processes(func(p process, environ []byte) bool {
		return p.pid != os.Getpid() && (bytes.Contains(append(environ, 0), state) || p.pid == s.pid)
	})
}

// requireNoProcess wants none of them left, soon.
func (s *scene) requireNoProcess() {
	s.Helper()
	harness.Eventually(s, "the end of every process of the session", func(context.Context) error {
		var left []error
		for _, p := range s.ours() {
			left = append(left, fmt.Errorf("process %s", p))
		}
		return errors.Join(left...)
	})
}

// signalAll sends a signal to all of them at one moment.
func (s *scene) signalAll(sig syscall.Signal) []process {
	s.Helper()
	all := s.ours()
	if len(all) < 2 {
		s.Fatalf("only %v: the server and its command are at least two", all)
	}
	for _, p := range all {
		if err := syscall.Kill(p.pid, sig); err != nil {
			s.Fatalf("%s to %s: %v", sig, p, err)
		}
	}
	return all
}
