package rpc

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"

	"github.com/tandem-dev/tandem/rpc/protocol"
)

// progress shows the user what a request waits for. It sends exactly one
// begin, then reports, then exactly one end, on the token that the client gave
// with the request. Where there was none and the client can make room for one,
// the server asks for it (window/workDoneProgress/create) beside the request,
// which does not wait; what is reported meanwhile is folded into the begin.
//
//	p := s.startProgress(ctx, r, params.WorkDoneToken, "Starting api")
//	defer p.end("ready")
//	p.report("waiting for the pod")
//
// A progress is never cancelled, only ended: its last words must go out also
// when the request was cancelled.
type progress struct {
	s     *Server
	token protocol.Token
	title string

	mu      sync.Mutex
	begun   bool
	ended   bool
	message string // the latest

	stop    context.CancelFunc // gives up on creating
	created chan struct{}      // closed when creating is over
}

// startProgress begins a progress for a request. Without a token and without
// the capability it returns nil, which does nothing.
func (s *Server) startProgress(ctx context.Context, r *request, token *protocol.Token, title string) *progress {
	p := &progress{s: s, title: title, stop: func() {}, created: make(chan struct{})}
	if token != nil {
		p.token = *token
		close(p.created)
		s.track(p.token, r)
		p.begin()
		return p
	}
	s.mu.Lock()
	able := s.client.Capabilities.Window.WorkDoneProgress
	s.tokens++
	p.token = protocol.TextToken(fmt.Sprintf("tandem/%d", s.tokens))
	s.mu.Unlock()
	if !able {
		return nil
	}
	s.track(p.token, r)
	ctx, p.stop = context.WithCancel(ctx)
	s.background.Go(func() {
		defer close(p.created)
		_, err := s.conn.Call(ctx, protocol.MethodProgressCreate, protocol.WorkDoneProgressCreateParams{Token: p.token}, nil)
		if err != nil {
			s.log().Debug().Err(err).Msg("the client made no room for progress")
			return
		}
		p.begin()
	})
	return p
}

func (p *progress) begin() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.ended {
		return
	}
	p.begun = true
	p.send(protocol.WorkDoneProgress{Kind: protocol.ProgressBegin, Title: p.title, Cancellable: true, Message: p.message})
}

// report says what is going on now. It may be called from several goroutines.
func (p *progress) report(message string) {
	if p == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.message = message
	if p.begun && !p.ended {
		p.send(protocol.WorkDoneProgress{Kind: protocol.ProgressReport, Cancellable: true, Message: message})
	}
}

// end says how it ended; later reports and ends are ignored.
func (p *progress) end(message string) {
	if p == nil {
		return
	}
	p.stop()
	<-p.created
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.begun && !p.ended {
		p.send(protocol.WorkDoneProgress{Kind: protocol.ProgressEnd, Message: message})
	}
	p.ended = true
	p.s.untrack(p.token)
}

// send queues one step; the lock is held, so that steps keep their order.
func (p *progress) send(step protocol.WorkDoneProgress) {
	value, err := encode(step)
	if err != nil {
		return // strings and booleans always encode
	}
	p.s.notify(protocol.MethodProgress, protocol.ProgressParams{Token: p.token, Value: value})
}

// track lets the token cancel its request.
func (s *Server) track(token protocol.Token, r *request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.progress[token] = r.id
}

func (s *Server) untrack(token protocol.Token) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.progress, token)
}

// cancelProgress is the user's cancel button (window/workDoneProgress/cancel).
func (s *Server) cancelProgress(params json.RawMessage) error {
	var p protocol.WorkDoneProgressCancelParams
	if err := decode(params, &p); err != nil {
		return err
	}
	s.mu.Lock()
	id, ok := s.progress[p.Token]
	s.mu.Unlock()
	if ok {
		s.calls.cancel(id, errClientCancelled)
	}
	return nil
}
