package gendoc

import (
	"fmt"
	"reflect"
	"strings"
	"time"

	"github.com/tandem-dev/tandem/rpc/protocol"
)

// model is the protocol as every description of it needs it: the messages of
// the tables, and the types that they reach, each with its comment. Markdown,
// TypeScript and the JSON Schema are three ways of writing it down.
type model struct {
	src *source
	// types in the order in which they are first mentioned.
	types []typeInfo
}

// typeInfo is one named type.
type typeInfo struct {
	name, doc string
	// members of an object, embedded ones in their place; nil where values is set.
	members []member
	// values of an enumeration, in the order of their constants.
	values []value
	// number says that the values are numbers.
	number bool
	// alias is what a named type is that is neither an object nor an enumeration.
	alias *shape
}

// member is one member of an object.
type member struct {
	name, doc string
	shape     shape
	optional  bool
}

// value is one value of an enumeration, as JSON.
type value struct{ constant, json, doc string }

// kinds of shapes.
type shapeKind int

const (
	shapeAny shapeKind = iota
	shapeBoolean
	shapeInteger
	shapeNumber
	shapeText
	shapeTime
	shapeToken
	shapeNull
	shapeMap    // an object with arbitrary names; elem is what they hold
	shapeList   // elem is what it holds
	shapeNamed  // name is a type of the model
	shapeObject // members of a struct without a name
)

// shape is the JSON type of a value.
type shape struct {
	kind    shapeKind
	elem    *shape
	name    string
	members []member
	// null says that null may stand in its place.
	null bool
}

// newModel reads the Go files in dir, which are those of rpc/protocol, and
// follows the types of the tables.
func newModel(dir string) (*model, error) {
	src, err := read(dir)
	if err != nil {
		return nil, err
	}
	m := &model{src: src}
	seen := map[reflect.Type]bool{}
	var follow func(t reflect.Type)
	follow = func(t reflect.Type) {
		if t == nil || seen[t] || isScalar(t) {
			return
		}
		seen[t] = true
		if t.Name() != "" && t.PkgPath() != "" && t.PkgPath() != reflect.TypeFor[protocol.Snapshot]().PkgPath() {
			err = fmt.Errorf("%s is no type of rpc/protocol", t)
			return
		}
		named := t.PkgPath() != ""
		if named {
			m.types = append(m.types, m.describe(t))
		}
		switch t.Kind() {
		case reflect.Pointer, reflect.Slice, reflect.Array, reflect.Map:
			follow(t.Elem())
		case reflect.Struct:
			for f := range t.Fields() {
				if f.Anonymous {
					for g := range f.Type.Fields() {
						follow(g.Type)
					}
					continue
				}
				follow(f.Type)
			}
		}
	}
	for _, g := range groups {
		for _, msg := range g.messages {
			for _, v := range []any{msg.params, msg.result} {
				if v != nil {
					follow(reflect.TypeOf(v))
				}
			}
		}
	}
	for _, v := range further {
		follow(reflect.TypeOf(v))
	}
	return m, err
}

// isScalar says that a type is written down by itself, whatever it is made of.
func isScalar(t reflect.Type) bool {
	switch t {
	case reflect.TypeFor[time.Time](), reflect.TypeFor[protocol.Token]():
		return true
	}
	return t.String() == "json.RawMessage"
}

func (m *model) describe(t reflect.Type) typeInfo {
	info := typeInfo{name: t.Name(), doc: m.src.types[t.Name()]}
	if t.Kind() == reflect.Struct {
		info.members = m.membersOf(t)
		return info
	}
	info.number = t.Kind() != reflect.String
	for _, c := range m.src.consts[t.Name()] {
		v := value{constant: c.name, json: c.value, doc: strings.TrimLeft(strings.TrimPrefix(c.doc, c.name), ": ")}
		if !info.number {
			v.json = `"` + c.value + `"`
		}
		info.values = append(info.values, v)
	}
	if info.values == nil {
		s := underlying(m, t)
		info.alias = &s
	}
	return info
}

// underlying is the shape of a named type without its name.
func underlying(m *model, t reflect.Type) shape {
	switch t.Kind() {
	case reflect.String:
		return shape{kind: shapeText}
	case reflect.Bool:
		return shape{kind: shapeBoolean}
	case reflect.Float32, reflect.Float64:
		return shape{kind: shapeNumber}
	case reflect.Slice, reflect.Array:
		elem := m.shapeOf(t.Elem(), false)
		return shape{kind: shapeList, elem: &elem}
	case reflect.Map:
		elem := m.shapeOf(t.Elem(), false)
		return shape{kind: shapeMap, elem: &elem}
	case reflect.Interface:
		return shape{kind: shapeAny}
	}
	return shape{kind: shapeInteger}
}

// membersOf lists the members as encoding/json writes them.
func (m *model) membersOf(t reflect.Type) []member {
	members := []member{}
	for f := range t.Fields() {
		if f.Anonymous {
			members = append(members, m.membersOf(f.Type)...)
			continue
		}
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		optional := strings.Contains(options, "omit")
		s := m.shapeOf(f.Type, !optional)
		s.null = s.null || f.Tag.Get("schema") == "nullable" // LSP has members that may be absent or null
		members = append(members, member{
			name: name, optional: optional,
			doc:   wireNames(t, m.src.fields[t.Name()][f.Name]),
			shape: s,
		})
	}
	return members
}

// shapeOf is the JSON type of a Go type. A pointer is null where there is
// nothing to say, unless the member is absent then.
func (m *model) shapeOf(t reflect.Type, nullable bool) shape {
	switch {
	case t == reflect.TypeFor[time.Time]():
		return shape{kind: shapeTime}
	case t == reflect.TypeFor[protocol.Token]():
		return shape{kind: shapeToken}
	case isScalar(t):
		return shape{kind: shapeAny}
	case t.Kind() == reflect.Pointer:
		s := m.shapeOf(t.Elem(), false)
		s.null = nullable
		return s
	case t.PkgPath() != "":
		return shape{kind: shapeNamed, name: t.Name()}
	case t.Kind() == reflect.Struct:
		return shape{kind: shapeObject, members: m.membersOf(t)}
	}
	return underlying(m, t)
}

// resultShape is what answers a call.
func (m *model) resultShape(msg message) shape {
	if msg.result == nil {
		return shape{kind: shapeNull}
	}
	return m.shapeOf(reflect.TypeOf(msg.result), true)
}
