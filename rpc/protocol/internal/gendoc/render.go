package gendoc

import (
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/tandem-dev/tandem/rpc/protocol"
)

const head = `# The protocol that editors speak

<!-- Generated from rpc/protocol by rpc/protocol/internal/gendoc; edit there, then: go test ./rpc/protocol/internal/gendoc -update -->

` + "`tandem serve`" + ` speaks JSON-RPC 2.0 on its standard input and output. Framing, life cycle, cancellation, progress and messages are
those of the [Language Server Protocol 3.17](https://microsoft.github.io/language-server-protocol/specifications/lsp/3.17/specification/);
Tandem's own methods come on top of it, so any LSP client can be taught them. This is version %d of the protocol.

The same types exist for programs: [protocol.schema.json](protocol.schema.json) is a JSON Schema of every message, whose
` + "`x-methods`" + ` tells what answers what, and [protocol.ts](../extensions/vscode/src/protocol.ts) has them for TypeScript, without a
library. The answer to ` + "`initialize`" + ` lists the methods that a server has.

## Conventions

- A frame is ` + "`Content-Length: N`" + `, an empty line and N bytes of JSON; N is at most 16 MiB, a header line at most 8 KiB. A frame that is
  malformed or too large costs one error answer with id null (-32700, -32600) and the connection lives on; only broken framing ends it.
  Batches are answered.
- Calls run beside each other. Everything that the server sends leaves in one order: a session's changes are seen as they happened.
- A list is never null. A member marked *optional* may be absent; one of type "… or null" is always there. Ignore members you do not
  know: within one version members and methods are only ever added.
- Params are objects, never lists. Ids are integers or strings; one that is still in use is refused (-32600).
- A session's id is its namespace and dev, as in ` + "`shop/api`" + `, and the context that its manifest names, as in ` + "`shop/api@staging`" + `: one
  server has sessions in several clusters. Take it as a name, not apart.
- Standard error is the server's log. Standard output carries frames only.
- A client that does not read slows nobody down: output of commands is left out (and counted) while more than 1 MiB waits for the
  client; when 64 MiB of what may not be left out are waiting, the server gives the cluster back and ends.

## A session

` + "```" + `
→ initialize {processId, rootUri, initializationOptions, capabilities}
← {capabilities: {experimental: {tandem: {protocolVersion, methods}}}}
→ initialized
→ session/start {manifest, dev, options: {run: true}, workDoneToken: "t"}
← $/progress {token: "t", value: {kind: "begin", …}}
← session/didChange {id, seq: 1, state: "checking", …}
← … one session/didChange for each change, seq 2, 3, 4 …
← $/progress {token: "t", value: {kind: "end", …}}
← {id, seq: 9, state: "ready", …}                    the answer to session/start
← session/output {id, stream: "stdout", text}
→ session/stop {id}
← {id, seq: 14, state: "stopped", …}
→ shutdown, exit
` + "```" + `
`

// Markdown is the reference, made from the Go files in dir, which are those of
// rpc/protocol.
func Markdown(dir string) (string, error) {
	src, err := read(dir)
	if err != nil {
		return "", err
	}
	w := &writer{src: src}
	w.printf(head, protocol.Version)
	w.overview()
	for _, g := range groups {
		w.printf("\n## %s\n", g.title)
		if g.intro != "" {
			w.printf("\n%s\n", g.intro)
		}
		for _, m := range g.messages {
			w.message(m)
		}
	}
	w.remainingTypes()
	w.errors()
	w.conformance()
	return w.out.String(), nil
}

type writer struct {
	out strings.Builder
	src *source
	// queue are the types that still need a section, in the order of mention.
	queue []reflect.Type
	seen  map[reflect.Type]bool
}

func (w *writer) printf(format string, args ...any) { fmt.Fprintf(&w.out, format, args...) }

func (w *writer) overview() {
	w.printf("\n## Methods\n\n| method | from | kind |\n|---|---|---|\n")
	for _, g := range groups {
		for _, m := range g.messages {
			w.printf("| [`%s`](#%s) | %s | %s |\n", m.method, anchor(m.method), sender(g), kind(m))
		}
	}
}

func sender(g group) string {
	if g.title == "What the server sends" {
		return "server"
	}
	return "client"
}

