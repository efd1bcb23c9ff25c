//go:build !linux

package runconfig

import (
	"os"
	"testing"
)

// asNobody needs an ordinary user: only Linux has a user for files alone.
func asNobody(t *testing.T) {
	t.Helper()
	if os.Geteuid() <= 0 {
		t.Skip("a superuser may write everywhere, and Windows asks nobody's mode")
	}
}
