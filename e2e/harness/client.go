package harness

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"go.lsp.dev/jsonrpc2"

	"github.com/tandem-dev/tandem/rpc/protocol"
)

// Client is an editor: it started `tandem serve` and speaks to it over stdio.
//
// Its goroutines are the connection's reader, which ends with the server's
// output, the wait for the process, which ends with it, and one per call in
// flight, which ends with the call's answer or the connection. Close, which the
// test's end calls, joins them.
type Client struct {
	T         T
	Workspace *Workspace
	// Server is what initialize answered.
	Server protocol.InitializeResult

	conn   jsonrpc2.Conn
	tap    *tap
	cmd    *exec.Cmd
	input  io.Closer
	errors string // path of what the server wrote to stderr

	calling sync.Mutex // orders calls, so that each learns its own id
	pending sync.WaitGroup
	record  record
	respond func(method string, params json.RawMessage) any

	exited chan struct{} // closed once the process is gone
	code   int
	close  sync.Once
}

// Options vary how the server is started.
type Options struct {
	// Initialization are the options of the initialize request; an empty
	// LogLevel is "trace", so that what must not be logged would be.
	Initialization protocol.InitializationOptions
	// Wrap changes the command before it starts, for example to run it elsewhere.
	Wrap func(*exec.Cmd)
	// Uninitialized leaves initialize to the caller.
	Uninitialized bool
	// Answer gives the result of what the server asks of the editor and its user;
	// nil answers null, as somebody does who closes every question.
	Answer func(method string, params json.RawMessage) any
}

// Serve starts `tandem serve` in the workspace and initializes it.
func Serve(w *Workspace) *Client {
	w.T.Helper()
	return ServeWith(w, Options{})
}

// ServeWith is Serve with options.
func ServeWith(w *Workspace, o Options) *Client {
	t := w.T
	t.Helper()
	c := &Client{T: t, Workspace: w, exited: make(chan struct{}), tap: newTap(), respond: o.Answer}
	c.record.init()
	c.start(o)
	t.Cleanup(c.Close)
	if o.Uninitialized {
		return c
	}
	if o.Initialization.LogLevel == "" {
		o.Initialization.LogLevel = "trace"
	}
	pid, root := os.Getpid(), "file://"+w.Dir
	c.MustCall(protocol.MethodInitialize, protocol.InitializeParams{
		ProcessID: &pid, RootURI: &root, Options: o.Initialization,
		ClientInfo: &protocol.Info{Name: "tandem e2e"}, Trace: protocol.TraceVerbose,
	}, &c.Server)
	c.Notify(protocol.MethodInitialized, struct{}{})
	return c
}

// start starts the process. Its stderr is a file, which a surviving child of a
// killed server may hold without anybody waiting for it.
func (c *Client) start(o Options) {
	t := c.T
	t.Helper()
	// Not tied to the test's context: Close ends it, so that a failed test
	// gives the cluster back as well.
	cmd := exec.Command(Tandem(t), "--namespace", c.Workspace.Namespace.Name, "serve")
	cmd.Dir, cmd.Env = c.Workspace.Dir, c.Workspace.Environ()
	if o.Wrap != nil {
		o.Wrap(cmd)
	}
	stderr, err := os.Create(filepath.Join(t.TempDir(), "stderr"))
	if err != nil {
		t.Fatalf("%v", err)
	}
	defer stderr.Close()
	c.errors, cmd.Stderr = stderr.Name(), stderr
	in, toServer, err := os.Pipe()
	if err != nil {
		t.Fatalf("%v", err)
	}
	defer in.Close()
	fromServer, out, err := os.Pipe()
	if err != nil {
		t.Fatalf("%v", err)
	}
	defer out.Close()
	cmd.Stdin, cmd.Stdout = in, out
	if err := cmd.Start(); err != nil {
		t.Fatalf("starting %s: %v", cmd, err)
	}
	c.cmd, c.input = cmd, toServer
	go func() { // ends with the process
		defer close(c.exited)
		_ = cmd.Wait() // the code says it
		c.code = cmd.ProcessState.ExitCode()
	}()
	c.tap.Stream = jsonrpc2.NewHeaderStream(&stdio{fromServer, toServer})
	c.conn = jsonrpc2.NewConn(c.tap)
	c.conn.Go(context.Background(), c.handle)
}

// stdio is the server's output and input as one.
type stdio struct {
	io.ReadCloser
	io.WriteCloser
}

func (s *stdio) Close() error { return errors.Join(s.WriteCloser.Close(), s.ReadCloser.Close()) }

// handle records notifications in the order of the wire and answers requests
// as an editor would.
func (c *Client) handle(_ context.Context, r *jsonrpc2.Request) (any, error) {
	n := Notification{Method: strings.Clone(r.Method()), Params: append(json.RawMessage(nil), r.Params()...)}
	c.record.add(n)
	if !r.IsCall() || c.respond == nil {
		return nil, nil
	}
	return c.respond(n.Method, n.Params), nil
}

// StopReading makes the client read no more than one message of the server's until
// resume is called, as an editor does that hangs.
func (c *Client) StopReading() (resume func()) {
	c.tap.gate.Lock()
	return sync.OnceFunc(c.tap.gate.Unlock)
}

// Call is one request in flight.
type Call struct {
	ID   jsonrpc2.ID
	done chan struct{}
	err  error
	c    *Client
}

// Go sends a request; result, where not nil, is filled in by the time Wait returns.
func (c *Client) Go(method string, params, result any) *Call {
	c.T.Helper()
	call := &Call{c: c, done: make(chan struct{})}
	c.calling.Lock()
	defer c.calling.Unlock()
	c.pending.Go(func() {
		defer close(call.done)
		_, call.err = c.conn.Call(context.Background(), method, params, result)
	})
	select {
	case call.ID = <-c.tap.sent:
	case <-call.done: // answered at once, or could not be sent
		select {
		case call.ID = <-c.tap.sent:
		default:
		}
	}
	return call
}

