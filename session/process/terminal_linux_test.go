package process

import (
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/creack/pty"
	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"
)

// helperCommand is this test binary as a small `tandem up` of argv.
func helperCommand(t *testing.T, helper string, argv ...string) *exec.Cmd {
	t.Helper()
	encoded, err := json.Marshal(argv)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), helperEnv+"="+helper, helperArgvEnv+"="+string(encoded), "PS1=prompt> ", "TERM=dumb", "HISTFILE=")
	return cmd
}

// user sits at a terminal in which the helper runs.
type user struct {
	t      *testing.T
	keys   *os.File // our side of the terminal
	tty    *os.File // the helper's side, held to look at its modes
	screen *lines
	cmd    *exec.Cmd
	before *unix.Termios
	read   chan struct{}
}

// sit starts the helper in a terminal of 30 rows and 100 columns.
func sit(t *testing.T, helper string, argv ...string) *user {
	t.Helper()
	keys, tty, err := pty.Open()
	if err != nil {
		t.Fatal(err)
	}
	if err := pty.Setsize(keys, &pty.Winsize{Rows: 30, Cols: 100}); err != nil {
		t.Fatal(err)
	}
	u := &user{t: t, keys: keys, tty: tty, screen: newLines(), read: make(chan struct{})}
	if u.before, err = unix.IoctlGetTermios(int(tty.Fd()), getTermios); err != nil {
		t.Fatal(err)
	}
	u.cmd = helperCommand(t, helper, argv...)
	u.cmd.Stdin, u.cmd.Stdout, u.cmd.Stderr = tty, tty, tty
	u.cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := u.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(u.read)
		buf := make([]byte, 64<<10)
		for {
			n, err := keys.Read(buf)
			_, _ = u.screen.Write(buf[:n])
			if err != nil {
				return
			}
		}
	}()
	t.Cleanup(func() {
		_ = u.cmd.Process.Kill()
		_ = u.cmd.Wait()
		_ = tty.Close()
		<-u.read
		_ = keys.Close()
	})
	return u
}

func (u *user) types(keys string) {
	u.t.Helper()
	if _, err := u.keys.WriteString(keys); err != nil {
		u.t.Fatal(err)
	}
}

func (u *user) sees(want string) string { u.t.Helper(); return u.screen.await(u.t, want) }

// leaves waits for the helper's end, and expects the terminal as it was.
func (u *user) leaves() int {
	u.t.Helper()
	timer := time.AfterFunc(20*time.Second, func() { _ = u.cmd.Process.Kill() }) // any other signal is its command's
	defer timer.Stop()
	err := u.cmd.Wait()
	var failed *exec.ExitError
	if err != nil && !errors.As(err, &failed) {
		u.t.Fatal(err)
	}
	after, err := unix.IoctlGetTermios(int(u.tty.Fd()), getTermios)
	if err != nil {
		u.t.Fatal(err)
	}
	if diff := cmp.Diff(u.before, after); diff != "" {
		u.t.Errorf("the terminal was not given back:\n%s", diff)
	}
	return u.cmd.ProcessState.ExitCode()
}

func bash(t *testing.T) []string {
	t.Helper()
	if _, err := exec.LookPath("bash"); err != nil {
		t.Skip("bash is not installed")
	}
	return []string{"bash", "--norc", "--noprofile", "-i"}
}

func TestBashInTheTerminal(t *testing.T) {
	u := sit(t, "terminal", bash(t)...)
	u.sees("prompt> ")
	u.types("stty size; echo \"re\"ady1\r")
	u.sees("ready1")
	if !strings.Contains(u.screen.String(), "30 100") {
		t.Errorf("the size is wrong: %q", u.screen)
	}

	u.types("sleep 100 &\r")
	u.types("jobs; echo \"re\"ady2\r")
	u.sees("ready2")
	if !strings.Contains(u.screen.String(), "Running") {
		t.Errorf("no job: %q", u.screen)
	}
	u.types("fg\r")
	u.sees("sleep 100\r\n")
	u.awaitForeground("sleep")
	u.types("\x1a") // Ctrl-Z
	u.sees("Stopped")
	u.types("fg; echo \"code\"=$?\r")
	u.awaitForeground("sleep")
	u.types("\x03") // Ctrl-C ends sleep and not bash
	// An interactive bash drops the rest of a line that was interrupted.
	u.types("echo \"al\"ive=$?\r")
	// Before its next prompt an end of file is the terminal's, and lost when bash takes
	// the keys over.
	u.screen.awaitAfter(t, "alive=130", "prompt> ")
	u.types("\x04") // Ctrl-D
	if code := u.leaves(); code != 130 && code != 0 {
		t.Errorf("exit code %d", code)
	}
}

