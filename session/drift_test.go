package session

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"

	"github.com/tandem-dev/tandem/envfile"
)

// What the container was seen to have stays, but for what its sources say anew.
func TestObservedIsCarriedAlong(t *testing.T) {
	observed := []string{"PATH=/bin", "KEPT=seen", "CHANGED=old", "GONE=x", "HOOK=injected"}
	before := map[string]string{"KEPT": "computed", "CHANGED": "old", "GONE": "x"}
	now := map[string]string{"KEPT": "computed", "CHANGED": "new", "ADDED": "a=b"}
	want := []string{"PATH=/bin", "KEPT=seen", "HOOK=injected", "ADDED=a=b", "CHANGED=new"}
	if diff := cmp.Diff(want, carried(observed, before, now)); diff != "" {
		t.Error(diff)
	}
}

func TestComparedNamesWhatChanged(t *testing.T) {
	env := func(pairs ...string) *envfile.Environment {
		e := &envfile.Environment{}
		for i := 0; i < len(pairs); i += 2 {
			e.Vars = append(e.Vars, envfile.Variable{Name: pairs[i], Value: pairs[i+1]})
		}
		return e
	}
	got := compared(env("A", "1", "B", "2", "C", "3"), env("A", "1", "B", "two", "D", "4"))
	want := EnvChange{Added: []string{"D"}, Changed: []string{"B"}, Removed: []string{"C"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if !compared(env("A", "1"), env("A", "1")).empty() {
		t.Error("equal environments differ")
	}
}

// A required object that is deleted under a session keeps its values; an
// optional one goes.
func TestDeletedSourcesAreKeptWhereRequired(t *testing.T) {
	old := map[string]*corev1.Secret{"must": {}, "may": {}, "stays": {}}
	now := map[string]*corev1.Secret{"stays": {}}
	var missing []string
	keepDeleted([]envfile.Ref{{Name: "must"}, {Name: "may", Optional: true}, {Name: "stays"}, {Name: "never"}}, old, now,
		func(name string) { missing = append(missing, name) })
	if now["must"] != old["must"] || now["may"] != nil || len(now) != 2 {
		t.Errorf("now %v", now)
	}
	if diff := cmp.Diff([]string{"must"}, missing); diff != "" {
		t.Error(diff)
	}
}
