package agent

import (
	"errors"
	"fmt"
	"strings"

	"golang.org/x/crypto/ssh"
)

// maxHost is the longest host name or address taken from the wire; DNS allows
// no more (RFC 1035 section 2.3.4).
const maxHost = 255

// forwardRequest is the payload of tcpip-forward and cancel-tcpip-forward
// (RFC 4254 section 7.1).
type forwardRequest struct {
	Address string
	Port    uint32
}

// forwardReply answers a tcpip-forward for port 0 (RFC 4254 section 7.1).
type forwardReply struct {
	Port uint32
}

// directOpen is the payload of a direct-tcpip channel open, and with other
// names that of forwarded-tcpip (RFC 4254 section 7.2).
type directOpen struct {
	Host       string
	Port       uint32
	OriginHost string
	OriginPort uint32
}

// subsystemRequest is the payload of "subsystem" (RFC 4254 section 6.5).
type subsystemRequest struct {
	Name string
}

// exitStatus is the payload of "exit-status" (RFC 4254 section 6.10).
type exitStatus struct {
	Status uint32
}

func parseForward(payload []byte) (forwardRequest, error) {
	var r forwardRequest
	if err := ssh.Unmarshal(payload, &r); err != nil {
		return r, errors.New("malformed request")
	}
	if r.Port > 65535 {
		return r, fmt.Errorf("port %d is not a TCP port", r.Port)
	}
	return r, checkHost(r.Address)
}

func parseDirect(payload []byte) (directOpen, error) {
	var o directOpen
	if err := ssh.Unmarshal(payload, &o); err != nil {
		return o, errors.New("malformed request")
	}
	return o, checkDirect(o)
}

// checkDirect refuses what cannot be dialled.
func checkDirect(o directOpen) error {
	if o.Port == 0 || o.Port > 65535 {
		return fmt.Errorf("port %d is not a TCP port", o.Port)
	}
	if o.Host == "" {
		// Dialling "" would mean this host, which nobody asks for on purpose.
		return errors.New("no host to connect to")
	}
	return checkHost(o.Host)
}

// checkHost keeps names that could never resolve out of the resolver and out of
// the log.
func checkHost(host string) error {
	if len(host) > maxHost {
		return fmt.Errorf("host name of %d bytes is too long", len(host))
	}
	if i := strings.IndexFunc(host, func(r rune) bool { return r <= ' ' || r >= 0x7f }); i >= 0 {
		return fmt.Errorf("host name %q has a character that is not allowed", host)
	}
	return nil
}
