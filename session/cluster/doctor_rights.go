package cluster

import (
	"context"
	"fmt"
	"strings"

	"golang.org/x/sync/errgroup"
	authorizationv1 "k8s.io/api/authorization/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/tandem-dev/tandem/internal/fault"
)

// Right is one permission, reviewed.
type Right struct {
	// Verb and Resource are as RBAC has them: "patch", "deployments.apps/scale".
	Verb, Resource string
	// Name is the object that was asked for; "" is any.
	Name string
	// Needed says that no session starts without it; Purpose what it is for.
	Needed  bool
	Purpose string
	Allowed bool
}

// String is how a person reads it.
func (r Right) String() string {
	if r.Name != "" {
		return fmt.Sprintf("%s %s %q", r.Verb, r.Resource, r.Name)
	}
	return r.Verb + " " + r.Resource
}

// wish is a permission beyond the needed ones.
type wish struct {
	permission
	purpose string
	// needed says that this session cannot do without.
	needed bool
}

// Extras are the parts of a session that ask for more than every session does.
type Extras struct {
	// ByLabels: the workload is found by a selector. ServiceByLabels: a forward
	// names its Service by labels.
	ByLabels, ServiceByLabels bool
}

// wishes lists what docs/rbac.yaml grants beyond [permissions], each with what
// is lost without it.
func wishes(w *Workload, needs Needs, extras Extras) []wish {
	kind := resource(w.Kind)
	list := []wish{
		{permission{"get", "", "pods/portforward", ""}, "connecting by WebSocket up to Kubernetes 1.34; without it the older SPDY is used", false},
		{permission{"list", "apps", "deployments", ""}, "`selector` in a manifest, suggestions, and `tandem down --all`", extras.ByLabels},
		{permission{"list", "apps", "statefulsets", ""}, "`selector` in a manifest, suggestions, and `tandem down --all`", extras.ByLabels},
		{permission{"list", "", "services", ""}, "a forward that names its Service by labels", extras.ServiceByLabels},
		{permission{"watch", "apps", kind, w.Name}, "noticing that somebody changes the workload during a session", false},
		{permission{"list", "", "events", ""}, "explaining why a dev pod does not start", false},
		{permission{"get", "", "pods/log", ""}, "explaining why a dev pod crashed", false},
		{permission{"create", "", "serviceaccounts", ""}, guardPurpose, false},
		{permission{"create", "rbac.authorization.k8s.io", "roles", ""}, guardPurpose, false},
		{permission{"create", "rbac.authorization.k8s.io", "rolebindings", ""}, guardPurpose, false},
		{permission{"list", "autoscaling", "horizontalpodautoscalers", ""}, "saying what else scales the workload, at a session's start and in its plan", false},
		{permission{"list", "policy", "poddisruptionbudgets", ""}, "naming what would hold up a node's drain during a session, in its plan", false},
		{permission{"list", "apps", "replicasets", ""}, "removing the mark's copy from the workload's ReplicaSets at the end", false},
		{permission{"patch", "apps", "replicasets", ""}, "removing the mark's copy from the workload's ReplicaSets at the end", false},
	}
	for _, name := range needs.ConfigMaps {
		list = append(list, wish{permission{"watch", "", "configmaps", name}, "noticing changes of the environment during a session", false})
	}
	for _, name := range needs.Secrets {
		list = append(list, wish{permission{"watch", "", "secrets", name}, "noticing changes of the environment during a session", false})
	}
	return list
}

const guardPurpose = "a guard in the cluster, which gives the workload back when this machine is gone as a whole"

// purposes of what [permissions] lists, by verb and resource.
var purposes = map[string]string{
	"get deployments.apps":          "finding the workload, and giving it back",
	"get statefulsets.apps":         "finding the workload, and giving it back",
	"patch deployments.apps":        "marking the workload as diverted",
	"patch statefulsets.apps":       "marking the workload as diverted",
	"patch deployments.apps/scale":  "scaling the workload to zero and back",
	"patch statefulsets.apps/scale": "scaling the workload to zero and back",
	"create deployments.apps":       "making the dev container's Deployment",
	"watch deployments.apps":        "following the dev container's Deployment",
	"delete deployments.apps":       "removing the dev container's Deployment",
	"create secrets":                "the keys of a session",
	"delete secrets":                "removing the keys of a session",
	"get secrets":                   "the container's environment",
	"get configmaps":                "the container's environment",
	"list pods":                     "following the dev pod",
	"watch pods":                    "following the dev pod",
	"create pods/portforward":       "connecting to the dev pod",
}

