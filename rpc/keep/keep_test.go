package keep

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"go.uber.org/goleak"

	"github.com/tandem-dev/tandem/rpc"
	"github.com/tandem-dev/tandem/session"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// patience bounds every wait; it is reached only by a failure.
const patience = 20 * time.Second

// fake is an engine with one session that is ready as long as it is open.
type fake struct {
	rpc.Sessions
	setup  rpc.Setup
	closed chan struct{}
	once   sync.Once

	mu       sync.Mutex
	sessions []session.Snapshot
}

func (f *fake) List() []session.Snapshot {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.sessions
}

func (f *fake) Start(_ context.Context, r session.StartRequest) (session.Snapshot, error) {
	snap := session.Snapshot{ID: "shop/" + r.Dev, Seq: 1, State: session.Ready, Dev: r.Dev, Manifest: r.Manifest}
	f.mu.Lock()
	f.sessions = append(f.sessions, snap)
	f.mu.Unlock()
	f.setup.Observer.SessionChanged(snap)
	f.setup.Logger.Info().Str("session", snap.ID).Msg("started")
	return snap, nil
}

func (f *fake) Recoverable() ([]session.Left, error) { return nil, nil }

func (f *fake) AdoptLeft([]string) {}

func (f *fake) Close(context.Context) error {
	f.once.Do(func() { close(f.closed) })
	return nil
}

// stage is a backend that serves, and the engines that it made.
type stage struct {
	t       *testing.T
	socket  string
	engines chan *fake
	stop    context.CancelFunc
	done    chan error
}

func newStage(t *testing.T, linger time.Duration) *stage {
	t.Helper()
	s := &stage{t: t, engines: make(chan *fake, 8), done: make(chan error, 1)}
	var err error
	if s.socket, err = Name(t.TempDir(), "workspace"); err != nil {
		t.Fatal(err)
	}
	s.start(linger)
	return s
}

func (s *stage) start(linger time.Duration) {
	ctx, stop := context.WithCancel(context.Background())
	s.stop = stop
	b := &Backend{Linger: linger, Version: "test", Out: io.Discard, Log: zerolog.Nop(),
		Sessions: func(_ context.Context, setup rpc.Setup) (rpc.Sessions, error) {
			f := &fake{setup: setup, closed: make(chan struct{})}
			s.engines <- f
			return f, nil
		}}
	go func() { s.done <- b.Serve(ctx, s.socket) }()
	s.t.Cleanup(stop)
}

// ended waits for the backend's end.
func (s *stage) ended() {
	s.t.Helper()
	if err := within(s.t, s.done, "the backend does not end"); err != nil {
		s.t.Fatal(err)
	}
}

func within[T any](t *testing.T, c <-chan T, what string) T {
	t.Helper()
	select {
	case v := <-c:
		return v
	case <-time.After(patience):
		t.Fatal(what)
		panic("unreachable")
	}
}

// client is an editor at the other end of Connect.
type client struct {
	t    *testing.T
	in   *io.PipeWriter
	out  *bufio.Reader
	done chan error
	id   int
}

func (s *stage) connect(start func() error) *client {
	s.t.Helper()
	if start == nil {
		start = func() error { return errors.New("nobody answers, although a backend runs") }
	}
	inR, inW := io.Pipe()
	outR, outW := io.Pipe()
	c := &client{t: s.t, in: inW, out: bufio.NewReader(outR), done: make(chan error, 1)}
	go func() {
		err := Connect(context.Background(), s.socket, start, inR, outW)
		outW.CloseWithError(io.EOF)
		inR.Close() // frees the copy that reads the input
		c.done <- err
	}()
	return c
}

func (c *client) send(method string, params any, id bool) {
	c.t.Helper()
	m := map[string]any{"jsonrpc": "2.0", "method": method, "params": params}
	if id {
		c.id++
		m["id"] = c.id
	}
	body, err := json.Marshal(m)
	if err != nil {
		c.t.Fatal(err)
	}
	if _, err := fmt.Fprintf(c.in, "Content-Length: %d\r\n\r\n%s", len(body), body); err != nil {
		c.t.Fatal(err)
	}
}

