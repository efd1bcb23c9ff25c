package rpc

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/tandem-dev/tandem/rpc/protocol"
	"github.com/tandem-dev/tandem/session"
)

// TestPartialWrites: a client whose writes end anywhere, in the middle of a
// header or of a character, is understood.
func TestPartialWrites(t *testing.T) {
	p := serve(t, &fake{}).initialize(`{}`)
	body := `{"jsonrpc":"2.0","id":"für","method":"session/list","params":{}}`
	wire := string(appendFrame(nil, []byte(body))) + string(appendFrame(nil, []byte(`{"jsonrpc":"2.0","id":2,"method":"session/list"}`)))
	for i := range len(wire) {
		p.raw(wire[i : i+1])
	}
	answered := map[string]bool{}
	for range 2 { // requests are answered as they are done, not in their order
		m := p.next()
		answered[string(m.ID)] = m.Error == nil
	}
	if !answered[`"für"`] || !answered["2"] || len(answered) != 2 {
		t.Errorf("answered without an error: %v", answered)
	}
}

// ordinaryRequests lists the requests of a client, but those of the life cycle.
func ordinaryRequests() []string {
	var all []string
	for _, m := range protocol.Messages() {
		if m.From == protocol.FromClient && m.Call && m.Method != protocol.MethodInitialize && m.Method != protocol.MethodShutdown {
			all = append(all, m.Method)
		}
	}
	return all
}

// TestCancelEveryRequest cancels a request of every method before it begins,
// beside it and after its answer: it is answered once, and the server lives.
func TestCancelEveryRequest(t *testing.T) {
	for _, method := range ordinaryRequests() {
		t.Run(strings.ReplaceAll(method, "/", "."), func(t *testing.T) {
			p := serve(t, &fake{}).initialize(`{}`)
			cancel := `{"jsonrpc":"2.0","method":"$/cancelRequest","params":{"id":"c"}}`
			call := fmt.Sprintf(`{"jsonrpc":"2.0","id":"c","method":%q,"params":{}}`, method)

			p.frame("[" + cancel + "," + call + "]") // before
			if got := p.skipLog(); !strings.HasPrefix(got, `[{"jsonrpc":"2.0","id":"c","error":{"code":-32800`) {
				t.Errorf("cancelled before it began: %s", got)
			}
			p.frame(call) // beside
			p.frame(cancel)
			if a := p.next(); string(a.ID) != `"c"` {
				t.Errorf("cancelled beside it: %+v", a)
			}
			p.frame(cancel) // after
			p.call(1, "session/list", "{}")
			if a := p.next(); string(a.ID) != "1" {
				t.Errorf("after it was answered: %+v", a)
			}
		})
	}
}

// TestCancelLifeCycle: the two requests that are the life cycle itself are
// answered as well, and leave the server in a state that has a way on.
func TestCancelLifeCycle(t *testing.T) {
	p := serve(t, &fake{})
	p.frame(`[{"jsonrpc":"2.0","method":"$/cancelRequest","params":{"id":1}},{"jsonrpc":"2.0","id":1,"method":"initialize","params":{}}]`)
	if got := p.skipLog(); !strings.HasPrefix(got, `[{"jsonrpc":"2.0","id":1,"error":{"code":-32800`) {
		t.Errorf("initialize: %s", got)
	}
	p.initialize(`{}`)
	p.frame(`[{"jsonrpc":"2.0","method":"$/cancelRequest","params":{"id":2}},{"jsonrpc":"2.0","id":2,"method":"shutdown"}]`)
	if got := p.skipLog(); !strings.HasPrefix(got, `[{"jsonrpc":"2.0","id":2,`) {
		t.Errorf("shutdown: %s", got)
	}
	p.notify("exit", "null")
	if e := p.end(); e.code != 0 || e.err != nil {
		t.Errorf("ended with %d, %v", e.code, e.err)
	}
}

