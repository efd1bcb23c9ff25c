package rpc

import (
	"context"
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tandem-dev/tandem/internal/fault"
	"github.com/tandem-dev/tandem/rpc/protocol"
	"github.com/tandem-dev/tandem/session"
)

// run executes a command of a lens and gives its answer.
func (e *editor) run(command, arguments string) message {
	e.t.Helper()
	e.calls++
	e.call(e.calls, protocol.MethodExecuteCommand, fmt.Sprintf(`{"command":%q,"arguments":[%s]}`, command, arguments))
	return e.answer(e.calls)
}

// lenses are the titles above the devs, and their commands.
func (e *editor) lenses() (titles []string, all []protocol.CodeLens) {
	e.t.Helper()
	e.ask(protocol.MethodCodeLens, "", &all)
	for _, l := range all {
		titles = append(titles, fmt.Sprintf("%d %s → %s", l.Range.Start.Line, l.Command.Title, l.Command.Command))
	}
	return titles, all
}

const twoDevs = "dev:\n  api:\n    mode: hybrid\n  web:\n    mode: hybrid\n  db:\n    mode: sync\n"

func TestLensesFollowTheSession(t *testing.T) {
	f := &fake{}
	e := edit(t, f, everything)
	e.open(twoDevs)
	idle := []string{"1 Run hybrid → tandem.start", "1 Debug hybrid → tandem.debug", "3 Run hybrid → tandem.start", "3 Debug hybrid → tandem.debug"}
	titles, all := e.lenses()
	if diff := cmp.Diff(idle, titles); diff != "" {
		t.Fatalf("(-want +got):\n%s", diff)
	}
	if a := all[0].Command.Arguments[0]; a.Manifest != e.uri || a.Dev != "api" {
		t.Errorf("%+v", a)
	}
	snap := session.Snapshot{ID: "shop/api", Dev: "api", Manifest: e.path, State: session.Ready, Tunnels: []session.Tunnel{
		{ID: "f1", Kind: session.Forward, State: "open"}, {ID: "f2", Kind: session.Forward, State: "open"}, {ID: "r1", Kind: session.Reverse, State: "open"}}}
	change := func(edit func()) {
		edit()
		f.runs(snap)
		f.observer().SessionChanged(snap)
	}
	refreshed := func() {
		m := e.until(protocol.MethodCodeLensRefresh)
		e.frame(fmt.Sprintf(`{"jsonrpc":"2.0","id":%s,"result":null}`, m.ID))
	}
	for _, step := range []struct {
		edit func()
		want []string
	}{
		{func() {}, []string{"1 Stop → tandem.stop", "1 ready, 3 tunnels → tandem.status"}},
		{func() { snap.Tunnels[0].State = "failed" }, []string{"1 Stop → tandem.stop", "1 ready, 2 tunnels, 1 failed → tandem.status"}},
		{func() { snap.State = session.Reconnecting }, []string{"1 Stop → tandem.stop", "1 reconnecting, 2 tunnels, 1 failed → tandem.status"}},
		{func() { snap.State = session.Failed; snap.Cause = &session.Cause{Kind: fault.PodGone} },
			[]string{"1 Run hybrid → tandem.start", "1 Debug hybrid → tandem.debug", "1 failed: pod-gone → tandem.status"}},
	} {
		change(step.edit)
		refreshed()
		titles, _ = e.lenses()
		if diff := cmp.Diff(append(step.want, idle[2:]...), titles); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	}
	// A counter that moves changes no lens.
	change(func() { snap.Tunnels[1].BytesIn++ })
	e.call(1, "session/list", "{}")
	for m := e.next(); string(m.ID) != "1" || m.Method != ""; m = e.next() {
		if m.Method == protocol.MethodCodeLensRefresh {
			t.Error("asked to look again although nothing changes")
		}
	}
}

// While somebody types the text is broken; the lenses stay.
func TestLensesStayWhileTheTextIsBroken(t *testing.T) {
	e := edit(t, &fake{}, everything)
	e.open(twoDevs)
	before, _ := e.lenses()
	e.replace(6, 0, 99, "    [")
	after, _ := e.lenses()
	if diff := cmp.Diff(before, after); diff != "" {
		t.Errorf("(-whole +broken):\n%s", diff)
	}
}

