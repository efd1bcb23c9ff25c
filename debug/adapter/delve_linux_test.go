package adapter_test

import (
	"bufio"
	"context"
	"errors"
	"io"
	"maps"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/go-delve/delve/service/api"
	"github.com/go-delve/delve/service/rpc2"
	"github.com/google/go-dap"

	"github.com/tandem-dev/tandem/debug"
	"github.com/tandem-dev/tandem/internal/fault"
)

// A client launches, stops at a breakpoint, steps, evaluates, and disconnects.
func TestDelveLaunch(t *testing.T) {
	dir := program(t)
	s, out := spec(t, debug.Target{Language: debug.Go, Mode: debug.Debug, Program: dir, Cwd: t.TempDir(), Args: []string{"loop"},
		Flags: []string{"-ldflags=-X main.linked=by-a-flag"}})
	d := start(t, s)
	c := connect(t, d)
	launch(t, c, d.Configuration)
	file := filepath.Join(dir, "main.go")
	stopped := breakAt(t, c, file, lineOf(t, file, "line of the breakpoint"))
	if a := evaluate(t, c, stopped.Body.ThreadId, "a + b"); a != "3" {
		t.Errorf("a + b is %s", a)
	}
	if v := evaluate(t, c, stopped.Body.ThreadId, "main.linked"); v != `"by-a-flag"` {
		t.Errorf("the build's flags were not used: linked is %s", v)
	}
	c.NextRequest(stopped.Body.ThreadId)
	stopped = until[*dap.StoppedEvent](t, c)
	if sum := evaluate(t, c, stopped.Body.ThreadId, "sum"); sum != "3" {
		t.Errorf("sum is %s", sum)
	}
	c.StepOutRequest(stopped.Body.ThreadId)
	stopped = until[*dap.StoppedEvent](t, c)
	if got := evaluate(t, c, stopped.Body.ThreadId, "secret"); got != strconv.Quote(secret) {
		t.Errorf("the variable from the environment is %s", got)
	}
	if cwd := readlink(t, childOf(t, d.PID()), "cwd"); cwd != s.Target.Cwd {
		t.Errorf("the program runs in %s, want %s", cwd, s.Target.Cwd)
	}
	family := descendants(t, d.PID())
	c.DisconnectRequest()
	until[*dap.DisconnectResponse](t, c)
	requireEnd(t, d, family)
	if text := out.String(); text != "" {
		t.Errorf("the debugger's process wrote %q", text)
	}
	if left, err := filepath.Glob(filepath.Join(dir, "__debug*")); err != nil || len(left) > 0 {
		t.Errorf("left in the user's folder: %v %v", left, err)
	}
}

// A configuration may be as short as an editor's user writes it: the rest is the
// session's.
func TestDelveCompletesALaunch(t *testing.T) {
	dir := program(t)
	s, _ := spec(t, debug.Target{Language: debug.Go, Mode: debug.Debug, Program: dir, Cwd: dir, Args: []string{"loop"}})
	s.StopOnEntry = true
	s.Inherited = map[string]string{"PROGRAM_SECRET": "of the user's shell"}
	d := start(t, s)
	c := connect(t, d)
	launch(t, c, map[string]any{debug.SecretArgument: d.Secret, "env": map[string]any{"PROGRAM_SECRET": "of the user's shell", "ADDED": "1"}})
	c.ConfigurationDoneRequest()
	stopped := until[*dap.StoppedEvent](t, c)
	if stopped.Body.Reason != "entry" {
		t.Errorf("stopped for %q, want entry", stopped.Body.Reason)
	}
	// The editor's copy of the user's environment does not hide the session's.
	environ, err := os.ReadFile("/proc/" + strconv.Itoa(childOf(t, d.PID())) + "/environ")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"PROGRAM_SECRET=" + secret, "ADDED=1"} {
		if !slices.Contains(strings.Split(string(environ), "\x00"), want) {
			t.Errorf("the program's environment has no %q", want)
		}
	}
}

