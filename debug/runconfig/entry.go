package runconfig

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/tandem-dev/tandem/debug/runconfig/jsonc"
	"github.com/tandem-dev/tandem/internal/fault"
)

// rendered is what an editor is to have for a service.
type rendered struct {
	entries []entry
	texts   []text
	notes   []string
}

// jsonFile is a JSON file that entries live in.
type jsonFile struct {
	path string
	// nameKey is the member that entries of its lists are called by; "" where
	// entries are members of the root themselves: settings.
	nameKey string
	// scaffold is what a new file has beside the lists; nil where the root
	// itself is the list.
	scaffold jsonc.Ordered
}

// rootIsList says that entries are elements of the root.
func (f jsonFile) rootIsList() bool { return f.nameKey != "" && f.scaffold == nil }

// entry is one thing of ours in a JSON file.
type entry struct {
	file      jsonFile
	id, owner string
	list      string // the root's member that is the list; "" for the root
	name      string // or the setting's
	value     any
}

// document is a JSON file that is being planned.
type document struct {
	def  jsonFile
	file *file
	doc  *jsonc.Document
	mem  *ledgerFile
}

// open reads a file for planning, once.
func (p *planner) open(def jsonFile) (*document, error) {
	if d := p.docs[def.path]; d != nil {
		return d, nil
	}
	f, err := p.w.read(def.path)
	if err != nil {
		return nil, err
	}
	doc, err := jsonc.Parse(f.text)
	if err != nil {
		return nil, p.malformed(f, err)
	}
	d := &document{def: def, file: f, doc: doc, mem: p.ledger.file(def.path, p.editor)}
	if !d.remembered() {
		// Somebody has made the file anew: what was made for ours is theirs now.
		d.mem.Created, d.mem.Dirs, d.mem.Frame, d.mem.Scaffold, d.mem.Lists = false, nil, nil, nil, nil
	}
	p.docs[def.path] = d
	return d, nil
}

// remembered says whether the file still has one of the entries that the ledger
// knows.
func (d *document) remembered() bool {
	return slices.ContainsFunc(d.mem.Items, func(i *ledgerItem) bool {
		return d.find(entry{file: d.def, list: i.List, name: i.Name}, i) != nil
	})
}

// malformed says where a file is not JSON with comments. Nothing of its text is
// quoted but single characters.
func (p *planner) malformed(f *file, err error) error {
	var e *jsonc.SyntaxError
	if errors.As(err, &e) {
		return fault.New(fault.RunConfigInvalid, "%s:%d:%d: %s", p.w.name(f.path), e.Line, e.Column, e.Problem).
			Hint("correct the file; it was left as it is")
	}
	return fault.Wrap(err, fault.RunConfigInvalid, "reading %s", p.w.name(f.path))
}

// shape refuses a file that has something else where a list belongs.
func (p *planner) shape(d *document, what, want string) error {
	return fault.New(fault.RunConfigInvalid, "%s: %s is not %s", p.w.name(d.file.path), what, want).
		Hint("correct the file; it was left as it is")
}

// path leads to the list of an entry.
func (e entry) path() jsonc.Path {
	if e.list == "" {
		return nil
	}
	return jsonc.Path{e.list}
}

// put plans one entry: it is added, or merged with what is there.
func (p *planner) put(e entry) error {
	d, err := p.open(e.file)
	if err != nil {
		return err
	}
	if err := p.makeList(d, e); err != nil {
		return err
	}
	mem := d.mem.item(e.id)
	at := d.find(e, mem)
	if at == nil {
		if inner, empty := d.doc.Inner(e.path()); empty {
			d.mem.list(ledgerList{Name: e.list, Inner: inner})
		}
		key := ""
		if e.file.nameKey == "" {
			key = e.name
		}
		d.mem.forget(e.id)
		d.mem.Items = append(d.mem.Items, &ledgerItem{ID: e.id, Owner: e.owner, List: e.list, Name: e.name, Value: value{e.value}})
		return p.done(d, d.doc.Add(e.path(), key, e.value))
	}
	theirs := d.doc.Value(d.doc.Find(at))
	if mem == nil {
		if !e.adopts(theirs) {
			if e.file.nameKey == "" {
				p.note("%s has its own %q, which was left alone", p.w.name(d.file.path), e.name)
				return nil
			}
			return fault.New(fault.RunConfigInvalid, "%s has %q already, and it is not Tandem's", p.w.name(d.file.path), e.name).
				Hint("rename it, or delete it: the name is the one that Tandem uses")
		}
		mem = &ledgerItem{ID: e.id, Owner: e.owner, List: e.list, Name: e.name, Value: value{jsonc.Ordered{}}}
		d.mem.Items = append(d.mem.Items, mem)
	}
	if e.file.nameKey == "" && mem.Owner != e.owner && !jsonc.Equal(theirs, e.value) {
		p.note("%s: %q serves %s, and an editor has only one", p.w.name(d.file.path), e.name, mem.Owner)
		return nil
	}
	merged := merge(maybe{mem.Value.v, true}, maybe{theirs, true}, maybe{e.value, true}, "").v
	if object, ok := merged.(jsonc.Ordered); ok && e.file.nameKey != "" {
		mem.Name, _ = object.Get(e.file.nameKey).(string)
	}
	mem.Value, mem.Owner = value{e.value}, e.owner
	return p.done(d, rewrite(d.doc, at, theirs, merged))
}

