package tunnel

import (
	"bufio"
	"context"
	"os"
	"os/exec"
	"runtime"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// watcherMark makes this test program a process that says what WatchSurroundings
// tells it.
const watcherMark = "TANDEM_TEST_WATCH_SURROUNDINGS"

// A process that was stopped learns of it when it goes on, as it does of the
// machine's sleep.
func TestStoppedProcessWakes(t *testing.T) {
	if os.Getenv(watcherMark) != "" {
		told := make(chan Change, 1)
		defer WatchSurroundings(func(c Change) {
			if c == Woke {
				select {
				case told <- c:
				default:
				}
			}
		})()
		os.Stdout.WriteString("watching\n")
		os.Stdout.WriteString(string(<-told) + "\n")
		return
	}
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, os.Args[0], "-test.run=^TestStoppedProcessWakes$")
	cmd.Env = append(os.Environ(), watcherMark+"=1")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	lines := bufio.NewScanner(out)
	if !lines.Scan() || lines.Text() != "watching" {
		t.Fatalf("the watcher says %q", lines.Text())
	}
	if err := cmd.Process.Signal(unix.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	<-time.After(lookEvery + sleptFor + time.Second) // the time that is slept is what is tested
	start := time.Now()
	if err := cmd.Process.Signal(unix.SIGCONT); err != nil {
		t.Fatal(err)
	}
	if !lines.Scan() || lines.Text() != string(Woke) {
		t.Fatalf("the watcher says %q", lines.Text())
	}
	if took := time.Since(start); took > 2*time.Second {
		t.Errorf("noticed %v after it went on", took)
	}
}

// The kernel tells of a change in a network namespace of the test's own.
func TestAddressEvents(t *testing.T) {
	ip, err := exec.LookPath("ip")
	if err != nil || os.Geteuid() != 0 {
		t.Skip("needs root and iproute2")
	}
	done := make(chan error, 1)
	told := make(chan bool, 1)
	go func() { // ends with its thread, which keeps the namespace
		runtime.LockOSThread()
		if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
			done <- err
			return
		}
		events, stop := addressEvents()
		defer stop()
		if err := exec.Command(ip, "link", "set", "lo", "up").Run(); err != nil {
			done <- err
			return
		}
		select {
		case _, ok := <-events:
			told <- ok
		case <-time.After(10 * time.Second):
			told <- false
		}
		done <- nil
	}()
	if err := <-done; err != nil {
		t.Skipf("no network namespace here: %v", err)
	}
	if !<-told {
		t.Error("nothing was told")
	}
}
