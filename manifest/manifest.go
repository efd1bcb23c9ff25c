package manifest

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tandem-dev/tandem/internal/fault"
)

// Manifest is a parsed okteto.yml: what concerns development. The sections for
// building, deploying, testing and destroying are accepted and not read.
type Manifest struct {
	// Path is the absolute path of the file, Dir its folder. Relative paths in
	// the manifest start there, wherever the program was started.
	Path string
	Dir  string
	// Name is the root `name`, expanded; "" if the manifest has none.
	Name string
	// Context and Namespace are those of the manifest itself, which a dev's own go
	// before; see [Manifest.Place].
	Context, Namespace string
	// Devs are in the order of the file.
	Devs []*Dev
	// Forward is the root `forward`: tunnels that belong to no dev. Each has a
	// Service or Labels.
	Forward []Forward
	// Sections are the keys of the manifest itself in the order of the file,
	// those that are not looked into among them.
	Sections []Section
	// Diagnostics is everything there is to say, in the order of the file.
	Diagnostics []Diagnostic

	variables machine
	// values are the places of Context and Namespace.
	values map[string]Range
}

// Section is one key of the manifest itself.
type Section struct {
	Name string
	// Range covers the whole section, NameRange the key alone.
	Range     Range
	NameRange Range
}

// Mode is where the code of a dev runs.
type Mode string

// The modes. A dev without one is in sync mode, as Okteto has it.
const (
	Sync   Mode = "sync"
	Hybrid Mode = "hybrid"
)

// Dev is one entry of `dev`.
type Dev struct {
	// Name is the key, made a Kubernetes name; Key is the key as written.
	Name string
	Key  string
	// Range covers the whole entry, NameRange the key alone.
	Range     Range
	NameRange Range
	Mode      Mode

	// What hybrid mode applies.

	// Selector finds the workload by its labels; empty means by Name.
	Selector map[string]string
	// Container is the container to stand in for; "" is the first.
	Container string
	// Workdir is where Command runs. In hybrid mode it is an absolute local
	// folder that exists (the manifest's own by default); in sync mode it is
	// the path in the container as written.
	Workdir string
	// Command runs locally in hybrid mode.
	Command Command
	// Environment is `environment` over `envFiles`, each name once.
	Environment []EnvVar
	// EnvFiles are the absolute paths of `envFiles`, in order.
	EnvFiles []string
	Forward  []Forward
	Reverse  []Reverse
	// Interface is the local address that forwards bind and reverses dial.
	Interface         string
	Timeout           Timeout
	Labels            map[string]string
	Annotations       map[string]string
	PriorityClassName string
	// Context and Namespace say where the workload is; see [Manifest.Place].
	Context, Namespace string

	// What hybrid mode ignores; [AppliesInHybrid] says what happens instead.

	Affinity         any
	Args             []string
	Autocreate       bool
	ExternalVolumes  []string
	Image            string
	ImagePullPolicy  string
	InitContainer    *InitContainer
	Lifecycle        *Lifecycle
	NodeSelector     map[string]string
	PersistentVolume *PersistentVolume
	Probes           *Probes
	Remote           int
	Replicas         *int64
	Resources        *Resources
	Secrets          []SecretMount
	SecurityContext  *SecurityContext
	ServiceAccount   string
	Services         []*Dev
	SSHServerPort    int
	Sync             *Synchronization
	Tolerations      []Toleration
	Volumes          []string

	// set are the fields that the manifest spells out, with their places.
	set map[string]Range
	// values are the places of the values that the cluster is asked about:
	// container, context, namespace, and selector. with the name of a label behind it.
	values map[string]Range
}

// Value gives the place of a field's value, ok=false where it is not known. The
// fields are container, context, namespace, and selector.NAME for each label of
// the selector.
func (d *Dev) Value(field string) (Range, bool) {
	at, ok := d.values[field]
	return at, ok
}

