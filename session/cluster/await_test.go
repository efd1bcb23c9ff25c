package cluster

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes/fake"
	corev1client "k8s.io/client-go/kubernetes/typed/core/v1"

	"github.com/tandem-dev/tandem/internal/fault"
)

// scripted is a Cluster whose only requests are those for events and logs, which
// a fake answers, and a diversion whose watches the test plays.
func scripted(events ...corev1.Event) (*Cluster, *Diversion) {
	list := &corev1.EventList{Items: events}
	var core corev1client.CoreV1Interface = fake.NewClientset(list).CoreV1()
	f := newFollower(testRecord)
	f.dev = &appsv1.Deployment{}
	return &Cluster{core: core, namespace: "shop"}, &Diversion{Record: testRecord, follow: f}
}

func (f *follower) see(pods ...*corev1.Pod) {
	f.update(func() {
		f.listed = true
		clear(f.pods)
		for _, p := range pods {
			f.pods[p.UID] = p
		}
	})
}

func event(reason, message string) corev1.Event {
	return corev1.Event{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "e"}, Reason: reason, Message: message,
		InvolvedObject: corev1.ObjectReference{UID: "p"}}
}

func pending() *corev1.Pod {
	p := devPodWith(nil, nil)
	p.Namespace, p.Spec.NodeName = "shop", ""
	p.Status.Conditions = []corev1.PodCondition{{Type: corev1.PodScheduled, Status: corev1.ConditionFalse,
		Reason: corev1.PodReasonUnschedulable, Message: "0/1 nodes are available"}}
	return p
}

func onNode(init, main []corev1.ContainerStatus) *corev1.Pod {
	p := devPodWith(init, main)
	p.Namespace = "shop"
	return p
}

func TestAwaitTellsThePhasesOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, d := scripted()
		var told []string
		result := make(chan error, 1)
		go func() { // ends when the pod runs; joined below
			_, err := c.AwaitRunning(t.Context(), d, func(m string) { told = append(told, m) })
			result <- err
		}()
		installed := exited("tandem-agent", 0)
		for _, p := range []*corev1.Pod{
			onNode(statuses(waiting("tandem-agent", "PodInitializing", "")), nil),
			onNode(statuses(running("tandem-agent")), nil),
			onNode(statuses(running("tandem-agent")), nil),
			onNode(statuses(installed, running("proxy")), statuses(waiting("app", "PodInitializing", ""))),
			onNode(statuses(installed, running("proxy")), statuses(running("app"))),
		} {
			synctest.Wait()
			d.follow.see(p)
		}
		if err := <-result; err != nil {
			t.Fatal(err)
		}
		want := []string{"creating the dev pod", `starting the agent's init container "tandem-agent" on node n1`, "copying the agent", `starting the dev container "app"`}
		if diff := cmp.Diff(want, told); diff != "" {
			t.Errorf("-want +got:\n%s", diff)
		}
	})
}

func TestAwaitPatience(t *testing.T) {
	stumble := onNode(statuses(waiting("tandem-agent", "ErrImagePull", "i/o timeout")), nil)
	for _, test := range []struct {
		name   string
		pod    *corev1.Pod
		events []corev1.Event
		kind   fault.Kind
		after  time.Duration
	}{
		{"unschedulable", pending(), nil, fault.PodUnschedulable, schedulingPatience},
		{"autoscaler at work", pending(), []corev1.Event{event("TriggeredScaleUp", "")}, fault.Timeout, time.Minute},
		{"registry stumbles", stumble, nil, fault.ImagePullFailed, pullPatience},
		{"image missing", onNode(statuses(waiting("tandem-agent", "ErrImagePull", "not found")), nil), nil, fault.ImagePullFailed, 0},
		{"volume", onNode(statuses(waiting("tandem-agent", "PodInitializing", "")), nil),
			[]corev1.Event{event("FailedMount", `configmap "c" not found`)}, fault.VolumeMountFailed, stalled},
		{"slow node", onNode(statuses(waiting("tandem-agent", "PodInitializing", "")), nil), nil, fault.Timeout, time.Minute},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c, d := scripted(test.events...)
				d.follow.see(test.pod)
				ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
				defer cancel()
				start := time.Now()
				_, err := c.AwaitRunning(ctx, d, nil)
				if fault.KindOf(err) != test.kind {
					t.Errorf("%s: %v", fault.KindOf(err), err)
				}
				if took := time.Since(start); took != test.after {
					t.Errorf("failed after %v, want %v", took, test.after)
				}
			})
		})
	}
}

func TestAwaitForgivesWhatPasses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, d := scripted()
		d.follow.see(pending())
		result := make(chan error, 1)
		go func() { _, err := c.AwaitRunning(t.Context(), d, nil); result <- err }() // joined below
		time.Sleep(schedulingPatience - time.Second)
		d.follow.see(onNode(statuses(waiting("tandem-agent", "ErrImagePull", "i/o timeout")), nil))
		time.Sleep(pullPatience - time.Second)
		d.follow.see(onNode(statuses(exited("tandem-agent", 0), running("proxy")), statuses(running("app"))))
		if err := <-result; err != nil {
			t.Error(err)
		}
	})
}

func TestAwaitSaysWhatWasSeenLast(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, d := scripted()
		d.follow.see(onNode(statuses(running("tandem-agent")), nil))
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		_, err := c.AwaitRunning(ctx, d, nil)
		if fault.KindOf(err) != fault.Cancelled || !strings.Contains(err.Error(), "copying the agent") {
			t.Errorf("%s: %v", fault.KindOf(err), err)
		}
	})
}

func TestAwaitWithoutTheRightToWatch(t *testing.T) {
	c, d := scripted()
	denied := fault.New(fault.PermissionDenied, "you may not watch pods")
	d.follow.update(func() { d.follow.lost = denied })
	if _, err := c.AwaitRunning(t.Context(), d, nil); fault.KindOf(err) != fault.PermissionDenied {
		t.Errorf("running: %v", err)
	}
	if err := c.AwaitDrained(t.Context(), d, nil); fault.KindOf(err) != fault.PermissionDenied {
		t.Errorf("drained: %v", err)
	}
}

// TestAwaitDrainedNeedsTheWholePicture: no pod seen is not the same as no pod.
func TestAwaitDrainedNeedsTheWholePicture(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, d := scripted()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := c.AwaitDrained(ctx, d, nil); fault.KindOf(err) != fault.Timeout {
			t.Errorf("before the pods were listed: %v", err)
		}
		d.follow.see()
		if err := c.AwaitDrained(t.Context(), d, nil); err != nil {
			t.Error(err)
		}
	})
}
