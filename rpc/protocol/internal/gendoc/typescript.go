package gendoc

import (
	"fmt"
	"reflect"
	"regexp"
	"strings"

	"github.com/tandem-dev/tandem/internal/fault"
	"github.com/tandem-dev/tandem/rpc/protocol"
)

const tsHead = `// Generated from rpc/protocol; do not edit. docs/protocol.md explains each message.
//   go test ./rpc/protocol/internal/gendoc -update

/** The protocolVersion that these types describe. */
export const protocolVersion = %d;
`

// TypeScript is the protocol's types for a client in TypeScript. They need no
// library: a message is named by its method, in one of four interfaces.
func TypeScript(dir string) (string, error) {
	m, err := newModel(dir)
	if err != nil {
		return "", err
	}
	w := &tsWriter{m: m}
	w.printf(tsHead, protocol.Version)
	w.messages("ClientRequests", "What the client asks: params and result by method.", "client", true)
	w.messages("ClientNotifications", "What the client tells: params by method.", "client", false)
	w.messages("ServerRequests", "What the server asks: params and result by method.", "server", true)
	w.messages("ServerNotifications", "What the server tells: params by method.", "server", false)
	for _, t := range m.types {
		w.typ(t)
	}
	w.errors()
	return w.out.String(), nil
}

type tsWriter struct {
	out strings.Builder
	m   *model
}

func (w *tsWriter) printf(format string, args ...any) { fmt.Fprintf(&w.out, format, args...) }

// messages writes one of the four interfaces.
func (w *tsWriter) messages(name, says, from string, call bool) {
	w.printf("\n/** %s */\nexport interface %s {\n", says, name)
	for _, g := range groups {
		for _, msg := range g.messages {
			if sender(g) != from || msg.call != call {
				continue
			}
			w.comment("  ", msg.does)
			params := "undefined"
			if msg.params != nil {
				params = w.typeOf(w.m.shapeOf(reflect.TypeOf(msg.params), false), "  ")
			}
			if call {
				w.printf("  '%s': { params: %s; result: %s };\n", msg.method, params, w.typeOf(w.m.resultShape(msg), "  "))
			} else {
				w.printf("  '%s': %s;\n", msg.method, params)
			}
		}
	}
	w.printf("}\n")
}

func (w *tsWriter) typ(t typeInfo) {
	w.printf("\n")
	w.comment("", t.doc)
	switch {
	case t.alias != nil:
		w.printf("export type %s = %s;\n", t.name, w.typeOf(*t.alias, ""))
	case t.values != nil:
		w.printf("export type %s =\n", t.name)
		for i, v := range t.values {
			w.comment("  ", v.doc)
			end := ""
			if i == len(t.values)-1 {
				end = ";"
			}
			w.printf("  | %s%s\n", quoted(v.json), end)
		}
		if t.number { // a number alone tells a reader nothing
			w.printf("\n/** The values of {@link %s} by name. */\nexport const %sValue = {\n", t.name, t.name)
			for _, v := range t.values {
				w.printf("  %s: %s,\n", v.constant, v.json)
			}
			w.printf("} as const;\n")
		}
	case len(t.members) == 0:
		w.printf("export type %s = Record<string, never>;\n", t.name)
	default:
		w.printf("export interface %s %s\n", t.name, w.object(t.members, ""))
	}
}

// object writes members between braces.
func (w *tsWriter) object(members []member, indent string) string {
	var out strings.Builder
	inner := &tsWriter{m: w.m}
	for _, f := range members {
		inner.comment(indent+"  ", f.doc)
		mark := ""
		if f.optional {
			mark = "?"
		}
		inner.printf("%s  %s%s: %s;\n", indent, f.name, mark, w.typeOf(f.shape, indent+"  "))
	}
	fmt.Fprintf(&out, "{\n%s%s}", inner.out.String(), indent)
	return out.String()
}

func (w *tsWriter) typeOf(s shape, indent string) string {
	plain := s
	plain.null = false
	if s.null {
		return w.typeOf(plain, indent) + " | null"
	}
	switch s.kind {
	case shapeBoolean:
		return "boolean"
	case shapeInteger, shapeNumber:
		return "number"
	case shapeText, shapeTime:
		return "string"
	case shapeToken:
		return "number | string"
	case shapeNull:
		return "null"
	case shapeMap:
		return "Record<string, " + w.typeOf(*s.elem, indent) + ">"
	case shapeList:
		elem := w.typeOf(*s.elem, indent)
		if strings.Contains(elem, " | ") {
			elem = "(" + elem + ")"
		}
		return elem + "[]"
	case shapeNamed:
		return s.name
	case shapeObject:
		return w.object(s.members, indent)
	}
	return "unknown"
}

