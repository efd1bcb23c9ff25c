package process

import (
	"bytes"
	"errors"
	"os"
	"strconv"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// dieWithUs sets the parent-death signal; doc.go says why SIGTERM and why it is
// right only together with the locked thread of [family.lead].
func dieWithUs(attr *syscall.SysProcAttr) { attr.Pdeathsig = syscall.SIGTERM }

// awaitZombie blocks until the child has exited, and leaves it unreaped.
func awaitZombie(pid int) error {
	for {
		err := unix.Waitid(unix.P_PID, pid, nil, unix.WEXITED|unix.WNOWAIT, nil)
		if err != unix.EINTR {
			return os.NewSyscallError("waitid", err)
		}
	}
}

// member is one living process of the family, pinned by a pidfd.
type member struct {
	pid     int
	parent  int
	fd      int // pidfd; -1 on a kernel before 5.3, which has none
	stopped bool
}

func (m member) send(sig unix.Signal) {
	// Errors are ESRCH (it is gone: fine) and EPERM (it runs as another user by
	// now: it will be seen as still there).
	if m.fd >= 0 {
		_ = unix.PidfdSendSignal(m.fd, sig, nil, 0)
		return
	}
	_ = unix.Kill(m.pid, sig)
}

func closeMembers(ms []member) {
	for _, m := range ms {
		if m.fd >= 0 {
			_ = unix.Close(m.fd)
		}
	}
}

// members lists who of the session is alive, the leader included. Its number
// cannot be taken by another session: the leader is not reaped yet.
func (f *family) members() []member {
	proc, err := os.Open("/proc")
	if err != nil {
		return f.leaderOnly()
	}
	defer proc.Close()
	names, err := proc.Readdirnames(-1)
	if err != nil {
		return f.leaderOnly()
	}
	var found []member
	for _, name := range names {
		pid, err := strconv.Atoi(name)
		if err != nil || pid == f.spare {
			continue
		}
		if st, ok := readStat(pid); !ok || st.session != f.pid || st.dead() {
			continue
		}
		m := member{pid: pid, fd: -1}
		switch fd, err := unix.PidfdOpen(pid, 0); {
		case err == nil:
			m.fd = fd
		case !errors.Is(err, unix.ENOSYS) && !errors.Is(err, unix.EPERM):
			continue // gone since
		}
		// Read again, now that the number is pinned: it may have become a
		// stranger's between the first look and the pidfd.
		st, ok := readStat(pid)
		if !ok || st.session != f.pid || st.dead() {
			closeMembers([]member{m})
			continue
		}
		m.parent, m.stopped = st.parent, st.state == 'T'
		found = append(found, m)
	}
	return found
}

// leaderOnly serves where /proc is not mounted: the leader is our own child and
// needs no /proc to be known.
func (f *family) leaderOnly() []member {
	if f.leaderExited() {
		return nil
	}
	m := member{pid: f.pid, fd: -1}
	if fd, err := unix.PidfdOpen(f.pid, 0); err == nil {
		m.fd = fd
	}
	return []member{m}
}

// stat is what we need of /proc/PID/stat (proc_pid_stat(5)).
type stat struct {
	state   byte   // field 3
	parent  int    // field 4
	session int    // field 6
	threads int    // field 20
	started uint64 // field 22, in clock ticks after boot
}

// dead is a zombie, whose parent alone can make it go. A process whose first
// thread has ended looks the same but for its other threads.
func (s stat) dead() bool {
	return s.state == 'X' || s.state == 'Z' && s.threads <= 1
}

func readStat(pid int) (stat, bool) {
	content, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return stat{}, false
	}
	return parseStat(content)
}

// parseStat reads the fields behind the program's name, which stands in
// parentheses and may itself hold spaces and parentheses.
func parseStat(content []byte) (stat, bool) {
	_, rest, ok := cutLast(content, []byte(") "))
	fields := bytes.Fields(rest)
	if !ok || len(fields) < 20 || len(fields[0]) != 1 {
		return stat{}, false
	}
	parent, err1 := strconv.Atoi(string(fields[1]))
	session, err2 := strconv.Atoi(string(fields[3]))
	threads, err3 := strconv.Atoi(string(fields[17]))
	started, err4 := strconv.ParseUint(string(fields[19]), 10, 64)
	if err1 != nil || err2 != nil || err3 != nil || err4 != nil {
		return stat{}, false
	}
	return stat{state: fields[0][0], parent: parent, session: session, threads: threads, started: started}, true
}

