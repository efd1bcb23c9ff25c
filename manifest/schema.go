package manifest

import "strings"

// Names says what the value of a field names, for who can look that up.
type Names int

// What values name.
const (
	NamesNothing    Names = iota
	NamesContainer        // a container of the dev's workload
	NamesService          // a Service, or any host that the pod can reach
	NamesPort             // a port
	NamesLabel            // the keys are those of the workload's labels
	NamesServiceTag       // the keys are labels of a Service
	NamesVariable         // the keys are names of environment variables
	NamesNamespace        // a namespace of the cluster
	NamesContext          // a context of the kubeconfig
	NamesForward          // elements are forwards
	NamesReverse          // elements are reverses
	NamesFile             // a path on this machine
)

// Keys are the fields that a mapping at a place of a manifest may have, in the
// order of documentation; nil where anything may stand or nothing is known. The
// path has the keys from the root down to the mapping; elements of a list do
// not count, so that dev, api, forward is the place of an object in a forward.
func Keys(path ...string) []Field {
	if fields, ok := schema[strings.Join(generic(path), ".")]; ok {
		return append([]Field(nil), fields...)
	}
	return nil
}

// Describe is the field at a path, as for [Keys]; ok is false for a key that is
// somebody's own name, and for one that no manifest has.
func Describe(path ...string) (field Field, ok bool) {
	if len(path) == 0 {
		return Field{}, false
	}
	last := len(path) - 1
	for _, f := range Keys(path[:last]...) {
		if f.Name == path[last] {
			return f, true
		}
	}
	return Field{}, false
}

// Sections lists the fields of the manifest itself. The result is a copy.
func Sections() []Field { return Keys() }

// generic puts * where a path has a name that its owner chose.
func generic(path []string) []string {
	out := append([]string(nil), path...)
	if len(out) < 2 {
		return out
	}
	switch out[0] {
	case "dev", "build", "test", "external", "dependencies":
		out[1] = "*"
	}
	return out
}

// fieldNames are the names of a table's fields.
func fieldNames(fields []Field) []string {
	out := make([]string, len(fields))
	for i, f := range fields {
		out[i] = f.Name
	}
	return out
}

// sections are the fields of the manifest itself; only context, dev, forward, name
// and namespace are read. All of them apply, to Tandem or to Okteto.
var sections = []Field{
	{Name: "build", Forms: "name: {image, context, dockerfile, …}", Doc: "Images that Okteto builds; Tandem does not look into it."},
	{Name: "context", Forms: "name | Okteto URL", Doc: "The context of every dev that names none.", Names: NamesContext, Applies: true},
	{Name: "dependencies", Forms: "list of URLs | name: {repository, …}", Doc: "Other repositories that Okteto deploys first; Tandem does not look into it."},
	{Name: "deploy", Forms: "list of commands | {commands, compose, …}", Doc: "How Okteto deploys; Tandem does not look into it."},
	{Name: "destroy", Forms: "list of commands | {commands, …}", Doc: "What Okteto runs on destroy; Tandem does not look into it."},
	{Name: "dev", Forms: "name: dev", Doc: "The workloads to develop, by the name of their Deployment or StatefulSet.", Applies: true},
	{Name: "external", Forms: "name: {endpoints, notes, icon}", Doc: "Resources outside the cluster, for Okteto's pages."},
	{Name: "forward", Forms: "list of local:service:remote | {localPort, remotePort, name, labels}", Names: NamesForward, Applies: true,
		Doc: "Local ports that lead into the cluster for every dev of this manifest."},
	{Name: "icon", Forms: "name | URL", Doc: "The icon on Okteto's pages.",
		Values: []string{"default", "container", "dashboard", "database", "function", "graph", "storage", "launchdarkly", "mongodb", "gcp", "aws", "okteto"}},
	{Name: "image", Forms: "reference", Doc: "An image that Okteto builds and pushes; Tandem does not look into it."},
	{Name: "name", Forms: "text", Doc: "The name of the development environment.", Applies: true},
	{Name: "namespace", Forms: "name", Doc: "The namespace of every dev that names none.", Names: NamesNamespace, Applies: true},
	{Name: "test", Forms: "name: {commands, image, …}", Doc: "Tests that Okteto runs; Tandem does not look into it."},
}

