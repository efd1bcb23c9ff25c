package cluster

import (
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

// What the doctor foresees is what the cluster does: a namespace with the
// restricted Pod Security Standard and a quota that is used up refuses exactly
// the dev pods that the checks refuse.
func TestDoctorForeseesAdmission(t *testing.T) {
	l := newLab(t, "restricted")
	l.deployment("good", nil)
	l.deployment("lax", func(d *appsv1.Deployment) {
		d.Spec.Replicas = new(int32) // its pods would be refused
		d.Spec.Template.Spec.SecurityContext = nil
		d.Spec.Template.Spec.Containers[0].SecurityContext = nil
	})
	l.awaitAvailable("good", 2)
	c := l.connect()
	find := func(name string) *Prospect {
		t.Helper()
		w, err := c.Find(t.Context(), Target{Name: name})
		if err != nil {
			t.Fatal(err)
		}
		return c.Prospect(w, DivertSpec{AgentImage: l.image, Reverse: []int{80}})
	}
	// admits asks the cluster itself, by a pod that is not really made.
	admits := func(p *Prospect) error {
		pod := prospectivePod(p, nil)
		pod.GenerateName = "prospect-"
		_, err := l.admin.CoreV1().Pods(l.namespace).Create(t.Context(), pod, metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}})
		return err
	}
	good, lax := find("good"), find("lax")
	if check := c.CheckPodSecurity(t.Context(), good); check.Status != CheckOK {
		t.Errorf("a restricted workload: %+v", check)
	}
	if err := admits(good); err != nil {
		t.Errorf("the cluster refuses it: %v", err)
	}
	if check := c.CheckPodSecurity(t.Context(), lax); check.Status != CheckFail || !strings.Contains(check.Detail, "allowPrivilegeEscalation") {
		t.Errorf("a lax workload: %+v", check)
	}
	if err := admits(lax); err == nil || !strings.Contains(err.Error(), "violates PodSecurity") {
		t.Errorf("the cluster says of it: %v", err)
	}

	if check := c.CheckQuota(t.Context(), good); check.Status != CheckOK {
		t.Errorf("without a quota: %+v", check)
	}
	quotas := l.admin.CoreV1().ResourceQuotas(l.namespace)
	quota := &corev1.ResourceQuota{ObjectMeta: metav1.ObjectMeta{Name: "small"}, Spec: corev1.ResourceQuotaSpec{Hard: amounts("pods", "3")}}
	if _, err := quotas.Create(t.Context(), quota, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	counted := func(pods string) {
		t.Helper()
		l.eventually("the quota is counted", func() bool {
			q, err := quotas.Get(t.Context(), "small", metav1.GetOptions{})
			most, used := q.Status.Hard["pods"], q.Status.Used["pods"]
			return err == nil && most.String() == pods && used.String() == "2"
		})
	}
	counted("3")
	if check := c.CheckQuota(t.Context(), good); check.Status != CheckOK {
		t.Errorf("with room for one pod: %+v", check)
	}
	if err := admits(good); err != nil {
		t.Errorf("the cluster refuses it: %v", err)
	}
	if _, err := quotas.Patch(t.Context(), "small", types.MergePatchType, []byte(`{"spec":{"hard":{"pods":"2"}}}`), metav1.PatchOptions{}); err != nil {
		t.Fatal(err)
	}
	counted("2")
	if check := c.CheckQuota(t.Context(), good); check.Status != CheckFail || !strings.Contains(check.Detail, `quota "small": pods is at 2 of 2`) {
		t.Errorf("with a quota that is used up: %+v", check)
	}
	if err := admits(good); err == nil || !strings.Contains(err.Error(), "exceeded quota") {
		t.Errorf("the cluster says of it: %v", err)
	}
}

// A user who lacks rights hears which, and what each is for; what may not be
// looked at is skipped, not failed.
func TestDoctorOfALimitedUser(t *testing.T) {
	l := newLab(t, "restricted")
	l.deployment("app", nil)
	c := l.connectAs(l.limitedUser(
		rbacv1.PolicyRule{Verbs: []string{"get", "list", "patch"}, APIGroups: []string{"apps"}, Resources: []string{"deployments", "statefulsets"}},
		rbacv1.PolicyRule{Verbs: []string{"create"}, APIGroups: []string{""}, Resources: []string{"pods/portforward"}},
	))
	server, clock, err := c.CheckServer(t.Context())
	if err != nil || server.Status != CheckOK || clock.Status != CheckOK {
		t.Errorf("%+v %+v %v", server, clock, err)
	}
	if who := c.CheckCredentials(t.Context()); who.Status != CheckOK || !strings.Contains(who.Detail, "system:serviceaccount:"+l.namespace) {
		t.Errorf("%+v", who)
	}
	w, err := c.Find(t.Context(), Target{Name: "app"})
	if err != nil {
		t.Fatal(err)
	}
	needed, optional, all := c.CheckRights(t.Context(), w, Needs{Secrets: []string{"password"}}, Extras{})
	for _, part := range []string{`patch deployments.apps/scale "app": scaling the workload to zero and back`, "create secrets: ", `get secrets "password": `} {
		if needed.Status != CheckFail || !strings.Contains(needed.Detail, part) {
			t.Errorf("no %q in %+v", part, needed)
		}
	}
	for _, part := range []string{"get pods/portforward: ", "list events: "} {
		if optional.Status != CheckWarn || !strings.Contains(optional.Detail, part) {
			t.Errorf("no %q in %+v", part, optional)
		}
	}
	for _, r := range all {
		switch r.Verb + " " + r.Resource {
		case "patch deployments.apps", "create pods/portforward", "list deployments.apps":
			if !r.Allowed {
				t.Errorf("%s is not allowed", r)
			}
		}
	}
	// The reviews and the one list of rules agree.
	if _, err := c.Preflight(t.Context(), w, Needs{Secrets: []string{"password"}}); err == nil || !strings.Contains(err.Error(), "patch deployments.apps/scale") {
		t.Errorf("Preflight says %v", err)
	}
	for _, check := range []Check{
		c.CheckPodSecurity(t.Context(), nil), c.CheckQuota(t.Context(), nil), c.CheckLimits(t.Context(), nil), c.CheckAutoscaler(t.Context(), w),
	} {
		if check.Status != CheckSkip || !strings.Contains(check.Detail, "may not") {
			t.Errorf("%+v, want it skipped for want of the right", check)
		}
	}
}

// Credentials that the API server does not know are a failure that says so.
func TestDoctorOfNobody(t *testing.T) {
	l := newLab(t, "restricted")
	path := l.limitedUser()
	c := l.connectAs(path)
	config := c.now().config
	config.BearerToken = "wrong"
	wrong, err := newCluster(config, Options{Namespace: l.namespace})
	if err != nil {
		t.Fatal(err)
	}
	if check := wrong.CheckCredentials(t.Context()); check.Status != CheckFail || check.Hint == "" {
		t.Errorf("%+v", check)
	}
	if server, _, err := wrong.CheckServer(t.Context()); err != nil || server.Status != CheckOK {
		t.Errorf("the server itself is there: %+v, %v", server, err)
	}
}
