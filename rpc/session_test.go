package rpc

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tandem-dev/tandem/envfile"
	"github.com/tandem-dev/tandem/internal/fault"
	"github.com/tandem-dev/tandem/session"
)

var update = flag.Bool("update", false, "write the golden files anew")

// script is a session that goes well, told by the fake.
func script(f *fake) {
	at := time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)
	exit := 0
	snap := session.Snapshot{ID: "shop/api", State: session.Checking, Since: at,
		Manifest: "/w/okteto.yml", Dev: "api", Context: "dev", Namespace: "shop",
		Traffic: session.TrafficOriginal, Guard: session.GuardNone}
	change := func(state session.State) {
		snap.Seq++
		snap.State = state
		f.observer().SessionChanged(snap)
	}
	f.start = func(_ context.Context, r session.StartRequest) (session.Snapshot, error) {
		change(session.Checking)
		r.Progress("waiting for the dev pod")
		snap.Workload = &session.Workload{Kind: "Deployment", Name: "api", Container: "api", Replicas: 2}
		snap.Pod = &session.Pod{Name: "api-tandem-6d", Node: "n1"}
		snap.Tunnels = []session.Tunnel{
			{ID: "f1", Kind: session.Forward, Local: "127.0.0.1:5432", Remote: "postgres:5432", State: "failed", Error: "port in use"},
			{ID: "r1", Kind: session.Reverse, Local: "127.0.0.1:8080", Remote: "0.0.0.0:8080", State: "open", Connections: 3, BytesIn: 120, BytesOut: 3456},
		}
		snap.Env = session.Env{Files: []session.EnvFile{{Dialect: "dotenv", Path: ".tandem/api.env"}}, Count: 42, Hash: "h",
			Warnings: []envfile.Warning{{Code: "env-precedence", Variable: "URL", Message: "ConfigMap \"a\" is above Secret \"b\""}}}
		snap.Process = &session.Process{State: session.ProcessRunning, PID: 4242}
		snap.Traffic, snap.Guard = session.TrafficLocal, session.GuardProcess
		change(session.Ready)
		f.observer().SessionOutput("shop/api", "stdout", "listening <on> :8080\n")
		return snap, nil
	}
	f.stop = func(context.Context, string) (session.Snapshot, error) {
		snap.Process = &session.Process{State: session.ProcessExited, PID: 4242, ExitCode: &exit}
		change(session.Stopping)
		change(session.Stopped)
		return snap, nil
	}
}

func TestErrorsOnTheWire(t *testing.T) {
	for name, tc := range map[string]struct {
		err  error
		code int
		kind string
	}{
		"expected":       {fault.New(fault.WorkloadNotFound, "no Deployment"), -32803, "workload-not-found"},
		"wrapped":        {fmt.Errorf("starting: %w", fault.New(fault.PortInUse, "port 80")), -32803, "port-in-use"},
		"invalid params": {fault.New(fault.InvalidParams, "bad"), -32602, "invalid-params"},
		"internal":       {fault.New(fault.Internal, "bug"), -32603, "internal"},
		"plain":          {errors.New("bug"), -32603, "internal"},
		"deadline":       {context.DeadlineExceeded, -32803, "timeout"},
		"stopped":        {fault.New(fault.Cancelled, "stopped while it started"), -32803, "cancelled"},
		"not UTF-8":      {fault.New(fault.CommandFailed, "it said \xff"), -32803, "command-failed"},
		"unencodable":    {fault.New(fault.Conflict, "x").With("f", func() {}), -32803, "conflict"},
	} {
		t.Run(name, func(t *testing.T) {
			f := &fake{stop: func(context.Context, string) (session.Snapshot, error) { return session.Snapshot{}, tc.err }}
			p := serve(t, f).initialize(`{}`)
			p.call(1, "session/stop", `{"id":"x"}`)
			m := p.answer(1)
			if code(m) != tc.code || kind(t, m) != tc.kind {
				t.Errorf("got %+v, want %d %s", m.Error, tc.code, tc.kind)
			}
		})
	}
}

