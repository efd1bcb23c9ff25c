package cluster

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/types"

	"github.com/tandem-dev/tandem/internal/fault"
)

// The kinds of workload that can be diverted.
const (
	KindDeployment  = "Deployment"
	KindStatefulSet = "StatefulSet"
)

// Target says which container of which workload is meant, as the manifest does.
type Target struct {
	// Name of a Deployment or, if there is none, of a StatefulSet.
	Name string
	// Selector is used instead of Name where it is not empty: labels of exactly
	// one Deployment or StatefulSet.
	Selector map[string]string
	// Container by name. Empty: the one that the pod template's annotation
	// kubectl.kubernetes.io/default-container names, else the first.
	Container string
}

// Workload is an original: what Find saw of it at one moment.
type Workload struct {
	Kind, Namespace, Name string
	UID                   types.UID
	ResourceVersion       string
	Generation            int64
	// Container is the one to be developed.
	Container string
	// Replicas that the original is to have.
	Replicas int32
	// Selector is the original's own; Services need not use it.
	Selector *metav1.LabelSelector
	Template corev1.PodTemplateSpec
	// Settled says that every pod there is was made from Template: no rollout
	// is under way.
	Settled bool
	// ServiceName and FirstOrdinal are a StatefulSet's governing Service and
	// the ordinal of its first pod.
	ServiceName  string
	FirstOrdinal int
	// ClaimTemplates are the names of a StatefulSet's volumeClaimTemplates.
	ClaimTemplates []string
	// Diverted is set while a session has the original, perhaps one that died;
	// its Record tells whose and can be given to Restore.
	Diverted *Diversion

	// refused is why the cluster makes no pods of it, "" where it does.
	refused             string
	managers            []metav1.ManagedFieldsEntry
	labels, annotations map[string]string
	owners              []metav1.OwnerReference
	// leftover is the token of an annotation that outlived its session and may
	// be overwritten.
	leftover string
}

// Spec returns the container to be developed.
func (w *Workload) Spec() *corev1.Container {
	for i := range w.Template.Spec.Containers {
		if c := &w.Template.Spec.Containers[i]; c.Name == w.Container {
			return c
		}
	}
	panic(fmt.Sprintf("cluster: workload %s without its container %q", w, w.Container))
}

// PortOwner is the name of another container of the pod that says it listens on
// a port, "" where none does. The dev pod runs it as well, and who of the two
// would bind the port first is chance.
func (w *Workload) PortOwner(port int) string {
	listens := func(c corev1.Container) bool {
		return c.Name != w.Container && slices.ContainsFunc(c.Ports, func(p corev1.ContainerPort) bool {
			return int(p.ContainerPort) == port && (p.Protocol == "" || p.Protocol == corev1.ProtocolTCP)
		})
	}
	for _, c := range w.Template.Spec.Containers {
		if listens(c) {
			return c.Name
		}
	}
	for _, c := range w.Template.Spec.InitContainers {
		if roleOf(c) == roleSidecar && listens(c) {
			return c.Name
		}
	}
	return ""
}

// Held says whether the session of r has the workload, and nobody is giving it
// back right now.
func (w *Workload) Held(r Record) bool {
	return w.Diverted != nil && w.Diverted.Record.Token == r.Token && w.Diverted.Record.Ending == ""
}

func (w *Workload) String() string { return fmt.Sprintf("%s %q", w.Kind, w.Name) }

// resource is the RBAC name of the workload's kind.
func resource(kind string) string {
	if kind == KindStatefulSet {
		return "statefulsets"
	}
	return "deployments"
}

// Find looks the target up. It costs one request for a Deployment by name, two
// for a StatefulSet or a selector, and a few more before it gives up. Errors:
// fault.WorkloadNotFound (the hint lists what is there), fault.WorkloadAmbiguous
// (Detail "candidates"), fault.ContainerNotFound.
func (c *Cluster) Find(ctx context.Context, t Target) (*Workload, error) {
	var (
		w   *Workload
		err error
	)
	if len(t.Selector) > 0 {
		w, err = c.bySelector(ctx, t.Selector)
	} else {
		w, err = c.byName(ctx, t.Name)
	}
	if err != nil {
		return nil, err
	}
	if w.Container, err = chooseContainer(w, t.Container); err != nil {
		return nil, err
	}
	if w.Diverted != nil && w.Replicas > 0 {
		left, err := c.leftover(ctx, w.Diverted.Record)
		if err != nil {
			return nil, err
		}
		if left {
			w.leftover, w.Diverted = w.Diverted.Record.Token, nil
		}
	}
	return w, nil
}