func kind(m message) string {
	if m.call {
		return "request"
	}
	return "notification"
}

// anchor is the fragment that GitHub gives a heading: lower case, letters,
// digits and hyphens.
func anchor(heading string) string {
	return regexp.MustCompile(`[^a-z0-9-]`).ReplaceAllString(strings.ToLower(heading), "")
}

func (w *writer) message(m message) {
	w.printf("\n### %s\n\n%s\n", m.method, m.does)
	w.payload("params", m.params)
	w.example("params", m.paramsExample)
	w.payload("result", m.result)
	w.example("result", m.resultExample)
}

// payload tells what params or a result are made of: a table of their members,
// or the type by its name where it has a section.
func (w *writer) payload(what string, v any) {
	t := reflect.TypeOf(v)
	switch {
	case t == nil:
	case t == reflect.TypeFor[protocol.Snapshot]():
		w.enqueue(t) // which the text names
	case t.Kind() == reflect.Struct && t.Name() != "":
		if what == "params" {
			w.printf("\n%s\n", w.prose("The params"+strings.TrimPrefix(w.src.types[t.Name()], t.Name())))
		}
		w.table(what, t)
	default:
		w.printf("\nThe %s: %s.\n", what, w.typeName(t, true))
	}
}

func (w *writer) example(what, json string) {
	if json != "" {
		w.printf("\nExample of the %s:\n\n```json\n%s\n```\n", what, json)
	}
}

// table lists the members of a struct.
func (w *writer) table(what string, t reflect.Type) {
	if t.NumField() == 0 {
		return
	}
	w.printf("\n| %s | type | |\n|---|---|---|\n", what)
	w.rows(t)
}

func (w *writer) rows(t reflect.Type) {
	for f := range t.Fields() {
		if f.Anonymous {
			w.rows(f.Type)
			continue
		}
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		optional := strings.Contains(options, "omit")
		typ := w.typeName(f.Type, !optional)
		if optional {
			typ += ", *optional*"
		}
		w.printf("| `%s` | %s | %s |\n", name, typ, w.prose(wireNames(t, w.src.fields[t.Name()][f.Name])))
	}
}

// wireNames turns the Go names of a struct's fields into those on the wire,
// where a comment surely means the field: at its beginning, as in "Kind and
// Object name the object", and where the name is no word, as in RootURI.
func wireNames(t reflect.Type, comment string) string {
	onWire := func(word string) string {
		if f, ok := t.FieldByName(word); ok {
			name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
			return "`" + name + "`"
		}
		return word
	}
	begin := beginning.FindString(comment)
	return word.ReplaceAllStringFunc(begin, onWire) + camel.ReplaceAllStringFunc(comment[len(begin):], onWire)
}

var (
	beginning = regexp.MustCompile(`^[A-Z]\w*((, | and )[A-Z]\w*)*`)
	word      = regexp.MustCompile(`\w+`)
	camel     = regexp.MustCompile(`\b[A-Z]\w*[a-z]\w*[A-Z]\w*\b`)
)

// typeName is the JSON type of a Go type, with a link where it has a section.
func (w *writer) typeName(t reflect.Type, nullable bool) string {
	switch {
	case t == reflect.TypeFor[time.Time]():
		return "time (RFC 3339)"
	case t == reflect.TypeFor[protocol.Token]():
		return "integer or string"
	case t.String() == "json.RawMessage":
		return "any"
	case t.Kind() == reflect.Pointer:
		if nullable {
			return w.typeName(t.Elem(), false) + " or null"
		}
		return w.typeName(t.Elem(), false)
	case t.Kind() == reflect.Slice && t.PkgPath() == "", t.Kind() == reflect.Array:
		return "list of " + w.typeName(t.Elem(), false)
	case t.Kind() == reflect.Map && t.PkgPath() == "":
		if t.Elem().Kind() == reflect.Interface {
			return "object"
		}
		return "object of " + w.typeName(t.Elem(), false)
	case t.Kind() == reflect.Interface:
		return "any"
	case t.PkgPath() != "":
		w.enqueue(t)
		return fmt.Sprintf("[%s](#%s)", t.Name(), anchor(t.Name()))
	}
	switch t.Kind() {
	case reflect.String:
		return "string"
	case reflect.Bool:
		return "boolean"
	case reflect.Float32, reflect.Float64:
		return "number"
	}
	return "integer"
}

