package cluster

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	autoscalingv1 "k8s.io/api/autoscaling/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"

	"github.com/tandem-dev/tandem/internal/fault"
)

// ScaleDown takes the original to 0 replicas through its scale subresource.
// Should somebody have scaled it since Find, the new number is what Restore
// will give back: it is noted in d.Record and on the original first, so journal
// d.Record again afterwards. It may be called again: an original at 0 is left
// alone, and so is the number on record.
func (c *Cluster) ScaleDown(ctx context.Context, d *Diversion) error {
	r := &d.Record
	for attempt := 1; ; attempt++ {
		if r.Replicas == 0 {
			return nil
		}
		// The test makes it certain that the number on record is the number
		// that was replaced.
		body := fmt.Appendf(nil, `[{"op":"test","path":"/spec/replicas","value":%d},{"op":"replace","path":"/spec/replicas","value":0}]`, r.Replicas)
		err := c.patchScale(ctx, *r, types.JSONPatchType, body)
		if !testFailed(err) || attempt == 5 {
			return scaling(*r).failed(err)
		}
		now, err := c.get(ctx, r.Namespace, r.Kind, r.Name)
		if err != nil {
			return getting(r.Namespace, r.Kind, r.Name).failed(err)
		}
		switch now.Replicas {
		case 0:
			return nil // by an earlier call: the number on record stays
		case r.Replicas:
			continue // it was changed and changed back
		}
		r.Replicas = now.Replicas
		if err := c.annotate(ctx, *r, "", r.annotation()); err != nil {
			return patching(*r).failed(err)
		}
	}
}

// testFailed recognises a JSON patch whose test did not hold: 422 without the
// causes that a validation error has.
func testFailed(err error) bool {
	var status apierrors.APIStatus
	return errors.As(err, &status) && status.Status().Code == http.StatusUnprocessableEntity
}

// scaleUp gives the original its replicas back, if it still is at 0; version is
// the one at which it was seen to be.
func (c *Cluster) scaleUp(ctx context.Context, r Record, version string) error {
	body, err := json.Marshal(map[string]any{
		"metadata": map[string]string{"resourceVersion": version},
		"spec":     map[string]int32{"replicas": r.Replicas},
	})
	if err != nil {
		return err
	}
	return c.patchScale(ctx, r, types.MergePatchType, body)
}

// patchScale goes through the REST client because the typed one would decode
// the answer, a Scale, as the workload.
func (c *Cluster) patchScale(ctx context.Context, r Record, kind types.PatchType, body []byte) error {
	return c.apps.RESTClient().Patch(kind).
		Namespace(r.Namespace).Resource(resource(r.Kind)).Name(r.Name).SubResource("scale").
		Body(body).Do(ctx).Into(&autoscalingv1.Scale{})
}

func scaling(r Record) call {
	return call{verb: "patch", resource: resource(r.Kind) + ".apps/scale", namespace: r.Namespace, name: r.Name, missing: fault.WorkloadNotFound}
}

func patching(r Record) call {
	return call{verb: "patch", resource: resource(r.Kind) + ".apps", namespace: r.Namespace, name: r.Name, missing: fault.WorkloadNotFound}
}
