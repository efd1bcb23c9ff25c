package e2e

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/go-delve/delve/service/dap/daptest"
	"github.com/google/go-dap"

	"github.com/tandem-dev/tandem/e2e/harness"
	"github.com/tandem-dev/tandem/rpc/protocol"
)

// debugClient is a person at a debugger, whose client is not ours.
type debugClient interface {
	// awaitStop waits until the program stands at the breakpoint and returns the
	// value of an expression there.
	awaitStop(t *testing.T, expression string) string
	// resume lets it go on.
	resume(t *testing.T)
	// leave ends the client.
	leave(t *testing.T)
}

// dapClient is Delve's own test client.
type dapClient struct {
	*daptest.Client
	conn   net.Conn
	file   string
	thread int
}

// buildPatience bounds the wait for a message: Delve builds a program before it
// answers.
const buildPatience = 4 * harness.Patience

// attachDAP brings a DAP client in with the configuration that debug/start has
// answered, all of it, as an editor does, and sets a breakpoint.
func attachDAP(t *testing.T, conn net.Conn, configuration map[string]any, file string, line int) *dapClient {
	t.Helper()
	c := &dapClient{Client: daptest.NewClientFromConn(conn), conn: conn, file: file}
	t.Cleanup(c.Close)
	c.InitializeRequest()
	until[*dap.InitializeResponse](t, c)
	if configuration["request"] == "attach" {
		c.AttachRequest(configuration)
	} else {
		c.LaunchRequestWithArgs(configuration)
	}
	until[*dap.InitializedEvent](t, c)
	c.breakAt(t, line)
	c.ConfigurationDoneRequest()
	until[*dap.ConfigurationDoneResponse](t, c)
	return c
}

func (c *dapClient) breakAt(t *testing.T, line int) {
	t.Helper()
	c.SetBreakpointsRequest(c.file, []int{line})
	if b := until[*dap.SetBreakpointsResponse](t, c).Body.Breakpoints; len(b) != 1 || !b[0].Verified {
		t.Fatalf("the breakpoint at %s:%d: %+v", c.file, line, b)
	}
}

// until reads what the adapter sends up to the first message of a kind.
func until[M dap.Message](t *testing.T, c *dapClient) M {
	t.Helper()
	_ = c.conn.SetReadDeadline(time.Now().Add(buildPatience))
	for {
		m, err := c.ReadMessage(t)
		var unknown *dap.DecodeProtocolMessageFieldError
		if errors.As(err, &unknown) {
			continue // an event of debugpy's own
		}
		if err != nil {
			t.Fatalf("waiting for a message of the debugger: %v", err)
		}
		if found, ok := m.(M); ok {
			return found
		}
		switch m := m.(type) {
		case *dap.ErrorResponse:
			t.Fatalf("%s: %s %+v", m.Command, m.Message, m.Body.Error)
		case *dap.OutputEvent:
			t.Logf("debugger: %s", strings.TrimSpace(m.Body.Output))
		}
	}
}

func (c *dapClient) awaitStop(t *testing.T, expression string) string {
	t.Helper()
	stopped := until[*dap.StoppedEvent](t, c)
	if stopped.Body.Reason != "breakpoint" {
		t.Fatalf("stopped for %q: %+v", stopped.Body.Reason, stopped.Body)
	}
	c.thread = stopped.Body.ThreadId
	return c.evaluate(t, expression)
}

func (c *dapClient) evaluate(t *testing.T, expression string) string {
	t.Helper()
	c.StackTraceRequest(c.thread, 0, 1)
	frames := until[*dap.StackTraceResponse](t, c).Body.StackFrames
	c.EvaluateRequest(expression, frames[0].Id, "repl")
	return strings.Trim(until[*dap.EvaluateResponse](t, c).Body.Result, `'"`)
}

// resume takes the breakpoint away first, or a request that web repeats would stop
// there again.
func (c *dapClient) resume(t *testing.T) {
	t.Helper()
	c.SetBreakpointsRequest(c.file, nil)
	until[*dap.SetBreakpointsResponse](t, c)
	c.ContinueRequest(c.thread)
	until[*dap.ContinueResponse](t, c)
}

func (c *dapClient) leave(t *testing.T) {
	t.Helper()
	c.DisconnectRequest()
	until[*dap.DisconnectResponse](t, c)
}

// dial connects to a debugger.
func dial(t *testing.T, d protocol.DebugStartResult) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", net.JoinHostPort(d.Host, strconv.Itoa(d.Port)))
	if err != nil {
		t.Fatal(err)
	}
	return conn
}

