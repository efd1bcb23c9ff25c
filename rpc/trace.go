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
	s.writeTrace(fmt.Sprintf("Received %s '%s'.", kind, name), "Params: ", json.RawMessage(params))
}

// traceAnswered tells of the answer that is about to be sent.
func (s *Server) traceAnswered(r *request, began time.Time, result any, failure *jsonrpc2.Error) {
	if s.traceLevel() == protocol.TraceOff {
		return
	}
	line := fmt.Sprintf("Sending response '%s - (%s)'. Processing request took %dms.",
		r.method, idText(r.id), time.Since(began).Milliseconds())
	if failure != nil {
		s.writeTrace(fmt.Sprintf("%s Request failed: %s (%d).", line, failure.Message, failure.Code), "Error data: ", json.RawMessage(failure.Data))
		return
	}
	s.writeTrace(line, "Result: ", traceable(result))
}

// traceSent tells of a notification that is about to be sent.
func (s *Server) traceSent(method string, params any) {
	if s.traceLevel() == protocol.TraceOff || method == protocol.MethodLogTrace || method == protocol.MethodLogMessage {
		return
	}
	s.writeTrace(fmt.Sprintf("Sending notification '%s'.", method), "Params: ", traceable(params))
}

func (s *Server) writeTrace(line, label string, detail any) {
	p := protocol.LogTraceParams{Message: line}
	if s.traceLevel() == protocol.TraceVerbose {
		raw, err := encode(detail)
		if err != nil {
			raw = []byte("(cannot be shown)")
		}
		if len(raw) > maxTrace {
			raw = append(slices.Clone(raw[:maxTrace]), "…"...)
		}
		p.Verbose = label + strings.ToValidUTF8(string(raw), "")
	}
	s.offer(protocol.MethodLogTrace, p)
}

func (s *Server) traceLevel() protocol.TraceValue { return s.trace.Load().(protocol.TraceValue) }

// traceable is what may be shown of a message: a trace is pasted into bug
// reports, so it has no value of a variable and nothing that a command wrote.
func traceable(v any) any {
	switch v := v.(type) {
	case *protocol.EnvResolveResult:
		shown := *v
		shown.Variables = slices.Clone(v.Variables)
		for i := range shown.Variables {
			shown.Variables[i].Value = nil
		}
		return shown
	case *protocol.Explanation:
		return withoutValues(*v)
	case protocol.SessionOutputParams:
		v.Text = fmt.Sprintf("(%d bytes)", len(v.Text))
		return v
	}
	return v
}
