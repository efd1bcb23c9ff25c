package house

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strconv"
	"testing"

	"go.yaml.in/yaml/v3"
)

// right is one verb on one resource, as RBAC has it.
type right struct{ verb, group, resource string }

// docs/rbac.yaml grants what session/cluster asks for before it starts: a Role
// that falls behind would send its readers back to their administrators.
func TestRoleGrantsWhatSessionsNeed(t *testing.T) {
	granted := role(t)
	needed := rightsIn(t, "session/cluster/permission.go", "permissions")
	if len(needed) < 10 {
		t.Fatalf("found only %d permissions in session/cluster: has the function moved?", len(needed))
	}
	for _, n := range needed {
		if !slices.Contains(granted, n) {
			t.Errorf("docs/rbac.yaml does not grant %s %s (apiGroup %q)", n.verb, n.resource, n.group)
		}
	}
}

// The doctor reviews every right of docs/rbac.yaml, the optional ones included: a
// Role that grows past it would hold what nobody can say the purpose of.
func TestDoctorReviewsTheWholeRole(t *testing.T) {
	reviewed := append(rightsIn(t, "session/cluster/permission.go", "permissions"),
		rightsIn(t, "session/cluster/doctor_rights.go", "wishes")...)
	for _, r := range role(t) {
		if !slices.Contains(reviewed, r) {
			t.Errorf("docs/rbac.yaml grants %s %s (apiGroup %q), which `tandem doctor` does not review: add it, with its purpose, to wishes in session/cluster/doctor_rights.go",
				r.verb, r.resource, r.group)
		}
	}
}

// role reads the rights of docs/rbac.yaml, without those that are bound to names.
func role(t *testing.T) []right {
	t.Helper()
	var doc struct {
		Rules []struct {
			APIGroups     []string `yaml:"apiGroups"`
			Resources     []string `yaml:"resources"`
			Verbs         []string `yaml:"verbs"`
			ResourceNames []string `yaml:"resourceNames"`
		} `yaml:"rules"`
	}
	if err := yaml.Unmarshal(read(t, "docs/rbac.yaml"), &doc); err != nil {
		t.Fatal(err)
	}
	var all []right
	for _, rule := range doc.Rules {
		if len(rule.ResourceNames) > 0 {
			continue
		}
		for _, g := range rule.APIGroups {
			for _, res := range rule.Resources {
				for _, v := range rule.Verbs {
					all = append(all, right{v, g, res})
				}
			}
		}
	}
	return all
}

// rightsIn reads the literals of type permission in a function from its source,
// because they are nobody else's business at run time. `kind` there stands for
// either kind of workload; names do not matter.
func rightsIn(t *testing.T, path, function string) []right {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), filepath.Join(root, path), nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var all []right
	for _, decl := range file.Decls {
		f, ok := decl.(*ast.FuncDecl)
		if !ok || f.Name.Name != function {
			continue
		}
		ast.Inspect(f.Body, func(n ast.Node) bool {
			lit, ok := n.(*ast.CompositeLit)
			if !ok || len(lit.Elts) != 4 {
				return true
			}
			if verb, ok := lit.Elts[0].(*ast.BasicLit); !ok || verb.Kind != token.STRING {
				return true // a list that happens to have four elements
			}
			for _, resource := range texts(lit.Elts[2]) {
				all = append(all, right{texts(lit.Elts[0])[0], texts(lit.Elts[1])[0], resource})
			}
			return true
		})
	}
	return all
}

// texts are the values that an expression of the table can have.
func texts(e ast.Expr) []string {
	switch e := e.(type) {
	case *ast.BasicLit:
		s, _ := strconv.Unquote(e.Value)
		return []string{s}
	case *ast.BinaryExpr:
		var all []string
		for _, left := range texts(e.X) {
			all = append(all, left+texts(e.Y)[0])
		}
		return all
	}
	return []string{"deployments", "statefulsets"}
}
