package language

import (
	"fmt"
	"slices"
	"strings"

	"github.com/tandem-dev/tandem/manifest"
)

// Action is a change that the user may choose.
type Action struct {
	Title string
	// Fixes is the diagnostic that the action corrects, nil where it only
	// rewrites.
	Fixes *manifest.Diagnostic
	// Preferred says that it is surely what was meant.
	Preferred bool
	Edits     []Edit
}

// Edit replaces a range of the text.
type Edit struct {
	Range manifest.Range
	Text  string
}

// Actions are the corrections of the diagnostics that touch a range, and the
// conversions of the entries there.
func (d *Document) Actions(at manifest.Range, known Clusters) []Action {
	var out []Action
	var missing []manifest.Diagnostic
	for _, x := range d.Diagnostics(known) {
		if x.Range.End.Compare(at.Start) < 0 || x.Range.Start.Compare(at.End) > 0 {
			continue
		}
		if x.Code == CodeReverseMissing {
			missing = append(missing, x)
		}
		if x.Replacement != "" {
			out = append(out, Action{Title: title(x), Fixes: &x, Preferred: true, Edits: []Edit{{x.Range, d.requoted(x)}}})
		}
	}
	dev := d.devAt(at.Start)
	if dev != nil {
		out = append(out, d.addReverses(dev, known.at(d.Manifest.Place(dev)), missing)...)
	}
	forwards := d.Manifest.Forward
	if dev != nil {
		forwards = slices.Concat(forwards, dev.Forward)
	}
	for _, fw := range forwards {
		if d.shown(fw.Range).Contains(at.Start) {
			out = append(out, d.convert(fw)...)
		}
	}
	return out
}

// title words the correction of a diagnostic.
func title(x manifest.Diagnostic) string {
	switch x.Code {
	case manifest.CodePort:
		return "Write " + x.Replacement
	case manifest.CodeDevName:
		return "Rename it to " + x.Replacement
	}
	return "Change to " + x.Replacement
}

// requoted keeps the quotes that the text has around what is replaced.
func (d *Document) requoted(x manifest.Diagnostic) string {
	text := d.Text.cut(x.Range)
	if len(text) >= 2 && (text[0] == '"' || text[0] == '\'') && text[len(text)-1] == text[0] {
		return text[:1] + x.Replacement + text[:1]
	}
	return x.Replacement
}

// addReverses offers a reverse for each of the container's ports that has none,
// and, where there are several, all of them at once.
func (d *Document) addReverses(dev *manifest.Dev, f *Facts, missing []manifest.Diagnostic) []Action {
	k := f.container(dev)
	if k == nil || dev.Mode != manifest.Hybrid {
		return nil
	}
	ports := unreversed(dev, k)
	var out []Action
	add := func(title string, ports []Port, fixes *manifest.Diagnostic) {
		if edit, ok := d.reverseEdit(dev, ports); ok {
			out = append(out, Action{Title: title, Fixes: fixes, Edits: []Edit{edit}})
		}
	}
	for i, p := range ports {
		var fixes *manifest.Diagnostic
		if i < len(missing) {
			fixes = &missing[i]
		}
		add(fmt.Sprintf("Add the reverse %d:%d%s", p.Number, p.Number, named(p)), []Port{p}, fixes)
	}
	if len(ports) > 1 {
		add(fmt.Sprintf("Add reverses for all %d ports of container %s", len(ports), k.Name), ports, nil)
	}
	return out
}

// reverseEdit adds elements behind the last reverse, or a reverse beneath the
// dev's name. ok is false for forms of which it is not known where to add.
func (d *Document) reverseEdit(dev *manifest.Dev, ports []Port) (Edit, bool) {
	nl := d.newline()
	if n := len(dev.Reverse); n > 0 {
		at := d.shown(dev.Reverse[n-1].Range)
		l := split(d.Text.Line(at.Start.Line))
		if len(l.dashes) != 1 || l.column != d.Text.Offset(at.Start, UTF16)-d.Text.lines[at.Start.Line] {
			return Edit{}, false
		}
		var b strings.Builder
		for _, p := range ports {
			fmt.Fprintf(&b, "%s%s- %d:%d", nl, strings.Repeat(" ", l.dashes[0]), p.Number, p.Number)
		}
		return Edit{manifest.Range{Start: at.End, End: at.End}, b.String()}, true
	}
	if _, empty := dev.Where("reverse"); empty {
		return Edit{}, false
	}
	key := d.shown(dev.NameRange)
	l := split(d.Text.Line(key.Start.Line))
	if l.key != dev.Key || !l.opens() || key.End.Line+1 >= d.Text.Lines() {
		return Edit{}, false
	}
	// As deep as the dev's first field.
	indent := -1
	for i := key.Start.Line + 1; i < d.Text.Lines() && indent < 0; i++ {
		if next := split(d.Text.Line(i)); !next.blank() {
			indent = next.column
		}
	}
	if indent <= l.column {
		return Edit{}, false
	}
	end := d.shown(dev.Range).End
	var b strings.Builder
	fmt.Fprintf(&b, "%s%sreverse:", nl, strings.Repeat(" ", indent))
	for _, p := range ports {
		fmt.Fprintf(&b, "%s%s- %d:%d", nl, strings.Repeat(" ", indent+2), p.Number, p.Number)
	}
	// Behind the last line of the dev, and what is commented on it.
	line := end.Line
	at := d.Text.Position(d.Text.lines[line]+len(d.Text.Line(line)), UTF16)
	return Edit{manifest.Range{Start: at, End: at}, b.String()}, true
}

// newline is the line break that the text uses.
func (d *Document) newline() string {
	if strings.Contains(d.Text.content, "\r\n") {
		return "\r\n"
	}
	return "\n"
}

// convert offers the other form of a forward. One that is made of variables
// stays as it is: the conversion would write their values down.
func (d *Document) convert(f manifest.Forward) []Action {
	at := d.shown(f.Range)
	text := d.Text.cut(at)
	if strings.ContainsAny(text, "$*&#\n\r") || text == "" {
		return nil
	}
	if strings.HasPrefix(text, "{") || strings.Contains(text, ": ") {
		if len(f.Labels) > 0 || !strings.HasPrefix(text, "{") {
			return nil
		}
		return []Action{{Title: "Convert to " + f.String(), Edits: []Edit{{at, f.String()}}}}
	}
	object := fmt.Sprintf("{localPort: %d, remotePort: %d}", f.Local, f.Remote)
	if f.Service != "" {
		object = fmt.Sprintf("{localPort: %d, remotePort: %d, name: %s}", f.Local, f.Remote, f.Service)
	}
	return []Action{{Title: "Convert to " + object, Edits: []Edit{{at, object}}}}
}
