package tunnel

import (
	"net"
	"net/netip"
	"os"
	"strings"
)

// Listening says whether a program listens at "host:port" of this machine, without
// connecting to it; known is false where that cannot be told. "localhost" is
// either loopback address.
func Listening(address string) (listens, known bool) {
	host, port, err := splitAddress(address)
	if err != nil {
		return false, false
	}
	wanted := []netip.Addr{netip.AddrFrom4([4]byte{127, 0, 0, 1}), netip.IPv6Loopback()}
	if !strings.EqualFold(host, "localhost") {
		ip, err := netip.ParseAddr(host)
		if err != nil || net.ParseIP(host) == nil {
			return false, false
		}
		wanted = []netip.Addr{ip.Unmap()}
	}
	for _, table := range []string{"/proc/net/tcp", "/proc/net/tcp6"} {
		content, err := os.ReadFile(table)
		if os.IsNotExist(err) {
			continue // a machine without that family
		}
		if err != nil {
			return false, false
		}
		known = true
		for _, address := range wanted {
			if _, ok := findListener(strings.NewReader(string(content)), address, port); ok {
				return true, true
			}
		}
	}
	return false, known
}