func TestErrorData(t *testing.T) {
	f := &fake{stop: func(context.Context, string) (session.Snapshot, error) {
		return session.Snapshot{}, fault.Wrap(errors.New("dial tcp: refused"), fault.ClusterUnreachable, "asking dev").
			Hint("is the VPN up?").With("host", "dev")
	}}
	p := serve(t, f).initialize(`{}`)
	p.call(1, "session/stop", `{"id":"x"}`)
	m := p.answer(1)
	want := `{"kind":"cluster-unreachable","hint":"is the VPN up?","retryable":true,"detail":{"host":"dev"}}`
	if m.Error.Message != "asking dev: dial tcp: refused" || string(m.Error.Data) != want {
		t.Errorf("got %q %s", m.Error.Message, m.Error.Data)
	}
}

func TestResultsAreUTF8(t *testing.T) {
	f := &fake{stop: func(context.Context, string) (session.Snapshot, error) {
		return session.Snapshot{ID: "a\xffb"}, nil
	}}
	p := serve(t, f).initialize(`{}`)
	p.call(1, "session/stop", `{"id":"x"}`)
	if m := p.answer(1); !strings.Contains(string(m.Result), "a\ufffdb") && !strings.Contains(string(m.Result), `a\ufffdb`) {
		t.Errorf("got %s", m.Result)
	}
}

func TestEnvResolveHidesSecrets(t *testing.T) {
	f := &fake{env: &envfile.Environment{Vars: []envfile.Variable{
		{Name: "MODE", Value: "", Origin: envfile.Origin{Tier: envfile.Dev}},
		{Name: "TOKEN", Value: "hunter2", Secret: true, Origin: envfile.Origin{Tier: envfile.Secret, Kind: "Secret", Object: "db", Key: "TOKEN"}},
	}}}
	p := serve(t, f).initialize(`{}`)
	p.call(1, "env/resolve", `{"id":"shop/api"}`)
	masked := string(p.answer(1).Result)
	if strings.Contains(masked, "hunter2") || !strings.Contains(masked, `{"name":"MODE","value":"",`) ||
		!strings.Contains(masked, `{"name":"TOKEN","origin":{"tier":"secret","kind":"Secret","object":"db","key":"TOKEN"},"secret":true,"shadowed":[],"notes":[],"local":{"action":"applied",`) {
		t.Errorf("masked: %s", masked)
	}
	p.call(2, "env/resolve", `{"id":"shop/api","reveal":true}`)
	if r := string(p.answer(2).Result); !strings.Contains(r, `"name":"TOKEN","value":"hunter2"`) {
		t.Errorf("revealed: %s", r)
	}
	path := absolute("okteto.yml")
	p.call(3, "env/resolve", fmt.Sprintf(`{"manifest":%q,"dev":"api"}`, uriOf(path)))
	if r := string(p.answer(3).Result); !strings.Contains(r, path+" api") && !strings.Contains(r, "okteto.yml api") {
		t.Errorf("offline: %s", r)
	}
	for i, bad := range []string{`{}`, `{"id":"a","manifest":"/b"}`, `{"manifest":"relative.yml"}`} {
		p.call(10+i, "env/resolve", bad)
		if m := p.answer(10 + i); code(m) != -32602 {
			t.Errorf("%s: %+v", bad, m)
		}
	}
}

// TestVerboseTraceHasNoValues: with everything traced, the value of a secret
// that was revealed is in the answer and nowhere else.
func TestVerboseTraceHasNoValues(t *testing.T) {
	f := &fake{env: &envfile.Environment{Vars: []envfile.Variable{{Name: "TOKEN", Value: "hunter2", Secret: true}}}}
	p := serve(t, f).initialize(`{"trace":"verbose","initializationOptions":{"logLevel":"trace"}}`)
	p.call(1, "env/resolve", `{"id":"shop/api","reveal":true}`)
	f.observer().SessionOutput("shop/api", "stdout", "password is hunter2")
	p.call(2, "session/list", "{}")
	traces := 0
	for {
		body := p.body()
		m := parse(t, body)
		if m.Method == "$/logTrace" {
			traces++
			if strings.Contains(body, "hunter2") {
				t.Errorf("the trace tells: %s", body)
			}
		}
		if string(m.ID) == "2" {
			break
		}
	}
	if traces < 5 {
		t.Errorf("%d lines of trace", traces)
	}
}

