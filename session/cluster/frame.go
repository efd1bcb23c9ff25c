package cluster

import (
	"encoding/binary"
	"io"
	"net"
	"time"
)

// frameWriter joins the pieces in which a SPDY frame is written into one write
// to the connection. The SPDY library writes a data frame in three, each of
// which would be a TLS record, a system call and, over WebSocket, a message.
//
// A frame is eight bytes of header, whose last three hold the length of what
// follows (SPDY/3, section 2.2), so the end of a frame is known from its start
// and nothing is ever held back. Writes come from one goroutine at a time: the
// library has a lock around each frame.
type frameWriter struct {
	net.Conn
	frame []byte
}

const (
	frameHeader = 8
	lengthMask  = 1<<24 - 1
	// A frame buffer larger than this is not kept for the next frame.
	keepFrame = 128 << 10
)

func (w *frameWriter) Write(p []byte) (int, error) {
	w.frame = append(w.frame, p...)
	if len(w.frame) < frameHeader {
		return len(p), nil
	}
	whole := frameHeader + int(binary.BigEndian.Uint32(w.frame[4:])&lengthMask)
	if len(w.frame) < whole {
		return len(p), nil
	}
	_, err := w.Conn.Write(w.frame)
	if w.frame = w.frame[:0]; cap(w.frame) > keepFrame {
		w.frame = nil
	}
	if err != nil {
		return 0, err
	}
	return len(p), nil
}

// upgraded is the body of a "101 Switching Protocols" answer: the connection
// itself, of which net/http shows only this much.
type upgraded struct{ io.ReadWriteCloser }

func (upgraded) LocalAddr() net.Addr                { return streamAddr("local") }
func (upgraded) RemoteAddr() net.Addr               { return streamAddr("api-server") }
func (upgraded) SetDeadline(time.Time) error        { return nil }
func (upgraded) SetReadDeadline(time.Time) error    { return nil }
func (upgraded) SetWriteDeadline(t time.Time) error { return nil }
