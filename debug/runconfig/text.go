package runconfig

import (
	"errors"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/tandem-dev/tandem/internal/fault"
)

// text is a file that is ours as a whole.
type text struct {
	path, id, owner, text string
}

// isXML says whether a file is merged as XML; others are replaced or left alone.
func isXML(rel string) bool { return strings.HasSuffix(rel, ".xml") }

// luaMark opens every Lua file of ours.
const luaMark = "-- Written by Tandem"

// markedText says whether a file carries the mark in itself.
func markedText(rel, content string) bool {
	if isXML(rel) {
		return markedXML(content)
	}
	return strings.HasPrefix(content, luaMark)
}

// putText plans a whole file.
func (p *planner) putText(t text) error {
	f, err := p.w.read(t.path)
	if err != nil {
		return err
	}
	mem := p.ledger.file(t.path, p.editor)
	base := mem.Text
	now := string(f.text)
	if base == "" && f.exists && now != t.text && !markedText(t.path, now) {
		return fault.New(fault.RunConfigInvalid, "%s is there already, and it is not Tandem's", p.w.name(t.path)).
			Hint("rename it, or delete it: the name is the one that Tandem uses")
	}
	if !f.exists {
		mem.Created, mem.Dirs = true, p.w.missingDirs(t.path)
		now = base
	}
	mem.Text, mem.ID, mem.Owner = t.text, t.id, t.owner
	after := t.text
	switch {
	case now == base, now == t.text:
	case isXML(t.path):
		if after, err = mergeXML(base, now, t.text); err != nil {
			return fault.Wrap(err, fault.RunConfigInvalid, "reading %s", p.w.name(t.path)).Hint("correct the file; it was left as it is")
		}
	default:
		p.note("%s was changed by hand and stays so; delete it to have it written anew", p.w.name(t.path))
		return nil
	}
	return p.change(f, []byte(after), nil, nil)
}

// removeText plans to delete a file of ours.
func (p *planner) removeText(mem *ledgerFile) error {
	f, err := p.w.read(mem.Path)
	if err != nil {
		return err
	}
	made := mem.Dirs
	mem.Text = ""
	return p.change(f, nil, nil, made)
}

// removeMarkedFiles deletes whole files that carry the mark and that the ledger
// does not know.
func (p *planner) removeMarkedFiles(labels []string) error {
	dir := map[Editor]string{JetBrains: runDir, Neovim: luaDir}[p.editor]
	if dir == "" {
		return nil
	}
	entries, err := fs.ReadDir(p.w.root.FS(), dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fault.Wrap(err, fault.RunConfigUnwritable, "listing %s", p.w.name(dir))
	}
	for _, e := range entries {
		rel := path.Join(dir, e.Name())
		if !e.Type().IsRegular() || slices.ContainsFunc(p.ledger.Files, func(f *ledgerFile) bool { return f.Path == rel }) {
			continue
		}
		ours := len(labels) == 0
		for _, l := range labels {
			s := Service{Label: l}
			ours = ours || slices.Contains([]string{s.runFile(""), s.runFile("up "), s.runFile("attach to "), s.luaFile()}, rel)
		}
		if !ours {
			continue
		}
		f, err := p.w.read(rel)
		if err != nil {
			return err
		}
		if markedText(rel, string(f.text)) {
			if err := p.change(f, nil, nil, nil); err != nil {
				return err
			}
		}
	}
	return nil
}
