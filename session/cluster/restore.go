package cluster

import (
	"context"
	"slices"
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"k8s.io/utils/ptr"

	"github.com/tandem-dev/tandem/internal/fault"
)

// DefaultHandover is how long Restore lets the dev container serve while the
// original's first pod becomes ready.
const DefaultHandover = 30 * time.Second

// afterwards is how long GiveBack watches an original that came back when nothing
// stood in for it any more.
const afterwards = 15 * time.Second

// Restore undoes what the Record's session did, from whatever point it got to,
// as often as it is called: see [Cluster.RestoreWithin] with [DefaultHandover].
func (c *Cluster) Restore(ctx context.Context, r Record) error {
	return c.RestoreWithin(ctx, r, DefaultHandover)
}

// GiveBack is Restore, and tells what keeps the original from serving again, in
// trouble: a fault whose kind and hint say why its pods do not start, fault.Timeout
// where they only take long, nil where one of them is ready or it had none to get
// back. It ends as soon as that is certain. With trouble the cluster is given back all
// the same; only err says that it is not.
func (c *Cluster) GiveBack(ctx context.Context, r Record) (trouble, err error) {
	return c.giveBack(ctx, r, DefaultHandover, afterwards)
}

// RestoreWithin gives the original its replicas back, waits at most handover
// for its first pod to be ready while the dev container still serves, deletes
// the dev Deployment and the Secret, and at last removes the annotation, which
// until then tells everybody that something is left to do.
//
// An original that is not at 0 was scaled by somebody else and is left as it
// is. One that is gone, or was made anew, is none of ours. Nothing that belongs
// to another session is touched: objects are deleted by their token, and the
// original is scaled only if its annotation carries the token, or if it carries
// none and our dev Deployment still stands. What belongs to the dev Deployment,
// the objects of a guard, is left to the cluster's garbage collector.
func (c *Cluster) RestoreWithin(ctx context.Context, r Record, handover time.Duration) error {
	_, err := c.giveBack(ctx, r, handover, 0)
	return err
}

// giveBack is RestoreWithin, and watches the original for after once everything is
// undone, where nobody did before.
func (c *Cluster) giveBack(ctx context.Context, r Record, handover, after time.Duration) (trouble, err error) {
	dev, err := c.devDeployment(ctx, r)
	if err != nil {
		return nil, err
	}
	original, err := c.scaleBack(ctx, &r, dev != nil)
	if err != nil {
		return nil, err
	}
	if original != nil && dev != nil && handover > 0 && r.Replicas > 0 && dev.Status.ReadyReplicas > 0 {
		if trouble, err = c.awaitOriginal(ctx, r, original, handover); err != nil {
			return trouble, err
		}
		after = 0
	}
	if err := c.removeOurs(ctx, r, dev, original); err != nil {
		return trouble, err
	}
	if original != nil && original.Replicas == 0 && r.Replicas > 0 && after > 0 {
		trouble, _ = c.awaitOriginal(ctx, r, original, after) // the end of ctx undoes nothing
	}
	return trouble, nil
}

// removeOurs deletes what stands beside the original, and then the mark on it.
func (c *Cluster) removeOurs(ctx context.Context, r Record, dev *appsv1.Deployment, original *Workload) error {
	if dev != nil {
		err := c.apps.Deployments(r.Namespace).Delete(ctx, r.Deployment, metav1.DeleteOptions{
			Preconditions: &metav1.Preconditions{UID: ptr.To(dev.UID)},
			// The pods go at once, not after the Deployment: its name is free
			// for the next session and nothing recreates them.
			PropagationPolicy: ptr.To(metav1.DeletePropagationBackground),
		})
		// A conflict is another object of the same name: not ours.
		if err != nil && !apierrors.IsNotFound(err) && !apierrors.IsConflict(err) {
			return call{verb: "delete", resource: "deployments.apps", namespace: r.Namespace, name: r.Deployment}.failed(err)
		}
	}
	for _, name := range []string{r.Guard, r.Secret} {
		if name == "" {
			continue
		}
		// With its Secret the guard's token is dead at once; the rest of the guard
		// goes with the dev Deployment.
		err := c.core.Secrets(r.Namespace).Delete(ctx, name, metav1.DeleteOptions{})
		if err != nil && !apierrors.IsNotFound(err) {
			return call{verb: "delete", resource: "secrets", namespace: r.Namespace, name: name}.failed(err)
		}
	}
	if original == nil {
		return nil
	}
	if original.Diverted != nil {
		if err := c.release(ctx, r); err != nil {
			return err
		}
	}
	c.cleanReplicaSets(ctx, r, original.Selector)
	return nil
}

