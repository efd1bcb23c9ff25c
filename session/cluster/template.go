package cluster

import (
	"fmt"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"

	"k8s.io/utils/ptr"
)

// What the agent needs inside the pod. The names get a number where the
// original uses them already.
const (
	agentContainer = "tandem-agent" // the init container, and the volume with the program
	keysVolume     = "tandem-keys"
	guardVolume    = "tandem-guard"
	agentRoot      = "/.tandem"
	agentProgram   = "tandem-agent"
	agentInImage   = "/tandem-agent"

	// Files of the Secret, as the agent expects them in its --keys folder.
	hostKeyFile       = "host_key"
	authorizedKeyFile = "authorized_key"
)

// The readiness probe blocks inside the agent until every reverse port is
// bound, so the pod turns ready at that moment instead of at the next probe.
// The kubelet's patience must be longer than the agent's.
const (
	readyWait           = "5m"
	readyTimeoutSeconds = 5*60 + 30
	readyPeriodSeconds  = 2 // the first probe is sometimes lost: then the second counts
)

// lingerSeconds is how long the agent relays on after its pod was told to end.
// kube-proxy writes its rules at most once a second (minSyncPeriod), and the
// EndpointSlices come before that: until then callers are still sent here.
const lingerSeconds = 2

// Linger is how long the dev pod may go on serving once Restore has returned, as
// long as somebody answers at the other end of its link.
const Linger = lingerSeconds * time.Second

// unprivilegedPortStart lets a process without NET_BIND_SERVICE bind every
// port. It is namespaced, and safe in the sense of the kubelet and of the
// restricted Pod Security Standard.
const unprivilegedPortStart = "net.ipv4.ip_unprivileged_port_start"

// agentSpec is what devTemplate needs to know of the session.
type agentSpec struct {
	token       string
	marks       map[string]string // the labels of the session, the token's among them
	image       string
	secret      string
	guard       string // the Secret of the guard in the cluster, "" without one
	guardTTL    time.Duration
	port        int
	reverse     []int
	labels      map[string]string
	annotations map[string]string
	// priorityClass replaces the original's where it is not empty.
	priorityClass string
}

// devTemplate makes the pod template of the dev workload from the original's.
// Notes say in words what of the original could not be kept.
//
// Kept is everything the environment of the target container depends on, and
// everything that decides where and as whom it runs: image, env, envFrom,
// ports, resources, security contexts, service account, config volumes,
// sidecars, affinity. No variable is added. Replaced is the command. Left out is
// what would act on the outside world or make a second pod impossible: probes
// and hooks of the target, init containers that run to their end, persistent
// volumes, host ports, the host's network.
//
// Required pod anti-affinity stays as it is although it may match the original's
// own pods: the scheduler applies the terms of running pods to new ones as
// well, so dropping ours would not make room (see explain.go for the advice
// given instead).
func devTemplate(w *Workload, a agentSpec) (corev1.PodTemplateSpec, []string) {
	t := *w.Template.DeepCopy()
	var notes []string

	t.Labels = merged(t.Labels, a.labels, a.marks, map[string]string{DevLabel: a.token})
	t.Annotations = merged(t.Annotations, a.annotations)
	delete(t.Annotations, corev1.LastAppliedConfigAnnotation)
	if len(t.Annotations) == 0 {
		t.Annotations = nil
	}

	spec := &t.Spec
	notes = append(notes, replaceStorage(w, spec)...)
	notes = append(notes, leaveHost(spec)...)
	if w.Kind == KindStatefulSet {
		becomeFirstPod(w, &t)
	}
	spec.TerminationGracePeriodSeconds = ptr.To[int64](lingerSeconds + 2)
	spec.RestartPolicy = corev1.RestartPolicyAlways
	if a.priorityClass != "" {
		spec.PriorityClassName = a.priorityClass
		spec.Priority = nil // admission computes it from the class
	}

	var sidecars []corev1.Container
	for _, c := range spec.InitContainers {
		if c.RestartPolicy != nil && *c.RestartPolicy == corev1.ContainerRestartPolicyAlways {
			sidecars = append(sidecars, c)
		} else {
			notes = append(notes, fmt.Sprintf("init container %q is not run", c.Name))
		}
	}
	spec.InitContainers = sidecars
	for i := range spec.InitContainers {
		spec.InitContainers[i].VolumeDevices = nil
	}
	for i := range spec.Containers {
		spec.Containers[i].VolumeDevices = nil
	}
	installAgent(w.Container, spec, a)
	allowLowPorts(spec, a.reverse)
	return t, notes
}

