//go:build unix

package tunnel

import (
	"errors"
	"net"
	"strings"
	"syscall"
	"testing"

	"github.com/tandem-dev/tandem/internal/fault"
)

// Whether a low port may be bound depends on the machine and the user, so the
// system's answer is made up here.
func TestListenFailure(t *testing.T) {
	tests := []struct {
		errno syscall.Errno
		kind  fault.Kind
		text  string
	}{
		{syscall.EACCES, fault.PortPrivileged, "127.0.0.1:80"},
		{syscall.EPERM, fault.PortPrivileged, "127.0.0.1:80"},
		{syscall.EADDRINUSE, fault.PortInUse, "port 80"},
		{syscall.EADDRNOTAVAIL, fault.InvalidParams, "127.0.0.1:80"},
	}
	for _, tt := range tests {
		err := listenFailure(&net.OpError{Op: "listen", Err: tt.errno}, "127.0.0.1", 80)
		if !errors.Is(err, tt.kind) || !strings.Contains(err.Error(), tt.text) || fault.HintOf(err) == "" {
			t.Errorf("%v becomes %v (%s), want %s with %q and a hint", tt.errno, err, fault.KindOf(err), tt.kind, tt.text)
		}
	}
}

func TestPrintable(t *testing.T) {
	for in, want := range map[string]string{
		"address already in use":    "address already in use",
		"two\nlines\x1b[31m\xff":    "two lines [31m?",
		strings.Repeat("x", 300):    strings.Repeat("x", 256) + "...",
		"  ":                        "",
		"permission denied (größe)": "permission denied (größe)",
	} {
		if got := printable(in); got != want {
			t.Errorf("%q becomes %q, want %q", in, got, want)
		}
	}
}
