//go:build unix

package share

import (
	"os"
	"syscall"

	"github.com/tandem-dev/tandem/internal/fault"
)

// Private refuses a folder that others could put a socket into.
func Private(dir string) error {
	info, err := os.Lstat(dir)
	if err != nil {
		return fault.Wrap(err, fault.JournalFailed, "looking at %s", dir)
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok || !info.IsDir() || int(stat.Uid) != os.Getuid() || info.Mode().Perm()&0o077 != 0 {
		return fault.New(fault.JournalFailed, "%s is not a folder of this user alone", dir).
			Hint("remove it, or make it yours: chmod 700 %s", dir)
	}
	return nil
}