// installAgent replaces the target's command by the agent, which an init
// container copies out of its image.
func installAgent(target string, spec *corev1.PodSpec, a agentSpec) {
	i := slices.IndexFunc(spec.Containers, func(c corev1.Container) bool { return c.Name == target })
	c := &spec.Containers[i]

	root := freeRoot(c)
	programDir, keysDir := path.Join(root, "agent"), path.Join(root, "keys")
	program := path.Join(programDir, agentProgram)
	programVolume, keys := freeVolume(spec, agentContainer), freeVolume(spec, keysVolume)

	listen := "127.0.0.1:" + strconv.Itoa(a.port)
	c.Command = []string{program, "serve", "--listen", listen, "--keys", keysDir, "--linger", strconv.Itoa(lingerSeconds) + "s"}
	if len(a.reverse) > 0 {
		c.Command = append(c.Command, "--reverse-ports", joinPorts(a.reverse))
	}
	if a.guard != "" {
		c.Command = append(c.Command, "--guard", path.Join(root, "guard"), "--guard-ttl", a.guardTTL.String())
		mountGuard(c, spec, a.guard, path.Join(root, "guard"))
	}
	c.Args = nil
	c.Stdin, c.StdinOnce, c.TTY = false, false, false
	c.LivenessProbe, c.StartupProbe, c.Lifecycle = nil, nil, nil
	c.ReadinessProbe = &corev1.Probe{
		ProbeHandler: corev1.ProbeHandler{Exec: &corev1.ExecAction{
			Command: []string{program, "ready", "--listen", listen, "--wait", readyWait},
		}},
		TimeoutSeconds: readyTimeoutSeconds, PeriodSeconds: readyPeriodSeconds, FailureThreshold: 1, SuccessThreshold: 1,
	}
	programMount := corev1.VolumeMount{Name: programVolume, MountPath: programDir}
	c.VolumeMounts = append(c.VolumeMounts, programMount,
		corev1.VolumeMount{Name: keys, MountPath: keysDir, ReadOnly: true})

	// First of all, so that native sidecars do not hold it up. Its resources
	// are the target's: a quota that asks for requests and limits is content,
	// and the pod as a whole asks for no more than the original, because init
	// containers count by their maximum.
	spec.InitContainers = slices.Insert(spec.InitContainers, 0, corev1.Container{
		Name:            freeContainer(spec, agentContainer),
		Image:           a.image,
		ImagePullPolicy: corev1.PullIfNotPresent,
		Command:         []string{agentInImage, "install", program},
		Resources:       copyableResources(c.Resources),
		SecurityContext: restrained(c.SecurityContext),
		VolumeMounts:    []corev1.VolumeMount{programMount},
	})
	spec.Volumes = append(spec.Volumes,
		corev1.Volume{Name: programVolume, VolumeSource: corev1.VolumeSource{EmptyDir: &corev1.EmptyDirVolumeSource{}}},
		// Readable for whatever user the image runs as: the API cannot tell who
		// that is. Only the target container mounts it, and the client pins the
		// host key as the agent pins the client's.
		corev1.Volume{Name: keys, VolumeSource: corev1.VolumeSource{Secret: &corev1.SecretVolumeSource{
			SecretName: a.secret, DefaultMode: ptr.To[int32](0o444),
		}}},
	)
}

// mountGuard gives the target container, and no other, the guard's token. The pod
// starts without waiting for it: the Secret is made after the Deployment that it
// belongs to, and the kubelet brings it along when it next looks at the pod.
func mountGuard(c *corev1.Container, spec *corev1.PodSpec, secret, dir string) {
	name := freeVolume(spec, guardVolume)
	c.VolumeMounts = append(c.VolumeMounts, corev1.VolumeMount{Name: name, MountPath: dir, ReadOnly: true})
	spec.Volumes = append(spec.Volumes, corev1.Volume{Name: name, VolumeSource: corev1.VolumeSource{Secret: &corev1.SecretVolumeSource{
		SecretName: secret, DefaultMode: ptr.To[int32](0o444), Optional: ptr.To(true),
	}}})
}

// copyableResources are the target's without its claims on devices, which are
// for one container.
func copyableResources(r corev1.ResourceRequirements) corev1.ResourceRequirements {
	r = *r.DeepCopy()
	r.Claims = nil
	return r
}

// restrained is the security context for copying a file: the target's, so that
// the copy passes every policy that the original passes and can write where
// the target can read, but without its privileges.
func restrained(s *corev1.SecurityContext) *corev1.SecurityContext {
	if s == nil {
		return nil
	}
	s = s.DeepCopy()
	s.Privileged, s.ProcMount = nil, nil
	if s.Capabilities != nil {
		s.Capabilities.Add = nil
	}
	return s
}

// replaceStorage puts empty folders where persistent volumes are mounted: the
// data stays with the original, and a volume that only one node or pod may use
// does not stop the dev pod.
func replaceStorage(w *Workload, spec *corev1.PodSpec) []string {
	var notes []string
	empty := corev1.VolumeSource{EmptyDir: &corev1.EmptyDirVolumeSource{}}
	for i := range spec.Volumes {
		v := &spec.Volumes[i]
		if !configVolume(v.VolumeSource) {
			notes = append(notes, fmt.Sprintf("volume %q is empty in the dev container", v.Name))
			v.VolumeSource = empty
		}
	}
	for _, name := range w.ClaimTemplates {
		notes = append(notes, fmt.Sprintf("volume %q is empty in the dev container", name))
		// A claim template wins over a volume of the same name, as in the
		// StatefulSet controller.
		spec.Volumes = slices.DeleteFunc(spec.Volumes, func(v corev1.Volume) bool { return v.Name == name })
		spec.Volumes = append(spec.Volumes, corev1.Volume{Name: name, VolumeSource: empty})
	}
	return notes
}

