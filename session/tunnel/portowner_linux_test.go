package tunnel

import (
	"errors"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/tandem-dev/tandem/internal/fault"
)

const tcpTable = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:1538 00000000:0000 0A 00000000:00000000 00:00000000 00000000   999        0 4711 1 0000000000000000 100 0 0 10 0
   1: 0100007F:1538 0100007F:C001 01 00000000:00000000 00:00000000 00000000   999        0 4712 1 0000000000000000 20 4 30 10 -1
   2: 00000000:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4713 1 0000000000000000 100 0 0 10 0
   3: 00000000000000000000000001000000:0050 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000 0 0 4714 1 0 100 0 0 10 0
`

func TestFindListener(t *testing.T) {
	tests := []struct {
		address string
		port    uint16
		inode   uint64
	}{
		{"127.0.0.1", 5432, 4711},
		{"0.0.0.0", 5432, 4711},
		{"127.0.0.2", 5432, 0},
		{"127.0.0.1", 8080, 4713}, // a wildcard has every address
		{"::1", 80, 4714},
		{"127.0.0.1", 49153, 0}, // a peer's port
	}
	for _, tt := range tests {
		inode, ok := findListener(strings.NewReader(tcpTable), netip.MustParseAddr(tt.address), tt.port)
		if inode != tt.inode || ok != (tt.inode != 0) {
			t.Errorf("%s port %d: inode %d, %v; want %d", tt.address, tt.port, inode, ok, tt.inode)
		}
	}
}

func FuzzParseListener(f *testing.F) {
	for line := range strings.Lines(tcpTable) {
		f.Add(line)
	}
	f.Fuzz(func(t *testing.T, line string) {
		local, _, ok := parseListener(line)
		if ok && !local.IsValid() {
			t.Fatalf("%q gives the address %v", line, local)
		}
	})
}

func TestPortInUseNamesTheHolder(t *testing.T) {
	link := connect(t, startPod(t, nil).config())

	t.Run("this process", func(t *testing.T) {
		taken := serveTCP(t, echo)
		_, err := link.OpenForward(t.Context(), ForwardSpec{Listen: taken, Remote: "db:5432"})
		if err == nil || !strings.Contains(err.Error(), "this program itself") {
			t.Errorf("error %v", err)
		}
	})
	t.Run("another process", func(t *testing.T) {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		file, err := l.(*net.TCPListener).File()
		if err != nil {
			t.Fatal(err)
		}
		// The child inherits the socket, and we let go of it.
		child := exec.Command("sleep", "60")
		child.ExtraFiles = []*os.File{file}
		if err := child.Start(); err != nil {
			t.Skip(err)
		}
		t.Cleanup(func() { child.Process.Kill(); child.Wait() })
		file.Close()
		l.Close()
		_, err = link.OpenForward(t.Context(), ForwardSpec{Listen: l.Addr().String(), Remote: "db:5432"})
		var f *fault.Error
		if !errors.As(err, &f) || !strings.Contains(err.Error(), `in use by "sleep" (pid `) {
			t.Fatalf("error %v", err)
		}
		if f.Detail["pid"] != child.Process.Pid || f.Detail["command"] != "sleep" {
			t.Errorf("detail %v, want pid %d", f.Detail, child.Process.Pid)
		}
	})
}
