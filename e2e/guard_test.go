package e2e

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/watch"

	"github.com/tandem-dev/tandem/e2e/harness"
	"github.com/tandem-dev/tandem/rpc/protocol"
)

// guardTTL is that of these tests.
const guardTTL = 15 * time.Second

func serveGuarded(ws *harness.Workspace) *harness.Client {
	return harness.ServeWith(ws, harness.Options{Initialization: protocol.InitializationOptions{GuardTTLSeconds: int(guardTTL / time.Second)}})
}

// awaitInCluster waits until the session's agent has proven that it can give back.
func awaitInCluster(c *harness.Client, id string) protocol.Snapshot {
	return c.AwaitChange("the guard in the cluster", func(s protocol.Snapshot) bool {
		return s.ID == id && s.Guard == protocol.GuardInCluster
	})
}

// The whole laptop dies: the cluster gives the workload back by itself, in the order
// that serves callers, and nothing is left of the session, its rights included. The
// same once more with the dev pod lost meanwhile, and both as the least of users.
func TestGuardInTheClusterGivesBack(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name              string
		podLost, leastOne bool
	}{
		{name: "the laptop dies"},
		{name: "and the dev pod is lost", podLost: true},
		{name: "as the least role", leastOne: true},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			ns := harness.NewNamespace(t)
			ws := harness.NewWorkspace(t, ns)
			if test.leastOne {
				ws.Kubeconfig = ns.UserKubeconfig("developer", leastRole(t)...)
			}
			before := ns.State()
			c := serveGuarded(ws)
			began := time.Now()
			ready := c.MustStart("api")
			awaitInCluster(c, ready.ID)
			t.Logf("guarded in the cluster %s after the start began", time.Since(began).Round(10*time.Millisecond))
			ns.AwaitServedBy("local")
			requireMarks(t, ns, ready.ID)
			awaitReplicas(t, ns, 0)
			sequence := watchOrder(t, ns)

			signalLaptop(t, ws, syscall.SIGKILL)
			killed := time.Now()
			if test.podLost {
				now := int64(0)
				if err := ns.Cluster.CoreV1().Pods(ns.Name).Delete(t.Context(), ready.Pod.Name, metav1.DeleteOptions{GracePeriodSeconds: &now}); err != nil {
					t.Fatal(err)
				}
			}
			awaitReplicas(t, ns, 2)
			took := time.Since(killed)
			t.Logf("the replicas are back %s after SIGKILL, with a TTL of %s", took.Round(10*time.Millisecond), guardTTL)
			if took < guardTTL {
				t.Errorf("given back after %s, before the TTL of %s", took, guardTTL)
			}
			ns.AwaitState(before)
			awaitNothingLabelled(t, ns)
			sequence.require(t)
			ns.AwaitServedBy("cluster")
		})
	}
}

// awaitReplicas waits until the original is to have so many replicas.
func awaitReplicas(t *testing.T, ns *harness.Namespace, replicas int32) {
	t.Helper()
	harness.Eventually(t, fmt.Sprintf("%d replicas of the original", replicas), func(ctx context.Context) error {
		d, err := ns.Cluster.AppsV1().Deployments(ns.Name).Get(ctx, "api", metav1.GetOptions{})
		if err == nil && *d.Spec.Replicas != replicas {
			err = fmt.Errorf("it is to have %d", *d.Spec.Replicas)
		}
		return err
	})
}

// awaitNothingLabelled waits until no object of any kind carries a session's label.
func awaitNothingLabelled(t *testing.T, ns *harness.Namespace) {
	t.Helper()
	harness.Eventually(t, "no object of a session", func(ctx context.Context) error {
		left, err := ns.Labelled(ctx, harness.DevLabel)
		if err == nil && len(left) > 0 {
			err = fmt.Errorf("left are %s", strings.Join(left, ", "))
		}
		return err
	})
}

// requireMarks: every object of a session says whose it is.
func requireMarks(t *testing.T, ns *harness.Namespace, id string) {
	t.Helper()
	all, err := ns.LabelsOf(t.Context(), harness.DevLabel)
	if err != nil {
		t.Fatal(err)
	}
	kinds := map[string]int{}
	for name, labels := range all {
		kind, _, _ := strings.Cut(name, "/")
		kinds[kind]++
		for _, key := range []string{"tandem.dev/session-id", "tandem.dev/owner", "tandem.dev/host", "tandem.dev/since"} {
			if labels[key] == "" {
				t.Errorf("%s has no label %s: %v", name, key, labels)
			}
		}
		if got, want := labels["tandem.dev/session-id"], strings.ReplaceAll(id, "/", "_"); got != want {
			t.Errorf("%s has the session %q, want %q", name, got, want)
		}
	}
	for kind, want := range map[string]int{"Deployment": 1, "ReplicaSet": 1, "Pod": 1, "Secret": 2, "ServiceAccount": 1, "Role": 1, "RoleBinding": 1} {
		if kinds[kind] != want {
			t.Errorf("%d objects of kind %s, want %d: %v", kinds[kind], kind, want, kinds)
		}
	}
}

