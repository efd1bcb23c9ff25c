package gendoc

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tandem-dev/tandem/internal/fault"
)

var update = flag.Bool("update", false, "write what is generated")

const (
	types = "../.."
	root  = "../../../.."
)

// outputs is everything that is derived from rpc/protocol.
var outputs = []struct {
	path  string // from the repository's root
	write func(dir string) (string, error)
}{
	{"rpc/protocol/messages.go", Table}, // first: the others are about what it lists
	{"docs/protocol.md", Markdown},
	{"docs/protocol.schema.json", Schema},
	{"extensions/vscode/src/protocol.ts", TypeScript},
	{"e2e/clients/node/examples.ts", func(dir string) (string, error) {
		return TypeScriptExamples(dir, "../../../extensions/vscode/src/protocol")
	}},
}

func TestOutputsAreUpToDate(t *testing.T) {
	for _, o := range outputs {
		t.Run(filepath.Base(o.path), func(t *testing.T) {
			want, err := o.write(types)
			if err != nil {
				t.Fatal(err)
			}
			path := filepath.Join(root, filepath.FromSlash(o.path))
			if *update {
				if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			got, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(strings.Split(string(got), "\n"), strings.Split(want, "\n")); diff != "" {
				t.Errorf("%s is stale (-file +types); run this test with -update:\n%s", o.path, diff)
			}
		})
	}
}

func TestEveryMethodIsDocumented(t *testing.T) {
	src, err := read(types)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(src.methods(), documented()); diff != "" {
		t.Errorf("constants of rpc/protocol (-) and messages.go (+) differ:\n%s", diff)
	}
}

func TestEveryKindIsDocumented(t *testing.T) {
	var got []fault.Kind
	for _, c := range chapters {
		for _, r := range c.remedies {
			got = append(got, r.kind)
			if r.means == "" || r.do == "" {
				t.Errorf("%s: says nothing about what it means or what to do", r.kind)
			}
		}
	}
	slices.Sort(got)
	if diff := cmp.Diff(fault.Kinds(), got); diff != "" {
		t.Errorf("internal/fault (-) and kinds.go (+) differ:\n%s", diff)
	}
}

// A member without a comment leaves its row empty.
func TestEveryTypeHasAComment(t *testing.T) {
	src, err := read(types)
	if err != nil {
		t.Fatal(err)
	}
	for name, comment := range src.types {
		if comment == "" {
			t.Errorf("type %s has no comment", name)
		}
	}
}

// Examples hold what the types hold, no more: an unknown member in one is a
// mistake that a reader would copy.
func TestExamplesFitTheirTypes(t *testing.T) {
	for _, g := range groups {
		for _, m := range g.messages {
			t.Run(strings.ReplaceAll(m.method, "/", "."), func(t *testing.T) {
				fits(t, m.params, m.paramsExample)
				if m.result != nil || m.resultExample != "null" {
					fits(t, m.result, m.resultExample)
				}
				if m.params != nil && m.paramsExample == "" {
					t.Error("params without an example")
				}
			})
		}
	}
}

func fits(t *testing.T, want any, example string) {
	t.Helper()
	if example == "" {
		return
	}
	if want == nil {
		t.Fatalf("an example without a type: %s", example)
	}
	d := json.NewDecoder(strings.NewReader(example))
	d.DisallowUnknownFields()
	if err := d.Decode(reflect.New(reflect.TypeOf(want)).Interface()); err != nil {
		t.Errorf("%s: %v", example, err)
	}
}
