package rpc

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"go.lsp.dev/jsonrpc2"

	"github.com/tandem-dev/tandem/internal/fault"
	"github.com/tandem-dev/tandem/rpc/protocol"
)

// Replay plays the server's side of a transcript to a client. It goes on with
// each request that the transcript has next, by method, and then says what the
// server said until the client's next word; ids and the workspace's folder are
// the client's own.
//
//   - Notifications are waited for where the transcript's go on only with them:
//     a cancellation, exit, and what happens to a document. Others come when they like.
//   - A request out of its turn gets the answer that the transcript has for its
//     method, the next one or else the last; without one it fails.
//   - shutdown and exit always work, with the exit codes of a server.
//
// Replay returns as [Server.Serve] does.
func Replay(ctx context.Context, entries []Entry, in io.Reader, out io.Writer) (code int, err error) {
	p := &player{ids: map[string]json.RawMessage{}}
	for _, e := range entries {
		var m envelope
		if err := json.Unmarshal(e.Message, &m); err != nil {
			return 1, fault.Wrap(err, fault.InvalidParams, "replaying a transcript")
		}
		p.steps = append(p.steps, step{from: e.From, envelope: m})
	}
	reader, feeder := io.Pipe()
	go func() { // ends with the input; a read that cannot be interrupted, with the process
		_, err := io.Copy(feeder, in)
		feeder.CloseWithError(err)
	}()
	defer context.AfterFunc(ctx, func() { _ = reader.CloseWithError(io.EOF) })()
	defer reader.Close()
	p.out = out
	frames := newFrameReader(reader)
	for !p.over {
		body, err := frames.next()
		var oversize *oversizeError
		switch {
		case errors.As(err, &oversize):
			p.send(jsonrpc2.AppendResponse(nil, jsonrpc2.ID{}, nil, refusal(protocol.CodeInvalidRequest, "%s", oversize)))
			continue
		case errors.Is(err, io.EOF), errors.Is(err, io.ErrClosedPipe):
			return 0, nil
		case err != nil:
			return 1, fmt.Errorf("reading from the client: %w", err)
		}
		frame, refused := checkFrame(body, accept)
		if refused != nil {
			p.send(jsonrpc2.AppendResponse(nil, jsonrpc2.ID{}, nil, refused))
			continue
		}
		members := []json.RawMessage{frame}
		if bytes.TrimLeft(frame, " \t\r\n")[0] == '[' {
			if err := json.Unmarshal(frame, &members); err != nil {
				return 1, err
			}
		}
		for _, member := range members {
			var m envelope
			if err := json.Unmarshal(member, &m); err != nil {
				continue // a bad member of a batch
			}
			p.receive(m)
		}
		if p.err != nil {
			return 1, fmt.Errorf("writing to the client: %w", p.err)
		}
	}
	return p.code, nil
}

// accept takes every id; a replayed call is answered before the next is read.
func accept(jsonrpc2.ID) *jsonrpc2.Error { return nil }

// player is a transcript being played.
type player struct {
	steps []step
	at    int
	out   io.Writer
	err   error

	ids      map[string]json.RawMessage // recorded id of a client's request → the one it has now
	renames  *strings.Replacer          // recorded folder → the client's; nil for the same
	open     bool                       // initialize was answered
	shutDown bool
	over     bool
	code     int
}

type step struct {
	from protocol.Sender
	envelope
	played bool
}

// receive takes one message of the client.
func (p *player) receive(m envelope) {
	switch {
	case m.Method == protocol.MethodExit:
		p.over = true
		if !p.shutDown {
			p.code = 1
		}
	case m.Method == "": // an answer to a request of the transcript
		p.goOn(func(s *step) bool { return s.Method == "" })
	case len(m.ID) == 0:
		p.goOn(func(s *step) bool { return s.Method == m.Method && len(s.ID) == 0 })
	default:
		p.request(m)
	}
}

// request answers a request: as the transcript goes on, else as the life cycle
// wants it, else with what the transcript has elsewhere.
func (p *player) request(m envelope) {
	next := func(s *step) bool {
		if s.Method != m.Method || len(s.ID) == 0 {
			return false
		}
		p.ids[string(s.ID)] = m.ID
		return true
	}
	if m.Method == protocol.MethodInitialize && p.renames == nil {
		p.rename(m.Params)
	}
	switch {
	case p.goOn(next):
	case m.Method == protocol.MethodInitialize && p.open:
		p.fail(m, protocol.CodeInvalidRequest, "the server is initialized already")
	case m.Method != protocol.MethodInitialize && !p.open:
		p.fail(m, protocol.CodeServerNotInitialized, "the server is not initialized")
	case p.shutDown:
		p.fail(m, protocol.CodeInvalidRequest, "the server is shut down")
	case m.Method == protocol.MethodShutdown:
		p.shutDown = true
		p.write(envelope{ID: m.ID, Result: json.RawMessage("null")})
	case !p.outOfTurn(m):
		p.fail(m, protocol.CodeInvalidParams, fmt.Sprintf("the transcript has no %s here; it waits for %s", m.Method, p.next()))
	}
}