// reviewsAtOnce bounds the access reviews in flight: each is a request.
const reviewsAtOnce = 8

// CheckRights asks for every permission of docs/rbac.yaml by an access review of
// its own, which is the one authority on it: a list of rules does not know what
// webhooks allow. w may be nil: then it is asked for any Deployment.
func (c *Cluster) CheckRights(ctx context.Context, w *Workload, needs Needs, extras Extras) (needed, optional Check, all []Right) {
	namespace := c.namespace
	if w == nil {
		w = &Workload{Kind: KindDeployment, Namespace: namespace}
	}
	var asked []permission
	for _, p := range permissions(w, needs) {
		if w.Name == "" {
			p.name = ""
		}
		asked = append(asked, p)
		all = append(all, rightOf(p, purposes[permission{p.verb, p.group, p.resource, ""}.String()], true))
	}
	for _, x := range wishes(w, needs, extras) {
		asked = append(asked, x.permission)
		all = append(all, rightOf(x.permission, x.purpose, x.needed))
	}
	reviews, gctx := errgroup.WithContext(ctx)
	reviews.SetLimit(reviewsAtOnce)
	for i, p := range asked {
		reviews.Go(func() (err error) { // one request, joined below
			all[i].Allowed, err = c.allowed(gctx, namespace, p)
			return err
		})
	}
	if err := reviews.Wait(); err != nil {
		broken := Check{Name: CheckNameRights, Status: CheckFail, Detail: err.Error(), Hint: fault.HintOf(err)}
		return broken, Check{Name: CheckNameWishes, Status: CheckSkip, Detail: "the permissions could not be asked for"}, nil
	}
	needed, optional = rightsChecks(all, namespace)
	return needed, optional, all
}

func rightOf(p permission, purpose string, needed bool) Right {
	bare := permission{p.verb, p.group, p.resource, ""}.String()
	_, resource, _ := strings.Cut(bare, " ")
	return Right{Verb: p.verb, Resource: resource, Name: p.name, Needed: needed, Purpose: purpose}
}

// rightsChecks sums up what the reviews said.
func rightsChecks(all []Right, namespace string) (needed, optional Check) {
	var missing, missed []string
	count := map[bool]int{}
	for _, r := range all {
		count[r.Needed]++
		switch line := fmt.Sprintf("%s: %s", r, r.Purpose); {
		case r.Allowed:
		case r.Needed:
			missing = append(missing, line)
		default:
			missed = append(missed, line)
		}
	}
	needed = passed(CheckNameRights, "all %d that a session needs in namespace %q", count[true], namespace)
	if len(missing) > 0 {
		needed = checked(CheckNameRights, CheckFail,
			fmt.Sprintf("ask for the Role of docs/rbac.yaml in namespace %q; `kubectl auth can-i --list -n %s` shows what you have", namespace, namespace),
			"%d of %d that a session needs in namespace %q are missing:\n%s", len(missing), count[true], namespace, strings.Join(missing, "\n"))
	}
	optional = passed(CheckNameWishes, "all %d that make a session better", count[false])
	if len(missed) > 0 {
		optional = checked(CheckNameWishes, CheckWarn, "sessions work without; docs/rbac.yaml has the rules",
			"%d of %d that are not required are missing:\n%s", len(missed), count[false], strings.Join(missed, "\n"))
	}
	return needed, optional
}

// allowed is one access review.
func (c *Cluster) allowed(ctx context.Context, namespace string, p permission) (bool, error) {
	base, sub, _ := strings.Cut(p.resource, "/")
	answer, err := c.authz.SelfSubjectAccessReviews().Create(ctx, &authorizationv1.SelfSubjectAccessReview{
		Spec: authorizationv1.SelfSubjectAccessReviewSpec{ResourceAttributes: &authorizationv1.ResourceAttributes{
			Namespace: namespace, Verb: p.verb, Group: p.group, Resource: base, Subresource: sub, Name: p.name,
		}},
	}, metav1.CreateOptions{})
	if err != nil {
		return false, call{verb: "create", resource: "selfsubjectaccessreviews.authorization.k8s.io", namespace: namespace}.failed(err)
	}
	return answer.Status.Allowed, nil
}