// call returns the result, and what was notified before it.
func (c *client) call(method string, params any) (result json.RawMessage, notified []string) {
	c.t.Helper()
	c.send(method, params, true)
	for {
		method, raw, id := c.read()
		if method == "" && id == c.id {
			return raw, notified
		}
		notified = append(notified, method+" "+string(raw))
	}
}

func (c *client) read() (method string, raw json.RawMessage, id int) {
	c.t.Helper()
	var length int
	if _, err := fmt.Fscanf(c.out, "Content-Length: %d\r\n\r\n", &length); err != nil {
		c.t.Fatalf("reading a frame: %v", err)
	}
	body := make([]byte, length)
	if _, err := io.ReadFull(c.out, body); err != nil {
		c.t.Fatal(err)
	}
	var m struct {
		ID             int
		Method         string
		Params, Result json.RawMessage
		Error          *struct{ Message string }
	}
	if err := json.Unmarshal(body, &m); err != nil {
		c.t.Fatal(err)
	}
	if m.Error != nil {
		c.t.Fatalf("%s", m.Error.Message)
	}
	if m.Method != "" {
		return m.Method, m.Params, 0
	}
	return "", m.Result, m.ID
}

func (c *client) initialize(options map[string]any) {
	c.t.Helper()
	c.call("initialize", map[string]any{"processId": nil, "rootUri": nil, "capabilities": map[string]any{}, "initializationOptions": options})
	c.send("initialized", map[string]any{}, false)
}

// leave ends the connection as an editor does.
func (c *client) leave() {
	c.t.Helper()
	c.call("shutdown", nil)
	c.send("exit", nil, false)
	c.hangUp()
}

// hangUp ends it as an editor that dies does.
func (c *client) hangUp() {
	c.t.Helper()
	c.in.Close()
	go func() { _, _ = io.Copy(io.Discard, c.out) }()
	if err := within(c.t, c.done, "the connection does not end"); err != nil {
		c.t.Fatal(err)
	}
}

func TestASessionOutlivesItsConnection(t *testing.T) {
	for _, end := range []struct {
		name string
		end  func(*client)
	}{{"shutdown", (*client).leave}, {"end of input", (*client).hangUp}} {
		t.Run(end.name, func(t *testing.T) {
			s := newStage(t, time.Hour)
			first := s.connectSoon()
			first.initialize(nil)
			first.call("session/start", map[string]any{"manifest": "/w/okteto.yml", "dev": "api"})
			engine := within(t, s.engines, "no engine was made")
			end.end(first)

			second := s.connect(nil)
			second.initialize(nil)
			list, told := second.call("session/list", map[string]any{})
			if !strings.Contains(string(list), `"shop/api"`) {
				t.Errorf("the session is gone: %s", list)
			}
			if all := strings.Join(told, "\n"); !strings.Contains(all, "session/didChange") {
				t.Errorf("who comes back is not told of the session: %s", all)
			}
			select {
			case <-engine.closed:
				t.Error("the sessions were ended")
			case <-s.engines:
				t.Error("a second engine was made")
			default:
			}
			s.stop()
			within(t, engine.closed, "the end of the backend does not end the sessions")
			second.hangUp()
			s.ended()
		})
	}
}

// connectSoon connects to a backend that is about to listen.
func (s *stage) connectSoon() *client {
	return s.connect(func() error { return nil })
}

func TestNobodyComesBack(t *testing.T) {
	s := newStage(t, 50*time.Millisecond)
	c := s.connectSoon()
	c.initialize(nil)
	c.call("session/start", map[string]any{"manifest": "/w/okteto.yml", "dev": "api"})
	engine := within(t, s.engines, "no engine was made")
	c.leave()
	within(t, engine.closed, "the sessions are not ended")
	s.ended()
	if _, err := os.Stat(s.socket); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the socket is left behind: %v", err)
	}
}

