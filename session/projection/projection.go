package projection

import (
	"archive/tar"
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/tandem-dev/tandem/internal/fault"
)

const (
	rootName       = "root"
	kubeconfigName = "kubeconfig"
	// statePrefix begins the names of the folders that root points to in turn.
	statePrefix = ".root-"
)

// Root is where the files of a dev are found, below dir, the folder of its
// environment files.
func Root(dir, dev string) string { return filepath.Join(dir, dev, rootName) }

// Kubeconfig is where a dev's kubeconfig is found.
func Kubeconfig(dir, dev string) string { return filepath.Join(dir, dev, kubeconfigName) }

// Write makes Root hold the regular files of a tar archive, and nothing else,
// and returns their number. dir must exist and be the user's own; see
// envfile.WriteFile. The error is of kind fault.EnvUnwritable; the former state
// then stands.
func Write(dir, dev string, archive []byte) (count int, err error) {
	place, err := open(dir, dev)
	if err != nil {
		return 0, err
	}
	defer place.Close()
	state := statePrefix + strings.ToLower(rand.Text())
	if err := place.Mkdir(state, 0o700); err != nil {
		return 0, unwritable(err, Root(dir, dev))
	}
	former := ""
	count, err = unpack(place, state, archive)
	if err == nil {
		former, err = swap(place, state)
	}
	if err != nil {
		_ = place.RemoveAll(state) // the first failure is the one to tell
		return 0, unwritable(err, Root(dir, dev))
	}
	// A process that is on its way into the former state gets there; what was
	// before that goes.
	return count, removeStates(place, state, former)
}

// WriteKubeconfig puts a kubeconfig at its place, in one step.
func WriteKubeconfig(dir, dev string, content []byte) error {
	place, err := open(dir, dev)
	if err != nil {
		return err
	}
	defer place.Close()
	fresh := kubeconfigName + ".tmp"
	if err = errors.Join(ignoreMissing(place.Remove(fresh)), writeNew(place, fresh, bytes.NewReader(content))); err == nil {
		err = place.Rename(fresh, kubeconfigName)
	}
	return unwritable(err, Kubeconfig(dir, dev))
}

// Remove deletes what Write and WriteKubeconfig wrote. What is not there is no error.
func Remove(dir, dev string) error {
	if !filepath.IsLocal(dev) {
		return fault.New(fault.InvalidParams, "%q is no name for a folder", dev)
	}
	root, err := os.OpenRoot(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err == nil {
		defer root.Close()
		// Not RemoveAll: whatever else the user keeps there is theirs.
		for _, name := range []string{rootName, kubeconfigName, kubeconfigName + ".tmp"} {
			err = errors.Join(err, ignoreMissing(root.RemoveAll(path.Join(dev, name))))
		}
		if place, openErr := root.OpenRoot(dev); openErr == nil {
			err = errors.Join(err, removeStates(place))
			place.Close()
		}
		_ = root.Remove(dev) // fails where something of the user's is in it
	}
	return unwritable(err, filepath.Join(dir, dev))
}

// open opens the dev's folder, which it makes.
func open(dir, dev string) (*os.Root, error) {
	if !filepath.IsLocal(dev) || strings.ContainsAny(dev, `/\`) {
		return nil, fault.New(fault.InvalidParams, "%q is no name for a folder", dev)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, unwritable(err, dir)
	}
	defer root.Close()
	if err := root.Mkdir(dev, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, unwritable(err, filepath.Join(dir, dev))
	}
	if info, err := root.Lstat(dev); err == nil && !info.IsDir() {
		return nil, fault.New(fault.EnvUnwritable, "%s is not a folder", filepath.Join(dir, dev)).
			Hint("move it away, or rename the dev")
	}
	place, err := root.OpenRoot(dev)
	if err == nil {
		err = place.Chmod(".", 0o700)
	}
	if err != nil {
		return nil, unwritable(err, filepath.Join(dir, dev))
	}
	return place, nil
}

// unpack writes the archive's files into a folder of place.
func unpack(place *os.Root, state string, archive []byte) (count int, err error) {
	folder, err := place.OpenRoot(state)
	if err != nil {
		return 0, err
	}
	defer folder.Close()
	for r := tar.NewReader(bytes.NewReader(archive)); ; count++ {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return count, nil
		}
		if err != nil {
			return count, fmt.Errorf("the agent's archive: %w", err)
		}
		name := filepath.FromSlash(h.Name)
		if h.Typeflag != tar.TypeReg || !filepath.IsLocal(name) {
			return count, fmt.Errorf("the agent's archive has %q, which is no file of a volume", h.Name)
		}
		if err := folder.MkdirAll(filepath.Dir(name), 0o700); err != nil {
			return count, err
		}
		if err := writeNew(folder, name, r); err != nil {
			return count, err
		}
	}
}

// writeNew makes a file that was not there, with mode 0600 from birth.
func writeNew(root *os.Root, name string, content io.Reader) error {
	f, err := root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(f, content)
	return errors.Join(err, f.Close())
}

// removeStates deletes every state but some.
func removeStates(place *os.Root, but ...string) error {
	entries, err := fs.ReadDir(place.FS(), ".")
	if err != nil {
		return err
	}
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), statePrefix) && !slices.Contains(but, e.Name()) {
			err = errors.Join(err, place.RemoveAll(e.Name()))
		}
	}
	return err
}

func ignoreMissing(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

func unwritable(err error, path string) error {
	if err == nil {
		return nil
	}
	return fault.Wrap(err, fault.EnvUnwritable, "writing %s", path).
		Hint("look at the folder's permissions and the disk's space")
}
