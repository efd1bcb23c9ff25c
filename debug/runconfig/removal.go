package runconfig

import (
	"slices"
	"strings"

	"github.com/tandem-dev/tandem/debug/runconfig/jsonc"
)

// removeItem takes one entry away that the ledger knows.
func (p *planner) removeItem(f *ledgerFile, id string) error {
	mem := f.item(id)
	def := p.defOf(f.Path)
	d, err := p.open(def)
	if err != nil {
		return err
	}
	at := d.find(entry{file: def, list: mem.List, name: mem.Name}, mem)
	f.forget(id)
	if at == nil {
		return nil // the user has deleted it
	}
	if def.nameKey == "" && !jsonc.Equal(d.doc.Value(d.doc.Find(at)), mem.Value.v) {
		p.note("%s: %q has another value than Tandem wrote, so it stays", p.w.name(f.Path), mem.Name)
		return nil
	}
	return p.done(d, d.doc.Remove(at))
}

// removeMarked takes away the entries that carry the mark and that the ledger,
// if there is one, does not know: those of a clone, for example.
func (p *planner) removeMarked(labels []string) error {
	for _, def := range jsonFiles[p.editor] {
		if def.nameKey == "" {
			continue
		}
		if f, err := p.w.read(def.path); err != nil || !f.exists {
			if err != nil {
				return err
			}
			continue
		}
		d, err := p.open(def)
		if err != nil {
			return err
		}
		for _, list := range lists[def.path] {
			var path jsonc.Path
			if list != "" {
				path = jsonc.Path{list}
			}
			var ours []jsonc.Path
			for at, object := range d.elements(path) {
				name, _ := object.Get(def.nameKey).(string)
				if strings.HasPrefix(name, prefix) && (def.rootIsList() || marked(object)) && (ofLabels(name, labels) || d.emptied(object)) &&
					!slices.ContainsFunc(d.mem.Items, func(i *ledgerItem) bool { return i.List == list && i.Name == name }) {
					ours = append(ours, at)
				}
			}
			for _, at := range slices.Backward(ours) {
				if err := d.doc.Remove(at); err != nil {
					return p.done(d, err)
				}
			}
		}
	}
	return nil
}

// emptied says whether an entry is a compound that has not two configurations
// left to start.
func (d *document) emptied(object jsonc.Ordered) bool {
	names, ok := list(object.Get("configurations"))
	names = slices.DeleteFunc(names, func(n any) bool {
		name, _ := n.(string)
		return d.named(jsonc.Path{"configurations"}, name) == nil
	})
	return ok && len(names) < 2
}

// ofLabels says whether a name of ours belongs to one of the labels; with none
// it always does.
func ofLabels(name string, labels []string) bool {
	return len(labels) == 0 || slices.ContainsFunc(labels, func(l string) bool {
		s := Service{Label: l}
		return slices.Contains([]string{s.launchName(), s.attachName(), s.upName(), s.runName()}, name)
	})
}

// settle ends the planning of a document: what was made for entries goes when it
// is empty, and the difference becomes a change.
func (p *planner) settle(d *document) error {
	for _, l := range slices.Backward(slices.Clone(d.mem.Lists)) {
		var path jsonc.Path
		if l.Name != "" {
			path = jsonc.Path{l.Name}
		}
		if n := d.doc.Find(path); n == nil {
			d.mem.forgetList(l.Name)
			continue
		}
		if _, empty := d.doc.Inner(path); !empty {
			continue
		}
		var err error
		if l.Created {
			err = d.doc.Remove(path)
		} else {
			err = d.doc.SetInner(path, l.Inner)
		}
		d.mem.forgetList(l.Name)
		if err != nil {
			return p.done(d, err)
		}
	}
	if d.mem.Frame != nil && d.onlyScaffold() {
		if err := d.doc.RemoveRoot(*d.mem.Frame); err != nil {
			return p.done(d, err)
		}
		d.mem.Frame = nil
	}
	after := d.doc.Bytes()
	if d.mem.Created && len(after) == 0 {
		return p.change(d.file, nil, nil, d.mem.Dirs)
	}
	return p.change(d.file, after, d.doc.Edits(), nil)
}

func (f *ledgerFile) forgetList(name string) {
	f.Lists = slices.DeleteFunc(f.Lists, func(l ledgerList) bool { return l.Name == name })
}

// onlyScaffold says whether nothing is left of a root that we made but what we
// made it with.
func (d *document) onlyScaffold() bool {
	root := d.doc.Root()
	if root == nil {
		return false
	}
	if _, empty := d.doc.Inner(nil); empty {
		return true
	}
	object, ok := d.doc.Value(nil).(jsonc.Ordered)
	return ok && len(d.mem.Scaffold) > 0 && jsonc.Equal(object, d.mem.Scaffold) && !d.doc.CommentsIn(root)
}
