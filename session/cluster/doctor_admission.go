package cluster

import (
	"context"
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	podsecurity "k8s.io/pod-security-admission/api"
	"k8s.io/pod-security-admission/policy"

	"github.com/tandem-dev/tandem/internal/fault"
)

// Prospect is the dev pod that a session would make, as far as it can be known
// before: what admission is going to judge.
type Prospect struct {
	workload *Workload
	template corev1.PodTemplateSpec
}

// Prospect makes the pod template that Divert would, without a request. Keys and
// token, which admission does not look at, are missing.
func (c *Cluster) Prospect(w *Workload, spec DivertSpec) *Prospect {
	r := c.Record(w, spec)
	template, _ := devTemplate(w, agentSpec{
		token: r.Token, image: spec.AgentImage, secret: r.Secret, port: r.Port, reverse: spec.Reverse,
		labels: spec.Labels, annotations: spec.Annotations, priorityClass: spec.PriorityClass,
	})
	return &Prospect{workload: w, template: template}
}

// CheckPodSecurity compares the dev pod with the Pod Security Standard that the
// namespace enforces. p may be nil: then only the level is told.
func (c *Cluster) CheckPodSecurity(ctx context.Context, p *Prospect) Check {
	n, err := c.core.Namespaces().Get(ctx, c.namespace, metav1.GetOptions{})
	switch {
	case apierrors.IsNotFound(err):
		return checked(CheckNamePodSecurity, CheckFail, fmt.Sprintf("choose another with --namespace, or check the context (now %q)", c.context),
			"namespace %q does not exist", c.namespace)
	case err != nil:
		return CheckOf(CheckNamePodSecurity, call{verb: "get", resource: "namespaces", namespace: c.namespace, name: c.namespace}.failed(err))
	}
	privileged := podsecurity.LevelVersion{Level: podsecurity.LevelPrivileged, Version: podsecurity.LatestVersion()}
	level, broken := podsecurity.PolicyToEvaluate(n.Labels, podsecurity.Policy{Enforce: privileged, Audit: privileged, Warn: privileged})
	if len(broken) > 0 {
		return checked(CheckNamePodSecurity, CheckWarn, "the namespace's administrator can correct its labels",
			"the labels of namespace %q are not understood: %v", c.namespace, broken.ToAggregate())
	}
	enforced := level.Enforce
	switch {
	case p == nil:
		return passed(CheckNamePodSecurity, "namespace %q enforces %q", c.namespace, enforced.String())
	case enforced.Level == podsecurity.LevelPrivileged:
		return passed(CheckNamePodSecurity, "namespace %q enforces no level by its labels", c.namespace)
	}
	return podSecurityCheck(c.namespace, enforced, p)
}

func podSecurityCheck(namespace string, enforced podsecurity.LevelVersion, p *Prospect) Check {
	evaluator, err := policy.NewEvaluator(policy.DefaultChecks(), nil)
	if err != nil {
		return CheckOf(CheckNamePodSecurity, fault.Wrap(err, fault.Internal, "loading the Pod Security Standards"))
	}
	judge := func(t *corev1.PodTemplateSpec) policy.AggregateCheckResult {
		return policy.AggregateCheckResults(evaluator.EvaluatePod(enforced, &t.ObjectMeta, &t.Spec))
	}
	verdict := judge(&p.template)
	if verdict.Allowed {
		return passed(CheckNamePodSecurity, "the dev pod passes %q, which namespace %q enforces", enforced.String(), namespace)
	}
	hint := "the dev pod keeps the security context of the original: set there what the standard asks for"
	if !judge(&p.workload.Template).Allowed {
		hint = "new pods of the original itself are refused as well: set in its security context what the standard asks for"
	}
	return checked(CheckNamePodSecurity, CheckFail, hint, "the dev pod violates %q, which namespace %q enforces: %s",
		enforced.String(), namespace, verdict.ForbiddenDetail())
}

