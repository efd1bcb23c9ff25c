package rpc

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/tandem-dev/tandem/envfile"
	"github.com/tandem-dev/tandem/internal/fault"
	"github.com/tandem-dev/tandem/rpc/protocol"
	"github.com/tandem-dev/tandem/session"
)

// transcripts are the conversations of docs/transcripts: the server is the real
// one, the sessions are told by the fake, so that every message is the same each
// time.
var transcripts = map[string]struct {
	sessions func(*fake)
	client   func(p *peer)
}{
	"session": {script, func(p *peer) {
		p.frame(`{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"processId":null,"clientInfo":{"name":"test","version":"1"},"rootUri":"file:///w","capabilities":{}}}`)
		p.until("window/logMessage") // the greeting, which follows the answer
		p.notify("initialized", `{}`)
		p.call(2, "session/start", `{"manifest":"file:///w/okteto.yml","dev":"api","options":{"run":true,"files":["dotenv"]},"workDoneToken":"t1"}`)
		p.answer(2)
		p.call(3, "session/get", `{"id":"shop/web"}`)
		p.answer(3)
		p.call(4, "env/resolve", `{"id":"shop/api","reveal":true}`)
		p.answer(4)
		p.call(5, "env/write", `{"id":"shop/api","dialect":"dotenv","path":"file:///w/x.env"}`)
		p.answer(5)
		p.call(6, "session/stop", `{"id":"shop/api"}`)
		p.answer(6)
		goodbye(p, 7)
	}},
	"cancelled": {scriptThatWaits, func(p *peer) {
		p.frame(`{"jsonrpc":"2.0","id":"a","method":"initialize","params":{"processId":null,"rootUri":"file:///w","capabilities":{"window":{"workDoneProgress":true}}}}`)
		p.until("window/logMessage")
		p.notify("initialized", `{}`)
		p.frame(`{"jsonrpc":"2.0","id":"b","method":"session/start","params":{"manifest":"file:///w/okteto.yml","dev":"api"}}`)
		create := p.until("window/workDoneProgress/create")
		p.frame(fmt.Sprintf(`{"jsonrpc":"2.0","id":%s,"result":null}`, create.ID))
		p.until("$/progress")
		p.notify("$/cancelRequest", `{"id":"b"}`)
		for string(p.next().ID) != `"b"` {
		}
		goodbye(p, 1)
	}},
	"refused": {func(f *fake) {
		f.start = func(context.Context, session.StartRequest) (session.Snapshot, error) {
			return session.Snapshot{}, fault.New(fault.WorkloadNotFound, "no Deployment or StatefulSet %q in namespace %q", "apo", "shop").Hint(`did you mean "api"?`)
		}
	}, func(p *peer) {
		p.call(1, "session/list", `{}`) // too early
		p.answer(1)
		p.call(2, "initialize", `{"processId":null,"rootUri":"file:///w","capabilities":{},"initializationOptions":{"envPrecedence":"random"}}`)
		p.answer(2)
		p.call(3, "initialize", `{"processId":null,"rootUri":"file:///w","capabilities":{}}`)
		p.until("window/logMessage")
		p.notify("initialized", `{}`)
		p.call(4, "session/start", `{"manifest":"file:///w/okteto.yml","dev":"apo"}`)
		p.answer(4)
		p.call(5, "session/rename", `{}`)
		p.answer(5)
		goodbye(p, 6)
	}},
}

func goodbye(p *peer, id int) {
	p.call(id, "shutdown", "null")
	p.answer(id)
	p.notify("exit", "null")
	p.end()
}

// scriptThatWaits is a session that never gets ready.
func scriptThatWaits(f *fake) {
	f.start = func(ctx context.Context, r session.StartRequest) (session.Snapshot, error) {
		<-ctx.Done()
		return session.Snapshot{}, fault.Wrap(context.Cause(ctx), fault.Cancelled, "starting session shop/api")
	}
}

// recorded runs one of them and returns what was recorded.
func recorded(t *testing.T, name string) []byte {
	t.Helper()
	f := &fake{env: &envfile.Environment{Vars: []envfile.Variable{
		{Name: "MODE", Value: "hunter1", Origin: envfile.Origin{Tier: envfile.Dev}},
		{Name: "TOKEN", Value: "hunter2", Secret: true, Origin: envfile.Origin{Tier: envfile.Secret, Kind: "Secret", Object: "db", Key: "TOKEN"}},
	}}}
	transcripts[name].sessions(f)
	file := filepath.Join(t.TempDir(), "transcript")
	record, err := CreateTranscript(file, "tandem 1.2.3")
	if err != nil {
		t.Fatal(err)
	}
	transcripts[name].client(serve(t, f, func(s *Server) {
		s.config.Record, s.out.record = record, record
	}))
	if err := record.Close(); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return hashes.ReplaceAll(text, []byte(`"hash":"5f1c"`))
}

