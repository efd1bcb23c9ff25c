package debug

import (
	"bufio"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/tandem-dev/tandem/internal/fault"
	"github.com/tandem-dev/tandem/session/process"
)

// Debugger is a debugger that runs. Its methods may be called from any goroutine,
// at any time, also after its end.
//
// Beside the goroutines of its process it has those that read its output; all are
// gone when Done closes.
type Debugger struct {
	// Language, Protocol and Port (on 127.0.0.1) are what a client needs to know.
	Language Language
	Protocol Protocol
	Port     int
	// Configuration is a VS Code launch configuration that gets a client in as it
	// stands. It holds nothing secret but [SecretArgument].
	Configuration map[string]any
	// Secret is what the client's launch or attach request must have; "" where the
	// protocol has no room for one.
	Secret string

	process *process.Process
	input   *os.File // closing it is the order to end
	release sync.Once
	scratch string
	done    chan struct{}
}

// debuggerGrace is how long a debugger may take to end: it gives the program under
// it two seconds.
const debuggerGrace = 4 * time.Second

// Start starts a debugger and waits until it listens. Ending ctx ends the start;
// a debugger that was started is owed a [Debugger.Stop].
//
// Errors: [fault.DebugUnsupported] for what there is not, [fault.CommandNotFound]
// for a runtime that is not installed, [fault.DebuggerMissing] for one without a
// debugger, [fault.DebugBuildFailed], and [fault.DebugFailed] for one that ended or
// did not listen in time.
func Start(ctx context.Context, s Spec) (*Debugger, error) {
	if err := s.Check(); err != nil {
		return nil, err
	}
	scratch, err := os.MkdirTemp("", "tandem-debug-")
	if err != nil {
		return nil, fault.Wrap(err, fault.DebugFailed, "making a folder for the debugger")
	}
	d, err := s.start(ctx, scratch)
	if err != nil {
		_ = os.RemoveAll(scratch) // the debugger's process may have been quicker
		return nil, err
	}
	return d, nil
}

