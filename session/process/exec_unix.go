//go:build unix

package process

import (
	"context"
	"os"
	"syscall"

	"github.com/tandem-dev/tandem/internal/fault"
)

// Exec turns this process into the command of spec, which keeps our streams,
// our process id and our place in the terminal: only Argv, Dir and Env count.
// It returns only when it fails, with what [Start] would fail with. On Windows,
// which has no such call, the command runs as a child, and this process ends
// with its exit code.
func Exec(_ context.Context, spec Spec) error {
	if err := spec.withDefaults(); err != nil {
		return err
	}
	cmd, err := spec.command()
	if err != nil {
		return err
	}
	if err := os.Chdir(cmd.Dir); err != nil {
		return fault.Wrap(err, fault.CommandFailed, "entering working directory %s", cmd.Dir)
	}
	return startFailed(syscall.Exec(cmd.Path, cmd.Args, lastWins(cmd.Env)), cmd)
}

// lastWins drops the earlier ones of variables that are set twice, as os/exec
// does: programs differ in which one they would see.
func lastWins(env []string) []string {
	at := map[string]int{}
	var out []string
	for _, entry := range env {
		name := entry
		for i := 1; i < len(entry); i++ { // a name is at least one byte
			if entry[i] == '=' {
				name = entry[:i]
				break
			}
		}
		if i, ok := at[name]; ok {
			out[i] = entry
			continue
		}
		at[name] = len(out)
		out = append(out, entry)
	}
	return out
}
