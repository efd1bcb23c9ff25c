package envfile

import (
	"io/fs"
	"os"
)

// openToAll is always false: Windows reports no mode bits, and folders in a
// user's profile are closed to others by their access lists.
func openToAll(fs.FileInfo) bool { return false }

// privateMode is always true, for the same reason.
func privateMode(fs.FileInfo) bool { return true }

// syncDir does nothing: NTFS journals renames, and a folder cannot be synced.
func syncDir(*os.Root) error { return nil }
