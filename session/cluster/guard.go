package cluster

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"k8s.io/utils/ptr"

	"github.com/tandem-dev/tandem/internal/fault"
)

// The guard in the cluster is the agent with a ServiceAccount of its own: once no
// link stands for a while, it gives the workload back (session/agent/giveback). Its
// token lies in a Secret that only the dev container mounts; docs/security.md says
// why there, and what the token can do.
//
// Its four objects share a name and belong to the dev Deployment, not to the
// original: when the dev Deployment goes, the garbage collector takes them. So the
// guard, whose last request deletes the dev Deployment, leaves nothing behind, and
// nobody needs the right to delete Roles.

// guardSuffix ends the name of the guard's objects.
const guardSuffix = "-guard"

// guardPlanFile is the file of the guard's Secret that giveback.Plan is read from;
// the others are what the cluster's token controller adds.
const guardPlanFile = "plan"

// guardPlan is giveback.Plan.
type guardPlan struct {
	Namespace     string    `json:"namespace"`
	Kind          string    `json:"kind"`
	Name          string    `json:"name"`
	UID           types.UID `json:"uid"`
	Token         string    `json:"token"`
	Replicas      int32     `json:"replicas"`
	Deployment    string    `json:"deployment"`
	DeploymentUID types.UID `json:"deploymentUID"`
	Secret        string    `json:"secret"`
	ReplicaSets   []string  `json:"replicaSets,omitempty"`
}

// guardEnding is what the guard writes into [Record.Ending]: giveback.Ending.
const guardEnding = "the guard in the cluster"

// guardRules are all that the guard may do: nothing by kind, everything by name.
// RBAC cannot narrow the patch of the original to its annotations.
func guardRules(r Record, replicaSets []string) []rbacv1.PolicyRule {
	kind := resource(r.Kind)
	rules := []rbacv1.PolicyRule{
		{APIGroups: []string{"apps"}, Resources: []string{kind}, ResourceNames: []string{r.Name}, Verbs: []string{"get", "patch"}},
		{APIGroups: []string{"apps"}, Resources: []string{kind + "/scale"}, ResourceNames: []string{r.Name}, Verbs: []string{"patch"}},
		{APIGroups: []string{"apps"}, Resources: []string{"deployments"}, ResourceNames: []string{r.Deployment}, Verbs: []string{"delete"}},
		{APIGroups: []string{""}, Resources: []string{"secrets"}, ResourceNames: []string{r.Secret}, Verbs: []string{"delete"}},
	}
	if len(replicaSets) > 0 {
		rules = append(rules, rbacv1.PolicyRule{APIGroups: []string{"apps"}, Resources: []string{"replicasets"}, ResourceNames: replicaSets, Verbs: []string{"patch"}})
	}
	return rules
}

// guardPermissions are what a session needs for the guard beyond [permissions],
// which hold what guardRules pass on: nobody can grant what he may not do himself.
func guardPermissions() []permission {
	return []permission{
		{"create", "", "serviceaccounts", ""},
		{"create", "rbac.authorization.k8s.io", "roles", ""},
		{"create", "rbac.authorization.k8s.io", "rolebindings", ""},
	}
}

// MayGuard says why there can be no guard in the cluster for w, "" where nothing
// is known to stand in its way.
func (c *Cluster) MayGuard(ctx context.Context, w *Workload, rights *Rights) (why string, err error) {
	if ptr.Deref(w.Template.Spec.ShareProcessNamespace, false) {
		return "the containers of its pods see each other's processes, and so could read the guard's token", nil
	}
	names, err := c.missing(ctx, rights, guardPermissions())
	if err != nil || len(names) == 0 {
		return "", err
	}
	return fmt.Sprintf("you may not %s in namespace %q", strings.Join(names, ", "), w.Namespace), nil
}

// CheckGuard says whether there can be a guard in the cluster for w.
func (c *Cluster) CheckGuard(ctx context.Context, w *Workload, ttl time.Duration) Check {
	rights, err := c.Rights(ctx, w.Namespace)
	why := ""
	if err == nil {
		why, err = c.MayGuard(ctx, w, rights)
	}
	switch {
	case err != nil:
		return CheckOf(CheckNameGuard, err)
	case why != "":
		return checked(CheckNameGuard, CheckWarn, "sessions work without; docs/rbac.yaml has the rules",
			"there can be no guard in the cluster: %s; should this machine disappear as a whole, %s stays taken over until somebody gives it back", why, w)
	}
	return passed(CheckNameGuard, "the agent can give %s back by itself when nothing was heard of this machine for %s", w, ttl)
}

