package session

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"path/filepath"
	"slices"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"golang.org/x/sync/errgroup"
	corev1 "k8s.io/api/core/v1"

	"github.com/tandem-dev/tandem/envfile"
	"github.com/tandem-dev/tandem/internal/fault"
	"github.com/tandem-dev/tandem/session/cluster"
	"github.com/tandem-dev/tandem/session/imageenv"
)

// Codes of the warnings that only an offline resolution has.
const (
	// warnImage: the image's ENV is not known, or known only from a container.
	warnImage = "image-env-unknown"
	// warnImageFrom: the registry could not be read, a running container could.
	warnImageFrom = "image-env-from-container"
	// warnPod, warnServices, warnNode and warnLimits: something that the
	// cluster adds could not be read.
	warnPod      = "pod-unreadable"
	warnServices = "services-unreadable"
	warnNode     = "node-unreadable"
	warnLimits   = "limits-unreadable"
)

// ResolveOffline computes the environment of a dev from the cluster's objects
// and the image's registry, without a session and without a change to the
// cluster.
//
// It is what a new pod of the workload would have. Where a pod runs, its spec
// counts instead of the template: the API server and its webhooks have
// completed it. What belongs to one pod is unresolved all the same, with a note
// that says so, rather than another pod's value: its name, addresses, node,
// HOSTNAME, the labels of its controller, and HOME where neither image nor spec
// sets it.
//
// A source that may not be read, a registry that does not answer and the like
// leave a warning that names it with the reason, and unresolved what depends on
// it. A required Secret, ConfigMap or key that does not exist is an error, for
// such a container cannot start; all that could be resolved comes with it.
func (m *Manager) ResolveOffline(ctx context.Context, manifestPath, devName string) (*envfile.Environment, error) {
	in, warnings, err := m.offlineInput(ctx, manifestPath, devName)
	if err != nil {
		return nil, err
	}
	env, err := envfile.Resolve(in)
	env.Warnings = append(env.Warnings, warnings...)
	return env, err
}

// offlineInput is what the environment of a dev without a session is computed
// from, and what could not be read for it.
func (m *Manager) offlineInput(ctx context.Context, manifestPath, devName string) (envfile.Input, []envfile.Warning, error) {
	man, dev, err := loadDev(manifestPath, "", devName)
	if err != nil {
		return envfile.Input{}, nil, err
	}
	c, err := m.connect(m.placeOf(man.Place(dev)))
	if err != nil {
		return envfile.Input{}, nil, err
	}
	defer c.CloseIdle()
	p := &prepared{manifest: man, dev: dev, cluster: c, variables: devVars(dev)}
	ctx, cancel := context.WithTimeout(ctx, dev.Timeout.Default)
	defer cancel()
	w, err := c.Find(ctx, target(dev))
	if err != nil {
		return envfile.Input{}, nil, err
	}
	o := offline{cluster: c, workload: w, images: imageenv.New(imageenv.Options{
		CacheDir: filepath.Join(m.cfg.StateDir, "image-env"), UserAgent: "tandem/" + m.cfg.Version,
	})}
	in, err := o.gather(ctx)
	in.Dev, in.Precedence = p.variables, m.cfg.Precedence
	return in, o.warnings, err
}

// offline gathers what an environment is computed from. Each method but gather
// reads one thing, and only its own fields are written to at the same time.
type offline struct {
	cluster  *cluster.Cluster
	workload *cluster.Workload
	images   *imageenv.Reader

	running  *corev1.Pod // a pod of the workload, nil where none can be taken
	warnings []envfile.Warning
}

// gather reads what there is to read. The error is of a kind that leaves
// nothing to compute: the cluster cannot be reached, the time is up.
func (o *offline) gather(ctx context.Context) (envfile.Input, error) {
	var err error
	if o.running, err = o.cluster.RunningPod(ctx, o.workload); err != nil {
		o.warn(warnPod, "the workload's pods could not be read, so that defaults which the cluster gives to a pod are not known", err)
	}
	in := envfile.Input{Pod: completedPod(o.workload, o.running)}
	in.Container = containerOf(in.Pod, o.workload.Spec())

	var servicesErr, nodeErr, limitsErr error
	g, gctx := errgroup.WithContext(ctx)
	g.Go(func() (err error) {
		in.ConfigMaps, in.Secrets, in.Unreadable, err = o.cluster.ReadableSources(gctx, envfile.References(in.Container))
		return err
	})
	g.Go(func() error {
		in.Services, servicesErr = o.cluster.Services(gctx, cluster.ServiceLinks(&in.Pod.Spec))
		return nil
	})
	g.Go(func() error {
		if o.running != nil && o.running.Spec.NodeName != "" {
			in.Node, nodeErr = o.cluster.Node(gctx, o.running.Spec.NodeName)
		}
		return nil
	})
	completed := in.Container
	g.Go(func() error {
		if o.running == nil && cluster.NeedsResources(in.Container) {
			completed = in.Container.DeepCopy()
			limitsErr = o.cluster.ApplyLimitRanges(gctx, completed)
		}
		return nil
	})
	if err := g.Wait(); err != nil {
		return in, err
	}
	in.Container = completed
	o.warnIf(warnServices, "the service variables are not all known", servicesErr)
	o.warnIf(warnLimits, "the default limits of containers are not known", limitsErr)
	if cluster.NeedsResources(in.Container) {
		o.warnIf(warnNode, "the node's allocatable resources are not known", nodeErr)
	}
	in.ImageEnv = o.imageEnv(ctx, in)
	return in, ctx.Err()
}

