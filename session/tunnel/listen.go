package tunnel

import (
	"context"
	"errors"
	"fmt"
	"net"
	"runtime"
	"strconv"
	"strings"
	"unicode"

	"github.com/tandem-dev/tandem/internal/fault"
)

// splitAddress reads "host:port" with a numeric port; the host may be empty.
func splitAddress(address string) (host string, port uint16, err error) {
	host, digits, err := net.SplitHostPort(address)
	if err != nil {
		return "", 0, err
	}
	n, err := strconv.ParseUint(digits, 10, 16)
	if err != nil {
		return "", 0, fmt.Errorf("%q is not a TCP port", digits)
	}
	return host, uint16(n), nil
}

// printable makes text from the far side fit for one line of a message.
func printable(text string) string {
	const most = 256
	text = strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(text, "?"))
	if runes := []rune(text); len(runes) > most {
		text = string(runes[:most]) + "..."
	}
	return strings.TrimSpace(text)
}

// Listen binds "host:port" on the laptop, as a forward does: "localhost" is both
// loopback addresses, on one port, and port 0 any free one. The error is
// fault.PortInUse, which names who has the port where that is known,
// fault.PortPrivileged or fault.InvalidParams.
func Listen(ctx context.Context, address string) ([]net.Listener, error) {
	host, port, err := splitAddress(address)
	if err != nil {
		return nil, badAddress(err, "the address to listen on", address)
	}
	return listen(ctx, host, port)
}

// listen binds host:port; "localhost" is both loopback addresses.
func listen(ctx context.Context, host string, port uint16) ([]net.Listener, error) {
	if !strings.EqualFold(host, "localhost") {
		l, err := listenOne(ctx, "tcp", host, port)
		if err != nil {
			return nil, listenFailure(err, host, port)
		}
		return []net.Listener{l}, nil
	}
	// A port picked for the first family may be taken in the second: pick again.
	const tries = 16
	for try := 1; ; try++ {
		listeners, err := listenLoopback(ctx, port)
		switch {
		case err == nil:
			return listeners, nil
		case port == 0 && try < tries && isAddressInUse(err):
			continue
		}
		return nil, listenFailure(err, host, port)
	}
}

// listenLoopback binds the loopback address of every family the machine has, on
// one port.
func listenLoopback(ctx context.Context, port uint16) ([]net.Listener, error) {
	var listeners []net.Listener
	var missing error
	for _, family := range []struct{ network, host string }{{"tcp4", "127.0.0.1"}, {"tcp6", "::1"}} {
		l, err := listenOne(ctx, family.network, family.host, port)
		switch {
		case err == nil:
			listeners = append(listeners, l)
			port = uint16(l.Addr().(*net.TCPAddr).Port)
		case isAddressMissing(err):
			missing = err
		default:
			for _, l := range listeners {
				l.Close()
			}
			return nil, err
		}
	}
	if len(listeners) == 0 {
		return nil, missing
	}
	return listeners, nil
}

func listenOne(ctx context.Context, network, host string, port uint16) (net.Listener, error) {
	var lc net.ListenConfig
	return lc.Listen(ctx, network, net.JoinHostPort(host, strconv.Itoa(int(port))))
}

// listenFailure explains why a local port could not be had.
func listenFailure(err error, host string, port uint16) error {
	address := net.JoinHostPort(host, strconv.Itoa(int(port)))
	switch {
	case isAddressInUse(err):
		f := fault.New(fault.PortInUse, "local port %d is in use", port).
			With("port", int(port)).
			Hint("stop the program that has it, or choose another local port")
		// The cause would only repeat the message in the system's words.
		if owner, ok := ownerOf(err, port); ok {
			f.Message = fmt.Sprintf("local port %d is in use by %s", port, owner)
			f.With("pid", owner.pid).With("command", owner.command)
		}
		return f
	case isNotPermitted(err) && runtime.GOOS == "windows":
		return fault.Wrap(err, fault.PortInUse, "local port %d is reserved by Windows", port).
			With("port", int(port)).
			Hint("`netsh interface ipv4 show excludedportrange protocol=tcp` lists the reserved ranges: choose a port outside them")
	case isNotPermitted(err):
		return fault.New(fault.PortPrivileged, "binding %s needs more rights than this user has", address).
			With("port", int(port)).
			Hint("%s", privilegedHint(port))
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return fmt.Errorf("binding %s: %w", address, err)
	}
	return fault.Wrap(err, fault.InvalidParams, "cannot listen on %s", address).
		Hint("the host must be an address of this machine: \"localhost\" is the usual one")
}

// privilegedHint says how this platform lets a user bind a low port.
func privilegedHint(port uint16) string {
	switch runtime.GOOS {
	case "linux":
		return fmt.Sprintf("choose a local port of 1024 or more, or allow low ones: `sudo sysctl net.ipv4.ip_unprivileged_port_start=%d`", port)
	case "darwin":
		return "choose a local port of 1024 or more, or set `interface: 0.0.0.0`: macOS lets users bind low ports on all interfaces together, not on one"
	}
	return "choose a local port of 1024 or more"
}
