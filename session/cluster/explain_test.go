package cluster

import (
	"fmt"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/ptr"

	"github.com/tandem-dev/tandem/internal/fault"
)

const testToken = "0123456789ab"

var testRecord = Record{Namespace: "shop", Kind: KindDeployment, Name: "api", UID: "u", Container: "app", Token: testToken, Deployment: "api-tandem", Replicas: 2}

// devPodWith is a dev pod on a node whose containers have the statuses; the
// first one in each list is the installer and the target.
func devPodWith(init, main []corev1.ContainerStatus) *corev1.Pod {
	p := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: "api-tandem-1", UID: "p", Labels: map[string]string{DevLabel: testToken}},
		Spec: corev1.PodSpec{
			NodeName: "n1",
			InitContainers: []corev1.Container{
				{Name: "tandem-agent", Image: "example/agent:1", Command: []string{agentInImage, "install", "/x"}},
				{Name: "proxy", Image: "example/proxy:1", RestartPolicy: ptr.To(corev1.ContainerRestartPolicyAlways)},
			},
			Containers: []corev1.Container{{Name: "logger", Image: "example/logger:1"}, {Name: "app", Image: "example/app:1"}},
		},
		Status: corev1.PodStatus{InitContainerStatuses: init, ContainerStatuses: main},
	}
	return p
}

func waiting(name, reason, message string) corev1.ContainerStatus {
	return corev1.ContainerStatus{Name: name, State: corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: reason, Message: message}}}
}

func exited(name string, code int32) corev1.ContainerStatus {
	return corev1.ContainerStatus{Name: name, State: corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{ExitCode: code}}}
}

func running(name string) corev1.ContainerStatus {
	return corev1.ContainerStatus{Name: name, Started: ptr.To(true), State: corev1.ContainerState{Running: &corev1.ContainerStateRunning{}}}
}

func statuses(s ...corev1.ContainerStatus) []corev1.ContainerStatus { return s }

func TestExamine(t *testing.T) {
	installed, proxied := exited("tandem-agent", 0), running("proxy")
	for _, test := range []struct {
		name    string
		pod     *corev1.Pod
		phase   string
		kind    fault.Kind // empty: nothing is wrong
		soon    bool       // no patience
		mention string
	}{
		{name: "on a node", pod: devPodWith(nil, nil), phase: "starting the agent's init container"},
		{name: "copying", pod: devPodWith(statuses(running("tandem-agent")), nil), phase: "copying the agent"},
		{name: "sidecar first", pod: devPodWith(statuses(installed, waiting("proxy", "PodInitializing", "")), nil), phase: `starting the sidecar "proxy"`},
		{name: "target next", pod: devPodWith(statuses(installed, proxied), statuses(waiting("app", "PodInitializing", ""))), phase: `starting the dev container "app"`},
		{name: "running", pod: devPodWith(statuses(installed, proxied), statuses(running("app"))), phase: "waiting for the reverse tunnels"},
		{name: "no agent image", pod: devPodWith(statuses(waiting("tandem-agent", "ErrImagePull", `rpc error: code = NotFound desc = "example/agent:1": not found`)), nil),
			kind: fault.ImagePullFailed, soon: true, mention: "example/agent:1"},
		{name: "registry stumbles", pod: devPodWith(statuses(waiting("tandem-agent", "ErrImagePull", "i/o timeout")), nil),
			kind: fault.ImagePullFailed, mention: "i/o timeout"},
		{name: "bad image name", pod: devPodWith(statuses(waiting("tandem-agent", "InvalidImageName", "")), nil), kind: fault.ImagePullFailed, soon: true},
		{name: "sidecar image", pod: devPodWith(statuses(installed, proxied), statuses(running("app"), waiting("logger", "ImagePullBackOff", "unauthorized"))),
			kind: fault.ImagePullFailed, soon: true, mention: "example/logger:1"},
		{name: "installer fails", pod: devPodWith(statuses(exited("tandem-agent", 3)), nil), kind: fault.ContainerCrashed, soon: true, mention: "exit code 3"},
		{name: "agent ends", pod: devPodWith(statuses(installed, proxied), statuses(exited("app", 0))), kind: fault.ContainerCrashed, soon: true, mention: "exit code 0"},
		{name: "sidecar crashes", pod: devPodWith(statuses(installed, proxied), statuses(running("app"), waiting("logger", "CrashLoopBackOff", ""))),
			kind: fault.ContainerCrashed, mention: "logger"},
		{name: "secret", pod: devPodWith(statuses(installed, proxied), statuses(waiting("app", "CreateContainerConfigError", `secret "pay" not found`))),
			kind: fault.SecretNotFound, soon: true, mention: `"pay"`},
		{name: "config map", pod: devPodWith(statuses(installed, proxied), statuses(waiting("app", "CreateContainerConfigError", `configmap "c" not found`))),
			kind: fault.ConfigMapNotFound, soon: true, mention: `"c"`},
		{name: "key", pod: devPodWith(statuses(installed, proxied), statuses(waiting("app", "CreateContainerConfigError", `couldn't find key k in Secret shop/pay`))),
			kind: fault.KeyNotFound, soon: true, mention: `Secret "pay" has no key "k"`},
		{name: "root", pod: devPodWith(statuses(waiting("tandem-agent", "CreateContainerConfigError", "container has runAsNonRoot and image will run as root")), nil),
			kind: fault.ContainerCrashed, soon: true, mention: "runAsNonRoot"},
		{name: "create error", pod: devPodWith(statuses(installed, proxied), statuses(waiting("app", "CreateContainerError", "invalid UTF-8"))),
			kind: fault.ContainerCrashed, soon: true, mention: "invalid UTF-8"},
	} {
		t.Run(test.name, func(t *testing.T) {
			phase, f := examine(view{record: testRecord, dev: &appsv1.Deployment{}}, test.pod)
			if test.phase != "" && !strings.HasPrefix(phase, test.phase) {
				t.Errorf("phase %q, want %q", phase, test.phase)
			}
			checkFinding(t, f, test.kind, test.soon, test.mention)
		})
	}
}

