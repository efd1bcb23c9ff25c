package runconfig

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"

	"github.com/tandem-dev/tandem/debug"
	"github.com/tandem-dev/tandem/debug/runconfig/jsonc"
	"github.com/tandem-dev/tandem/internal/fault"
)

// Action is what becomes of a file.
type Action string

// The actions.
const (
	Create Action = "create"
	Change Action = "change"
	Delete Action = "delete"
)

// FileChange is what a plan does to one file.
type FileChange struct {
	// Path is absolute, Rel seen from the workspace with slashes.
	Path, Rel string
	Action    Action
	// Before and After are the whole texts; Before is nil where the file is
	// created, After where it is deleted.
	Before, After []byte
	// Edits turn Before into After, in the order of their places.
	Edits []jsonc.Edit

	file *file
	made []string // folders that go with it
}

// Plan is a set of changes that have not been made.
type Plan struct {
	// Changes are in the order of the files' names; the ledger is not among them.
	Changes []FileChange
	// Notes are for the user: what was left alone and why, what is not delivered.
	// They name variables, never values.
	Notes []string

	dir         string
	ledger      *ledger
	ledgerFile  *file
	ledgerAfter []byte // nil where no ledger is needed any more
}

// planner gathers the changes of a plan.
type planner struct {
	w      *workspace
	place  place
	editor Editor
	ledger *ledger
	plan   *Plan
	docs   map[string]*document
}

// Write plans the configurations of services for an editor that has the folder
// dir open. Those of other services stay as they are. The errors of a file that
// is not to be edited are fault.RunConfigInvalid and fault.RunConfigUnwritable.
func Write(dir string, editor Editor, services []Service) (*Plan, error) {
	return planned(dir, editor, func(p *planner) error {
		for _, s := range services {
			if err := p.service(s); err != nil {
				return err
			}
		}
		return p.all()
	})
}

// Remove plans to take away the configurations of the devs with these labels
// ([Label]), or with none all that are ours, for an editor.
func Remove(dir string, editor Editor, labels ...string) (*Plan, error) {
	return planned(dir, editor, func(p *planner) error {
		if err := p.removeOwned(labels); err != nil {
			return err
		}
		return p.all()
	})
}

func planned(dir string, editor Editor, do func(*planner) error) (*Plan, error) {
	if err := editor.Check(); err != nil {
		return nil, err
	}
	w, err := openWorkspace(dir)
	if err != nil {
		return nil, err
	}
	defer w.close()
	l, f, err := readLedger(w)
	if err != nil {
		return nil, err
	}
	p := &planner{w: w, editor: editor, ledger: l, docs: map[string]*document{},
		place: place{w.dir, macros[editor]}, plan: &Plan{dir: w.dir, ledger: l, ledgerFile: f}}
	if err := do(p); err != nil {
		return nil, err
	}
	if err := p.finish(); err != nil {
		return nil, err
	}
	return p.plan, nil
}

// macros are how editors write the folder that they have open.
var macros = map[Editor]string{
	VSCode: "${workspaceFolder}", JetBrains: "$PROJECT_DIR$", Neovim: "${workspaceFolder}", Zed: "$ZED_WORKTREE_ROOT",
}

// note tells the user something, once.
func (p *planner) note(format string, args ...any) {
	if text := fmt.Sprintf(format, args...); !slices.Contains(p.plan.Notes, text) {
		p.plan.Notes = append(p.plan.Notes, text)
	}
}

// service plans one service.
func (p *planner) service(s Service) error {
	if s.Target.Language == debug.Generic {
		p.note("%s: no debugger is known for what it runs, so there is nothing to debug it with", s.Label)
	}
	r := map[Editor]func(Service) (rendered, error){
		VSCode: p.place.vscode, JetBrains: p.place.jetbrains, Neovim: p.place.neovim, Zed: p.place.zed,
	}[p.editor]
	out, err := r(s)
	if err != nil {
		return err
	}
	for _, n := range out.notes {
		p.note("%s: %s", s.Label, n)
	}
	// What an earlier write had and this one has not goes away.
	wanted := map[string]bool{}
	for _, e := range out.entries {
		wanted[e.file.path+" "+e.id] = true
	}
	for _, t := range out.texts {
		wanted[t.path] = true
	}
	for _, f := range slices.Clone(p.ledger.Files) {
		if f.Editor != p.editor {
			continue
		}
		for _, i := range slices.Clone(f.Items) {
			if i.Owner == s.Label && !wanted[f.Path+" "+i.ID] {
				if err := p.removeItem(f, i.ID); err != nil {
					return err
				}
			}
		}
		if f.Text != "" && f.Owner == s.Label && !wanted[f.Path] {
			if err := p.removeText(f); err != nil {
				return err
			}
		}
	}
	for _, e := range out.entries {
		if err := p.put(e); err != nil {
			return err
		}
	}
	for _, t := range out.texts {
		if err := p.putText(t); err != nil {
			return err
		}
	}
	return nil
}