// Where gives the place of a field's key, ok=false if the manifest does not
// set the field.
func (d *Dev) Where(field string) (Range, bool) {
	at, ok := d.set[field]
	return at, ok
}

// Timeout bounds the waiting for the cluster.
type Timeout struct {
	// Default bounds every single step; 60 s unless set.
	Default time.Duration
	// Resources bounds the waiting for the pod to run, scaling up the cluster
	// included; 120 s unless set.
	Resources time.Duration
}

// EnvVar is one variable of a dev, expanded.
type EnvVar struct {
	Name  string
	Value string
	// Source is "environment", or "envFiles:" and the path as written.
	Source string
	// Below is the value that this one replaces, of an env file or further up in
	// the manifest; nil for none.
	Below *EnvVar
	// Range is the entry in the manifest; for an env file, the place where the
	// manifest names it.
	Range Range
}

// Runnable is nil for a dev in hybrid mode and fault.DevNotHybrid for others.
func (d *Dev) Runnable() error {
	if d.Mode == Hybrid {
		return nil
	}
	return fault.New(fault.DevNotHybrid, "dev %q is in %s mode, not in hybrid mode", d.Name, d.Mode).
		Hint("add `mode: hybrid` to dev.%s to run it on this machine", d.Key)
}

// Dev finds a dev by its name or its key as written. An empty name is the one
// dev in hybrid mode, if there is exactly one. The error is fault.DevNotFound,
// whose hint lists the names.
func (m *Manifest) Dev(name string) (*Dev, error) {
	var hybrid []*Dev
	var known []string
	for _, d := range m.Devs {
		if name != "" && (d.Name == name || d.Key == name) {
			return d, nil
		}
		known = append(known, d.Name)
		if d.Mode == Hybrid {
			hybrid = append(hybrid, d)
		}
	}
	if name == "" {
		switch {
		case len(hybrid) == 1:
			return hybrid[0], nil
		case len(hybrid) > 1:
			known = nil
			for _, d := range hybrid {
				known = append(known, d.Name)
			}
			return nil, fault.New(fault.DevNotFound, "%s has %d devs in hybrid mode", m.Path, len(hybrid)).
				Hint("name one of %s", strings.Join(known, ", ")).With("devs", known)
		case len(known) == 0:
			return nil, fault.New(fault.DevNotFound, "%s has no dev", m.Path).Hint("add one under `dev` with `mode: hybrid`")
		}
		return nil, fault.New(fault.DevNotFound, "%s has no dev in hybrid mode", m.Path).
			Hint("add `mode: hybrid` to one of %s", strings.Join(known, ", ")).With("devs", known)
	}
	e := fault.New(fault.DevNotFound, "%s has no dev %q", m.Path, name).With("devs", known)
	if len(known) == 0 {
		return nil, e.Hint("it has no dev at all")
	}
	if best := suggest(name, known); best != "" {
		return nil, e.Hint("did you mean %q? There are %s", best, strings.Join(known, ", "))
	}
	return nil, e.Hint("there are %s", strings.Join(known, ", "))
}

// Err is the error that keeps one dev from starting: the errors inside it and
// those outside every dev. A slip in a neighbour does not stop it. With name ""
// it is about the whole manifest, which is what [Load] and [Parse] return.
func (m *Manifest) Err(name string) error {
	if name == "" {
		return invalid(m.Path, m.Diagnostics)
	}
	return invalid(m.Path, slices.DeleteFunc(slices.Clone(m.Diagnostics), func(d Diagnostic) bool {
		return d.Dev != "" && d.Dev != name
	}))
}

// String names the manifest and its devs, for logs.
func (m *Manifest) String() string {
	devs := make([]string, len(m.Devs))
	for i, d := range m.Devs {
		devs[i] = fmt.Sprintf("%s (%s)", d.Name, d.Mode)
	}
	return m.Path + ": " + strings.Join(devs, ", ")
}
