package adapter

import (
	"context"
	"errors"
	"os"
	"os/exec"

	"github.com/tandem-dev/tandem/internal/fault"
	"github.com/tandem-dev/tandem/session/process"
)

// run runs a command in our own session and ends with it, with its exit code.
func (w *work) run(ctx context.Context) (int, error) {
	argv := w.job.Argv
	spec := process.Spec{Argv: argv, Dir: w.job.Dir, Env: os.Environ()}
	if err := spec.Check(); err != nil {
		return 0, err
	}
	cmd := exec.Command(argv[0], argv[1:]...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = w.job.Dir, os.Stdout, os.Stderr
	w.exited = make(chan struct{})
	// The hello must be the first line, so it comes before the program's output;
	// a program that is there starts.
	if err := w.hello(0); err != nil {
		close(w.exited)
		return 0, nil
	}
	if err := cmd.Start(); err != nil {
		close(w.exited)
		return 1, fault.Wrap(err, fault.CommandFailed, "starting %s", argv[0])
	}
	var err error
	go func() { // ends with the command, or with the process
		defer close(w.exited)
		err = cmd.Wait()
	}()
	select {
	case <-ctx.Done():
		return 0, nil // EndOthers ends it
	case <-w.exited:
	}
	var failed *exec.ExitError
	if err != nil && !errors.As(err, &failed) {
		return 1, nil
	}
	if code := cmd.ProcessState.ExitCode(); code >= 0 {
		return code, nil
	}
	return 1, nil // a signal ended it
}
