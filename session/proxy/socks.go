package proxy

import (
	"context"
	"fmt"
	"io"
	"net"
	"strings"

	"tailscale.com/net/socks5"
)

// socksVersion is the first byte of a SOCKS5 greeting (RFC 1928, section 3).
const socksVersion = 5

// serveSOCKS serves one client until its connection ends. The library has no
// notion of one connection's target, so each gets a server of its own, which
// costs a few words.
func (p *Proxy) serveSOCKS(client *tracked) {
	near := newHalf(client)
	client.read = &streamsOnly{Reader: client.read}
	server := socks5.Server{
		Logf: func(format string, args ...any) {
			p.config.Logger.Debug().Msg("proxy: " + strings.TrimSpace(fmt.Sprintf(format, args...)))
		},
		Dialer: func(_ context.Context, network, address string) (net.Conn, error) {
			if network != "tcp" {
				return nil, fmt.Errorf("the proxy carries no %s", network)
			}
			// The library's own limit of 5 s is shorter than a link may be away.
			conn, err := p.dial(p.ctx, address)
			if err != nil {
				return nil, err
			}
			far := newHalf(conn)
			couple(near, far)
			return target{far}, nil
		},
	}
	_ = server.Serve(&single{conn: near}) // ends with the connection
}

// streamsOnly has the library refuse the one command of SOCKS5 that asks for
// datagrams, which a link does not carry: it would agree and then drop every one.
// In its place the library sees one that it does not know. The command stands at a
// fixed place: the greeting is two bytes, of which the second counts those that
// follow, then come the version and the command (RFC 1928, sections 3 and 4).
type streamsOnly struct {
	io.Reader
	seen    int // bytes
	methods int
	passed  bool
}

const (
	bind         = 2
	udpAssociate = 3
)

func (s *streamsOnly) Read(b []byte) (int, error) {
	n, err := s.Reader.Read(b)
	for i := 0; i < n && !s.passed; i++ {
		switch s.seen {
		case 1:
			s.methods = int(b[i])
		case 2 + s.methods + 1:
			s.passed = true
			if b[i] == udpAssociate {
				b[i] = bind
			}
		}
		s.seen++
	}
	return n, err
}

// target is a connection into the cluster. Its own address means nothing here,
// and the reply to the client needs one.
type target struct{ *half }

func (target) LocalAddr() net.Addr { return &net.TCPAddr{IP: net.IPv4zero} }

// single is a listener of one connection, and ends with it.
type single struct {
	conn  *half
	given bool
}

func (s *single) Accept() (net.Conn, error) {
	if !s.given {
		s.given = true
		return s.conn, nil
	}
	<-s.conn.ended
	return nil, net.ErrClosed
}

func (s *single) Close() error   { return nil }
func (s *single) Addr() net.Addr { return s.conn.LocalAddr() }