func (s *Spec) start(ctx context.Context, scratch string) (*Debugger, error) {
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	r, err := s.cook(scratch, port)
	if err != nil {
		return nil, fault.Wrap(err, fault.DebugFailed, "preparing a debugger in %s", scratch)
	}
	d := &Debugger{
		Language: s.Target.Language, Protocol: s.Protocol, Configuration: maps.Clone(r.configuration),
		scratch: scratch, done: make(chan struct{}),
	}
	if r.job.Kind == JobDAP {
		d.Secret = rand.Text()
		r.job.Secret, d.Configuration[SecretArgument] = d.Secret, d.Secret
	}
	out := newOutput(s.Stdout, s.Stderr, r.says)
	if err := d.launch(ctx, s, r, out); err != nil {
		return nil, err
	}
	limit := s.Patience
	if limit <= 0 {
		limit = DefaultPatience
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	if err := d.await(ctx, r, out); err != nil {
		d.Stop(ctx)
		return nil, err
	}
	if r.job.Kind != JobRun {
		d.Configuration["port"] = d.Port
	}
	return d, nil
}

// launch starts the debugger's process and tells it its job.
func (d *Debugger) launch(ctx context.Context, s *Spec, r recipe, out *output) error {
	read, written, err := os.Pipe()
	if err != nil {
		return fault.Wrap(err, fault.DebugFailed, "making a pipe for the debugger")
	}
	defer read.Close()
	d.input = written
	d.process, err = process.Start(ctx, process.Spec{
		Argv: s.Self, Dir: s.Target.Cwd, Env: r.env, Stdin: read,
		Stdout: out.stdout(), Stderr: out.stderr(), Grace: debuggerGrace,
	})
	if err != nil {
		_ = written.Close()
		return err
	}
	go func() { // ends with the process
		defer close(d.done)
		d.process.Wait()
		d.hangUp()
		_ = os.RemoveAll(d.scratch)
	}()
	if err := WriteLine(written, r.job); err != nil {
		d.Stop(ctx)
		return fault.Wrap(err, fault.DebugFailed, "telling the debugger what to do")
	}
	return nil
}

// await waits for the hello, and for a command's runtime to listen.
func (d *Debugger) await(ctx context.Context, r recipe, out *output) error {
	select {
	case hello := <-out.hello:
		if hello.Failure != nil {
			return hello.Failure.err()
		}
		d.Port = hello.Port
	case <-d.done:
		select {
		case hello := <-out.hello: // its last words
			if hello.Failure != nil {
				return hello.Failure.err()
			}
		default:
		}
		return d.ended(r, out)
	case <-ctx.Done():
		return d.late(ctx, r)
	}
	if r.job.Kind != JobRun {
		return nil
	}
	d.Port = r.port
	listens, said := make(chan struct{}), out.said
	if r.says == "" {
		said = nil
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() { // ends with ctx
		if awaitListening(ctx, r.port, said) {
			close(listens)
		}
	}()
	select {
	case <-listens:
		return nil
	case <-d.done:
		return d.ended(r, out)
	case <-ctx.Done():
		return d.late(ctx, r)
	}
}

func (d *Debugger) ended(r recipe, out *output) error {
	if out.missing() {
		return fault.New(fault.DebuggerMissing, "%s has no debugpy, the debugger for Python", r.job.Argv[0]).
			Hint("`%s -m pip install debugpy`, in the environment that the program runs in", r.job.Argv[0])
	}
	exit := d.process.Wait()
	return fault.New(fault.DebugFailed, "%s ended with code %d before its debugger listened on %s", d.what(r), exit.Code, address(r.port)).
		Hint("its output says why").With("exitCode", exit.Code)
}

func (d *Debugger) late(ctx context.Context, r recipe) error {
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return fault.New(fault.DebugFailed, "%s runs, but its debugger does not listen on %s", d.what(r), address(r.port)).
			Hint("does the command start the program in a way that this machine's debugger can follow? Give the program itself as `command`")
	}
	return fault.Wrap(context.Cause(ctx), fault.Cancelled, "starting %s under a debugger", d.what(r))
}

func (d *Debugger) what(r recipe) string {
	if len(r.job.Argv) > 0 {
		return r.job.Argv[0]
	}
	return "the debugger"
}

// Address is where the client connects to, host:port.
func (d *Debugger) Address() string { return address(d.Port) }

func address(port int) string { return net.JoinHostPort(host, strconv.Itoa(port)) }

// Host is the address of every debugger: 127.0.0.1.
func (d *Debugger) Host() string { return host }

// PID is the debugger's process.
func (d *Debugger) PID() int { return d.process.PID() }

// Mark is what finds the debugger's processes again after a crash of ours.
func (d *Debugger) Mark() process.Mark { return d.process.Mark() }

// Done closes when the debugger and what it launched are gone.
func (d *Debugger) Done() <-chan struct{} { return d.done }

// Exit is how the debugger ended; it waits for that.
func (d *Debugger) Exit() process.Exit { return d.process.Wait() }

// Stop ends the debugger with what it launched, and waits until all are gone. What
// it was attached to goes on running.
func (d *Debugger) Stop(ctx context.Context) process.Exit {
	d.hangUp()
	exit := d.process.Stop(ctx)
	<-d.done
	return exit
}

func (d *Debugger) hangUp() { d.release.Do(func() { _ = d.input.Close() }) }

// freePort is a port that nobody has at this moment.
func freePort() (int, error) {
	l, err := net.Listen("tcp", host+":0")
	if err != nil {
		return 0, fault.Wrap(err, fault.DebugFailed, "looking for a free port on %s", host)
	}
	port := l.Addr().(*net.TCPAddr).Port
	return port, l.Close()
}

// output takes the hello off the beginning of what a debugger writes, passes the
// rest on, and looks for what its lines tell.
type output struct {
	hello chan Hello // one
	said  chan struct{}

	out, err io.Writer
	says     string

	mu      sync.Mutex
	first   []byte // of stdout, until its end of line
	greeted bool
	tail    [2]string // the beginning of a line, of each stream
	proven  bool
	lacking bool
}

func newOutput(out, err io.Writer, says string) *output {
	if out == nil {
		out = io.Discard
	}
	if err == nil {
		err = io.Discard
	}
	return &output{hello: make(chan Hello, 1), said: make(chan struct{}), out: out, err: err, says: says}
}

func (o *output) stdout() io.Writer { return writerFunc(o.writeOut) }
func (o *output) stderr() io.Writer {
	return writerFunc(func(p []byte) (int, error) { o.look(1, p); return o.err.Write(p) })
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }

func (o *output) writeOut(p []byte) (int, error) {
	rest := o.greet(p)
	if len(rest) == 0 {
		return len(p), nil
	}
	o.look(0, rest)
	if _, err := o.out.Write(rest); err != nil {
		return 0, err
	}
	return len(p), nil
}

// greet takes the first line and returns what follows it.
func (o *output) greet(p []byte) []byte {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.greeted {
		return p
	}
	o.first = append(o.first, p...)
	line, rest, whole := strings.Cut(string(o.first), "\n")
	if !whole && len(o.first) < maxLine {
		return nil
	}
	o.greeted, o.first = true, nil
	var h Hello
	if err := ReadLine(bufio.NewReader(strings.NewReader(line+"\n")), &h); err != nil {
		h.Failure = FailureOf(fault.New(fault.DebugFailed, "the debugger's process did not say hello: %v", err))
	}
	o.hello <- h
	return []byte(rest)
}

// maxTail bounds the line that is being looked at.
const maxTail = 4 << 10

// look searches a stream for what its lines tell. None of it is kept: it may hold
// anything.
func (o *output) look(stream int, p []byte) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.proven && o.lacking {
		return
	}
	text := o.tail[stream] + string(p)
	if !o.proven && o.says != "" && strings.Contains(text, o.says) {
		o.proven = true
		close(o.said)
	}
	if strings.Contains(text, "No module named debugpy") || strings.Contains(text, "No module named 'debugpy'") {
		o.lacking = true
	}
	text = text[strings.LastIndexByte(text, '\n')+1:]
	o.tail[stream] = text[max(0, len(text)-maxTail):]
}

func (o *output) missing() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.lacking
}

// String is for a log.
func (d *Debugger) String() string {
	return fmt.Sprintf("%s debugger (%s) at %s", title(d.Language), d.Protocol, d.Address())
}