// The C of a program is built as dlv builds it, so that both use one build cache;
// the user's own flags stay, and what is not built is left alone.
func TestDelveBuildsLikeDlv(t *testing.T) {
	t.Setenv("CGO_CFLAGS", "") // as if it were not set
	dir := program(t)
	binary := filepath.Join(t.TempDir(), "program")
	build := exec.Command("go", "build", "-gcflags=all=-N -l", "-o", binary, ".")
	build.Dir = dir
	if text, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	for _, c := range []struct {
		name, own, want string
		target          debug.Target
	}{
		{"built", "", "-O0 -g", debug.Target{Mode: debug.Debug, Program: dir}},
		{"built with flags of the user's", "-O1", "-O1", debug.Target{Mode: debug.Debug, Program: dir}},
		{"there already", "", "", debug.Target{Mode: debug.Exec, Program: binary}},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.target.Language, c.target.Cwd, c.target.Args = debug.Go, dir, []string{"loop"}
			s, _ := spec(t, c.target)
			s.StopOnEntry, s.Env = true, append(s.Env, "CGO_CFLAGS="+c.own)
			d := start(t, s)
			client := connect(t, d)
			launch(t, client, d.Configuration)
			client.ConfigurationDoneRequest()
			until[*dap.StoppedEvent](t, client)
			environ, err := os.ReadFile("/proc/" + strconv.Itoa(childOf(t, d.PID())) + "/environ")
			if err != nil {
				t.Fatal(err)
			}
			if want := "CGO_CFLAGS=" + c.want; !slices.Contains(strings.Split(string(environ), "\x00"), want) {
				t.Errorf("the environment has no %q", want)
			}
		})
	}
}

func TestDelveTest(t *testing.T) {
	dir := program(t)
	s, _ := spec(t, debug.Target{Language: debug.Go, Mode: debug.Test, Program: dir, Cwd: t.TempDir(), Args: []string{"-test.run=TestAdd"}})
	d := start(t, s)
	c := connect(t, d)
	launch(t, c, d.Configuration)
	file := filepath.Join(dir, "main.go")
	stopped := breakAt(t, c, file, lineOf(t, file, "line of the breakpoint"))
	if a := evaluate(t, c, stopped.Body.ThreadId, "a"); a != "2" {
		t.Errorf("a is %s, want the test's 2", a)
	}
	c.ContinueRequest(stopped.Body.ThreadId)
	if exited := until[*dap.ExitedEvent](t, c); exited.Body.ExitCode != 0 {
		t.Errorf("the test ended with %d", exited.Body.ExitCode)
	}
	c.DisconnectRequest()
	requireEnd(t, d, nil)
}

// What a debugger was attached to goes on running when the debugger leaves.
func TestDelveAttach(t *testing.T) {
	dir := program(t)
	binary := filepath.Join(t.TempDir(), "program")
	build := exec.Command("go", "build", "-gcflags=all=-N -l", "-o", binary, ".")
	build.Dir = dir
	if text, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	running := exec.Command(binary, "loop")
	if err := running.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = running.Process.Kill(); _ = running.Wait() }()
	s, _ := spec(t, debug.Target{Language: debug.Go, Mode: debug.Exec, Program: binary, Cwd: dir})
	s.Request, s.PID = debug.Attach, running.Process.Pid
	d := start(t, s)
	c := connect(t, d)
	launch(t, c, d.Configuration)
	file := filepath.Join(dir, "main.go")
	stopped := breakAt(t, c, file, lineOf(t, file, "line of the breakpoint"))
	if a := evaluate(t, c, stopped.Body.ThreadId, "a"); a != "3" {
		t.Errorf("a is %s", a)
	}
	d.Stop(t.Context())
	requireEnd(t, d, nil)
	// No breakpoint is left behind in it, which would end it at the next call.
	for range 20 {
		time.Sleep(5 * time.Millisecond) // it calls every 10 ms
		if state := stateOf(running.Process.Pid); state == 'Z' || state == 't' || state == 0 {
			t.Fatalf("the program that was attached to is in state %q", state)
		}
	}
}