// goOn plays on where the message is what the transcript waits for.
func (p *player) goOn(fits func(*step) bool) bool {
	at := p.at
	for at < len(p.steps) && (p.steps[at].played || optional(p.steps[at])) {
		at++
	}
	if at == len(p.steps) || p.steps[at].from != protocol.FromClient || !fits(&p.steps[at]) {
		return false
	}
	switch p.steps[at].Method {
	case protocol.MethodInitialize:
		answer := p.answerTo(at)
		p.open = answer >= 0 && len(p.steps[answer].Error) == 0
	case protocol.MethodShutdown:
		p.shutDown = true
	}
	for p.at = at + 1; p.at < len(p.steps); p.at++ {
		s := p.steps[p.at]
		if s.from == protocol.FromClient && !s.played && !optional(s) {
			break
		}
		if s.from == protocol.FromServer && !s.played {
			p.say(s)
		}
	}
	return true
}

// optional says that a client may leave out what the transcript has.
func optional(s step) bool {
	if s.from != protocol.FromClient || s.Method == "" || len(s.ID) > 0 {
		return false
	}
	awaited := []string{protocol.MethodCancel, protocol.MethodProgressCancel, protocol.MethodExit}
	return !slices.Contains(awaited, s.Method) && !strings.HasPrefix(s.Method, "textDocument/")
}

// outOfTurn answers a request that comes earlier than in the transcript, or again.
func (p *player) outOfTurn(m envelope) bool {
	found := -1
	for i, s := range p.steps {
		if s.from == protocol.FromClient && s.Method == m.Method && len(s.ID) > 0 && p.answerTo(i) >= 0 {
			if i >= p.at && !s.played {
				found = i
				break
			}
			if i < p.at {
				found = i
			}
		}
	}
	if found < 0 {
		return false
	}
	answer := p.answerTo(found)
	if found >= p.at {
		p.steps[found].played, p.steps[answer].played = true, true
	}
	p.answer(m.ID, p.steps[answer])
	return true
}

// answerTo is the index of the answer to the request at an index, or -1.
func (p *player) answerTo(request int) int {
	for i, s := range p.steps[request:] {
		if s.from == protocol.FromServer && s.Method == "" && bytes.Equal(s.ID, p.steps[request].ID) {
			return request + i
		}
	}
	return -1
}

// next words what the transcript waits for.
func (p *player) next() string {
	for _, s := range p.steps[p.at:] {
		if s.from == protocol.FromClient && !s.played && !optional(s) {
			if s.Method == "" {
				return "an answer"
			}
			return s.Method
		}
	}
	return "nothing more"
}

// say sends one step of the server's.
func (p *player) say(s step) {
	if s.Method != "" {
		p.write(s.envelope)
		return
	}
	if id, ok := p.ids[string(s.ID)]; ok { // else the request was answered out of turn
		p.answer(id, s)
	}
}

func (p *player) answer(id json.RawMessage, s step) {
	p.write(envelope{ID: id, Result: s.Result, Error: s.Error})
}

func (p *player) fail(m envelope, code protocol.ErrorCode, text string) {
	data, err := encode(protocol.ErrorData{Kind: string(fault.InvalidParams), Hint: "this server replays a transcript"})
	if err != nil {
		return // strings always encode
	}
	raw, err := encode(map[string]any{"code": code, "message": text, "data": data})
	if err != nil {
		return
	}
	p.write(envelope{ID: m.ID, Error: raw})
}

func (p *player) write(e envelope) {
	e.JSONRPC = "2.0"
	raw, err := encode(e)
	if err != nil {
		return // parts of a transcript, which was JSON
	}
	if p.renames != nil {
		raw = json.RawMessage(p.renames.Replace(string(raw)))
	}
	p.send(raw)
}

func (p *player) send(body []byte) {
	if p.err == nil {
		_, p.err = p.out.Write(appendFrame(nil, body))
	}
}

// rename puts the client's workspace folder in the place of the transcript's,
// wherever a text begins with it.
func (p *player) rename(params json.RawMessage) {
	root := func(raw json.RawMessage) string {
		var i protocol.InitializeParams
		if err := json.Unmarshal(raw, &i); err != nil {
			return ""
		}
		roots, err := workspaceRoots(i)
		if err != nil || len(roots) == 0 {
			return ""
		}
		return roots[0]
	}
	first := slices.IndexFunc(p.steps, func(s step) bool { return s.Method == protocol.MethodInitialize })
	if first < 0 {
		return
	}
	from, to := root(p.steps[first].Params), root(params)
	if from == "" || to == "" || from == to {
		return
	}
	var pairs []string
	for _, end := range []string{`/`, `"`} {
		pairs = append(pairs, quotedStart(uriOf(from))+end, quotedStart(uriOf(to))+end, quotedStart(from)+end, quotedStart(to)+end)
	}
	p.renames = strings.NewReplacer(pairs...)
}

// quotedStart is the beginning of a JSON text.
func quotedStart(s string) string {
	raw, err := encode(s)
	if err != nil {
		return `"` + s
	}
	return strings.TrimSuffix(string(raw), `"`)
}
