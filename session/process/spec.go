package process

import (
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/tandem-dev/tandem/internal/fault"
)

// Defaults of the durations in [Spec].
const (
	DefaultGrace = 5 * time.Second
	DefaultDrain = 2 * time.Second
)

// Spec says what to run and how it is wired.
type Spec struct {
	// Argv is the program and its arguments; [ShellArgv] makes one from a string
	// for the shell.
	Argv []string
	// Dir is the working directory; "" is ours. PWD is set to it in Env.
	Dir string
	// Env is the whole environment, "NAME=value". Nothing is inherited, so nil
	// is an empty environment; of duplicates the last wins. Its PATH (and PATHEXT
	// on Windows), not ours, decides which program runs.
	Env []string
	// Terminal, when set, lets the command use our terminal. Stdin and Stdout
	// are then unused, and Stderr is used only where Terminal.Out is redirected.
	Terminal *Terminal
	// Stdin is the command's input; nil is the null device. An *os.File is
	// inherited as it is, so that not a byte too many is read from it.
	Stdin io.Reader
	// Stdout and Stderr receive the output as it comes, in chunks of at most
	// 32 KiB which they must not keep; nil is the null device, an *os.File is
	// inherited. The same writer in both is written by one goroutine, in order. A
	// writer that blocks slows the command down as a full pipe does; it cannot
	// hold up Stop for longer than Drain. After a failed write the rest is read
	// and dropped, and Exit.Err says so.
	Stdout, Stderr io.Writer
	// Grace is how long the family may take to end after it was asked, before it
	// is killed. Zero is [DefaultGrace]; a negative one kills at once.
	Grace time.Duration
	// Drain is how long the last output may take once the family is gone. Zero
	// is [DefaultDrain].
	Drain time.Duration
}

// Terminal is the terminal that the command shares with us.
type Terminal struct {
	In, Out *os.File
}

// Exit is how a command ended.
type Exit struct {
	// Code is the exit code as a shell reports it: the command's own, or 128+n
	// where signal n ended it; -1 where it could not be learnt.
	Code int
	// Signal is the name of the signal that ended it ("SIGKILL"), else "".
	Signal string
	// Err is nil for every ordinary end, whatever the code. It is set when the
	// family did not die, or when output was lost.
	Err error
}

func (s *Spec) withDefaults() error {
	if len(s.Argv) == 0 || s.Argv[0] == "" {
		return fault.New(fault.InvalidParams, "there is no command to run").
			Hint("set `command` in the manifest's dev entry, or give one after --")
	}
	if s.Grace == 0 {
		s.Grace = DefaultGrace
	}
	if s.Drain <= 0 {
		s.Drain = DefaultDrain
	}
	return nil
}

// command resolves the working directory and the program.
func (s *Spec) command() (*exec.Cmd, error) {
	dir := s.Dir
	if dir == "" {
		dir = "."
	}
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, fault.Wrap(err, fault.CommandFailed, "finding the working directory %q", s.Dir)
	}
	if err := checkDir(dir); err != nil {
		return nil, err
	}
	path, err := lookPath(s.Argv[0], dir, s.Env)
	if err != nil {
		return nil, err
	}
	// A PWD that was true elsewhere would be a lie; os/exec lets the last win.
	env := append(append(make([]string, 0, len(s.Env)+1), s.Env...), "PWD="+dir)
	return &exec.Cmd{Path: path, Args: s.Argv, Dir: dir, Env: env}, nil
}

func checkDir(dir string) error {
	info, err := os.Stat(dir)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return fault.New(fault.CommandFailed, "working directory %s does not exist", dir).
			Hint("create it, or correct `workdir` in the manifest's dev entry").With("dir", dir)
	case err != nil:
		return fault.Wrap(err, fault.CommandFailed, "opening working directory %s", dir).With("dir", dir)
	case !info.IsDir():
		return fault.New(fault.CommandFailed, "working directory %s is not a directory", dir).
			Hint("correct `workdir` in the manifest's dev entry").With("dir", dir)
	}
	return nil
}

// getenv reads a variable from an environment; the last of duplicates counts.
func getenv(env []string, name string) (string, bool) {
	for i := len(env) - 1; i >= 0; i-- {
		k, v, ok := strings.Cut(env[i], "=")
		if ok && sameName(k, name) {
			return v, true
		}
	}
	return "", false
}

// notFound explains a program that no directory of the command's PATH holds.
// unusable is a file of that name which cannot be executed, or "".
func notFound(name, dir, unusable string, env []string, dirs int) error {
	_, set := getenv(env, "PATH")
	var e *fault.Error
	switch {
	case unusable != "":
		e = fault.New(fault.CommandNotFound, "command %q: %s is not an executable file", name, unusable).
			Hint("make it executable (chmod +x), or name its interpreter in the command")
	case hasSeparator(name):
		e = fault.New(fault.CommandNotFound, "command %q not found in %s", name, dir).
			Hint("a path in `command` is relative to the working directory; is the program built?")
	case !set:
		e = fault.New(fault.CommandNotFound, "command %q not found: the command's environment has no PATH (working directory %s)", name, dir).
			Hint("set PATH, or give the program's full path")
	default:
		e = fault.New(fault.CommandNotFound, "command %q not found in the %d directories of the command's PATH (working directory %s)", name, dirs, dir).
			Hint("install %s on this machine, or give its path; a PATH in the dev entry's environment replaces yours", name)
	}
	return e.With("program", name).With("dir", dir).With("pathDirs", dirs)
}

// startFailed explains why the system refused to start a program that is there.
func startFailed(err error, cmd *exec.Cmd) error {
	if errors.Is(err, os.ErrNotExist) {
		return fault.Wrap(err, fault.CommandNotFound, "starting %s in %s", cmd.Path, cmd.Dir).
			Hint("the file exists, so its interpreter (the #! line) or its dynamic loader does not").With("program", cmd.Path)
	}
	return fault.Wrap(err, fault.CommandFailed, "starting %s in %s", cmd.Path, cmd.Dir).
		Hint("can this machine run the file? A script needs a #! line, a binary the right architecture").With("program", cmd.Path)
}