func (w *writer) enqueue(t reflect.Type) {
	if w.seen == nil {
		w.seen = map[reflect.Type]bool{}
	}
	if !w.seen[t] {
		w.seen[t] = true
		w.queue = append(w.queue, t)
	}
}

// remainingTypes gives every type that was mentioned a section, and those that
// are mentioned there.
func (w *writer) remainingTypes() {
	for _, v := range further {
		w.enqueue(reflect.TypeOf(v))
	}
	w.printf("\n## Types\n")
	for i := 0; i < len(w.queue); i++ { // grows as it goes
		t := w.queue[i]
		w.printf("\n### %s\n\n%s\n", t.Name(), w.prose(w.src.types[t.Name()]))
		switch {
		case t.Kind() == reflect.Struct:
			w.table("member", t)
			continue
		case t.Kind() == reflect.Slice:
			w.printf("\nIt is a list of %s.\n", w.typeName(t.Elem(), false))
			continue
		case len(w.src.consts[t.Name()]) == 0:
			continue
		}
		w.printf("\n| value | |\n|---|---|\n")
		for _, c := range w.src.consts[t.Name()] {
			value, says := c.value, strings.TrimLeft(strings.TrimPrefix(c.doc, c.name), ": ")
			switch {
			case t.Kind() == reflect.String:
				value = `"` + value + `"`
			case says == "":
				says = c.name // a number alone tells nothing
			}
			w.printf("| `%s` | %s |\n", value, w.prose(says))
		}
	}
}

// named finds Go identifiers in brackets and bare names of constants.
var named = regexp.MustCompile(`\[([A-Z][A-Za-z]*)\]`)

// prose is a Go comment as one line of Markdown.
func (w *writer) prose(text string) string {
	line := strings.Join(strings.Fields(text), " ")
	line = strings.ReplaceAll(line, "|", `\|`)
	return named.ReplaceAllStringFunc(line, func(ref string) string {
		name := ref[1 : len(ref)-1]
		if c, ok := w.src.constant(name); ok {
			return "`" + c.value + "`"
		}
		if _, ok := w.src.types[name]; ok {
			return fmt.Sprintf("[%s](#%s)", name, anchor(name))
		}
		return "`" + name + "`"
	})
}

func (w *writer) errors() {
	w.printf("\n## Errors\n\nAn error has one of these codes, and its `data` is an [ErrorData](#errordata).\n\n| code | |\n|---|---|\n")
	for _, c := range w.src.consts["ErrorCode"] {
		w.printf("| `%s` | %s |\n", c.value, w.prose(strings.TrimLeft(strings.TrimPrefix(c.doc, c.name), ": ")))
	}
	w.printf("\nExample:\n\n```json\n%s\n```\n", errorExample)
	w.printf("\n## Kinds of failure\n\nThe `kind` of an error and of a session's [Cause](#cause) is one of these; their spelling never changes. The same\nvocabulary stands behind what the command line prints.\n")
	for _, c := range chapters {
		w.printf("\n### %s\n\n| kind | what has happened | what to do |\n|---|---|---|\n", c.title)
		for _, r := range c.remedies {
			w.printf("| `%s` | %s | %s |\n", r.kind, r.means, r.do)
		}
	}
}

const errorExample = `{"code": -32803, "message": "no Deployment or StatefulSet \"apo\" in namespace \"shop\"",
 "data": {"kind": "workload-not-found", "hint": "did you mean \"api\"?", "retryable": false}}`

// conformance tells which test proves which rule of the base protocol.
func (w *writer) conformance() {
	w.printf("\n## Conformance\n\nWhat a client may rely on, and the tests that prove it; `go test ./rpc -run NAME` runs one.\n")
	for _, section := range conformance {
		w.printf("\n### %s\n\n| rule | proven by |\n|---|---|\n", section.title)
		for _, r := range section.rules {
			w.printf("| %s | `%s` |\n", r.says, strings.Join(r.tests, "`, `"))
		}
	}
}

// documented lists every method that the tables hold, sorted.
func documented() []string {
	var all []string
	for _, g := range groups {
		for _, m := range g.messages {
			all = append(all, m.method)
		}
	}
	slices.Sort(all)
	return all
}