var (
	onOff = []string{"true", "false"}

	forwardFields = []Field{
		{Name: "localPort", Forms: "port", Doc: "The port on this machine; 0 picks a free one.", Names: NamesPort, Applies: true},
		{Name: "remotePort", Forms: "port", Doc: "The port in the cluster.", Names: NamesPort, Applies: true},
		{Name: "name", Forms: "host name", Doc: "The Service, or any host that the dev pod can reach.", Names: NamesService, Applies: true},
		{Name: "labels", Forms: "label: value", Doc: "Finds the Service by its labels instead of by name.", Names: NamesServiceTag, Applies: true},
	}
	timeoutFields = []Field{
		{Name: "default", Forms: "5m | seconds", Doc: "Bounds every single step; 60 s by default.", Applies: true},
		{Name: "resources", Forms: "5m | seconds", Doc: "Bounds the waiting for the pod, scaling up the cluster included; 120 s by default.", Applies: true},
	}
	metadataFields = []Field{
		{Name: "labels", Forms: "label: value", Doc: "Labels for the dev pod.", Applies: true},
		{Name: "annotations", Forms: "name: value", Doc: "Annotations for the dev pod.", Applies: true},
	}
	resourceFields = []Field{
		{Name: "limits", Forms: "cpu, memory, …: amount", Doc: "The most that the container gets."},
		{Name: "requests", Forms: "cpu, memory, …: amount", Doc: "What the scheduler sets aside for the container."},
	}
	amountFields = []Field{
		{Name: "cpu", Forms: "500m", Doc: "Processor time."},
		{Name: "memory", Forms: "1Gi", Doc: "Memory."},
		{Name: "ephemeral-storage", Forms: "1Gi", Doc: "Space on the node's disk."},
	}
	hookFields = []Field{
		{Name: "enabled", Forms: "true | false", Doc: "Whether the hook runs.", Values: onOff},
		{Name: "command", Forms: "text or list", Doc: "The command; that of the original by default."},
	}
	lifecycleFields = []Field{
		{Name: "postStart", Forms: "true | false | {enabled, command}", Doc: "Runs behind the container's start.", Values: onOff},
		{Name: "preStop", Forms: "true | false | {enabled, command}", Doc: "Runs before the container's end.", Values: onOff},
	}
	probeFields = []Field{
		{Name: "liveness", Forms: "true | false", Doc: "Keeps the original's liveness probe.", Values: onOff},
		{Name: "readiness", Forms: "true | false", Doc: "Keeps the original's readiness probe.", Values: onOff},
		{Name: "startup", Forms: "true | false", Doc: "Keeps the original's startup probe.", Values: onOff},
	}
	volumeFields = []Field{
		{Name: "enabled", Forms: "true | false", Doc: "Whether there is a volume.", Values: onOff},
		{Name: "size", Forms: "5Gi", Doc: "Its size."},
		{Name: "storageClass", Forms: "name", Doc: "Its storage class; the cluster's default one."},
		{Name: "accessMode", Forms: "ReadWriteOnce", Doc: "Its access mode.", Values: []string{"ReadWriteOnce", "ReadWriteMany", "ReadWriteOncePod", "ReadOnlyMany"}},
		{Name: "volumeMode", Forms: "Filesystem | Block", Doc: "Its volume mode.", Values: []string{"Filesystem", "Block"}},
		{Name: "labels", Forms: "label: value", Doc: "Its labels."},
		{Name: "annotations", Forms: "name: value", Doc: "Its annotations."},
	}
	initFields = []Field{
		{Name: "image", Forms: "reference", Doc: "Its image."},
		{Name: "resources", Forms: "{limits, requests}", Doc: "CPU, memory and the like."},
	}
	securityFields = []Field{
		{Name: "runAsUser", Forms: "number", Doc: "The user's id."},
		{Name: "runAsGroup", Forms: "number", Doc: "The group's id."},
		{Name: "fsGroup", Forms: "number", Doc: "The group of the pod's volumes."},
		{Name: "runAsNonRoot", Forms: "true | false", Doc: "Refuses to run as root.", Values: onOff},
		{Name: "allowPrivilegeEscalation", Forms: "true | false", Doc: "Whether a process may gain rights.", Values: onOff},
		{Name: "readOnlyRootFilesystem", Forms: "true | false", Doc: "Mounts the image read-only.", Values: onOff},
		{Name: "capabilities", Forms: "{add, drop}", Doc: "Rights beyond those of a user."},
	}
	capabilityFields = []Field{
		{Name: "add", Forms: "list of names", Doc: "Rights to add."},
		{Name: "drop", Forms: "list of names", Doc: "Rights to drop."},
	}
	syncFields = []Field{
		{Name: "folders", Forms: "list of local:remote", Doc: "The folders."},
		{Name: "compression", Forms: "true | false", Doc: "Compresses what is sent.", Values: onOff},
		{Name: "verbose", Forms: "true | false", Doc: "Says more in the log.", Values: onOff},
		{Name: "rescanInterval", Forms: "seconds", Doc: "How often the folders are read anew."},
	}
	tolerationFields = []Field{
		{Name: "key", Forms: "name", Doc: "The key of the taint."},
		{Name: "operator", Forms: "Exists | Equal", Doc: "How the value is compared.", Values: []string{"Exists", "Equal"}},
		{Name: "value", Forms: "text", Doc: "The value of the taint."},
		{Name: "effect", Forms: "NoSchedule | PreferNoSchedule | NoExecute", Doc: "The taint's effect.",
			Values: []string{"NoSchedule", "PreferNoSchedule", "NoExecute"}},
		{Name: "tolerationSeconds", Forms: "seconds", Doc: "How long NoExecute is tolerated."},
	}
	commandFields = []Field{
		{Name: "name", Forms: "text", Doc: "What Okteto shows for the command."},
		{Name: "command", Forms: "text", Doc: "The command."},
	}
)