// cleanReplicaSets removes the copies of our annotation that the Deployment
// controller made on the original's ReplicaSets: it copies a Deployment's
// annotations there and never takes one away (SetNewReplicaSetAnnotations in
// pkg/controller/deployment/util), and `kubectl rollout undo` would bring the
// annotation back from there. Who may not touch ReplicaSets leaves the copy,
// which does no harm: Find knows a mark with nothing behind it.
func (c *Cluster) cleanReplicaSets(ctx context.Context, r Record, s *metav1.LabelSelector) {
	selector, err := metav1.LabelSelectorAsSelector(s)
	if err != nil || r.Kind != KindDeployment {
		return
	}
	sets := c.apps.ReplicaSets(r.Namespace)
	list, err := sets.List(ctx, metav1.ListOptions{LabelSelector: selector.String()})
	if err != nil {
		return
	}
	for i := range list.Items {
		if copied, ok := recordOf(list.Items[i].Annotations); ok && copied.Token == r.Token {
			_, _ = sets.Patch(ctx, list.Items[i].Name, types.MergePatchType, withoutAnnotation, metav1.PatchOptions{})
		}
	}
}

var withoutAnnotation = []byte(`{"metadata":{"annotations":{"` + SessionAnnotation + `":null}}}`)

// devDeployment reads the session's dev Deployment; nil when there is none.
func (c *Cluster) devDeployment(ctx context.Context, r Record) (*appsv1.Deployment, error) {
	d, err := c.apps.Deployments(r.Namespace).Get(ctx, r.Deployment, metav1.GetOptions{})
	switch {
	case apierrors.IsNotFound(err):
		return nil, nil
	case err != nil:
		return nil, getting(r.Namespace, KindDeployment, r.Deployment).failed(err)
	case d.Labels[DevLabel] != r.Token:
		return nil, nil
	}
	return d, nil
}

// scaleBack returns the original if it is the session's, scaled up if it was at
// 0; nil if it is gone or somebody else's. The replicas on the original are
// newer than the journal's and win.
func (c *Cluster) scaleBack(ctx context.Context, r *Record, devStands bool) (*Workload, error) {
	if r.Name == "" { // pieced together from what is left, see Standing
		return nil, nil
	}
	for attempt := 1; ; attempt++ {
		w, err := c.get(ctx, r.Namespace, r.Kind, r.Name)
		switch {
		case apierrors.IsNotFound(err) || err == nil && w.UID != r.UID:
			return nil, nil
		case err != nil:
			return nil, getting(r.Namespace, r.Kind, r.Name).failed(err)
		case w.Diverted == nil && !devStands:
			return nil, nil // never claimed, or restored before
		case w.Diverted != nil && w.Diverted.Record.Token != r.Token:
			return nil, nil
		case w.Diverted != nil:
			r.Replicas = w.Diverted.Record.Replicas
		}
		if w.Replicas != 0 || r.Replicas == 0 {
			return w, nil
		}
		if w.Diverted != nil && w.Diverted.Record.Ending == "" {
			said := *r
			if said.Ending == "" {
				said.Ending = "tandem"
			}
			err = c.annotate(ctx, said, w.ResourceVersion, said.annotation())
			if err == nil {
				continue
			}
		} else {
			err = c.scaleUp(ctx, *r, w.ResourceVersion)
		}
		switch {
		case err == nil:
			return w, nil
		case apierrors.IsNotFound(err):
			return nil, nil
		case !apierrors.IsConflict(err) || attempt >= 8:
			return nil, scaling(*r).failed(err)
		}
	}
}

