package rpc

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/tandem-dev/tandem/debug"
	"github.com/tandem-dev/tandem/envfile"
	"github.com/tandem-dev/tandem/internal/fault"
	"github.com/tandem-dev/tandem/session"
)

func TestMain(m *testing.M) {
	// Some tests are about a process, and run this binary again as that.
	switch {
	case os.Getenv(claimChild) != "":
		claimAndPrint()
		return
	case os.Getenv(serveChild) != "":
		os.Exit(serveStdio())
	}
	goleak.VerifyTestMain(m)
}

// patience bounds every wait of the tests; it is reached only by a failure.
const patience = 20 * time.Second

// message is any message as a client sees it.
type message struct {
	JSONRPC string          `json:"jsonrpc"`
	ID      json.RawMessage `json:"id"`
	Method  string          `json:"method"`
	Params  json.RawMessage `json:"params"`
	Result  json.RawMessage `json:"result"`
	Error   *struct {
		Code    int             `json:"code"`
		Message string          `json:"message"`
		Data    json.RawMessage `json:"data"`
	} `json:"error"`
}

// peer is a client that speaks bytes, so that it can be as hostile as it likes.
type peer struct {
	t      *testing.T
	server *Server
	to     io.WriteCloser
	bodies chan []byte // closed at the end of the server's output
	ended  chan ending

	sendMu sync.Mutex
}

type ending struct {
	code int
	err  error
}

// serve starts a server on in-memory pipes and ends it with the test.
func serve(t *testing.T, sessions *fake, tweak ...func(*Server)) *peer {
	t.Helper()
	inR, inW := io.Pipe()
	outR, outW := io.Pipe()
	p := connect(t, sessions, inR, outW, inW, tweak...)
	go p.read(outR)
	return p
}

// connect starts a server without reading its output.
func connect(t *testing.T, sessions *fake, in io.Reader, out io.WriteCloser, to io.WriteCloser, tweak ...func(*Server)) *peer {
	t.Helper()
	s := NewServer(Config{Sessions: sessions.open, Version: "1.2.3"})
	for _, f := range tweak {
		f(s)
	}
	p := &peer{t: t, server: s, to: to, bodies: make(chan []byte, 1<<16), ended: make(chan ending, 1)}
	go func() {
		code, err := s.Serve(t.Context(), in, out)
		out.Close()
		p.ended <- ending{code, err}
	}()
	t.Cleanup(func() {
		to.Close()
		select {
		case <-p.ended:
		case <-time.After(patience):
			t.Error("the server did not end")
		}
	})
	return p
}

// read takes frames apart in its own way, not the server's.
func (p *peer) read(out io.Reader) {
	defer close(p.bodies)
	r := bufio.NewReader(out)
	for {
		header, err := r.ReadString('\n')
		if err != nil {
			return
		}
		n, err := strconv.Atoi(strings.TrimSpace(strings.TrimPrefix(header, "Content-Length:")))
		if err != nil {
			p.t.Errorf("header %q", header)
			return
		}
		if blank, _ := r.ReadString('\n'); blank != "\r\n" {
			p.t.Errorf("header ends with %q", blank)
			return
		}
		body := make([]byte, n)
		if _, err := io.ReadFull(r, body); err != nil {
			return
		}
		p.bodies <- body
	}
}

// raw sends bytes as they are.
func (p *peer) raw(data string) {
	p.t.Helper()
	p.sendMu.Lock()
	defer p.sendMu.Unlock()
	if _, err := io.WriteString(p.to, data); err != nil {
		p.t.Logf("sending: %v", err)
	}
}

// frame sends one body.
func (p *peer) frame(body string) {
	p.t.Helper()
	p.raw(fmt.Sprintf("Content-Length: %d\r\n\r\n%s", len(body), body))
}

func (p *peer) call(id int, method, params string) {
	p.t.Helper()
	p.frame(fmt.Sprintf(`{"jsonrpc":"2.0","id":%d,"method":%q,"params":%s}`, id, method, params))
}

func (p *peer) notify(method, params string) {
	p.t.Helper()
	p.frame(fmt.Sprintf(`{"jsonrpc":"2.0","method":%q,"params":%s}`, method, params))
}

// body is the next frame from the server.
func (p *peer) body() string {
	p.t.Helper()
	select {
	case b, ok := <-p.bodies:
		if !ok {
			p.t.Fatal("the output has ended")
		}
		return string(b)
	case <-time.After(patience):
		p.t.Fatal("nothing arrives")
	}
	return ""
}