func TestSetTrace(t *testing.T) {
	p := serve(t, &fake{}).initialize(`{}`)
	p.notify("$/setTrace", `{"value":"messages"}`)
	p.call(1, "session/list", "{}")
	if m := p.until("$/logTrace"); string(m.Params) != `{"message":"Received request 'session/list - (1)'."}` {
		t.Errorf("got %s", m.Params)
	}
	if m := p.until("$/logTrace"); !strings.HasPrefix(string(m.Params), `{"message":"Sending response 'session/list - (1)'. Processing request took `) {
		t.Errorf("got %s", m.Params)
	}
	p.answer(1)
	p.notify("$/setTrace", `{"value":"off"}`)
	p.until("$/logTrace") // of the notification itself
	p.call(2, "session/list", "{}")
	if m := parse(t, p.body()); string(m.ID) != "2" {
		t.Errorf("still traced: %+v", m)
	}
}

func TestLogReachesTheClient(t *testing.T) {
	f := &fake{}
	p := serve(t, f).initialize(`{"initializationOptions":{"logLevel":"debug"}}`)
	p.until("window/logMessage") // the greeting
	log := f.setup.Logger
	log.Debug().Msg("not for the client")
	log.Warn().Err(errors.New("refused")).Str("session", "shop/api").Int("try", 2).Msg("link lost")
	if m := p.until("window/logMessage"); string(m.Params) != `{"type":2,"message":"link lost: refused session=shop/api try=2"}` {
		t.Errorf("got %s", m.Params)
	}
}

func TestSessionThatFailsOnItsOwnIsShown(t *testing.T) {
	f := &fake{}
	p := serve(t, f).initialize(`{}`)
	o := f.observer()
	cause := &session.Cause{Kind: fault.PodGone, Message: "the node went away", Hint: "start again"}
	o.SessionChanged(session.Snapshot{ID: "a", Seq: 1, State: session.Failed, Cause: cause}) // never was ready
	o.SessionChanged(session.Snapshot{ID: "b", Seq: 1, State: session.Ready})
	o.SessionChanged(session.Snapshot{ID: "b", Seq: 2, State: session.Failed, Cause: cause})
	if m := p.until("window/showMessage"); string(m.Params) != `{"type":1,"message":"b: the node went away (start again)"}` {
		t.Errorf("got %s", m.Params)
	}
}

func TestManifestList(t *testing.T) {
	root := t.TempDir()
	write := func(name, text string) {
		t.Helper()
		if err := os.MkdirAll(filepath.Dir(filepath.Join(root, name)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(root, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write("okteto.yml", "dev:\n  api:\n    mode: hybrid\n    command: go run .\n    workdir: .\n    selector:\n      app: api\n  web:\n    command: bash\n")
	write("sub/okteto.yml", "dev: [")
	p := serve(t, &fake{}).initialize(fmt.Sprintf(`{"workspaceFolders":[{"uri":%q,"name":"w"}]}`, uriOf(root)))
	p.call(1, "manifest/list", `{}`)
	got := string(p.answer(1).Result)
	for _, want := range []string{
		`"uri":"` + uriOf(filepath.Join(root, "okteto.yml")) + `"`,
		`{"name":"api","mode":"hybrid","runnable":true,"range":{"start":{"line":1,"character":2}`,
		`{"name":"web","mode":"sync","runnable":false,"reason":"dev \"web\" is in sync mode`,
		`"uri":"` + uriOf(filepath.Join(root, "sub", "okteto.yml")) + `"`,
		`"code":"syntax","source":"tandem"`,
	} {
		if !strings.Contains(got, want) {
			t.Errorf("%s is not in %s", want, got)
		}
	}
	p.call(2, "manifest/list", fmt.Sprintf(`{"root":%q}`, filepath.Join(root, "sub")))
	if got := string(p.answer(2).Result); strings.Count(got, `"uri"`) != 1 {
		t.Errorf("sub only: %s", got)
	}
	p.call(3, "manifest/list", `{"root":"https://example.com/"}`)
	if m := p.answer(3); code(m) != -32602 {
		t.Errorf("a URL as root: %+v", m)
	}
}