func cutLast(s, sep []byte) (before, after []byte, found bool) {
	i := bytes.LastIndex(s, sep)
	if i < 0 {
		return s, nil, false
	}
	return s[:i], s[i+len(sep):], true
}

// leave asks everybody once to end and waits until nobody is left, for at most
// grace and until cut closes. Asked later are those who were being born while
// the question went round, of a parent that has died of it since: a newcomer
// whose parent lives is the clean-up of a trap handler and is left alone.
func (f *family) leave(grace time.Duration, cut <-chan struct{}) bool {
	var asked map[int]bool // nil in the first round, which spares nobody
	return f.watch(grace, cut, func(ms []member) {
		living := map[int]bool{}
		for _, m := range ms {
			living[m.pid] = true
		}
		first := asked == nil
		if first {
			asked = map[int]bool{}
		}
		for _, m := range ms {
			if first || !asked[m.pid] && !living[m.parent] {
				asked[m.pid] = true
				f.ask(m)
			}
		}
	})
}

// ask sends the question. SIGCONT wakes a stopped job so that it can answer; it
// goes to stopped ones alone, since editors redraw on it.
func (f *family) ask(m member) {
	if f.hangup {
		m.send(unix.SIGHUP)
	}
	m.send(unix.SIGTERM)
	if m.stopped {
		m.send(unix.SIGCONT)
	}
}

// gone waits until nobody is left, for at most limit and until cut closes, and
// says whether that is so.
func (f *family) gone(limit time.Duration, cut <-chan struct{}) bool {
	return f.watch(limit, cut, func([]member) {})
}

// killed kills everybody, again and again as long as somebody manages to fork
// in between, and says whether all are gone.
func (f *family) killed(limit time.Duration) bool {
	return f.watch(limit, nil, func(ms []member) {
		for _, m := range ms {
			m.send(unix.SIGKILL)
		}
	})
}

func (f *family) watch(limit time.Duration, cut <-chan struct{}, each func([]member)) bool {
	deadline := time.Now().Add(limit)
	for {
		ms := f.members()
		each(ms)
		if len(ms) == 0 {
			// A zombie to /proc is one to waitid a moment later.
			return f.awaitLeader(max(time.Until(deadline), 0))
		}
		left := time.Until(deadline)
		more := left > 0 && awaitEnd(ms, left, cut)
		closeMembers(ms)
		if !more {
			return false
		}
	}
}

// awaitLeader waits for lead's word. Without members the leader is a zombie, so
// the word is on its way whatever the limit; the limit covers a /proc that hides
// the leader from us.
func (f *family) awaitLeader(limit time.Duration) bool {
	timer := time.NewTimer(max(limit, 100*time.Millisecond))
	defer timer.Stop()
	select {
	case <-f.exited:
		return true
	case <-timer.C:
		return false
	}
}

// awaitEnd sleeps until one of ms ends and returns true, or false when limit has
// passed or cut was closed.
func awaitEnd(ms []member, limit time.Duration, cut <-chan struct{}) bool {
	wake, err := unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK)
	if err != nil {
		return false
	}
	defer unix.Close(wake)
	over, joined := make(chan struct{}), make(chan struct{})
	go func() { // turns cut into something poll can see; ends before we return
		defer close(joined)
		select {
		case <-cut:
			_, _ = unix.Write(wake, []byte{1, 0, 0, 0, 0, 0, 0, 0})
		case <-over:
		}
	}()
	defer func() { close(over); <-joined }()

	fds := []unix.PollFd{{Fd: int32(wake), Events: unix.POLLIN}}
	blind := false // somebody has no pidfd
	for _, m := range ms {
		if m.fd < 0 {
			blind = true
			continue
		}
		fds = append(fds, unix.PollFd{Fd: int32(m.fd), Events: unix.POLLIN})
	}
	deadline := time.Now().Add(limit)
	for {
		left := time.Until(deadline)
		if left <= 0 {
			return false
		}
		if blind { // without a pidfd there is nothing to wait on but the clock
			left = min(left, 20*time.Millisecond)
		}
		n, err := unix.Poll(fds, int(left/time.Millisecond)+1)
		switch {
		case errors.Is(err, unix.EINTR):
		case err != nil:
			return false
		case fds[0].Revents != 0:
			return false
		case n > 0 || blind:
			return true
		}
	}
}