// Without its secret nobody gets in, and the debugger ends.
func TestDelveWantsItsSecret(t *testing.T) {
	for name, given := range map[string]any{"another": "guess", "none": nil} {
		t.Run(name, func(t *testing.T) {
			s, _ := spec(t, debug.Target{Language: debug.Go, Mode: debug.Debug, Program: program(t), Cwd: t.TempDir()})
			d := start(t, s)
			c := connect(t, d)
			configuration := maps.Clone(d.Configuration)
			delete(configuration, debug.SecretArgument)
			if given != nil {
				configuration[debug.SecretArgument] = given
			}
			c.LaunchRequestWithArgs(configuration)
			e := until[*dap.ErrorResponse](t, c)
			if e.Command != "launch" || e.Body.Error == nil || !e.Body.Error.ShowUser || strings.Contains(e.Message, d.Secret) {
				t.Errorf("answer %+v %+v", e, e.Body.Error)
			}
			requireEnd(t, d, nil)
		})
	}
}

// There is one client, on this machine's loopback alone.
func TestDelveTakesOneClient(t *testing.T) {
	s, _ := spec(t, debug.Target{Language: debug.Go, Mode: debug.Debug, Program: program(t), Cwd: t.TempDir()})
	d := start(t, s)
	connect(t, d)
	if conn, err := net.DialTimeout("tcp", d.Address(), time.Second); !errors.Is(err, syscall.ECONNREFUSED) {
		if err == nil {
			conn.Close()
		}
		t.Errorf("a second client: %v, want connection refused", err)
	}
	if host, _, _ := net.SplitHostPort(d.Address()); host != "127.0.0.1" {
		t.Errorf("it listens on %s", host)
	}
}

// GoLand speaks Delve's own protocol.
func TestDelveHeadless(t *testing.T) {
	dir := program(t)
	s, out := spec(t, debug.Target{Language: debug.Go, Mode: debug.Debug, Program: dir, Cwd: t.TempDir(), Args: []string{"loop"}})
	s.Protocol = debug.Delve
	d := start(t, s)
	c := rpc2NewClient(t, d.Address())
	file := filepath.Join(dir, "main.go")
	if _, err := c.CreateBreakpoint(&api.Breakpoint{File: file, Line: lineOf(t, file, "line of the breakpoint")}); err != nil {
		t.Fatal(err)
	}
	state := <-c.Continue()
	if state.Err != nil || state.CurrentThread == nil || state.CurrentThread.Function.Name() != "main.add" {
		t.Fatalf("stopped at %+v", state)
	}
	v, err := c.EvalVariable(api.EvalScope{GoroutineID: -1, Frame: 1}, "secret", api.LoadConfig{MaxStringLen: 100})
	if err != nil || v.Value != secret {
		t.Errorf("secret is %+v, %v", v, err)
	}
	family := descendants(t, d.PID())
	if err := c.Detach(true); err != nil {
		t.Error(err)
	}
	requireEnd(t, d, family)
	if strings.Contains(out.String(), "listening at") {
		t.Errorf("Delve printed %q", out)
	}
}

func rpc2NewClient(t *testing.T, address string) *rpc2.RPCClient {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return rpc2.NewClientFromConn(conn)
}

