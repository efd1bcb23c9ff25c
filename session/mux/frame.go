package mux

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// kind is the first byte of a frame.
type kind byte

const (
	kindOpen kind = iota + 1
	kindAnswer
	kindData
	kindFin
	kindReset
	kindCredit
	kindPing
	kindPong
)

const (
	headerSize = 8
	// maxPayload is the longest payload of a data frame, and the most that one
	// read from a socket takes.
	maxPayload = 64 << 10
	// maxTarget is more than the longest name and a port (RFC 1035 section 2.3.4).
	maxTarget = 512
	// maxReason bounds the text of a refusal.
	maxReason = 512
)

// The status of an answer.
const (
	statusConnected = 0
	statusRefused   = 1
)

// header is what every frame begins with.
type header struct {
	kind   kind
	length int
	stream uint32
}

func (h header) append(b []byte) []byte {
	b = binary.BigEndian.AppendUint32(b, uint32(h.kind)<<24|uint32(h.length))
	return binary.BigEndian.AppendUint32(b, h.stream)
}

// parseHeader reads eight bytes and refuses what no well-behaved peer sends.
func parseHeader(b []byte) (header, error) {
	first := binary.BigEndian.Uint32(b)
	h := header{kind: kind(first >> 24), length: int(first & (1<<24 - 1)), stream: binary.BigEndian.Uint32(b[4:])}
	least, most := 0, 0
	switch h.kind {
	case kindOpen:
		least, most = 1, maxTarget
	case kindAnswer:
		least, most = 1, 1+maxReason
	case kindData:
		least, most = 1, maxPayload
	case kindFin, kindReset:
	case kindCredit:
		least, most = 4, 4
	case kindPing, kindPong:
		least, most = 8, 8
	default:
		return h, fmt.Errorf("a frame of the unknown kind %d", h.kind)
	}
	if h.length < least || h.length > most {
		return h, fmt.Errorf("a frame of kind %d with %d bytes", h.kind, h.length)
	}
	return h, nil
}

// TokenSize is the length of the token that admits a connection.
const TokenSize = 32

// magic tells a mistaken client at once, and one of another version.
const magic = "tandem1\n"

// WriteHello asks to be admitted. There is no answer: a peer that refuses closes
// the connection.
func WriteHello(w io.Writer, token [TokenSize]byte) error {
	_, err := w.Write(append([]byte(magic), token[:]...))
	return err
}

// ReadHello reads the token of a peer that asks to be admitted. Compare it in
// constant time.
func ReadHello(r io.Reader) (token [TokenSize]byte, err error) {
	var hello [len(magic) + TokenSize]byte
	if _, err := io.ReadFull(r, hello[:]); err != nil {
		return token, err
	}
	if string(hello[:len(magic)]) != magic {
		return token, errors.New("not a data connection of this version")
	}
	copy(token[:], hello[len(magic):])
	return token, nil
}