// sequence notes how the original stood when the dev Deployment was deleted.
type sequence struct {
	stop func()
	done chan struct{}
	seen []string
	good bool
	ups  int // how often the original was taken from no replicas to some
}

// watchOrder begins to watch the namespace's Deployments; its goroutine ends with
// the test.
func watchOrder(t *testing.T, ns *harness.Namespace) *sequence {
	t.Helper()
	w, err := ns.Cluster.AppsV1().Deployments(ns.Name).Watch(t.Context(), metav1.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	o := &sequence{stop: w.Stop, done: make(chan struct{})}
	t.Cleanup(w.Stop)
	go func() {
		defer close(o.done)
		ready, marked, replicas := int32(0), true, int32(0)
		for event := range w.ResultChan() {
			d, ok := event.Object.(*appsv1.Deployment)
			switch {
			case !ok:
			case d.Name == "api":
				ready = d.Status.ReadyReplicas
				if *d.Spec.Replicas > 0 && replicas == 0 {
					o.ups++
				}
				replicas = *d.Spec.Replicas
				_, marked = d.Annotations["tandem.dev/session"]
			case event.Type == watch.Deleted && d.Labels[harness.DevLabel] != "":
				o.seen = append(o.seen, fmt.Sprintf("%s was deleted when %d pods of the original were ready, marked: %v", d.Name, ready, marked))
				o.good = ready > 0
			}
		}
	}()
	return o
}

// require wants the replicas back once, and the dev Deployment deleted once, with a
// ready pod of the original.
func (o *sequence) require(t *testing.T) {
	t.Helper()
	o.requireOnce(t)
	if !o.good {
		t.Errorf("the order: %q", o.seen)
	}
}

// requireOnce is require without the order: where the developer's machine gives back
// as well, it does not wait for the original, for nobody is served by the dev pod.
func (o *sequence) requireOnce(t *testing.T) {
	t.Helper()
	o.stop()
	<-o.done
	if len(o.seen) != 1 || o.ups != 1 {
		t.Errorf("the order: %q; the replicas came back %d times", o.seen, o.ups)
	}
	t.Logf("%q", o.seen)
}

// A laptop that is back before the TTL goes on as if nothing had been: whether it
// stood still, or its server died and another continues.
func TestBackBeforeTheTTL(t *testing.T) {
	t.Parallel()
	for _, dies := range []bool{false, true} {
		name := "it stood still"
		if dies {
			name = "its server died"
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ns := harness.NewNamespace(t)
			ws := harness.NewWorkspace(t, ns)
			before := ns.State()
			c := serveGuarded(ws)
			ready := c.MustStart("api")
			awaitInCluster(c, ready.ID)
			ns.AwaitServedBy("local")
			if dies {
				signalLaptop(t, ws, syscall.SIGKILL)
				time.Sleep(guardTTL / 2) // the absence itself
				c = serveGuarded(ws)
				c.AwaitChange("the continued session", func(s protocol.Snapshot) bool {
					return s.ID == ready.ID && s.State == protocol.StateReady && s.Adopted
				})
				awaitInCluster(c, ready.ID)
			} else {
				signalLaptop(t, ws, syscall.SIGSTOP)
				time.Sleep(guardTTL * 2 / 3)
				signalLaptop(t, ws, syscall.SIGCONT)
			}
			time.Sleep(guardTTL * 3 / 2) // in which a guard that counts wrong would act
			d, err := ns.Cluster.AppsV1().Deployments(ns.Name).Get(t.Context(), "api", metav1.GetOptions{})
			if err != nil || *d.Spec.Replicas != 0 || strings.Contains(d.Annotations["tandem.dev/session"], "ending") {
				t.Errorf("the original: %v, %d replicas, mark %s", err, *d.Spec.Replicas, d.Annotations["tandem.dev/session"])
			}
			if pods, err := ns.Pods(t.Context(), harness.DevLabel); err != nil || len(pods) != 1 || pods[0].Name != ready.Pod.Name {
				t.Errorf("the dev pods: %d, %v; want %s alone", len(pods), err, ready.Pod.Name)
			}
			ns.AwaitServedBy("local")
			c.MustStop(ready.ID)
			ns.RequireState(before)
			awaitNothingLabelled(t, ns)
			ws.RequireNoTrace()
		})
	}
}

