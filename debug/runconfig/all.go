package runconfig

import (
	"strings"

	"github.com/tandem-dev/tandem/debug/runconfig/jsonc"
)

// launchID begins the ids of what a compound starts.
const launchID = "launch/"

// all plans the configuration that starts every service: it is there while there
// are at least two.
func (p *planner) all() error {
	switch p.editor {
	case VSCode:
		return p.compound()
	case JetBrains:
		return p.compoundXML()
	}
	return nil // Neovim and Zed have no such thing
}

// compound is the entry of compounds in launch.json.
func (p *planner) compound() error {
	f, err := p.w.read(launchFile.path)
	if err != nil {
		return err
	}
	if d := p.docs[launchFile.path]; !f.exists && d == nil {
		return nil
	}
	d, err := p.open(launchFile)
	if err != nil {
		return err
	}
	var names []string
	for _, i := range d.mem.Items {
		if strings.HasPrefix(i.ID, launchID) && d.named(jsonc.Path{i.List}, i.Name) != nil {
			names = append(names, i.Name)
		}
	}
	e := entry{file: launchFile, id: "all", list: "compounds", name: launchAll, value: jsonc.Ordered{
		{Key: "name", Value: launchAll},
		{Key: "configurations", Value: names},
		{Key: "stopAll", Value: true},
		{Key: "presentation", Value: jsonc.Ordered{{Key: "group", Value: group}}},
	}}
	if len(names) > 1 {
		return p.put(e)
	}
	if d.mem.item(e.id) != nil {
		return p.removeItem(d.mem, e.id)
	}
	return nil
}

// compoundXML is the file of the compound of a JetBrains IDE.
func (p *planner) compoundXML() error {
	var parts []runPart
	for _, f := range p.ledger.Files {
		if f.Editor == JetBrains && f.Text != "" && strings.HasPrefix(f.ID, launchID) {
			parts = append(parts, partOf(f.Text))
		}
	}
	t := text{path: runDir + "/Tandem all.run.xml", id: "all"}
	if len(parts) > 1 {
		var err error
		if t.text, err = compoundXML(parts); err != nil {
			return err
		}
		return p.putText(t)
	}
	if mem := p.ledger.file(t.path, JetBrains); mem.Text != "" {
		return p.removeText(mem)
	}
	return nil
}
