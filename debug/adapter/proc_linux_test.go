package adapter_test

import (
	"encoding/json"
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/tandem-dev/tandem/debug"
)

func request(command string, arguments any) []byte {
	b, err := json.Marshal(map[string]any{"seq": 1, "type": "request", "command": command, "arguments": arguments})
	if err != nil {
		panic(err)
	}
	return b
}

// fields are those of /proc/PID/stat behind the name; nil where there is none.
func fields(pid int) []string {
	content, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return nil
	}
	text := string(content)
	return strings.Fields(text[strings.LastIndex(text, ") ")+2:])
}

// stateOf is the letter of a process's state, 0 for one that is gone.
func stateOf(pid int) byte {
	if f := fields(pid); f != nil {
		return f[0][0]
	}
	return 0
}

// descendants are a process and what it has started, directly or not.
func descendants(t *testing.T, pid int) []int {
	t.Helper()
	entries, err := os.ReadDir("/proc")
	if err != nil {
		t.Fatal(err)
	}
	parents := map[int]int{}
	for _, e := range entries {
		if p, err := strconv.Atoi(e.Name()); err == nil {
			if f := fields(p); f != nil {
				parents[p], _ = strconv.Atoi(f[1])
			}
		}
	}
	all := []int{pid}
	for i := 0; i < len(all); i++ {
		for p, parent := range parents {
			if parent == all[i] {
				all = append(all, p)
			}
		}
	}
	return all
}

// childOf is the program under a debugger.
func childOf(t *testing.T, pid int) int {
	t.Helper()
	all := descendants(t, pid)
	if len(all) < 2 {
		t.Fatalf("process %d has no child", pid)
	}
	return all[1]
}

func readlink(t *testing.T, pid int, name string) string {
	t.Helper()
	target, err := os.Readlink("/proc/" + strconv.Itoa(pid) + "/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return target
}

func kill(t *testing.T, pid int, s syscall.Signal) {
	t.Helper()
	if err := syscall.Kill(pid, s); err != nil {
		t.Fatal(err)
	}
}

// requireEnd waits for a debugger's end and wants everybody gone.
func requireEnd(t *testing.T, d *debug.Debugger, family []int) {
	t.Helper()
	select {
	case <-d.Done():
	case <-time.After(10 * time.Second):
		t.Fatal("the debugger does not end")
	}
	requireGone(t, append(family, d.PID()))
}

// requireGone waits until none of the processes lives. A zombie whose parent has
// died is the init process's to reap.
func requireGone(t *testing.T, pids []int) {
	t.Helper()
	deadline := time.Now().Add(10 * time.Second)
	for _, pid := range pids {
		for {
			if s := stateOf(pid); s == 0 || s == 'Z' || s == 'X' {
				break
			}
			if time.Now().After(deadline) {
				t.Errorf("process %d lives on (%s)", pid, strings.Join(fields(pid)[:4], " "))
				break
			}
			time.Sleep(10 * time.Millisecond) // a stranger's child has no signal for us
		}
	}
}
