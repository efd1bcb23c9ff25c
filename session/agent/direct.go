package agent

import (
	"context"
	"net"
	"strconv"

	"golang.org/x/crypto/ssh"
)

// serveDirect is one stream of a forward: it dials from the pod and relays.
func (l *link) serveDirect(nc ssh.NewChannel) {
	open, err := parseDirect(nc.ExtraData())
	if err != nil {
		_ = nc.Reject(ssh.ConnectionFailed, err.Error())
		return
	}
	address := net.JoinHostPort(open.Host, strconv.Itoa(int(open.Port)))

	ctx, cancel := context.WithTimeout(l.ctx, l.server.cfg.DialTimeout)
	var d net.Dialer
	conn, err := d.DialContext(ctx, "tcp", address)
	cancel()
	if err != nil {
		_ = nc.Reject(ssh.ConnectionFailed, err.Error())
		return
	}
	ch, requests, err := nc.Accept()
	if err != nil {
		reset(conn)
		return
	}
	relay(l.ctx, ch, requests, conn)
}
