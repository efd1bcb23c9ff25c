package rpc

import (
	"context"
	"errors"
	"strings"

	"go.lsp.dev/jsonrpc2"

	"github.com/tandem-dev/tandem/internal/fault"
	"github.com/tandem-dev/tandem/rpc/protocol"
)

// wireError is the answer of a call that failed. The code tells LSP clients
// how to treat it, the data tells Tandem's what happened:
//
//	the client cancelled the call      -32800 RequestCancelled
//	the server is ending               -32802 ServerCancelled
//	fault.InvalidParams                -32602 InvalidParams
//	fault.Internal, any other error    -32603 InternalError
//	every other kind                   -32803 RequestFailed
//
// A cancelled call that failed in its own way, for example in giving the
// cluster back, still says so in its message and data.
func wireError(ctx context.Context, err error) *jsonrpc2.Error {
	var e *jsonrpc2.Error
	if errors.As(err, &e) {
		return withData(e)
	}
	kind := fault.KindOf(err)
	message := err.Error()
	code := protocol.CodeRequestFailed
	cause := context.Cause(ctx)
	if cause == nil && errors.Is(err, errServerEnding) {
		cause = errServerEnding // the end was noticed before the context
	}
	switch {
	case errors.Is(cause, errClientCancelled), errors.Is(cause, errServerEnding):
		code = protocol.CodeRequestCancelled
		if errors.Is(cause, errServerEnding) {
			code = protocol.CodeServerCancelled
		}
		if errors.Is(err, cause) || kind == fault.Cancelled {
			kind, message = fault.Cancelled, cause.Error()
		}
	case kind == fault.InvalidParams:
		code = protocol.CodeInvalidParams
	case kind == fault.Internal:
		code = protocol.CodeInternalError
	}
	data := protocol.ErrorData{
		Kind:      string(kind),
		Hint:      fault.HintOf(err),
		Retryable: fault.Retryable(err),
	}
	var f *fault.Error
	if errors.As(err, &f) {
		data.Detail = f.Detail
	}
	raw, encodeErr := encode(data)
	if encodeErr != nil {
		data.Detail = nil // the part that can fail
		raw, _ = encode(data)
	}
	return &jsonrpc2.Error{
		Code:    jsonrpc2.Code(code),
		Message: strings.ToValidUTF8(message, "\uFFFD"),
		Data:    jsonrpc2.RawMessage(raw),
	}
}

// withData gives an error of the base protocol the data that every error has
// which answers a request. The message says it all.
func withData(e *jsonrpc2.Error) *jsonrpc2.Error {
	if len(e.Data) > 0 {
		return e
	}
	raw, err := encode(protocol.ErrorData{Kind: string(fault.InvalidParams)})
	if err != nil {
		return e // texts always encode
	}
	return &jsonrpc2.Error{Code: e.Code, Message: e.Message, Data: jsonrpc2.RawMessage(raw)}
}
