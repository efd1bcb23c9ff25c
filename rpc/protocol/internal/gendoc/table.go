package gendoc

import (
	"bytes"
	"fmt"
	"go/format"
	"reflect"
	"strings"
)

const tableHead = `// Code generated from the tables of rpc/protocol/internal/gendoc; DO NOT EDIT.

package protocol

// messages is every message of the protocol, in the order of the reference.
var messages = []Message{
`

// zero is a field of a composite literal with a zero value, "" for none.
func zero(field string, v any) string {
	if v == nil {
		return ""
	}
	t := strings.ReplaceAll(fmt.Sprintf("%T", v), "protocol.", "")
	switch reflect.TypeOf(v).Kind() {
	case reflect.Struct, reflect.Slice, reflect.Map:
		return fmt.Sprintf(", %s: %s{}", field, t)
	}
	return fmt.Sprintf(", %s: *new(%s)", field, t)
}

// Table is the Go file that holds every message by its method, for whoever
// serves or checks them.
func Table(dir string) (string, error) {
	src, err := read(dir)
	if err != nil {
		return "", err
	}
	var b bytes.Buffer
	b.WriteString(tableHead)
	for _, g := range groups {
		for _, m := range g.messages {
			name := ""
			for _, c := range src.consts[""] {
				if strings.HasPrefix(c.name, "Method") && c.value == m.method {
					name = c.name
				}
			}
			if name == "" {
				return "", fmt.Errorf("no constant MethodXxx is %q", m.method)
			}
			from := map[string]string{"client": "FromClient", "server": "FromServer"}[sender(g)]
			fmt.Fprintf(&b, "\t{Method: %s, From: %s, Call: %t%s%s},\n", name, from, m.call, zero("Params", m.params), zero("Result", m.result))
		}
	}
	b.WriteString("}\n")
	out, err := format.Source(b.Bytes())
	return string(out), err
}