// A laptop that is back after it hears that its workload was taken back, and does
// not divert it again: neither the server that stood still, nor one that is started
// where the old one died.
func TestBackAfterTheTTL(t *testing.T) {
	t.Parallel()
	for _, dies := range []bool{false, true} {
		name := "it stood still"
		if dies {
			name = "its server died"
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ns := harness.NewNamespace(t)
			ws := harness.NewWorkspace(t, ns)
			before := ns.State()
			c := serveGuarded(ws)
			ready := c.MustStart("api")
			awaitInCluster(c, ready.ID)
			who := ns.AwaitServedBy("local")
			awaitReplicas(t, ns, 0)
			sequence := watchOrder(t, ns)
			if dies {
				signalLaptop(t, ws, syscall.SIGKILL)
			} else {
				signalLaptop(t, ws, syscall.SIGSTOP)
				t.Cleanup(func() {
					for _, pid := range laptop(ws) {
						_ = syscall.Kill(pid, syscall.SIGCONT)
					}
				})
				// A connection that stands still is given up by the agent after 45 s.
				time.Sleep(45 * time.Second)
			}
			awaitReplicas(t, ns, 2)
			if dies {
				c = serveGuarded(ws)
			} else {
				signalLaptop(t, ws, syscall.SIGCONT)
			}
			back := time.Now()
			end := c.AwaitChange("the end of the session", func(s protocol.Snapshot) bool {
				return s.ID == ready.ID && s.State == protocol.StateFailed
			})
			if end.Cause == nil || end.Cause.Kind != "taken-back" || !strings.Contains(end.Cause.Message, "the guard in the cluster") {
				t.Errorf("the cause: %+v", end.Cause)
			} else {
				t.Logf("heard %s after coming back: %s (%s)", time.Since(back).Round(10*time.Millisecond), end.Cause.Message, end.Cause.Hint)
			}
			requireGone(t, who.PID)
			ns.AwaitState(before)
			awaitNothingLabelled(t, ns)
			sequence.requireOnce(t)
			ws.RequireNoTrace()
			requireNoGuard(t, ws)
			// Who asks for a session now has one.
			again := c.MustStart("api")
			c.MustStop(again.ID)
			ns.RequireState(before)
		})
	}
}

// The guard and somebody else give back at the same moment: the original is back,
// once, and nothing is left.
func TestTwoGiveBackAtOnce(t *testing.T) {
	t.Parallel()
	ns := harness.NewNamespace(t)
	ws := harness.NewWorkspace(t, ns)
	before := ns.State()
	c := serveGuarded(ws)
	ready := c.MustStart("api")
	awaitInCluster(c, ready.ID)
	ns.AwaitServedBy("local")
	awaitReplicas(t, ns, 0)
	sequence := watchOrder(t, ns)
	signalLaptop(t, ws, syscall.SIGKILL)
	// The moment is the one in which the guard says that it begins.
	harness.Eventually(t, "the guard to begin", func(ctx context.Context) error {
		d, err := ns.Cluster.AppsV1().Deployments(ns.Name).Get(ctx, "api", metav1.GetOptions{})
		if err == nil && d.Annotations["tandem.dev/session"] != "" && !strings.Contains(d.Annotations["tandem.dev/session"], "ending") {
			err = fmt.Errorf("the mark is %s", d.Annotations["tandem.dev/session"])
		}
		return err
	})
	if r := ws.Run("down", "--all"); r.Code != 0 {
		t.Errorf("tandem down --all: exit code %d\n%s", r.Code, r.Stderr)
	}
	ns.AwaitState(before)
	awaitNothingLabelled(t, ns)
	sequence.requireOnce(t)
	ws.RequireNoTrace()
}

// Who may not make Roles has a session all the same, and is told once what it lacks.
func TestWithoutTheRightToMakeRoles(t *testing.T) {
	t.Parallel()
	ns := harness.NewNamespace(t)
	ws := harness.NewWorkspace(t, ns)
	var rules []rbacv1.PolicyRule
	for _, rule := range leastRole(t) {
		if !slices.Contains(rule.Resources, "roles") && !slices.Contains(rule.Resources, "serviceaccounts") {
			rules = append(rules, rule)
		}
	}
	ws.Kubeconfig = ns.UserKubeconfig("developer", rules...)
	before := ns.State()
	c := serveGuarded(ws)
	if check := doctor(t, c, "api")["guard"]; check.Status != protocol.DoctorWarn || !strings.Contains(check.Detail, "create roles") {
		t.Errorf("doctor: %+v", check)
	}
	ready := c.MustStart("api")
	ns.AwaitServedBy("local")
	said := 0
	for _, w := range ready.Warnings {
		if w.Code == "guard-local" {
			said++
			t.Logf("%s (%s)", w.Message, w.Hint)
		}
	}
	if ready.Guard != protocol.GuardProcess || said != 1 {
		t.Errorf("guarded by %q, said %d times: %+v", ready.Guard, said, ready.Warnings)
	}
	all, err := ns.Labelled(t.Context(), harness.DevLabel)
	if err != nil || strings.Contains(strings.Join(all, " "), "Role") || strings.Contains(strings.Join(all, " "), "ServiceAccount") {
		t.Errorf("%v, %v", all, err)
	}
	c.MustStop(ready.ID)
	ns.RequireState(before)
	awaitNothingLabelled(t, ns)
}
