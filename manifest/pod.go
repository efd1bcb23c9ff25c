package manifest

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"
)

// The types of fields that shape the pod of sync mode. They are typed so that a
// slip in them is found, and carry no meaning in hybrid mode.

// Resources are amounts as Kubernetes writes them ("500m", "2Gi").
type Resources struct{ Limits, Requests map[string]string }

// Probes says which probes of the original stay.
type Probes struct{ Liveness, Readiness, Startup bool }

// Lifecycle says which hooks of the original stay or are replaced.
type Lifecycle struct{ PostStart, PreStop *LifecycleHook }

// LifecycleHook is one hook; an empty Command is that of the original.
type LifecycleHook struct {
	Enabled bool
	Command Command
}

// InitContainer is the container that brings Okteto's own programs.
type InitContainer struct {
	Image     string
	Resources *Resources
}

// PersistentVolume keeps the synchronized files.
type PersistentVolume struct {
	Enabled                                    *bool
	Size, StorageClass, AccessMode, VolumeMode string
	Labels, Annotations                        map[string]string
}

// SecretMount is a local file that is copied to the container.
type SecretMount struct {
	Local, Remote string
	// Mode is the file mode, 0644 unless set.
	Mode uint32
}

// SecurityContext of the container.
type SecurityContext struct {
	RunAsUser, RunAsGroup, FSGroup         *int64
	RunAsNonRoot                           *bool
	AllowPrivilegeEscalation, ReadOnlyRoot *bool
	CapabilitiesAdd, CapabilitiesDrop      []string
}

// Synchronization is `sync`.
type Synchronization struct {
	Folders              []SyncFolder
	Compression, Verbose *bool
	RescanInterval       *int64
}

// SyncFolder is one folder kept alike on both sides.
type SyncFolder struct{ Local, Remote string }

// Toleration is a Kubernetes toleration.
type Toleration struct {
	Key, Operator, Value, Effect string
	TolerationSeconds            *int64
}

func parseWhole(s string) (int64, error) { return strconv.ParseInt(strings.TrimSpace(s), 10, 64) }

func (r *reader) resources(n *yaml.Node, where string) *Resources {
	out := &Resources{}
	r.fields(n, where, fieldNames(resourceFields), func(e entry) {
		amounts := r.stringMap(e.value, where+"."+e.name)
		if e.name == "limits" {
			out.Limits = amounts
		} else {
			out.Requests = amounts
		}
	})
	return out
}

// probes reads true, false, or a mapping of probes to true or false.
func (r *reader) probes(n *yaml.Node) *Probes {
	if n.Kind == yaml.ScalarNode {
		all := r.boolean(n, "probes")
		if all == nil {
			return nil
		}
		return &Probes{*all, *all, *all}
	}
	out := &Probes{}
	targets := map[string]*bool{"liveness": &out.Liveness, "readiness": &out.Readiness, "startup": &out.Startup}
	r.fields(n, "probes", fieldNames(probeFields), func(e entry) {
		if v := r.boolean(e.value, "probes."+e.name); v != nil {
			*targets[e.name] = *v
		}
	})
	return out
}

// lifecycle reads true, false, or a mapping of hooks, each true, false or
// {enabled, command}.
func (r *reader) lifecycle(n *yaml.Node) *Lifecycle {
	if n.Kind == yaml.ScalarNode {
		all := r.boolean(n, "lifecycle")
		if all == nil {
			return nil
		}
		return &Lifecycle{&LifecycleHook{Enabled: *all}, &LifecycleHook{Enabled: *all}}
	}
	out := &Lifecycle{}
	r.fields(n, "lifecycle", fieldNames(lifecycleFields), func(e entry) {
		where := "lifecycle." + e.name
		hook := &LifecycleHook{}
		if v := e.value; v != nil && v.Kind == yaml.ScalarNode && !isNull(v) {
			if on := r.boolean(v, where); on != nil {
				hook.Enabled = *on
			}
		} else {
			r.fields(v, where, fieldNames(hookFields), func(e entry) {
				if e.name == "command" {
					hook.Command = r.command(e, where+".command")
				} else if on := r.boolean(e.value, where+".enabled"); on != nil {
					hook.Enabled = *on
				}
			})
		}
		if e.name == "postStart" {
			out.PostStart = hook
		} else {
			out.PreStop = hook
		}
	})
	return out
}

func (r *reader) initContainer(n *yaml.Node) *InitContainer {
	out := &InitContainer{}
	r.fields(n, "initContainer", fieldNames(initFields), func(e entry) {
		if e.name == "image" {
			out.Image = r.str(e.value, "initContainer.image")
		} else {
			out.Resources = r.resources(e.value, "initContainer.resources")
		}
	})
	return out
}

func (r *reader) persistentVolume(n *yaml.Node) *PersistentVolume {
	out := &PersistentVolume{}
	r.fields(n, "persistentVolume", fieldNames(volumeFields), func(e entry) {
		where := "persistentVolume." + e.name
		switch e.name {
		case "enabled":
			out.Enabled = r.boolean(e.value, where)
		case "size":
			out.Size = r.str(e.value, where)
		case "storageClass":
			out.StorageClass = r.str(e.value, where)
		case "accessMode":
			out.AccessMode = r.str(e.value, where)
		case "volumeMode":
			out.VolumeMode = r.str(e.value, where)
		case "labels":
			out.Labels = r.stringMap(e.value, where)
		case "annotations":
			out.Annotations = r.stringMap(e.value, where)
		}
	})
	return out
}

