package rpc

import (
	"bytes"
	"context"
	"errors"
	"io"
	"sync"

	"go.lsp.dev/jsonrpc2"

	"github.com/tandem-dev/tandem/rpc/protocol"
)

// stream is the [jsonrpc2.Stream] of a server. It stands between the bytes
// and the connection because the connection trusts its input: it allocates
// what a header announces, gives up on malformed JSON without an answer, and
// lets two calls share an id. What arrives here is bounded, valid, and answered
// where it is not.
//
// ReadFrame and WriteFrame are found by the connection through an interface of
// its own; with them it reads batches and writes their answers as one array.
type stream struct {
	in    *frameReader
	out   *outbox
	calls *calls
	// record, where not nil, gets what is let through.
	record *Transcript
	// ended hears once why the input is over. The connection hears io.EOF only
	// after Close, so that calls in flight can still be answered.
	ended func(error)

	mu     sync.Mutex
	opener jsonrpc2.ID // the call whose answer opens the outbox for notifications

	closeOnce sync.Once
	closed    chan struct{}
}

func newStream(in io.Reader, out *outbox, calls *calls, ended func(error)) *stream {
	return &stream{in: newFrameReader(in), out: out, calls: calls, ended: ended, closed: make(chan struct{})}
}

// ReadFrame returns the next frame that the connection can take. It runs on
// the connection's reading goroutine; the bytes are valid until the next call.
func (s *stream) ReadFrame(context.Context) ([]byte, int64, error) {
	for {
		select {
		case <-s.closed:
			return nil, 0, io.EOF
		default:
		}
		body, err := s.in.next()
		var oversize *oversizeError
		switch {
		case errors.As(err, &oversize):
			s.refuse(refusal(protocol.CodeInvalidRequest, "%s", oversize))
			continue
		case err != nil:
			if errors.Is(err, errFraming) {
				s.refuse(refusal(protocol.CodeInvalidRequest, "%s", err))
			}
			s.ended(err)
			<-s.closed
			return nil, 0, io.EOF
		}
		frame, refused := checkFrame(body, s.calls.reserve)
		if refused != nil {
			s.refuse(refused)
			continue
		}
		s.record.add(protocol.FromClient, frame)
		return frame, int64(len(frame)), nil
	}
}

// refuse answers a frame that nobody else will answer, with id null.
func (s *stream) refuse(e *jsonrpc2.Error) {
	// A broken outbox has told the server already.
	_ = s.out.push(appendFrame(nil, jsonrpc2.AppendResponse(nil, jsonrpc2.ID{}, nil, e)))
}

// WriteFrame queues an encoded message or batch. It does not wait, and a
// cancelled context does not stop it: a cancelled call is answered too.
func (s *stream) WriteFrame(_ context.Context, body []byte) (int64, error) {
	ids := responseIDs(body)
	frame := appendFrame(make([]byte, 0, len(body)+32), body)

	s.calls.release(ids)
	defer s.calls.written()
	if s.opens(ids) {
		return int64(len(frame)), s.out.open(frame)
	}
	return int64(len(frame)), s.out.push(frame)
}

// Write queues a message.
func (s *stream) Write(ctx context.Context, msg jsonrpc2.Message) (int64, error) {
	return s.WriteFrame(ctx, jsonrpc2.AppendMessage(nil, msg))
}

// Read is the reading of a connection that knows no batches; this one does,
// and calls ReadFrame.
func (s *stream) Read(ctx context.Context) (jsonrpc2.Message, int64, error) {
	frame, n, err := s.ReadFrame(ctx)
	if err != nil {
		return nil, 0, err
	}
	msg, err := jsonrpc2.DecodeMessage(bytes.Clone(frame))
	return msg, n, err
}

// Close ends ReadFrame once the reader below it is interrupted.
func (s *stream) Close() error {
	s.closeOnce.Do(func() { close(s.closed) })
	return nil
}

// openWith makes the answer to id the one that lets notifications out.
func (s *stream) openWith(id jsonrpc2.ID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.opener = id
}

func (s *stream) opens(ids []jsonrpc2.ID) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, id := range ids {
		if s.opener.IsValid() && id == s.opener {
			s.opener = jsonrpc2.ID{}
			return true
		}
	}
	return false
}
