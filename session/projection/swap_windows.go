package projection

import (
	"errors"
	"io/fs"
	"os"
)

// swap puts a state in the place of root, and returns where the former one is.
// Windows has no rename over a folder, so there is a moment without root; while
// a program holds a file of the former one open it fails, and that one stays.
func swap(place *os.Root, state string) (former string, err error) {
	former = state + "-former"
	if err := place.Rename(rootName, former); err != nil {
		if !errors.Is(err, fs.ErrNotExist) {
			return "", err
		}
		former = ""
	}
	if err := place.Rename(state, rootName); err != nil {
		if former != "" {
			_ = place.Rename(former, rootName) // better than none
		}
		return "", err
	}
	return former, nil
}
