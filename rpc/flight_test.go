package rpc

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tandem-dev/tandem/internal/fault"
	"github.com/tandem-dev/tandem/session"
)

// startParams are parameters of a session/start that the fake understands.
func startParams(dev string) string {
	return fmt.Sprintf(`{"manifest":%q,"dev":%q}`, absolute("okteto.yml"), dev)
}

func TestCancelRequest(t *testing.T) {
	started := make(chan struct{})
	f := &fake{start: func(ctx context.Context, _ session.StartRequest) (session.Snapshot, error) {
		close(started)
		<-ctx.Done()
		return session.Snapshot{}, fault.Wrap(context.Cause(ctx), fault.Cancelled, "starting session shop/api")
	}}
	p := serve(t, f).initialize(`{}`)
	p.frame(`{"jsonrpc":"2.0","id":"start","method":"session/start","params":` + startParams("api") + `}`)
	<-started
	p.notify("$/cancelRequest", `{"id":"start"}`)
	if m := p.next(); string(m.ID) != `"start"` || code(m) != -32800 || kind(t, m) != "cancelled" {
		t.Errorf("got %+v", m)
	}
}

// TestCancelledCallTellsItsOwnFailure: that the cluster could not be given
// back is more than that the user has cancelled.
func TestCancelledCallTellsItsOwnFailure(t *testing.T) {
	started := make(chan struct{})
	f := &fake{start: func(ctx context.Context, _ session.StartRequest) (session.Snapshot, error) {
		close(started)
		<-ctx.Done()
		return session.Snapshot{}, fault.New(fault.ClusterUnreachable, "restoring Deployment \"api\"").Hint("tandem down")
	}}
	p := serve(t, f).initialize(`{}`)
	p.call(1, "session/start", startParams("api"))
	<-started
	p.notify("$/cancelRequest", `{"id":1}`)
	if m := p.answer(1); code(m) != -32800 || kind(t, m) != "cluster-unreachable" || !strings.Contains(m.Error.Message, "restoring") {
		t.Errorf("got %+v", m)
	}
}

// TestCancelInTheSameBatch: a call can be cancelled before it has begun.
func TestCancelInTheSameBatch(t *testing.T) {
	ran := false
	f := &fake{stop: func(context.Context, string) (session.Snapshot, error) { ran = true; return session.Snapshot{}, nil }}
	p := serve(t, f).initialize(`{}`)
	p.frame(`[{"jsonrpc":"2.0","method":"$/cancelRequest","params":{"id":1}},` +
		`{"jsonrpc":"2.0","id":1,"method":"session/stop","params":{"id":"shop/api"}}]`)
	if got := p.skipLog(); !strings.HasPrefix(got, `[{"jsonrpc":"2.0","id":1,"error":{"code":-32800`) {
		t.Errorf("got %s", got)
	}
	if ran {
		t.Error("the handler ran")
	}
}

// TestCancelAtEveryMoment races the cancellation against the call: whatever
// happens first, there is one answer, a result or -32800.
func TestCancelAtEveryMoment(t *testing.T) {
	f := &fake{start: func(ctx context.Context, r session.StartRequest) (session.Snapshot, error) {
		n, _ := strconv.Atoi(r.Dev)
		select {
		case <-time.After(time.Duration(n%7) * 50 * time.Microsecond):
			return session.Snapshot{ID: r.Dev}, nil
		case <-ctx.Done():
			return session.Snapshot{}, ctx.Err()
		}
	}}
	p := serve(t, f).initialize(`{}`)
	const n = 500
	go func() {
		for i := 1; i <= n; i++ {
			p.call(i, "session/start", startParams(strconv.Itoa(i)))
			if d := rand.N(4); d > 0 {
				time.Sleep(time.Duration(d) * 40 * time.Microsecond) // the moment is what varies
			}
			p.notify("$/cancelRequest", fmt.Sprintf(`{"id":%d}`, i))
		}
	}()
	answers := map[string]int{}
	codes := map[int]int{}
	for range n {
		m := p.next()
		answers[string(m.ID)]++
		codes[code(m)]++
	}
	p.call(n+1, "session/list", "{}")
	if m := p.next(); string(m.ID) != strconv.Itoa(n+1) {
		t.Errorf("a second answer: %+v", m)
	}
	if len(answers) != n || codes[0]+codes[-32800] != n {
		t.Errorf("%d ids answered with codes %v", len(answers), codes)
	}
}

