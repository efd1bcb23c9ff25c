package envfile

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/tandem-dev/tandem/internal/fault"
)

// DirName is the folder, beside the manifest, that env files live in.
const DirName = ".tandem"

const (
	ignoreName    = ".gitignore"
	ignoreContent = "*\n"
	tempSuffix    = ".tmp"
)

// File is an env file that was written.
type File struct {
	Dialect Dialect `json:"dialect"`
	Path    string  `json:"path"`
	// Count is the number of variables in the file.
	Count         int             `json:"count"`
	Undeliverable []Undeliverable `json:"undeliverable,omitempty"`
}

// WriteFile writes the environment to dir/dev.env, or with the dialect's own
// [Dialect.Extension] in the place of .env.
//
// dir is the folder of env files, by custom [DirName] in the folder of the
// manifest. It is made with mode 0700, and gets a .gitignore that hides all of
// it, unless it was there under another name. The file has mode 0600 from
// birth, takes the place of an older one in one step, and is on the disk when
// WriteFile returns. On Windows modes mean nothing; the file inherits the
// access list of its folder.
//
// fault.EnvUnwritable is returned, and nothing written, where dir or the file
// is a symbolic link or not what it should be, or where dir or its parent may
// be written by everyone; fault.InvalidParams for a dev name that is no file
// name and for an unknown dialect.
func WriteFile(dir, dev string, e *Environment, d Dialect) (File, error) {
	if err := checkDevName(dev); err != nil {
		return File{}, err
	}
	content, left, err := Encode(e, d)
	if err != nil {
		return File{}, err
	}
	dir = filepath.Clean(dir)
	// Before the folder is made, so that a refusal leaves no trace.
	if err := checkExposed(dir); err != nil {
		return File{}, err
	}
	made, err := makeDir(dir)
	if err != nil {
		return File{}, err
	}
	root, err := openDir(dir)
	if err != nil {
		return File{}, err
	}
	defer root.Close()
	if made || filepath.Base(dir) == DirName {
		// Never in a folder of the user's own: it would hide their files from git.
		if err := ensureIgnore(root, dir); err != nil {
			return File{}, err
		}
	}
	name := dev + d.Extension()
	path := filepath.Join(dir, name)
	if err := replace(root, name, path, content); err != nil {
		return File{}, err
	}
	return File{Dialect: d, Path: path, Count: len(e.Vars) - len(left), Undeliverable: left}, nil
}

// WritePath writes the environment to a path that the user chose, in a folder
// that exists, with the care of [WriteFile] but no .gitignore.
func WritePath(path string, e *Environment, d Dialect) (File, error) {
	content, left, err := Encode(e, d)
	if err != nil {
		return File{}, err
	}
	dir, name := filepath.Split(path)
	if err := checkFileName(name); err != nil {
		return File{}, err
	}
	dir = filepath.Clean(dir)
	if err := checkExposed(dir); err != nil {
		return File{}, err
	}
	root, err := openDir(dir)
	if err != nil {
		return File{}, err
	}
	defer root.Close()
	if err := replace(root, name, path, content); err != nil {
		return File{}, err
	}
	return File{Dialect: d, Path: path, Count: len(e.Vars) - len(left), Undeliverable: left}, nil
}

// RemoveFiles deletes the files that WriteFile wrote for dev, in any dialect,
// and what an interrupted write left behind. The folder goes too when nothing
// but its own .gitignore is left. What is not there is no error, and a
// symbolic link is left alone.
func RemoveFiles(dir, dev string) error {
	if err := checkDevName(dev); err != nil {
		return err
	}
	dir = filepath.Clean(dir)
	root, err := openDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer root.Close()
	entries, err := fs.ReadDir(root.FS(), ".")
	if err != nil {
		return fault.Wrap(err, fault.EnvUnwritable, "listing %s", dir)
	}
	rest := 0
	for _, entry := range entries {
		if !entry.Type().IsRegular() || !writtenFor(entry.Name(), dev) {
			if entry.Name() != ignoreName {
				rest++
			}
			continue
		}
		if err := root.Remove(entry.Name()); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fault.Wrap(err, fault.EnvUnwritable, "removing %s", filepath.Join(dir, entry.Name())).
				Hint("delete it by hand: it holds the session's environment")
		}
	}
	if rest > 0 {
		return nil
	}
	if content, err := root.ReadFile(ignoreName); err != nil || string(content) != ignoreContent {
		return nil // not a folder that WriteFile made
	}
	if err := root.Remove(ignoreName); err != nil {
		return fault.Wrap(err, fault.EnvUnwritable, "removing %s", filepath.Join(dir, ignoreName))
	}
	// A file that appears now keeps the folder alive: Remove takes only an empty one.
	os.Remove(dir)
	return nil
}

// writtenFor says whether a file name is one that WriteFile makes for dev.
func writtenFor(name, dev string) bool {
	for _, d := range Dialects() {
		file := dev + d.Extension()
		if name == file || strings.HasPrefix(name, "."+file+".") && strings.HasSuffix(name, tempSuffix) {
			return true
		}
	}
	return false
}

