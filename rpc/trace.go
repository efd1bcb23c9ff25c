package rpc

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"go.lsp.dev/jsonrpc2"

	"github.com/tandem-dev/tandem/internal/fault"
	"github.com/tandem-dev/tandem/rpc/protocol"
)

// maxTrace bounds the verbose part of one line of the trace.
const maxTrace = 16 << 10

// The trace tells the client what the server saw and said ($/setTrace,
// $/logTrace), worded as other language servers word theirs. Lines are offered:
// a client that is behind misses some. Log lines and the trace itself are not
// traced, which would never end.

func knownTrace(v protocol.TraceValue) bool {
	return slices.Contains([]protocol.TraceValue{protocol.TraceOff, protocol.TraceMessages, protocol.TraceVerbose}, v)
}

func (s *Server) setTrace(params json.RawMessage) error {
	var p protocol.SetTraceParams
	if err := decode(params, &p); err != nil {
		return err
	}
	if !knownTrace(p.Value) {
		return fault.New(fault.InvalidParams, "unknown trace %q", p.Value).Hint("off, messages or verbose")
	}
	s.trace.Store(p.Value)
	return nil
}

// traceReceived tells of a message from the client.
func (s *Server) traceReceived(kind, method string, id jsonrpc2.ID, params []byte) {
	if s.traceLevel() == protocol.TraceOff {
		return
	}
	name := method
	if id.IsValid() {
		name = fmt.Sprintf("%s - (%s)", method, idText(id))
	}
	s.writeTrace(fmt.Sprintf("Received %s '%s'.", kind, name), "Params: ", params, byMethod[protocol.FromClient][method].Params)
}

// traceAnswered tells of the answer that is about to be sent.
func (s *Server) traceAnswered(r *request, began time.Time, result []byte, failure *jsonrpc2.Error) {
	if s.traceLevel() == protocol.TraceOff {
		return
	}
	line := fmt.Sprintf("Sending response '%s - (%s)'. Processing request took %dms.",
		r.method, idText(r.id), time.Since(began).Milliseconds())
	if failure != nil {
		s.writeTrace(fmt.Sprintf("%s Request failed: %s (%d).", line, failure.Message, failure.Code), "Error data: ", failure.Data, protocol.ErrorData{})
		return
	}
	s.writeTrace(line, "Result: ", result, byMethod[protocol.FromClient][r.method].Result)
}

// traceSent tells of a notification that is about to be sent.
func (s *Server) traceSent(method string, params []byte) {
	if s.traceLevel() == protocol.TraceOff || method == protocol.MethodLogTrace || method == protocol.MethodLogMessage {
		return
	}
	s.writeTrace(fmt.Sprintf("Sending notification '%s'.", method), "Params: ", params, byMethod[protocol.FromServer][method].Params)
}

// writeTrace offers one line; like is a zero value of the detail's type, of which
// only what may be kept is told.
func (s *Server) writeTrace(line, label string, detail []byte, like any) {
	p := protocol.LogTraceParams{Message: line}
	if s.traceLevel() == protocol.TraceVerbose {
		raw := keptForm(detail, like)
		if raw == nil {
			raw = []byte("null")
		}
		if len(raw) > maxTrace {
			raw = append(slices.Clone(raw[:maxTrace]), "…"...)
		}
		p.Verbose = label + strings.ToValidUTF8(string(raw), "")
	}
	s.offer(protocol.MethodLogTrace, p)
}

func (s *Server) traceLevel() protocol.TraceValue { return s.trace.Load().(protocol.TraceValue) }