// done explains an edit that the document refused.
func (p *planner) done(d *document, err error) error {
	if err != nil {
		return fault.Wrap(err, fault.Internal, "editing %s", p.w.name(d.file.path))
	}
	return nil
}

// makeList makes sure that the list of an entry is there.
func (p *planner) makeList(d *document, e entry) error {
	if d.doc.Root() == nil {
		var root any = []any{}
		if !e.file.rootIsList() {
			root = append(jsonc.Ordered{}, e.file.scaffold...)
		}
		frame, err := d.doc.SetRoot(root)
		if err != nil {
			return p.done(d, err)
		}
		d.mem.Frame, d.mem.Scaffold = &frame, e.file.scaffold
		if !d.file.exists {
			d.mem.Created, d.mem.Dirs = true, p.w.missingDirs(d.file.path)
		}
	}
	if e.file.rootIsList() {
		if d.doc.Root().Kind != jsonc.Array {
			return p.shape(d, "what it holds", "a list")
		}
		return nil
	}
	if d.doc.Root().Kind != jsonc.Object {
		return p.shape(d, "what it holds", "an object")
	}
	if e.list == "" {
		return nil
	}
	if n := d.doc.Find(e.path()); n != nil {
		if n.Kind != jsonc.Array {
			return p.shape(d, fmt.Sprintf("%q", e.list), "a list")
		}
		return nil
	}
	if inner, empty := d.doc.Inner(nil); empty {
		d.mem.list(ledgerList{Inner: inner})
	}
	d.mem.list(ledgerList{Name: e.list, Created: true})
	return p.done(d, d.doc.Add(nil, e.list, []any{}))
}

// find is where an entry stands: by the name that the ledger knows, by its own,
// or, where it was renamed, by its mark. nil where it is not.
func (d *document) find(e entry, mem *ledgerItem) jsonc.Path {
	if e.file.nameKey == "" {
		if d.doc.Find(jsonc.Path{e.name}) != nil {
			return jsonc.Path{e.name}
		}
		return nil
	}
	if mem != nil {
		if at := d.named(e.path(), mem.Name); at != nil {
			return at
		}
	}
	if at := d.named(e.path(), e.name); at != nil || mem == nil {
		return at
	}
	var renamed []jsonc.Path
	for at, object := range d.elements(e.path()) {
		name, _ := object.Get(e.file.nameKey).(string)
		known := slices.ContainsFunc(d.mem.Items, func(i *ledgerItem) bool { return i.List == e.list && i.Name == name })
		if !known && marked(object) && alike(object, mem.Value.v) {
			renamed = append(renamed, at)
		}
	}
	if len(renamed) == 1 {
		return renamed[0]
	}
	return nil
}

// named is the element of a list that is called so.
func (d *document) named(list jsonc.Path, name string) jsonc.Path {
	for at, object := range d.elements(list) {
		if object.Get(d.def.nameKey) == any(name) {
			return at
		}
	}
	return nil
}

// elements are the objects of a list with their places.
func (d *document) elements(list jsonc.Path) func(yield func(jsonc.Path, jsonc.Ordered) bool) {
	return func(yield func(jsonc.Path, jsonc.Ordered) bool) {
		n := d.doc.Find(list)
		if n == nil || n.Kind != jsonc.Array {
			return
		}
		for i, item := range n.Items {
			if object, ok := d.doc.Value(item.Value).(jsonc.Ordered); ok {
				if !yield(append(slices.Clone(list), i), object) {
					return
				}
			}
		}
	}
}

// marked says whether an element carries the mark in itself.
func marked(object jsonc.Ordered) bool {
	p, _ := object.Get("presentation").(jsonc.Ordered)
	return p.Get("group") == any(group)
}

// alike says whether an element is of the same sort as what was written.
func alike(object jsonc.Ordered, written any) bool {
	was, _ := written.(jsonc.Ordered)
	return was != nil && jsonc.Equal(object.Get("type"), was.Get("type")) && jsonc.Equal(object.Get("request"), was.Get("request")) &&
		object.Has("configurations") == was.Has("configurations")
}

// adopts says whether what is there without the ledger knowing it is ours.
func (e entry) adopts(theirs any) bool {
	if jsonc.Equal(theirs, e.value) {
		return true
	}
	object, ok := theirs.(jsonc.Ordered)
	if !ok || e.file.nameKey == "" {
		return false
	}
	return marked(object) || e.file.rootIsList() && strings.HasPrefix(e.name, prefix)
}

// rewrite edits a value member by member, so that what does not change keeps its
// text.
func rewrite(doc *jsonc.Document, at jsonc.Path, from, to any) error {
	if jsonc.Equal(from, to) {
		return nil
	}
	was, ok := from.(jsonc.Ordered)
	becomes, ok2 := to.(jsonc.Ordered)
	if !ok || !ok2 {
		return doc.Replace(at, to)
	}
	for _, m := range was {
		if !becomes.Has(m.Key) && doc.Find(append(slices.Clone(at), m.Key)) != nil {
			if err := doc.Remove(append(slices.Clone(at), m.Key)); err != nil {
				return err
			}
		}
	}
	for _, m := range becomes {
		var err error
		if was.Has(m.Key) {
			err = rewrite(doc, append(slices.Clone(at), m.Key), was.Get(m.Key), m.Value)
		} else {
			err = doc.Add(at, m.Key, m.Value)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
