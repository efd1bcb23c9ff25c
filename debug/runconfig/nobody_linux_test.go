package runconfig

import (
	"os"
	"runtime"
	"syscall"
	"testing"
)

// asNobody makes the rest of a superuser's test look at files with nobody's rights:
// the file-system user is the thread's own (setfsuid(2)), so the test keeps to one.
func asNobody(t *testing.T) {
	t.Helper()
	if os.Geteuid() != 0 {
		return
	}
	const nobody = 65534
	runtime.LockOSThread()
	if err := syscall.Setfsuid(nobody); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := syscall.Setfsuid(0); err != nil {
			t.Fatal(err) // the thread stays locked, and ends with the test
		}
		runtime.UnlockOSThread()
	})
}
