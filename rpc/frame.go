package rpc

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
)

// The limits of one frame.
const (
	// maxFrame bounds a frame's body, in and out. A didOpen of a large file is
	// some hundred kilobytes, so this is far away from honest use.
	maxFrame = 16 << 20
	// maxHeaderLine bounds one line of a header, its line end included.
	maxHeaderLine = 8 << 10
	// maxHeaderLines bounds a header; LSP knows two fields.
	maxHeaderLines = 64
	// keepBuffer is the largest read buffer that is kept for the next frame.
	keepBuffer = 1 << 20
)

// errFraming says that the input is not framed as the LSP base protocol wants.
// There is no way to find the next frame after it.
var errFraming = errors.New("broken framing")

// oversizeError says that a frame announced more than maxFrame bytes. The
// next call of next skips its body without storing it.
type oversizeError struct{ length int64 }

func (e *oversizeError) Error() string {
	return fmt.Sprintf("frame of %d bytes exceeds the limit of %d", e.length, maxFrame)
}

// frameReader cuts the input into frames:
//
//	Content-Length: <n>\r\n
//	[other fields, ignored]\r\n
//	\r\n
//	<n bytes>
//
// Names of fields are case-insensitive and a bare line feed ends a line too.
// No memory is taken for a body before its bytes arrive.
type frameReader struct {
	r    *bufio.Reader
	buf  []byte
	skip int64 // what is left of a refused body
}

func newFrameReader(r io.Reader) *frameReader {
	// ReadSlice fails once the buffer is full, so its size is the line limit.
	return &frameReader{r: bufio.NewReaderSize(r, maxHeaderLine)}
}

// next returns the body of the next frame, valid until the following call. It
// fails with io.EOF at the end of the input between two frames, with
// io.ErrUnexpectedEOF inside one, with an oversizeError, after which the
// following call goes on, or with errFraming.
func (f *frameReader) next() ([]byte, error) {
	if f.skip > 0 {
		n, err := io.CopyN(io.Discard, f.r, f.skip)
		f.skip -= n
		if err != nil {
			return nil, truncated(err)
		}
	}
	length, err := f.header()
	if err != nil {
		return nil, err
	}
	if length > maxFrame {
		f.skip = length
		return nil, &oversizeError{length: length}
	}
	return f.body(int(length))
}

// header reads a header and returns its Content-Length.
func (f *frameReader) header() (int64, error) {
	length := int64(-1)
	for n := range maxHeaderLines {
		line, err := f.r.ReadSlice('\n')
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
			return 0, fmt.Errorf("%w: header line longer than %d bytes", errFraming, maxHeaderLine)
		case errors.Is(err, io.EOF) && n == 0 && len(line) == 0:
			return 0, io.EOF
		case err != nil:
			return 0, truncated(err)
		}
		line = bytes.TrimSuffix(bytes.TrimSuffix(line, []byte("\n")), []byte("\r"))
		if len(line) == 0 {
			if length < 0 {
				return 0, fmt.Errorf("%w: header without Content-Length", errFraming)
			}
			return length, nil
		}
		name, value, ok := bytes.Cut(line, []byte(":"))
		if !ok {
			return 0, fmt.Errorf("%w: header line without a colon", errFraming)
		}
		if !bytes.EqualFold(bytes.TrimSpace(name), []byte("Content-Length")) {
			continue
		}
		got, err := parseLength(bytes.TrimSpace(value))
		if err != nil {
			return 0, err
		}
		if length >= 0 && got != length {
			return 0, fmt.Errorf("%w: two different Content-Lengths", errFraming)
		}
		length = got
	}
	return 0, fmt.Errorf("%w: header of more than %d lines", errFraming, maxHeaderLines)
}

// parseLength reads decimal digits and nothing else: no sign, no fraction.
func parseLength(value []byte) (int64, error) {
	for _, c := range value {
		if c < '0' || c > '9' {
			return 0, fmt.Errorf("%w: Content-Length is not a number", errFraming)
		}
	}
	n, err := strconv.ParseInt(string(value), 10, 64)
	if err != nil {
		return 0, fmt.Errorf("%w: Content-Length is not a number", errFraming)
	}
	return n, nil
}

// body reads length bytes. The buffer grows as they arrive, so that a header
// alone costs nothing.
func (f *frameReader) body(length int) ([]byte, error) {
	buf := f.buf[:0]
	for len(buf) < length {
		if len(buf) == cap(buf) {
			buf = slices.Grow(buf, min(length-len(buf), max(64<<10, cap(buf))))
		}
		n, err := f.r.Read(buf[len(buf):min(cap(buf), length)])
		buf = buf[:len(buf)+n]
		if err != nil && len(buf) < length {
			return nil, truncated(err)
		}
	}
	f.buf = buf
	if cap(buf) > keepBuffer {
		f.buf = nil
	}
	return buf, nil
}

// truncated turns an end of input into one that came too early.
func truncated(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// appendFrame frames a body, so that header and body go out in one write.
func appendFrame(dst, body []byte) []byte {
	dst = append(dst, "Content-Length: "...)
	dst = strconv.AppendInt(dst, int64(len(body)), 10)
	dst = append(dst, "\r\n\r\n"...)
	return append(dst, body...)
}