func TestTheExitCodeOfTheTerminalsCommand(t *testing.T) {
	u := sit(t, "terminal", bash(t)...)
	u.sees("prompt> ")
	u.types("exit 42\r")
	if code := u.leaves(); code != 42 {
		t.Errorf("exit code %d", code)
	}
}

func TestResize(t *testing.T) {
	u := sit(t, "terminal", "sh", "-c", `trap 'stty size; exit' WINCH; echo up; while :; do sleep 0.05; done`)
	u.sees("up")
	if err := pty.Setsize(u.keys, &pty.Winsize{Rows: 11, Cols: 77}); err != nil {
		t.Fatal(err)
	}
	u.sees("11 77")
	if code := u.leaves(); code != 0 {
		t.Errorf("exit code %d", code)
	}
}

func TestTerminalOutputIsDrained(t *testing.T) {
	const size = 1 << 20
	u := sit(t, "terminal", "sh", "-c", "stty -opost; yes 0123456789abcde | head -c 1048576; printf END")
	if code := u.leaves(); code != 0 {
		t.Errorf("exit code %d", code)
	}
	got := u.sees("END")
	if want := strings.Repeat("0123456789abcde\n", size/16) + "END"; got != want {
		t.Errorf("%d bytes, want %d, or wrong ones", len(got), len(want))
	}
}

// Every byte but the ones that a terminal interprets goes through both ways.
func TestTheTerminalIs8BitClean(t *testing.T) {
	u := sit(t, "terminal", "sh", "-c", "stty raw -echo; printf up; head -c 256 | od -An -v -tu1 | tr -s ' \\n' '  '; stty sane; echo end")
	u.sees("up")
	all := make([]byte, 256)
	var want strings.Builder
	for i := range all {
		all[i] = byte(i)
		want.WriteString(" " + strconv.Itoa(i))
	}
	u.types(string(all))
	if got := strings.Join(strings.Fields(u.sees("end")), " "); !strings.Contains(got, strings.TrimSpace(want.String())) {
		t.Errorf("got %q", got)
	}
	u.leaves()
}

// What is typed after the command has ended belongs to the next reader.
func TestTypeAheadIsLeftAlone(t *testing.T) {
	u := sit(t, "then-read", "sh", "-c", "echo up; exec sleep 0.3")
	u.sees("up")
	u.awaitCooked()
	u.types("for the next\r")
	u.sees(`next reader got "for the next\n"`)
	u.leaves()
}

func TestTerminalIsGivenBack(t *testing.T) {
	t.Run("after a panic", func(t *testing.T) {
		u := sit(t, "panic", "sleep", "100")
		if code := u.leaves(); code != 2 {
			t.Errorf("exit code %d", code)
		}
	})
	for _, sig := range []syscall.Signal{syscall.SIGTERM, syscall.SIGHUP} {
		t.Run("after "+unix.SignalName(sig), func(t *testing.T) {
			// An interactive bash ignores SIGTERM: the hang-up ends it.
			u := sit(t, "terminal", bash(t)...)
			u.sees("prompt> ")
			_ = u.cmd.Process.Signal(sig)
			if code := u.leaves(); code != 129 {
				t.Errorf("exit code %d", code)
			}
		})
	}
}

func TestARedirectedOutputIsInherited(t *testing.T) {
	keys, tty, err := pty.Open()
	if err != nil {
		t.Fatal(err)
	}
	defer keys.Close()
	defer tty.Close()
	out := newLines()
	cmd := helperCommand(t, "terminal", "sh", "-c", "test -t 0 && test ! -t 1 && trap 'echo int; exit 6' INT; echo up; while :; do sleep 0.05; done")
	cmd.Stdin, cmd.Stdout = tty, out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	out.await(t, "up")
	_ = cmd.Process.Signal(os.Interrupt)
	_ = cmd.Wait()
	if code := cmd.ProcessState.ExitCode(); code != 6 || !strings.Contains(out.String(), "int") {
		t.Errorf("exit code %d, %q", code, out)
	}
}
