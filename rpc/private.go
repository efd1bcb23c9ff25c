package rpc

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"time"

	"github.com/tandem-dev/tandem/rpc/protocol"
)

// What is kept of a conversation, in a trace or a transcript, is pasted into bug
// reports. It has no value of a variable and nothing that a command wrote: the
// types of rpc/protocol mark such members with the tag `private`,
//
//	drop  the member is left out
//	size  a text is replaced by its length
//
// and of everything else only the members that the types have are kept.

// keptForm is a message's params or result as it may be kept. like is a zero
// value of its type; nil is a message without params, of which nothing is kept.
func keptForm(raw json.RawMessage, like any) json.RawMessage {
	if like == nil || len(raw) == 0 {
		return nil
	}
	var v any
	d := json.NewDecoder(strings.NewReader(string(raw)))
	d.UseNumber() // numbers stay as they are written
	if err := d.Decode(&v); err != nil {
		return nil
	}
	kept, err := encode(keep(v, reflect.TypeOf(like)))
	if err != nil {
		return nil
	}
	return kept
}

// keep walks a decoded value beside its type.
func keep(v any, t reflect.Type) any {
	switch t {
	case reflect.TypeFor[time.Time](), reflect.TypeFor[protocol.Token](), reflect.TypeFor[json.RawMessage]():
		return v
	}
	switch t.Kind() {
	case reflect.Pointer:
		return keep(v, t.Elem())
	case reflect.Slice, reflect.Array:
		if list, ok := v.([]any); ok {
			for i := range list {
				list[i] = keep(list[i], t.Elem())
			}
		}
	case reflect.Map:
		if object, ok := v.(map[string]any); ok {
			for name := range object {
				object[name] = keep(object[name], t.Elem())
			}
		}
	case reflect.Struct:
		if object, ok := v.(map[string]any); ok {
			return keepMembers(object, t)
		}
	}
	return v
}

func keepMembers(object map[string]any, t reflect.Type) orderedObject {
	var kept orderedObject
	for f := range t.Fields() {
		if f.Anonymous {
			kept = append(kept, keepMembers(object, f.Type)...)
			continue
		}
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		v, ok := object[name]
		if !ok {
			continue
		}
		switch f.Tag.Get("private") {
		case "drop":
			continue
		case "size":
			if text, ok := v.(string); ok {
				v = fmt.Sprintf("(%d bytes)", len(text))
			}
		default:
			v = keep(v, f.Type)
		}
		kept = append(kept, namedValue{name, v})
	}
	return kept
}

// orderedObject is a JSON object whose members keep the order of their type.
type orderedObject []namedValue

type namedValue struct {
	name  string
	value any
}

// MarshalJSON writes the members as they stand.
func (o orderedObject) MarshalJSON() ([]byte, error) {
	out := []byte{'{'}
	for i, m := range o {
		if i > 0 {
			out = append(out, ',')
		}
		name, err := encode(m.name)
		if err != nil {
			return nil, err
		}
		value, err := encode(m.value)
		if err != nil {
			return nil, err
		}
		out = append(append(append(out, name...), ':'), value...)
	}
	return append(out, '}'), nil
}

// byMethod finds the message of a method from one end.
var byMethod = func() map[protocol.Sender]map[string]protocol.Message {
	all := map[protocol.Sender]map[string]protocol.Message{protocol.FromClient: {}, protocol.FromServer: {}}
	for _, m := range protocol.Messages() {
		all[m.From][m.Method] = m
	}
	return all
}()
