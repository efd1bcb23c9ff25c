package rpc

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tandem-dev/tandem/internal/fault"
	"github.com/tandem-dev/tandem/manifest"
	"github.com/tandem-dev/tandem/rpc/protocol"
	"github.com/tandem-dev/tandem/session"
)

// languageFake is what the language needs of the fake sessions.
type languageFake struct {
	// inventory answers; nil is a cluster that cannot be reached.
	inventory func(ctx context.Context) (*session.Inventory, error)
	// inventoryAt, where not nil, answers in its place, for the place that is asked about.
	inventoryAt func(ctx context.Context, at manifest.Place) (*session.Inventory, error)
	sessions    []session.Snapshot
	left        []session.Status
	down        func(r session.DownRequest) ([]session.Restored, error)
}

func (f *fake) Inventory(ctx context.Context, at manifest.Place) (*session.Inventory, error) {
	if f.language.inventoryAt != nil {
		return f.language.inventoryAt(ctx, at)
	}
	if f.language.inventory == nil {
		return nil, fault.New(fault.ClusterUnreachable, "no cluster")
	}
	return f.language.inventory(ctx)
}

func (f *fake) Status(context.Context) ([]session.Status, error) { return f.language.left, nil }

func (f *fake) Down(_ context.Context, r session.DownRequest) ([]session.Restored, error) {
	if f.language.down == nil {
		return nil, nil
	}
	return f.language.down(r)
}

// shopInventory is a small cluster.
func shopInventory(context.Context) (*session.Inventory, error) {
	inv := &session.Inventory{Context: "dev", Namespace: "shop", Secrets: []string{"cookie"}, Contexts: []string{"dev"}}
	raw := `{"Workloads": [{"Kind": "Deployment", "Name": "api", "Labels": {"app": "api"}, "Secrets": ["token"],
		"Containers": [{"Name": "api", "Ports": [{"Name": "http", "Number": 8080}], "Variables": ["LOG"]}]}],
		"Services": [{"Name": "db", "Ports": [{"Name": "redis", "Number": 6379}]}]}`
	return inv, json.Unmarshal([]byte(raw), inv)
}

// editor is a peer that edits one document.
type editor struct {
	*peer
	uri, path string
	version   int
	calls     int
}

// everything are the capabilities of an editor that can do it all, by pushing.
const everything = `{"textDocument":{"hover":{"contentFormat":["markdown"]},"documentSymbol":{"hierarchicalDocumentSymbolSupport":true},
	"codeAction":{"codeActionLiteralSupport":{}},"completion":{"completionItem":{"documentationFormat":["markdown"]}}},
	"workspace":{"codeLens":{"refreshSupport":true}},"window":{"showDocument":{"support":true}}}`

// edit starts a server and an editor in an empty folder.
func edit(t *testing.T, f *fake, capabilities string) *editor {
	t.Helper()
	dir := t.TempDir()
	e := &editor{peer: serve(t, f), path: filepath.Join(dir, "okteto.yml"), calls: 100}
	e.uri = uriOf(e.path)
	e.initialize(fmt.Sprintf(`{"rootUri":%q,"capabilities":%s}`, uriOf(dir), capabilities))
	return e
}

func (e *editor) open(text string) {
	e.t.Helper()
	e.version = 1
	e.notify(protocol.MethodDidOpen, fmt.Sprintf(`{"textDocument":{"uri":%q,"languageId":"yaml","version":1,"text":%s}}`, e.uri, quoted(text)))
}

// replace is an incremental edit.
func (e *editor) replace(line, from, to int, text string) {
	e.t.Helper()
	e.version++
	e.notify(protocol.MethodDidChange, fmt.Sprintf(`{"textDocument":{"uri":%q,"version":%d},"contentChanges":[{"range":%s,"text":%s}]}`,
		e.uri, e.version, span(line, from, to), quoted(text)))
}

func span(line, from, to int) string {
	return fmt.Sprintf(`{"start":{"line":%d,"character":%d},"end":{"line":%d,"character":%d}}`, line, from, line, to)
}

func quoted(text string) string {
	raw, _ := json.Marshal(text)
	return string(raw)
}

