package cluster

import (
	"cmp"
	"context"
	"slices"
	"sync"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/tandem-dev/tandem/internal/fault"
)

// What a container's environment is made of beside its spec, its ConfigMaps
// and its Secrets. Each of these reads may be forbidden to a developer, and
// each is worth less than the whole: the caller goes on without what fails.

// RunningPod is a pod of the workload as the API server and its webhooks have
// completed it: preferably one whose container runs, the newest of those. It is
// nil where there is none, or where a rollout leaves open which pods have the
// present template.
func (c *Cluster) RunningPod(ctx context.Context, w *Workload) (*corev1.Pod, error) {
	selector, err := metav1.LabelSelectorAsSelector(w.Selector)
	if err != nil {
		return nil, fault.Wrap(err, fault.Internal, "the selector of %s", w)
	}
	list, err := c.core.Pods(w.Namespace).List(ctx, metav1.ListOptions{LabelSelector: selector.String()})
	if err != nil {
		return nil, call{verb: "list", resource: "pods", namespace: w.Namespace}.failed(err)
	}
	if !w.Settled {
		return nil, nil
	}
	var best *corev1.Pod
	for i := range list.Items {
		if p := &list.Items[i]; p.DeletionTimestamp == nil && w.owns(p) && (best == nil || betterPod(p, best, w.Container)) {
			best = p
		}
	}
	return best, nil
}

// owns tells the workload's own pods from those that share its labels. A
// Deployment's pods belong to a ReplicaSet that carries its name.
func (w *Workload) owns(p *corev1.Pod) bool {
	owner := metav1.GetControllerOf(p)
	switch {
	case owner == nil || p.Labels[DevLabel] != "":
		return false
	case w.Kind == KindStatefulSet:
		return owner.UID == w.UID
	}
	return owner.Kind == "ReplicaSet" && owner.Name == w.Name+"-"+p.Labels["pod-template-hash"]
}

func betterPod(a, b *corev1.Pod, container string) bool {
	rank := func(p *corev1.Pod) int {
		s := ContainerStatus(p, container)
		switch {
		case s != nil && s.State.Running != nil:
			return 2
		case s != nil && s.ImageID != "":
			return 1
		}
		return 0
	}
	return cmp.Or(cmp.Compare(rank(a), rank(b)), a.CreationTimestamp.Compare(b.CreationTimestamp.Time)) > 0
}

// ContainerStatus finds the status of a pod's container by its name; nil before
// the node reported one.
func ContainerStatus(p *corev1.Pod, container string) *corev1.ContainerStatus {
	for i := range p.Status.ContainerStatuses {
		if s := &p.Status.ContainerStatuses[i]; s.Name == container {
			return s
		}
	}
	return nil
}

// Services are those that the kubelet makes variables of: the API server's, and
// with links all of the namespace. One that is read comes back also when the
// other is not; the error then says which is missing, and without the
// namespace's own the list is nil.
func (c *Cluster) Services(ctx context.Context, links bool) ([]corev1.Service, error) {
	var (
		api    *corev1.Service
		apiErr error
		wait   sync.WaitGroup
		all    = []corev1.Service{}
	)
	wait.Go(func() { // one request, joined below
		api, apiErr = c.core.Services(metav1.NamespaceDefault).Get(ctx, "kubernetes", metav1.GetOptions{})
	})
	defer wait.Wait()
	if links {
		list, err := c.core.Services(c.namespace).List(ctx, metav1.ListOptions{})
		if err != nil {
			return nil, call{verb: "list", resource: "services", namespace: c.namespace}.failed(err)
		}
		all = append(all, list.Items...)
	}
	wait.Wait()
	switch {
	case apiErr == nil:
		return append(all, *api), nil
	case slices.ContainsFunc(all, func(s corev1.Service) bool { return s.Name == "kubernetes" }):
		return all, nil // the namespace's own takes its place
	}
	return all, call{verb: "get", resource: "services", namespace: metav1.NamespaceDefault, name: "kubernetes"}.failed(apiErr)
}

// Node reads a node, for its platform and its allocatable resources.
func (c *Cluster) Node(ctx context.Context, name string) (*corev1.Node, error) {
	n, err := c.core.Nodes().Get(ctx, name, metav1.GetOptions{})
	if err != nil {
		return nil, call{verb: "get", resource: "nodes", name: name}.failed(err)
	}
	return n, nil
}

