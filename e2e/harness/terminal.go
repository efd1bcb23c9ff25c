package harness

import (
	"context"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"sync"

	"github.com/creack/pty"
)

// Terminal is a person at a terminal in which a command runs.
type Terminal struct {
	T   T
	cmd *exec.Cmd
	pty *os.File

	mu     sync.Mutex
	screen strings.Builder
	more   chan struct{} // closed and replaced with each output

	closed chan struct{} // closed once the command and its output have ended
}

// OpenTerminal starts the command on a terminal of its own, 100 columns wide.
// The reader ends with the terminal's last user; the test's end waits for it.
func OpenTerminal(t T, cmd *exec.Cmd) *Terminal {
	t.Helper()
	cmd.Env = append(cmd.Env, "TERM=xterm", "PS1=prompt> ")
	f, err := pty.StartWithSize(cmd, &pty.Winsize{Rows: 40, Cols: 100})
	if err != nil {
		t.Fatalf("starting %s on a terminal: %v", cmd, err)
	}
	term := &Terminal{T: t, cmd: cmd, pty: f, more: make(chan struct{}), closed: make(chan struct{})}
	go term.read()
	t.Cleanup(func() {
		_ = cmd.Process.Kill() // has ended, unless the test failed
		_ = f.Close()
		<-term.closed
		CheckRaces(t, term.Screen())
		if t.Failed() {
			t.Logf("the terminal of %s:\n%s", cmd, tail(term.Screen(), 6000))
		}
	})
	return term
}

func (term *Terminal) read() {
	defer close(term.closed)
	buffer := make([]byte, 4096)
	for {
		n, err := term.pty.Read(buffer)
		term.mu.Lock()
		term.screen.Write(buffer[:n])
		close(term.more)
		term.more = make(chan struct{})
		term.mu.Unlock()
		if err != nil { // EIO: nobody has the terminal any more
			_ = term.cmd.Wait() // its code is in ProcessState
			return
		}
	}
}

// controls are the sequences that colour and move (ECMA-48, CSI).
var controls = regexp.MustCompile(`\x1b\[[0-9;?]*[A-Za-z]`)

// Screen is the text that was shown so far, without colours and movements.
func (term *Terminal) Screen() string {
	shown, _ := term.look()
	return shown
}

// look is Screen with a signal for more.
func (term *Terminal) look() (string, <-chan struct{}) {
	term.mu.Lock()
	defer term.mu.Unlock()
	return controls.ReplaceAllString(term.screen.String(), ""), term.more
}

// Await waits until text is shown after position from (a length of Screen) and
// returns the position after it.
func (term *Terminal) Await(from int, text string) int {
	term.T.Helper()
	ctx, cancel := context.WithTimeout(term.T.Context(), Patience)
	defer cancel()
	for {
		shown, more := term.look()
		// A sequence that was cut in two was text for a moment.
		from = min(from, len(shown))
		if at := strings.Index(shown[from:], text); at >= 0 {
			return from + at + len(text)
		}
		select {
		case <-more:
		case <-term.closed:
			if last := term.Screen(); !strings.Contains(last[min(from, len(last)):], text) {
				term.T.Fatalf("the terminal was closed without %q", text)
			}
		case <-ctx.Done():
			term.T.Fatalf("no %q on the terminal within %s", text, Patience)
		}
	}
}

// Type types text, as if on a keyboard; "\x03" is Ctrl-C.
func (term *Terminal) Type(text string) {
	term.T.Helper()
	if _, err := term.pty.WriteString(text); err != nil {
		term.T.Fatalf("typing %q: %v", text, err)
	}
}

// Exit is the command's exit code once it has ended and let go of the terminal.
func (term *Terminal) Exit() int {
	term.T.Helper()
	ctx, cancel := context.WithTimeout(term.T.Context(), Patience)
	defer cancel()
	select {
	case <-term.closed:
		return term.cmd.ProcessState.ExitCode()
	case <-ctx.Done():
		term.T.Fatalf("%s does not end within %s", term.cmd, Patience)
		return 0
	}
}
