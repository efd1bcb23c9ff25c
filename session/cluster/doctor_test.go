package cluster

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	podsecurity "k8s.io/pod-security-admission/api"
	"k8s.io/utils/ptr"
)

func TestClockCheck(t *testing.T) {
	server := time.Date(2026, 11, 23, 4, 0, 0, 0, time.UTC)
	for _, test := range []struct {
		name   string
		date   string
		here   time.Time
		status CheckStatus
		detail string
	}{
		{"the same second", server.Format(http.TimeFormat), server.Add(900 * time.Millisecond), CheckOK, "within 1s of the API server's"},
		{"a few seconds", server.Format(http.TimeFormat), server.Add(-4 * time.Second), CheckOK, "within 5s of the API server's"},
		{"behind", server.Format(http.TimeFormat), server.Add(-90 * time.Second), CheckWarn, "this machine's clock is 1m31s behind the API server's"},
		{"ahead", server.Format(http.TimeFormat), server.Add(90*time.Second + 500*time.Millisecond), CheckWarn, "this machine's clock is 1m30s ahead of the API server's"},
		{"a time zone wrong", server.Format(http.TimeFormat), server.Add(time.Hour + 500*time.Millisecond), CheckFail, "this machine's clock is 1h0m0s ahead of the API server's"},
		{"no date", "", server, CheckSkip, "the API server's answer has no date"},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := clockCheck(test.date, test.here)
			if c.Status != test.status || c.Detail != test.detail {
				t.Errorf("%s %q, want %s %q", c.Status, c.Detail, test.status, test.detail)
			}
			if (c.Status == CheckWarn || c.Status == CheckFail) != (c.Hint != "") {
				t.Errorf("hint %q", c.Hint)
			}
		})
	}
}

func TestVersionCheck(t *testing.T) {
	for _, test := range []struct {
		body   string
		status CheckStatus
	}{
		{`{"major":"1","minor":"34","gitVersion":"v1.34.4"}`, CheckOK},
		{`{"major":"1","minor":"28+","gitVersion":"v1.28.5-gke.1"}`, CheckOK},
		{`{"major":"1","minor":"20","gitVersion":"v1.20.0"}`, CheckWarn},
		{`<html>Log in</html>`, CheckFail},
		{`{}`, CheckFail},
	} {
		if c := versionCheck([]byte(test.body), "https://k8s", time.Millisecond); c.Status != test.status {
			t.Errorf("%s: %+v, want %s", test.body, c, test.status)
		}
	}
}

// prospect is the dev pod of a Deployment whose one container has these resources.
func prospect(t *testing.T, requests, limits corev1.ResourceList, change func(*corev1.PodSpec)) *Prospect {
	t.Helper()
	spec := corev1.PodSpec{Containers: []corev1.Container{{Name: "app", Image: "app",
		Resources: corev1.ResourceRequirements{Requests: requests, Limits: limits}}}}
	if change != nil {
		change(&spec)
	}
	w := fromDeployment(&appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{Name: "app", Namespace: "n"},
		Spec: appsv1.DeploymentSpec{Selector: &metav1.LabelSelector{}, Template: corev1.PodTemplateSpec{Spec: spec}}})
	w.Container = "app"
	return (&Cluster{}).Prospect(w, DivertSpec{AgentImage: "agent"})
}

func TestOverQuota(t *testing.T) {
	small := amounts("cpu", "100m", "memory", "64Mi")
	for _, test := range []struct {
		name             string
		requests, limits corev1.ResourceList
		hard, used       corev1.ResourceList
		scopes           []corev1.ResourceQuotaScope
		want             []string
		unsure           bool
	}{
		{name: "room", requests: small, hard: amounts("pods", "5", "requests.cpu", "1"), used: amounts("pods", "4", "requests.cpu", "900m")},
		{name: "no pod more", requests: small, hard: amounts("pods", "4"), used: amounts("pods", "4"),
			want: []string{`quota "q": pods is at 4 of 4, and 1 more is needed`}},
		{name: "the init container counts by its maximum", requests: small, hard: amounts("requests.cpu", "100m"), used: amounts("requests.cpu", "0")},
		{name: "memory, the short name", requests: small, hard: amounts("memory", "100Mi"), used: amounts("memory", "50Mi"),
			want: []string{`quota "q": memory is at 50Mi of 100Mi, and 64Mi more is needed`}},
		{name: "limits that nobody gives", requests: small, hard: amounts("limits.cpu", "4"), used: amounts("limits.cpu", "1"),
			want: []string{`quota "q": container "tandem-agent" must say its limits.cpu`}},
		{name: "one Secret more", hard: amounts("secrets", "3"), used: amounts("secrets", "3"),
			want: []string{`quota "q": secrets is at 3 of 3, and 1 more is needed`}},
		{name: "one Deployment more", hard: amounts("count/deployments.apps", "1"), used: amounts("count/deployments.apps", "1"),
			want: []string{`quota "q": count/deployments.apps is at 1 of 1, and 1 more is needed`}},
		{name: "what is none of ours", hard: amounts("services", "1", "persistentvolumeclaims", "0"), used: amounts("services", "1")},
		{name: "only for pods of best effort", requests: small, hard: amounts("pods", "1"), used: amounts("pods", "1"),
			scopes: []corev1.ResourceQuotaScope{corev1.ResourceQuotaScopeBestEffort}},
		{name: "for others than of best effort", requests: small, hard: amounts("pods", "1"), used: amounts("pods", "1"),
			scopes: []corev1.ResourceQuotaScope{corev1.ResourceQuotaScopeNotBestEffort},
			want:   []string{`quota "q": pods is at 1 of 1, and 1 more is needed`}},
		{name: "bound to a priority class", requests: small, hard: amounts("pods", "1"), used: amounts("pods", "1"),
			scopes: []corev1.ResourceQuotaScope{corev1.ResourceQuotaScopePriorityClass}, unsure: true},
	} {
		t.Run(test.name, func(t *testing.T) {
			q := &corev1.ResourceQuota{ObjectMeta: metav1.ObjectMeta{Name: "q"}, Spec: corev1.ResourceQuotaSpec{Hard: test.hard, Scopes: test.scopes},
				Status: corev1.ResourceQuotaStatus{Hard: test.hard, Used: test.used}}
			got, sure := overQuota(q, prospectivePod(prospect(t, test.requests, test.limits, nil), nil))
			if diff := cmp.Diff(test.want, got); diff != "" || sure == test.unsure {
				t.Errorf("sure %v (-want +got):\n%s", sure, diff)
			}
		})
	}
}

