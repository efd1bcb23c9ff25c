package manifest

import (
	"fmt"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"
)

// reader walks the YAML nodes of one manifest and collects every finding; it
// never stops at the first.
type reader struct {
	src *source
	// local finds variables of the local machine: the process environment, and
	// the .env file beneath it.
	local lookup
	found []Diagnostic
	// budget counts down with every node visited. Aliases let a short file
	// describe more nodes than fit in memory; a manifest needs a few hundred.
	budget    int
	exhausted bool
	// dev is the name of the dev being read, "" outside; field the key of the
	// field being read, nil outside.
	dev   string
	field *yaml.Node
	// quiet leaves out what depends on this machine (unset variables, missing
	// files): set for devs that Tandem does not run.
	quiet bool
	// aliases are the anchors being resolved now, to find one inside itself.
	aliases []*yaml.Node
}

const (
	nodeBudget   = 200_000
	maxYAMLDepth = 64
	// maxFindings is more than anybody reads; a text with that many faults is
	// no manifest, and reading on is a waste.
	maxFindings = 1000
)

func newReader(src *source, local lookup) *reader {
	return &reader{src: src, local: local, budget: nodeBudget}
}

func (r *reader) report(severity Severity, code string, at Range, hint, format string, args ...any) {
	switch {
	case len(r.found) == maxFindings:
		severity, code, hint, format, args = Error, CodeTooComplex, "", "too many faults; the rest is not read", nil
		r.exhausted = true
	case len(r.found) > maxFindings:
		return
	}
	r.found = append(r.found, Diagnostic{Severity: severity, Code: code, Message: fmt.Sprintf(format, args...),
		Hint: hint, Range: at, Dev: r.dev})
}

// instead gives the latest finding its replacement. It is for the caller that
// has just reported one.
func (r *reader) instead(text string) {
	if i := len(r.found) - 1; i >= 0 && i < maxFindings {
		r.found[i].Replacement = text
	}
}

func (r *reader) errorAt(n *yaml.Node, code, hint, format string, args ...any) {
	r.report(Error, code, r.src.rangeOf(n), hint, format, args...)
}

func (r *reader) warnAt(n *yaml.Node, code, hint, format string, args ...any) {
	r.report(Warning, code, r.src.rangeOf(n), hint, format, args...)
}

// resolve follows aliases to the node they stand for. It is nil once the
// budget is gone, and for an alias without a target.
func (r *reader) resolve(n *yaml.Node) *yaml.Node {
	if n == nil || r.exhausted {
		return nil
	}
	if r.budget--; r.budget < 0 {
		r.exhausted = true
		if r.field != nil {
			n = r.field // the innermost block tells nobody which use is too much
		}
		r.errorAt(n, CodeTooComplex, "write the repeated blocks out", "aliases make this manifest grow without bound")
		return nil
	}
	for hops := 0; n != nil && n.Kind == yaml.AliasNode; hops++ {
		if hops > maxYAMLDepth {
			return nil
		}
		n = n.Alias
	}
	return n
}

// isNull says that a value is absent: `key:` with nothing, null or ~.
func isNull(n *yaml.Node) bool {
	return n == nil || n.Kind == 0 || n.Kind == yaml.ScalarNode && n.ShortTag() == "!!null"
}

// entry is one key of a mapping with its value, aliases resolved.
type entry struct {
	name  string
	key   *yaml.Node
	value *yaml.Node
}

// valueRange is the place of an entry's value, or of its key where the value is
// empty.
func (r *reader) valueRange(e entry) Range {
	if isNull(e.value) {
		return r.src.rangeOf(e.key)
	}
	return r.src.rangeOf(e.value)
}

// entries gives a mapping's keys in file order with merge keys (<<) applied:
// a key of the mapping itself beats a merged one, an earlier merge beats a
// later one. what names the mapping in messages. Anything but a mapping is an
// error; null is an empty mapping.
func (r *reader) entries(n *yaml.Node, what string) []entry {
	return r.entriesAt(n, what, 0)
}

