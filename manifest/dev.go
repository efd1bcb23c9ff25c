package manifest

import (
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"gopkg.in/yaml.v3"
)

// The waiting times of a dev that sets none.
const (
	DefaultTimeout          = 60 * time.Second
	DefaultResourcesTimeout = 120 * time.Second
)

// DefaultInterface is the local address of forwards and reverses unless set.
const DefaultInterface = "localhost"

// dns1123Label is what Kubernetes asks of names that become labels and host
// names (RFC 1123), at most 63 characters.
var dns1123Label = regexp.MustCompile(`^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$`)

// kubernetesName makes a Kubernetes name of a dev's key, as Okteto does:
// lower-case, with '-' for '_' and blanks.
func kubernetesName(key string) string {
	return strings.NewReplacer("_", "-", " ", "-").Replace(strings.ToLower(key))
}

// devEntry reads one entry of dev.
func (r *reader) devEntry(m *Manifest, e entry) *Dev {
	name := kubernetesName(e.name)
	r.dev = name
	defer func() { r.dev, r.quiet = "", false }()
	d := r.newDev(e.value, false)
	d.Name, d.Key = name, e.name
	d.NameRange = r.src.rangeOf(e.key)
	d.Range = d.NameRange
	if e.value != nil && !isNull(e.value) {
		if end := r.src.rangeOf(e.value).End; end.Compare(d.Range.Start) > 0 {
			d.Range.End = end
		}
	}
	switch {
	case !dns1123Label.MatchString(name):
		r.errorAt(e.key, CodeDevName, "use lower-case letters, digits and -, at most 63, with a letter or digit at both ends",
			"dev name %q is not a Kubernetes name", e.name)
	case name != e.name:
		r.warnAt(e.key, CodeDevName, "rename it to "+name, "dev name %q is not a Kubernetes name; it is used as %q", e.name, name)
		r.instead(name)
	}
	r.readDev(m, d, e.value, fieldNames(devFields), "a dev")
	r.checkPorts(m, d)
	if d.Mode == Hybrid {
		r.ignored(d)
	}
	return d
}

// newDev makes a dev with its defaults and its mode, which decides how the
// other fields are read.
func (r *reader) newDev(n *yaml.Node, service bool) *Dev {
	d := &Dev{Mode: Sync, Interface: DefaultInterface, set: map[string]Range{}, values: map[string]Range{},
		Timeout: Timeout{Default: DefaultTimeout, Resources: DefaultResourcesTimeout}}
	if n != nil && n.Kind == yaml.MappingNode && !service {
		r.quiet = true // the mode itself is read again below, with its findings
		before := len(r.found)
		for _, e := range r.entries(n, "a dev") {
			if e.name == "mode" && r.str(e.value, "mode") == string(Hybrid) {
				d.Mode = Hybrid
			}
		}
		if !r.exhausted { // that is said once only
			r.found = r.found[:before]
		}
	}
	r.quiet = d.Mode != Hybrid
	return d
}

// readDev reads the fields of a dev or of one of its services.
func (r *reader) readDev(m *Manifest, d *Dev, n *yaml.Node, known []string, where string) {
	var environment, envFiles *entry
	for _, e := range r.entries(n, where) {
		if !slices.Contains(known, e.name) {
			r.unknown(e.key, where, known, renamed)
			continue
		}
		d.set[e.name] = r.src.rangeOf(e.key)
		r.field = e.key
		if isNull(e.value) {
			continue // `key:` with nothing behind it is the default
		}
		switch e.name {
		case "environment":
			environment = &e
		case "envFiles":
			envFiles = &e
		default:
			r.readField(m, d, e)
		}
	}
	r.environment(m, d, environment, envFiles)
	r.field = nil
	if d.Mode == Hybrid && d.Workdir == "" {
		d.Workdir = m.Dir
	}
}

