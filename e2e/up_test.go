package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"github.com/tandem-dev/tandem/e2e/harness"
)

// A shell of one's own in the place of the api: prompt, Ctrl-C, exit code, all
// as without tandem.
func TestUpShell(t *testing.T) {
	t.Parallel()
	bash := program(t, "bash", "bash")
	ns := harness.NewNamespace(t)
	ws := harness.NewWorkspace(t, ns)
	before := ns.State()
	term := harness.OpenTerminal(t, ws.Command("up", "api", "--", bash, "--norc", "--noprofile", "-i"))

	at := 0
	for _, step := range []string{"checking", "Deployment " + ns.Name + "/api, container api", "diverting", "connecting", "resolving", "switching", "ready in "} {
		at = term.Await(at, step)
	}
	at = term.Await(at, "prompt> ")
	term.Type("echo $SHOP_CURRENCY-$((6*7))\n")
	at = term.Await(at, "EUR-42")
	at = term.Await(at, "prompt> ")
	// A job gets Ctrl-C; the shell and the session live on.
	term.Type("sh -c \"echo be''gin; exec sleep 1000\"\n") // the job itself says that it runs
	at = term.Await(at, "begin")
	term.Type("\x03")
	at = term.Await(at, "prompt> ")
	term.Type("echo st''ill $?; test -t 0 && stty size\n")
	at = term.Await(at, "still 130")
	at = term.Await(at, "40 100")
	if status := ws.Status(); len(status) != 1 || status[0].State != "ready" {
		t.Errorf("tandem status: %+v, want one session, ready", status)
	}
	term.Type("exit 5\n")
	term.Await(at, "Deployment api back at 2 replicas")
	if code := term.Exit(); code != 5 {
		t.Errorf("exit code %d, want the shell's 5", code)
	}
	ns.RequireState(before)
	ws.RequireNoTrace()
}

// Ctrl-C ends a session that runs no command, and one whose command it ends.
func TestUpCtrlC(t *testing.T) {
	t.Parallel()
	ns := harness.NewNamespace(t)
	before := ns.State()
	for _, test := range []struct {
		name  string
		args  []string
		ready string
	}{
		{"without a command", []string{"up", "api", "--no-command"}, "ready in "},
		{"with the manifest's command", []string{"up", "api"}, "INFO serving"},
	} {
		t.Run(test.name, func(t *testing.T) {
			ns := ns.For(t)
			ws := harness.NewWorkspace(t, ns)
			term := harness.OpenTerminal(t, ws.Command(test.args...))
			term.Await(0, test.ready)
			term.Type("\x03")
			if code := term.Exit(); code != 0 {
				t.Errorf("exit code %d, want 0", code)
			}
			ns.RequireRestored(before)
			ws.RequireNoTrace()
		})
	}
	ns.AwaitState(before)
}

// In a script: no terminal, the command's streams and exit code pass through,
// and nothing but the command writes to stdout.
func TestUpInAScript(t *testing.T) {
	t.Parallel()
	ns := harness.NewNamespace(t)
	ws := harness.NewWorkspace(t, ns)
	before := ns.State()

	cmd := ws.Command("up", "api", "-e", "GREETING=hello", "--", "sh", "-c", `read line; echo "$GREETING $line $SHOP_REGION"; echo oops >&2; exit 7`)
	cmd.Stdin = strings.NewReader("world\n")
	r := harness.Finish(t, cmd)
	if r.Code != 7 || r.Stdout != "hello world north\n" || !strings.Contains(r.Stderr, "oops\n") {
		t.Errorf("exit code %d, stdout %q, want 7 and the command's words\n%s", r.Code, r.Stdout, r.Stderr)
	}
	if strings.Contains(r.Stderr, "\x1b") {
		t.Errorf("colours without a terminal: %q", r.Stderr)
	}
	ns.RequireRestored(before)
	ws.RequireNoTrace()

	// A failure is told on stderr, with its hint.
	r = ws.Run("up", "nobody")
	if r.Code != 1 || r.Stdout != "" || !regexp.MustCompile(`(?s)tandem: .*nobody.*hint: .*api`).MatchString(r.Stderr) {
		t.Errorf("exit code %d, stdout %q, stderr %q", r.Code, r.Stdout, r.Stderr)
	}
	// Wrong usage is 2.
	if r := ws.Run("up", "api", "web"); r.Code != 2 {
		t.Errorf("two devs: exit code %d, want 2\n%s", r.Code, r.Stderr)
	}
	ns.AwaitState(before)
}

