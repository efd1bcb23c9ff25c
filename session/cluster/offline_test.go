package cluster

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	quantity "k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

func amounts(pairs ...string) corev1.ResourceList {
	if len(pairs) == 0 {
		return nil
	}
	l := corev1.ResourceList{}
	for i := 0; i < len(pairs); i += 2 {
		l[corev1.ResourceName(pairs[i])] = quantity.MustParse(pairs[i+1])
	}
	return l
}

func TestApplyLimitRanges(t *testing.T) {
	container := func(kind corev1.LimitType, request, limit corev1.ResourceList) corev1.LimitRange {
		return corev1.LimitRange{Spec: corev1.LimitRangeSpec{Limits: []corev1.LimitRangeItem{{Type: kind, DefaultRequest: request, Default: limit}}}}
	}
	of := func(kind corev1.LimitType) []corev1.LimitRange {
		return []corev1.LimitRange{container(kind, amounts("cpu", "50m"), amounts("cpu", "300m", "memory", "1Gi"))}
	}
	for _, test := range []struct {
		name           string
		ranges         []corev1.LimitRange
		request, limit corev1.ResourceList
		wantRequest    corev1.ResourceList
		wantLimit      corev1.ResourceList
	}{
		{"nothing set", of(corev1.LimitTypeContainer), nil, nil, amounts("cpu", "50m"), amounts("cpu", "300m", "memory", "1Gi")},
		{"own values stay", of(corev1.LimitTypeContainer), amounts("cpu", "1m"), amounts("cpu", "2m"), amounts("cpu", "1m"), amounts("cpu", "2m", "memory", "1Gi")},
		{"a request is first its own limit", of(corev1.LimitTypeContainer), nil, amounts("cpu", "200m"), amounts("cpu", "200m"), amounts("cpu", "200m", "memory", "1Gi")},
		{"for pods", of(corev1.LimitTypePod), nil, nil, corev1.ResourceList{}, corev1.ResourceList{}},
		{"the first of two", append(of(corev1.LimitTypeContainer), container(corev1.LimitTypeContainer, nil, amounts("cpu", "9"))), nil, nil,
			amounts("cpu", "50m"), amounts("cpu", "300m", "memory", "1Gi")},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := &corev1.Container{Resources: corev1.ResourceRequirements{Requests: test.request, Limits: test.limit}}
			applyLimitRanges(test.ranges, c)
			if diff := cmp.Diff(corev1.ResourceRequirements{Requests: test.wantRequest, Limits: test.wantLimit}, c.Resources); diff != "" {
				t.Errorf("resources (-want +got):\n%s", diff)
			}
		})
	}
}

func TestSplitEnviron(t *testing.T) {
	for _, test := range []struct {
		name, text, separator string
		want                  []string
		fails                 bool
	}{
		{"exact", "A=1\x00B=two\nlines\nC=D\x00=odd\x00", "\x00", []string{"A=1", "B=two\nlines\nC=D", "=odd"}, false},
		{"lines", "A=1\nB=\n", "\n", []string{"A=1", "B="}, false},
		{"a value with lines", "A=1\nsecond line\nB=2\n", "\n", nil, true},
		{"nothing", "", "\x00", nil, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, err := splitEnviron([]byte(test.text), test.separator)
			if (err != nil) != test.fails {
				t.Fatalf("error %v", err)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("entries (-want +got):\n%s", diff)
			}
		})
	}
}

func TestBounded(t *testing.T) {
	b := &bounded{limit: 4}
	for _, text := range []string{"abc", "def", "ghi"} {
		if n, err := b.Write([]byte(text)); n != len(text) || err != nil {
			t.Fatalf("Write: %d, %v; a writer that does not take all hangs the stream", n, err)
		}
	}
	if b.String() != "abcd" || !b.over {
		t.Errorf("kept %q, over: %v", b.String(), b.over)
	}
}

func TestOwns(t *testing.T) {
	yes := true
	pod := func(kind, owner string, labels map[string]string) *corev1.Pod {
		return &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Labels: labels,
			OwnerReferences: []metav1.OwnerReference{{Kind: kind, Name: owner, UID: "u-1", Controller: &yes}}}}
	}
	deployment, set := &Workload{Kind: KindDeployment, Name: "api"}, &Workload{Kind: KindStatefulSet, Name: "db", UID: "u-1"}
	hash := map[string]string{"pod-template-hash": "abc"}
	for _, test := range []struct {
		name string
		w    *Workload
		pod  *corev1.Pod
		want bool
	}{
		{"of the Deployment", deployment, pod("ReplicaSet", "api-abc", hash), true},
		{"of another with the same labels", deployment, pod("ReplicaSet", "api-canary-abc", hash), false},
		{"the dev container", deployment, pod("ReplicaSet", "api-abc", map[string]string{"pod-template-hash": "abc", DevLabel: "x"}), false},
		{"of nobody", deployment, &corev1.Pod{}, false},
		{"of the StatefulSet", set, pod("StatefulSet", "db", nil), true},
		{"of an earlier StatefulSet of the name", &Workload{Kind: KindStatefulSet, Name: "db", UID: "u-2"}, pod("StatefulSet", "db", nil), false},
	} {
		if got := test.w.owns(test.pod); got != test.want {
			t.Errorf("%s: %v, want %v", test.name, got, test.want)
		}
	}
}

func TestBetterPod(t *testing.T) {
	pod := func(age time.Duration, status ...corev1.ContainerStatus) *corev1.Pod {
		p := &corev1.Pod{Status: corev1.PodStatus{ContainerStatuses: status}}
		p.CreationTimestamp = metav1.NewTime(time.Unix(1_700_000_000, 0).Add(-age))
		return p
	}
	running := corev1.ContainerStatus{Name: "app", State: corev1.ContainerState{Running: &corev1.ContainerStateRunning{}}}
	crashed := corev1.ContainerStatus{Name: "app", ImageID: "r/i@sha256:0"}
	for _, test := range []struct {
		name string
		a, b *corev1.Pod
		want bool
	}{
		{"running over crashed", pod(2, running), pod(1, crashed), true},
		{"crashed over pending", pod(2, crashed), pod(1), true},
		{"newer over older", pod(1, running), pod(time.Hour, running), true},
		{"another container's state does not count", pod(2, corev1.ContainerStatus{Name: "front", State: running.State}), pod(1), false},
	} {
		if got := betterPod(test.a, test.b, "app"); got != test.want {
			t.Errorf("%s: %v, want %v", test.name, got, test.want)
		}
	}
}
