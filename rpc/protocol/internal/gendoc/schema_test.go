package gendoc

import (
	"fmt"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// schemas compiles the schema and what it says of one method's params and result.
type schemas struct {
	t *testing.T
	c *jsonschema.Compiler
}

const schemaURL = "urn:tandem:protocol:1"

func compile(t *testing.T) *schemas {
	t.Helper()
	text, err := Schema(types)
	if err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	if err := c.AddResource(schemaURL, doc); err != nil {
		t.Fatal(err)
	}
	return &schemas{t: t, c: c}
}

// check validates a JSON text against the part of the schema that pointer names.
func (s *schemas) check(pointer, text string) error {
	s.t.Helper()
	schema, err := s.c.Compile(schemaURL + "#" + pointer)
	if err != nil {
		s.t.Fatalf("%s: %v", pointer, err)
	}
	doc, err := jsonschema.UnmarshalJSON(strings.NewReader(text))
	if err != nil {
		s.t.Fatalf("%s: %v", text, err)
	}
	return schema.Validate(doc)
}

func (s *schemas) must(pointer, text string) {
	s.t.Helper()
	if err := s.check(pointer, text); err != nil {
		s.t.Errorf("%s\n%v", text, err)
	}
}

// Every example is valid by what the schema says of its method, and as a whole
// message.
func TestExamplesFitTheSchema(t *testing.T) {
	s := compile(t)
	for _, g := range groups {
		for _, m := range g.messages {
			t.Run(strings.ReplaceAll(m.method, "/", "."), func(t *testing.T) {
				s := &schemas{t: t, c: s.c}
				pointer := "/" + methodsKey + "/" + strings.NewReplacer("~", "~0", "/", "~1").Replace(m.method)
				params, id := "", ""
				if m.paramsExample != "" {
					s.must(pointer+"/params", m.paramsExample)
					params = `,"params":` + m.paramsExample
				}
				if m.call {
					id = `,"id":1`
				}
				s.must("", fmt.Sprintf(`{"jsonrpc":"2.0"%s,"method":%q%s}`, id, m.method, params))
				if m.resultExample != "" {
					s.must(pointer+"/result", m.resultExample)
					s.must("", fmt.Sprintf(`{"jsonrpc":"2.0","id":"a","result":%s}`, m.resultExample))
				}
			})
		}
	}
	s.must("", `{"jsonrpc":"2.0","id":1,"error":`+errorExample+`}`)
}

// A schema that takes everything would prove nothing.
func TestSchemaRefuses(t *testing.T) {
	s := compile(t)
	for name, text := range map[string]string{
		"no version":                `{"id":1,"method":"session/list","params":{}}`,
		"unknown method":            `{"jsonrpc":"2.0","id":1,"method":"session/rename"}`,
		"request without an id":     `{"jsonrpc":"2.0","method":"session/get","params":{"id":"shop/api"}}`,
		"notification with an id":   `{"jsonrpc":"2.0","id":1,"method":"initialized"}`,
		"params are missing":        `{"jsonrpc":"2.0","id":1,"method":"session/get"}`,
		"params are a list":         `{"jsonrpc":"2.0","id":1,"method":"session/get","params":["shop/api"]}`,
		"member of another type":    `{"jsonrpc":"2.0","id":1,"method":"session/get","params":{"id":7}}`,
		"member is missing":         `{"jsonrpc":"2.0","id":1,"method":"session/get","params":{}}`,
		"unknown value":             `{"jsonrpc":"2.0","method":"$/setTrace","params":{"value":"loud"}}`,
		"null where no null may be": strings.Replace(`{"jsonrpc":"2.0","method":"session/didChange","params":`+readySnapshot+`}`, `"seq": 9`, `"seq": null`, 1),
		"a time that is none":       strings.Replace(`{"jsonrpc":"2.0","method":"session/didChange","params":`+readySnapshot+`}`, "2026-11-22T", "yesterday ", 1),
		"answer with both":          `{"jsonrpc":"2.0","id":1,"result":1,"error":` + errorExample + `}`,
		"answer with neither":       `{"jsonrpc":"2.0","id":1}`,
	} {
		t.Run(name, func(t *testing.T) {
			if s.check("", text) == nil {
				t.Errorf("the schema takes %s", text)
			}
		})
	}
}