// CheckQuota tells whether the namespace's ResourceQuotas leave room for a dev
// pod, which stands beside the original's pods for a moment. p may be nil.
func (c *Cluster) CheckQuota(ctx context.Context, p *Prospect) Check {
	quotas, err := c.core.ResourceQuotas(c.namespace).List(ctx, metav1.ListOptions{})
	if err != nil {
		return CheckOf(CheckNameQuota, call{verb: "list", resource: "resourcequotas", namespace: c.namespace}.failed(err))
	}
	switch {
	case len(quotas.Items) == 0:
		return passed(CheckNameQuota, "namespace %q has no ResourceQuota", c.namespace)
	case p == nil:
		return passed(CheckNameQuota, "namespace %q has %d ResourceQuotas", c.namespace, len(quotas.Items))
	case p.workload.Diverted != nil:
		return passed(CheckNameQuota, "the dev pod of the session that runs is counted already")
	}
	pod := c.completed(ctx, p)
	var short []string
	var unsure []string
	for i := range quotas.Items {
		missing, sure := overQuota(&quotas.Items[i], pod)
		short = append(short, missing...)
		if !sure {
			unsure = append(unsure, quotas.Items[i].Name)
		}
	}
	switch {
	case len(short) > 0:
		return checked(CheckNameQuota, CheckFail,
			"make room: scale something down, or have the quota raised; the dev pod asks for what one more replica of the original would",
			"the dev pod does not fit:\n%s", strings.Join(short, "\n"))
	case len(unsure) > 0:
		return checked(CheckNameQuota, CheckWarn, "`kubectl describe resourcequota` shows what is left",
			"quota %s is bound to scopes that are not evaluated here", strings.Join(unsure, ", "))
	}
	return passed(CheckNameQuota, "%d ResourceQuotas leave room for the dev pod", len(quotas.Items))
}

// CheckLimits tells whether the namespace's LimitRanges admit the dev pod. p may
// be nil.
func (c *Cluster) CheckLimits(ctx context.Context, p *Prospect) Check {
	ranges, err := c.core.LimitRanges(c.namespace).List(ctx, metav1.ListOptions{})
	if err != nil {
		return CheckOf(CheckNameLimits, call{verb: "list", resource: "limitranges", namespace: c.namespace}.failed(err))
	}
	if len(ranges.Items) == 0 {
		return passed(CheckNameLimits, "namespace %q has no LimitRange", c.namespace)
	}
	if p == nil {
		return passed(CheckNameLimits, "namespace %q has %d LimitRanges", c.namespace, len(ranges.Items))
	}
	if broken := outsideLimits(ranges.Items, prospectivePod(p, ranges.Items)); len(broken) > 0 {
		return checked(CheckNameLimits, CheckFail, "the dev pod has the resources of the original: change them there, or have the LimitRange changed",
			"the dev pod is outside the limits:\n%s", strings.Join(broken, "\n"))
	}
	return passed(CheckNameLimits, "%d LimitRanges admit the dev pod", len(ranges.Items))
}

// completed is the pod with what LimitRanges add; without the right to read them
// it stays as it is.
func (c *Cluster) completed(ctx context.Context, p *Prospect) *corev1.Pod {
	var ranges []corev1.LimitRange
	if list, err := c.core.LimitRanges(c.namespace).List(ctx, metav1.ListOptions{}); err == nil {
		ranges = list.Items
	}
	return prospectivePod(p, ranges)
}

// prospectivePod is the prospect as the LimitRanger leaves it.
func prospectivePod(p *Prospect, ranges []corev1.LimitRange) *corev1.Pod {
	pod := &corev1.Pod{ObjectMeta: *p.template.ObjectMeta.DeepCopy(), Spec: *p.template.Spec.DeepCopy()}
	for _, list := range [][]corev1.Container{pod.Spec.InitContainers, pod.Spec.Containers} {
		for i := range list {
			applyLimitRanges(ranges, &list[i])
		}
	}
	return pod
}
