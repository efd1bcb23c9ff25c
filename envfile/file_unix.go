//go:build unix

package envfile

import (
	"errors"
	"io/fs"
	"os"
	"syscall"
)

// openToAll says whether everyone may replace files in a folder. The sticky
// bit, as on /tmp, keeps others from renaming what is not theirs.
func openToAll(info fs.FileInfo) bool {
	return info.Mode().Perm()&0o002 != 0 && info.Mode()&fs.ModeSticky == 0
}

// privateMode says whether only the owner may read the file.
func privateMode(info fs.FileInfo) bool { return info.Mode().Perm()&0o077 == 0 }

// syncDir makes a rename survive a crash. File systems that cannot sync a
// folder, some network and container mounts, say so and are left at that.
func syncDir(root *os.Root) error {
	d, err := root.Open(".")
	if err != nil {
		return err
	}
	defer d.Close()
	if err := d.Sync(); err != nil && !errors.Is(err, syscall.EINVAL) && !errors.Is(err, syscall.ENOTSUP) {
		return err
	}
	return nil
}