func parse(t *testing.T, body string) message {
	t.Helper()
	var m message
	if err := json.Unmarshal([]byte(body), &m); err != nil {
		t.Fatalf("%v in %s", err, body)
	}
	return m
}

// next is the next message that is neither a log line nor a trace.
func (p *peer) next() message {
	p.t.Helper()
	for {
		m := parse(p.t, p.body())
		if m.Method != "window/logMessage" && m.Method != "$/logTrace" {
			return m
		}
	}
}

// answer is the answer to a call; what comes before it is dropped.
func (p *peer) answer(id int) message {
	p.t.Helper()
	for {
		m := p.next()
		if m.Method == "" && string(m.ID) == strconv.Itoa(id) {
			return m
		}
	}
}

// until is the next notification or request of a method.
func (p *peer) until(method string) message {
	p.t.Helper()
	for {
		if m := parse(p.t, p.body()); m.Method == method {
			return m
		}
	}
}

// initialize opens the conversation.
func (p *peer) initialize(params string) *peer {
	p.t.Helper()
	p.call(0, "initialize", params)
	if m := p.answer(0); m.Error != nil {
		p.t.Fatalf("initialize: %s", m.Error.Message)
	}
	p.notify("initialized", "{}")
	return p
}

// end waits for Serve to return.
func (p *peer) end() ending {
	p.t.Helper()
	select {
	case e := <-p.ended:
		p.ended <- e // for the cleanup
		return e
	case <-time.After(patience):
		p.t.Fatal("the server did not end")
	}
	return ending{}
}

func code(m message) int {
	if m.Error == nil {
		return 0
	}
	return m.Error.Code
}

func kind(t *testing.T, m message) string {
	t.Helper()
	if m.Error == nil {
		return ""
	}
	var d struct{ Kind string }
	if err := json.Unmarshal(m.Error.Data, &d); err != nil {
		t.Fatalf("data %s: %v", m.Error.Data, err)
	}
	return d.Kind
}

// fake stands in for session.Manager, whose real one needs a cluster. Its zero
// value has no session and lets everything succeed.
type fake struct {
	start   func(ctx context.Context, r session.StartRequest) (session.Snapshot, error)
	stop    func(ctx context.Context, id string) (session.Snapshot, error)
	openErr error
	env     *envfile.Environment
	// snapshot is the one session that Get knows; nil for none.
	snapshot *session.Snapshot
	explain  func(r session.ExplainRequest) *envfile.Explanation
	doctor   func(ctx context.Context, r session.DoctorRequest) (*session.Diagnosis, error)
	plan     func(session.PlanRequest) (*session.Plan, error)
	opened   chan struct{} // closed by open, where it is not nil
	// tunnel and closeTunnel open and close one; nil knows no session.
	tunnel      func(id string, r session.TunnelRequest) (session.Tunnel, error)
	closeTunnel func(id, tunnelID string) error
	// language is for the language of manifests.
	language languageFake

	mu        sync.Mutex
	setup     Setup
	left      []session.Left
	inCluster []session.InCluster
	adopted   []string // folders
	recovered []string // how and which
	closed    int
}

func (f *fake) open(_ context.Context, s Setup) (Sessions, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.openErr != nil {
		return nil, f.openErr
	}
	f.setup = s
	if f.opened != nil {
		close(f.opened)
	}
	return f, nil
}

// observer is what the server gave to the sessions.
func (f *fake) observer() session.Observer {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.setup.Observer
}

func (f *fake) Start(ctx context.Context, r session.StartRequest) (session.Snapshot, error) {
	if f.start == nil {
		return session.Snapshot{ID: "shop/" + r.Dev, State: session.Ready}, nil
	}
	return f.start(ctx, r)
}

func (f *fake) Stop(ctx context.Context, id string) (session.Snapshot, error) {
	if f.stop == nil {
		return session.Snapshot{ID: id, State: session.Stopped}, nil
	}
	return f.stop(ctx, id)
}

func (f *fake) Restart(_ context.Context, id string) (session.Snapshot, error) {
	return session.Snapshot{ID: id, State: session.Ready, Process: &session.Process{State: session.ProcessRunning, PID: 2}}, nil
}

func (f *fake) List() []session.Snapshot {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.language.sessions)
}

// runs says which sessions there are from now on.
func (f *fake) runs(all ...session.Snapshot) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.language.sessions = all
}

