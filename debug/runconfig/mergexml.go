package runconfig

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/beevik/etree"
)

// parseXML reads a configuration; an empty text has none.
func parseXML(content string) (*etree.Document, error) {
	doc := etree.NewDocument()
	if content == "" {
		return doc, nil
	}
	if err := doc.ReadFromString(content); err != nil {
		return nil, err
	}
	if doc.Root() == nil {
		return nil, fmt.Errorf("it has no element")
	}
	return doc, nil
}

// markedXML says whether a configuration carries the mark in itself.
func markedXML(content string) bool {
	doc, err := parseXML(content)
	if err != nil || doc.Root() == nil {
		return false
	}
	c := doc.Root().SelectElement("configuration")
	return c != nil && c.SelectAttrValue("folderName", "") == folderName && strings.HasPrefix(c.SelectAttrValue("name", ""), prefix)
}

// partOf is a configuration of ours as a compound names it.
func partOf(content string) runPart {
	doc, err := parseXML(content)
	if err != nil || doc.Root() == nil || doc.Root().SelectElement("configuration") == nil {
		return runPart{}
	}
	c := doc.Root().SelectElement("configuration")
	return runPart{c.SelectAttrValue("name", ""), c.SelectAttrValue("type", "")}
}

// mergeXML merges a configuration three ways, as merge does JSON: attribute by
// attribute and element by element. The IDE itself rewrites these files, and
// what it adds is as much the user's as what the user does. Where nothing is to
// be changed the text stays.
func mergeXML(base, theirs, wanted string) (string, error) {
	b, err := parseXML(base)
	if err != nil {
		b = etree.NewDocument() // the ledger was edited: as if nothing was known
	}
	t, err := parseXML(theirs)
	if err != nil {
		return "", err
	}
	w, err := parseXML(wanted)
	if err != nil {
		return "", err
	}
	if t.Root() == nil || identity(t.Root()) != identity(w.Root()) {
		return "", fmt.Errorf("it is no run configuration")
	}
	if !mergeElement(b.Root(), t.Root(), w.Root()) {
		return theirs, nil
	}
	return writeXML(t)
}

// identity tells elements of one parent apart: by tag, and by what IDEs call
// them.
func identity(e *etree.Element) string {
	id := e.Tag
	for _, attr := range []string{"name", "ID", "PATH", "PARSER", "key", "RunnerId"} {
		if v := e.SelectAttrValue(attr, ""); v != "" && e.Tag != "configuration" {
			id += " " + attr + "=" + v
		}
	}
	if e.Tag == "option" && e.SelectAttr("name") == nil || e.Tag == "script" { // elements of a list
		id += " value=" + e.SelectAttrValue("value", "")
	}
	return id
}

func child(of *etree.Element, id string) *etree.Element {
	if of == nil {
		return nil
	}
	for _, c := range of.ChildElements() {
		if identity(c) == id {
			return c
		}
	}
	return nil
}

// mergeElement merges into theirs and says whether it changed anything. base is
// nil where nothing was written before.
func mergeElement(base, theirs, wanted *etree.Element) (changed bool) {
	changed = mergeAttributes(base, theirs, wanted)
	was := ""
	if base != nil {
		was = strings.TrimSpace(base.Text())
	}
	now, want := strings.TrimSpace(theirs.Text()), strings.TrimSpace(wanted.Text())
	if now == was && want != was && len(wanted.ChildElements()) == 0 {
		theirs.SetText(want)
		changed = true
	}
	for _, w := range wanted.ChildElements() {
		b, t := child(base, identity(w)), child(theirs, identity(w))
		switch {
		case t != nil:
			changed = mergeElement(b, t, w) || changed
		case b == nil:
			theirs.AddChild(w.Copy())
			changed = true
		} // else the user has taken it out
	}
	if base == nil {
		return changed
	}
	for _, b := range base.ChildElements() {
		t := child(theirs, identity(b))
		if child(wanted, identity(b)) == nil && t != nil && canonical(t) == canonical(b) {
			theirs.RemoveChild(t)
			changed = true
		}
	}
	return changed
}

func mergeAttributes(base, theirs, wanted *etree.Element) (changed bool) {
	get := func(e *etree.Element, key string) string {
		if e == nil || e.SelectAttr(key) == nil {
			return "\x00" // there is none, which no value can be
		}
		return e.SelectAttrValue(key, "")
	}
	keys := map[string]bool{}
	for _, e := range []*etree.Element{base, wanted} {
		if e != nil {
			for _, a := range e.Attr {
				keys[a.FullKey()] = true
			}
		}
	}
	for key := range keys {
		was, now, want := get(base, key), get(theirs, key), get(wanted, key)
		if now != was || want == was {
			continue
		}
		changed = true
		if want == "\x00" {
			theirs.RemoveAttr(key)
		} else {
			theirs.CreateAttr(key, want)
		}
	}
	return changed
}

// canonical is an element without what does not count: white space and the order
// of attributes.
func canonical(e *etree.Element) string {
	attrs := slices.Clone(e.Attr)
	slices.SortFunc(attrs, func(a, b etree.Attr) int { return cmp.Compare(a.FullKey(), b.FullKey()) })
	var out strings.Builder
	out.WriteString("<" + e.Tag)
	for _, a := range attrs {
		fmt.Fprintf(&out, " %s=%q", a.FullKey(), a.Value)
	}
	out.WriteString(">" + strings.TrimSpace(e.Text()))
	for _, c := range e.ChildElements() {
		out.WriteString(canonical(c))
	}
	return out.String() + "</>"
}
