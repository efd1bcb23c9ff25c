package process

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tandem-dev/tandem/internal/fault"
)

// lines is a writer that lets a test wait for text.
type lines struct {
	mu   sync.Mutex
	buf  bytes.Buffer
	news chan struct{}
}

func newLines() *lines { return &lines{news: make(chan struct{}, 1)} }

func (l *lines) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.buf.Write(b)
	select {
	case l.news <- struct{}{}:
	default:
	}
	return len(b), nil
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String()
}

// await returns everything once it holds want.
func (l *lines) await(t *testing.T, want string) string {
	t.Helper()
	return l.awaitAfter(t, "", want)
}

// awaitAfter waits for text that comes after other text.
func (l *lines) awaitAfter(t *testing.T, first, want string) string {
	t.Helper()
	timeout := time.After(20 * time.Second)
	for {
		s := l.String()
		if _, rest, ok := strings.Cut(s, first); ok && strings.Contains(rest, want) {
			return s
		}
		select {
		case <-l.news:
		case <-timeout:
			t.Fatalf("no %q in %q", want, l.String())
		}
	}
}

func start(t *testing.T, spec Spec) *Process {
	t.Helper()
	if spec.Env == nil {
		spec.Env = os.Environ()
	}
	p, err := Start(context.Background(), spec)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		now, cancel := context.WithCancel(context.Background())
		cancel()
		p.Stop(now)
	})
	return p
}

// alive says whether the process exists and is not a zombie.
func alive(pid int) bool {
	if syscall.Kill(pid, 0) != nil {
		return false
	}
	out, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	return err == nil && !strings.Contains(string(out), ") Z ")
}

// number reads the integer behind "name=" in text.
func number(t *testing.T, text, name string) int {
	t.Helper()
	_, rest, ok := strings.Cut(text, name+"=")
	n, err := strconv.Atoi(strings.Fields(rest + " x")[0])
	if !ok || err != nil {
		t.Fatalf("no %s in %q", name, text)
	}
	return n
}