func (f *fake) Recover(_ context.Context, id string, how session.Recovery, _ func(string)) (session.Snapshot, error) {
	f.mu.Lock()
	f.recovered = append(f.recovered, string(how)+" "+id)
	f.mu.Unlock()
	switch how {
	case session.Restore:
		return session.Snapshot{ID: id, State: session.Stopped, Workload: &session.Workload{Replicas: 2}}, nil
	case session.Adopt:
		return session.Snapshot{ID: id, State: session.Ready, Adopted: true}, nil
	}
	return session.Snapshot{}, fault.New(fault.InvalidParams, "%q is unknown", how)
}

func (f *fake) Recoverable() ([]session.Left, error) {
	return slices.Clone(f.left), nil
}

func (f *fake) InCluster(context.Context) ([]session.InCluster, error) { return f.inCluster, nil }

func (f *fake) AdoptLeft(folders []string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.adopted = append(f.adopted, folders...)
}

func (f *fake) Get(id string) (session.Snapshot, error) {
	if f.snapshot != nil && f.snapshot.ID == id {
		return *f.snapshot, nil
	}
	return session.Snapshot{}, fault.New(fault.SessionNotFound, "there is no session %q", id).Hint("session/list has them")
}

func (f *fake) Environment(id string) (*envfile.Environment, error) {
	if f.env == nil {
		return nil, fault.New(fault.SessionNotFound, "there is no session %q", id)
	}
	return f.env, nil
}

func (f *fake) ResolveOffline(_ context.Context, manifest, dev string) (*envfile.Environment, error) {
	return &envfile.Environment{Vars: []envfile.Variable{{Name: "FROM", Value: manifest + " " + dev}}}, nil
}

func (f *fake) Explain(_ context.Context, r session.ExplainRequest) (*envfile.Explanation, error) {
	if f.explain == nil {
		return nil, fault.New(fault.SessionNotFound, "there is no session %q", r.ID)
	}
	return f.explain(r), nil
}

func (f *fake) Doctor(ctx context.Context, r session.DoctorRequest) (*session.Diagnosis, error) {
	if f.doctor == nil {
		return &session.Diagnosis{}, nil
	}
	return f.doctor(ctx, r)
}

func (f *fake) Plan(_ context.Context, r session.PlanRequest) (*session.Plan, error) {
	if f.plan == nil {
		return &session.Plan{}, nil
	}
	return f.plan(r)
}

func (f *fake) WriteEnv(id string, d envfile.Dialect, path string) (envfile.File, error) {
	return envfile.File{Dialect: d, Path: path, Count: 2, Undeliverable: []envfile.Undeliverable{{Name: "PEM", Reason: "line break"}}}, nil
}

func (f *fake) DebugStart(_ context.Context, id string, r session.DebugRequest) (session.Debugging, error) {
	if r.Mode == session.DebugTest {
		return session.Debugging{}, fault.New(fault.DebugUnsupported, "no tests").Hint("write some")
	}
	return session.Debugging{
		DebugSession: session.DebugSession{ID: "d1", Language: debug.Go, Mode: session.DebugLaunch, Protocol: debug.DAP, Address: "127.0.0.1:40001", PID: 7},
		Host:         "127.0.0.1", Port: 40001, Configuration: map[string]any{"type": "go", "program": r.Program}, Secret: "s",
	}, nil
}

func (f *fake) DebugStop(_ context.Context, id, debugID string) error {
	if debugID != "d1" {
		return fault.New(fault.DebugNotFound, "no debugger %q", debugID)
	}
	return nil
}

func (f *fake) OpenTunnel(_ context.Context, id string, r session.TunnelRequest) (session.Tunnel, error) {
	if f.tunnel == nil {
		return session.Tunnel{}, fault.New(fault.SessionNotFound, "no session %q", id)
	}
	return f.tunnel(id, r)
}

func (f *fake) CloseTunnel(_ context.Context, id, tunnelID string) error {
	if f.closeTunnel == nil {
		return fault.New(fault.SessionNotFound, "no session %q", id)
	}
	return f.closeTunnel(id, tunnelID)
}

func (f *fake) Debuggers(id string) ([]session.Debugging, debug.Target, error) {
	return nil, debug.Target{Language: debug.Go, Program: "/w/api", Cwd: "/w"}, nil
}

func (f *fake) Close(context.Context) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.closed++
	return nil
}

func (f *fake) closes() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.closed
}
