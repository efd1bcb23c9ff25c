package runconfig

import (
	"encoding/json"
	"path"
	"slices"

	"github.com/tandem-dev/tandem/debug/runconfig/jsonc"
	"github.com/tandem-dev/tandem/envfile"
	"github.com/tandem-dev/tandem/internal/fault"
)

// ledgerPath is the ledger, seen from the workspace. No environment file can
// have its name: those begin with a dev's, which has no underscore.
const ledgerPath = envfile.DirName + "/run_configurations.json"

// ledgerVersion is the form of the ledger. One of another version is not read.
const ledgerVersion = 1

// ledger is the memory of what was written into a workspace.
type ledger struct {
	Version int           `json:"version"`
	Files   []*ledgerFile `json:"files"`
}

// ledgerFile is what is ours in one file.
type ledgerFile struct {
	// Path is seen from the workspace, with slashes.
	Path   string `json:"path"`
	Editor Editor `json:"editor"`
	// Created says that there was no such file; Dirs are the folders that were
	// made for it, outermost first.
	Created bool     `json:"created,omitempty"`
	Dirs    []string `json:"dirs,omitempty"`
	// Frame is set where the file had no value; Scaffold are the members that
	// then came with it.
	Frame    *jsonc.Frame  `json:"frame,omitempty"`
	Scaffold jsonc.Ordered `json:"scaffold,omitempty"`
	// Lists are what had to be made, or was empty, for the entries.
	Lists []ledgerList `json:"lists,omitempty"`
	// Items are the entries, in the order in which they were added.
	Items []*ledgerItem `json:"items,omitempty"`
	// Text is a file that is ours as a whole, as it was written last; ID and
	// Owner as for an item.
	Text  string `json:"text,omitempty"`
	ID    string `json:"id,omitempty"`
	Owner string `json:"owner,omitempty"`
}

// ledgerList is a list, or with an empty Name the root.
type ledgerList struct {
	Name string `json:"name"`
	// Created says that there was no such list; else it was empty, and Inner
	// the white space in it.
	Created bool   `json:"created,omitempty"`
	Inner   string `json:"inner,omitempty"`
}

// ledgerItem is one entry.
type ledgerItem struct {
	// ID is what it is for, Owner whose: a dev's label, or "" for what belongs to
	// several.
	ID    string `json:"id"`
	Owner string `json:"owner,omitempty"`
	List  string `json:"list"`
	// Name is what it is called in the file now.
	Name  string `json:"name"`
	Value value  `json:"value"`
}

// value is any JSON, objects with their order.
type value struct{ v any }

func (v value) MarshalJSON() ([]byte, error) { return json.Marshal(v.v) }

func (v *value) UnmarshalJSON(text []byte) error {
	doc, err := jsonc.Parse(text)
	if err == nil {
		v.v = doc.Value(nil)
	}
	return err
}

// readLedger reads the ledger of a workspace; without one it is empty.
func readLedger(w *workspace) (*ledger, *file, error) {
	f, err := w.read(ledgerPath)
	if err != nil {
		return nil, nil, err
	}
	l := &ledger{Version: ledgerVersion}
	if !f.exists {
		return l, f, nil
	}
	if err := json.Unmarshal(f.text, l); err != nil || l.Version != ledgerVersion {
		return nil, nil, fault.New(fault.RunConfigInvalid, "%s is not the record of run configurations that this version of tandem writes", w.name(ledgerPath)).
			Hint("delete it: entries are still found by their names, only what you changed in them is not told apart any more")
	}
	return l, f, nil
}

// text is the ledger as it is written.
func (l *ledger) text() ([]byte, error) {
	b, err := json.MarshalIndent(l, "", "  ")
	return append(b, '\n'), err
}

// file is the entry of a file, made where there is none.
func (l *ledger) file(path string, editor Editor) *ledgerFile {
	for _, f := range l.Files {
		if f.Path == path {
			return f
		}
	}
	f := &ledgerFile{Path: path, Editor: editor}
	l.Files = append(l.Files, f)
	return f
}

// drop forgets files that nothing of ours is in.
func (l *ledger) drop() {
	l.Files = slices.DeleteFunc(l.Files, func(f *ledgerFile) bool { return len(f.Items) == 0 && f.Text == "" })
}

// item finds an entry by what it is for, nil where there is none.
func (f *ledgerFile) item(id string) *ledgerItem {
	for _, i := range f.Items {
		if i.ID == id {
			return i
		}
	}
	return nil
}

// forget takes an entry out.
func (f *ledgerFile) forget(id string) {
	f.Items = slices.DeleteFunc(f.Items, func(i *ledgerItem) bool { return i.ID == id })
}

// list remembers how a list was found, the first time only.
func (f *ledgerFile) list(l ledgerList) {
	if !slices.ContainsFunc(f.Lists, func(known ledgerList) bool { return known.Name == l.Name }) {
		f.Lists = append(f.Lists, l)
	}
}

// dirs are the folders above a path, outermost first.
func dirs(rel string) []string {
	var all []string
	for dir := path.Dir(rel); dir != "."; dir = path.Dir(dir) {
		all = append([]string{dir}, all...)
	}
	return all
}
