package process

import (
	"os"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// awaitForeground waits until a program of that name, below the helper, is the
// foreground job of its terminal. The kernel has no event for this.
func (u *user) awaitForeground(name string) {
	u.t.Helper()
	u.poll("foreground job "+name, func() bool { return foregroundIs(u.cmd.Process.Pid, name) })
}

// awaitCooked waits until the helper has given the terminal back.
func (u *user) awaitCooked() {
	u.t.Helper()
	u.poll("the terminal's own modes", func() bool {
		now, err := unix.IoctlGetTermios(int(u.tty.Fd()), getTermios)
		return err == nil && *now == *u.before
	})
}

func (u *user) poll(what string, ok func() bool) {
	u.t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	timeout := time.After(20 * time.Second)
	for !ok() {
		select {
		case <-tick.C:
		case <-timeout:
			u.t.Fatalf("no %s; screen: %q", what, u.screen)
		}
	}
}

// foregroundIs looks for a process whose group is its terminal's foreground one
// (fields 5 and 8 of /proc/PID/stat) in the session of a child of helper.
func foregroundIs(helper int, name string) bool {
	entries, _ := os.ReadDir("/proc")
	for _, e := range entries {
		content, err := os.ReadFile("/proc/" + e.Name() + "/stat")
		if err != nil {
			continue
		}
		head, rest, ok := cutLast(content, []byte(") "))
		f := strings.Fields(string(rest))
		if !ok || !strings.HasSuffix(string(head), "("+name) || f[2] != f[5] || f[0] == "T" {
			continue
		}
		leader, err := os.ReadFile("/proc/" + f[3] + "/stat")
		if err != nil {
			continue
		}
		_, rest, _ = cutLast(leader, []byte(") "))
		if l := strings.Fields(string(rest)); len(l) > 1 && l[1] == strconv.Itoa(helper) {
			return true
		}
	}
	return false
}
