package cluster

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	quantity "k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/tandem-dev/tandem/internal/fault"
)

// TestStartFailures breaks one thing at a time and wants each explained with a
// kind, a hint and the words that name the culprit, and everything restored.
func TestStartFailures(t *testing.T) {
	asIs := func(*lab, *appsv1.Deployment) {}
	for _, test := range []struct {
		name        string
		podSecurity string
		original    func(*lab, *appsv1.Deployment)
		spec        func(*DivertSpec)
		kind        fault.Kind
		message     []string
	}{
		{name: "agent image missing", original: asIs,
			spec: func(s *DivertSpec) { s.AgentImage = testRegistry() + "/tandem-test/none:1" },
			kind: fault.ImagePullFailed, message: []string{"/tandem-test/none:1", "agent"}},
		{name: "agent crashes", original: asIs,
			spec: func(s *DivertSpec) { s.Keys.Host = []byte("no key") },
			kind: fault.ContainerCrashed, message: []string{`"app"`, "exit code"}},
		{name: "quota", original: func(l *lab, d *appsv1.Deployment) {
			d.Spec.Template.Spec.Containers[0].Resources.Requests = corev1.ResourceList{corev1.ResourceCPU: quantity.MustParse("10m")}
			l.quota("20m")
		}, kind: fault.QuotaExceeded, message: []string{"exceeded quota"}},
		{name: "pod security", podSecurity: "restricted", original: func(l *lab, d *appsv1.Deployment) {
			d.Spec.Template.Spec.SecurityContext = nil // the original's own pods are refused as well
		}, kind: fault.PodSecurityDenied, message: []string{"runAsNonRoot"}},
		{name: "unschedulable", original: func(l *lab, d *appsv1.Deployment) {
			d.Spec.Template.Spec.NodeSelector = map[string]string{"no-node": "has-this"}
		}, kind: fault.PodUnschedulable, message: []string{"node"}},
		{name: "secret missing", original: func(l *lab, d *appsv1.Deployment) {
			d.Spec.Template.Spec.Containers[0].EnvFrom = []corev1.EnvFromSource{{SecretRef: &corev1.SecretEnvSource{
				LocalObjectReference: corev1.LocalObjectReference{Name: "absent"}}}}
		}, kind: fault.SecretNotFound, message: []string{`"absent"`}},
		{name: "key missing", original: func(l *lab, d *appsv1.Deployment) {
			d.Spec.Template.Spec.Containers[0].Env = []corev1.EnvVar{{Name: "X", ValueFrom: &corev1.EnvVarSource{
				ConfigMapKeyRef: &corev1.ConfigMapKeySelector{Key: "nokey", LocalObjectReference: corev1.LocalObjectReference{Name: "kube-root-ca.crt"}}}}}
		}, kind: fault.KeyNotFound, message: []string{`"nokey"`, `"kube-root-ca.crt"`}},
		{name: "volume", original: func(l *lab, d *appsv1.Deployment) {
			s := &d.Spec.Template.Spec
			s.Volumes = []corev1.Volume{{Name: "v", VolumeSource: corev1.VolumeSource{ConfigMap: &corev1.ConfigMapVolumeSource{
				LocalObjectReference: corev1.LocalObjectReference{Name: "absent"}}}}}
			s.Containers[0].VolumeMounts = []corev1.VolumeMount{{Name: "v", MountPath: "/v"}}
		}, kind: fault.VolumeMountFailed, message: []string{`"absent"`}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			podSecurity := test.podSecurity
			if podSecurity == "" {
				podSecurity = "privileged"
			}
			l := newLab(t, podSecurity)
			l.deployment("app", func(d *appsv1.Deployment) { test.original(l, d) })
			l.awaitObserved("app")
			before := l.original("app")
			c := l.connect()
			ctx, cancel := context.WithTimeout(t.Context(), 90*time.Second)
			defer cancel()

			keys, _ := l.agentKeys()
			spec := l.spec(keys, 8080)
			if test.spec != nil {
				test.spec(&spec)
			}
			w, err := c.Find(ctx, Target{Name: "app"})
			if err != nil {
				t.Fatal(err)
			}
			start := time.Now()
			d, err := c.Divert(ctx, w, spec)
			if err == nil {
				defer d.Close()
				// A program that ends at once may have been seen running.
				if _, err = c.AwaitRunning(ctx, d, func(m string) { t.Log("…", m) }); err == nil {
					_, err = c.AwaitReady(ctx, d, func(m string) { t.Log("…", m) })
				}
			}
			t.Logf("%v: %s (hint: %s) [%s]", time.Since(start).Round(time.Millisecond), err, fault.HintOf(err), requests(c))
			if fault.KindOf(err) != test.kind {
				t.Errorf("the kind is %q, want %q", fault.KindOf(err), test.kind)
			}
			if fault.HintOf(err) == "" {
				t.Error("there is no hint")
			}
			for _, part := range test.message {
				if err == nil || !strings.Contains(err.Error(), part) {
					t.Errorf("the message does not mention %s", part)
				}
			}
			if err := c.Restore(ctx, c.Record(w, spec)); err != nil {
				t.Error(err)
			}
			if after := l.original("app"); *after.Spec.Replicas != *before.Spec.Replicas || len(after.Annotations) != len(before.Annotations) {
				t.Errorf("the original is not as it was: %v, %v", *after.Spec.Replicas, after.Annotations)
			}
			l.nothingLeft()
		})
	}
}