// configuration is what debug/start has answered for an editor.
func configuration(t *testing.T, d protocol.DebugStartResult) map[string]any {
	t.Helper()
	var c map[string]any
	if err := json.Unmarshal(d.Configuration, &c); err != nil {
		t.Fatal(err)
	}
	return c
}

// lineClient is a client that is a program of its own, which tells a line for each
// thing that happens.
type lineClient struct {
	cmd   *exec.Cmd
	in    io.WriteCloser
	lines *bufio.Reader
	read  func(t *testing.T, c *lineClient, expression string) string
	going string // what to say for going on
	bye   string // what to say at the end
}

func startLines(t *testing.T, c *lineClient, cmd *exec.Cmd) *lineClient {
	t.Helper()
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stderr = cmd.Stdout
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	c.cmd, c.in, c.lines = cmd, in, bufio.NewReader(out)
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	return c
}

func (c *lineClient) say(t *testing.T, line string) {
	t.Helper()
	if _, err := io.WriteString(c.in, line+"\n"); err != nil {
		t.Fatalf("%s: %v", c.cmd, err)
	}
}

// await reads until a text has come, and returns what came with it.
func (c *lineClient) await(t *testing.T, text string) string {
	t.Helper()
	defer time.AfterFunc(buildPatience, func() { _ = c.cmd.Process.Kill() }).Stop()
	var seen strings.Builder
	for !strings.Contains(seen.String(), text) {
		b, err := c.lines.ReadByte()
		if err != nil {
			t.Fatalf("%s ended without %q: %s", c.cmd, text, seen.String())
		}
		seen.WriteByte(b)
	}
	rest, _ := c.lines.ReadString('\n')
	return seen.String() + rest
}

func (c *lineClient) awaitStop(t *testing.T, expression string) string {
	t.Helper()
	return c.read(t, c, expression)
}
func (c *lineClient) resume(t *testing.T) { c.say(t, c.going) }
func (c *lineClient) leave(t *testing.T) {
	if c.bye != "" {
		c.say(t, c.bye)
	}
	_ = c.in.Close()
}

// attachInspector is npm's chrome-remote-interface at a Node program.
func attachInspector(t *testing.T, d protocol.DebugStartResult, file string, line int) *lineClient {
	t.Helper()
	c := &lineClient{going: "go on", read: func(t *testing.T, c *lineClient, _ string) string {
		var stop struct{ Paused string }
		if err := json.Unmarshal([]byte(c.await(t, "paused")), &stop); err != nil {
			t.Fatal(err)
		}
		return stop.Paused
	}}
	cmd := exec.CommandContext(t.Context(), program(t, "node", "nodejs"), "client.js", strconv.Itoa(d.Port), file, strconv.Itoa(line))
	cmd.Dir = filepath.Join(debugTools(t), "inspector")
	startLines(t, c, cmd)
	if got := c.await(t, `"set"`); !strings.Contains(got, "true") {
		t.Fatalf("the breakpoint at %s:%d: %s", file, line, got)
	}
	return c
}

// attachJDB is the JDK's own debugger at a Java program, after it has said a greeting.
func attachJDB(t *testing.T, d protocol.DebugStartResult, class string, line int, greeting string) *lineClient {
	t.Helper()
	c := &lineClient{going: fmt.Sprintf("clear %s:%d\ncont", class, line), bye: "exit", read: func(t *testing.T, c *lineClient, expression string) string {
		c.await(t, "Breakpoint hit:")
		c.say(t, "print "+expression)
		_, value, _ := strings.Cut(c.await(t, " "+expression+" = "), " "+expression+" = ")
		return strings.Trim(strings.TrimSpace(value), `"`)
	}}
	startLines(t, c, exec.CommandContext(t.Context(), program(t, "jdb", "default-jdk-headless"),
		"-connect", fmt.Sprintf("com.sun.jdi.SocketAttach:hostname=%s,port=%d", d.Host, d.Port)))
	if greeting != "" {
		c.await(t, greeting)
	}
	c.say(t, fmt.Sprintf("stop at %s:%d", class, line))
	c.await(t, fmt.Sprintf("%s:%d", class, line))
	return c
}

// debugTools is the folder that scripts/debug-tools has filled.
func debugTools(t *testing.T) string {
	t.Helper()
	root, err := harness.Root()
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(root, "bin", "debug-tools")
	if _, err := os.Stat(filepath.Join(dir, "pins")); err != nil {
		t.Fatalf("%v\n  hint: scripts/debug-tools", err)
	}
	return dir
}

// lineOf is the number of the first line that has the text.
func lineOf(t *testing.T, file, text string) int {
	t.Helper()
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	before, _, found := strings.Cut(string(content), text)
	if !found {
		t.Fatalf("%s has no %q", file, text)
	}
	return strings.Count(before, "\n") + 1
}
