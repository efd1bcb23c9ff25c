package cluster

import (
	"context"
	"encoding/json"
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/tandem-dev/tandem/internal/fault"
)

// TakeOver gives an original back that another session has, and tells that
// session who does so: by announces it on the dev Deployment, which the other
// one watches, before anything else happens. Who may not write there takes over
// without a word.
func (c *Cluster) TakeOver(ctx context.Context, r Record, by string) error {
	body, err := json.Marshal(map[string]any{"metadata": map[string]any{"annotations": map[string]string{takenOverAnnotation: by}}})
	if err != nil {
		return err
	}
	dev, err := c.devDeployment(ctx, r)
	if err != nil {
		return err
	}
	if dev != nil {
		_, err = c.apps.Deployments(r.Namespace).Patch(ctx, r.Deployment, types.MergePatchType, body, metav1.PatchOptions{})
		if err != nil && !apierrors.IsNotFound(err) && !apierrors.IsForbidden(err) {
			return call{verb: "patch", resource: "deployments.apps", namespace: r.Namespace, name: r.Deployment}.failed(err)
		}
	}
	r.Ending = by
	return c.Restore(ctx, r)
}

// Gone says why a dev workload is not there any more: fault.TakenOver where
// somebody announced it or has the original now, fault.TakenBack where somebody has
// given the original back, fault.WorkloadNotFound where the original itself is gone,
// nil where nothing is known.
func (c *Cluster) Gone(ctx context.Context, d *Diversion) error {
	r := d.Record
	what := fmt.Sprintf("%s %q", r.Kind, r.Name)
	d.follow.mu.Lock()
	by := d.follow.takenBy
	d.follow.mu.Unlock()
	if by != "" {
		return TakenOver(what, by)
	}
	w, err := c.get(ctx, r.Namespace, r.Kind, r.Name)
	switch {
	case apierrors.IsNotFound(err) || err == nil && w.UID != r.UID:
		return fault.New(fault.WorkloadNotFound, "%s was deleted while the session ran, and its dev container with it", what).
			Hint("start again once it is there")
	case err != nil:
		return getting(r.Namespace, r.Kind, r.Name).failed(err)
	case w.Diverted != nil && w.Diverted.Record.Token != r.Token:
		now := w.Diverted.Record
		return TakenOver(what, fmt.Sprintf("%s on %s", orUnknown(now.Owner), orUnknown(now.Host)))
	}
	return takenBack(w, r)
}

// TakenOver is the cause of a session that somebody else took the workload from.
func TakenOver(workload, by string) *fault.Error {
	return fault.New(fault.TakenOver, "%s was taken over by %s", workload, by).
		Hint("talk to them; starting with takeover takes it back").With("by", by)
}