// quota allows the namespace so much CPU; the original's two replicas use it up.
func (l *lab) quota(cpu string) {
	l.Helper()
	quotas := l.admin.CoreV1().ResourceQuotas(l.namespace)
	if _, err := quotas.Create(l.Context(), &corev1.ResourceQuota{
		ObjectMeta: metav1.ObjectMeta{Name: "cpu"},
		Spec:       corev1.ResourceQuotaSpec{Hard: corev1.ResourceList{corev1.ResourceRequestsCPU: quantity.MustParse(cpu)}},
	}, metav1.CreateOptions{}); err != nil {
		l.Fatal(err)
	}
	l.eventually("the quota is counted", func() bool {
		q, err := quotas.Get(l.Context(), "cpu", metav1.GetOptions{})
		return err == nil && len(q.Status.Hard) > 0
	})
}

// TestRestoreFromEveryPoint stops a session after each of its steps, as a crash
// would, and wants the original as it was each time.
func TestRestoreFromEveryPoint(t *testing.T) {
	l := newLab(t, "restricted")
	l.deployment("app", func(d *appsv1.Deployment) { d.Spec.Replicas = ptr.To[int32](1) })
	l.awaitAvailable("app", 1)
	before := l.original("app")
	c := l.connect()
	keys, _ := l.agentKeys()
	for steps := range 5 {
		w, err := c.Find(t.Context(), Target{Name: "app"})
		if err != nil {
			t.Fatal(err)
		}
		if w.Diverted != nil {
			t.Fatalf("step %d: the original is still taken", steps)
		}
		spec := l.spec(keys)
		r := c.Record(w, spec)
		for i, step := range []func() error{
			func() error { return c.claim(t.Context(), w, r) },
			func() error { return c.createSecret(t.Context(), r, keys) },
			func() error {
				template, _ := devTemplate(w, agentSpec{token: r.Token, image: l.image, secret: r.Secret, port: r.Port})
				_, err := c.createDeployment(t.Context(), r, template, spec)
				return err
			},
			func() error { return c.ScaleDown(t.Context(), &Diversion{Record: r}) },
		} {
			if i >= steps {
				break
			}
			if err := step(); err != nil {
				t.Fatalf("step %d of %d: %v", i+1, steps, err)
			}
		}
		for range 2 {
			if err := c.RestoreWithin(t.Context(), r, 5*time.Second); err != nil {
				t.Fatalf("after %d steps: %v", steps, err)
			}
		}
		if after := l.original("app"); *after.Spec.Replicas != 1 || fmt.Sprint(after.Annotations) != fmt.Sprint(before.Annotations) {
			t.Errorf("after %d steps: %d replicas, annotations %v; before %v", steps, *after.Spec.Replicas, after.Annotations, before.Annotations)
		}
		l.nothingLeft()
	}
}

// TestTakeover: a second session sees the first, takes over, and the first one's
// late Restore does not harm it.
func TestTakeover(t *testing.T) {
	l := newLab(t, "restricted")
	l.deployment("app", nil)
	c := l.connect()
	ctx := t.Context()
	find := func() *Workload {
		w, err := c.Find(ctx, Target{Name: "app"})
		if err != nil {
			t.Fatal(err)
		}
		return w
	}
	keys, _ := l.agentKeys()
	first, err := c.Divert(ctx, find(), l.spec(keys))
	if err != nil {
		t.Fatal(err)
	}
	first.Close()
	if err := c.ScaleDown(ctx, first); err != nil {
		t.Fatal(err)
	}

	w := find()
	spec := l.spec(keys)
	_, err = c.Divert(ctx, w, spec)
	if fault.KindOf(err) != fault.SessionBusy {
		t.Fatalf("the second session got %v", err)
	}
	t.Log(err)
	if err := c.RestoreWithin(ctx, w.Diverted.Record, 0); err != nil {
		t.Fatal(err)
	}
	second, err := c.Divert(ctx, find(), spec)
	if err != nil {
		t.Fatal(err)
	}
	defer second.Close()
	if second.Record.Replicas != 2 {
		t.Errorf("the second session recorded %d replicas", second.Record.Replicas)
	}
	if err := c.ScaleDown(ctx, second); err != nil {
		t.Fatal(err)
	}
	if err := c.Restore(ctx, first.Record); err != nil {
		t.Fatal(err)
	}
	if w := find(); w.Replicas != 0 || w.Diverted == nil || w.Diverted.Record.Token != second.Record.Token {
		t.Errorf("the first session's late Restore undid the second: %d replicas, %+v", w.Replicas, w.Diverted)
	}
	if adopted, err := c.Adopt(ctx, second.Record); err != nil {
		t.Errorf("adopting: %v", err)
	} else {
		adopted.Close()
	}
	if _, err := c.Adopt(ctx, first.Record); fault.KindOf(err) != fault.SessionNotFound {
		t.Errorf("adopting what is gone: %v", err)
	}
	if err := c.RestoreWithin(ctx, second.Record, 0); err != nil {
		t.Fatal(err)
	}
	if w := find(); w.Replicas != 2 || w.Diverted != nil {
		t.Errorf("in the end: %d replicas, %+v", w.Replicas, w.Diverted)
	}
}