func TestDuplicateIDInFlight(t *testing.T) {
	release := make(chan struct{})
	f := &fake{start: func(context.Context, session.StartRequest) (session.Snapshot, error) {
		<-release
		return session.Snapshot{ID: "first"}, nil
	}}
	p := serve(t, f).initialize(`{}`)
	p.call(1, "session/start", startParams("api"))
	p.call(1, "session/list", "{}")
	if m := p.next(); code(m) != -32600 || string(m.ID) != "null" {
		t.Errorf("the second call: %+v", m)
	}
	close(release)
	if m := p.next(); string(m.ID) != "1" || !strings.Contains(string(m.Result), "first") {
		t.Errorf("the first call: %+v", m)
	}
}

// TestTenThousandCallsInFlight: all of them are running at once before the
// first is let go, and each gets its own answer.
func TestTenThousandCallsInFlight(t *testing.T) {
	const n = 10_000
	var arrived sync.WaitGroup
	arrived.Add(n)
	release := make(chan struct{})
	f := &fake{start: func(_ context.Context, r session.StartRequest) (session.Snapshot, error) {
		arrived.Done()
		<-release
		return session.Snapshot{ID: r.Dev}, nil
	}}
	p := serve(t, f).initialize(`{}`)
	for i := 1; i <= n; i++ {
		p.call(i, "session/start", startParams(strconv.Itoa(i)))
	}
	arrived.Wait()
	close(release)
	for range n {
		m := p.next()
		var snap struct{ ID string }
		if err := json.Unmarshal(m.Result, &snap); err != nil || snap.ID != string(m.ID) {
			t.Fatalf("call %s got %s", m.ID, m.Result)
		}
	}
}

// TestEndWithManyCallsInFlight: every one of them is answered.
func TestEndWithManyCallsInFlight(t *testing.T) {
	const n = 200
	var arrived sync.WaitGroup
	arrived.Add(n)
	f := &fake{start: func(ctx context.Context, _ session.StartRequest) (session.Snapshot, error) {
		arrived.Done()
		<-ctx.Done()
		return session.Snapshot{}, ctx.Err()
	}}
	p := serve(t, f).initialize(`{}`)
	for i := 1; i <= n; i++ {
		p.call(i, "session/start", startParams("api"))
	}
	arrived.Wait()
	p.to.Close()
	for range n {
		if m := p.next(); code(m) != -32802 {
			t.Fatalf("got %+v", m)
		}
	}
	p.end()
}

// TestSlowReaderLosesOutputOnly: while the client does not read, sessions go
// on; afterwards it has every snapshot, and knows how much output it missed.
func TestSlowReaderLosesOutputOnly(t *testing.T) {
	inR, inW := io.Pipe()
	outR, outW := io.Pipe()
	f := &fake{opened: make(chan struct{})}
	p := connect(t, f, inR, outW, inW)
	p.call(0, "initialize", `{}`) // its answer is the frame that blocks the writer
	<-f.opened
	o := f.observer()
	const changes = 2000
	line := strings.Repeat("o", 1000)
	for i := 1; i <= changes; i++ {
		o.SessionChanged(session.Snapshot{ID: "shop/api", Seq: int64(i), State: session.Ready})
		o.SessionOutput("shop/api", "stdout", line)
	}
	o.SessionChanged(session.Snapshot{ID: "shop/api", Seq: changes + 1, State: session.Stopped})
	go p.read(outR)
	var got, missed int64
	for seq := int64(0); seq <= changes; {
		m := p.next()
		var v struct {
			Seq, Dropped int64
			Text         string
		}
		if len(m.Params) > 0 {
			if err := json.Unmarshal(m.Params, &v); err != nil {
				t.Fatal(err)
			}
		}
		switch m.Method {
		case "session/didChange":
			if v.Seq != seq+1 {
				t.Fatalf("seq %d after %d", v.Seq, seq)
			}
			seq = v.Seq
		case "session/output":
			got += int64(len(v.Text))
			missed += v.Dropped
		}
	}
	if missed == 0 || got+missed != changes*int64(len(line)) {
		t.Errorf("%d bytes of output, %d missed; %d were written", got, missed, changes*len(line))
	}
}