// errors writes codes and kinds as constants, which a client compares with.
func (w *tsWriter) errors() {
	w.printf("\n/** The code of an error tells how to treat it; its data is an {@link ErrorData}. */\nexport const ErrorCode = {\n")
	for _, c := range w.m.src.consts["ErrorCode"] {
		w.comment("  ", strings.TrimLeft(strings.TrimPrefix(c.doc, c.name), ": "))
		w.printf("  %s: %s,\n", strings.TrimPrefix(c.name, "Code"), c.value)
	}
	w.printf("} as const;\n\n/** Every kind that this version knows, in {@link ErrorData} and {@link Cause}. */\nexport type FailureKind =\n")
	kinds := fault.Kinds()
	for i, k := range kinds {
		end := ""
		if i == len(kinds)-1 {
			end = ";"
		}
		w.printf("  | '%s'%s\n", k, end)
	}
}

// markdownLink is a link of Markdown, of which TypeScript's comments keep the words.
var markdownLink = regexp.MustCompile(`\[([^\]]*)\]\([^)]*\)`)

// comment writes a Go comment as a documentation comment, 100 columns wide.
func (w *tsWriter) comment(indent, text string) {
	text = named.ReplaceAllStringFunc(markdownLink.ReplaceAllString(text, "$1"), func(ref string) string {
		name := ref[1 : len(ref)-1]
		if c, ok := w.m.src.constant(name); ok {
			return "`" + c.value + "`"
		}
		if _, ok := w.m.src.types[name]; ok {
			return "{@link " + name + "}"
		}
		return "`" + name + "`"
	})
	text = strings.ReplaceAll(text, "*/", "*\u200b/")
	lines := wrapped(text, 100-len(indent)-3)
	switch {
	case len(lines) == 0:
	case len(lines) == 1 && len(lines[0]) < 100-len(indent)-7:
		w.printf("%s/** %s */\n", indent, lines[0])
	default:
		w.printf("%s/**\n", indent)
		for _, l := range lines {
			w.printf("%s * %s\n", indent, l)
		}
		w.printf("%s */\n", indent)
	}
}

// wrapped breaks a text into lines of at most width bytes, where words allow.
func wrapped(text string, width int) []string {
	var lines []string
	line := ""
	for word := range strings.FieldsSeq(text) {
		switch {
		case line == "":
			line = word
		case len(line)+1+len(word) <= width:
			line += " " + word
		default:
			lines = append(lines, line)
			line = word
		}
	}
	if line != "" {
		lines = append(lines, line)
	}
	return lines
}

// quoted writes a JSON value as the extension's style wants it.
func quoted(json string) string {
	if strings.HasPrefix(json, `"`) {
		return "'" + strings.Trim(json, `"`) + "'"
	}
	return json
}

// TypeScriptExamples is a file that holds every example as a constant of its
// type: where a compiler takes it, the examples fit the types of [TypeScript].
// from is the module that has them.
func TypeScriptExamples(dir, from string) (string, error) {
	m, err := newModel(dir)
	if err != nil {
		return "", err
	}
	w := &tsWriter{m: m}
	w.printf("// Generated from rpc/protocol; do not edit. The compiler proves that the examples of\n" +
		"// docs/protocol.md fit the types.\n//   go test ./rpc/protocol/internal/gendoc -update\n")
	w.printf("import type * as p from '%s';\n\nexport const examples: [\n", from)
	var types, values strings.Builder
	for _, g := range groups {
		for _, msg := range g.messages {
			table := map[string]string{"client": "Client", "server": "Server"}[sender(g)]
			if msg.call {
				table += "Requests"
			} else {
				table += "Notifications"
			}
			of := fmt.Sprintf("p.%s['%s']", table, msg.method)
			if msg.paramsExample != "" {
				t := of
				if msg.call {
					t += "['params']"
				}
				fmt.Fprintf(&types, "  %s,\n", t)
				fmt.Fprintf(&values, "  %s,\n", msg.paramsExample)
			}
			if msg.resultExample != "" {
				fmt.Fprintf(&types, "  %s['result'],\n", of)
				fmt.Fprintf(&values, "  %s,\n", msg.resultExample)
			}
		}
	}
	w.printf("%s] = [\n%s];\n", types.String(), values.String())
	return w.out.String(), nil
}