// TestSomebodyElseScales: a number of replicas that another sets is respected,
// before the switch and after it.
func TestSomebodyElseScales(t *testing.T) {
	l := newLab(t, "restricted")
	l.deployment("app", nil)
	c := l.connect()
	ctx := t.Context()
	keys, _ := l.agentKeys()
	w, err := c.Find(ctx, Target{Selector: map[string]string{"team": "a"}})
	if err != nil {
		t.Fatal(err)
	}
	d, err := c.Divert(ctx, w, l.spec(keys))
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	journalled := d.Record
	l.scale("app", 3)
	if err := c.ScaleDown(ctx, d); err != nil {
		t.Fatal(err)
	}
	if d.Record.Replicas != 3 {
		t.Errorf("%d replicas on record, want 3", d.Record.Replicas)
	}
	if err := c.RestoreWithin(ctx, journalled, 0); err != nil { // the annotation knows better than this journal
		t.Fatal(err)
	}
	if n := *l.original("app").Spec.Replicas; n != 3 {
		t.Errorf("%d replicas after Restore, want 3", n)
	}

	if w, err = c.Find(ctx, Target{Name: "app"}); err != nil {
		t.Fatal(err)
	}
	again, err := c.Divert(ctx, w, l.spec(keys))
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	if err := c.ScaleDown(ctx, again); err != nil {
		t.Fatal(err)
	}
	l.scale("app", 1)
	if err := c.RestoreWithin(ctx, again.Record, 0); err != nil {
		t.Fatal(err)
	}
	if n := *l.original("app").Spec.Replicas; n != 1 {
		t.Errorf("%d replicas after Restore, want the 1 that somebody set", n)
	}
}

func (l *lab) scale(name string, replicas int32) {
	l.Helper()
	s, err := l.admin.AppsV1().Deployments(l.namespace).GetScale(l.Context(), name, metav1.GetOptions{})
	if err != nil {
		l.Fatal(err)
	}
	s.Spec.Replicas = replicas
	s.ResourceVersion = ""
	if _, err := l.admin.AppsV1().Deployments(l.namespace).UpdateScale(l.Context(), name, s, metav1.UpdateOptions{}); err != nil {
		l.Fatal(err)
	}
}

// TestLeftoverAnnotation: what an interrupted start left, or a rollout undo
// brought back, does not count as a session once it has settled.
func TestLeftoverAnnotation(t *testing.T) {
	l := newLab(t, "restricted")
	l.deployment("app", nil)
	c := l.connect()
	keys, _ := l.agentKeys()
	find := func() *Workload {
		w, err := c.Find(t.Context(), Target{Name: "app"})
		if err != nil {
			t.Fatal(err)
		}
		return w
	}
	w := find()
	for _, test := range []struct {
		age  time.Duration
		busy bool
	}{{time.Second, true}, {settling + time.Second, false}} {
		spec := l.spec(keys)
		spec.Since = time.Now().Add(-test.age)
		r := c.Record(w, spec)
		if err := c.annotate(t.Context(), r, "", r.annotation()); err != nil {
			t.Fatal(err)
		}
		if got := find().Diverted != nil; got != test.busy {
			t.Errorf("after %v: taken %v, want %v", test.age, got, test.busy)
		}
	}
	d, err := c.Divert(t.Context(), find(), l.spec(keys))
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	if err := c.RestoreWithin(t.Context(), d.Record, 0); err != nil {
		t.Fatal(err)
	}
	if w := find(); w.Diverted != nil || w.leftover != "" || w.Replicas != 2 {
		t.Errorf("not as before: %+v", w)
	}
	l.nothingLeft()
}