func (o *offline) warnIf(code, what string, err error) {
	if err != nil {
		o.warn(code, what, err)
	}
}

func (o *offline) warn(code, what string, err error) {
	o.warnings = append(o.warnings, envfile.Warning{Code: code, Message: fmt.Sprintf("%s: %v", what, err)})
}

// imageEnv is the ENV of the image: from its registry, else from a running
// container, else nil with a warning.
func (o *offline) imageEnv(ctx context.Context, in envfile.Input) []string {
	q := imageenv.Request{Image: in.Container.Image, Platform: platform(in.Node, &in.Pod.Spec)}
	var status *corev1.ContainerStatus
	if o.running != nil {
		if status = cluster.ContainerStatus(o.running, in.Container.Name); status != nil {
			q.ID = status.ImageID
		}
	}
	var secretsErr error
	q.PullSecrets, secretsErr = o.cluster.PullSecrets(ctx, &in.Pod.Spec)
	env, err := o.images.Read(ctx, q)
	if err == nil {
		return env
	}
	reason := err.Error()
	if secretsErr != nil {
		// Perhaps that is why the registry refuses.
		reason = fmt.Sprintf("%s (without the workload's pull secrets: %v)", reason, secretsErr)
	}
	if status == nil || status.State.Running == nil {
		o.warnings = append(o.warnings, envfile.Warning{Code: warnImage,
			Message: fmt.Sprintf("the ENV of image %s is not known, for no container of %s runs to ask: %s", q.Image, o.workload, reason)})
		return nil
	}
	env, err = o.imageEnvOfRunning(ctx, in)
	if err != nil {
		o.warnings = append(o.warnings, envfile.Warning{Code: warnImage,
			Message: fmt.Sprintf("the ENV of image %s is not known: %s; and pod %s could not be asked: %v", q.Image, reason, o.running.Name, err)})
		return nil
	}
	o.warnings = append(o.warnings, envfile.Warning{Code: warnImageFrom,
		Message: fmt.Sprintf("the ENV of image %s is taken from the container in pod %s: %s", q.Image, o.running.Name, reason)})
	return env
}

func (o *offline) imageEnvOfRunning(ctx context.Context, in envfile.Input) ([]string, error) {
	environ, err := o.cluster.Environ(ctx, o.running, in.Container.Name)
	if err != nil {
		return nil, err
	}
	in.Pod = o.running
	env, err := envfile.ImageEnvOf(in, environ)
	if err != nil {
		return nil, fault.Wrap(err, fault.KindOf(err), "comparing the container in pod %s with its spec", o.running.Name)
	}
	return env, nil
}

// templatePod is the workload's template as a pod that is not there yet. A name
// in the template means nothing.
func templatePod(w *cluster.Workload) *corev1.Pod {
	pod := &corev1.Pod{ObjectMeta: *w.Template.ObjectMeta.DeepCopy(), Spec: *w.Template.Spec.DeepCopy()}
	pod.Namespace, pod.Name = w.Namespace, ""
	return pod
}

// completedPod is the template with what admission made of it in a running pod,
// and without what belongs to that pod alone.
func completedPod(w *cluster.Workload, running *corev1.Pod) *corev1.Pod {
	pod := templatePod(w)
	if running == nil {
		return pod
	}
	template := pod.Spec
	pod.Spec = *running.Spec.DeepCopy()
	pod.Spec.NodeName = template.NodeName
	// A StatefulSet gives each pod its own name for a hostname.
	pod.Spec.Hostname, pod.Spec.Subdomain = template.Hostname, template.Subdomain
	labels := maps.Clone(running.Labels)
	maps.DeleteFunc(labels, func(key, _ string) bool { return envfile.ControllerLabel(key) })
	pod.Labels = over(pod.Labels, labels)
	pod.Annotations = over(pod.Annotations, running.Annotations)
	return pod
}

// over lays a map over another without a change to either.
func over(below, above map[string]string) map[string]string {
	all := make(map[string]string, len(below)+len(above))
	maps.Copy(all, below)
	maps.Copy(all, above)
	return all
}

// containerOf finds the container in the completed pod.
func containerOf(pod *corev1.Pod, template *corev1.Container) *corev1.Container {
	i := slices.IndexFunc(pod.Spec.Containers, func(c corev1.Container) bool { return c.Name == template.Name })
	if i < 0 {
		return template // a webhook took it away or renamed it
	}
	return &pod.Spec.Containers[i]
}

// platform is the node's; without one what the pod asks for.
func platform(node *corev1.Node, pod *corev1.PodSpec) v1.Platform {
	if node != nil {
		info := node.Status.NodeInfo
		return v1.Platform{OS: info.OperatingSystem, Architecture: info.Architecture}
	}
	return v1.Platform{
		OS:           cmp.Or(pod.NodeSelector[corev1.LabelOSStable], "linux"),
		Architecture: cmp.Or(pod.NodeSelector[corev1.LabelArchStable], "amd64"),
	}
}