// checkFileName refuses names that would leave the folder or that some system
// cannot store.
func checkFileName(name string) error {
	bad := name == "" || strings.HasPrefix(name, ".") && strings.Trim(name, ".") == "" ||
		strings.ContainsAny(name, "/\\:*?\"<>|") ||
		strings.ContainsFunc(name, func(r rune) bool { return r < ' ' || r == 0x7f })
	if bad || !filepath.IsLocal(name) {
		return fault.New(fault.InvalidParams, "%q cannot be the name of an env file", name).
			Hint("use letters, digits, dots and dashes")
	}
	return nil
}

// checkDevName refuses, beside what is no file name, a name under which the
// files of two dev containers would meet: the dotenv file of "api.node" is the
// node file of "api".
func checkDevName(dev string) error {
	for _, f := range formats() {
		if ext := strings.TrimSuffix(f.extension, filepath.Ext(f.extension)); ext != "" && strings.HasSuffix(dev, ext) {
			return fault.New(fault.InvalidParams, "%q cannot be the name of an env file: %s ends the names of files in the %s dialect", dev, ext, f.dialect).
				Hint("choose another name for the development container")
		}
	}
	return checkFileName(dev)
}

// makeDir makes the folder of env files where there is none, and its parents.
func makeDir(dir string) (made bool, err error) {
	if err = os.MkdirAll(filepath.Dir(dir), 0o700); err == nil {
		if err = os.Mkdir(dir, 0o700); err == nil {
			return true, nil
		}
	}
	if errors.Is(err, fs.ErrExist) {
		return false, nil
	}
	return false, fault.Wrap(err, fault.EnvUnwritable, "making the folder of env files").
		Hint("choose another folder with the setting envDir")
}

// openDir opens the folder of env files. All later steps go through the
// returned root, so that the folder cannot be swapped for another between a
// check and its use.
func openDir(dir string) (*os.Root, error) {
	before, err := os.Lstat(dir)
	if err != nil {
		return nil, fault.Wrap(err, fault.EnvUnwritable, "opening the folder of env files")
	}
	if !before.IsDir() {
		return nil, fault.New(fault.EnvUnwritable, "%s is not a folder but a %s", dir, describe(before)).
			Hint("env files hold secrets and are written to a real folder only: remove it, or choose another with the setting envDir")
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, fault.Wrap(err, fault.EnvUnwritable, "opening the folder of env files")
	}
	after, err := root.Stat(".")
	if err != nil || !os.SameFile(before, after) {
		root.Close()
		return nil, fault.New(fault.EnvUnwritable, "%s was replaced while it was opened", dir)
	}
	return root, nil
}

// checkExposed refuses a folder in which everyone could put another file in
// the place of ours, and a parent in which they could do so with the folder.
func checkExposed(dir string) error {
	for _, path := range []string{filepath.Dir(absolute(dir)), dir} {
		info, err := os.Stat(path)
		if err != nil {
			if errors.Is(err, fs.ErrNotExist) {
				continue // not made yet
			}
			return fault.Wrap(err, fault.EnvUnwritable, "checking the folder of env files")
		}
		if openToAll(info) {
			return fault.New(fault.EnvUnwritable, "everyone on this machine can replace files in %s (mode %04o)", path, info.Mode().Perm()).
				Hint("`chmod o-w %s`, or choose another folder with the setting envDir", path)
		}
	}
	return nil
}

func absolute(path string) string {
	if abs, err := filepath.Abs(path); err == nil {
		return abs
	}
	return path
}

func describe(info fs.FileInfo) string {
	switch mode := info.Mode(); {
	case mode&fs.ModeSymlink != 0:
		return "symbolic link"
	case mode.IsDir():
		return "folder"
	case mode.IsRegular():
		return "file"
	}
	return "special file"
}

// ensureIgnore makes the folder invisible to git. A .gitignore that is there
// is the user's and stays.
func ensureIgnore(root *os.Root, dir string) error {
	f, err := root.OpenFile(ignoreName, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	if err == nil {
		_, err = f.WriteString(ignoreContent)
		err = errors.Join(err, f.Close())
	}
	if err != nil {
		return unwritable(err, filepath.Join(dir, ignoreName))
	}
	return nil
}

// replace puts content at name in one step: a temporary file beside it, mode
// 0600 from birth, synced, then renamed over it.
func replace(root *os.Root, name, path string, content []byte) (err error) {
	if info, err := root.Lstat(name); err == nil && !info.Mode().IsRegular() {
		return fault.New(fault.EnvUnwritable, "%s is not a file but a %s", path, describe(info)).
			Hint("env files hold secrets and never follow links: remove it and try again")
	} else if err == nil {
		// Rewriting the same bytes would wake every watcher of the file.
		if old, err := root.ReadFile(name); err == nil && bytes.Equal(old, content) && privateMode(info) {
			return nil
		}
	}
	temp := fmt.Sprintf(".%s.%s%s", name, rand.Text(), tempSuffix)
	f, err := root.OpenFile(temp, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return unwritable(err, path)
	}
	defer func() {
		if err != nil {
			root.Remove(temp)
		}
	}()
	_, err = f.Write(content)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return unwritable(err, path)
	}
	if err = root.Rename(temp, name); err != nil {
		return unwritable(err, path)
	}
	if err = syncDir(root); err != nil {
		return unwritable(err, path)
	}
	return nil
}

func unwritable(cause error, path string) error {
	return fault.Wrap(cause, fault.EnvUnwritable, "writing %s", path).
		Hint("check the permissions of the folder and the space on the disk, or choose another folder with the setting envDir")
}
