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

// pass changes one message where it is the one. It is read as the adapter will
// read it, to whom the case of a member's name does not count, and written anew, so
// that no other spelling gets a request past us.
func (r *Requests) pass(content []byte) ([]byte, error) {
	var message struct {
		Seq       int             `json:"seq"`
		Type      string          `json:"type"`
		Command   string          `json:"command"`
		Arguments json.RawMessage `json:"arguments"`
	}
	err := json.Unmarshal(content, &message)
	if message.Command != "launch" && message.Command != "attach" {
		return content, nil // also what is no message: the adapter complains better
	}
	if err != nil {
		return nil, err
	}
	request := ClientRequest{Command: message.Command, Seq: message.Seq}
	if json.Unmarshal(message.Arguments, &request.Arguments) != nil || request.Arguments == nil {
		request.Arguments = map[string]json.RawMessage{}
	}
	if err := r.change(&request); err != nil {
		return nil, err
	}
	r.through = true
	if message.Arguments, err = json.Marshal(request.Arguments); err != nil {
		return nil, err
	}
	message.Command = request.Command
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
