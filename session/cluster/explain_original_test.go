package cluster

import (
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/ptr"

	"github.com/tandem-dev/tandem/internal/fault"
)

// One pod that may still get ready is no trouble, whatever the others do; and what is
// said of an original is in its own words.
func TestOriginalFinding(t *testing.T) {
	w := &Workload{Kind: KindDeployment, Name: "app"}
	r := Record{Kind: KindDeployment, Name: "app", UID: "u"}
	pod := func(name string, status corev1.PodStatus, node string) *corev1.Pod {
		return &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: "n", UID: types.UID(name),
			Labels:          map[string]string{appsv1.DefaultDeploymentUniqueLabelKey: "h"},
			OwnerReferences: []metav1.OwnerReference{{Kind: "ReplicaSet", Name: "app-h", Controller: ptr.To(true)}}},
			Spec: corev1.PodSpec{NodeName: node, Containers: []corev1.Container{{Name: "main", Image: "shop/app:1"}}}, Status: status}
	}
	waiting := func(reason, message string) corev1.PodStatus {
		return corev1.PodStatus{ContainerStatuses: []corev1.ContainerStatus{{Name: "main",
			State: corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: reason, Message: message}}}}}
	}
	crashed := corev1.PodStatus{ContainerStatuses: []corev1.ContainerStatus{{Name: "main", RestartCount: 2,
		State:                corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: "CrashLoopBackOff"}},
		LastTerminationState: corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{ExitCode: 3}}}}}
	unscheduled := corev1.PodStatus{Conditions: []corev1.PodCondition{{Type: corev1.PodScheduled, Status: corev1.ConditionFalse,
		Reason: corev1.PodReasonUnschedulable, Message: "0/1 nodes"}}}
	for _, test := range []struct {
		name string
		pods []*corev1.Pod
		kind fault.Kind // "" for none
		hint string
	}{
		{"none", nil, "", ""},
		{"one starts", []*corev1.Pod{pod("a", waiting("ErrImagePull", "not found"), "n1"), pod("b", waiting("ContainerCreating", ""), "n1")}, "", ""},
		{"image", []*corev1.Pod{pod("a", waiting("ImagePullBackOff", "not found"), "n1")}, fault.ImagePullFailed, "still in the registry"},
		{"crash", []*corev1.Pod{pod("a", crashed, "n1")}, fault.ContainerCrashed, "`kubectl logs a -c main -n n`"},
		{"cannot be created", []*corev1.Pod{pod("a", waiting("RunContainerError", "no such file"), "n1")}, fault.ContainerCrashed, "kubectl describe pod"},
		{"Secret", []*corev1.Pod{pod("a", waiting("CreateContainerConfigError", `secret "s" not found`), "n1")}, fault.SecretNotFound, "start by themselves"},
		{"no node", []*corev1.Pod{pod("a", unscheduled, "")}, fault.PodUnschedulable, "free what it asks for"},
	} {
		t.Run(test.name, func(t *testing.T) {
			f, _ := originalFinding(view{record: r, listed: true, pods: test.pods}, w)
			if test.kind == "" {
				if f != nil {
					t.Errorf("found %v", f.err)
				}
				return
			}
			if f == nil || f.err.Kind != test.kind || !strings.Contains(f.err.NextStep, test.hint) || f.logOf != "" {
				t.Fatalf("found %+v", f)
			}
			for _, alien := range []string{"dev pod", "dev container", "the original"} {
				if text := f.err.Error() + f.err.NextStep; strings.Contains(text, alien) {
					t.Errorf("%q speaks of %q", text, alien)
				}
			}
		})
	}
}
