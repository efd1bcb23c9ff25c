package manifest

import (
	"path/filepath"
	"regexp"
	"strings"

	"gopkg.in/yaml.v3"
)

// usualName is a variable name that every shell and program can use.
var usualName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// plainlyName is a word of an env file that is a name and can hardly be a piece
// of a key that was broken over several lines.
var plainlyName = regexp.MustCompile(`^[A-Z_][A-Z0-9_]{0,39}$`)

// variables collects a dev's environment: set again, a variable keeps its first
// place and takes the later value.
type variables struct {
	list  []EnvVar
	index map[string]int
}

func (v *variables) set(e EnvVar) (before EnvVar, replaced bool) {
	if v.index == nil {
		v.index = map[string]int{}
	}
	if i, ok := v.index[e.Name]; ok {
		before = v.list[i]
		last := &e
		for last.Below != nil {
			last = last.Below
		}
		last.Below = &before
		v.list[i] = e
		return before, true
	}
	v.index[e.Name] = len(v.list)
	v.list = append(v.list, e)
	return EnvVar{}, false
}

func (v *variables) lookup(name string) (string, bool) {
	if i, ok := v.index[name]; ok {
		return v.list[i].Value, true
	}
	return "", false
}

// environment reads envFiles, then environment above them.
func (r *reader) environment(m *Manifest, d *Dev, environment, envFiles *entry) {
	var vars variables
	if envFiles != nil {
		r.envFiles(m, d, &vars, envFiles.value)
	}
	if environment != nil {
		own := map[string]Range{}
		switch n := environment.value; n.Kind {
		case yaml.MappingNode:
			r.environmentMap(&vars, n, own)
		case yaml.SequenceNode:
			r.environmentList(&vars, n, own)
		default:
			r.errorAt(n, CodeType, "write NAME: value beneath it", "environment must be a mapping or a list, not %s", kindName(n))
		}
	}
	d.Environment = vars.list
}

// environmentMap reads NAME: value; an empty value takes the local one.
func (r *reader) environmentMap(vars *variables, n *yaml.Node, own map[string]Range) {
	for _, e := range r.entries(n, "environment") {
		at := r.src.rangeOf(e.key)
		if isNull(e.value) {
			r.inherit(vars, e.name, at, own)
			continue
		}
		if t, ok := r.text(e.value, "the value of "+e.name); ok {
			at.End = r.src.rangeOf(t.node).End
			if at.End.Compare(at.Start) < 0 {
				at.End = at.Start // an aliased value lies elsewhere
			}
			r.variable(vars, EnvVar{Name: e.name, Value: t.value, Range: at}, own)
		}
	}
}

// environmentList reads elements NAME=value, NAME, and {NAME: value}.
func (r *reader) environmentList(vars *variables, n *yaml.Node, own map[string]Range) {
	for _, item := range r.items(n, "environment") {
		switch {
		case isNull(item):
			r.missing(item, "environment", "write NAME=value")
		case item.Kind == yaml.MappingNode:
			// `- NAME: value`, a mapping for each element: what was meant is plain.
			r.environmentMap(vars, item, own)
		default:
			raw, ok := r.literal(item, "an element of environment")
			if !ok {
				continue
			}
			name, _, assigned := strings.Cut(raw.raw, "=")
			if strings.Contains(name, "$") {
				r.errorAt(item, CodeEnvName, "write NAME=value, or NAME alone for the local value",
					"the name of a variable cannot be made of variables")
				continue
			}
			if !assigned {
				r.inherit(vars, name, r.src.rangeOf(item), own)
				continue
			}
			if t, ok := r.text(item, "the value of "+name); ok {
				_, value, _ := strings.Cut(t.value, "=")
				r.variable(vars, EnvVar{Name: name, Value: value, Range: r.src.rangeOf(item)}, own)
			}
		}
	}
}

