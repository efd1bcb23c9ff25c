//go:build unix

package runconfig

import (
	"io/fs"
	"os"
	"syscall"
)

// sameAccess gives a new file the permission bits and, where a superuser edits
// somebody else's file, the owner of the one whose place it takes.
func sameAccess(out *os.File, old fs.FileInfo) error {
	if stat, ok := old.Sys().(*syscall.Stat_t); ok && int(stat.Uid) != os.Geteuid() {
		if err := out.Chown(int(stat.Uid), int(stat.Gid)); err != nil {
			return err
		}
	}
	return out.Chmod(old.Mode().Perm())
}