// configVolume tells volumes that every pod gets afresh, or shares with the
// node's other pods anyway, from storage.
func configVolume(v corev1.VolumeSource) bool {
	return v.ConfigMap != nil || v.Secret != nil || v.Projected != nil || v.DownwardAPI != nil ||
		v.EmptyDir != nil || v.CSI != nil || v.Image != nil || v.HostPath != nil
}

// leaveHost takes the pod off the host's network and ports: the original has
// them as long as both pods run, and the agent's loopback must be the pod's own.
// Services reach the pod through its own address.
func leaveHost(spec *corev1.PodSpec) []string {
	var notes []string
	if spec.HostNetwork {
		spec.HostNetwork = false
		notes = append(notes, "the dev pod has an address of its own instead of the host's network")
	}
	for _, list := range [][]corev1.Container{spec.Containers, spec.InitContainers} {
		for i := range list {
			for j := range list[i].Ports {
				p := &list[i].Ports[j]
				if p.HostPort != 0 && p.HostPort != p.ContainerPort {
					notes = append(notes, fmt.Sprintf("host port %d is not served by the dev pod", p.HostPort))
				}
				p.HostPort, p.HostIP = 0, ""
			}
		}
	}
	return notes
}

// becomeFirstPod gives the pod the identity that the StatefulSet controller
// would give the first one, so that per-pod Services, DNS names and fieldRefs
// resolve (pkg/controller/statefulset/stateful_set_utils.go in Kubernetes).
func becomeFirstPod(w *Workload, t *corev1.PodTemplateSpec) {
	name := fmt.Sprintf("%s-%d", w.Name, w.FirstOrdinal)
	t.Labels["statefulset.kubernetes.io/pod-name"] = name
	t.Labels["apps.kubernetes.io/pod-index"] = strconv.Itoa(w.FirstOrdinal)
	t.Spec.Hostname, t.Spec.Subdomain = name, w.ServiceName
}

func allowLowPorts(spec *corev1.PodSpec, reverse []int) {
	if !slices.ContainsFunc(reverse, func(port int) bool { return port < 1024 }) {
		return
	}
	if spec.SecurityContext == nil {
		spec.SecurityContext = &corev1.PodSecurityContext{}
	}
	s := spec.SecurityContext
	s.Sysctls = slices.DeleteFunc(s.Sysctls, func(c corev1.Sysctl) bool { return c.Name == unprivilegedPortStart })
	s.Sysctls = append(s.Sysctls, corev1.Sysctl{Name: unprivilegedPortStart, Value: "0"})
}

// agentPort is a port on the pod's loopback that no container of the pod says
// it uses and no reverse wants.
func agentPort(spec *corev1.PodSpec, reverse []int) int {
	port := 40022
	for {
		if !slices.Contains(reverse, port) && !declaresPort(spec, port) {
			return port
		}
		port++
	}
}

func declaresPort(spec *corev1.PodSpec, port int) bool {
	for _, list := range [][]corev1.Container{spec.Containers, spec.InitContainers} {
		for _, c := range list {
			for _, p := range c.Ports {
				if int(p.ContainerPort) == port {
					return true
				}
			}
		}
	}
	return false
}

// freeRoot is a folder that none of the container's mounts is, contains or
// lies in.
func freeRoot(c *corev1.Container) string {
	return free(agentRoot, func(root string) bool {
		return slices.ContainsFunc(c.VolumeMounts, func(m corev1.VolumeMount) bool {
			mount := path.Clean(m.MountPath)
			return mount == root || strings.HasPrefix(mount, root+"/")
		})
	})
}

func freeVolume(spec *corev1.PodSpec, name string) string {
	return free(name, func(name string) bool {
		return slices.ContainsFunc(spec.Volumes, func(v corev1.Volume) bool { return v.Name == name })
	})
}

func freeContainer(spec *corev1.PodSpec, name string) string {
	taken := func(name string) func(corev1.Container) bool {
		return func(c corev1.Container) bool { return c.Name == name }
	}
	return free(name, func(name string) bool {
		return slices.ContainsFunc(spec.Containers, taken(name)) || slices.ContainsFunc(spec.InitContainers, taken(name))
	})
}

// free is name, or name with the first number that makes it unused.
func free(name string, taken func(string) bool) string {
	candidate := name
	for i := 2; taken(candidate); i++ {
		candidate = name + "-" + strconv.Itoa(i)
	}
	return candidate
}

func joinPorts(ports []int) string {
	sorted := slices.Compact(slices.Sorted(slices.Values(ports)))
	text := make([]string, len(sorted))
	for i, p := range sorted {
		text[i] = strconv.Itoa(p)
	}
	return strings.Join(text, ",")
}

// merged is a new map; later ones win.
func merged(all ...map[string]string) map[string]string {
	m := map[string]string{}
	for _, one := range all {
		maps.Copy(m, one)
	}
	return m
}