// TestDeafClientEndsTheServer: a client that never reads is given up on.
func TestDeafClientEndsTheServer(t *testing.T) {
	inR, inW := io.Pipe()
	outR, outW := io.Pipe()
	f := &fake{opened: make(chan struct{})}
	p := connect(t, f, inR, outW, inW, func(s *Server) { s.out.hard = 1 << 20 })
	p.call(0, "initialize", `{}`)
	<-f.opened
	o := f.observer()
	for i := int64(1); !p.server.isEnding(); i++ {
		o.SessionChanged(session.Snapshot{ID: "shop/api", Seq: i})
		if i > 1<<20 {
			t.Fatal("the server takes everything")
		}
	}
	if e := p.end(); e.code != 1 || !errors.Is(e.err, errStalled) {
		t.Errorf("ended with %d, %v", e.code, e.err)
	}
	if f.closes() != 1 {
		t.Errorf("sessions closed %d times", f.closes())
	}
	outR.Close() // lets the blocked write go
}

func TestClientThatClosesItsEnd(t *testing.T) {
	inR, inW := io.Pipe()
	outR, outW := io.Pipe()
	f := &fake{}
	p := connect(t, f, inR, outW, inW)
	outR.Close()
	p.call(0, "initialize", `{}`)
	if e := p.end(); e.code != 1 || !errors.Is(e.err, io.ErrClosedPipe) {
		t.Errorf("ended with %d, %v", e.code, e.err)
	}
}

// TestRealPipes speaks over pipes of the system, as an editor does.
func TestRealPipes(t *testing.T) {
	inR, inW, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	outR, outW, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	f := &fake{}
	p := connect(t, f, inR, outW, inW)
	go p.read(outR)
	p.initialize(`{}`)
	for i := 1; i <= 100; i++ {
		p.call(i, "session/list", "{}")
	}
	for i := 1; i <= 100; i++ {
		if m := p.next(); m.Error != nil {
			t.Fatalf("%+v", m)
		}
	}
	p.call(101, "shutdown", "null")
	p.answer(101)
	p.notify("exit", "null")
	if e := p.end(); e.code != 0 || e.err != nil {
		t.Errorf("ended with %d, %v", e.code, e.err)
	}
	outR.Close()
}

// countingWriter notes the size of each write.
type countingWriter struct {
	mu     sync.Mutex
	writes [][]byte
}

func (w *countingWriter) Write(b []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.writes = append(w.writes, append([]byte(nil), b...))
	return len(b), nil
}

func (w *countingWriter) Close() error { return nil }

func TestEachFrameIsOneWrite(t *testing.T) {
	inR, inW := io.Pipe()
	w := &countingWriter{}
	p := connect(t, &fake{}, inR, w, inW)
	p.call(0, "initialize", `{}`)
	p.call(1, "nope", `{}`)
	p.frame(`[{"jsonrpc":"2.0","id":2,"method":"nope"},{"jsonrpc":"2.0","id":3,"method":"nope"}]`)
	p.frame(`{`)
	inW.Close()
	p.end()
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.writes) < 4 {
		t.Errorf("%d writes", len(w.writes))
	}
	for _, b := range w.writes {
		header, body, ok := strings.Cut(string(b), "\r\n\r\n")
		if !ok || header != fmt.Sprintf("Content-Length: %d", len(body)) || !json.Valid([]byte(body)) {
			t.Errorf("one write holds %q", b)
		}
	}
}