// inherit takes a variable from the local machine, or leaves it out.
func (r *reader) inherit(vars *variables, name string, at Range, own map[string]Range) {
	value, ok := r.local(name)
	if !ok {
		if r.usable(name, at) && !r.quiet {
			r.report(Warning, CodeNotInherited, at, "set it, put it in .env, or give it a value here",
				"variable %s is not set on this machine and is left out", name)
		}
		return
	}
	r.variable(vars, EnvVar{Name: name, Value: value, Range: at}, own)
}

// variable sets a variable of `environment`; own are those set by it before.
func (r *reader) variable(vars *variables, v EnvVar, own map[string]Range) {
	if !r.usable(v.Name, v.Range) {
		return
	}
	v.Source = "environment"
	vars.set(v)
	if first, ok := own[v.Name]; ok {
		r.report(Warning, CodeShadowed, v.Range, "keep one of the two",
			"variable %s is set in line %d already; this one wins", v.Name, first.Start.Line+1)
	}
	own[v.Name] = v.Range
}

// usable checks a variable's name.
func (r *reader) usable(name string, at Range) bool {
	switch {
	case name == "":
		r.report(Error, CodeEnvName, at, "write NAME=value", "a variable has no name")
	case strings.ContainsAny(name, "= \t\r\n\x00"):
		r.report(Error, CodeEnvName, at, "write NAME=value without blanks around the name", "%q is not a variable name", name)
	default:
		if !usualName.MatchString(name) {
			r.report(Warning, CodeEnvName, at, "use letters, digits and _", "shells cannot use the variable name %q", name)
		}
		return true
	}
	return false
}

// envFiles reads the files in order, a later one above an earlier one.
func (r *reader) envFiles(m *Manifest, d *Dev, vars *variables, n *yaml.Node) {
	nodes := []*yaml.Node{n}
	if n.Kind == yaml.SequenceNode {
		nodes = r.items(n, "envFiles")
	}
	for _, item := range nodes {
		t, ok := r.text(item, "an element of envFiles")
		if !ok || t.value == "" {
			if ok || isNull(item) {
				r.errorAt(item, CodeValue, "write the path of a file", "an element of envFiles is empty")
			}
			continue
		}
		path := t.value
		if !filepath.IsAbs(path) {
			path = filepath.Join(m.Dir, path)
		}
		d.EnvFiles = append(d.EnvFiles, filepath.Clean(path))
		if r.quiet {
			continue // this dev does not run here, its files need not be here
		}
		content, err := readSmall(path)
		if err != nil {
			r.errorAt(item, CodeFileMissing, "paths are relative to the manifest's folder", "env file %s cannot be read: %s", t.raw, reason(err))
			continue
		}
		r.envFile(vars, t, string(content))
	}
}

// envFile adds the variables of one file. Inside it, a variable refers to those
// above it first, which are what the command will see, then to the machine's.
func (r *reader) envFile(vars *variables, t text, content string) {
	at := r.src.rangeOf(t.node)
	var file variables
	find := func(name string) (string, bool) {
		if v, ok := file.lookup(name); ok {
			return v, true
		}
		return r.local(name)
	}
	faults := parseEnvFile(content, func(v envLine) {
		e := EnvVar{Name: v.name, Value: v.value, Source: "envFiles:" + t.raw, Range: at}
		if v.bare {
			value, ok := r.local(v.name)
			if !ok {
				name := "a variable"
				if plainlyName.MatchString(v.name) {
					name = "variable " + v.name
				}
				r.report(Warning, CodeNotInherited, at, "set it, or give it a value in the file",
					"%s:%d: %s is not set on this machine and is left out", t.raw, v.line, name)
				return
			}
			e.Value = value
		}
		if _, again := file.set(e); again {
			r.report(Warning, CodeShadowed, at, "keep one of the two", "%s:%d: variable %s is set above already; this one wins",
				t.raw, v.line, v.name)
		}
	}, func(v template) (string, []finding) { return v.expand(find) })
	r.envFaults(t.raw, at, faults)
	for _, e := range file.list {
		if before, again := vars.set(e); again && before.Value != e.Value {
			r.report(Information, CodeShadowed, at, "", "variable %s of %s replaces that of %s",
				e.Name, t.raw, strings.TrimPrefix(before.Source, "envFiles:"))
		}
	}
}
