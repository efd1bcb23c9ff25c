package process

import (
	"context"
	"os"
)

// Exec runs the command of spec with our streams and ends this process with its
// exit code. It returns only when it fails, with what [Start] fails with.
func Exec(ctx context.Context, spec Spec) error {
	spec.Terminal, spec.Stdin, spec.Stdout, spec.Stderr = nil, os.Stdin, os.Stdout, os.Stderr
	p, err := Start(ctx, spec)
	if err != nil {
		return err
	}
	exit := p.Wait()
	if exit.Err != nil {
		return exit.Err
	}
	os.Exit(exit.Code)
	return nil
}