// removeOwned takes away what belongs to labels, or everything.
func (p *planner) removeOwned(labels []string) error {
	ours := func(owner string) bool { return len(labels) == 0 || slices.Contains(labels, owner) }
	for _, f := range slices.Clone(p.ledger.Files) {
		if f.Editor != p.editor {
			continue
		}
		for _, i := range slices.Backward(slices.Clone(f.Items)) {
			if ours(i.Owner) {
				if err := p.removeItem(f, i.ID); err != nil {
					return err
				}
			}
		}
		if f.Text != "" && ours(f.Owner) {
			if err := p.removeText(f); err != nil {
				return err
			}
		}
	}
	if err := p.removeMarked(labels); err != nil {
		return err
	}
	return p.removeMarkedFiles(labels)
}

// finish turns what was gathered into changes.
func (p *planner) finish() error {
	for _, d := range p.docs {
		if err := p.settle(d); err != nil {
			return err
		}
	}
	slices.SortFunc(p.plan.Changes, func(a, b FileChange) int { return cmp.Compare(a.Rel, b.Rel) })
	p.ledger.drop()
	if len(p.ledger.Files) > 0 {
		text, err := p.ledger.text()
		if err != nil {
			return fault.Wrap(err, fault.Internal, "encoding the record of run configurations")
		}
		p.plan.ledgerAfter = text
	}
	if !bytes.Equal(p.plan.ledgerAfter, p.plan.ledgerFile.text) {
		if err := p.w.writable(p.plan.ledgerFile); err != nil {
			return err
		}
	}
	return nil
}

// change adds a change of a file to the plan; after is nil to delete it.
func (p *planner) change(f *file, after []byte, edits []jsonc.Edit, made []string) error {
	c := FileChange{Path: p.w.name(f.path), Rel: f.path, Before: f.text, After: after, Edits: edits, file: f, made: made}
	switch {
	case after == nil && !f.exists, after != nil && f.exists && bytes.Equal(f.text, after):
		return nil
	case after == nil:
		c.Action = Delete
	case !f.exists:
		c.Action = Create
	default:
		c.Action = Change
	}
	if err := p.w.writable(f); err != nil {
		return err
	}
	if c.Edits == nil {
		c.Edits = []jsonc.Edit{{Start: 0, End: len(f.text), Text: string(after)}}
	}
	p.plan.Changes = append(p.plan.Changes, c)
	return nil
}

// Empty says that there is nothing to do.
func (p *Plan) Empty() bool {
	return len(p.Changes) == 0 && bytes.Equal(p.ledgerAfter, p.ledgerFile.text)
}

// Apply makes the changes. Where a file is no longer what the plan was made on,
// it fails with fault.Conflict and has changed nothing.
func (p *Plan) Apply() error {
	if p.Empty() {
		return nil
	}
	w, err := openWorkspace(p.dir)
	if err != nil {
		return err
	}
	defer w.close()
	if err := w.unchanged(p.ledgerFile); err != nil {
		return err
	}
	for _, c := range p.Changes {
		if err := w.unchanged(c.file); err != nil {
			return err
		}
	}
	// The ledger first: what it says too much of is not found and does no harm.
	if p.ledgerAfter != nil && !bytes.Equal(p.ledgerAfter, p.ledgerFile.text) {
		if err := w.makeDirs(ledgerPath); err != nil {
			return err
		}
		if err := w.write(p.ledgerFile, p.ledgerAfter); err != nil {
			return err
		}
	}
	for _, c := range p.Changes {
		if c.Action == Delete {
			err = w.remove(c.file, c.made)
		} else if err = w.makeDirs(c.Rel); err == nil {
			err = w.write(c.file, c.After)
		}
		if err != nil {
			return err
		}
	}
	if p.ledgerAfter == nil {
		return w.remove(p.ledgerFile, dirs(ledgerPath))
	}
	return nil
}
