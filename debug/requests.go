package debug

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"

	"github.com/google/go-dap"
)

// SecretArgument is the argument of a DAP launch or attach request that carries
// the secret of its debug session. Debug adapters ignore arguments that they do not
// know, and clients pass them on.
const SecretArgument = "tandemSecret"

// ClientRequest is a launch or attach request of a DAP client.
type ClientRequest struct {
	// Command is "launch" or "attach".
	Command string
	// Seq is the request's number.
	Seq int
	// Arguments as they are on the wire; a change of the map is a change of the
	// request.
	Arguments map[string]json.RawMessage
}

// Requests is what a DAP client sends, with the first launch or attach request
// changed on its way. Everything else passes as it is.
type Requests struct {
	from    *bufio.Reader
	change  func(*ClientRequest) error
	pending bytes.Buffer
	through bool  // the request has passed
	err     error // of change
}

// NewRequests reads from a client. An error of change ends the reading with it;
// the request has not passed then.
func NewRequests(from io.Reader, change func(*ClientRequest) error) *Requests {
	return &Requests{from: bufio.NewReader(from), change: change}
}

// Read is an io.Reader's. What is no DAP ends the reading with an error.
func (r *Requests) Read(p []byte) (int, error) {
	for r.pending.Len() == 0 {
		if r.err != nil {
			return 0, r.err
		}
		if r.through {
			return r.from.Read(p)
		}
		content, err := dap.ReadBaseMessage(r.from)
		if err == nil {
			content, err = r.pass(content)
		}
		if err != nil {
			r.err = err
			continue
		}
		if err := dap.WriteBaseMessage(&r.pending, content); err != nil {
			return 0, err
		}
	}
	return r.pending.Read(p)
}

// pass changes one message where it is the one.
func (r *Requests) pass(content []byte) ([]byte, error) {
	var message map[string]json.RawMessage
	if json.Unmarshal(content, &message) != nil {
		return content, nil // the adapter complains better
	}
	var kind string
	request := ClientRequest{Arguments: map[string]json.RawMessage{}}
	if json.Unmarshal(message["type"], &kind) != nil || kind != "request" ||
		json.Unmarshal(message["command"], &request.Command) != nil ||
		request.Command != "launch" && request.Command != "attach" {
		return content, nil
	}
	_ = json.Unmarshal(message["seq"], &request.Seq) // 0 is what an answer to nothing would have
	if raw, has := message["arguments"]; has && json.Unmarshal(raw, &request.Arguments) != nil {
		return content, nil
	}
	if request.Arguments == nil { // null
		request.Arguments = map[string]json.RawMessage{}
	}
	if err := r.change(&request); err != nil {
		return nil, err
	}
	r.through = true
	arguments, err := json.Marshal(request.Arguments)
	if err != nil {
		return nil, err
	}
	command, err := json.Marshal(request.Command)
	if err != nil {
		return nil, err
	}
	message["arguments"], message["command"] = arguments, command
	return json.Marshal(message)
}

// Text is an argument that is text, "" where it is missing or is none.
func (r *ClientRequest) Text(name string) string {
	var s string
	_ = json.Unmarshal(r.Arguments[name], &s) // stays ""
	return s
}

// Set sets an argument.
func (r *ClientRequest) Set(name string, value any) error {
	b, err := json.Marshal(value)
	if err == nil {
		r.Arguments[name] = b
	}
	return err
}
