package runconfig

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"

	"github.com/tandem-dev/tandem/envfile"
	"github.com/tandem-dev/tandem/internal/fault"
)

// maxFile is the size of the largest file that is edited, in bytes. Files of
// this sort have some kilobytes; one beyond this is no longer what it seems.
const maxFile = 4 << 20

// workspace is the folder that an editor has open. All files are reached through
// its root, so that no path leads out of it.
type workspace struct {
	dir  string
	root *os.Root
}

func openWorkspace(dir string) (*workspace, error) {
	abs, err := filepath.Abs(dir)
	if err == nil {
		var root *os.Root
		if root, err = os.OpenRoot(abs); err == nil {
			return &workspace{abs, root}, nil
		}
	}
	return nil, fault.Wrap(err, fault.RunConfigUnwritable, "opening the workspace").
		Hint("name a folder that exists and that you may write to")
}

func (w *workspace) close() { w.root.Close() }

// name is a file's path for a person.
func (w *workspace) name(rel string) string { return filepath.Join(w.dir, filepath.FromSlash(rel)) }

// file is a file as it was found.
type file struct {
	path   string // seen from the workspace, with slashes
	exists bool
	text   []byte
	info   fs.FileInfo // nil where it does not exist
}

// read reads a file that may be edited; one that is not there is no error.
func (w *workspace) read(rel string) (*file, error) {
	f := &file{path: rel}
	for _, dir := range dirs(rel) {
		info, err := w.root.Lstat(filepath.FromSlash(dir))
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return f, nil
		case err != nil:
			return nil, fault.Wrap(err, fault.RunConfigUnwritable, "reading %s", w.name(rel))
		case !info.IsDir():
			return nil, notEdited(w.name(dir), info, "folder")
		}
	}
	info, err := w.root.Lstat(filepath.FromSlash(rel))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return f, nil
	case err != nil:
		return nil, fault.Wrap(err, fault.RunConfigUnwritable, "reading %s", w.name(rel))
	case !info.Mode().IsRegular():
		return nil, notEdited(w.name(rel), info, "file")
	case info.Size() > maxFile:
		return nil, fault.New(fault.RunConfigInvalid, "%s has %d bytes, more than the %d MiB that are edited", w.name(rel), info.Size(), maxFile>>20).
			Hint("is it what it seems to be? move it away, and write the run configurations again")
	}
	text, err := w.root.ReadFile(filepath.FromSlash(rel))
	if err != nil {
		return nil, fault.Wrap(err, fault.RunConfigUnwritable, "reading %s", w.name(rel)).Hint("check its permissions")
	}
	f.exists, f.text, f.info = true, text, info
	return f, nil
}

func notEdited(name string, info fs.FileInfo, want string) error {
	what := "special file"
	switch mode := info.Mode(); {
	case mode&fs.ModeSymlink != 0:
		what = "symbolic link"
	case mode.IsDir():
		what = "folder"
	case mode.IsRegular():
		what = "file"
	}
	return fault.New(fault.RunConfigUnwritable, "%s is a %s, not a %s", name, what, want).
		Hint("where a link leads may be shared with other projects: run configurations are written to real files in the workspace only")
}

// writable refuses a file that its owner made read-only. Replacing it would
// work, and is what the owner does not want.
func (w *workspace) writable(f *file) error {
	if f.exists && f.info.Mode().Perm()&0o200 == 0 {
		return fault.New(fault.RunConfigUnwritable, "%s is read-only (mode %04o)", w.name(f.path), f.info.Mode().Perm()).
			Hint("`chmod u+w %s`, or keep your own run configurations", w.name(f.path))
	}
	return nil
}

// unchanged says whether a file still is what it was.
func (w *workspace) unchanged(f *file) error {
	now, err := w.read(f.path)
	if err != nil {
		return err
	}
	if now.exists != f.exists || !bytes.Equal(now.text, f.text) {
		return fault.New(fault.Conflict, "%s was changed by something else at the same time", w.name(f.path)).
			Hint("try again")
	}
	return nil
}

// write replaces a file in one step, with the permission bits that it had, or
// those of a new file.
func (w *workspace) write(f *file, text []byte) (err error) {
	dir, base := path.Split(f.path)
	temp := filepath.FromSlash(fmt.Sprintf("%s.%s.%s.tmp", dir, base, rand.Text()))
	out, err := w.root.OpenFile(temp, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		return w.unwritable(err, f.path)
	}
	defer func() {
		if err != nil {
			w.root.Remove(temp)
		}
	}()
	_, err = out.Write(text)
	if err == nil && f.exists {
		err = sameAccess(out, f.info)
	}
	if err == nil {
		err = out.Sync()
	}
	if err = errors.Join(err, out.Close()); err != nil {
		return w.unwritable(err, f.path)
	}
	if err = w.root.Rename(temp, filepath.FromSlash(f.path)); err != nil {
		return w.unwritable(err, f.path)
	}
	return nil
}

// makeDirs makes the folders above a file and gives those that were not there.
func (w *workspace) makeDirs(rel string) error {
	for _, dir := range dirs(rel) {
		mode := fs.FileMode(0o777)
		if dir == envfile.DirName {
			mode = 0o700 // as envfile makes it
		}
		err := w.root.Mkdir(filepath.FromSlash(dir), mode)
		if errors.Is(err, fs.ErrExist) {
			continue
		}
		if err == nil && dir == envfile.DirName {
			err = w.root.WriteFile(filepath.FromSlash(path.Join(dir, ignoreName)), []byte(ignoreContent), 0o600)
		}
		if err != nil {
			return w.unwritable(err, rel)
		}
	}
	return nil
}

// missingDirs are the folders above a file that are not there.
func (w *workspace) missingDirs(rel string) []string {
	var missing []string
	for _, dir := range dirs(rel) {
		if _, err := w.root.Lstat(filepath.FromSlash(dir)); errors.Is(err, fs.ErrNotExist) {
			missing = append(missing, dir)
		}
	}
	return missing
}

// The file that hides the folder .tandem from git, as envfile writes it.
const (
	ignoreName    = ".gitignore"
	ignoreContent = "*\n"
)

// remove deletes a file and then those of the folders that are empty.
func (w *workspace) remove(f *file, made []string) error {
	if err := w.root.Remove(filepath.FromSlash(f.path)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return w.unwritable(err, f.path)
	}
	for i := len(made) - 1; i >= 0; i-- {
		w.removeEmpty(made[i])
	}
	return nil
}

// removeEmpty deletes a folder in which nothing is; .tandem also where only its
// own .gitignore is left. Whatever appears meanwhile keeps it alive.
func (w *workspace) removeEmpty(dir string) {
	name := filepath.FromSlash(dir)
	if dir == envfile.DirName {
		ignore := filepath.FromSlash(path.Join(dir, ignoreName))
		entries, err := fs.ReadDir(w.root.FS(), dir)
		if err != nil || len(entries) != 1 || entries[0].Name() != ignoreName {
			return
		}
		if text, err := w.root.ReadFile(ignore); err != nil || string(text) != ignoreContent {
			return
		}
		w.root.Remove(ignore)
	}
	w.root.Remove(name)
}

func (w *workspace) unwritable(cause error, rel string) error {
	return fault.Wrap(cause, fault.RunConfigUnwritable, "writing %s", w.name(rel)).
		Hint("check the permissions of the folder and the space on the disk")
}