func TestOutsideLimits(t *testing.T) {
	item := func(change func(*corev1.LimitRangeItem)) corev1.LimitRange {
		i := corev1.LimitRangeItem{Type: corev1.LimitTypeContainer}
		change(&i)
		return corev1.LimitRange{ObjectMeta: metav1.ObjectMeta{Name: "r"}, Spec: corev1.LimitRangeSpec{Limits: []corev1.LimitRangeItem{i}}}
	}
	for _, test := range []struct {
		name             string
		requests, limits corev1.ResourceList
		limit            corev1.LimitRange
		want             []string
	}{
		{name: "defaults are filled in first", limit: item(func(i *corev1.LimitRangeItem) {
			i.Default, i.DefaultRequest, i.Max = amounts("cpu", "1"), amounts("cpu", "100m"), amounts("cpu", "2")
		})},
		{name: "more than the most", requests: amounts("cpu", "3"), limits: amounts("cpu", "3"),
			limit: item(func(i *corev1.LimitRangeItem) { i.Max = amounts("cpu", "2") }),
			want: []string{`limit range "r": container "tandem-agent" has a limit of 3 cpu, more than 2`,
				`limit range "r": container "app" has a limit of 3 cpu, more than 2`}},
		{name: "less than the least", requests: amounts("memory", "16Mi"),
			limit: item(func(i *corev1.LimitRangeItem) { i.Min = amounts("memory", "32Mi") }),
			want: []string{`limit range "r": container "tandem-agent" asks for 16Mi memory, less than 32Mi`,
				`limit range "r": container "app" asks for 16Mi memory, less than 32Mi`}},
		{name: "a ratio, of the pod", requests: amounts("cpu", "100m"), limits: amounts("cpu", "1"),
			limit: item(func(i *corev1.LimitRangeItem) {
				i.Type, i.MaxLimitRequestRatio = corev1.LimitTypePod, amounts("cpu", "4")
			}),
			want: []string{`limit range "r": the pod has 1 of cpu as limit for 100m asked, more than 4 times as much`}},
		{name: "a volume claim is none of ours", limit: item(func(i *corev1.LimitRangeItem) {
			i.Type, i.Max = corev1.LimitTypePersistentVolumeClaim, amounts("storage", "1Gi")
		})},
	} {
		t.Run(test.name, func(t *testing.T) {
			ranges := []corev1.LimitRange{test.limit}
			got := outsideLimits(ranges, prospectivePod(prospect(t, test.requests, test.limits, nil), ranges))
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func TestPodSecurityCheck(t *testing.T) {
	restricted := podsecurity.LevelVersion{Level: podsecurity.LevelRestricted, Version: podsecurity.LatestVersion()}
	good := func(s *corev1.PodSpec) {
		s.SecurityContext = &corev1.PodSecurityContext{RunAsNonRoot: ptr.To(true),
			SeccompProfile: &corev1.SeccompProfile{Type: corev1.SeccompProfileTypeRuntimeDefault}}
		s.Containers[0].SecurityContext = &corev1.SecurityContext{AllowPrivilegeEscalation: ptr.To(false),
			Capabilities: &corev1.Capabilities{Drop: []corev1.Capability{"ALL"}}}
	}
	if c := podSecurityCheck("n", restricted, prospect(t, nil, nil, good)); c.Status != CheckOK {
		t.Errorf("a restricted pod: %+v", c)
	}
	c := podSecurityCheck("n", restricted, prospect(t, nil, nil, nil))
	if c.Status != CheckFail || !strings.Contains(c.Detail, "runAsNonRoot") || !strings.Contains(c.Hint, "the original itself") {
		t.Errorf("a pod that says nothing: %+v", c)
	}
}

// Every needed permission has a purpose that a person can read.
func TestEveryRightHasAPurpose(t *testing.T) {
	for _, kind := range []string{KindDeployment, KindStatefulSet} {
		for _, p := range permissions(&Workload{Kind: kind, Name: "app"}, Needs{ConfigMaps: []string{"a"}, Secrets: []string{"b"}}) {
			if r := rightOf(p, purposes[permission{p.verb, p.group, p.resource, ""}.String()], true); r.Purpose == "" {
				t.Errorf("%s has no purpose", r)
			}
		}
	}
}