// ask calls a method about the document; more are further members of the params.
func (e *editor) ask(method, more string, into any) {
	e.t.Helper()
	e.calls++
	e.call(e.calls, method, fmt.Sprintf(`{"textDocument":{"uri":%q}%s}`, e.uri, more))
	m := e.answer(e.calls)
	if m.Error != nil {
		e.t.Fatalf("%s: %s", method, m.Error.Message)
	}
	if err := json.Unmarshal(m.Result, into); err != nil {
		e.t.Fatalf("%s: %v in %s", method, err, m.Result)
	}
}

func at(line, column int) string {
	return fmt.Sprintf(`,"position":{"line":%d,"character":%d}`, line, column)
}

// diagnostics is the next publication.
func (e *editor) diagnostics() protocol.PublishDiagnosticsParams {
	e.t.Helper()
	var p protocol.PublishDiagnosticsParams
	if err := json.Unmarshal(e.until(protocol.MethodPublishDiagnostics).Params, &p); err != nil {
		e.t.Fatal(err)
	}
	return p
}

// published waits for a publication of a version with these codes.
func (e *editor) published(version int, codes ...string) protocol.PublishDiagnosticsParams {
	e.t.Helper()
	want := strings.Join(codes, " ")
	for {
		p := e.diagnostics()
		if p.Version != nil && *p.Version == version && codesOf(p.Diagnostics) == want {
			return p
		}
		e.t.Logf("published: version %v, %s", p.Version, codesOf(p.Diagnostics))
	}
}

func codesOf(all []protocol.Diagnostic) string {
	var out []string
	for _, d := range all {
		out = append(out, d.Code)
	}
	return strings.Join(out, " ")
}

const apiDev = "dev:\n  api:\n    mode: hybrid\n    comand: run\n"

func TestDiagnosticsArePublished(t *testing.T) {
	e := edit(t, &fake{}, `{}`)
	e.open(apiDev)
	p := e.published(1, "unknown-field")
	want := protocol.Diagnostic{Severity: 1, Code: "unknown-field", Source: "tandem", Message: `unknown field "comand" in a dev (did you mean "command"?)`,
		Range: protocol.Range{Start: protocol.Position{Line: 3, Character: 4}, End: protocol.Position{Line: 3, Character: 10}}}
	if diff := cmp.Diff([]protocol.Diagnostic{want}, p.Diagnostics); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	e.replace(3, 7, 7, "m")
	e.published(2)
	// Edits that come together are answered with the last of them.
	for range 20 {
		e.replace(3, 4, 4, "x")
	}
	e.published(22, "unknown-field")
	e.notify(protocol.MethodDidClose, fmt.Sprintf(`{"textDocument":{"uri":%q}}`, e.uri))
	if p := e.diagnostics(); p.Version != nil || len(p.Diagnostics) != 0 {
		t.Errorf("after closing: %+v", p)
	}
	// Opened again, they are there again.
	e.open(apiDev)
	e.published(1, "unknown-field")
}

// Columns count what client and server agreed on, in both directions.
func TestPositionEncodings(t *testing.T) {
	for wants, test := range map[string]struct {
		encoding string
		column   int
	}{
		`[]`:                  {"utf-16", 12},
		`["utf-8","utf-16"]`:  {"utf-8", 14},
		`["utf-32"]`:          {"utf-32", 11},
		`["utf-7","utf-32"]`:  {"utf-32", 11},
		`["utf-16","utf-32"]`: {"utf-16", 12},
	} {
		e := &editor{peer: serve(t, &fake{}), uri: uriOf(absolute("okteto.yml")), path: absolute("okteto.yml"), calls: 1}
		e.call(0, "initialize", fmt.Sprintf(`{"capabilities":{"general":{"positionEncodings":%s}}}`, wants))
		var r protocol.InitializeResult
		if err := json.Unmarshal(e.answer(0).Result, &r); err != nil || string(r.Capabilities.PositionEncoding) != test.encoding {
			t.Errorf("%s: %s, %v", wants, r.Capabilities.PositionEncoding, err)
		}
		e.open(`{x-1: "😀", nme: y}`)
		p := e.published(1, "unknown-field")
		if r := p.Diagnostics[0].Range; r.Start.Character != test.column || r.End.Character != test.column+3 {
			t.Errorf("%s: %v, want column %d", wants, r, test.column)
		}
		e.replace(0, test.column, test.column+3, "name")
		e.published(2)
	}
}

