package cluster

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"

	authorizationv1 "k8s.io/api/authorization/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/tandem-dev/tandem/internal/fault"
)

// Needs are the objects, beyond the workload, that the caller will read.
type Needs struct {
	ConfigMaps, Secrets []string
}

// permission is one thing that a session must be allowed to do.
type permission struct {
	verb, group, resource, name string
}

// String is how people and RBAC rules write it.
func (p permission) String() string {
	s := p.verb + " " + p.resource
	if p.group != "" {
		base, sub, _ := strings.Cut(p.resource, "/")
		s = p.verb + " " + base + "." + p.group
		if sub != "" {
			s += "/" + sub
		}
	}
	if p.name != "" {
		s += fmt.Sprintf(" %q", p.name)
	}
	return s
}

// permissions lists what a whole session on w needs.
//
// A port-forward over WebSocket is a GET, over SPDY a POST, and from Kubernetes
// 1.35 on the WebSocket asks for create too: so create is what is needed, and
// who lacks get is served by SPDY. Events and logs only make explanations
// better and are not asked for.
func permissions(w *Workload, needs Needs) []permission {
	kind := resource(w.Kind)
	list := []permission{
		{"get", "apps", kind, w.Name},
		{"patch", "apps", kind, w.Name},
		{"patch", "apps", kind + "/scale", w.Name},
		{"create", "apps", "deployments", ""},
		{"get", "apps", "deployments", devName(w.Name)},
		{"watch", "apps", "deployments", devName(w.Name)},
		{"delete", "apps", "deployments", devName(w.Name)},
		{"create", "", "secrets", ""},
		{"delete", "", "secrets", ""},
		{"list", "", "pods", ""},
		{"watch", "", "pods", ""},
		{"create", "", "pods/portforward", ""},
	}
	for _, name := range needs.ConfigMaps {
		list = append(list, permission{"get", "", "configmaps", name})
	}
	for _, name := range needs.Secrets {
		list = append(list, permission{"get", "", "secrets", name})
	}
	return list
}

// Rights are what the user may do in a namespace, as the API server lists it.
type Rights struct {
	namespace string
	status    authorizationv1.SubjectRulesReviewStatus
}

// Rights asks for them: one SelfSubjectRulesReview.
func (c *Cluster) Rights(ctx context.Context, namespace string) (*Rights, error) {
	review, err := c.authz.SelfSubjectRulesReviews().Create(ctx, &authorizationv1.SelfSubjectRulesReview{
		Spec: authorizationv1.SelfSubjectRulesReviewSpec{Namespace: namespace},
	}, metav1.CreateOptions{})
	if err != nil {
		return nil, call{verb: "create", resource: "selfsubjectrulesreviews.authorization.k8s.io", namespace: namespace}.failed(err)
	}
	return &Rights{namespace, review.Status}, nil
}

// missing returns the wanted permissions that the user does not have, by name.
// Where the server's list is incomplete (authorizers other than RBAC cannot always
// list their rules), the doubtful ones are asked for one by one.
func (c *Cluster) missing(ctx context.Context, r *Rights, wanted []permission) (names []string, err error) {
	missing := unallowed(r.status.ResourceRules, wanted)
	if len(missing) > 0 && (r.status.Incomplete || r.status.EvaluationError != "") {
		if missing, err = c.ask(ctx, r.namespace, missing); err != nil {
			return nil, err
		}
	}
	for _, p := range missing {
		names = append(names, p.String())
	}
	return names, nil
}

// Preflight finds out whether the user may do all that a session does, before
// anything is touched, and returns the Rights that it has asked for. The error is
// one fault.PermissionDenied with every missing permission in its message and in
// Detail "missing".
func (c *Cluster) Preflight(ctx context.Context, w *Workload, needs Needs) (*Rights, error) {
	rights, err := c.Rights(ctx, w.Namespace)
	if err != nil {
		return nil, err
	}
	names, err := c.missing(ctx, rights, permissions(w, needs))
	if err != nil {
		return nil, err
	}
	return rights, Denied(names, w.Namespace)
}

// Denied is the failure of a session without these permissions; nil without any.
func Denied(missing []string, namespace string) error {
	if len(missing) == 0 {
		return nil
	}
	return fault.New(fault.PermissionDenied, "you may not %s in namespace %q", strings.Join(missing, ", "), namespace).
		Hint("ask for a Role in namespace %q with these verbs and resources; `kubectl auth can-i --list -n %s` shows what you have",
			namespace, namespace).
		With("missing", missing)
}

// unallowed returns the wanted permissions that no rule grants.
func unallowed(rules []authorizationv1.ResourceRule, wanted []permission) []permission {
	var missing []permission
	for _, p := range wanted {
		if !slices.ContainsFunc(rules, func(r authorizationv1.ResourceRule) bool { return grants(r, p) }) {
			missing = append(missing, p)
		}
	}
	return missing
}

// grants evaluates one rule as RBAC does (pkg/apis/rbac/v1/evaluation_helpers.go
// in Kubernetes): "*" is any verb, group or resource, "*/scale" is the
// subresource of any resource, and a rule with resourceNames grants nothing to
// a request that has no name, such as create or list.
func grants(r authorizationv1.ResourceRule, p permission) bool {
	if !matches(r.Verbs, p.verb) || !matches(r.APIGroups, p.group) {
		return false
	}
	_, sub, isSub := strings.Cut(p.resource, "/")
	if !matches(r.Resources, p.resource) && !(isSub && slices.Contains(r.Resources, "*/"+sub)) {
		return false
	}
	return len(r.ResourceNames) == 0 || p.name != "" && slices.Contains(r.ResourceNames, p.name)
}

func matches(list []string, item string) bool {
	return slices.Contains(list, "*") || slices.Contains(list, item)
}

// ask reviews each permission on its own and returns those that are denied.
func (c *Cluster) ask(ctx context.Context, namespace string, doubtful []permission) ([]permission, error) {
	var (
		wait    sync.WaitGroup
		denied  = make([]bool, len(doubtful))
		failure = make([]error, len(doubtful))
	)
	for i, p := range doubtful {
		wait.Go(func() { // one request, joined below
			allowed, err := c.allowed(ctx, namespace, p)
			if err != nil {
				failure[i] = err
				return
			}
			denied[i] = !allowed
		})
	}
	wait.Wait()
	var missing []permission
	for i, p := range doubtful {
		if failure[i] != nil {
			return nil, failure[i]
		}
		if denied[i] {
			missing = append(missing, p)
		}
	}
	return missing, nil
}
