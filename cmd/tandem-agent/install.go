package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// install copies this program to the destination: a file, or a directory that
// gets a file tandem-agent. The init container runs it, from an image that
// holds nothing else. The destination appears complete and executable, or not
// at all, so a restarted init container finds no half of a program.
func install(args []string, stderr io.Writer) error {
	fs := flag.NewFlagSet("install", flag.ContinueOnError)
	if err := parse(fs, args, 1, stderr); err != nil {
		return err
	}
	self, err := os.Executable()
	if err != nil {
		return fmt.Errorf("finding this program: %w", err)
	}
	dest := fs.Arg(0)
	if info, err := os.Stat(dest); err == nil && info.IsDir() {
		dest = filepath.Join(dest, "tandem-agent")
	}
	return copyProgram(self, dest)
}

func copyProgram(source, dest string) (err error) {
	in, err := os.Open(source)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.CreateTemp(filepath.Dir(dest), ".tandem-agent-*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(out.Name()))
		}
	}()
	_, err = io.Copy(out, in)
	if err == nil {
		// Chmod, unlike the mode of creation, is not narrowed by the umask: the
		// dev container may run as another user.
		err = out.Chmod(0o755)
	}
	if err == nil {
		err = out.Sync()
	}
	if err = errors.Join(err, out.Close()); err != nil {
		return fmt.Errorf("writing %s: %w", out.Name(), err)
	}
	return os.Rename(out.Name(), dest)
}
