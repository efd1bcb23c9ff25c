package manifest

// Field describes one field of a dev. The table of fields is the single place
// that says what hybrid mode does with each; warnings and documentation are
// made from it.
type Field struct {
	// Name is the key in the manifest.
	Name string
	// Forms are the accepted shapes, for people.
	Forms string
	// Doc says in one sentence what the field is for.
	Doc string
	// Applies says that the field has an effect in hybrid mode.
	Applies bool
	// Instead says what happens in hybrid mode where the field does not apply;
	// "" where it applies.
	Instead string
	// Values are the words that a value usually is; nil where it may be anything.
	Values []string
	// Names says what the value names.
	Names Names
}

var devFields = []Field{
	{Name: "affinity", Forms: "Kubernetes affinity", Doc: "Where the pod may be scheduled.",
		Instead: "the dev pod keeps the affinity of the original workload"},
	{Name: "args", Forms: "text or list", Doc: "Arguments of the container's command.",
		Instead: "put the arguments into command, which runs on this machine"},
	{Name: "autocreate", Values: onOff, Forms: "true | false", Doc: "Create a workload where there is none.",
		Instead: "the workload must exist in the cluster"},
	{Name: "command", Forms: "text (run by a shell) | list (run as it is)", Applies: true,
		Doc: "The local command; $ in it belongs to its shell and is not expanded here."},
	{Name: "container", Names: NamesContainer, Forms: "name", Applies: true, Doc: "The container of the pod to stand in for; the first by default."},
	{Name: "context", Names: NamesContext, Forms: "name | Okteto URL", Applies: true,
		Doc: "The kubeconfig's context with the cluster of the workload, unless --context or the editor's settings name one; the current one by default."},
	{Name: "envFiles", Names: NamesFile, Forms: "path | list of paths", Applies: true,
		Doc: "Files of NAME=value lines beneath environment, relative to the manifest; a later file wins over an earlier one."},
	{Name: "environment", Names: NamesVariable, Forms: "NAME: value | list of NAME=value, NAME", Applies: true,
		Doc: "Variables of the local command, above all others; a NAME alone takes the local value."},
	{Name: "externalVolumes", Forms: "list of name:subpath:path", Doc: "Volumes that exist already.",
		Instead: "the dev pod mounts none; the command reads local files"},
	{Name: "forward", Names: NamesForward, Forms: "list of local:remote | local:service:remote | {localPort, remotePort, name, labels}", Applies: true,
		Doc: "Local ports that lead into the cluster; local port 0 picks a free one."},
	{Name: "image", Forms: "reference", Doc: "The image of the development container.",
		Instead: "the dev container keeps the image of the original container, so that its environment is the same"},
	{Name: "imagePullPolicy", Values: []string{"Always", "IfNotPresent", "Never"}, Forms: "Always | IfNotPresent | Never", Doc: "When the image is pulled.",
		Instead: "the dev container keeps the pull policy of the original container"},
	{Name: "initContainer", Forms: "{image, resources}", Doc: "The container that brings Okteto's programs.",
		Instead: "Tandem brings its agent with its own init container"},
	{Name: "interface", Forms: "address", Applies: true,
		Doc: "The local address that forwards listen on and reverses lead to; localhost by default."},
	{Name: "lifecycle", Values: onOff, Forms: "true | false | {postStart, preStop}", Doc: "Hooks of the container that stay.",
		Instead: "the dev container runs no lifecycle hooks"},
	{Name: "metadata", Forms: "{labels, annotations}", Applies: true, Doc: "Labels and annotations for the dev pod."},
	{Name: "mode", Values: []string{string(Sync), string(Hybrid)}, Forms: "sync | hybrid", Applies: true, Doc: "Where the code runs; sync by default, Tandem runs hybrid."},
	{Name: "namespace", Names: NamesNamespace, Forms: "name", Applies: true,
		Doc: "The namespace of the workload, unless --namespace or the editor's settings name one; the context's by default."},
	{Name: "nodeSelector", Forms: "label: value", Doc: "The nodes that may run the pod.",
		Instead: "the dev pod keeps the node selector of the original workload"},
	{Name: "persistentVolume", Forms: "{enabled, size, storageClass, accessMode, volumeMode, labels, annotations}",
		Doc: "The volume for synchronized files.", Instead: "nothing is synchronized, so no volume is made"},
	{Name: "priorityClassName", Forms: "name", Applies: true, Doc: "The priority class of the dev pod."},
	{Name: "probes", Values: onOff, Forms: "true | false | {liveness, readiness, startup}", Doc: "Probes of the container that stay.",
		Instead: "the dev container has one readiness probe: it is ready when its reverse ports are open"},
	{Name: "remote", Forms: "port", Doc: "The local port of the SSH server.",
		Instead: "SSH runs inside the connection to the cluster and needs no local port"},
	{Name: "replicas", Forms: "number", Doc: "Copies of the pod.",
		Instead: "the dev workload has one replica"},
	{Name: "resources", Forms: "{limits, requests}", Doc: "CPU, memory and the like.",
		Instead: "the dev container keeps the resources of the original container"},
	{Name: "reverse", Names: NamesReverse, Forms: "list of remote:local", Applies: true,
		Doc: "Ports of the dev pod that lead to this machine."},
	{Name: "secrets", Forms: "list of local:remote[:mode]", Doc: "Local files copied into the container.",
		Instead: "no file is copied; the command reads local files"},
	{Name: "securityContext", Forms: "{runAsUser, runAsGroup, fsGroup, runAsNonRoot, capabilities, …}",
		Doc: "User and rights of the container.", Instead: "the dev container keeps the security context of the original container"},
	{Name: "selector", Names: NamesLabel, Forms: "label: value", Applies: true, Doc: "Finds the workload by labels instead of by name."},
	{Name: "serviceAccount", Forms: "name", Doc: "The service account of the pod.",
		Instead: "the dev pod keeps the service account of the original workload"},
	{Name: "services", Forms: "list of devs", Doc: "Further workloads that get the synchronized files.",
		Instead: "only this dev's workload is changed; give the others a dev of their own"},
	{Name: "sshServerPort", Forms: "port", Doc: "The port of the SSH server in the pod.",
		Instead: "Tandem picks a port that the pod leaves free"},
	{Name: "sync", Forms: "list of local:remote | {folders, compression, verbose, rescanInterval}",
		Doc: "Folders kept alike on both sides.", Instead: "the code runs on this machine, so nothing is synchronized"},
	{Name: "timeout", Forms: "5m | seconds | {default, resources}", Applies: true,
		Doc: "How long to wait for the cluster; 60 s for a step, 120 s for the pod by default."},
	{Name: "tolerations", Forms: "list of Kubernetes tolerations", Doc: "Taints that the pod tolerates.",
		Instead: "the dev pod keeps the tolerations of the original workload"},
	{Name: "volumes", Forms: "list of paths", Doc: "Paths kept in the persistent volume.",
		Instead: "the command uses local folders"},
	{Name: "workdir", Names: NamesFile, Forms: "path", Applies: true,
		Doc: "The local folder of the command, relative to the manifest; the manifest's folder by default."},
}