func TestPullDiagnostics(t *testing.T) {
	f := &fake{}
	gate := make(chan struct{})
	f.language.inventory = func(ctx context.Context) (*session.Inventory, error) {
		select {
		case <-gate:
			return shopInventory(ctx)
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	e := edit(t, f, `{"textDocument":{"diagnostic":{}},"workspace":{"diagnostics":{"refreshSupport":true}}}`)
	e.open(apiDev)
	var report protocol.DocumentDiagnosticReport
	e.ask(protocol.MethodDiagnostic, "", &report)
	if report.Kind != "full" || codesOf(report.Items) != "unknown-field" {
		t.Fatalf("%+v", report)
	}
	again := protocol.DocumentDiagnosticReport{}
	e.ask(protocol.MethodDiagnostic, fmt.Sprintf(`,"previousResultId":%q`, report.ResultID), &again)
	if again.Kind != "unchanged" || again.ResultID != report.ResultID || again.Items != nil {
		t.Errorf("%+v", again)
	}
	close(gate) // the cluster answers: the client is told to ask again
	m := e.until(protocol.MethodDiagnosticRefresh)
	e.frame(fmt.Sprintf(`{"jsonrpc":"2.0","id":%s,"result":null}`, m.ID))
	e.ask(protocol.MethodDiagnostic, "", &report)
	if codesOf(report.Items) != "secret-missing reverse-missing unknown-field" {
		t.Errorf("with the cluster: %s", codesOf(report.Items))
	}
}

// A client that could not be told to ask again gets them published.
func TestPullWithoutRefreshIsPublished(t *testing.T) {
	e := edit(t, &fake{}, `{"textDocument":{"diagnostic":{}}}`)
	e.open(apiDev)
	e.published(1, "unknown-field")
}

// The cluster's answer comes later and is published then; a cluster that stops
// to answer is no longer spoken of.
func TestTheClusterIsNeverWaitedFor(t *testing.T) {
	f := &fake{}
	gate, fails := make(chan struct{}), false
	f.language.inventory = func(ctx context.Context) (*session.Inventory, error) {
		select {
		case <-gate:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
		if fails {
			return nil, errors.New("unreachable")
		}
		return shopInventory(ctx)
	}
	e := edit(t, f, everything)
	e.open(apiDev)
	e.published(1, "unknown-field")
	began := time.Now()
	var list protocol.CompletionList
	e.ask(protocol.MethodCompletion, at(1, 2), &list)
	if !list.IsIncomplete || len(list.Items) != 0 {
		t.Errorf("before the cluster has answered: %+v", list)
	}
	if waited := time.Since(began); waited > patience/2 { // 50 ms; machines differ
		t.Errorf("completion took %s", waited)
	}
	close(gate)
	e.published(1, "secret-missing", "reverse-missing", "unknown-field")
	e.replace(3, 0, 99, "    container: ")
	e.ask(protocol.MethodCompletion, at(3, 15), &list)
	if list.IsIncomplete || len(list.Items) != 1 || list.Items[0].Label != "api" || list.Items[0].TextEdit.NewText != "api" {
		t.Errorf("with the cluster: %+v", list)
	}
	fails = true
	e.server.facts.mu.Lock()
	e.server.facts.at[manifest.Place{}].due = time.Time{} // the answer has become old
	e.server.facts.mu.Unlock()
	e.replace(3, 0, 99, "")
	e.published(3)
}

func TestHoverOnTheWire(t *testing.T) {
	t.Setenv("TANDEM_TEST_REGION", "north")
	t.Setenv("TANDEM_TEST_TOKEN", "hunter2")
	text := "dev:\n  api:\n    mode: hybrid\n    environment:\n      A: ${TANDEM_TEST_REGION}\n      B: ${TANDEM_TEST_TOKEN}\n"
	e := edit(t, &fake{}, everything)
	e.open(text)
	var h *protocol.Hover
	e.ask(protocol.MethodHover, at(2, 5), &h)
	if h == nil || h.Contents.Kind != "markdown" || !strings.HasPrefix(h.Contents.Value, "**mode** `sync | hybrid`") || h.Range.End.Character != 8 {
		t.Errorf("%+v", h)
	}
	e.ask(protocol.MethodHover, at(4, 12), &h)
	if h == nil || !strings.Contains(h.Contents.Value, "`north`") {
		t.Errorf("%+v", h)
	}
	e.ask(protocol.MethodHover, at(5, 12), &h)
	if h == nil || strings.Contains(h.Contents.Value, "hunter2") || !strings.Contains(h.Contents.Value, "is set") {
		t.Errorf("%+v", h)
	}
	h = &protocol.Hover{}
	e.ask(protocol.MethodHover, at(0, 4), &h)
	if h != nil {
		t.Errorf("over nothing: %+v", h)
	}
	// A client that says nothing of Markdown gets none.
	plain := edit(t, &fake{}, `{}`)
	plain.open(text)
	plain.ask(protocol.MethodHover, at(2, 5), &h)
	if h == nil || h.Contents.Kind != "plaintext" || strings.ContainsAny(h.Contents.Value, "*`") {
		t.Errorf("%+v", h)
	}
}

func TestOutline(t *testing.T) {
	text := "name: x\ndev:\n  api:\n    mode: hybrid\n    forward:\n      - 1:db:2\n"
	e := edit(t, &fake{}, everything)
	e.open(text)
	var symbols []protocol.DocumentSymbol
	e.ask(protocol.MethodDocumentSymbol, "", &symbols)
	if len(symbols) != 2 || symbols[1].Name != "dev" || symbols[1].Children[0].Name != "api" || symbols[1].Children[0].Children[0].Name != "1:db:2" {
		t.Errorf("%+v", symbols)
	}
	// While the text is broken the outline stays, within the text.
	e.replace(5, 6, 99, "[")
	e.ask(protocol.MethodDocumentSymbol, "", &symbols)
	if len(symbols) != 2 {
		t.Errorf("while broken: %+v", symbols)
	}
	flat := edit(t, &fake{}, `{}`)
	flat.open(text)
	var infos []protocol.SymbolInformation
	flat.ask(protocol.MethodDocumentSymbol, "", &infos)
	if len(infos) != 4 || infos[2].Name != "api" || infos[2].ContainerName != "dev" || infos[2].Location.URI != flat.uri {
		t.Errorf("%+v", infos)
	}
}

func TestCodeActionsOnTheWire(t *testing.T) {
	f := &fake{}
	f.language.inventory = shopInventory
	e := edit(t, f, everything)
	e.open(apiDev)
	e.published(1, "secret-missing", "reverse-missing", "unknown-field")
	var actions []protocol.CodeAction
	e.ask(protocol.MethodCodeAction, `,"range":`+span(3, 5, 5)+`,"context":{"diagnostics":[]}`, &actions)
	var titles []string
	for _, a := range actions {
		titles = append(titles, string(a.Kind)+" "+a.Title)
	}
	if diff := cmp.Diff([]string{"quickfix Change to command", "refactor.rewrite Add the reverse 8080:8080, http"}, titles); diff != "" {
		t.Fatalf("(-want +got):\n%s", diff)
	}
	if edits := actions[0].Edit.Changes[e.uri]; len(edits) != 1 || edits[0].NewText != "command" || edits[0].Range.Start.Character != 4 {
		t.Errorf("%+v", actions[0])
	}
	e.ask(protocol.MethodCodeAction, `,"range":`+span(3, 5, 5)+`,"context":{"only":["refactor"]}`, &actions)
	if len(actions) != 1 {
		t.Errorf("only refactor: %+v", actions)
	}
}

// An editor may send every YAML file that there is.
func TestOtherDocumentsAreLeftAlone(t *testing.T) {
	f := &fake{}
	f.language.inventory = func(context.Context) (*session.Inventory, error) {
		t.Error("the cluster is asked about a file that is no manifest")
		return nil, errors.New("no")
	}
	e := edit(t, f, everything)
	for _, name := range []string{"docker-compose.yml", "values.yaml", "main.go", "myokteto.yml"} {
		uri := uriOf(filepath.Join(filepath.Dir(e.path), name))
		e.notify(protocol.MethodDidOpen, fmt.Sprintf(`{"textDocument":{"uri":%q,"languageId":"yaml","version":1,"text":"comand: x\n"}}`, uri))
		e.notify(protocol.MethodDidChange, fmt.Sprintf(`{"textDocument":{"uri":%q,"version":2},"contentChanges":[{"text":"a: [\n"}]}`, uri))
		e.call(1, protocol.MethodHover, fmt.Sprintf(`{"textDocument":{"uri":%q},"position":{"line":0,"character":1}}`, uri))
		if m := e.next(); string(m.ID) != "1" || string(m.Result) != "null" {
			t.Errorf("%s: %+v", name, m)
		}
		e.notify(protocol.MethodDidClose, fmt.Sprintf(`{"textDocument":{"uri":%q}}`, uri))
	}
	for _, name := range []string{"okteto-dev.yaml", "shop.okteto.yml", "okteto.yml"} {
		e.uri = uriOf(filepath.Join(filepath.Dir(e.path), name))
		if !isManifest(filepath.Join(filepath.Dir(e.path), name), "yaml") {
			t.Errorf("%s is a manifest", name)
		}
	}
	e.notify(protocol.MethodDidOpen, `{"textDocument":{"uri":"untitled:1","languageId":"okteto","version":1,"text":"a: ["}}`)
	e.call(2, "session/list", "{}")
	if m := e.next(); string(m.ID) != "2" {
		t.Errorf("an untitled document: %+v", m)
	}
}

// A request is about the text at its own place on the wire.
func TestRequestsSeeTheirVersion(t *testing.T) {
	e := edit(t, &fake{}, everything)
	e.open("dev:\n  api:\n    mode: x\n")
	for i := range 50 {
		e.replace(2, 0, 99, fmt.Sprintf("    %s: x", []string{"mode", "image"}[i%2]))
		e.call(1000+i, protocol.MethodHover, fmt.Sprintf(`{"textDocument":{"uri":%q}%s}`, e.uri, at(2, 5)))
	}
	seen := 0
	for seen < 50 {
		m := e.next()
		if m.Method != "" {
			continue
		}
		var id int
		if err := json.Unmarshal(m.ID, &id); err != nil || id < 1000 {
			continue
		}
		seen++
		if want := []string{"**mode**", "**image**"}[id%2]; !strings.Contains(string(m.Result), want) {
			t.Errorf("hover %d: %s, want %s", id, m.Result, want)
		}
	}
}

// What the client gets wrong costs it nothing but a line of the log.
func TestBadDocumentNotifications(t *testing.T) {
	e := edit(t, &fake{}, everything)
	e.notify(protocol.MethodDidChange, `{"textDocument":{"uri":"file:///none.yml","version":2},"contentChanges":[{"text":"x"}]}`)
	e.notify(protocol.MethodDidClose, `{"textDocument":{"uri":"file:///none.yml"}}`)
	e.notify(protocol.MethodDidOpen, `{"textDocument":7}`)
	e.open(apiDev)
	e.published(1, "unknown-field")
	e.notify(protocol.MethodDidChange, fmt.Sprintf(`{"textDocument":{"uri":%q,"version":2},"contentChanges":[
		{"range":{"start":{"line":3,"character":9},"end":{"line":1,"character":0}},"text":"x"}]}`, e.uri))
	e.version = 2
	e.replace(3, 0, 99, "")
	e.published(3)
}

// A file of variables that changes is read again, whoever tells of it.
func TestDotEnvIsReadAgain(t *testing.T) {
	e := edit(t, &fake{}, everything)
	e.open("dev:\n  api:\n    mode: hybrid\n    container: ${TANDEM_TEST_FROM_FILE}\n")
	e.published(1, "unset-variable")
	file := filepath.Join(filepath.Dir(e.path), ".env")
	if err := os.WriteFile(file, []byte("TANDEM_TEST_FROM_FILE=x\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	e.notify(protocol.MethodDidChangeWatchedFiles, fmt.Sprintf(`{"changes":[{"uri":%q,"type":1}]}`, uriOf(file)))
	e.published(1)
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	e.notify(protocol.MethodDidSave, fmt.Sprintf(`{"textDocument":{"uri":%q}}`, e.uri))
	e.published(1, "unset-variable")
}

// The server registers for files where the client can watch them.
func TestFilesAreWatched(t *testing.T) {
	e := edit(t, &fake{}, `{"workspace":{"didChangeWatchedFiles":{"dynamicRegistration":true}}}`)
	m := e.until(protocol.MethodRegisterCapability)
	if !strings.Contains(string(m.Params), `"globPattern":"**/{.env,.env.*,*.env}"`) {
		t.Errorf("%s", m.Params)
	}
	e.frame(fmt.Sprintf(`{"jsonrpc":"2.0","id":%s,"result":null}`, m.ID))
}