// hashes have a key of their own in each process.
var hashes = regexp.MustCompile(`"hash":"[0-9a-f]{64}"`)

// TestTranscripts holds what a server says in whole conversations against
// docs/transcripts.
func TestTranscripts(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("their paths are those of unix")
	}
	schema := compileSchema(t)
	for name := range transcripts {
		t.Run(name, func(t *testing.T) {
			got := recorded(t, name)
			for _, secret := range []string{"hunter", "listening <on>"} {
				if bytes.Contains(got, []byte(secret)) {
					t.Errorf("the transcript tells %q", secret)
				}
			}
			golden := goldenTranscript(name)
			if *update {
				if err := os.WriteFile(golden, got, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(string(got), "\n")); diff != "" {
				t.Errorf("-want +got; run with -update if this is meant:\n%s", diff)
			}
			entries, err := ReadTranscript(golden)
			if err != nil {
				t.Fatal(err)
			}
			for _, e := range entries {
				if strings.Contains(string(e.Message), "session/rename") || strings.Contains(string(e.Message), `"random"`) {
					continue // is wrong on purpose
				}
				doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(e.Message))
				if err != nil {
					t.Fatal(err)
				}
				if err := schema.Validate(doc); err != nil {
					t.Errorf("%s: %s\n%v", e.From, e.Message, err)
				}
			}
		})
	}
}

func goldenTranscript(name string) string {
	return filepath.Join("..", "docs", "transcripts", name+".jsonl")
}

func compileSchema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	schema, err := jsonschema.NewCompiler().Compile(filepath.Join("..", "docs", "protocol.schema.json"))
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

// TestReplay plays every transcript, those of a real cluster included, to a
// client that says what the transcript's client said: it hears the same.
func TestReplay(t *testing.T) {
	files, err := filepath.Glob(goldenTranscript("*"))
	if err != nil || len(files) < len(transcripts) {
		t.Fatalf("%v, %v", files, err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".jsonl"), func(t *testing.T) {
			entries, err := ReadTranscript(file)
			if err != nil {
				t.Fatal(err)
			}
			p := replay(t, entries)
			for _, e := range entries {
				var m envelope
				if err := json.Unmarshal(e.Message, &m); err != nil {
					t.Fatal(err)
				}
				if e.From == protocol.FromClient {
					p.frame(string(e.Message))
					continue
				}
				if got := p.body(); got != string(e.Message) {
					t.Fatalf("got  %s\nwant %s", got, e.Message)
				}
			}
			if e := p.end(); e.code != 0 || e.err != nil {
				t.Errorf("ended with %d, %v", e.code, e.err)
			}
		})
	}
}

// replay starts the player of a transcript.
func replay(t *testing.T, entries []Entry) *peer {
	t.Helper()
	inR, inW := io.Pipe()
	outR, outW := io.Pipe()
	p := &peer{t: t, to: inW, bodies: make(chan []byte, 1<<10), ended: make(chan ending, 1)}
	go func() {
		code, err := Replay(t.Context(), entries, inR, outW)
		inR.Close()
		outW.Close()
		p.ended <- ending{code, err}
	}()
	go p.read(outR)
	t.Cleanup(func() {
		inW.Close()
		p.end()
	})
	return p
}

