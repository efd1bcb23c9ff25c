package manifest

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"github.com/tandem-dev/tandem/internal/fault"
)

// names are the places of a manifest below a folder, first one wins.
var names = []string{
	"okteto.yml",
	"okteto.yaml",
	filepath.Join(".okteto", "okteto.yml"),
	filepath.Join(".okteto", "okteto.yaml"),
}

// Discover finds the manifest of a folder and gives its absolute path.
//
// With explicit set (the -f flag) that file is it, relative to dir; if it names
// a folder, the folder is searched. Otherwise okteto.yml, okteto.yaml,
// .okteto/okteto.yml and .okteto/okteto.yaml are tried in this order; parent
// folders are not searched. An empty dir is the working directory.
//
// Where there is none, the error is fault.ManifestNotFound and names every
// place that was tried.
func Discover(dir, explicit string) (string, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return "", fault.Wrap(err, fault.ManifestNotFound, "finding the folder %q", dir)
	}
	if explicit != "" {
		path := explicit
		if !filepath.IsAbs(path) {
			path = filepath.Join(dir, path)
		}
		info, err := os.Stat(path)
		switch {
		case err != nil:
			return "", fault.New(fault.ManifestNotFound, "no manifest at %s: %s", path, reason(err)).
				Hint("correct the path given with -f, or leave it out to have the manifest found").
				With("tried", []string{path})
		case !info.IsDir():
			return filepath.Clean(path), nil
		}
		dir = path
	}
	path, err := first(dir)
	if err != nil {
		return "", err
	}
	if path != "" {
		return path, nil
	}
	return "", fault.New(fault.ManifestNotFound, "no manifest in %s (looked for %s)", dir, strings.Join(names, ", ")).
		Hint("create okteto.yml, or name one with -f").
		With("tried", joined(dir))
}

// first is the manifest that wins in a folder, "" if it has none.
func first(dir string) (string, error) {
	for _, path := range joined(dir) {
		info, err := os.Stat(path)
		if err == nil && info.Mode().IsRegular() {
			return path, nil
		}
		// ".okteto" may be a file of another purpose: ENOTDIR.
		if err != nil && !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, syscall.ENOTDIR) {
			return "", fault.New(fault.ManifestNotFound, "cannot look at %s: %s", path, reason(err)).
				Hint("is the folder readable?").With("tried", joined(dir))
		}
	}
	return "", nil
}

func joined(dir string) []string {
	paths := make([]string, len(names))
	for i, name := range names {
		paths[i] = filepath.Join(dir, name)
	}
	return paths
}

// reason is the system's word for a failed file operation, without the path
// that the message names already.
func reason(err error) string {
	var pe *fs.PathError
	if errors.As(err, &pe) {
		return pe.Err.Error()
	}
	return err.Error()
}

// Bounds of DiscoverAll: manifests lie near the top, and a workspace may hold a
// whole home folder.
const (
	maxDiscoverDepth   = 8
	maxDiscoverFolders = 20_000
)

// notSearched are folders of other people's code and of build results. Folders
// that start with a dot are not searched either.
var notSearched = []string{
	"node_modules", "vendor", "bower_components", "target", "dist", "build", "out", "venv", "__pycache__", "Pods",
}

// DiscoverAll finds the manifests of a workspace: for root and every folder
// below it, the one that [Discover] would choose. The paths are absolute and
// sorted, shallow ones first.
//
// The walk skips .git and all other dotted folders, node_modules, vendor and
// the like, follows no symbolic link, passes over folders it may not read, and
// stops at 8 levels or 20 000 folders; what it found until then is the answer.
// The error is about root itself: fault.ManifestNotFound.
func DiscoverAll(root string) ([]string, error) {
	root, err := filepath.Abs(root)
	if err != nil {
		return nil, fault.Wrap(err, fault.ManifestNotFound, "finding the folder %q", root)
	}
	if _, err := os.ReadDir(root); err != nil {
		return nil, fault.New(fault.ManifestNotFound, "cannot search %s: %s", root, reason(err)).
			Hint("open a folder that exists and is readable")
	}
	var found []string
	level, folders := []string{root}, 0
	for depth := 0; depth <= maxDiscoverDepth && len(level) > 0; depth++ {
		var next []string
		for _, dir := range level {
			if folders++; folders > maxDiscoverFolders {
				return found, nil
			}
			// A folder that cannot be read is passed over: one odd mount
			// must not hide the rest of the workspace.
			if path, err := first(dir); err == nil && path != "" {
				found = append(found, path)
			}
			entries, _ := os.ReadDir(dir)
			for _, e := range entries {
				if e.IsDir() && !strings.HasPrefix(e.Name(), ".") && !slices.Contains(notSearched, e.Name()) {
					next = append(next, filepath.Join(dir, e.Name()))
				}
			}
		}
		level = next
	}
	return found, nil
}
