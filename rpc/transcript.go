package rpc

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"

	"github.com/tandem-dev/tandem/internal/fault"
	"github.com/tandem-dev/tandem/rpc/protocol"
)

// transcriptVersion is the version of a transcript's form.
const transcriptVersion = 1

// maxTranscript bounds a transcript; what comes after it is left out.
const maxTranscript = 64 << 20

// A transcript is a conversation as JSON lines: first a header, then one entry
// for each message in the order in which the server read or wrote it.
//
//	{"transcript":1,"protocolVersion":1,"server":"tandem 0.2.0"}
//	{"from":"client","message":{"jsonrpc":"2.0","id":1,"method":"initialize","params":{…}}}
//	{"from":"server","message":{"jsonrpc":"2.0","id":1,"result":{…}}}
//
// It has no value of a variable and no output of a command, and of what a client
// sends only what the server understands.

// Entry is one message of a transcript.
type Entry struct {
	From protocol.Sender `json:"from"`
	// Message is one JSON-RPC message; members of a batch are entries of their own.
	Message json.RawMessage `json:"message"`
}

type transcriptHeader struct {
	Transcript      int    `json:"transcript"`
	ProtocolVersion int    `json:"protocolVersion"`
	Server          string `json:"server,omitempty"`
}

// envelope is any message, with the members in the order in which they are written.
type envelope struct {
	JSONRPC string          `json:"jsonrpc"`
	ID      json.RawMessage `json:"id,omitempty"`
	Method  string          `json:"method,omitempty"`
	Params  json.RawMessage `json:"params,omitempty"`
	Result  json.RawMessage `json:"result,omitempty"`
	Error   json.RawMessage `json:"error,omitempty"`
}

// Transcript records a conversation. Its methods may be called from several
// goroutines.
type Transcript struct {
	mu    sync.Mutex
	w     io.WriteCloser
	left  int64
	err   error
	calls map[protocol.Sender]map[string]string // who asked → id → method, of requests without an answer yet
}

// CreateTranscript makes the file, for its owner alone.
func CreateTranscript(path, server string) (*Transcript, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err == nil {
		err = f.Chmod(0o600) // of a file that was there before
	}
	if err != nil {
		return nil, fault.Wrap(err, fault.InvalidParams, "making the transcript %s", path).
			Hint("name a file in a folder that you may write to")
	}
	return NewTranscript(f, server), nil
}

// NewTranscript records to w, which it closes.
func NewTranscript(w io.WriteCloser, server string) *Transcript {
	t := &Transcript{w: w, left: maxTranscript, calls: map[protocol.Sender]map[string]string{protocol.FromClient: {}, protocol.FromServer: {}}}
	t.line(transcriptHeader{Transcript: transcriptVersion, ProtocolVersion: protocol.Version, Server: server})
	return t
}

// Close ends the transcript; the error is the first of all writes.
func (t *Transcript) Close() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	return errors.Join(t.err, t.w.Close())
}

// add records a frame's body. A transcript that cannot be written is over, and
// no reason to end the conversation.
func (t *Transcript) add(from protocol.Sender, body []byte) {
	if t == nil {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	members := []json.RawMessage{body}
	if first := bytes.TrimLeft(body, " \t\r\n"); len(first) > 0 && first[0] == '[' {
		if err := json.Unmarshal(body, &members); err != nil {
			return
		}
	}
	for _, m := range members {
		var e envelope
		if err := json.Unmarshal(m, &e); err != nil || e.JSONRPC == "" {
			continue // was refused
		}
		raw, err := encode(t.kept(from, e))
		if err != nil {
			continue
		}
		t.line(Entry{From: from, Message: raw})
	}
}

// kept is a message as it may be kept. The lock is held.
func (t *Transcript) kept(from protocol.Sender, e envelope) envelope {
	to := protocol.FromServer
	if from == protocol.FromServer {
		to = protocol.FromClient
	}
	if e.Method != "" {
		if len(e.ID) > 0 {
			t.calls[from][string(e.ID)] = e.Method
		}
		e.Params = keptForm(e.Params, byMethod[from][e.Method].Params)
		return e
	}
	method := t.calls[to][string(e.ID)]
	delete(t.calls[to], string(e.ID))
	if len(e.Result) > 0 {
		if e.Result = keptForm(e.Result, byMethod[to][method].Result); e.Result == nil {
			e.Result = json.RawMessage("null")
		}
	}
	return e
}

func (t *Transcript) line(v any) {
	if t.err != nil || t.left <= 0 {
		return
	}
	raw, err := encode(v)
	if err != nil {
		return
	}
	if t.left -= int64(len(raw)) + 1; t.left <= 0 {
		return
	}
	_, t.err = t.w.Write(append(raw, '\n'))
}

// ReadTranscript reads what a [Transcript] wrote.
func ReadTranscript(path string) ([]Entry, error) {
	invalid := func(line int, err error) error {
		return fault.Wrap(err, fault.InvalidParams, "reading the transcript %s, line %d", path, line).
			Hint("`tandem serve --record FILE` makes one")
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, fault.Wrap(err, fault.InvalidParams, "reading the transcript %s", path)
	}
	defer f.Close()
	scan := bufio.NewScanner(f)
	scan.Buffer(nil, maxFrame)
	var entries []Entry
	line := 0
	for scan.Scan() {
		line++
		if line == 1 {
			var h transcriptHeader
			if err := json.Unmarshal(scan.Bytes(), &h); err != nil {
				return nil, invalid(line, err)
			}
			if h.Transcript != transcriptVersion || h.ProtocolVersion != protocol.Version {
				return nil, invalid(line, fmt.Errorf("version %d of protocol %d, want %d of %d",
					h.Transcript, h.ProtocolVersion, transcriptVersion, protocol.Version))
			}
			continue
		}
		var e Entry
		if err := json.Unmarshal(scan.Bytes(), &e); err != nil {
			return nil, invalid(line, err)
		}
		if e.From != protocol.FromClient && e.From != protocol.FromServer {
			return nil, invalid(line, fmt.Errorf("%q is neither end", e.From))
		}
		if refused := checkMessage(e.Message, accept); refused != nil {
			return nil, invalid(line, refused)
		}
		entries = append(entries, e)
	}
	if err := scan.Err(); err != nil {
		return nil, invalid(line+1, err)
	}
	if line == 0 {
		return nil, invalid(1, io.ErrUnexpectedEOF)
	}
	return entries, nil
}