func TestWithoutSessionsNothingLingers(t *testing.T) {
	s := newStage(t, time.Hour)
	c := s.connectSoon()
	c.initialize(nil)
	c.leave()
	s.ended()
}

// A backend whose folder somebody removes has nobody to wait for.
func TestTheFolderIsRemoved(t *testing.T) {
	s := newStage(t, 50*time.Millisecond)
	c := s.connectSoon()
	c.initialize(nil)
	c.call("session/start", map[string]any{"manifest": "/w/okteto.yml", "dev": "api"})
	if err := os.RemoveAll(filepath.Dir(s.socket)); err != nil {
		t.Fatal(err)
	}
	c.hangUp()
	s.ended()
}

func TestEqualSettingsShareSessions(t *testing.T) {
	s := newStage(t, time.Hour)
	one, two, other := s.connectSoon(), s.connectSoon(), s.connectSoon()
	one.initialize(map[string]any{"namespace": "shop"})
	two.initialize(map[string]any{"namespace": "shop", "logLevel": "debug"})
	other.initialize(map[string]any{"namespace": "another"})
	two.call("session/start", map[string]any{"manifest": "/w/okteto.yml", "dev": "api"})

	list, told := one.call("session/list", map[string]any{})
	if !strings.Contains(string(list), `"shop/api"`) {
		t.Errorf("not shared: %s", list)
	}
	for _, want := range []string{"session/didChange", "started session=shop/api"} {
		if all := strings.Join(told, "\n"); !strings.Contains(all, want) {
			t.Errorf("the other connection does not hear %q: %s", want, all)
		}
	}
	if list, _ := other.call("session/list", map[string]any{}); strings.Contains(string(list), "shop/api") {
		t.Errorf("other settings share: %s", list)
	}
	for _, c := range []*client{one, two, other} {
		c.hangUp()
	}
	s.stop()
	s.ended()
}

// The backend that a crash left a socket of is replaced, and one backend serves
// everybody who comes at the same time.
func TestTheFirstConnectionStartsTheBackend(t *testing.T) {
	s := &stage{t: t, engines: make(chan *fake, 8), done: make(chan error, 1)}
	var err error
	if s.socket, err = Name(t.TempDir(), "workspace"); err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("unix", s.socket)
	if err != nil {
		t.Fatal(err)
	}
	l.(*net.UnixListener).SetUnlinkOnClose(false)
	l.Close()

	var started int // under the lock of dialOrStart
	start := func() error {
		started++
		s.start(time.Hour)
		return nil
	}
	var clients []*client
	for range 5 {
		clients = append(clients, s.connect(start))
	}
	for _, c := range clients {
		c.initialize(nil)
	}
	for _, c := range clients {
		c.leave()
	}
	s.ended()
	if started != 1 {
		t.Errorf("started %d times", started)
	}
}

func TestNames(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("TMPDIR", dir) // where the folder for long paths goes
	name := func(parts ...string) string {
		n, err := Name(dir, parts...)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	if a, b := name("ab", "c"), name("a", "bc"); a == b {
		t.Errorf("%s for both", a)
	}
	if a, b := name("a"), name("a"); a != b {
		t.Errorf("%s and %s for the same", a, b)
	}
	long, err := Name(filepath.Join(dir, strings.Repeat("long/", 30)), "a")
	if err != nil || len(long) > maxSocketPath {
		t.Errorf("%s, %v", long, err)
	}
	open := filepath.Join(dir, "open")
	if err := os.MkdirAll(filepath.Join(open, "run"), 0o755); err != nil {
		t.Fatal(err)
	}
	if n, err := Name(open, "a"); err == nil {
		t.Errorf("%s, in a folder that others can enter", n)
	}
}