func (c *Cluster) byName(ctx context.Context, name string) (*Workload, error) {
	if name == "" {
		return nil, fault.New(fault.WorkloadNotFound, "neither the name nor the labels of a workload are given")
	}
	kind := KindDeployment
	w, err := c.get(ctx, c.namespace, kind, name)
	if apierrors.IsNotFound(err) {
		kind = KindStatefulSet
		w, err = c.get(ctx, c.namespace, kind, name)
	}
	switch {
	case apierrors.IsNotFound(err):
		return nil, c.notFound(ctx, fmt.Sprintf("no Deployment or StatefulSet %q in namespace %q", name, c.namespace), name)
	case err != nil:
		return nil, getting(c.namespace, kind, name).failed(err)
	}
	if isOurs(w) {
		return nil, fault.New(fault.WorkloadNotFound, "%s is the dev container of a session, not a workload", w).
			Hint("name the workload that it stands beside")
	}
	return w, nil
}

// isOurs tells the pod templates of our dev workloads.
func isOurs(w *Workload) bool { return w.Template.Labels[DevLabel] != "" }

// get reads one workload. Errors are bare, for the caller to judge a 404.
func (c *Cluster) get(ctx context.Context, namespace, kind, name string) (*Workload, error) {
	if kind == KindStatefulSet {
		s, err := c.apps.StatefulSets(namespace).Get(ctx, name, metav1.GetOptions{})
		if err != nil {
			return nil, err
		}
		return fromStatefulSet(s), nil
	}
	d, err := c.apps.Deployments(namespace).Get(ctx, name, metav1.GetOptions{})
	if err != nil {
		return nil, err
	}
	return fromDeployment(d), nil
}

// getting names such a read in a failure.
func getting(namespace, kind, name string) call {
	return call{verb: "get", resource: resource(kind) + ".apps", namespace: namespace, name: name, missing: fault.WorkloadNotFound}
}

func (c *Cluster) bySelector(ctx context.Context, selector map[string]string) (*Workload, error) {
	text := labels.SelectorFromSet(selector).String()
	found, err := c.list(ctx, c.namespace, text)
	if err != nil {
		return nil, err
	}
	switch len(found) {
	case 1:
		return found[0], nil
	case 0:
		return nil, c.notFound(ctx, fmt.Sprintf("no Deployment or StatefulSet with the labels %s in namespace %q", text, c.namespace), "")
	}
	candidates := describe(found)
	return nil, fault.New(fault.WorkloadAmbiguous, "%d workloads in namespace %q have the labels %s: %s",
		len(found), c.namespace, text, strings.Join(candidates, ", ")).
		Hint("add a label that only one of them has, or use its name").
		With("candidates", candidates)
}

// list reads the Deployments and StatefulSets that a selector matches, without
// our own.
func (c *Cluster) list(ctx context.Context, namespace, selector string) ([]*Workload, error) {
	// The selector excludes our dev Deployments on the server's side.
	notOurs := "!" + DevLabel
	if selector != "" {
		notOurs = selector + "," + notOurs
	}
	options := metav1.ListOptions{LabelSelector: notOurs}
	var (
		found      []*Workload
		sets       *appsv1.StatefulSetList
		setsFailed error
		done       = make(chan struct{})
	)
	go func() { // ends with its one request; joined below
		defer close(done)
		sets, setsFailed = c.apps.StatefulSets(namespace).List(ctx, options)
	}()
	deployments, err := c.apps.Deployments(namespace).List(ctx, options)
	<-done
	if err != nil {
		return nil, call{verb: "list", resource: "deployments.apps", namespace: namespace}.failed(err)
	}
	if setsFailed != nil {
		return nil, call{verb: "list", resource: "statefulsets.apps", namespace: namespace}.failed(setsFailed)
	}
	for i := range deployments.Items {
		found = append(found, fromDeployment(&deployments.Items[i]))
	}
	for i := range sets.Items {
		found = append(found, fromStatefulSet(&sets.Items[i]))
	}
	return found, nil
}

func describe(found []*Workload) []string {
	names := make([]string, len(found))
	for i, w := range found {
		names[i] = w.Kind + "/" + w.Name
	}
	slices.Sort(names)
	return names
}

