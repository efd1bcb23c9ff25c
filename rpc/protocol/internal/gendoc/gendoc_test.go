package gendoc

import (
	"encoding/json"
	"flag"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tandem-dev/tandem/internal/fault"
)

var update = flag.Bool("update", false, "write docs/protocol.md")

const (
	types = "../.."
	page  = "../../../../docs/protocol.md"
)

func TestPageIsUpToDate(t *testing.T) {
	want, err := Markdown(types)
	if err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile(page, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	got, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.Split(string(got), "\n"), strings.Split(want, "\n")); diff != "" {
		t.Errorf("docs/protocol.md is stale (-file +types); run this test with -update:\n%s", diff)
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
