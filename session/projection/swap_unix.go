//go:build !windows

package projection

import (
	"errors"
	"io/fs"
	"os"
)

// swap makes root point to a state, in one step, and returns the one it pointed to.
func swap(place *os.Root, state string) (former string, err error) {
	former, err = place.Readlink(rootName)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", err
	}
	link := state + "-link"
	if err := place.Symlink(state, link); err != nil {
		return "", err
	}
	if err := place.Rename(link, rootName); err != nil {
		_ = place.Remove(link)
		return "", err
	}
	return former, nil
}
