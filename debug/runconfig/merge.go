package runconfig

import (
	"slices"

	"github.com/tandem-dev/tandem/debug/runconfig/jsonc"
)

// maybe is a value, or that there is none.
type maybe struct {
	v  any
	is bool
}

func member(o any, key string) maybe {
	object, _ := o.(jsonc.Ordered)
	return maybe{object.Get(key), object.Has(key)}
}

func (m maybe) equal(o maybe) bool { return m.is == o.is && (!m.is || jsonc.Equal(m.v, o.v)) }

// merge gives what an entry becomes: base is what was written last, theirs what
// is there, wanted what would be written now. What the user has not touched
// becomes what is wanted; what the user has changed or deleted stays; objects are
// merged member by member. Lists count as one value, but for those that name
// other entries (united): there each name counts for itself.
func merge(base, theirs, wanted maybe, key string) maybe {
	switch {
	case theirs.equal(base), theirs.equal(wanted):
		return wanted
	case wanted.equal(base) || !theirs.is || !wanted.is:
		return theirs
	}
	if their, ok := theirs.v.(jsonc.Ordered); ok {
		if want, ok := wanted.v.(jsonc.Ordered); ok {
			return maybe{mergeObjects(base.v, their, want), true}
		}
	}
	if slices.Contains(united, key) {
		if all, ok := unite(base.v, theirs.v, wanted.v); ok {
			return maybe{all, true}
		}
	}
	return theirs
}

// united are the members whose lists hold names of other entries.
var united = []string{"configurations", "dependsOn"}

func mergeObjects(base any, theirs, wanted jsonc.Ordered) jsonc.Ordered {
	merged := jsonc.Ordered{}
	take := func(key string) {
		if m := merge(member(base, key), member(theirs, key), member(wanted, key), key); m.is && !merged.Has(key) {
			merged = append(merged, jsonc.Member{Key: key, Value: m.v})
		}
	}
	for _, m := range theirs {
		take(m.Key)
	}
	for _, m := range wanted {
		take(m.Key)
	}
	return merged
}

// unite takes out of theirs what is not wanted any more and adds what is new.
func unite(base, theirs, wanted any) ([]any, bool) {
	b, _ := list(base)
	t, ok := list(theirs)
	w, ok2 := list(wanted)
	if !ok || !ok2 {
		return nil, false
	}
	has := func(all []any, v any) bool {
		return slices.ContainsFunc(all, func(e any) bool { return jsonc.Equal(e, v) })
	}
	out := slices.DeleteFunc(slices.Clone(t), func(v any) bool { return has(b, v) && !has(w, v) })
	for _, v := range w {
		if !has(b, v) && !has(out, v) {
			out = append(out, v)
		}
	}
	return out, true
}

func list(v any) ([]any, bool) {
	switch v := v.(type) {
	case []any:
		return v, true
	case []string:
		out := make([]any, len(v))
		for i, s := range v {
			out[i] = s
		}
		return out, true
	}
	return nil, false
}