func checkFinding(t *testing.T, f *finding, kind fault.Kind, soon bool, mention string) {
	t.Helper()
	if f == nil {
		if kind != "" {
			t.Errorf("nothing found, want %s", kind)
		}
		return
	}
	if f.err.Kind != kind || (f.patience == 0) != soon {
		t.Errorf("found %s (patience %v), want %s (at once: %v): %v", f.err.Kind, f.patience, kind, soon, f.err)
	}
	if f.err.NextStep == "" {
		t.Errorf("no hint: %v", f.err)
	}
	if !strings.Contains(f.err.Error(), mention) {
		t.Errorf("%q does not mention %q", f.err, mention)
	}
}

func TestExamineBeforeThePodHasANode(t *testing.T) {
	unschedulable := func(message string) *corev1.Pod {
		p := devPodWith(nil, nil)
		p.Spec.NodeName = ""
		p.Status.Conditions = []corev1.PodCondition{{Type: corev1.PodScheduled, Status: corev1.ConditionFalse, Reason: corev1.PodReasonUnschedulable, Message: message}}
		return p
	}
	refused := func(message string) *appsv1.Deployment {
		return &appsv1.Deployment{Status: appsv1.DeploymentStatus{Conditions: []appsv1.DeploymentCondition{
			{Type: appsv1.DeploymentReplicaFailure, Status: corev1.ConditionTrue, Reason: "FailedCreate", Message: message}}}}
	}
	preempting := unschedulable("0/1 nodes are available")
	preempting.Status.NominatedNodeName = "n1"
	evicted := devPodWith(nil, nil)
	evicted.Status = corev1.PodStatus{Phase: corev1.PodFailed, Reason: "Evicted", Message: "low on memory"}
	for _, test := range []struct {
		name    string
		dev     *appsv1.Deployment
		pod     *corev1.Pod
		kind    fault.Kind
		soon    bool
		mention string
	}{
		{name: "no pod yet", dev: &appsv1.Deployment{}},
		{name: "quota", dev: refused(`pods "x" is forbidden: exceeded quota: q`), kind: fault.QuotaExceeded, soon: true, mention: "exceeded quota: q"},
		{name: "pod security", dev: refused(`pods "x" is forbidden: violates PodSecurity "restricted:latest"`), kind: fault.PodSecurityDenied, soon: true},
		{name: "webhook", dev: refused(`admission webhook "w.example" denied the request: no latest`), kind: fault.AdmissionDenied, soon: true, mention: "no latest"},
		{name: "other", dev: refused("no reason known"), kind: fault.AdmissionDenied, soon: true, mention: "no reason known"},
		{name: "deleted", kind: fault.SessionNotFound, soon: true},
		{name: "no node", dev: &appsv1.Deployment{}, pod: unschedulable("0/1 nodes are available: 1 Insufficient cpu."), kind: fault.PodUnschedulable, mention: "Insufficient cpu"},
		{name: "preempting", dev: &appsv1.Deployment{}, pod: preempting},
		{name: "evicted", dev: &appsv1.Deployment{}, pod: evicted, kind: fault.PodGone, mention: "Evicted: low on memory"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, f := examine(view{record: testRecord, dev: test.dev}, test.pod)
			checkFinding(t, f, test.kind, test.soon, test.mention)
		})
	}
}

