package cluster

import (
	"io"
	"net"
	"time"
)

// upgraded is the body of a "101 Switching Protocols" answer: the connection
// itself, of which net/http shows only this much.
type upgraded struct{ io.ReadWriteCloser }

func (upgraded) LocalAddr() net.Addr                { return streamAddr("local") }
func (upgraded) RemoteAddr() net.Addr               { return streamAddr("api-server") }
func (upgraded) SetDeadline(time.Time) error        { return nil }
func (upgraded) SetReadDeadline(time.Time) error    { return nil }
func (upgraded) SetWriteDeadline(t time.Time) error { return nil }
