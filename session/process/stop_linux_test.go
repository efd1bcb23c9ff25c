package process

import (
	"context"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

func TestParseStat(t *testing.T) {
	tail := " 1 7 42 0 -1 4194304 1 0 0 0 0 0 0 0 20 0 3 0 100 0 0"
	for _, tc := range []struct {
		name, content string
		want          stat
		ok, dead      bool
	}{
		{"plain", "9 (sh) S" + tail, stat{'S', 1, 42, 3, 100}, true, false},
		{"name with spaces and parentheses", "9 (a) R 1 (b) T" + tail, stat{'T', 1, 42, 3, 100}, true, false},
		{"zombie whose threads live", "9 (go) Z" + tail, stat{'Z', 1, 42, 3, 100}, true, false},
		{"zombie", "9 (sh) Z" + strings.Replace(tail, " 3 0 100", " 1 0 100", 1), stat{'Z', 1, 42, 1, 100}, true, true},
		{"cut off", "9 (sh) S 1 7", stat{}, false, false},
		{"empty", "", stat{}, false, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got, ok := parseStat([]byte(tc.content))
			if got != tc.want || ok != tc.ok || got.dead() != tc.dead {
				t.Errorf("got %+v %v dead=%v", got, ok, got.dead())
			}
		})
	}
	if own, ok := readStat(os.Getpid()); !ok || own.threads < 2 || own.dead() {
		t.Errorf("our own: %+v %v", own, ok)
	}
}

func FuzzParseStat(f *testing.F) {
	f.Add([]byte("9 (sh) S 1 7 42 0 -1 4194304 1 0 0 0 0 0 0 0 20 0 3 0 100 0 0"))
	f.Add([]byte("9 () ) "))
	f.Fuzz(func(t *testing.T, content []byte) {
		if st, ok := parseStat(content); ok && st.state == 0 {
			t.Errorf("accepted %q", content)
		}
	})
}

// A command must not hold its port after we were killed. The helper is killed
// the hard way; the command it started has to end by itself.
func TestTheCommandDiesWithUs(t *testing.T) {
	out := newLines()
	helper := helperCommand(t, "pipes", "sh", "-c", "echo child=$$; exec sleep 100")
	helper.Stdout = out
	if err := helper.Start(); err != nil {
		t.Fatal(err)
	}
	child := number(t, out.await(t, "\n"), "child")
	fd, err := unix.PidfdOpen(child, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	_ = helper.Process.Kill()
	_ = helper.Wait()
	n, err := unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}, int(10*time.Second/time.Millisecond))
	if n != 1 || err != nil {
		_ = unix.Kill(child, unix.SIGKILL)
		t.Errorf("the command lives: %d %v", n, err)
	}
}

// The parent-death signal belongs to a thread. The end of the thread that called
// Start must not end the command.
func TestTheCommandSurvivesTheCallersThread(t *testing.T) {
	started := make(chan *Process, 1)
	go func() {
		runtime.LockOSThread() // never unlocked: the thread ends with the goroutine
		p, err := Start(context.Background(), Spec{Argv: []string{"sleep", "0.5"}, Env: os.Environ()})
		if err != nil {
			t.Error(err)
		}
		started <- p
	}()
	if exit := (<-started).Wait(); exit != (Exit{}) {
		t.Errorf("got %+v", exit)
	}
}