// awaitOriginal waits until a pod of the original is ready, it is certain that none
// will be, the handover is over, or ctx ends: only the last is an error.
func (c *Cluster) awaitOriginal(ctx context.Context, r Record, w *Workload, handover time.Duration) (trouble, err error) {
	f := newFollower(r)
	watching, cancel := context.WithCancel(ctx)
	f.cancel = cancel
	f.done.Go(func() { c.followPods(watching, f, w.Selector) })
	defer f.close()

	bounded, stop := context.WithTimeout(ctx, handover)
	defer stop()
	var since map[string]time.Time // when a finding was first seen, by its key
	began := time.Now()
	look := time.Second // when to ask next why there is no pod, since began
	for {
		v := f.look()
		if slices.ContainsFunc(v.originals(), ready) {
			return nil, nil
		}
		wake := time.Duration(-1)
		switch found, _ := originalFinding(v, w); {
		case found != nil:
			if _, seen := since[found.key]; !seen {
				since = map[string]time.Time{found.key: time.Now()}
			}
			if wake = found.patience - time.Since(since[found.key]); wake <= 0 {
				return troubleOf(w, r, found.err), nil
			}
		case v.listed && len(v.originals()) == 0:
			if wake = look - time.Since(began); wake <= 0 {
				if why := c.originalRefused(bounded, r); why != nil {
					return troubleOf(w, r, why), nil
				}
				look *= 2
				wake = max(0, look-time.Since(began))
			}
		default:
			since = nil
		}
		if err := sleep(bounded, v.changed, wake); err == nil {
			continue
		}
		if err := ctx.Err(); err != nil {
			return nil, fault.Wrap(err, fault.KindOf(err), "waiting for %s to serve again", w).
				Hint("its replicas are back already; `tandem down` finishes the rest")
		}
		return stillStarting(w, r, f.look(), handover), nil
	}
}

// release removes our annotation from the original, if it still is ours.
func (c *Cluster) release(ctx context.Context, r Record) error {
	for attempt := 1; ; attempt++ {
		w, err := c.get(ctx, r.Namespace, r.Kind, r.Name)
		switch {
		case apierrors.IsNotFound(err):
			return nil
		case err != nil:
			return getting(r.Namespace, r.Kind, r.Name).failed(err)
		case w.Diverted == nil || w.Diverted.Record.Token != r.Token:
			return nil
		}
		err = c.annotate(ctx, r, w.ResourceVersion, "")
		switch {
		case err == nil, apierrors.IsNotFound(err):
			return nil
		case !apierrors.IsConflict(err) || attempt == 5:
			return patching(r).failed(err)
		}
	}
}

// FindDiverted lists the Records of the originals in a namespace that carry our
// annotation, sorted by name: what `tandem down --all` can restore without a
// journal. Empty means the Cluster's own namespace.
func (c *Cluster) FindDiverted(ctx context.Context, namespace string) ([]Record, error) {
	if namespace == "" {
		namespace = c.namespace
	}
	found, err := c.list(ctx, namespace, "")
	if err != nil {
		return nil, err
	}
	var records []Record
	for _, w := range found {
		if w.Diverted != nil {
			r := w.Diverted.Record
			r.Kubeconfig, r.Context = c.kubeconfig, c.context
			records = append(records, r)
		}
	}
	slices.SortFunc(records, func(a, b Record) int { return strings.Compare(a.Name+a.Kind, b.Name+b.Kind) })
	return records, nil
}