func TestDelveBuildFails(t *testing.T) {
	dir := t.TempDir()
	for name, content := range map[string]string{"go.mod": "module x\n", "main.go": "package main\n\nfunc main() { missing() }\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	s, _ := spec(t, debug.Target{Language: debug.Go, Mode: debug.Debug, Program: dir, Cwd: dir})
	s.Protocol = debug.Delve
	_, err := debug.Start(t.Context(), s)
	if !errors.Is(err, fault.DebugBuildFailed) || !strings.Contains(err.Error(), "undefined: missing") {
		t.Errorf("%v, want the compiler's complaint", err)
	}
}

// Nothing outlives a debugger, however it ends: not the program, which stands at a
// breakpoint and cannot answer, and not what the program has started.
func TestNoOrphan(t *testing.T) {
	for _, c := range []struct {
		name string
		end  func(t *testing.T, d *debug.Debugger)
	}{
		{"stop", func(t *testing.T, d *debug.Debugger) { d.Stop(t.Context()) }},
		{"SIGTERM of the debugger", func(t *testing.T, d *debug.Debugger) { kill(t, d.PID(), syscall.SIGTERM) }},
		{"SIGKILL of the debugger", func(t *testing.T, d *debug.Debugger) { kill(t, d.PID(), syscall.SIGKILL) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			d, family := atBreakpoint(t)
			c.end(t, d)
			requireEnd(t, d, family)
			if strings.Contains(c.name, "SIGKILL") {
				return
			}
			if left, err := filepath.Glob(filepath.Join(os.TempDir(), "tandem-debug-*", "program")); err != nil || slices.ContainsFunc(left, func(p string) bool { return young(p) }) {
				t.Errorf("binaries left: %v %v", left, err)
			}
		})
	}
}

func young(path string) bool {
	info, err := os.Stat(path)
	return err == nil && time.Since(info.ModTime()) < 2*time.Second
}

// atBreakpoint is a program that stands at a breakpoint, with a child of its own.
func atBreakpoint(t *testing.T) (*debug.Debugger, []int) {
	t.Helper()
	dir := program(t)
	s, _ := spec(t, debug.Target{Language: debug.Go, Mode: debug.Debug, Program: dir, Cwd: t.TempDir(), Args: []string{"family"}})
	d := start(t, s)
	c := connect(t, d)
	launch(t, c, d.Configuration)
	file := filepath.Join(dir, "main.go")
	breakAt(t, c, file, lineOf(t, file, "line of the breakpoint"))
	family := descendants(t, d.PID())
	if len(family) != 3 {
		t.Fatalf("the debugger's family is %v, want adapter, program and its child", family)
	}
	return d, family
}

// The server may be killed while the program stands at a breakpoint.
func TestNoOrphanOfAKilledParent(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self, "parent", program(t))
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(line))
	if err != nil {
		t.Fatal(err)
	}
	family := descendants(t, pid)
	if len(family) != 3 {
		t.Fatalf("the debugger's family is %v, want adapter, program and its child", family)
	}
	kill(t, cmd.Process.Pid, syscall.SIGKILL)
	_ = cmd.Wait()
	requireGone(t, family)
}

// parent is the server of that test: it prints the debugger's process once the
// program stands at a breakpoint, and waits to be killed.
func parent(dir string) {
	t := &testing.T{} // for the client's functions; a failure ends the output early
	s, _ := spec(t, debug.Target{Language: debug.Go, Mode: debug.Debug, Program: dir, Cwd: os.TempDir(), Args: []string{"family"}})
	d, err := debug.Start(context.Background(), s)
	if err != nil {
		panic(err)
	}
	conn, err := net.Dial("tcp", d.Address())
	if err != nil {
		panic(err)
	}
	in := bufio.NewReader(conn)
	send := func(command string, arguments any) {
		if err := dap.WriteBaseMessage(conn, request(command, arguments)); err != nil {
			panic(err)
		}
	}
	send("initialize", map[string]any{"adapterID": "go", "pathFormat": "path", "linesStartAt1": true})
	send("launch", d.Configuration)
	file := filepath.Join(dir, "main.go")
	for {
		m, err := dap.ReadProtocolMessage(in)
		if err != nil {
			panic(err)
		}
		switch m.(type) {
		case *dap.InitializedEvent:
			send("setBreakpoints", map[string]any{"source": map[string]any{"path": file},
				"breakpoints": []any{map[string]any{"line": lineOf(t, file, "line of the breakpoint")}}})
			send("configurationDone", map[string]any{})
		case *dap.StoppedEvent:
			_, _ = io.WriteString(os.Stdout, strconv.Itoa(d.PID())+"\n")
			select {}
		}
	}
}