// TestPanicInEveryHandler: one -32603 each, without what the panic held, and the
// connection lives.
func TestPanicInEveryHandler(t *testing.T) {
	p := serve(t, &fake{}, func(s *Server) {
		for _, method := range ordinaryRequests() {
			if method != protocol.MethodSessionList {
				s.methods[method] = func(context.Context, *request) (any, error) { panic("hunter2") }
			}
		}
	}).initialize(`{}`)
	for id, method := range ordinaryRequests() {
		p.call(id+1, method, "{}")
		a := p.answer(id + 1)
		if method == protocol.MethodSessionList {
			if a.Error != nil {
				t.Errorf("beside the others: %+v", a.Error)
			}
			continue
		}
		if code(a) != -32603 || kind(t, a) != "internal" || strings.Contains(a.Error.Message+string(a.Error.Data), "hunter2") {
			t.Errorf("%s: %+v", method, a.Error)
		}
	}
}

// TestEveryErrorHasData: an answer that names a request says its kind.
func TestEveryErrorHasData(t *testing.T) {
	p := serve(t, &fake{})
	for i, call := range []string{"session/list", "nope", "initialize", "nope", "session/get", "initialize", "shutdown", "session/list"} {
		p.call(i+1, call, "{}")
		if a := p.answer(i + 1); a.Error != nil && kind(t, a) == "" {
			t.Errorf("%s: %+v", call, a.Error)
		}
	}
}

// TestClientThatLeavesWithCallsInFlight: it closes both its ends.
func TestClientThatLeavesWithCallsInFlight(t *testing.T) {
	for calls := range 4 {
		inR, inW := io.Pipe()
		outR, outW := io.Pipe()
		f := &fake{start: func(ctx context.Context, _ session.StartRequest) (session.Snapshot, error) {
			<-ctx.Done()
			return session.Snapshot{}, ctx.Err()
		}}
		p := connect(t, f, inR, outW, inW)
		go p.read(outR)
		p.initialize(`{}`)
		for i := range calls {
			p.call(i+1, "session/start", startParams("api"))
		}
		outR.Close()
		inW.Close()
		p.end()
		if f.closes() != 1 {
			t.Errorf("with %d calls in flight the sessions were closed %d times", calls, f.closes())
		}
	}
}

// FuzzConversation sends three messages of a client's to a whole server: what
// comes back is framed JSON, one frame in each write, and the end of input ends
// the server without an error.
func FuzzConversation(f *testing.F) {
	f.Add([]byte(`{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"processId":null}}`), []byte(`{"jsonrpc":"2.0","id":2,"method":"session/start","params":{"manifest":"/w/okteto.yml"}}`), []byte(`{"jsonrpc":"2.0","method":"$/cancelRequest","params":{"id":2}}`))
	f.Add([]byte(`[{"jsonrpc":"2.0","id":1,"method":"initialize"},{"jsonrpc":"2.0","id":1,"method":"shutdown"}]`), []byte(`{"jsonrpc":"2.0","method":"initialized"}`), []byte(`{`))
	f.Add([]byte(`{"jsonrpc":"2.0","id":"a","method":"initialize","params":{"trace":"verbose","workspaceFolders":null}}`), []byte(`{"jsonrpc":"2.0","id":"b","method":"env/resolve","params":{"id":"x"}}`), []byte(`{"jsonrpc":"2.0","method":"workspace/didChangeConfiguration","params":{"settings":{"tandem":{"logLevel":"trace"}}}}`))
	f.Fuzz(func(t *testing.T, first, second, third []byte) {
		all := strings.ToLower(string(first) + string(second) + string(third))
		if strings.Contains(all, "processid") && !strings.Contains(all, `"processid":null`) || strings.Contains(all, `exit`) || strings.Contains(all, `\u`) {
			t.Skip() // would watch a process of this machine, or end with 1
		}
		var wire []byte
		for _, b := range [][]byte{first, second, third} {
			wire = appendFrame(wire, b)
		}
		out := &countingWriter{}
		code, err := NewServer(Config{Sessions: (&fake{}).open}).Serve(t.Context(), strings.NewReader(string(wire)), out)
		if code != 0 || err != nil {
			t.Fatalf("ended with %d, %v", code, err)
		}
		for _, frame := range out.writes {
			header, body, ok := strings.Cut(string(frame), "\r\n\r\n")
			if !ok || header != fmt.Sprintf("Content-Length: %d", len(body)) || !json.Valid([]byte(body)) {
				t.Fatalf("wrote %q", frame)
			}
		}
	})
}