// PullSecrets reads the Secrets that the kubelet would pull a pod's images
// with: the pod's own, then those of its service account, which admission gives
// to pods that name none. What does not exist is passed over, as on the node.
// The error names what may not be read; what was read comes with it.
func (c *Cluster) PullSecrets(ctx context.Context, pod *corev1.PodSpec) ([]corev1.Secret, error) {
	refs := pod.ImagePullSecrets
	var first error
	if len(refs) == 0 {
		account := cmp.Or(pod.ServiceAccountName, "default")
		sa, err := c.core.ServiceAccounts(c.namespace).Get(ctx, account, metav1.GetOptions{})
		switch {
		case err == nil:
			refs = sa.ImagePullSecrets
		case !apierrors.IsNotFound(err):
			first = call{verb: "get", resource: "serviceaccounts", namespace: c.namespace, name: account}.failed(err)
		}
	}
	var all []corev1.Secret
	for _, ref := range refs { // one, or two
		s, err := c.core.Secrets(c.namespace).Get(ctx, ref.Name, metav1.GetOptions{})
		switch {
		case err == nil:
			all = append(all, *s)
		case !apierrors.IsNotFound(err):
			first = cmp.Or(first, call{verb: "get", resource: "secrets", namespace: c.namespace, name: ref.Name}.failed(err))
		}
	}
	return all, first
}

// ApplyLimitRanges completes a container as admission will when its pod is
// made: the limits and requests that the namespace's LimitRanges give where the
// container has none. A pod that exists is completed already.
func (c *Cluster) ApplyLimitRanges(ctx context.Context, container *corev1.Container) error {
	list, err := c.core.LimitRanges(c.namespace).List(ctx, metav1.ListOptions{})
	if err != nil {
		return call{verb: "list", resource: "limitranges", namespace: c.namespace}.failed(err)
	}
	applyLimitRanges(list.Items, container)
	return nil
}

// applyLimitRanges follows the LimitRanger (plugin/pkg/admission/limitranger):
// a request that is not set is first the limit, as the API server defaults it,
// and only then the LimitRange's.
func applyLimitRanges(ranges []corev1.LimitRange, container *corev1.Container) {
	requests, limits := container.Resources.Requests.DeepCopy(), container.Resources.Limits.DeepCopy()
	if requests == nil {
		requests = corev1.ResourceList{}
	}
	if limits == nil {
		limits = corev1.ResourceList{}
	}
	fill := func(into, from corev1.ResourceList) {
		for name, amount := range from {
			if _, set := into[name]; !set {
				into[name] = amount
			}
		}
	}
	fill(requests, limits)
	for _, r := range ranges {
		for _, item := range r.Spec.Limits {
			if item.Type == corev1.LimitTypeContainer {
				fill(requests, item.DefaultRequest)
				fill(limits, item.Default)
			}
		}
	}
	container.Resources.Requests, container.Resources.Limits = requests, limits
}

// NeedsResources says whether a container's environment depends on resources.
func NeedsResources(container *corev1.Container) bool {
	return slices.ContainsFunc(container.Env, func(e corev1.EnvVar) bool {
		return e.Value == "" && e.ValueFrom != nil && e.ValueFrom.ResourceFieldRef != nil
	})
}

// Environ asks a running container for its environment, NAME=VALUE each, by
// running a program in it: whichever of the usual ones the image has. The error
// is that of the last try; fault.PermissionDenied when the user may not exec.
func (c *Cluster) Environ(ctx context.Context, p *corev1.Pod, container string) ([]string, error) {
	shared := p.Spec.HostPID || p.Spec.ShareProcessNamespace != nil && *p.Spec.ShareProcessNamespace
	var last error
	for _, try := range environPrograms {
		if try.firstProcess && shared {
			continue // process 1 is another container's
		}
		text, err := c.exec(ctx, p, container, try.argv)
		if err == nil {
			var entries []string
			if entries, err = splitEnviron(text, try.separator); err == nil {
				return entries, nil
			}
		}
		last = err
		if fault.KindOf(err) == fault.PermissionDenied || ctx.Err() != nil {
			break
		}
	}
	return nil, last
}

// ServiceLinks is the pod's enableServiceLinks, which is on unless set.
func ServiceLinks(pod *corev1.PodSpec) bool {
	return pod.EnableServiceLinks == nil || *pod.EnableServiceLinks
}
