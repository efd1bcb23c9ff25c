package gendoc

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"

	"github.com/tandem-dev/tandem/rpc/protocol"
)

// object is a JSON object whose members keep their order.
type object []entry

type entry struct {
	key   string
	value any
}

// MarshalJSON writes the members as they stand.
func (o object) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	b.WriteByte('{')
	for i, e := range o {
		if i > 0 {
			b.WriteByte(',')
		}
		key, err := plain(e.key)
		if err != nil {
			return nil, err
		}
		value, err := plain(e.value)
		if err != nil {
			return nil, err
		}
		b.Write(key)
		b.WriteByte(':')
		b.Write(value)
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

// plain is JSON that leaves < and & as they are.
func plain(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(v)
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), err
}

// methodsKey is the schema's table of methods. JSON Schema has no word for what
// answers what; validators ignore the member.
const methodsKey = "x-methods"

// Schema is the protocol as a JSON Schema (draft 2020-12) of one message, in
// either direction. Each type is a definition of its own, and so are the params
// and the result of each method, which "x-methods" lists.
func Schema(dir string) (string, error) {
	m, err := newModel(dir)
	if err != nil {
		return "", err
	}
	defs := object{}
	messages := map[string][]any{}
	methods := object{}
	for _, g := range groups {
		for _, msg := range g.messages {
			from := sender(g)
			described := object{{"from", from}, {"kind", kind(msg)}}
			properties := object{{"jsonrpc", object{{"const", "2.0"}}}}
			required := []string{"jsonrpc", "method"}
			if msg.call {
				properties = append(properties, entry{"id", ref("Token")})
				required = []string{"jsonrpc", "id", "method"}
			} else {
				properties = append(properties, entry{"id", false})
			}
			properties = append(properties, entry{"method", object{{"const", msg.method}}})
			params := object{{"type", []string{"object", "null"}}}
			if msg.params != nil {
				s := m.shapeOf(reflect.TypeOf(msg.params), false)
				params = m.schemaOf(s)
				described = append(described, entry{"params", params})
				if m.requires(s) {
					required = append(required, "params")
				}
			}
			properties = append(properties, entry{"params", params})
			if msg.call {
				described = append(described, entry{"result", m.schemaOf(m.resultShape(msg))})
			}
			methods = append(methods, entry{msg.method, described})
			messages[from] = append(messages[from], object{
				{"title", msg.method}, {"description", m.plainText(msg.does)}, {"type", "object"},
				{"properties", properties}, {"required", required},
			})
		}
	}
	defs = append(defs,
		entry{"ClientMessage", object{{"description", "What the client sends beside answers."}, {"oneOf", messages["client"]}}},
		entry{"ServerMessage", object{{"description", "What the server sends beside answers."}, {"oneOf", messages["server"]}}},
		entry{"Response", object{
			{"description", "The answer to a request. The table of methods has the result of each."}, {"type", "object"},
			{"properties", object{
				{"jsonrpc", object{{"const", "2.0"}}},
				{"id", object{{"oneOf", []any{ref("Token"), object{{"type", "null"}}}}}},
				{"result", true}, {"error", ref("ResponseError")}, {"method", false},
			}},
			{"required", []string{"jsonrpc", "id"}},
			{"oneOf", []any{object{{"required", []string{"result"}}}, object{{"required", []string{"error"}}}}},
		}},
		entry{"ResponseError", object{
			{"description", "A request that failed. Answers that name no request have no data."}, {"type", "object"},
			{"properties", object{{"code", object{{"type", "integer"}}}, {"message", object{{"type", "string"}}}, {"data", ref("ErrorData")}}},
			{"required", []string{"code", "message"}},
		}},
		entry{"Token", object{{"description", "An id of a request, or a token of a progress."}, {"type", []string{"integer", "string"}}}},
	)
	for _, t := range m.types {
		defs = append(defs, entry{t.name, m.definition(t)})
	}
	root := object{
		{"$schema", "https://json-schema.org/draft/2020-12/schema"},
		{"$id", fmt.Sprintf("urn:tandem:protocol:%d", protocol.Version)},
		{"title", "Tandem's protocol"},
		{"description", "One message between an editor and tandem serve. Generated from rpc/protocol; protocol.md explains it."},
		{"anyOf", []any{ref("ClientMessage"), ref("ServerMessage"), ref("Response")}},
		{methodsKey, methods},
		{"$defs", defs},
	}
	raw, err := plain(root)
	if err != nil {
		return "", err
	}
	var out bytes.Buffer
	if err := json.Indent(&out, raw, "", " "); err != nil {
		return "", err
	}
	return out.String() + "\n", nil
}

func ref(name string) object { return object{{"$ref", "#/$defs/" + name}} }

// requires says whether params may not be left out: some member must be there.
func (m *model) requires(s shape) bool {
	for _, t := range m.types {
		if t.name == s.name {
			for _, f := range t.members {
				if !f.optional {
					return true
				}
			}
		}
	}
	return false
}

func (m *model) definition(t typeInfo) object {
	o := object{}
	if t.doc != "" {
		o = append(o, entry{"description", m.plainText(t.doc)})
	}
	switch {
	case t.alias != nil:
		return append(o, m.schemaOf(*t.alias)...)
	case t.values != nil:
		var all []any
		for _, v := range t.values {
			one := object{{"const", json.RawMessage(v.json)}}
			if v.doc != "" {
				one = append(one, entry{"description", m.plainText(v.doc)})
			}
			all = append(all, one)
		}
		return append(o, entry{"oneOf", all})
	}
	return append(o, m.objectSchema(t.members)...)
}

// objectSchema describes members. Others are allowed: whoever reads them must
// ignore what it does not know.
func (m *model) objectSchema(members []member) object {
	properties, required := object{}, []string{}
	for _, f := range members {
		s := m.schemaOf(f.shape)
		if f.doc != "" {
			s = append(object{{"description", m.plainText(f.doc)}}, s...)
		}
		properties = append(properties, entry{f.name, s})
		if !f.optional {
			required = append(required, f.name)
		}
	}
	o := object{{"type", "object"}, {"properties", properties}}
	if len(required) > 0 {
		o = append(o, entry{"required", required})
	}
	return o
}

func (m *model) schemaOf(s shape) object {
	if s.null {
		bare := s
		bare.null = false
		return object{{"anyOf", []any{m.schemaOf(bare), object{{"type", "null"}}}}}
	}
	simple := func(name string) object { return object{{"type", name}} }
	switch s.kind {
	case shapeBoolean:
		return simple("boolean")
	case shapeInteger:
		return simple("integer")
	case shapeNumber:
		return simple("number")
	case shapeText:
		return simple("string")
	case shapeTime:
		return object{{"type", "string"}, {"format", "date-time"}}
	case shapeNull:
		return simple("null")
	case shapeToken:
		return ref("Token")
	case shapeNamed:
		return ref(s.name)
	case shapeList:
		return object{{"type", "array"}, {"items", m.schemaOf(*s.elem)}}
	case shapeMap:
		return object{{"type", "object"}, {"additionalProperties", m.schemaOf(*s.elem)}}
	case shapeObject:
		return m.objectSchema(s.members)
	}
	return object{}
}

// plainText is a Go comment or Markdown without its marks.
func (m *model) plainText(text string) string {
	text = markdownLink.ReplaceAllString(strings.Join(strings.Fields(text), " "), "$1")
	return named.ReplaceAllStringFunc(text, func(ref string) string {
		name := ref[1 : len(ref)-1]
		if c, ok := m.src.constant(name); ok {
			return c.value
		}
		return name
	})
}
