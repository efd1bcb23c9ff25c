package gendoc

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// Every test that the table names exists, its case too: a name in a table that
// no test bears would prove nothing.
func TestConformanceNamesTests(t *testing.T) {
	for _, section := range conformance {
		for _, r := range section.rules {
			if len(r.tests) == 0 {
				t.Errorf("%q is proven by nothing", r.says)
			}
			for _, name := range r.tests {
				dir, test, ok := strings.Cut(name, ".")
				if !ok {
					t.Fatalf("%q names no test of a folder", name)
				}
				test, sub, _ := strings.Cut(test, "/")
				texts, found := testsOf(t, dir)[test]
				if !found {
					t.Errorf("%s: there is no such test", name)
				} else if sub != "" && !texts[sub] {
					t.Errorf("%s: the test has no such case", name)
				}
			}
		}
	}
}

var testFiles = map[string]map[string]map[string]bool{}

// testsOf has the tests of a folder, each with the texts in it, which are the
// names of its cases among others.
func testsOf(t *testing.T, dir string) map[string]map[string]bool {
	t.Helper()
	if all, ok := testFiles[dir]; ok {
		return all
	}
	paths, err := filepath.Glob(filepath.Join(root, filepath.FromSlash(dir), "*_test.go"))
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]map[string]bool{}
	for _, path := range paths {
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, decl := range file.Decls {
			f, ok := decl.(*ast.FuncDecl)
			if !ok || f.Recv != nil {
				continue
			}
			texts := map[string]bool{}
			ast.Inspect(f, func(n ast.Node) bool {
				if lit, ok := n.(*ast.BasicLit); ok && lit.Kind == token.STRING {
					if text, err := strconv.Unquote(lit.Value); err == nil {
						texts[text] = true
					}
				}
				return true
			})
			all[f.Name.Name] = texts
		}
	}
	testFiles[dir] = all
	return all
}