func TestStartAndStopByCommand(t *testing.T) {
	f := &fake{}
	var started session.StartRequest
	f.start = func(_ context.Context, r session.StartRequest) (session.Snapshot, error) {
		started = r
		return session.Snapshot{ID: "shop/api", Dev: "api", Manifest: r.Manifest, State: session.Ready}, nil
	}
	var stopped atomic.Value
	f.stop = func(_ context.Context, id string) (session.Snapshot, error) {
		stopped.Store(id)
		return session.Snapshot{ID: id, State: session.Stopped}, nil
	}
	e := edit(t, f, everything)
	e.open(twoDevs)
	_, all := e.lenses()
	arguments, _ := json.Marshal(all[0].Command.Arguments[0])
	m := e.run(all[0].Command.Command, string(arguments))
	if m.Error != nil || !strings.Contains(string(m.Result), `"state":"ready"`) {
		t.Fatalf("%+v", m)
	}
	if started.Dev != "api" || started.Manifest != e.path || !started.Run || started.Takeover {
		t.Errorf("started %+v", started)
	}
	f.runs(session.Snapshot{ID: "shop/api", Dev: "api", Manifest: e.path, State: session.Ready,
		Tunnels: []session.Tunnel{{ID: "r1", Kind: session.Reverse, Local: "x"}, {ID: "f1", Kind: session.Forward, Local: "0.0.0.0:8090"}}})
	// The tunnel is shown in the browser.
	e.calls++
	e.call(e.calls, protocol.MethodExecuteCommand, fmt.Sprintf(`{"command":"tandem.openTunnel","arguments":[{"manifest":%q,"dev":"api"}]}`, e.uri))
	show := e.until(protocol.MethodShowDocument)
	if string(show.Params) != `{"uri":"http://localhost:8090/","external":true}` {
		t.Errorf("%s", show.Params)
	}
	e.frame(fmt.Sprintf(`{"jsonrpc":"2.0","id":%s,"result":{"success":true}}`, show.ID))
	if m := e.answer(e.calls); m.Error != nil {
		t.Errorf("%+v", m)
	}
	// A session is found by its dev.
	if m := e.run("tandem.stop", string(arguments)); m.Error != nil || stopped.Load() != "shop/api" {
		t.Errorf("%+v, stopped %v", m, stopped.Load())
	}
}

// Where somebody else has the workload, the user decides.
func TestTakeOverIsAsked(t *testing.T) {
	for _, test := range []struct {
		answer string
		starts int32
		code   int
	}{
		{`{"title":"Take over"}`, 2, 0}, {`{"title":"Cancel"}`, 1, -32803}, {`null`, 1, -32803}, {`{"title":"Nonsense"}`, 1, -32803},
	} {
		f := &fake{}
		var starts atomic.Int32
		f.start = func(_ context.Context, r session.StartRequest) (session.Snapshot, error) {
			starts.Add(1)
			if !r.Takeover {
				return session.Snapshot{}, fault.New(fault.SessionBusy, `Deployment "api" is diverted by ann on laptop`)
			}
			return session.Snapshot{ID: "shop/api", State: session.Ready}, nil
		}
		e := edit(t, f, everything)
		e.calls++
		e.call(e.calls, protocol.MethodExecuteCommand, fmt.Sprintf(`{"command":"tandem.start","arguments":[{"manifest":%q,"dev":"api"}],"workDoneToken":"t"}`, e.uri))
		ask := e.until(protocol.MethodShowMessageRequest)
		if want := `{"type":2,"message":"Deployment \"api\" is diverted by ann on laptop","actions":[{"title":"Take over"},{"title":"Cancel"}]}`; string(ask.Params) != want {
			t.Errorf("asked %s", ask.Params)
		}
		e.frame(fmt.Sprintf(`{"jsonrpc":"2.0","id":%s,"result":%s}`, ask.ID, test.answer))
		if m := e.answer(e.calls); code(m) != test.code || starts.Load() != test.starts {
			t.Errorf("%s: code %d after %d starts", test.answer, code(m), starts.Load())
		}
	}
}