// `up` is ended from outside by a signal or by `tandem down`, and gives the
// cluster back either way.
func TestUpEndedFromOutside(t *testing.T) {
	t.Parallel()
	ns := harness.NewNamespace(t)
	before := ns.State()
	for _, test := range []struct {
		name string
		end  func(t *testing.T, ws *harness.Workspace, up *exec.Cmd)
	}{
		{"SIGTERM", func(t *testing.T, _ *harness.Workspace, up *exec.Cmd) { signal(t, up, syscall.SIGTERM) }},
		{"SIGHUP", func(t *testing.T, _ *harness.Workspace, up *exec.Cmd) { signal(t, up, syscall.SIGHUP) }},
		{"tandem down", func(t *testing.T, ws *harness.Workspace, _ *exec.Cmd) {
			if r := ws.Run("down", "api"); r.Code != 0 || !strings.Contains(r.Stderr, "its session was ended") {
				t.Errorf("tandem down: exit code %d\n%s", r.Code, r.Stderr)
			}
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			ns := ns.For(t)
			ws := harness.NewWorkspace(t, ns)
			said, stderr, err := os.Pipe()
			if err != nil {
				t.Fatal(err)
			}
			defer said.Close()
			up := ws.Command("up", "api", "--", "sh", "-c", "echo $$ >&2; exec sleep 1000")
			up.Stderr = stderr
			if err := up.Start(); err != nil {
				t.Fatal(err)
			}
			stderr.Close()
			pid := firstNumberLine(t, said)

			r := ws.Run("status", "--json")
			var status []struct {
				ID       string `json:"id"`
				State    string `json:"state"`
				PID      int    `json:"pid"`
				Snapshot struct {
					Process struct {
						PID int `json:"pid"`
					} `json:"process"`
				} `json:"snapshot"`
			}
			if err := json.Unmarshal([]byte(r.Stdout), &status); err != nil || len(status) != 1 ||
				status[0].State != "ready" || status[0].PID != up.Process.Pid || status[0].Snapshot.Process.PID != pid {
				t.Errorf("tandem status --json: %v\n%s, want %s ready with process %d", err, r.Stdout, ws.SessionID("api"), pid)
			}

			test.end(t, ws, up)
			_ = up.Wait() // the code is the ended command's
			requireGone(t, pid)
			ns.RequireRestored(before)
			ws.RequireNoTrace()
		})
	}
	ns.AwaitState(before)
}

func signal(t *testing.T, cmd *exec.Cmd, s syscall.Signal) {
	t.Helper()
	if err := cmd.Process.Signal(s); err != nil {
		t.Fatal(err)
	}
}

// firstNumberLine reads until a line that is a number. What follows is read to
// its end in the background, so that the writer never waits.
func firstNumberLine(t *testing.T, from *os.File) int {
	t.Helper()
	var line []byte
	one := make([]byte, 1)
	for {
		if _, err := from.Read(one); err != nil {
			t.Fatalf("no number before %v", err)
		}
		if one[0] != '\n' {
			line = append(line, one[0])
			continue
		}
		var n int
		if _, err := fmt.Sscanf(string(bytes.TrimSpace(line)), "%d", &n); err == nil {
			return n
		}
		line = line[:0]
	}
}
