package language

import (
	"fmt"
	"slices"
	"strings"

	"github.com/tandem-dev/tandem/manifest"
)

// ItemKind says what a proposal is, for the picture beside it.
type ItemKind int

// The kinds of proposals.
const (
	KindField ItemKind = iota
	KindWord           // one of a few values
	KindName           // something in the cluster
	KindPort
	KindVariable
)

// Item is one proposal.
type Item struct {
	Label string
	Kind  ItemKind
	// Detail stands beside the label, Doc is Markdown below it.
	Detail, Doc string
	// Insert goes in the place of Range, which holds what is typed already.
	Insert string
	Range  manifest.Range
}

// Complete proposes what may stand at a position. Where nothing is known of the
// cluster, what only that knows is left out.
func (d *Document) Complete(at manifest.Position, known Clusters) []Item {
	offset := d.Text.Offset(at, UTF16)
	p := placeAt(d.Text, offset)
	if p.kind == nowhere || p.from > p.cursor || p.to < p.cursor {
		return nil
	}
	c := completer{d: d, f: known.at(d.placeAt(p)), p: p, span: d.Text.span(p.from, p.to)}
	if c.variables() {
		return c.items
	}
	// A dev may not parse while it is written; its name in the path is enough.
	c.dev = d.devNamed(p.path)
	switch p.kind {
	case keyPlace:
		c.keys()
	case valuePlace:
		c.value()
	case elementPlace:
		c.element()
	}
	return c.items
}

// completer collects the proposals for one place.
type completer struct {
	d     *Document
	f     *Facts
	p     place
	dev   *manifest.Dev
	span  manifest.Range
	items []Item
}

func (c *completer) add(kind ItemKind, text, detail string) {
	c.items = append(c.items, Item{Label: text, Kind: kind, Detail: detail, Insert: quote(text), Range: c.span})
}

// quote makes YAML of a text that would be read as something else.
func quote(s string) string {
	switch strings.ToLower(s) {
	case "", "null", "~", "yes", "no", "on", "off", "y", "n":
		return "'" + s + "'"
	}
	if strings.ContainsAny(s[:1], "&*!|>'\"%@`{}[],#?") || strings.Contains(s, ": ") || strings.Contains(s, " #") || strings.HasSuffix(s, ":") {
		return "'" + strings.ReplaceAll(s, "'", "''") + "'"
	}
	return s
}

// devNamed is the dev of a path. One that cannot be read while it is written is
// made up from its name, for which the cluster may have something.
func (d *Document) devNamed(path []string) *manifest.Dev {
	if len(path) < 2 || path[0] != "dev" {
		return nil
	}
	for _, dev := range d.Manifest.Devs {
		if dev.Key == path[1] {
			return dev
		}
	}
	return &manifest.Dev{Name: path[1], Key: path[1]}
}

// variables proposes names where a $ or ${ stands before the cursor.
func (c *completer) variables() bool {
	typed := c.p.typed(c.d.Text.content)
	open := len(typed)
	for open > 0 && isNameByte(typed[open-1]) {
		open--
	}
	head, name := typed[:open], typed[open:]
	braced := strings.HasSuffix(head, "${")
	head = strings.TrimSuffix(head, "{")
	if !strings.HasSuffix(head, "$") || c.p.kind == keyPlace && len(c.p.path) > 0 {
		return false
	}
	if dollars := len(head) - len(strings.TrimRight(head, "$")); dollars%2 == 0 {
		return false // $$ is a dollar sign
	}
	if c.p.kind == valuePlace && slices.Equal(c.p.path[min(2, len(c.p.path)):], []string{"command"}) {
		return true // those of a command are the shell's
	}
	text := c.d.Text.content
	end := c.p.cursor
	for end < len(text) && isNameByte(text[end]) {
		end++
	}
	closing := ""
	if braced && (end >= len(text) || !strings.ContainsAny(text[end:end+1], "}:-=+?")) {
		closing = "}"
	}
	span := c.d.Text.span(c.p.cursor-len(name), end)
	for _, v := range c.d.Manifest.Variables() {
		if strings.Trim(v, nameBytes) != "" || v[0] <= '9' {
			continue // ${…} cannot name it
		}
		_, from, _ := c.d.Manifest.Variable(v)
		c.items = append(c.items, Item{Label: v, Kind: KindVariable, Detail: from, Insert: v + closing, Range: span})
	}
	return true
}