// A client that is not the transcript's: other ids, another folder, requests
// out of turn, and some that nobody recorded.
func TestReplayToAnotherClient(t *testing.T) {
	entries, err := ReadTranscript(goldenTranscript("session"))
	if err != nil {
		t.Fatal(err)
	}
	p := replay(t, entries)
	p.frame(`{`)
	if m := p.next(); code(m) != -32700 {
		t.Errorf("malformed: %+v", m)
	}
	p.call(100, "session/list", `{}`)
	if m := p.answer(100); code(m) != -32002 {
		t.Errorf("before initialize: %+v", m)
	}
	p.call(101, "initialize", `{"processId":null,"rootUri":"file:///home/me/shop","capabilities":{},"initializationOptions":{"logLevel":"debug"}}`)
	if m := p.answer(101); !strings.Contains(string(m.Result), `"protocolVersion":1`) {
		t.Errorf("initialize: %+v", m)
	}
	p.notify("$/setTrace", `{"value":"off"}`)
	p.notify("workspace/didChangeConfiguration", `{"settings":{}}`)
	p.call(102, "session/restart", `{"id":"shop/api"}`)
	if m := p.answer(102); code(m) != -32602 || !strings.Contains(m.Error.Message, "waits for session/start") {
		t.Errorf("a request that was not recorded: %+v", m)
	}
	p.call(103, "env/write", `{"id":"shop/api","dialect":"dotenv"}`) // earlier than in the transcript
	if m := p.answer(103); !strings.Contains(string(m.Result), `"path":"/home/me/shop/x.env"`) {
		t.Errorf("out of turn: %+v", m)
	}
	p.frame(`{"jsonrpc":"2.0","id":"start","method":"session/start","params":{"dev":"api"}}`)
	states := ""
	for {
		m := p.next()
		if string(m.ID) == `"start"` {
			break
		}
		if m.Method == "session/didChange" {
			var s protocol.Snapshot
			if err := json.Unmarshal(m.Params, &s); err != nil || s.Manifest != "file:///home/me/shop/okteto.yml" {
				t.Errorf("%s: %v", m.Params, err)
			}
			states += string(s.State) + " "
		}
	}
	if states != "checking ready " {
		t.Errorf("states %s", states)
	}
	for id := 104; id < 106; id++ { // again and again
		p.call(id, "session/get", `{"id":"shop/web"}`)
		if m := p.answer(id); kind(t, m) != "session-not-found" {
			t.Errorf("%+v", m)
		}
	}
	p.call(106, "shutdown", "null") // before the transcript's client does
	if m := p.answer(106); string(m.Result) != "null" {
		t.Errorf("shutdown: %+v", m)
	}
	p.call(107, "session/list", `{}`)
	if m := p.answer(107); code(m) != -32600 {
		t.Errorf("after shutdown: %+v", m)
	}
	p.notify("exit", "null")
	if e := p.end(); e.code != 0 || e.err != nil {
		t.Errorf("ended with %d, %v", e.code, e.err)
	}
}

func TestReplayEnds(t *testing.T) {
	entries, err := ReadTranscript(goldenTranscript("session"))
	if err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct {
		leave func(*peer)
		code  int
	}{
		"exit alone":   {func(p *peer) { p.notify("exit", "null") }, 1},
		"end of input": {func(p *peer) { p.to.Close() }, 0},
		"bad framing":  {func(p *peer) { p.raw("hello\r\n\r\n") }, 1},
	} {
		t.Run(name, func(t *testing.T) {
			p := replay(t, entries)
			tc.leave(p)
			if e := p.end(); e.code != tc.code {
				t.Errorf("ended with %d, %v", e.code, e.err)
			}
		})
	}
}

func TestReadTranscriptRefuses(t *testing.T) {
	for name, text := range map[string]string{
		"nothing":       "",
		"no header":     `{"from":"client","message":{"jsonrpc":"2.0","method":"exit"}}`,
		"other version": `{"transcript":2,"protocolVersion":1}`,
		"neither end":   "{\"transcript\":1,\"protocolVersion\":1}\n{\"from\":\"me\",\"message\":{\"jsonrpc\":\"2.0\",\"method\":\"exit\"}}",
		"no message":    "{\"transcript\":1,\"protocolVersion\":1}\n{\"from\":\"client\",\"message\":{}}",
		"not JSON":      "{\"transcript\":1,\"protocolVersion\":1}\n{",
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "t")
			if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			if _, err := ReadTranscript(path); fault.KindOf(err) != fault.InvalidParams || !strings.Contains(err.Error(), path) {
				t.Errorf("got %v", err)
			}
		})
	}
}

// FuzzReplay: whatever a client sends, the player answers with frames or ends.
func FuzzReplay(f *testing.F) {
	entries, err := ReadTranscript(goldenTranscript("session"))
	if err != nil {
		f.Fatal(err)
	}
	f.Add([]byte(`{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"rootUri":"file:///x"}}`), []byte(`{"jsonrpc":"2.0","id":"a","method":"session/get","params":{}}`))
	f.Add([]byte(`[{"jsonrpc":"2.0","id":1,"method":"shutdown"},1]`), []byte(`{"jsonrpc":"2.0","method":"exit"}`))
	f.Add([]byte(`{"jsonrpc":"2.0","id":null,"result":1}`), []byte(`{}`))
	f.Fuzz(func(t *testing.T, first, second []byte) {
		var out bytes.Buffer
		in := bytes.NewReader(appendFrame(appendFrame(nil, first), second))
		if _, err := Replay(t.Context(), entries, in, &out); err != nil {
			t.Fatal(err)
		}
		r := newFrameReader(&out)
		for {
			body, err := r.next()
			if err == io.EOF {
				return
			}
			if err != nil || !json.Valid(body) {
				t.Fatalf("%q: %v", body, err)
			}
		}
	})
}
