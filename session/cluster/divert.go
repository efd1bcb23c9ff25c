package cluster

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"k8s.io/utils/ptr"

	"github.com/tandem-dev/tandem/internal/fault"
)

// DivertSpec is what a session wants beside the original.
type DivertSpec struct {
	// SessionID, Owner, Host and Since tell others whose session it is. Since
	// also tells two sessions of the same name apart: set it.
	SessionID, Owner, Host string
	Since                  time.Time
	// AgentImage is pulled by the node; the pod's imagePullSecrets must do.
	AgentImage string
	Keys       AgentKeys
	// Reverse are the ports that the agent is to bind in the pod.
	Reverse []int
	// SSHPort on the pod's loopback; 0 picks one that the pod does not declare.
	SSHPort int
	// Labels and Annotations are put on the dev Deployment and its pod.
	Labels, Annotations map[string]string
	// GuardTTL is how long the agent does without a link before it gives the
	// original back; 0 is no such guard. [Cluster.MayGuard] says whether there can be
	// one, and [Cluster.InstallGuard], after Divert, makes what it needs.
	GuardTTL time.Duration
	// PriorityClass replaces the pod's own where it is not empty.
	PriorityClass string
}

// AgentKeys reach the dev container in a Secret.
type AgentKeys struct {
	// Host is the agent's private host key, OpenSSH PEM.
	Host []byte
	// Authorized is the one client key, in authorized_keys format.
	Authorized []byte
}

// Diversion is a dev workload that stands beside its original, and the watches
// that follow both. Close ends the watches; it changes nothing in the cluster.
type Diversion struct {
	Record Record
	// Port is where the agent's SSH server listens, on the pod's loopback.
	Port int
	// Notes say in words what of the original the dev pod does not have.
	Notes []string

	devUID   types.UID             // of the dev Deployment
	selector *metav1.LabelSelector // the original's
	follow   *follower
}

// Close ends the watches and waits for their goroutines. It may be called
// twice, and on a Diversion that Find returned.
func (d *Diversion) Close() {
	if d != nil && d.follow != nil {
		d.follow.close()
	}
}

// Divert puts the dev workload beside the original: it notes the Record on the
// original, creates the Secret with the keys and the dev Deployment, and starts
// following them. The original keeps running. After an error, whatever was done
// already is undone by Restore with [Cluster.Record]'s result, which the caller
// has journalled before.
//
// Errors: fault.SessionBusy when another session has the original (Detail
// "owner", "host", "since", "session"); fault.Conflict when the original
// changed meanwhile; what admission control says.
func (c *Cluster) Divert(ctx context.Context, w *Workload, spec DivertSpec) (*Diversion, error) {
	record := c.Record(w, spec)
	if w.Diverted != nil && w.Diverted.Record.Token != record.Token {
		return nil, busy(w, w.Diverted.Record)
	}
	template, notes := devTemplate(w, record.agentSpec(spec))

	if err := c.claim(ctx, w, record); err != nil {
		return nil, err
	}
	if err := c.createSecret(ctx, record, spec.Keys); err != nil {
		return nil, err
	}
	dev, err := c.createDeployment(ctx, record, template, spec)
	if err != nil {
		return nil, err
	}
	d := &Diversion{Record: record, Port: record.Port, Notes: notes, devUID: dev.UID, selector: w.Selector}
	d.follow = c.startFollowing(record, w.Selector, dev)
	return d, nil
}

// agentSpec is what the dev pod is made of.
func (r Record) agentSpec(spec DivertSpec) agentSpec {
	return agentSpec{
		token: r.Token, marks: r.marks(), image: spec.AgentImage, secret: r.Secret, port: r.Port,
		guard: r.Guard, guardTTL: r.GuardTTL,
		reverse: spec.Reverse, labels: spec.Labels, annotations: spec.Annotations,
		priorityClass: spec.PriorityClass,
	}
}

func busy(w *Workload, r Record) error {
	return fault.New(fault.SessionBusy, "%s is taken by the session %q of %s on %s since %s",
		w, r.Session, orUnknown(r.Owner), orUnknown(r.Host), r.Since.Local().Format(time.DateTime)).
		Hint("`tandem down` on that machine gives it back; --takeover takes it over").
		With("session", r.Session).With("owner", r.Owner).With("host", r.Host).With("since", r.Since)
}