func (r *reader) entriesAt(n *yaml.Node, what string, depth int) []entry {
	n = r.resolve(n)
	if isNull(n) {
		return nil
	}
	if n.Kind != yaml.MappingNode {
		r.errorAt(n, CodeType, "", "%s must be a mapping, not %s", what, kindName(n))
		return nil
	}
	if depth > maxYAMLDepth || slices.Contains(r.aliases, n) {
		r.errorAt(n, CodeTooComplex, "", "this mapping is merged into itself")
		return nil
	}
	r.aliases = append(r.aliases, n)
	defer func() { r.aliases = r.aliases[:len(r.aliases)-1] }()

	var own, merged []entry
	seen := map[string]*yaml.Node{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := r.resolve(n.Content[i]), n.Content[i+1]
		if key == nil {
			return own
		}
		if key.Kind != yaml.ScalarNode {
			r.errorAt(key, CodeType, "", "a key of %s must be text, not %s", what, kindName(key))
			continue
		}
		if key.Value == "<<" && (key.Tag == "!!merge" || key.Style == 0) {
			merged = append(merged, r.merge(value, what, depth)...)
			continue
		}
		if first := seen[key.Value]; first != nil {
			r.errorAt(key, CodeDuplicateKey, "keep one of the two", "%q is set already in line %d", key.Value, first.Line)
			continue
		}
		seen[key.Value] = key
		own = append(own, entry{name: key.Value, key: key, value: r.resolve(value)})
	}
	for _, e := range merged {
		if seen[e.name] == nil {
			seen[e.name] = e.key
			own = append(own, e)
		}
	}
	return own
}

func (r *reader) merge(value *yaml.Node, what string, depth int) []entry {
	target := r.resolve(value)
	switch {
	case target == nil:
		return nil
	case target.Kind == yaml.MappingNode:
		return r.entriesAt(target, what, depth+1)
	case target.Kind == yaml.SequenceNode:
		var all []entry
		for _, item := range target.Content {
			all = append(all, r.merge(item, what, depth+1)...)
			if depth > maxYAMLDepth || r.exhausted {
				break
			}
		}
		return all
	}
	r.errorAt(value, CodeType, "write << : *name", "<< merges a mapping or a list of mappings, not %s", kindName(target))
	return nil
}

// items gives the elements of a list, aliases resolved. Null is an empty list.
func (r *reader) items(n *yaml.Node, what string) []*yaml.Node {
	n = r.resolve(n)
	if isNull(n) {
		return nil
	}
	if n.Kind != yaml.SequenceNode {
		r.errorAt(n, CodeType, "start each element with \"- \"", "%s must be a list, not %s", what, kindName(n))
		return nil
	}
	var out []*yaml.Node
	for _, c := range n.Content {
		if v := r.resolve(c); v != nil {
			out = append(out, v)
		}
	}
	return out
}

// kindName says what a node is, for messages.
func kindName(n *yaml.Node) string {
	switch n.Kind {
	case yaml.MappingNode:
		return "a mapping"
	case yaml.SequenceNode:
		return "a list"
	}
	switch n.ShortTag() {
	case "!!null":
		return "empty"
	case "!!bool":
		return "true or false"
	case "!!int", "!!float":
		return "a number"
	}
	return "text"
}

// text is a string of the manifest: as written, and expanded.
type text struct {
	raw   string
	value string
	node  *yaml.Node
}

// expanded says that the value came out of variables, so that messages quote
// the text as written: a value of the environment may be a password.
func (t text) expanded() bool { return t.raw != t.value }

// literal reads a scalar without expanding it: text, numbers and true/false
// alike, as they are written.
func (r *reader) literal(n *yaml.Node, what string) (text, bool) {
	n = r.resolve(n)
	if isNull(n) {
		return text{node: n}, false
	}
	if n.Kind != yaml.ScalarNode {
		r.errorAt(n, CodeType, "", "%s must be text, not %s", what, kindName(n))
		return text{node: n}, false
	}
	return text{raw: n.Value, value: n.Value, node: n}, true
}

// text reads a scalar and expands the variables in it.
func (r *reader) text(n *yaml.Node, what string) (text, bool) {
	t, ok := r.literal(n, what)
	if !ok || !strings.Contains(t.raw, "$") {
		return t, ok
	}
	parsed, bad := parseTemplate(t.raw)
	value, found := parsed.expand(r.local)
	for _, f := range bad {
		r.report(Error, f.code, r.src.within(t.node, f.start, f.end), f.hint, "%s", f.message)
	}
	if !r.quiet {
		for _, f := range found {
			severity := Error
			if f.code == CodeUnsetVariable {
				severity = Warning
			}
			r.report(severity, f.code, r.src.within(t.node, f.start, f.end), f.hint, "%s", f.message)
			ok = ok && severity != Error
		}
	}
	t.value = value
	return t, ok && len(bad) == 0
}