const nameBytes = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_"

func isNameByte(c byte) bool { return strings.IndexByte(nameBytes, c) >= 0 }

// keys proposes the fields of a mapping that it does not have yet, and names
// where its keys are somebody's own.
func (c *completer) keys() {
	taken := func(name string) bool { return slices.Contains(c.p.siblings, name) }
	colon := ": "
	if c.p.hasColon {
		colon = ""
	}
	fields := manifest.Keys(c.p.path...)
	for _, f := range fields {
		if taken(f.Name) {
			continue
		}
		insert := f.Name + colon
		if colon != "" && !c.p.flow && len(manifest.Keys(append(slices.Clone(c.p.path), f.Name)...)) > 0 && f.Values == nil {
			insert = f.Name + ":" // what it holds goes beneath
		}
		c.items = append(c.items, Item{Label: f.Name, Kind: KindField, Detail: f.Forms, Doc: describe(f, c.p.path), Insert: insert, Range: c.span})
	}
	own := func(name, detail string) {
		if !taken(name) {
			c.items = append(c.items, Item{Label: name, Kind: KindName, Detail: detail, Insert: quote(name) + colon, Range: c.span})
			c.p.siblings = append(c.p.siblings, name)
		}
	}
	if len(fields) > 0 || c.f == nil {
		return
	}
	field, _ := manifest.Describe(c.p.path...)
	switch {
	case slices.Equal(c.p.path, []string{"dev"}):
		for _, w := range c.f.Workloads.Items {
			own(w.Name, w.Kind+" in "+c.f.Namespace)
		}
	case field.Names == manifest.NamesLabel:
		for _, w := range c.f.Workloads.Items {
			c.labels(w.Labels, w.Kind+" "+w.Name, own)
		}
	case field.Names == manifest.NamesServiceTag:
		for _, s := range c.f.Services.Items {
			c.labels(s.Labels, "Service "+s.Name, own)
		}
	case field.Names == manifest.NamesVariable:
		if container := c.f.container(c.dev); container != nil {
			for _, name := range container.Variables {
				own(name, "set by container "+container.Name)
			}
		}
	}
}

// labels proposes each label's name once, in a stable order.
func (c *completer) labels(labels map[string]string, of string, own func(name, detail string)) {
	for _, name := range sortedKeys(labels) {
		own(name, of)
	}
}

// value proposes what a field may hold.
func (c *completer) value() {
	field, known := manifest.Describe(c.p.path...)
	if !known {
		c.labelValue()
		return
	}
	for _, w := range field.Values {
		c.items = append(c.items, Item{Label: w, Kind: KindWord, Insert: w, Range: c.span})
	}
	if c.f == nil {
		return
	}
	switch field.Names {
	case manifest.NamesContainer:
		for _, w := range c.f.workloads(c.dev) {
			for _, container := range w.Containers {
				c.add(KindName, container.Name, w.Kind+" "+w.Name)
			}
		}
	case manifest.NamesService:
		for _, s := range c.f.Services.Items {
			c.add(KindName, s.Name, "Service, "+ports(s.Ports))
		}
	case manifest.NamesNamespace:
		for _, n := range c.f.Namespaces.Items {
			c.add(KindName, n, "namespace")
		}
	case manifest.NamesContext:
		for _, n := range c.f.Contexts {
			c.add(KindName, n, "context of the kubeconfig")
		}
	case manifest.NamesPort:
		if field.Name == "remotePort" {
			c.remotePorts()
		}
	}
}

