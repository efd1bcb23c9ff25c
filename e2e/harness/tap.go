package harness

import (
	"context"
	"encoding/json"
	"sync"

	"go.lsp.dev/jsonrpc2"
)

// tap is the connection's stream with a look at what passes: the id of each
// call, which the library tells only with the answer, and how many answers each
// id gets, of which it hands on the first. It keeps what the server sent.
type tap struct {
	jsonrpc2.Stream
	sent chan jsonrpc2.ID // one for each call, in order
	gate sync.Mutex       // held while nothing is to be read

	mu       sync.Mutex
	answered map[jsonrpc2.ID]int
	received []byte
}

func newTap() *tap { return &tap{sent: make(chan jsonrpc2.ID, 1), answered: map[jsonrpc2.ID]int{}} }

// Write notes calls.
func (t *tap) Write(ctx context.Context, m jsonrpc2.Message) (int64, error) {
	n, err := t.Stream.Write(ctx, m)
	if err != nil {
		return n, err
	}
	frame, err := jsonrpc2.EncodeMessage(m)
	if err != nil {
		return n, err
	}
	var call struct {
		ID     *int64 `json:"id"`
		Method string `json:"method"`
	}
	if err := json.Unmarshal(frame, &call); err == nil && call.ID != nil && call.Method != "" {
		t.sent <- jsonrpc2.NewNumberID(*call.ID)
	}
	return n, nil
}

// Read notes answers and keeps everything.
func (t *tap) Read(ctx context.Context) (jsonrpc2.Message, int64, error) {
	func() { // waits for who holds the gate
		t.gate.Lock()
		defer t.gate.Unlock()
	}()
	m, n, err := t.Stream.Read(ctx)
	if err != nil {
		return m, n, err
	}
	frame, encodeErr := jsonrpc2.EncodeMessage(m)
	t.mu.Lock()
	defer t.mu.Unlock()
	if r, ok := m.(*jsonrpc2.Response); ok {
		t.answered[r.ID()]++
	}
	t.received = append(append(t.received, frame...), '\n')
	return m, n, encodeErr
}

func (t *tap) answers(id jsonrpc2.ID) int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.answered[id]
}

// Received is every message that the server has sent so far, answers included,
// one a line.
func (c *Client) Received() string {
	c.tap.mu.Lock()
	defer c.tap.mu.Unlock()
	return string(c.tap.received)
}
