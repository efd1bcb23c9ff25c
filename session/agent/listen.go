package agent

import (
	"errors"
	"fmt"
	"net"
	"strconv"
	"syscall"
)

// listenAll opens the sockets for a reverse's bind address.
//
// "", "*", "0.0.0.0" and "::" all mean every interface in every family: in a
// pod with IPv6 addresses a socket for IPv4 alone would be bound and never
// reached, and nobody asks for that. "localhost" is the loopback of every
// family (RFC 4254 section 7.1). Otherwise it must be an address; names are not
// looked up.
func listenAll(address, wildcard string, port int) ([]net.Listener, error) {
	switch address {
	case "", "*", "0.0.0.0", "::":
		// Without an address Go opens one socket for both families where the
		// kernel has both, whatever net.ipv6.bindv6only says.
		return listenEach(port, wildcard)
	case "localhost":
		return listenEach(port, "127.0.0.1", "::1")
	}
	if net.ParseIP(address) == nil {
		return nil, fmt.Errorf("bind address %q is not an IP address", address)
	}
	return listenEach(port, address)
}

// listenEach opens one socket per host, all on the same port. A family that the
// pod does not have is left out as long as another one is there.
func listenEach(port int, hosts ...string) (opened []net.Listener, err error) {
	var absent error
	for _, host := range hosts {
		ln, err := net.Listen("tcp", net.JoinHostPort(host, strconv.Itoa(port)))
		switch {
		case err == nil:
			opened = append(opened, ln)
			port = ln.Addr().(*net.TCPAddr).Port
		case familyAbsent(err):
			absent = err
		default:
			for _, ln := range opened {
				ln.Close()
			}
			return nil, err
		}
	}
	if len(opened) == 0 {
		return nil, absent
	}
	return opened, nil
}

func familyAbsent(err error) bool {
	return errors.Is(err, syscall.EAFNOSUPPORT) || errors.Is(err, syscall.EADDRNOTAVAIL)
}

// BindReason is the text that answers a refused tcpip-forward: the system's own
// words without the address, which the client knows, such as "address already
// in use" or "permission denied".
func BindReason(err error) string {
	var errno syscall.Errno
	if errors.As(err, &errno) {
		return errno.Error()
	}
	return err.Error()
}
