package gendoc

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// source is what the comments and constants of a package say.
type source struct {
	types  map[string]string            // type → its comment
	fields map[string]map[string]string // type → Go field → its comment
	consts map[string][]constant        // type, "" for untyped → its constants in order
}

type constant struct{ name, value, doc string }

// read parses the Go files of a folder, tests left out.
func read(dir string) (*source, error) {
	s := &source{types: map[string]string{}, fields: map[string]map[string]string{}, consts: map[string][]constant{}}
	paths, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		return nil, err
	}
	for _, path := range paths {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ParseComments)
		if err != nil {
			return nil, err
		}
		for _, decl := range file.Decls {
			if g, ok := decl.(*ast.GenDecl); ok {
				if err := s.add(g); err != nil {
					return nil, fmt.Errorf("%s: %w", path, err)
				}
			}
		}
	}
	return s, nil
}

func (s *source) add(g *ast.GenDecl) error {
	for _, spec := range g.Specs {
		switch spec := spec.(type) {
		case *ast.TypeSpec:
			name := spec.Name.Name
			s.types[name] = text(spec.Doc, g.Doc)
			if st, ok := spec.Type.(*ast.StructType); ok {
				s.fields[name] = map[string]string{}
				for _, f := range st.Fields.List {
					for _, n := range f.Names {
						s.fields[name][n.Name] = text(f.Doc, f.Comment)
					}
				}
			}
		case *ast.ValueSpec:
			if g.Tok != token.CONST || len(spec.Values) != 1 {
				continue
			}
			value, err := literal(spec.Values[0])
			if err != nil {
				return err
			}
			typ := ""
			if id, ok := spec.Type.(*ast.Ident); ok {
				typ = id.Name
			}
			s.consts[typ] = append(s.consts[typ], constant{spec.Names[0].Name, value, text(spec.Doc, spec.Comment)})
		}
	}
	return nil
}

// literal is the value of a constant: strings without their quotes, numbers as
// they are written.
func literal(e ast.Expr) (string, error) {
	switch e := e.(type) {
	case *ast.BasicLit:
		if e.Kind == token.STRING {
			return strconv.Unquote(e.Value)
		}
		return e.Value, nil
	case *ast.UnaryExpr:
		v, err := literal(e.X)
		return e.Op.String() + v, err
	}
	return "", fmt.Errorf("a constant that is no literal: %T", e)
}

// text is the first of the comments that says something.
func text(groups ...*ast.CommentGroup) string {
	for _, g := range groups {
		if t := strings.TrimSpace(g.Text()); t != "" {
			return t
		}
	}
	return ""
}

// methods are the values of the constants MethodXxx, sorted.
func (s *source) methods() []string {
	var all []string
	for _, c := range s.consts[""] {
		if strings.HasPrefix(c.name, "Method") {
			all = append(all, c.value)
		}
	}
	slices.Sort(all)
	return all
}

// constant finds a constant of any type by its Go name.
func (s *source) constant(name string) (constant, bool) {
	for _, typ := range slices.Sorted(maps.Keys(s.consts)) {
		for _, c := range s.consts[typ] {
			if c.name == name {
				return c, true
			}
		}
	}
	return constant{}, false
}
