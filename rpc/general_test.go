package rpc

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tandem-dev/tandem/envfile"
	"github.com/tandem-dev/tandem/internal/fault"
	"github.com/tandem-dev/tandem/rpc/protocol"
	"github.com/tandem-dev/tandem/session"
)

func TestBeforeInitialize(t *testing.T) {
	p := serve(t, &fake{})
	p.notify("initialized", "{}")
	p.notify("$/setTrace", `{"value":"loud"}`)
	for i, method := range []string{"session/list", "shutdown", "nope"} {
		p.call(i, method, "{}")
		if m := p.next(); code(m) != -32002 {
			t.Errorf("%s: %+v", method, m)
		}
	}
	p.notify("exit", "null")
	if e := p.end(); e.code != 1 || e.err != nil {
		t.Errorf("ended with %d, %v", e.code, e.err)
	}
}

func TestInitializeAnnouncesWhatIsThere(t *testing.T) {
	p := serve(t, &fake{})
	p.call(1, "initialize", `{"processId":null,"rootUri":null,"capabilities":{}}`)
	own, err := json.Marshal(protocol.TandemCapabilities{
		ProtocolVersion: 1,
		Methods:         protocol.OwnMethods(protocol.FromClient, true),
		Notifications:   protocol.OwnMethods(protocol.FromServer, false),
	})
	if err != nil {
		t.Fatal(err)
	}
	body := p.body()
	if want := `"experimental":{"tandem":` + string(own) + `}`; !strings.Contains(body, want) {
		t.Errorf("initialize answers %s\nwithout %s", body, want)
	}
	if want := `"serverInfo":{"name":"tandem","version":"1.2.3"}`; !strings.Contains(body, want) {
		t.Errorf("initialize answers %s\nwithout %s", body, want)
	}
}

func TestShutdownAndExit(t *testing.T) {
	f := &fake{}
	p := serve(t, f).initialize(`{}`)
	p.call(1, "shutdown", "null")
	if m := p.answer(1); m.Error != nil || string(m.Result) != "null" {
		t.Errorf("shutdown: %+v", m)
	}
	if f.closes() != 1 {
		t.Errorf("sessions closed %d times when shutdown was answered", f.closes())
	}
	for i, method := range []string{"session/list", "shutdown", "initialize"} {
		p.call(2+i, method, "{}")
		if m := p.answer(2 + i); code(m) != -32600 {
			t.Errorf("%s after shutdown: %+v", method, m)
		}
	}
	p.notify("exit", "null")
	if e := p.end(); e.code != 0 || e.err != nil {
		t.Errorf("ended with %d, %v", e.code, e.err)
	}
	if f.closes() != 1 {
		t.Errorf("sessions closed %d times", f.closes())
	}
}

func TestExitWithoutShutdown(t *testing.T) {
	f := &fake{}
	p := serve(t, f).initialize(`{}`)
	p.notify("exit", "null")
	if e := p.end(); e.code != 1 || e.err != nil {
		t.Errorf("ended with %d, %v", e.code, e.err)
	}
	if f.closes() != 1 {
		t.Errorf("sessions closed %d times", f.closes())
	}
}

func TestFailedInitializeMayBeTriedAgain(t *testing.T) {
	f := &fake{openErr: fault.New(fault.KubeconfigInvalid, "no context %q", "prod").Hint("kubectl config get-contexts")}
	p := serve(t, f)
	p.call(1, "initialize", `{}`)
	if m := p.answer(1); code(m) != -32803 || kind(t, m) != "kubeconfig-invalid" {
		t.Errorf("got %+v", m)
	}
	p.call(2, "session/list", `{}`)
	if m := p.answer(2); code(m) != -32002 {
		t.Errorf("between: %+v", m)
	}
	f.mu.Lock()
	f.openErr = nil
	f.mu.Unlock()
	p.initialize(`{}`)
}

func TestInitializationOptions(t *testing.T) {
	root := t.TempDir()
	f := &fake{}
	serve(t, f).initialize(fmt.Sprintf(`{"rootUri":%q,"initializationOptions":{"kubeconfig":"/k","context":"c","namespace":"n",`+
		`"agentImage":"i","stateDir":"/s","envDir":"/e","envPrecedence":"kubelet","logLevel":"debug","rewriteHosts":"off","dataPlane":"ssh",`+
		`"env":{"include":["A*"],"exclude":["B"],"rename":[{"from":"C_*","to":"*"}],"keepLocal":["D"],"allowImage":["E"]}}}`, uriOf(root)))
	want := protocol.InitializationOptions{Kubeconfig: "/k", Context: "c", Namespace: "n", AgentImage: "i",
		StateDir: "/s", EnvDir: "/e", EnvPrecedence: "kubelet", LogLevel: "debug", RewriteHosts: "off", DataPlane: "ssh",
		Env: protocol.EnvOptions{Include: []string{"A*"}, Exclude: []string{"B"}, Rename: []protocol.RenameRule{{From: "C_*", To: "*"}},
			KeepLocal: []string{"D"}, AllowImage: []string{"E"}}}
	if diff := cmp.Diff(want, f.setup.Options); diff != "" {
		t.Error(diff)
	}
	policy := envfile.MergePolicy{Include: []string{"A*"}, Exclude: []string{"B"}, Rename: []envfile.Rename{{From: "C_*", To: "*"}},
		KeepLocal: []string{"D"}, AllowImage: []string{"E"}}
	if diff := cmp.Diff(policy, f.setup.MergePolicy()); diff != "" {
		t.Error(diff)
	}
	if f.setup.Root != root {
		t.Errorf("root %q, want %q", f.setup.Root, root)
	}
	for _, bad := range []string{`{"envPrecedence":"mine"}`, `{"logLevel":"loud"}`, `{"context":1}`,
		`{"rewriteHosts":"yes"}`, `{"dataPlane":"udp"}`, `{"env":{"exclude":["A=B"]}}`, `{"env":{"rename":[{"from":"A*","to":"B"}]}}`} {
		p := serve(t, &fake{})
		p.call(1, "initialize", `{"initializationOptions":`+bad+`}`)
		if m := p.answer(1); code(m) != -32602 || kind(t, m) != "invalid-params" {
			t.Errorf("%s: %+v", bad, m)
		}
	}
}