func TestExit(t *testing.T) {
	for _, tc := range []struct {
		name, command string
		want          Exit
	}{
		{"zero", "true", Exit{}},
		{"own code", "exit 42", Exit{Code: 42}},
		{"not found by the shell", "no-such-program-here 2>/dev/null", Exit{Code: 127}},
		{"killed", "kill -KILL $$", Exit{Code: 137, Signal: "SIGKILL"}},
		{"terminated", "kill -TERM $$", Exit{Code: 143, Signal: "SIGTERM"}},
		{"a code that looks like a signal", "exit 143", Exit{Code: 143}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got := start(t, Spec{Argv: ShellArgv(tc.command)}).Wait()
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestTheEnvironmentIsTheOneGiven(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("FROM_US", "leaked")
	out := newLines()
	p := start(t, Spec{
		Argv: []string{"sh", "-c", `echo "$A|$FROM_US|$PWD|$(pwd -P)"; cat`}, Dir: dir, Stdout: out,
		Env: []string{"PATH=/usr/bin:/bin", "A=1", "A=2", "PWD=/elsewhere"},
	})
	if exit := p.Wait(); exit != (Exit{}) {
		t.Fatal(exit)
	}
	real, _ := filepath.EvalSymlinks(dir)
	if got, want := out.String(), "2||"+dir+"|"+real+"\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestLookup(t *testing.T) {
	dir := t.TempDir()
	write := func(name string, mode os.FileMode, content string) string {
		file := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(content), mode); err != nil {
			t.Fatal(err)
		}
		return file
	}
	tool := write("bin/tool", 0o755, "#!/bin/sh\nexit 7\n")
	plain := write("bin/plain", 0o644, "text")
	write("broken", 0o755, "#!/no/such/interpreter\n")
	write("file", 0o644, "")
	t.Setenv("PATH", filepath.Join(dir, "bin")+":"+os.Getenv("PATH")) // ours must not count
	here := []string{"PATH=/nowhere:" + filepath.Join(dir, "bin")}
	for _, tc := range []struct {
		name, program, dir string
		env                []string
		want               string // the message, "" for exit code 7
		kind               fault.Kind
	}{
		{"in the command's PATH", "tool", dir, here, "", ""},
		{"relative entry of PATH", "tool", dir, []string{"PATH=bin"}, "", ""},
		{"empty entry of PATH", "tool", filepath.Dir(tool), []string{"PATH=:/nowhere"}, "", ""},
		{"path below the directory", "bin/tool", dir, nil, "", ""},
		{"absolute", tool, "/", []string{}, "", ""},
		{"not in the command's PATH", "tool", dir, []string{"PATH=/a:/b:/c"},
			`command "tool" not found in the 3 directories of the command's PATH (working directory ` + dir + `)`, fault.CommandNotFound},
		{"no PATH", "tool", dir, []string{}, `command "tool" not found: the command's environment has no PATH (working directory ` + dir + `)`, fault.CommandNotFound},
		{"no such path", "./tool", dir, here, `command "./tool" not found in ` + dir, fault.CommandNotFound},
		{"not executable", "plain", dir, here, `command "plain": ` + plain + ` is not an executable file`, fault.CommandNotFound},
		{"no interpreter", "./broken", dir, here, "starting " + dir + "/broken in " + dir, fault.CommandNotFound},
		{"no directory", "tool", dir + "/gone", here, "working directory " + dir + "/gone does not exist", fault.CommandFailed},
		{"directory is a file", "tool", dir + "/file", here, "working directory " + dir + "/file is not a directory", fault.CommandFailed},
		{"nothing", "", dir, here, "there is no command to run", fault.InvalidParams},
	} {
		t.Run(tc.name, func(t *testing.T) {
			p, err := Start(context.Background(), Spec{Argv: []string{tc.program}, Dir: tc.dir, Env: tc.env})
			if tc.want == "" {
				if err != nil {
					t.Fatal(err)
				}
				if got := p.Wait(); got.Code != 7 {
					t.Errorf("got %+v", got)
				}
				return
			}
			if err == nil {
				t.Fatalf("started, exit %+v", p.Wait())
			}
			if !strings.HasPrefix(err.Error(), tc.want) || fault.KindOf(err) != tc.kind {
				t.Errorf("got %q (%s)\nwant %q (%s)", err, fault.KindOf(err), tc.want, tc.kind)
			}
			if fault.HintOf(err) == "" {
				t.Error("no hint")
			}
		})
	}
}

func TestStdin(t *testing.T) {
	out := newLines()
	if exit := start(t, Spec{Argv: []string{"cat"}, Stdin: strings.NewReader("typed\n"), Stdout: out}).Wait(); exit != (Exit{}) {
		t.Fatal(exit)
	}
	if out.String() != "typed\n" {
		t.Errorf("got %q", out)
	}
}

// A stdin that never ends must not keep a command that has ended.
func TestStdinThatBlocks(t *testing.T) {
	r, w := io.Pipe()
	defer w.Close()
	if exit := start(t, Spec{Argv: []string{"true"}, Stdin: r}).Wait(); exit != (Exit{}) {
		t.Fatal(exit)
	}
}

func TestOutputIsIntact(t *testing.T) {
	const size = 10 << 20
	var out bytes.Buffer
	p := start(t, Spec{Argv: ShellArgv(fmt.Sprintf("yes 0123456789abcde | head -c %d", size)), Stdout: &out})
	if exit := p.Wait(); exit != (Exit{}) {
		t.Fatal(exit)
	}
	if want := bytes.Repeat([]byte("0123456789abcde\n"), size/16); !bytes.Equal(out.Bytes(), want) {
		t.Errorf("%d bytes, or wrong ones", out.Len())
	}
}

func TestOneWriterForBothKeepsTheOrder(t *testing.T) {
	out := newLines()
	start(t, Spec{Argv: ShellArgv("echo 1; echo 2 >&2; echo 3; echo 4 >&2"), Stdout: out, Stderr: out}).Wait()
	if got := out.String(); got != "1\n2\n3\n4\n" {
		t.Errorf("got %q", got)
	}
}

func TestOutputComesWhileTheCommandRuns(t *testing.T) {
	out := newLines()
	p := start(t, Spec{Argv: ShellArgv("printf 'no newline'; sleep 100"), Stdout: out})
	out.await(t, "no newline")
	if exit := p.Stop(context.Background()); exit.Code != 143 {
		t.Errorf("got %+v", exit)
	}
}

type brokenWriter struct{ err error }

func (w brokenWriter) Write([]byte) (int, error) { return 0, w.err }

func TestAFailingWriterDoesNotFailTheCommand(t *testing.T) {
	gone := errors.New("nobody listens")
	exit := start(t, Spec{Argv: ShellArgv("yes | head -c 1000000; exit 3"), Stdout: brokenWriter{gone}}).Wait()
	if exit.Code != 3 || !errors.Is(exit.Err, gone) {
		t.Errorf("got %+v", exit)
	}
}

type stuckWriter struct{ called, free chan struct{} }

func (w stuckWriter) Write(b []byte) (int, error) {
	select {
	case w.called <- struct{}{}:
	case <-w.free:
	}
	<-w.free
	return len(b), nil
}

func TestAStuckWriterDoesNotHoldUpStop(t *testing.T) {
	stuck := stuckWriter{make(chan struct{}), make(chan struct{})}
	defer close(stuck.free)
	p := start(t, Spec{Argv: ShellArgv("yes"), Stdout: stuck, Drain: 100 * time.Millisecond})
	<-stuck.called
	began := time.Now()
	exit := p.Stop(context.Background())
	if exit.Signal != "SIGTERM" || exit.Err == nil || time.Since(began) > 4*time.Second {
		t.Errorf("got %+v after %s", exit, time.Since(began))
	}
}

func TestStopEndsTheWholeTree(t *testing.T) {
	const grace = 3 * time.Second // more than a busy machine takes to end a process
	for _, tc := range []struct {
		name, child string // the child says who it is once it is ready
		killed      bool
	}{
		{"child", "echo child=$$; sleep 100", false},
		{"child that ignores SIGTERM", "trap '' TERM; echo child=$$; while :; do sleep 1; done", true},
		{"job in a group of its own", "bash -mc 'sleep 100 & echo child=$!; wait'", false},
		{"stopped child", "echo child=$$; kill -STOP $$; sleep 100", false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			out := newLines()
			p := start(t, Spec{Argv: ShellArgv(`(sh -c '` + strings.ReplaceAll(tc.child, "'", `'\''`) + `' & ); echo up; sleep 100`),
				Stdout: out, Grace: grace})
			text := out.await(t, "child=")
			out.await(t, "up")
			child := number(t, text, "child")
			began := time.Now()
			exit := p.Stop(context.Background())
			if exit != (Exit{Code: 143, Signal: "SIGTERM"}) {
				t.Errorf("got %+v", exit)
			}
			if alive(child) {
				t.Error("the child lives")
			}
			if waited := time.Since(began) >= grace; waited != tc.killed {
				t.Errorf("the end took %s", time.Since(began))
			}
			if again := p.Stop(context.Background()); again != exit {
				t.Errorf("second Stop: %+v", again)
			}
			if err := p.Signal(syscall.SIGTERM); !errors.Is(err, os.ErrProcessDone) {
				t.Errorf("Signal after the end: %v", err)
			}
		})
	}
}

func TestLeftoversEndWithTheLeader(t *testing.T) {
	out := newLines()
	exit := start(t, Spec{Argv: ShellArgv("sleep 100 & echo child=$!; exit 5"), Stdout: out}).Wait()
	if exit != (Exit{Code: 5}) {
		t.Errorf("got %+v", exit)
	}
	if alive(number(t, out.String(), "child")) {
		t.Error("the child lives")
	}
}

// What a trap handler starts for its clean-up is not asked to end as well.
func TestATrapHandlerMayCleanUp(t *testing.T) {
	out := newLines()
	p := start(t, Spec{Argv: ShellArgv("trap 'sleep 0.2 && echo cleaned; exit 9' TERM; echo up; while :; do sleep 0.05; done"), Stdout: out})
	out.await(t, "up")
	if exit := p.Stop(context.Background()); exit.Code != 9 || !strings.Contains(out.String(), "cleaned") {
		t.Errorf("got %+v, %q", exit, out)
	}
}

func TestTheEndOfTheContextEndsTheGrace(t *testing.T) {
	out := newLines()
	p := start(t, Spec{Argv: ShellArgv("trap '' TERM; echo up; while :; do sleep 1; done"), Stdout: out, Grace: time.Hour})
	out.await(t, "up")
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	if exit := p.Stop(ctx); exit.Signal != "SIGKILL" || exit.Code != 137 {
		t.Errorf("got %+v", exit)
	}
}

func TestStopWhileItExits(t *testing.T) {
	for range 30 {
		p := start(t, Spec{Argv: []string{"true"}})
		var wg sync.WaitGroup
		for range 4 {
			wg.Go(func() {
				if exit := p.Stop(context.Background()); exit.Err != nil {
					t.Error(exit.Err)
				}
			})
		}
		wg.Wait()
	}
}

// A daemon has left the session and is let go; the pipe it holds is not waited
// for beyond Drain.
func TestADaemonIsLetGo(t *testing.T) {
	out := newLines()
	began := time.Now()
	exit := start(t, Spec{Argv: ShellArgv("setsid sh -c 'echo daemon=$$; exec sleep 100' & sleep 0.3"), Stdout: out,
		Drain: 200 * time.Millisecond}).Wait()
	daemon := number(t, out.String(), "daemon")
	defer syscall.Kill(daemon, syscall.SIGKILL)
	if exit != (Exit{}) || time.Since(began) > 4*time.Second {
		t.Errorf("got %+v after %s", exit, time.Since(began))
	}
	if !alive(daemon) {
		t.Error("the daemon was ended")
	}
}

func TestSignalReachesTheGroup(t *testing.T) {
	out := newLines()
	p := start(t, Spec{Argv: ShellArgv("trap 'echo usr1; exit 4' USR1; echo up; while :; do sleep 0.05; done"), Stdout: out})
	out.await(t, "up")
	// The sleeping child is in the group too and dies of it; the handler follows.
	if err := p.Signal(syscall.SIGUSR1); err != nil {
		t.Fatal(err)
	}
	if exit := p.Wait(); exit.Code != 4 || !strings.Contains(out.String(), "usr1") {
		t.Errorf("got %+v %q", exit, out)
	}
}

func TestACancelledContextStartsNothing(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := Start(ctx, Spec{Argv: []string{"true"}, Env: os.Environ()}); fault.KindOf(err) != fault.Cancelled {
		t.Errorf("got %v", err)
	}
}