// secretMounts reads LOCAL:REMOTE or LOCAL:REMOTE:MODE; a Windows drive letter
// keeps its colon.
func (r *reader) secretMounts(n *yaml.Node) []SecretMount {
	var out []SecretMount
	for _, item := range r.items(n, "secrets") {
		t, ok := r.text(item, "an element of secrets")
		if !ok {
			continue
		}
		local, rest := cutLocal(t.value)
		remote, mode, hasMode := strings.Cut(rest, ":")
		if local == "" || !strings.HasPrefix(remote, "/") {
			r.errorAt(t.node, CodeValue, "write LOCAL:REMOTE or LOCAL:REMOTE:MODE with an absolute REMOTE",
				"%q is not a secret to mount", t.raw)
			continue
		}
		m := SecretMount{Local: local, Remote: remote, Mode: 0o644}
		if hasMode {
			v, err := strconv.ParseUint(mode, 8, 32)
			if err != nil || v > 0o777 {
				r.errorAt(t.node, CodeValue, "write it in octal, for example 400", "%q has no valid file mode", t.raw)
				continue
			}
			m.Mode = uint32(v)
		}
		out = append(out, m)
	}
	return out
}

// cutLocal splits LOCAL:REMOTE. A first colon belongs to a Windows drive when
// another one follows before an absolute path, as in C:/src:/app.
func cutLocal(s string) (local, rest string) {
	i := strings.IndexByte(s, ':')
	if i < 0 {
		return s, ""
	}
	if i == 1 && isNameStart(s[0]) && len(s) > 2 && (s[2] == '/' || s[2] == '\\') {
		if j := strings.Index(s[2:], ":/"); j >= 0 {
			i = 2 + j
		}
	}
	return s[:i], s[i+1:]
}

func (r *reader) securityContext(n *yaml.Node) *SecurityContext {
	out := &SecurityContext{}
	r.fields(n, "securityContext", fieldNames(securityFields), func(e entry) {
		where := "securityContext." + e.name
		switch e.name {
		case "runAsUser":
			out.RunAsUser = r.number(e.value, where, 0)
		case "runAsGroup":
			out.RunAsGroup = r.number(e.value, where, 0)
		case "fsGroup":
			out.FSGroup = r.number(e.value, where, 0)
		case "runAsNonRoot":
			out.RunAsNonRoot = r.boolean(e.value, where)
		case "allowPrivilegeEscalation":
			out.AllowPrivilegeEscalation = r.boolean(e.value, where)
		case "readOnlyRootFilesystem":
			out.ReadOnlyRoot = r.boolean(e.value, where)
		case "capabilities":
			r.fields(e.value, where, fieldNames(capabilityFields), func(e entry) {
				if e.name == "add" {
					out.CapabilitiesAdd = r.strings(e.value, where+".add")
				} else {
					out.CapabilitiesDrop = r.strings(e.value, where+".drop")
				}
			})
		}
	})
	return out
}

// synchronization reads a list of LOCAL:REMOTE, or a mapping with such a list
// under `folders`.
func (r *reader) synchronization(n *yaml.Node) *Synchronization {
	out := &Synchronization{}
	if n.Kind != yaml.MappingNode {
		out.Folders = r.syncFolders(n, "sync")
		return out
	}
	r.fields(n, "sync", fieldNames(syncFields), func(e entry) {
		switch e.name {
		case "folders":
			out.Folders = r.syncFolders(e.value, "sync.folders")
		case "compression":
			out.Compression = r.boolean(e.value, "sync.compression")
		case "verbose":
			out.Verbose = r.boolean(e.value, "sync.verbose")
		case "rescanInterval":
			out.RescanInterval = r.number(e.value, "sync.rescanInterval", 0)
		}
	})
	return out
}

func (r *reader) syncFolders(n *yaml.Node, where string) []SyncFolder {
	var out []SyncFolder
	for _, item := range r.items(n, where) {
		t, ok := r.text(item, "an element of "+where)
		if !ok {
			continue
		}
		local, remote := cutLocal(t.value)
		if local == "" || remote == "" {
			r.errorAt(t.node, CodeValue, "write LOCAL:REMOTE, for example .:/usr/src/app", "%q is not a folder to synchronize", t.raw)
			continue
		}
		out = append(out, SyncFolder{Local: local, Remote: remote})
	}
	return out
}

func (r *reader) tolerations(n *yaml.Node) []Toleration {
	var out []Toleration
	for _, item := range r.items(n, "tolerations") {
		var t Toleration
		r.fields(item, "a toleration", fieldNames(tolerationFields), func(e entry) {
			switch e.name {
			case "key":
				t.Key = r.str(e.value, "key")
			case "operator":
				t.Operator = r.str(e.value, "operator")
			case "value":
				t.Value = r.str(e.value, "value")
			case "effect":
				t.Effect = r.str(e.value, "effect")
			case "tolerationSeconds":
				t.TolerationSeconds = r.number(e.value, "tolerationSeconds", math.MinInt64)
			}
		})
		out = append(out, t)
	}
	return out
}

// choice reads one of a few words.
func (r *reader) choice(n *yaml.Node, what string, words ...string) string {
	t, ok := r.text(n, what)
	if !ok {
		return ""
	}
	if !slices.Contains(words, t.value) {
		hint := ""
		if best := suggest(t.raw, words); best != "" {
			hint = fmt.Sprintf("did you mean %q?", best)
		}
		r.errorAt(t.node, CodeValue, hint, "%s must be %s, not %q", what, strings.Join(words, " or "), t.raw)
		r.instead(suggest(t.raw, words))
		return ""
	}
	return t.value
}