// readField reads one field that is set.
func (r *reader) readField(m *Manifest, d *Dev, e entry) {
	n := e.value
	switch e.name {
	case "affinity":
		d.Affinity = r.plain(n, "affinity")
	case "annotations", "labels": // of a service only; without a meaning for us
		r.stringMap(n, e.name)
	case "args":
		d.Args = r.strings(n, "args")
	case "autocreate":
		if v := r.boolean(n, "autocreate"); v != nil {
			d.Autocreate = *v
		}
	case "command":
		d.Command = r.command(e, "command")
	case "container":
		d.Container = r.str(n, "container")
		d.values["container"] = r.valueRange(e)
	case "context":
		d.Context = r.str(n, "context")
		d.values["context"] = r.valueRange(e)
	case "externalVolumes":
		d.ExternalVolumes = r.strings(n, "externalVolumes")
	case "forward":
		d.Forward = r.forwards(n, false)
	case "image":
		d.Image = r.str(n, "image")
	case "imagePullPolicy":
		d.ImagePullPolicy = r.choice(n, "imagePullPolicy", "Always", "IfNotPresent", "Never")
	case "initContainer":
		d.InitContainer = r.initContainer(n)
	case "interface":
		d.Interface = r.bindAddress(n)
	case "lifecycle":
		d.Lifecycle = r.lifecycle(n)
	case "metadata":
		r.fields(n, "metadata", fieldNames(metadataFields), func(e entry) {
			values := r.stringMap(e.value, "metadata."+e.name)
			if e.name == "labels" {
				d.Labels = values
			} else {
				d.Annotations = values
			}
		})
	case "mode":
		r.choice(n, "mode", string(Sync), string(Hybrid))
	case "name":
		d.Name = r.str(n, "name")
	case "namespace":
		d.Namespace = r.str(n, "namespace")
		d.values["namespace"] = r.valueRange(e)
	case "nodeSelector":
		d.NodeSelector = r.stringMap(n, "nodeSelector")
	case "persistentVolume":
		d.PersistentVolume = r.persistentVolume(n)
	case "priorityClassName":
		d.PriorityClassName = r.str(n, "priorityClassName")
	case "probes":
		d.Probes = r.probes(n)
	case "remote":
		d.Remote = r.portField(n, "remote")
	case "replicas":
		d.Replicas = r.number(n, "replicas", 0)
	case "resources":
		d.Resources = r.resources(n, "resources")
	case "reverse":
		d.Reverse = r.reverses(n)
	case "secrets":
		d.Secrets = r.secretMounts(n)
	case "securityContext":
		d.SecurityContext = r.securityContext(n)
	case "selector":
		d.Selector = r.stringMap(n, "selector")
		if n.Kind == yaml.MappingNode && len(d.Selector) > 0 {
			for _, label := range r.entries(n, "selector") {
				d.values["selector."+label.name] = r.valueRange(label)
			}
		}
	case "serviceAccount":
		d.ServiceAccount = r.str(n, "serviceAccount")
	case "services":
		d.Services = r.services(m, n)
	case "sshServerPort":
		d.SSHServerPort = r.portField(n, "sshServerPort")
	case "sync":
		d.Sync = r.synchronization(n)
	case "timeout":
		r.timeout(d, n)
	case "tolerations":
		d.Tolerations = r.tolerations(n)
	case "volumes":
		d.Volumes = r.strings(n, "volumes")
	case "workdir":
		r.workdir(m, d, n)
	}
}

// serviceFields are what a further workload of a dev may set.
var serviceFields = []string{"affinity", "annotations", "args", "command", "container", "environment", "envFiles", "image",
	"imagePullPolicy", "labels", "metadata", "name", "namespace", "nodeSelector", "replicas", "resources",
	"selector", "sync", "tolerations", "workdir"}

// services reads the further workloads, with nothing about this machine: they
// have no meaning in hybrid mode.
func (r *reader) services(m *Manifest, n *yaml.Node) []*Dev {
	defer func(quiet bool) { r.quiet = quiet }(r.quiet)
	var out []*Dev
	for _, item := range r.items(n, "services") {
		d := r.newDev(item, true)
		d.Range = r.src.rangeOf(item)
		r.readDev(m, d, item, serviceFields, "a service")
		if d.Key = d.Name; d.Name == "" && len(d.Selector) == 0 {
			r.errorAt(item, CodeMissingField, "add the name of its workload", "a service needs a name or a selector")
		}
		out = append(out, d)
	}
	return out
}

