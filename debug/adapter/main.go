package adapter

import (
	"bufio"
	"context"
	"io"
	"os"
	"time"

	"github.com/tandem-dev/tandem/debug"
	"github.com/tandem-dev/tandem/internal/fault"
	"github.com/tandem-dev/tandem/session/process"
)

// grace is how long a program may take to end after it was asked. One that stands
// at a breakpoint cannot answer at all.
const grace = 2 * time.Second

// Main does the job that stands on stdin and returns the process's exit code. It
// takes the process's own streams: nothing but its first line and the program's
// output goes to stdout.
func Main(ctx context.Context, stdin, stdout *os.File) int {
	in := bufio.NewReader(stdin)
	var job debug.Job
	if err := debug.ReadLine(in, &job); err != nil {
		return failed(stdout, fault.Wrap(err, fault.Internal, "reading a debugger's job"))
	}
	// Nobody under the debugger reads our input: the null device is theirs.
	null, err := os.Open(os.DevNull)
	if err != nil {
		return failed(stdout, fault.Wrap(err, fault.DebugFailed, "opening %s", os.DevNull))
	}
	defer null.Close()
	os.Stdin = null

	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() { // ends with the input, or with the process
		_, _ = io.Copy(io.Discard, in)
		cancel()
	}()
	if job.Scratch != "" {
		defer os.RemoveAll(job.Scratch)
	}
	w := work{job: job, hello: func(port int) error { return debug.WriteLine(stdout, debug.Hello{Port: port}) }}
	var code int
	switch job.Kind {
	case debug.JobDAP:
		err = w.dap(ctx)
	case debug.JobHeadless:
		err = w.headless(ctx)
	case debug.JobRun:
		code, err = w.run(ctx)
	default:
		err = fault.New(fault.Internal, "a debugger's process knows no job %q", job.Kind)
	}
	process.EndOthers(grace, w.exited)
	if err != nil {
		return failed(stdout, err)
	}
	return code
}

// work is a job being done.
type work struct {
	job debug.Job
	// hello tells the parent that a client may come.
	hello func(port int) error
	// exited closes when the command of a JobRun has ended; nil otherwise.
	exited chan struct{}
}

// failed tells the parent why there is no debugger. After a hello nobody reads it.
func failed(stdout io.Writer, err error) int {
	_ = debug.WriteLine(stdout, debug.Hello{Failure: debug.FailureOf(err)}) // the exit code says it, too
	return 1
}
