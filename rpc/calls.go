package rpc

import (
	"context"
	"errors"
	"sync"

	"go.lsp.dev/jsonrpc2"

	"github.com/tandem-dev/tandem/rpc/protocol"
)

// maxCalls bounds the client's calls in flight; each is a goroutine.
const maxCalls = 1 << 15

// Why a call's context is cancelled. They are causes, see [context.Cause].
var (
	errClientCancelled = errors.New("cancelled by the client")
	errServerEnding    = errors.New("the server is ending")
)

// calls are the client's calls in flight, from the frame that brought them
// until the frame with their answer is queued.
type calls struct {
	mu      sync.Mutex
	byID    map[jsonrpc2.ID]*call
	closed  error         // set by cancelAll: the cause for calls that start later
	writing int           // answers between release and written
	empty   chan struct{} // closed when nothing is in flight, where somebody waits
}

// call is one of them. Before start it has no cancel yet, only a cause.
type call struct {
	cancel context.CancelCauseFunc
	cause  error
}

func newCalls() *calls { return &calls{byID: map[jsonrpc2.ID]*call{}} }

// reserve takes an id for the call that a frame brings. It refuses an id that
// is in use: with two calls of one id neither answer could be told apart.
func (c *calls) reserve(id jsonrpc2.ID) *jsonrpc2.Error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, taken := c.byID[id]; taken {
		return refusal(protocol.CodeInvalidRequest, "id %s is in use by a request that was not answered yet", idText(id))
	}
	if len(c.byID) >= maxCalls {
		return refusal(protocol.CodeInvalidRequest, "more than %d requests are waiting for their answers", maxCalls)
	}
	c.byID[id] = &call{}
	return nil
}

// start gives the call its cancel function. Where the call was cancelled
// before it started, cancel is called at once.
func (c *calls) start(id jsonrpc2.ID, cancel context.CancelCauseFunc) {
	c.mu.Lock()
	cause := c.closed
	if r := c.byID[id]; r != nil {
		r.cancel = cancel
		if r.cause != nil {
			cause = r.cause
		}
	}
	c.mu.Unlock()
	if cause != nil {
		cancel(cause)
	}
}

// cancel cancels a call in flight; an unknown id is ignored, its call was
// answered already.
func (c *calls) cancel(id jsonrpc2.ID, cause error) {
	c.mu.Lock()
	r := c.byID[id]
	var cancel context.CancelCauseFunc
	if r != nil {
		if r.cause == nil {
			r.cause = cause
		}
		cancel = r.cancel
	}
	c.mu.Unlock()
	if cancel != nil {
		cancel(cause)
	}
}

// cancelAll cancels the calls in flight and those that are still to start,
// but not the one with the id except.
func (c *calls) cancelAll(cause error, except jsonrpc2.ID) {
	c.mu.Lock()
	c.closed = cause
	var cancels []context.CancelCauseFunc
	for id, r := range c.byID {
		if id != except && r.cancel != nil {
			cancels = append(cancels, r.cancel)
		}
	}
	c.mu.Unlock()
	for _, cancel := range cancels {
		cancel(cause)
	}
}

// release frees ids whose answers are about to be queued: the client may use
// an id again as soon as it sees the answer. written follows.
func (c *calls) release(ids []jsonrpc2.ID) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.writing++
	for _, id := range ids {
		delete(c.byID, id)
	}
}

// written says that what was released is queued now.
func (c *calls) written() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.writing--
	if c.empty != nil && c.writing == 0 && len(c.byID) == 0 {
		close(c.empty)
		c.empty = nil
	}
}

// wait returns when every call is answered, or with the context.
func (c *calls) wait(ctx context.Context) {
	c.mu.Lock()
	if c.writing == 0 && len(c.byID) == 0 {
		c.mu.Unlock()
		return
	}
	if c.empty == nil {
		c.empty = make(chan struct{})
	}
	empty := c.empty
	c.mu.Unlock()
	select {
	case <-empty:
	case <-ctx.Done():
	}
}
