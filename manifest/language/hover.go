package language

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/tandem-dev/tandem/manifest"
)

// Hover is an explanation of what stands at a place.
type Hover struct {
	// Markdown is the text.
	Markdown string
	// Range is what it is about.
	Range manifest.Range
}

// Hover explains the field, the name or the variable at a position; ok is false
// where there is nothing to say.
func (d *Document) Hover(at manifest.Position, known Clusters) (h Hover, ok bool) {
	offset := d.Text.Offset(at, UTF16)
	p := placeAt(d.Text, offset)
	if p.kind == nowhere || p.from > p.cursor || p.to < p.cursor || p.from == p.to {
		return h, false
	}
	h.Range = d.Text.span(p.from, p.to)
	if p.kind == keyPlace {
		name := unquoted(p.word(d.Text.content))
		path := append(slices.Clone(p.path), name)
		if field, known := manifest.Describe(path...); known {
			h.Markdown = fmt.Sprintf("**%s** `%s`\n\n%s", field.Name, field.Forms, describe(field, p.path))
			return h, true
		}
		if slices.Equal(p.path, []string{"dev"}) {
			dev := d.devNamed(path)
			h.Markdown = d.describeDev(dev, known.at(d.Manifest.Place(dev)))
			return h, h.Markdown != ""
		}
		return h, false
	}
	if h, ok := d.hoverVariable(p); ok {
		return h, true
	}
	h.Markdown = d.describeName(p, known.at(d.placeAt(p)))
	return h, h.Markdown != ""
}

// describe is what there is to say about a field, as Markdown.
func describe(f manifest.Field, path []string) string {
	text := f.Doc
	if len(path) == 2 && path[0] == "dev" && f.Instead != "" {
		text += "\n\nIgnored in hybrid mode: " + f.Instead + "."
	}
	if len(f.Values) > 0 {
		text += "\n\nValues: `" + strings.Join(f.Values, "`, `") + "`."
	}
	return text
}

// hoverVariable explains the ${NAME} or $NAME that the cursor is in.
func (d *Document) hoverVariable(p place) (h Hover, ok bool) {
	if slices.Equal(p.path[min(2, len(p.path)):], []string{"command"}) {
		return h, false // the shell's
	}
	text := d.Text.content
	for i := p.from; i < p.to; i++ {
		if text[i] != '$' {
			continue
		}
		if i+1 < p.to && text[i+1] == '$' {
			i++
			continue
		}
		from := i
		if i++; i < p.to && text[i] == '{' {
			i++
		}
		name := i
		for i < p.to && isNameByte(text[i]) {
			i++
		}
		if p.cursor < from || p.cursor > i || i == name {
			i--
			continue
		}
		h.Range = d.Text.span(from, i)
		h.Markdown = d.describeVariable(text[name:i])
		return h, true
	}
	return h, false
}

func (d *Document) describeVariable(name string) string {
	value, from, ok := d.Manifest.Variable(name)
	switch {
	case !ok:
		return fmt.Sprintf("**%s** is not set, neither in the environment nor in `.env` beside the manifest.", name)
	case value == "":
		return fmt.Sprintf("**%s** is empty, from %s.", name, from)
	}
	shown := Mask(name, value)
	if shown != value {
		return fmt.Sprintf("**%s** is set, from %s; its value is not shown: %s", name, from, code(shown))
	}
	const most = 500
	if len([]rune(shown)) > most {
		shown = string([]rune(shown)[:most]) + "…"
	}
	return fmt.Sprintf("**%s** from %s:\n\n%s", name, from, code(shown))
}

// code is text as Markdown shows it unchanged: a fence that the text does not
// hold.
func code(s string) string {
	if !strings.ContainsAny(s, "`\n\r") {
		return "`" + s + "`"
	}
	fence := "```"
	for strings.Contains(s, fence) {
		fence += "`"
	}
	return fence + "\n" + s + "\n" + fence
}

// describeDev tells what a dev stands for in the cluster.
func (d *Document) describeDev(dev *manifest.Dev, f *Facts) string {
	var b strings.Builder
	if dev.Mode != "" {
		fmt.Fprintf(&b, "**%s**, a dev in %s mode", dev.Name, dev.Mode)
	}
	for _, w := range f.workloads(dev) {
		if b.Len() > 0 {
			b.WriteString("\n\n")
		}
		fmt.Fprintf(&b, "%s `%s` in namespace `%s`", w.Kind, w.Name, f.Namespace)
		for _, c := range w.Containers {
			fmt.Fprintf(&b, "\n- container `%s`, %s", c.Name, ports(c.Ports))
		}
	}
	return b.String()
}

// describeName tells what the cluster knows by the name at a place.
func (d *Document) describeName(p place, f *Facts) string {
	if f == nil {
		return ""
	}
	field, _ := manifest.Describe(p.path...)
	word := unquoted(p.word(d.Text.content))
	switch field.Names {
	case manifest.NamesContainer:
		for _, w := range f.workloads(d.devNamed(p.path)) {
			for _, c := range w.Containers {
				if c.Name == word {
					return fmt.Sprintf("container `%s` of %s `%s`, %s", c.Name, w.Kind, w.Name, ports(c.Ports))
				}
			}
		}
	case manifest.NamesService:
		return describeService(f, word)
	case manifest.NamesForward:
		if parsed, err := manifest.ParseForward(word); err == nil && p.kind == elementPlace {
			return describeService(f, parsed.Service)
		}
	}
	return ""
}

func describeService(f *Facts, name string) string {
	s, ok := f.service(name)
	if !ok {
		return ""
	}
	text := fmt.Sprintf("Service `%s` in namespace `%s`, %s", s.Name, f.Namespace, ports(s.Ports))
	for _, k := range sortedKeys(s.Labels) {
		text += fmt.Sprintf("\n- `%s: %s`", k, s.Labels[k])
	}
	return text
}

func sortedKeys(m map[string]string) []string { return slices.Sorted(maps.Keys(m)) }
