package tunnel

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
)

// owner is the process that has a port.
type owner struct {
	pid     int
	command string // its short name, never its arguments: they may hold secrets
}

func (o owner) String() string {
	if o.pid == os.Getpid() {
		return "this program itself, for another tunnel or server"
	}
	return fmt.Sprintf("%q (pid %d)", o.command, o.pid)
}

// ownerOf finds who listens on the port that a bind failed for. Best effort: a
// process of another user, or another platform, stays unknown.
func ownerOf(bindErr error, port uint16) (owner, bool) {
	var wanted netip.Addr
	var op *net.OpError
	if errors.As(bindErr, &op) {
		if tcp, ok := op.Addr.(*net.TCPAddr); ok {
			wanted, _ = netip.AddrFromSlice(tcp.IP)
		}
	}
	return findOwner(wanted.Unmap(), port)
}
