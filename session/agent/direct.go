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
	conn, err := l.dial(open.Host, strconv.Itoa(int(open.Port)))
	if err != nil {
		_ = nc.Reject(ssh.ConnectionFailed, err.Error())
		return
	}
	ch, requests, err := nc.Accept()
	if err != nil {
		reset(conn)
		return
	}
	relay(l.ctx, ch, requests, conn.(*net.TCPConn))
}

// dial connects from the pod, where names are resolved.
func (l *link) dial(host, port string) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(l.ctx, l.server.cfg.DialTimeout)
	defer cancel()
	return l.server.names.dial(ctx, host, port)
}