// labelValue proposes values for a label of a selector.
func (c *completer) labelValue() {
	if c.f == nil || len(c.p.path) < 2 {
		return
	}
	label := c.p.path[len(c.p.path)-1]
	field, _ := manifest.Describe(c.p.path[:len(c.p.path)-1]...)
	seen := map[string]bool{}
	propose := func(labels map[string]string, of string) {
		if v, ok := labels[label]; ok && !seen[v] {
			seen[v] = true
			c.add(KindName, v, of)
		}
	}
	switch field.Names {
	case manifest.NamesLabel:
		for _, w := range c.f.Workloads.Items {
			propose(w.Labels, w.Kind+" "+w.Name)
		}
	case manifest.NamesServiceTag:
		for _, s := range c.f.Services.Items {
			propose(s.Labels, "Service "+s.Name)
		}
	}
}

// remotePorts proposes every port of a Service.
func (c *completer) remotePorts() {
	seen := map[int]bool{}
	for _, s := range c.f.Services.Items {
		for _, port := range s.Ports {
			if !seen[port.Number] {
				seen[port.Number] = true
				c.add(KindPort, fmt.Sprint(port.Number), "Service "+s.Name+named(port))
			}
		}
	}
}

// element proposes elements of a list.
func (c *completer) element() {
	field, _ := manifest.Describe(c.p.path...)
	switch {
	case field.Names == manifest.NamesForward:
		c.forwards()
	case field.Names == manifest.NamesReverse:
		container := c.f.container(c.dev)
		if container == nil {
			return
		}
		for _, port := range container.Ports {
			if !c.reversed(port.Number) {
				c.add(KindPort, fmt.Sprintf("%d:%d", port.Number, port.Number), "container "+container.Name+named(port))
			}
		}
	case field.Names == manifest.NamesVariable && c.f != nil:
		if container := c.f.container(c.dev); container != nil && !strings.Contains(c.p.typed(c.d.Text.content), "=") {
			for _, name := range container.Variables {
				c.items = append(c.items, Item{Label: name, Kind: KindVariable, Detail: "set by container " + container.Name, Insert: name + "=", Range: c.span})
			}
		}
	}
	// An object in the place of the short form, as in `- localPort:`.
	if !c.p.flow && !strings.Contains(c.p.word(c.d.Text.content), ":") {
		for _, f := range manifest.Keys(c.p.path...) {
			c.items = append(c.items, Item{Label: f.Name, Kind: KindField, Detail: f.Forms, Doc: describe(f, c.p.path), Insert: f.Name + ": ", Range: c.span})
		}
	}
}

// reversed says whether the dev has a reverse for a port of the pod.
func (c *completer) reversed(port int) bool {
	return slices.ContainsFunc(c.dev.Reverse, func(r manifest.Reverse) bool { return r.Remote == port })
}

// forwards proposes LOCAL:SERVICE:PORT for every port of every Service, with the
// local port that is typed already.
func (c *completer) forwards() {
	if c.f == nil {
		return
	}
	local, _, given := strings.Cut(unquoted(c.p.word(c.d.Text.content)), ":")
	given = given && local != ""
	for _, s := range c.f.Services.Items {
		for _, port := range s.Ports {
			own := fmt.Sprint(port.Number)
			if given {
				own = local
			}
			c.add(KindPort, fmt.Sprintf("%s:%s:%d", own, s.Name, port.Number), "Service "+s.Name+named(port))
		}
	}
}

func named(p Port) string {
	if p.Name == "" {
		return ""
	}
	return ", " + p.Name
}

// ports lists ports for a person.
func ports(all []Port) string {
	if len(all) == 0 {
		return "no port"
	}
	var out []string
	for _, p := range all {
		text := fmt.Sprint(p.Number)
		if p.Name != "" {
			text += " (" + p.Name + ")"
		}
		out = append(out, text)
	}
	if len(out) == 1 {
		return "port " + out[0]
	}
	return "ports " + strings.Join(out, ", ")
}