func TestExplainEvent(t *testing.T) {
	for _, test := range []struct {
		reason, message string
		fatal           bool
	}{
		{"FailedMount", `MountVolume.SetUp failed for volume "v" : configmap "absent" not found`, true},
		{"FailedMount", `references non-existent config key: k`, true},
		{"FailedMount", `failed to sync secret cache: timed out waiting for the condition`, false},
		{"Pulling", `image "x" not found`, false},
	} {
		if f := explainEvent(test.reason, test.message); (f != nil) != test.fatal {
			t.Errorf("%s %q: %v", test.reason, test.message, f)
		}
	}
}

// TestWhosePods: the original's selector matches more than the original's pods.
func TestWhosePods(t *testing.T) {
	pod := func(uid string, labels map[string]string, owner metav1.OwnerReference, change func(*corev1.Pod)) *corev1.Pod {
		p := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{UID: types.UID(uid), Name: uid, Labels: labels, OwnerReferences: []metav1.OwnerReference{owner}}}
		if change != nil {
			change(p)
		}
		return p
	}
	controller := func(kind, name, uid string) metav1.OwnerReference {
		return metav1.OwnerReference{Kind: kind, Name: name, UID: types.UID(uid), Controller: ptr.To(true)}
	}
	hash := map[string]string{"pod-template-hash": "h"}
	dev := map[string]string{"pod-template-hash": "d", DevLabel: testToken}
	leaving := func(p *corev1.Pod) { p.DeletionTimestamp = &metav1.Time{Time: time.Now()} }
	later := func(p *corev1.Pod) { p.CreationTimestamp = metav1.NewTime(time.Unix(100, 0)) }
	v := view{record: testRecord, pods: []*corev1.Pod{
		pod("original", hash, controller("ReplicaSet", "api-h", "rs"), nil),
		pod("leaving", hash, controller("ReplicaSet", "api-h", "rs"), leaving),
		pod("done", hash, controller("ReplicaSet", "api-h", "rs"), func(p *corev1.Pod) { p.Status.Phase = corev1.PodFailed }),
		pod("neighbour", hash, controller("ReplicaSet", "api-worker-h", "rs2"), nil),
		pod("job", nil, controller("Job", "api", "j"), nil),
		pod("set", nil, controller("StatefulSet", "api", "u"), nil),
		pod("dev-old", dev, controller("ReplicaSet", "api-tandem-d", "rs3"), nil),
		pod("dev", dev, controller("ReplicaSet", "api-tandem-d", "rs3"), later),
		pod("dev-leaving", dev, controller("ReplicaSet", "api-tandem-d", "rs3"), func(p *corev1.Pod) { later(p); leaving(p) }),
		pod("dev-other", map[string]string{DevLabel: "other"}, controller("ReplicaSet", "api-tandem-d", "rs3"), later),
	}}
	var names []string
	for _, p := range v.originals() {
		names = append(names, p.Name)
	}
	if fmt.Sprint(names) != "[original set]" {
		t.Errorf("originals: %v", names)
	}
	if p := v.devPod(); p == nil || p.Name != "dev" {
		t.Errorf("dev pod: %v", p)
	}
}