// schema has the fields of every mapping that a manifest knows, by its generic
// path. The sections that Tandem does not read are here for completion and
// hover only: nothing in them is ever an error.
var schema = map[string][]Field{
	"":        sections,
	"dev.*":   devFields,
	"forward": forwardFields,

	"dev.*.forward":                      forwardFields,
	"dev.*.initContainer":                initFields,
	"dev.*.initContainer.resources":      resourceFields,
	"dev.*.lifecycle":                    lifecycleFields,
	"dev.*.lifecycle.postStart":          hookFields,
	"dev.*.lifecycle.preStop":            hookFields,
	"dev.*.metadata":                     metadataFields,
	"dev.*.persistentVolume":             volumeFields,
	"dev.*.probes":                       probeFields,
	"dev.*.resources":                    resourceFields,
	"dev.*.resources.limits":             amountFields,
	"dev.*.resources.requests":           amountFields,
	"dev.*.securityContext":              securityFields,
	"dev.*.securityContext.capabilities": capabilityFields,
	"dev.*.services":                     serviceDescriptions(),
	"dev.*.sync":                         syncFields,
	"dev.*.timeout":                      timeoutFields,
	"dev.*.tolerations":                  tolerationFields,

	"build.*": {
		{Name: "args", Forms: "NAME: value", Doc: "Arguments of the build."},
		{Name: "context", Forms: "path", Doc: "The folder of the build.", Names: NamesFile},
		{Name: "depends_on", Forms: "list of names", Doc: "Images that are built first."},
		{Name: "dockerfile", Forms: "path", Doc: "The Dockerfile, relative to the context.", Names: NamesFile},
		{Name: "image", Forms: "reference", Doc: "The image to build and push."},
		{Name: "secrets", Forms: "name: path", Doc: "Files that the build can read."},
		{Name: "target", Forms: "name", Doc: "The stage of the Dockerfile to build."},
	},
	"dependencies.*": {
		{Name: "repository", Forms: "URL", Doc: "The repository."},
		{Name: "branch", Forms: "name", Doc: "Its branch."},
		{Name: "manifest", Forms: "path", Doc: "The manifest in it."},
		{Name: "namespace", Forms: "name", Doc: "Where it is deployed.", Names: NamesNamespace},
		{Name: "timeout", Forms: "5m", Doc: "How long to wait for it."},
		{Name: "variables", Forms: "NAME: value", Doc: "Variables for its deployment."},
		{Name: "wait", Forms: "true | false", Doc: "Whether to wait for it.", Values: onOff},
	},
	"deploy": {
		{Name: "commands", Forms: "list of commands", Doc: "What to run."},
		{Name: "compose", Forms: "path | {file, services} | list", Doc: "Compose files to deploy.", Names: NamesFile},
		{Name: "context", Forms: "path", Doc: "Where the commands run.", Names: NamesFile},
		{Name: "divert", Forms: "{driver, namespace, …}", Doc: "Traffic that is shared with another namespace."},
		{Name: "endpoints", Forms: "list of {path, service, port}", Doc: "Public addresses."},
		{Name: "image", Forms: "reference", Doc: "The image that runs the commands."},
		{Name: "remote", Forms: "true | false", Doc: "Whether the commands run in the cluster.", Values: onOff},
	},
	"deploy.commands": commandFields,
	"deploy.compose": {
		{Name: "file", Forms: "path", Doc: "The compose file.", Names: NamesFile},
		{Name: "services", Forms: "list of names", Doc: "The services to deploy; all by default."},
	},
	"deploy.divert": {
		{Name: "driver", Forms: "istio | nginx", Doc: "What diverts.", Values: []string{"istio", "nginx"}},
		{Name: "namespace", Forms: "name", Doc: "The namespace to share with.", Names: NamesNamespace},
		{Name: "virtualServices", Forms: "list of {name, namespace, routes}", Doc: "Virtual services to divert."},
		{Name: "hosts", Forms: "list of {virtualService, namespace}", Doc: "Hosts to divert."},
	},
	"deploy.endpoints": {
		{Name: "path", Forms: "path", Doc: "The path of the address."},
		{Name: "service", Forms: "name", Doc: "The Service.", Names: NamesService},
		{Name: "port", Forms: "port", Doc: "The Service's port.", Names: NamesPort},
	},
	"destroy": {
		{Name: "commands", Forms: "list of commands", Doc: "What to run."},
		{Name: "context", Forms: "path", Doc: "Where the commands run.", Names: NamesFile},
		{Name: "image", Forms: "reference", Doc: "The image that runs the commands."},
		{Name: "remote", Forms: "true | false", Doc: "Whether the commands run in the cluster.", Values: onOff},
	},
	"destroy.commands": commandFields,
	"external.*": {
		{Name: "endpoints", Forms: "list of {name, url}", Doc: "Where it is."},
		{Name: "icon", Forms: "name", Doc: "Its icon."},
		{Name: "notes", Forms: "path", Doc: "A page about it.", Names: NamesFile},
	},
	"external.*.endpoints": {
		{Name: "name", Forms: "text", Doc: "What the address is called."},
		{Name: "url", Forms: "URL", Doc: "The address."},
	},
	"test.*": {
		{Name: "artifacts", Forms: "list of paths", Doc: "Files to bring back."},
		{Name: "caches", Forms: "list of paths", Doc: "Folders that are kept from run to run."},
		{Name: "commands", Forms: "list of commands", Doc: "What to run."},
		{Name: "context", Forms: "path", Doc: "The folder of the tests.", Names: NamesFile},
		{Name: "depends_on", Forms: "list of names", Doc: "Tests that run first."},
		{Name: "hosts", Forms: "list of host:ip", Doc: "Entries of /etc/hosts."},
		{Name: "image", Forms: "reference", Doc: "The image of the tests."},
	},
	"test.*.commands": commandFields,
}

// serviceDescriptions are the fields of an element of `services`: those of a dev
// in the words of the dev's table.
func serviceDescriptions() []Field {
	out := []Field{{Name: "name", Forms: "name", Doc: "The name of the workload."}}
	for _, name := range serviceFields {
		for _, f := range devFields {
			if f.Name == name {
				out = append(out, Field{Name: f.Name, Forms: f.Forms, Doc: f.Doc, Values: f.Values})
			}
		}
	}
	return out
}