// Fields lists every field of a dev by name. The result is a copy.
func Fields() []Field { return append([]Field(nil), devFields...) }

// AppliesInHybrid says whether a field of a dev has an effect in hybrid mode
// and, where not, what happens instead. known is false for a name that is no
// field of a dev.
func AppliesInHybrid(field string) (applies bool, instead string, known bool) {
	for _, f := range devFields {
		if f.Name == field {
			return f.Applies, f.Instead, true
		}
	}
	return false, "", false
}

// renamed are names that people use for a field of a dev, too far from the real
// one to be found by spelling, with what to do about it.
var renamed = map[string]string{
	"annotations":  "annotations belong under metadata",
	"cmd":          "the field is command",
	"cwd":          "the field is workdir",
	"env":          "the field is environment",
	"envFrom":      "files of variables go under envFiles; the container's own envFrom is kept anyway",
	"env_file":     "the field is envFiles",
	"healthchecks": "the field is probes",
	"labels":       "labels belong under metadata; to find the workload by labels, use selector",
	"mountpath":    "the field is sync",
	"ports":        "ports of the cluster on this machine go under forward, ports of this machine in the cluster under reverse",
	"type":         "the field is mode",
	"working_dir":  "the field is workdir",
}

// redundant says that a field asks for what hybrid mode does anyway, so that
// there is nothing to warn of.
func (d *Dev) redundant(field string) bool {
	switch field {
	case "probes":
		return d.Probes != nil && *d.Probes == Probes{}
	case "lifecycle":
		l := d.Lifecycle
		return l != nil && (l.PostStart == nil || !l.PostStart.Enabled) && (l.PreStop == nil || !l.PreStop.Enabled)
	case "persistentVolume":
		return d.PersistentVolume != nil && d.PersistentVolume.Enabled != nil && !*d.PersistentVolume.Enabled
	case "autocreate":
		return !d.Autocreate
	case "replicas":
		return d.Replicas != nil && *d.Replicas == 1
	}
	return false
}