// str is [reader.text] for callers that need no more than the value.
func (r *reader) str(n *yaml.Node, what string) string {
	t, _ := r.text(n, what)
	return t.value
}

// strings reads a list of texts, or a single text as a list of one.
func (r *reader) strings(n *yaml.Node, what string) []string {
	n = r.resolve(n)
	if isNull(n) {
		return nil
	}
	nodes := []*yaml.Node{n}
	if n.Kind == yaml.SequenceNode {
		nodes = r.items(n, what)
	}
	var out []string
	for _, item := range nodes {
		if t, ok := r.text(item, "an element of "+what); ok {
			out = append(out, t.value)
		}
	}
	return out
}

// stringMap reads a mapping of names to texts.
func (r *reader) stringMap(n *yaml.Node, what string) map[string]string {
	var out map[string]string
	for _, e := range r.entries(n, what) {
		if out == nil {
			out = map[string]string{}
		}
		out[e.name] = r.str(e.value, what+"."+e.name)
	}
	return out
}

// boolean reads true or false; variables may spell it.
func (r *reader) boolean(n *yaml.Node, what string) *bool {
	t, ok := r.text(n, what)
	if !ok {
		return nil
	}
	switch strings.ToLower(t.value) {
	case "true", "yes", "on":
		return new(true)
	case "false", "no", "off":
		return new(false)
	}
	r.errorAt(t.node, CodeType, "", "%s must be true or false, not %q", what, t.raw)
	return nil
}

// number reads a whole number of at least low.
func (r *reader) number(n *yaml.Node, what string, low int64) *int64 {
	t, ok := r.text(n, what)
	if !ok {
		return nil
	}
	v, err := parseWhole(t.value)
	if err != nil {
		r.errorAt(t.node, CodeType, "", "%s must be a whole number, not %q", what, t.raw)
		return nil
	}
	if v < low {
		r.errorAt(t.node, CodeValue, "", "%s must be at least %d, not %q", what, low, t.raw)
		return nil
	}
	return &v
}

// plain turns a node into the values encoding/json knows, for sections that are
// kept but not looked into.
func (r *reader) plain(n *yaml.Node, what string) any {
	return r.plainAt(n, what, 0)
}

func (r *reader) plainAt(n *yaml.Node, what string, depth int) any {
	n = r.resolve(n)
	switch {
	case isNull(n):
		return nil
	case depth > maxYAMLDepth:
		r.errorAt(n, CodeTooComplex, "", "%s nests deeper than %d levels", what, maxYAMLDepth)
		return nil
	case n.Kind == yaml.MappingNode:
		out := map[string]any{}
		for _, e := range r.entriesAt(n, what, 0) {
			out[e.name] = r.plainAt(e.value, what, depth+1)
		}
		return out
	case n.Kind == yaml.SequenceNode:
		out := []any{}
		for _, c := range n.Content {
			if r.exhausted {
				break
			}
			out = append(out, r.plainAt(c, what, depth+1))
		}
		return out
	}
	switch n.ShortTag() {
	case "!!bool", "!!int":
		var v any
		if n.Decode(&v) == nil {
			return v
		}
	}
	return r.str(n, what)
}

// unknown reports a field that does not belong where it stands.
func (r *reader) unknown(key *yaml.Node, where string, known []string, moved map[string]string) {
	hint, instead := moved[key.Value], ""
	if hint != "" {
		instead, _ = strings.CutPrefix(hint, "the field is ")
		if instead == hint {
			instead = ""
		}
	} else if instead = suggest(key.Value, known); instead != "" {
		hint = fmt.Sprintf("did you mean %q?", instead)
	}
	r.errorAt(key, CodeUnknownField, hint, "unknown field %q in %s", key.Value, where)
	r.instead(instead)
}

// fields walks a mapping whose keys are known: read is called for each, the
// others are reported.
func (r *reader) fields(n *yaml.Node, where string, known []string, read func(e entry)) {
	for _, e := range r.entries(n, where) {
		if slices.Contains(known, e.name) {
			read(e)
			continue
		}
		r.unknown(e.key, where, known, nil)
	}
}