func orUnknown(s string) string {
	if s == "" {
		return "somebody"
	}
	return s
}

// claim writes the Record on the original. The resource version makes two
// claims at the same moment impossible; because every change of the status
// moves it too, a conflict is looked at before it is reported.
func (c *Cluster) claim(ctx context.Context, w *Workload, r Record) error {
	version := w.ResourceVersion
	for attempt := 1; ; attempt++ {
		err := c.annotate(ctx, r, version, r.annotation())
		if !apierrors.IsConflict(err) || attempt == 5 {
			return call{verb: "patch", resource: resource(r.Kind) + ".apps", namespace: r.Namespace, name: r.Name,
				missing: fault.WorkloadNotFound}.failed(err)
		}
		now, err := c.get(ctx, r.Namespace, r.Kind, r.Name)
		switch {
		case err != nil:
			return getting(r.Namespace, r.Kind, r.Name).failed(err)
		case now.Diverted != nil && now.Diverted.Record.Token != r.Token && now.Diverted.Record.Token != w.leftover:
			return busy(w, now.Diverted.Record)
		case now.UID != w.UID || now.Generation != w.Generation:
			return fault.New(fault.Conflict, "%s was changed while the session started", w).Hint("start again")
		}
		version = now.ResourceVersion
	}
}

// annotate sets the session annotation of the original, or removes it when
// value is empty. An empty version patches whatever is there.
func (c *Cluster) annotate(ctx context.Context, r Record, version, value string) error {
	type metadata struct {
		ResourceVersion string             `json:"resourceVersion,omitempty"`
		Annotations     map[string]*string `json:"annotations"`
	}
	annotations := map[string]*string{SessionAnnotation: nil}
	if value != "" {
		annotations[SessionAnnotation] = &value
	}
	body, err := json.Marshal(map[string]metadata{"metadata": {ResourceVersion: version, Annotations: annotations}})
	if err != nil {
		return err
	}
	if r.Kind == KindStatefulSet {
		_, err = c.apps.StatefulSets(r.Namespace).Patch(ctx, r.Name, types.MergePatchType, body, metav1.PatchOptions{})
	} else {
		_, err = c.apps.Deployments(r.Namespace).Patch(ctx, r.Name, types.MergePatchType, body, metav1.PatchOptions{})
	}
	return err
}

// EnsureSecret makes the Secret with the keys again where somebody has deleted it:
// a new dev pod could not start without. One request.
func (c *Cluster) EnsureSecret(ctx context.Context, d *Diversion, keys AgentKeys) error {
	err := c.createSecret(ctx, d.Record, keys)
	if errors.Is(err, fault.Conflict) {
		return nil // it is there
	}
	return err
}

func (c *Cluster) createSecret(ctx context.Context, r Record, keys AgentKeys) error {
	_, err := c.core.Secrets(r.Namespace).Create(ctx, &corev1.Secret{
		ObjectMeta: ourMeta(r, r.Secret),
		// The keys are for one session: the kubelet need not watch them.
		Immutable: ptr.To(true),
		Type:      corev1.SecretTypeOpaque,
		Data:      map[string][]byte{hostKeyFile: keys.Host, authorizedKeyFile: keys.Authorized},
	}, metav1.CreateOptions{})
	return call{verb: "create", resource: "secrets", namespace: r.Namespace, name: r.Secret}.failed(err)
}

