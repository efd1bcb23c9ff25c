package rpc

import (
	"bytes"
	"encoding/json"
	"fmt"
	"unicode/utf8"

	"go.lsp.dev/jsonrpc2"

	"github.com/tandem-dev/tandem/rpc/protocol"
)

// maxBatch bounds the members of one batch: each member may cost an answer.
const maxBatch = 1024

// refusal is an answer with id null: the request that it is for could not be
// understood well enough to name it.
func refusal(code protocol.ErrorCode, format string, args ...any) *jsonrpc2.Error {
	return jsonrpc2.Errorf(jsonrpc2.Code(code), format, args...)
}

// checkFrame decides whether a frame's body may reach the connection. The
// connection gives up on input that JSON-RPC 2.0 wants answered, so what it
// would not survive is answered here: a *jsonrpc2.Error is the refusal of the
// whole frame. In a batch the bad members are replaced by an object that the
// connection refuses member by member, as the specification wants.
//
// reserve is asked for the id of each call and refuses one that is in use.
func checkFrame(body []byte, reserve func(jsonrpc2.ID) *jsonrpc2.Error) ([]byte, *jsonrpc2.Error) {
	// JSON is UTF-8 (RFC 8259 section 8.1); what is not must not be echoed in an answer.
	if !utf8.Valid(body) || !json.Valid(body) {
		return nil, refusal(protocol.CodeParseError, "the frame is not JSON")
	}
	if bytes.TrimLeft(body, " \t\r\n")[0] != '[' {
		return body, checkMessage(body, reserve)
	}
	var members []json.RawMessage
	if err := json.Unmarshal(body, &members); err != nil {
		return nil, refusal(protocol.CodeParseError, "the frame is not JSON")
	}
	if len(members) > maxBatch {
		return nil, refusal(protocol.CodeInvalidRequest, "batch of %d members exceeds the limit of %d", len(members), maxBatch)
	}
	bad := false
	for i, member := range members {
		if checkRequest(member, reserve) != nil {
			members[i], bad = json.RawMessage("{}"), true
		}
	}
	if !bad {
		return body, nil
	}
	clean, err := json.Marshal(members)
	if err != nil {
		return nil, refusal(protocol.CodeParseError, "the frame is not JSON")
	}
	return clean, nil
}

// checkMessage accepts one request or one response.
func checkMessage(body []byte, reserve func(jsonrpc2.ID) *jsonrpc2.Error) *jsonrpc2.Error {
	view, err := jsonrpc2.ScanMessageView(body)
	if err != nil {
		return refusal(protocol.CodeInvalidRequest, "not a JSON-RPC 2.0 message")
	}
	switch view.Kind {
	case jsonrpc2.MessageViewResponseResult, jsonrpc2.MessageViewResponseError:
		return nil
	}
	return checkView(view, reserve)
}

// checkRequest accepts one request. A response has no place in a batch here:
// the server never sends one that could be answered so.
func checkRequest(body []byte, reserve func(jsonrpc2.ID) *jsonrpc2.Error) *jsonrpc2.Error {
	view, err := jsonrpc2.ScanMessageView(body)
	if err != nil {
		return refusal(protocol.CodeInvalidRequest, "not a JSON-RPC 2.0 request")
	}
	return checkView(view, reserve)
}

func checkView(view jsonrpc2.MessageView, reserve func(jsonrpc2.ID) *jsonrpc2.Error) *jsonrpc2.Error {
	if len(view.Params) > 0 && view.Params[0] != '{' && view.Params[0] != '[' {
		return refusal(protocol.CodeInvalidRequest, "params is neither an object nor an array")
	}
	switch view.Kind {
	case jsonrpc2.MessageViewNotification:
		// An id of null would be taken for no id, and its sender would wait for ever.
		if len(view.IDRaw) > 0 {
			return refusal(protocol.CodeInvalidRequest, "id is null")
		}
		return nil
	case jsonrpc2.MessageViewCall:
		id, ok := view.ID.ID()
		if !ok {
			return refusal(protocol.CodeInvalidRequest, "id is neither an integer nor a string")
		}
		return reserve(id)
	}
	return refusal(protocol.CodeInvalidRequest, "not a JSON-RPC 2.0 request")
}

// responseIDs lists the ids that a frame on its way out answers; null is left out.
func responseIDs(body []byte) []jsonrpc2.ID {
	var members []json.RawMessage // decoding copies, and leaves body alone
	if len(body) == 0 || body[0] != '[' {
		members = append(members, body)
	} else if err := json.Unmarshal(body, &members); err != nil {
		return nil
	}
	var ids []jsonrpc2.ID
	for _, member := range members {
		view, err := jsonrpc2.ScanMessageView(member)
		if err != nil || (view.Kind != jsonrpc2.MessageViewResponseResult && view.Kind != jsonrpc2.MessageViewResponseError) {
			continue
		}
		if id, ok := view.ID.ID(); ok {
			ids = append(ids, id)
		}
	}
	return ids
}

// idText is an id for a reader.
func idText(id jsonrpc2.ID) string { return fmt.Sprintf("%v", id) }
