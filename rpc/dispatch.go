package rpc

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"runtime"
	"runtime/debug"
	"time"

	"github.com/rs/zerolog"
	"go.lsp.dev/jsonrpc2"

	"github.com/tandem-dev/tandem/internal/fault"
	"github.com/tandem-dev/tandem/rpc/protocol"
)

// request is one call of the client's.
type request struct {
	id     jsonrpc2.ID
	method string
	params json.RawMessage // nil where there are none
	// document is the version of the manifest that the call is about: the one at
	// its place on the wire. It is nil for calls about none.
	document *reading
}

// handler answers one method. Its error becomes the call's; see [wireError].
type handler func(ctx context.Context, r *request) (any, error)

// method makes a handler of a function with typed parameters. Parameters that
// are absent are the zero P.
func method[P, R any](f func(ctx context.Context, r *request, p P) (R, error)) handler {
	return func(ctx context.Context, r *request) (any, error) {
		var p P
		if err := decode(r.params, &p); err != nil {
			return nil, err
		}
		return f(ctx, r, p)
	}
}

// decode reads parameters, which must be an object.
func decode(params json.RawMessage, into any) error {
	if len(params) == 0 {
		return nil
	}
	if params[0] != '{' {
		return fault.New(fault.InvalidParams, "params must be an object")
	}
	if err := json.Unmarshal(params, into); err != nil {
		return fault.Wrap(err, fault.InvalidParams, "params do not fit the method")
	}
	return nil
}

// encode writes a result or parameters. Bytes that are not UTF-8 become
// U+FFFD, because a frame with them could not be read at all.
func encode(v any) (json.RawMessage, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, err
	}
	raw := bytes.TrimSuffix(b.Bytes(), []byte("\n"))
	if len(raw) > maxFrame-maxHeaderLine { // room for the envelope
		return nil, fmt.Errorf("message of %d bytes exceeds the limit of a frame", len(raw))
	}
	return raw, nil
}

// handle takes a message from the connection, on its reading goroutine: what
// happens before Async happens in the order of the wire. An error returned for
// a notification would close the connection, so there is none.
func (s *Server) handle(ctx context.Context, req *jsonrpc2.Request) (any, error) {
	if !req.IsCall() {
		s.notification(req.Method(), json.RawMessage(req.Params()))
		return nil, nil
	}

	// In wire order: the life cycle moves on and the call can be cancelled.
	id := req.ID()
	s.traceReceived("request", req.Method(), id, req.Params())
	refused := s.admit(req.Method())
	document := s.pinned(req.Method(), json.RawMessage(req.Params()))
	callCtx, cancel := context.WithCancelCause(s.base)
	defer cancel(nil)
	s.calls.start(id, cancel)

	// From here on beside later messages. Async makes the borrowed method and
	// parameters our own.
	jsonrpc2.Async(ctx)
	r := &request{id: id, method: req.Method(), params: json.RawMessage(req.Params()), document: document}
	began := time.Now()

	var result json.RawMessage
	var answer any
	err := error(nil)
	if refused != nil {
		err = refused
	} else {
		if answer, err = s.invoke(callCtx, r); err != nil && r.method == protocol.MethodInitialize {
			s.reopen()
		}
	}
	if err == nil {
		if result, err = encode(answer); err != nil {
			err = fault.Wrap(err, fault.Internal, "encoding the result of %s", r.method)
		}
	}
	if err != nil {
		e := wireError(callCtx, err)
		s.traceAnswered(r, began, nil, e)
		if e.Code == jsonrpc2.Code(protocol.CodeInternalError) {
			s.log().Error().Str("method", r.method).Err(err).Msg("request failed unexpectedly")
		} else {
			s.log().Debug().Str("method", r.method).Int32("code", int32(e.Code)).Err(err).Msg("request failed")
		}
		return nil, e
	}
	s.traceAnswered(r, began, result, nil)
	return jsonrpc2.RawMessage(result), nil
}

// invoke runs the method's handler unless the call is cancelled already.
func (s *Server) invoke(ctx context.Context, r *request) (answer any, err error) {
	h, ok := s.methods[r.method]
	if !ok {
		return nil, jsonrpc2.Errorf(jsonrpc2.Code(protocol.CodeMethodNotFound), "no method %q", r.method)
	}
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	err = protect(s.log(), r.method, func() error {
		answer, err = h(ctx, r)
		return err
	})
	return answer, err
}

// notification handles what expects no answer, on the reading goroutine; none
// of it waits.
func (s *Server) notification(method string, params json.RawMessage) {
	s.traceReceived("notification", method, jsonrpc2.ID{}, params)
	err := protect(s.log(), method, func() error {
		switch method {
		case protocol.MethodExit:
			return s.exit()
		case protocol.MethodCancel:
			return s.cancelRequest(params)
		case protocol.MethodSetTrace:
			return s.setTrace(params)
		case protocol.MethodProgressCancel:
			return s.cancelProgress(params)
		case protocol.MethodDidChangeConfiguration:
			return s.changeConfiguration(params)
		}
		if method == protocol.MethodInitialized {
			s.greet()
			return nil
		}
		// What is not about documents is not for us, which LSP wants ignored.
		_, err := s.documentNotification(method, params)
		return err
	})
	if err != nil {
		s.log().Warn().Str("method", method).Err(err).Msg("notification ignored")
	}
}

// protect runs f and turns a panic into an error, so that a bug in one method
// costs one request and not the sessions. The panic's value is not logged, as
// it may hold anything, unless the runtime made it.
func protect(log *zerolog.Logger, what string, f func() error) (err error) {
	defer func() {
		r := recover()
		if r == nil {
			return
		}
		cause := fmt.Sprintf("%T", r)
		var re runtime.Error
		if e, ok := r.(error); ok && errors.As(e, &re) {
			cause = re.Error()
		}
		log.Error().Str("in", what).Str("panic", cause).Bytes("stack", debug.Stack()).Msg("panic")
		err = fault.New(fault.Internal, "internal error in %s", what).Hint("this is a bug in tandem; its log has the details")
	}()
	return f()
}