// Wait returns the call's error once it is answered.
func (call *Call) Wait() error {
	call.c.T.Helper()
	return call.WaitWithin(Patience)
}

// WaitWithin is Wait for what may take longer, or must not.
func (call *Call) WaitWithin(patience time.Duration) error {
	call.c.T.Helper()
	ctx, cancel := context.WithTimeout(call.c.T.Context(), patience)
	defer cancel()
	select {
	case <-call.done:
		return call.err
	case <-ctx.Done():
		call.c.T.Fatalf("no answer to request %s within %s", call.ID, patience)
		return nil
	}
}

// Cancel sends $/cancelRequest for the call.
func (call *Call) Cancel() {
	call.c.T.Helper()
	id, _ := call.ID.Number()
	call.c.Notify(protocol.MethodCancel, protocol.CancelParams{ID: protocol.NumberToken(id)})
}

// Answers is how many responses with the call's id have arrived.
func (call *Call) Answers() int { return call.c.tap.answers(call.ID) }

// Call sends a request and waits for its answer.
func (c *Client) Call(method string, params, result any) error {
	c.T.Helper()
	return c.Go(method, params, result).Wait()
}

// MustCall is Call for what has to succeed.
func (c *Client) MustCall(method string, params, result any) {
	c.T.Helper()
	if err := c.Call(method, params, result); err != nil {
		c.T.Fatalf("%s: %v", method, Describe(err))
	}
}

// Notify sends a notification.
func (c *Client) Notify(method string, params any) {
	c.T.Helper()
	if err := c.conn.Notify(c.T.Context(), method, params); err != nil {
		c.T.Fatalf("%s: %v", method, err)
	}
}

// Failure is an error answer with its data.
type Failure struct {
	Code    protocol.ErrorCode
	Message string
	Data    protocol.ErrorData
}

// FailureOf reads an error that a call returned; false where it is no answer.
func FailureOf(err error) (Failure, bool) {
	var e *jsonrpc2.Error
	if !errors.As(err, &e) {
		return Failure{}, false
	}
	f := Failure{Code: protocol.ErrorCode(e.Code), Message: e.Message}
	if len(e.Data) > 0 {
		if json.Unmarshal(e.Data, &f.Data) != nil {
			return Failure{}, false
		}
	}
	return f, true
}

// Describe words an error answer with its data.
func Describe(err error) string {
	if f, ok := FailureOf(err); ok {
		return fmt.Sprintf("%d %s: %s (hint: %s)", f.Code, f.Data.Kind, f.Message, f.Data.Hint)
	}
	return fmt.Sprint(err)
}

// PID is the server's.
func (c *Client) PID() int { return c.cmd.Process.Pid }

// Signal sends the server a signal.
func (c *Client) Signal(s syscall.Signal) {
	c.T.Helper()
	if err := c.cmd.Process.Signal(s); err != nil {
		c.T.Fatalf("sending %s: %v", s, err)
	}
}

// EndInput closes the server's input, as an editor that dies does.
func (c *Client) EndInput() {
	c.T.Helper()
	if err := c.input.Close(); err != nil {
		c.T.Fatalf("closing the server's input: %v", err)
	}
}

// Exit is the server's exit code once it has ended; -1 after a signal.
func (c *Client) Exit() int {
	c.T.Helper()
	ctx, cancel := context.WithTimeout(c.T.Context(), Patience)
	defer cancel()
	select {
	case <-c.exited:
		return c.code
	case <-ctx.Done():
		c.T.Fatalf("tandem serve does not end within %s", Patience)
		return 0
	}
}

// Shutdown ends the server as LSP says, and returns its exit code.
func (c *Client) Shutdown() int {
	c.T.Helper()
	c.MustCall(protocol.MethodShutdown, nil, nil)
	c.Notify(protocol.MethodExit, nil)
	return c.Exit()
}

// Stderr is what the server wrote to its standard error so far.
func (c *Client) Stderr() string {
	content, err := os.ReadFile(c.errors)
	if err != nil {
		return err.Error()
	}
	return string(content)
}

// Close ends the server if it still runs, gives it time to restore the cluster,
// and checks what must hold for every server: no gap in seq, no data race, no
// panic. It is called at the test's end.
func (c *Client) Close() {
	c.T.Helper()
	c.close.Do(func() {
		_ = c.input.Close() // closed by EndInput, perhaps
		ctx, cancel := context.WithTimeout(context.Background(), Patience)
		defer cancel()
		select {
		case <-c.exited:
		case <-ctx.Done():
			c.T.Errorf("tandem serve does not end within %s of its input's end", Patience)
			_ = c.cmd.Process.Kill()
			<-c.exited
		}
		_ = c.conn.Close() // its pipe is half closed already
		c.pending.Wait()
		stderr := c.Stderr()
		CheckRaces(c.T, stderr)
		if strings.Contains(stderr, "goroutine ") && (strings.Contains(stderr, "panic:") || strings.Contains(stderr, `"panic"`)) {
			c.T.Errorf("tandem serve panicked:\n%s", stderr)
		}
		for _, gap := range c.record.sequenceErrors() {
			c.T.Errorf("%s", gap)
		}
		if c.T.Failed() {
			c.T.Logf("tandem serve's stderr:\n%s", tail(stderr, 12000))
		}
	})
}

func tail(s string, n int) string {
	if len(s) > n {
		return "…" + s[len(s)-n:]
	}
	return s
}
