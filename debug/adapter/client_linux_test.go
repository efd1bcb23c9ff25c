package adapter_test

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-delve/delve/service/dap/daptest"
	"github.com/google/go-dap"

	"github.com/tandem-dev/tandem/debug"
)

const secret = "s3cret-of-the-session"

// program is the folder of the program under test, which is a module of its own.
func program(t *testing.T) string {
	t.Helper()
	dir, err := filepath.Abs("testdata/program")
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// lineOf is the line of testdata/program/main.go that has the text.
func lineOf(t *testing.T, file, text string) int {
	t.Helper()
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for i, line := range strings.Split(string(content), "\n") {
		if strings.Contains(line, text) {
			return i + 1
		}
	}
	t.Fatalf("%s has no %q", file, text)
	return 0
}

// written collects output.
type written struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (w *written) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.b.Write(p)
}

func (w *written) String() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.b.String()
}

// spec is a debugger for a target, with the session's environment.
func spec(t *testing.T, target debug.Target) (debug.Spec, *written) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	out := &written{}
	return debug.Spec{
		Self: []string{self, "adapter"}, Name: "program", Target: target,
		Env:    append(os.Environ(), "PROGRAM_SECRET="+secret),
		Stdout: out, Stderr: out, Patience: time.Minute,
	}, out
}

// start starts a debugger that the test's end stops.
func start(t *testing.T, s debug.Spec) *debug.Debugger {
	t.Helper()
	d, err := debug.Start(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Stop(context.Background()) })
	return d
}

// connect is Delve's own test client at a debugger.
func connect(t *testing.T, d *debug.Debugger) *daptest.Client {
	t.Helper()
	c := daptest.NewClient(d.Address())
	t.Cleanup(c.Close)
	c.InitializeRequest()
	until[*dap.InitializeResponse](t, c)
	return c
}

// until reads what the adapter sends up to the first message of a kind.
func until[M dap.Message](t *testing.T, c *daptest.Client) M {
	t.Helper()
	for {
		m, err := c.ReadMessage(t)
		if err != nil {
			t.Fatalf("waiting for a message: %v", err)
		}
		if found, ok := m.(M); ok {
			return found
		}
		switch m := m.(type) {
		case *dap.ErrorResponse:
			t.Fatalf("%s: %s %+v", m.Command, m.Message, m.Body.Error)
		case *dap.OutputEvent:
			t.Logf("output: %s", strings.TrimSpace(m.Body.Output))
		}
	}
}

// launch sends a configuration as an editor does: all of it.
func launch(t *testing.T, c *daptest.Client, configuration map[string]any) {
	t.Helper()
	if configuration["request"] == "attach" {
		c.AttachRequest(configuration)
	} else {
		c.LaunchRequestWithArgs(configuration)
	}
	until[*dap.InitializedEvent](t, c)
}

// breakAt sets a breakpoint and lets the program go on to it.
func breakAt(t *testing.T, c *daptest.Client, file string, line int) *dap.StoppedEvent {
	t.Helper()
	c.SetBreakpointsRequest(file, []int{line})
	if b := until[*dap.SetBreakpointsResponse](t, c); len(b.Body.Breakpoints) != 1 || !b.Body.Breakpoints[0].Verified {
		t.Fatalf("breakpoint at %s:%d: %+v", file, line, b.Body.Breakpoints)
	}
	c.ConfigurationDoneRequest()
	return until[*dap.StoppedEvent](t, c)
}

// evaluate is the value of an expression in the top frame.
func evaluate(t *testing.T, c *daptest.Client, thread int, expression string) string {
	t.Helper()
	c.StackTraceRequest(thread, 0, 20)
	frames := until[*dap.StackTraceResponse](t, c).Body.StackFrames
	for _, f := range frames {
		if strings.HasSuffix(f.Name, ".add") || f.Name == "main.main" { // "program.add" in the test's binary
			c.EvaluateRequest(expression, f.Id, "watch")
			return until[*dap.EvaluateResponse](t, c).Body.Result
		}
	}
	t.Fatalf("no frame of the program: %+v", frames)
	return ""
}
