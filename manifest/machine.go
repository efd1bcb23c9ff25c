package manifest

import (
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// machine is what the variables of a manifest expand to: the process
// environment, and beneath it the .env file of the project's folder.
type machine struct {
	process lookup
	environ func() []string
	file    map[string]string
}

func (m machine) lookup(name string) (string, bool) {
	if m.process != nil {
		if v, ok := m.process(name); ok {
			return v, true
		}
	}
	v, ok := m.file[name]
	return v, ok
}

// machine reads the .env file. Its faults are reported at the top of the
// manifest, as warnings: other tools with other dialects share the file, and
// what the manifest needs of it and does not get is reported where it is needed.
func (r *reader) machine(dir string, o Options) machine {
	m := machine{process: o.LookupEnv, environ: o.Environ}
	if m.process == nil {
		m.process = os.LookupEnv
	}
	content, err := readSmall(filepath.Join(dir, ".env"))
	if err != nil {
		if !errors.Is(err, os.ErrNotExist) {
			r.report(Warning, CodeEnvFile, Range{}, "", "cannot read .env: %s", reason(err))
		}
		return m
	}
	m.file = map[string]string{}
	faults := parseEnvFile(string(content), func(v envLine) {
		if !v.bare {
			m.file[v.name] = v.value
		}
	}, func(t template) (string, []finding) { return t.expand(m.lookup) })
	for i := range faults {
		faults[i].warning = true
	}
	r.envFaults(".env", Range{}, faults)
	return m
}

// Variable is what ${name} expands to in this manifest. from says where the
// value is: "the environment", or ".env". ok is false for a variable that is
// not set. The value may be a secret of the developer's.
func (m *Manifest) Variable(name string) (value, from string, ok bool) {
	if m.variables.process != nil {
		if v, ok := m.variables.process(name); ok {
			return v, "the environment", true
		}
	}
	v, ok := m.variables.file[name]
	return v, ".env", ok
}

// Variables are the names that [Manifest.Variable] knows, sorted.
func (m *Manifest) Variables() []string {
	names := map[string]bool{}
	for name := range m.variables.file {
		names[name] = true
	}
	environ := m.variables.environ
	if environ == nil {
		environ = os.Environ
	}
	for _, pair := range environ() {
		// Windows keeps the folder of each drive as =C:=C:\dir.
		if name, _, ok := strings.Cut(pair, "="); ok && name != "" {
			names[name] = true
		}
	}
	return slices.Sorted(maps.Keys(names))
}