func (c *Cluster) createDeployment(ctx context.Context, r Record, template corev1.PodTemplateSpec, spec DivertSpec) (*appsv1.Deployment, error) {
	meta := ourMeta(r, r.Deployment)
	meta.Labels = merged(spec.Labels, meta.Labels)
	meta.Annotations = merged(spec.Annotations, meta.Annotations, map[string]string{recordAnnotation: r.annotation()})
	created, err := c.apps.Deployments(r.Namespace).Create(ctx, &appsv1.Deployment{
		ObjectMeta: meta,
		Spec: appsv1.DeploymentSpec{
			Replicas: ptr.To[int32](1),
			// Two agents for one laptop must never run side by side.
			Strategy:             appsv1.DeploymentStrategy{Type: appsv1.RecreateDeploymentStrategyType},
			Selector:             &metav1.LabelSelector{MatchLabels: map[string]string{DevLabel: r.Token}},
			RevisionHistoryLimit: ptr.To[int32](0),
			// The dev pod may stay unready for as long as nobody listens on the
			// laptop; math.MaxInt32 is no deadline (HasProgressDeadline in
			// pkg/controller/deployment/util).
			ProgressDeadlineSeconds: ptr.To[int32](math.MaxInt32),
			Template:                template,
		},
	}, metav1.CreateOptions{})
	if apierrors.IsAlreadyExists(err) {
		return nil, c.occupied(ctx, r, err)
	}
	return created, call{verb: "create", resource: "deployments.apps", namespace: r.Namespace, name: r.Deployment}.failed(err)
}

// occupied explains that the dev Deployment's name is taken: by what a dead
// session left, or by somebody's workload that happens to have that name.
func (c *Cluster) occupied(ctx context.Context, r Record, cause error) error {
	there, err := c.apps.Deployments(r.Namespace).Get(ctx, r.Deployment, metav1.GetOptions{})
	if err == nil && there.Labels[DevLabel] == "" {
		return fault.Wrap(cause, fault.Conflict, "a Deployment %q that is not a dev container has its name", r.Deployment).
			Hint("rename it: the dev container of %q needs that name", r.Name)
	}
	return fault.Wrap(cause, fault.Conflict, "the dev container %q of an earlier session is still being removed", r.Deployment).
		Hint("try again in a moment; if it stays, `kubectl delete deployment %s -n %s`", r.Deployment, r.Namespace)
}

// ourMeta marks an object as ours. Labels of the original stay off the objects
// themselves: GitOps tools take objects with their labels for their own and
// prune them. The owner reference ties their life to the original's; it is no
// controller's, so no controller adopts them.
func ourMeta(r Record, name string) metav1.ObjectMeta {
	return metav1.ObjectMeta{
		Name: name, Namespace: r.Namespace,
		Labels: merged(r.marks(), map[string]string{managedByLabel: managedBy}),
		Annotations: map[string]string{sessionIDKey: r.Session, ownerKey: r.Owner, hostKey: r.Host,
			sinceKey: r.Since.UTC().Format(time.RFC3339)},
		OwnerReferences: []metav1.OwnerReference{{
			APIVersion: "apps/v1", Kind: r.Kind, Name: r.Name, UID: r.UID,
		}},
	}
}

// Adopt follows a diversion that another process made, from its Record: one
// request for the original, one for the dev Deployment. The error is
// fault.SessionNotFound when either is gone, fault.TakenBack when the original was
// given back or is being given back.
func (c *Cluster) Adopt(ctx context.Context, r Record) (*Diversion, error) {
	gone := func(what string) error {
		return fault.New(fault.SessionNotFound, "%s in namespace %q is gone or belongs to another session", what, r.Namespace).
			Hint("start a new session; `tandem down` removes what is left of this one")
	}
	original, err := c.get(ctx, r.Namespace, r.Kind, r.Name)
	switch {
	case apierrors.IsNotFound(err) || err == nil && original.UID != r.UID:
		return nil, gone(fmt.Sprintf("%s %q", r.Kind, r.Name))
	case err != nil:
		return nil, getting(r.Namespace, r.Kind, r.Name).failed(err)
	}
	if err := takenBack(original, r); err != nil {
		return nil, err
	}
	dev, err := c.apps.Deployments(r.Namespace).Get(ctx, r.Deployment, metav1.GetOptions{})
	switch {
	case apierrors.IsNotFound(err) || err == nil && dev.Labels[DevLabel] != r.Token:
		return nil, gone(fmt.Sprintf("the dev container %q", r.Deployment))
	case err != nil:
		return nil, getting(r.Namespace, KindDeployment, r.Deployment).failed(err)
	}
	if original.Diverted != nil && original.Diverted.Record.Token == r.Token {
		r.Replicas = original.Diverted.Record.Replicas
	}
	d := &Diversion{Record: r, Port: r.Port, devUID: dev.UID, selector: original.Selector}
	d.follow = c.startFollowing(r, original.Selector, dev)
	return d, nil
}