// notFound explains an unsuccessful search: no such namespace, or what there
// is instead. The extra requests are made only here; when they fail, the hint
// is plainer.
func (c *Cluster) notFound(ctx context.Context, message, name string) error {
	f := fault.New(fault.WorkloadNotFound, "%s", message)
	if _, err := c.core.Namespaces().Get(ctx, c.namespace, metav1.GetOptions{}); apierrors.IsNotFound(err) {
		return fault.New(fault.WorkloadNotFound, "namespace %q does not exist", c.namespace).
			Hint("choose another with --namespace, or check the context (now %q)", c.context)
	}
	found, err := c.list(ctx, c.namespace, "")
	if err != nil {
		return f.Hint("`kubectl get deployments,statefulsets -n %s` lists what is there", c.namespace)
	}
	names := describe(found)
	f = f.With("candidates", names)
	if len(names) == 0 {
		return f.Hint("the namespace has no workloads: is %q the right one (context %q)?", c.namespace, c.context)
	}
	const most = 10
	text := strings.Join(names[:min(len(names), most)], ", ")
	if len(names) > most {
		text += fmt.Sprintf(" and %d more", len(names)-most)
	}
	return f.Hint("namespace %q has %s", c.namespace, text)
}

func fromDeployment(d *appsv1.Deployment) *Workload {
	w := &Workload{Kind: KindDeployment, Replicas: 1, Selector: d.Spec.Selector, Template: d.Spec.Template}
	if d.Spec.Replicas != nil {
		w.Replicas = *d.Spec.Replicas
	}
	w.Settled = d.Status.ObservedGeneration >= d.Generation && d.Status.UpdatedReplicas == d.Status.Replicas
	for _, c := range d.Status.Conditions {
		if c.Type == appsv1.DeploymentReplicaFailure && c.Status == corev1.ConditionTrue {
			w.refused = c.Message
		}
	}
	return w.describeObject(&d.ObjectMeta)
}

func fromStatefulSet(s *appsv1.StatefulSet) *Workload {
	w := &Workload{Kind: KindStatefulSet, Replicas: 1, Selector: s.Spec.Selector, Template: s.Spec.Template,
		ServiceName: s.Spec.ServiceName}
	if s.Spec.Replicas != nil {
		w.Replicas = *s.Spec.Replicas
	}
	if s.Spec.Ordinals != nil {
		w.FirstOrdinal = int(s.Spec.Ordinals.Start)
	}
	for _, claim := range s.Spec.VolumeClaimTemplates {
		w.ClaimTemplates = append(w.ClaimTemplates, claim.Name)
	}
	w.Settled = s.Status.ObservedGeneration >= s.Generation && s.Status.UpdateRevision == s.Status.CurrentRevision
	return w.describeObject(&s.ObjectMeta)
}

func (w *Workload) describeObject(m *metav1.ObjectMeta) *Workload {
	w.Namespace, w.Name, w.UID = m.Namespace, m.Name, m.UID
	w.ResourceVersion, w.Generation = m.ResourceVersion, m.Generation
	w.managers, w.labels, w.annotations, w.owners = m.ManagedFields, m.Labels, m.Annotations, m.OwnerReferences
	if r, ok := recordOf(m.Annotations); ok {
		r.Namespace, r.Kind, r.Name, r.UID = m.Namespace, w.Kind, m.Name, m.UID
		w.Diverted = &Diversion{Record: r}
	}
	return w
}

// chooseContainer applies the rule of [Target.Container].
func chooseContainer(w *Workload, wanted string) (string, error) {
	containers := w.Template.Spec.Containers
	names := make([]string, len(containers))
	for i := range containers {
		names[i] = containers[i].Name
	}
	if wanted == "" {
		preferred := w.Template.Annotations["kubectl.kubernetes.io/default-container"]
		if slices.Contains(names, preferred) {
			return preferred, nil
		}
		return names[0], nil // a pod template has at least one (validated by the API server)
	}
	if slices.Contains(names, wanted) {
		return wanted, nil
	}
	return "", fault.New(fault.ContainerNotFound, "%s has no container %q", w, wanted).
		Hint("its containers: %s", strings.Join(names, ", ")).
		With("containers", names)
}

// settling is how long an annotation without a dev Deployment may belong to a
// session that is just being started by somebody else.
const settling = time.Minute

// leftover tells whether an annotation outlived its session: the original has
// its replicas and no dev Deployment stands beside it. A start that died early
// leaves that, and so does `kubectl rollout undo`, which copies a ReplicaSet's
// old annotations back to the Deployment.
func (c *Cluster) leftover(ctx context.Context, r Record) (bool, error) {
	if time.Since(r.Since) < settling {
		return false, nil
	}
	d, err := c.apps.Deployments(r.Namespace).Get(ctx, r.Deployment, metav1.GetOptions{})
	switch {
	case apierrors.IsNotFound(err):
		return true, nil
	case err != nil:
		return false, call{verb: "get", resource: "deployments.apps", namespace: r.Namespace, name: r.Deployment}.failed(err)
	}
	return d.Labels[DevLabel] != r.Token, nil
}