// InstallGuard makes the guard's objects for a diversion whose Record names them.
// It may be called again. What it leaves half done goes with the dev Deployment.
func (c *Cluster) InstallGuard(ctx context.Context, d *Diversion) error {
	r := d.Record
	if r.Guard == "" {
		return nil
	}
	meta := ourMeta(r, r.Guard)
	meta.OwnerReferences = []metav1.OwnerReference{{APIVersion: "apps/v1", Kind: KindDeployment, Name: r.Deployment, UID: d.devUID}}
	making := func(resource string, err error) error {
		if apierrors.IsAlreadyExists(err) {
			return nil
		}
		return call{verb: "create", resource: resource, namespace: r.Namespace, name: r.Guard}.failed(err)
	}
	_, err := c.core.ServiceAccounts(r.Namespace).Create(ctx, &corev1.ServiceAccount{ObjectMeta: meta,
		AutomountServiceAccountToken: ptr.To(false)}, metav1.CreateOptions{})
	if err = making("serviceaccounts", err); err != nil {
		return err
	}
	sets := c.replicaSets(ctx, d)
	plan, err := json.Marshal(guardPlan{Namespace: r.Namespace, Kind: r.Kind, Name: r.Name, UID: r.UID, Token: r.Token, Replicas: r.Replicas,
		Deployment: r.Deployment, DeploymentUID: d.devUID, Secret: r.Secret, ReplicaSets: sets})
	if err != nil {
		return err
	}
	secret := &corev1.Secret{ObjectMeta: *meta.DeepCopy(), Type: corev1.SecretTypeServiceAccountToken, Data: map[string][]byte{guardPlanFile: plan}}
	secret.Annotations[corev1.ServiceAccountNameKey] = r.Guard
	stored := make(chan error, 1)
	go func() { // one request, joined below
		_, err := c.core.Secrets(r.Namespace).Create(ctx, secret, metav1.CreateOptions{})
		stored <- making("secrets", err)
	}()
	err = c.grantGuard(ctx, r, meta, guardRules(r, sets), making)
	if len(sets) > 0 && errors.Is(err, fault.PermissionDenied) {
		err = c.grantGuard(ctx, r, meta, guardRules(r, nil), making) // nor may we touch ReplicaSets
	}
	return errors.Join(err, <-stored)
}

// replicaSets are the names of the original's ReplicaSets that have pods to be had,
// or none where they may not be listed: they bear copies of the mark, which
// cleanReplicaSets explains.
func (c *Cluster) replicaSets(ctx context.Context, d *Diversion) []string {
	selector, err := metav1.LabelSelectorAsSelector(d.selector)
	if err != nil || d.Record.Kind != KindDeployment {
		return nil
	}
	list, err := c.apps.ReplicaSets(d.Record.Namespace).List(ctx, metav1.ListOptions{LabelSelector: selector.String()})
	if err != nil {
		return nil
	}
	var names []string
	for i := range list.Items {
		s := &list.Items[i]
		if owner := metav1.GetControllerOf(s); owner == nil || owner.UID != d.Record.UID {
			continue
		}
		if _, marked := s.Annotations[SessionAnnotation]; marked || ptr.Deref(s.Spec.Replicas, 0) > 0 {
			names = append(names, s.Name)
		}
	}
	return names
}

// grantGuard makes the Role and its binding, in this order: the API server looks at
// the rules of the one when it admits the other.
func (c *Cluster) grantGuard(ctx context.Context, r Record, meta metav1.ObjectMeta, rules []rbacv1.PolicyRule, making func(string, error) error) error {
	_, err := c.rbac.Roles(r.Namespace).Create(ctx, &rbacv1.Role{ObjectMeta: meta, Rules: rules}, metav1.CreateOptions{})
	if err = making("roles.rbac.authorization.k8s.io", err); err != nil {
		return err
	}
	_, err = c.rbac.RoleBindings(r.Namespace).Create(ctx, &rbacv1.RoleBinding{ObjectMeta: meta,
		RoleRef:  rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "Role", Name: r.Guard},
		Subjects: []rbacv1.Subject{{Kind: rbacv1.ServiceAccountKind, Name: r.Guard, Namespace: r.Namespace}},
	}, metav1.CreateOptions{})
	return making("rolebindings.rbac.authorization.k8s.io", err)
}

// TakenBack says whether somebody has given the original back, or is doing so, while
// this session could not know: the guard in the cluster because it did not hear of
// this machine, or a person elsewhere. Nil where it still is the session's, or where
// nothing tells. One request.
func (c *Cluster) TakenBack(ctx context.Context, r Record) error {
	w, err := c.get(ctx, r.Namespace, r.Kind, r.Name)
	switch {
	case apierrors.IsNotFound(err) || err == nil && w.UID != r.UID:
		return nil
	case err != nil:
		return getting(r.Namespace, r.Kind, r.Name).failed(err)
	}
	return takenBack(w, r)
}

// takenBack is TakenBack of an original in hand.
func takenBack(w *Workload, r Record) error {
	if w.Held(r) {
		return nil
	}
	again := "start again, once it is known why"
	if r.Guard != "" {
		again = "start again; --guard-ttl allows for a longer absence"
	}
	switch {
	case w.Diverted != nil && w.Diverted.Record.Token != r.Token:
		return nil // taken over, which is another story
	case w.Diverted != nil && w.Diverted.Record.Ending == guardEnding:
		return fault.New(fault.TakenBack, "%s is given back by the guard in the cluster: nothing was heard of this machine for %s", w, r.GuardTTL).Hint("%s", again)
	case w.Diverted != nil:
		return fault.New(fault.TakenBack, "%s is given back by %s", w, w.Diverted.Record.Ending).Hint("%s", again)
	case w.Replicas == 0 && r.Replicas > 0:
		return nil // the mark was removed, the replicas were not given back
	case r.Guard != "":
		// Nothing that is left tells who it was.
		return fault.New(fault.TakenBack, "%s was given back while this machine was away: by the guard in the cluster, which does so after %s, or by somebody else", w, r.GuardTTL).Hint("%s", again)
	}
	return fault.New(fault.TakenBack, "%s was given back by somebody while this machine was away", w).Hint("%s", again)
}