// What a crash left is offered once the client is ready.
func TestRecoveryIsOffered(t *testing.T) {
	dir := t.TempDir()
	mine := filepath.Join(dir, "okteto.yml")
	left := []session.Left{
		{ID: "shop/api", Dev: "api", Manifest: mine, Namespace: "shop", Workload: "Deployment/api", Role: "up"},
		{ID: "shop/db", Dev: "db", Manifest: absolute("elsewhere.yml"), Namespace: "shop", Workload: "StatefulSet/db"},
		{ID: "shop/going", Dev: "going", Manifest: mine, Namespace: "shop", Workload: "Deployment/going", Restoring: true},
		{ID: "shop/mine", Dev: "mine", Manifest: mine, Namespace: "shop", Workload: "Deployment/mine"},
	}
	for _, test := range []struct {
		answer, told string
		how          []string
	}{
		{`{"title":"Continue"}`, "shop/api is ready, no tunnels", []string{"adopt shop/api"}},
		{`{"title":"Restore"}`, "Deployment shop/api is back at 2 replicas", []string{"restore shop/api"}},
		{`{"title":"Later"}`, "", nil},
		{`null`, "", nil},
	} {
		t.Run(test.answer, func(t *testing.T) {
			f := &fake{left: left}
			f.runs(session.Snapshot{ID: "shop/mine", State: session.Connecting}) // being continued
			p := serve(t, f)
			p.initialize(fmt.Sprintf(`{"rootUri":%q}`, uriOf(dir)))
			ask := p.until(protocol.MethodShowMessageRequest)
			if !strings.Contains(string(ask.Params), "left 1 session diverted: shop/api (Deployment/api)") {
				t.Errorf("asked %s", ask.Params)
			}
			p.frame(fmt.Sprintf(`{"jsonrpc":"2.0","id":%s,"result":%s}`, ask.ID, test.answer))
			if test.told != "" {
				if told := p.until(protocol.MethodShowMessage); !strings.Contains(string(told.Params), `"message":"`+test.told+`"`) {
					t.Errorf("told %s", told.Params)
				}
			}
			p.call(40, protocol.MethodShutdown, `null`) // waits for what runs in the background
			p.answer(40)
			p.notify(protocol.MethodExit, `{}`)
			p.end()
			f.mu.Lock()
			defer f.mu.Unlock()
			if diff := cmp.Diff(test.how, f.recovered); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// The command recovers as it is told, as the user says, or, where nobody can be
// asked, by giving back; one that fails does not keep the others from it.
func TestRecoverCommand(t *testing.T) {
	elsewhere := absolute("elsewhere.yml")
	f := &fake{left: []session.Left{
		{ID: "shop/api", Dev: "api", Manifest: elsewhere, Namespace: "shop", Workload: "Deployment/api"},
		{ID: "shop/db", Dev: "db", Manifest: elsewhere, Namespace: "shop", Workload: "StatefulSet/db"},
	}}
	e := edit(t, f, everything)
	const api = `"adopted":["shop/api is ready, no tunnels"]`
	for _, test := range []struct{ arguments, answer, want string }{
		{`{"id":"shop/api","action":"adopt"}`, "", api},
		{`{"id":"shop/db","action":"restore"}`, "", `"restored":["StatefulSet shop/db is back at 2 replicas"]`},
		{`{"id":"shop/api"}`, `"result":{"title":"Continue"}`, api},
		{`{"id":"shop/api"}`, `"result":{"title":"Later"}`, `{}`},
		{`{"id":"shop/api"}`, `"error":{"code":-32601,"message":"no"}`, `"restored":["Deployment shop/api is back at 2 replicas"]`},
		{`{"id":"shop/api","action":"dance"}`, "", "invalid-params"},
		{`{}`, "", `{}`}, // none is of this workspace
	} {
		e.calls++
		id := e.calls
		e.call(id, protocol.MethodExecuteCommand, fmt.Sprintf(`{"command":"tandem.recover","arguments":[%s]}`, test.arguments))
		if test.answer != "" {
			ask := e.until(protocol.MethodShowMessageRequest)
			e.frame(fmt.Sprintf(`{"jsonrpc":"2.0","id":%s,%s}`, ask.ID, test.answer))
		}
		m := e.answer(id)
		if got := string(m.Result); m.Error == nil && !strings.Contains(got, test.want) || m.Error != nil && kind(t, m) != test.want {
			t.Errorf("%s: %s %+v, want %s", test.arguments, got, m.Error, test.want)
		}
	}
}

func TestCommandsThatCannotBe(t *testing.T) {
	e := edit(t, &fake{}, everything)
	for command, arguments := range map[string]string{
		"tandem.dance": `{}`, "tandem.stop": `{}`, "tandem.start": `{"dev":"api"},{}`, "tandem.restart": `7`,
		"tandem.writeRunConfig": `{"manifest":"file:///none/okteto.yml","dev":"api","editor":"vi"}`,
		"tandem.openTunnel":     `{"manifest":"file:///none/okteto.yml","dev":"api"}`, "tandem.status": `{"id":"shop/none"}`, "tandem.recover": `{"id":"shop/none"}`,
	} {
		if m := e.run(command, arguments); m.Error == nil || code(m) != -32602 && code(m) != -32803 {
			t.Errorf("%s: %+v", command, m)
		}
	}
	if m := e.run("tandem.recover", "null"); m.Error != nil || string(m.Result) != "{}" {
		t.Errorf("nothing to recover: %+v", m)
	}
}