// workdir reads a path: in hybrid mode a local folder that must exist.
func (r *reader) workdir(m *Manifest, d *Dev, n *yaml.Node) {
	t, ok := r.text(n, "workdir")
	if d.Mode != Hybrid {
		d.Workdir = t.value
		return
	}
	if !ok || t.value == "" {
		return
	}
	path := t.value
	if !filepath.IsAbs(path) {
		path = filepath.Join(m.Dir, path)
	}
	d.Workdir = filepath.Clean(path)
	info, err := os.Stat(d.Workdir)
	switch {
	case err != nil:
		shown := d.Workdir
		if t.expanded() {
			shown = t.raw
		}
		hint := "in hybrid mode workdir is a folder of this machine, relative to the manifest"
		if strings.HasPrefix(t.raw, "~") {
			hint = "~ is not expanded here; write ${HOME}"
		}
		r.errorAt(t.node, CodeDirectoryMissing, hint, "workdir %s cannot be used: %s", shown, reason(err))
	case !info.IsDir():
		r.errorAt(t.node, CodeDirectoryMissing, "name the folder that holds it", "workdir %s is a file", t.raw)
	}
}

// timeout reads a duration, seconds, or {default, resources} of those.
func (r *reader) timeout(d *Dev, n *yaml.Node) {
	if n.Kind != yaml.MappingNode {
		d.Timeout.Default = r.duration(n, "timeout", d.Timeout.Default)
		return
	}
	r.fields(n, "timeout", fieldNames(timeoutFields), func(e entry) {
		if e.name == "default" {
			d.Timeout.Default = r.duration(e.value, "timeout.default", d.Timeout.Default)
		} else {
			d.Timeout.Resources = r.duration(e.value, "timeout.resources", d.Timeout.Resources)
		}
	})
}

// maxTimeout keeps a slip of units from waiting for days.
const maxTimeout = 24 * time.Hour

func (r *reader) duration(n *yaml.Node, what string, preset time.Duration) time.Duration {
	t, ok := r.text(n, what)
	if !ok {
		return preset
	}
	v, err := time.ParseDuration(t.value)
	if seconds, whole := parseWhole(t.value); whole == nil {
		v, err = maxTimeout+1, nil
		if seconds <= int64(maxTimeout/time.Second) {
			v = time.Duration(max(seconds, 0)) * time.Second
		}
	}
	switch {
	case err != nil:
		r.errorAt(t.node, CodeValue, "write 90s, 5m, 1h30m or a number of seconds", "%s %q is not a duration", what, t.raw)
		return preset
	case v <= 0 || v > maxTimeout:
		r.errorAt(t.node, CodeValue, "", "%s must be more than 0 and at most 24h, not %q", what, t.raw)
		return preset
	}
	return v
}

var hostName = regexp.MustCompile(`^[A-Za-z0-9_]([-A-Za-z0-9_.]{0,251}[A-Za-z0-9_])?$`)

// bindAddress reads a host name or an IP address without a port.
func (r *reader) bindAddress(n *yaml.Node) string {
	t, ok := r.text(n, "interface")
	if !ok {
		return DefaultInterface
	}
	if _, err := netip.ParseAddr(t.value); err != nil && !hostName.MatchString(t.value) {
		r.errorAt(t.node, CodeValue, "write an address without a port, for example localhost or 0.0.0.0",
			"interface %q is not an address", t.raw)
		return DefaultInterface
	}
	return t.value
}

func (r *reader) portField(n *yaml.Node, what string) int {
	t, ok := r.text(n, what)
	if !ok {
		return 0
	}
	port, message := parsePort(t.value, 1)
	if message != "" {
		r.errorAt(t.node, CodePort, "", "%s %q %s", what, t.raw, message)
	}
	return port
}

// ignored warns of every field that is set without an effect in hybrid mode.
func (r *reader) ignored(d *Dev) {
	for _, f := range devFields {
		at, set := d.set[f.Name]
		if set && !f.Applies && !d.redundant(f.Name) {
			r.report(Warning, CodeIgnoredInHybrid, at, "", "%s is ignored in hybrid mode: %s", f.Name, f.Instead)
		}
	}
}