// TestEndOfInputAnswersCallsInFlight: the calls in flight are cancelled and
// answered, and the sessions are stopped, before the output ends.
func TestEndOfInputAnswersCallsInFlight(t *testing.T) {
	started := make(chan struct{})
	f := &fake{start: func(ctx context.Context, _ session.StartRequest) (session.Snapshot, error) {
		close(started)
		<-ctx.Done()
		return session.Snapshot{}, fault.Wrap(context.Cause(ctx), fault.Cancelled, "starting")
	}}
	p := serve(t, f).initialize(`{}`)
	p.call(1, "session/start", fmt.Sprintf(`{"manifest":%q}`, absolute("okteto.yml")))
	<-started
	p.to.Close()
	if m := p.answer(1); code(m) != -32802 || kind(t, m) != "cancelled" {
		t.Errorf("got %+v", m)
	}
	if e := p.end(); e.code != 0 || e.err != nil {
		t.Errorf("ended with %d, %v", e.code, e.err)
	}
	if f.closes() != 1 {
		t.Errorf("sessions closed %d times", f.closes())
	}
}

func TestEndInsideAFrame(t *testing.T) {
	p := serve(t, &fake{}).initialize(`{}`)
	p.raw("Content-Length: 10\r\n\r\n{")
	p.to.Close()
	if e := p.end(); e.code != 1 || !errors.Is(e.err, io.ErrUnexpectedEOF) {
		t.Errorf("ended with %d, %v", e.code, e.err)
	}
}

func TestContextEndsTheServer(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	inR, inW := io.Pipe()
	defer inW.Close()
	done := make(chan ending)
	go func() {
		code, err := NewServer(Config{Sessions: (&fake{}).open}).Serve(ctx, inR, io.Discard)
		done <- ending{code, err}
	}()
	cancel()
	if e := <-done; e.code != 0 || e.err != nil {
		t.Errorf("ended with %d, %v", e.code, e.err)
	}
}

// stuckReader cannot be interrupted, as a read from a terminal cannot.
type stuckReader struct{ release chan struct{} }

func (r stuckReader) Read([]byte) (int, error) { <-r.release; return 0, io.EOF }

func TestABlockedReadDoesNotHoldUpTheEnd(t *testing.T) {
	in := stuckReader{make(chan struct{})}
	defer close(in.release)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		_, _ = NewServer(Config{Sessions: (&fake{}).open}).Serve(ctx, in, io.Discard)
		close(done)
	}()
	cancel()
	select {
	case <-done:
	case <-time.After(patience):
		t.Fatal("Serve hangs")
	}
}

func TestPanicCostsOneRequest(t *testing.T) {
	f := &fake{start: func(context.Context, session.StartRequest) (session.Snapshot, error) { panic("secret-value") }}
	p := serve(t, f).initialize(`{}`)
	p.call(1, "session/start", fmt.Sprintf(`{"manifest":%q}`, absolute("okteto.yml")))
	for {
		body := p.body()
		if strings.Contains(body, "secret-value") {
			t.Errorf("the panic's value is told: %s", body)
		}
		if m := parse(t, body); string(m.ID) == "1" {
			if code(m) != -32603 || kind(t, m) != "internal" {
				t.Errorf("got %+v", m)
			}
			break
		}
	}
	p.call(2, "session/list", "{}")
	if m := p.answer(2); m.Error != nil {
		t.Errorf("afterwards: %+v", m)
	}
}

func TestParentIsWatched(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("needs sleep")
	}
	parent := exec.Command("sleep", "60")
	if err := parent.Start(); err != nil {
		t.Fatal(err)
	}
	f := &fake{}
	p := serve(t, f, func(s *Server) { s.parentPoll = 10 * time.Millisecond })
	p.initialize(fmt.Sprintf(`{"processId":%d}`, parent.Process.Pid))
	if err := parent.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = parent.Wait()
	if e := p.end(); e.code != 0 || e.err != nil {
		t.Errorf("ended with %d, %v", e.code, e.err)
	}
	if f.closes() != 1 {
		t.Errorf("sessions closed %d times", f.closes())
	}
}

func TestParentOfAnotherNamespaceIsNotWatched(t *testing.T) {
	child := exec.Command(os.Args[0], "-test.run=^$")
	if err := child.Run(); err != nil {
		t.Fatal(err)
	}
	p := serve(t, &fake{}, func(s *Server) { s.parentPoll = time.Nanosecond })
	p.initialize(fmt.Sprintf(`{"processId":%d}`, child.Process.Pid)) // gone already
	for i := range 20 {
		p.call(i, "session/list", "{}")
		if m := p.answer(i); m.Error != nil {
			t.Fatalf("%+v", m)
		}
	}
}

// absolute is a path that the system takes for absolute, in no real folder.
func absolute(name string) string {
	if runtime.GOOS == "windows" {
		return `C:\shop\` + name
	}
	return "/shop/" + name
}
