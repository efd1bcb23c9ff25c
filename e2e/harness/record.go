package harness

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/tandem-dev/tandem/rpc/protocol"
)

// Notification is one message that the server sent on its own.
type Notification struct {
	Method string
	Params json.RawMessage
	// At is when it arrived.
	At time.Time
}

// record is every notification in the order of the wire.
type record struct {
	mu   sync.Mutex
	all  []Notification
	more chan struct{} // closed and replaced with each one
}

func (r *record) init() { r.more = make(chan struct{}) }

func (r *record) add(n Notification) {
	n.At = time.Now()
	r.mu.Lock()
	defer r.mu.Unlock()
	r.all = append(r.all, n)
	close(r.more)
	r.more = make(chan struct{})
}

// from is what came at and after a position, and a signal for more.
func (r *record) from(at int) ([]Notification, <-chan struct{}) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.all[at:len(r.all):len(r.all)], r.more
}

// sequenceErrors says where seq did not grow by one. It starts again at 1 with
// each session of one id.
func (r *record) sequenceErrors() []string {
	all, _ := r.from(0)
	last := map[string]protocol.Snapshot{}
	var wrong []string
	for _, n := range all {
		if n.Method != protocol.MethodSessionDidChange {
			continue
		}
		var s protocol.Snapshot
		if err := json.Unmarshal(n.Params, &s); err != nil {
			wrong = append(wrong, fmt.Sprintf("session/didChange cannot be read: %v", err))
			continue
		}
		before, known := last[s.ID]
		want := before.Seq + 1
		if !known || (s.Seq == 1 && Ended(before.State)) {
			want = 1
		}
		if s.Seq != want {
			wrong = append(wrong, fmt.Sprintf("session %s: seq %d follows %d", s.ID, s.Seq, before.Seq))
		}
		last[s.ID] = s
	}
	return wrong
}

// Ended reports whether a state is final.
func Ended(s protocol.State) bool {
	return s == protocol.StateStopped || s == protocol.StateFailed
}

// Notifications is what the server sent so far, in order.
func (c *Client) Notifications() []Notification {
	all, _ := c.record.from(0)
	return all
}

// Await returns the first notification, from the beginning of the conversation,
// that match accepts.
func (c *Client) Await(what string, match func(Notification) bool) Notification {
	c.T.Helper()
	ctx, cancel := context.WithTimeout(c.T.Context(), Patience)
	defer cancel()
	n, err := c.AwaitContext(ctx, match)
	if err != nil {
		var seen []string
		for _, s := range c.allChanges() {
			seen = append(seen, fmt.Sprintf("%s %d %s", s.ID, s.Seq, s.State))
		}
		c.T.Fatalf("waiting for %s: %v; the sessions' changes so far: %s", what, err, strings.Join(seen, ", "))
	}
	return n
}

// AwaitContext is Await for a caller who handles the error.
func (c *Client) AwaitContext(ctx context.Context, match func(Notification) bool) (Notification, error) {
	at := 0
	for {
		fresh, more := c.record.from(at)
		for _, n := range fresh {
			if match(n) {
				return n, nil
			}
		}
		at += len(fresh)
		select {
		case <-more:
		case <-c.conn.Done():
			// What arrived last may not have been looked at.
			if fresh, _ := c.record.from(at); len(fresh) == 0 {
				return Notification{}, fmt.Errorf("the server has ended")
			}
		case <-ctx.Done():
			return Notification{}, context.Cause(ctx)
		}
	}
}

// AwaitChange waits for a session/didChange that match accepts.
func (c *Client) AwaitChange(what string, match func(protocol.Snapshot) bool) protocol.Snapshot {
	c.T.Helper()
	var found protocol.Snapshot
	c.Await(what, func(n Notification) bool {
		s, ok := change(n)
		if ok && match(s) {
			found = s
			return true
		}
		return false
	})
	return found
}

// AwaitState waits until the session was in a state.
func (c *Client) AwaitState(id string, state protocol.State) protocol.Snapshot {
	c.T.Helper()
	return c.AwaitChange(fmt.Sprintf("%s %s", id, state), func(s protocol.Snapshot) bool {
		return s.ID == id && s.State == state
	})
}

// AwaitOutput waits until the local command of the session has written text.
func (c *Client) AwaitOutput(id, text string) {
	c.T.Helper()
	c.Await(fmt.Sprintf("output %q", text), func(Notification) bool { return strings.Contains(c.Output(id), text) })
}

func change(n Notification) (protocol.Snapshot, bool) {
	var s protocol.Snapshot
	if n.Method != protocol.MethodSessionDidChange || json.Unmarshal(n.Params, &s) != nil {
		return s, false
	}
	return s, true
}

func (c *Client) allChanges() []protocol.Snapshot {
	var all []protocol.Snapshot
	for _, n := range c.Notifications() {
		if s, ok := change(n); ok {
			all = append(all, s)
		}
	}
	return all
}

// Changes are the snapshots of a session, in order.
func (c *Client) Changes(id string) []protocol.Snapshot {
	var own []protocol.Snapshot
	for _, s := range c.allChanges() {
		if s.ID == id {
			own = append(own, s)
		}
	}
	return own
}

// States are the states that a session entered, in order.
func (c *Client) States(id string) []protocol.State {
	var states []protocol.State
	for _, s := range c.Changes(id) {
		if len(states) == 0 || states[len(states)-1] != s.State {
			states = append(states, s.State)
		}
	}
	return states
}

// Output is what the local command of the session has written, both streams as
// they came.
func (c *Client) Output(id string) string {
	var b strings.Builder
	for _, n := range c.Notifications() {
		var o protocol.SessionOutputParams
		if n.Method == protocol.MethodSessionOutput && json.Unmarshal(n.Params, &o) == nil && o.ID == id {
			b.WriteString(o.Text)
		}
	}
	return b.String()
}

// Progress are the steps of one token, in order.
func (c *Client) Progress(token protocol.Token) []protocol.WorkDoneProgress {
	var steps []protocol.WorkDoneProgress
	for _, n := range c.Notifications() {
		var p protocol.ProgressParams
		var step protocol.WorkDoneProgress
		if n.Method == protocol.MethodProgress && json.Unmarshal(n.Params, &p) == nil && p.Token == token &&
			json.Unmarshal(p.Value, &step) == nil {
			steps = append(steps, step)
		}
	}
	return steps
}

// Logs are the lines of window/logMessage, in order.
func (c *Client) Logs() []protocol.LogMessageParams {
	var lines []protocol.LogMessageParams
	for _, n := range c.Notifications() {
		var l protocol.LogMessageParams
		if n.Method == protocol.MethodLogMessage && json.Unmarshal(n.Params, &l) == nil {
			lines = append(lines, l)
		}
	}
	return lines
}
