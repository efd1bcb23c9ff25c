package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	authenticationv1 "k8s.io/api/authentication/v1"
	authorizationv1 "k8s.io/api/authorization/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"github.com/tandem-dev/tandem/e2e/harness"
	"github.com/tandem-dev/tandem/rpc/protocol"
)

// The guard's token can do what the guard does, to the objects of its session, and
// nothing else: everything that it could be worth something for is tried with it.
// With the session it dies.
func TestGuardsTokenIsGoodForNothingElse(t *testing.T) {
	t.Parallel()
	ns := harness.NewNamespace(t)
	ws := harness.NewWorkspace(t, ns)
	before := ns.State()
	c := serveGuarded(ws)
	ready := c.MustStart("api")
	awaitInCluster(c, ready.ID)
	ns.AwaitServedBy("local")
	core := ns.Cluster.CoreV1()
	dev, err := ns.Deployments(t.Context(), harness.DevLabel)
	if err != nil || len(dev) != 1 {
		t.Fatalf("%d dev Deployments, %v", len(dev), err)
	}
	keys := dev[0].Name + "-" + dev[0].Labels[harness.DevLabel]
	guard := keys + "-guard"
	secret, err := core.Secrets(ns.Name).Get(t.Context(), guard, metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	config := rest.AnonymousClientConfig(ns.Cluster.Config)
	config.BearerToken = string(secret.Data["token"])
	thief, err := kubernetes.NewForConfig(config)
	if err != nil {
		t.Fatal(err)
	}
	ctx, name := t.Context(), ns.Name
	var get metav1.GetOptions
	var list metav1.ListOptions
	dry := []string{metav1.DryRunAll}
	created, deleted, patched := metav1.CreateOptions{DryRun: dry}, metav1.DeleteOptions{DryRun: dry}, metav1.PatchOptions{DryRun: dry}
	patch := []byte(`{"metadata":{"annotations":{"x":"y"}}}`)
	scale := []byte(`{"spec":{"replicas":5}}`)

	for what, do := range map[string]func() error{
		"read its original": func() error { _, err := thief.AppsV1().Deployments(name).Get(ctx, "api", get); return err },
		"mark its original": func() error {
			_, err := thief.AppsV1().Deployments(name).Patch(ctx, "api", types.MergePatchType, patch, patched)
			return err
		},
		"delete its dev Deployment": func() error { return thief.AppsV1().Deployments(name).Delete(ctx, dev[0].Name, deleted) },
		"delete its session's keys": func() error { return thief.CoreV1().Secrets(name).Delete(ctx, keys, deleted) },
		"scale its original": func() error {
			_, err := thief.AppsV1().Deployments(name).Patch(ctx, "api", types.MergePatchType, scale, patched, "scale")
			return err
		},
	} {
		if err := do(); err != nil {
			t.Errorf("the guard may not %s: %v", what, err)
		}
	}
	account := &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Name: "more"}}
	pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: "more"}, Spec: corev1.PodSpec{Containers: []corev1.Container{{Name: "c", Image: "i"}}}}
	binding := &rbacv1.RoleBinding{ObjectMeta: metav1.ObjectMeta{Name: "more"}, RoleRef: rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: "admin"},
		Subjects: []rbacv1.Subject{{Kind: rbacv1.ServiceAccountKind, Name: guard, Namespace: name}}}
	wide := []byte(`{"rules":[{"apiGroups":["*"],"resources":["*"],"verbs":["*"]}]}`)
	post := func(path string) error { return thief.CoreV1().RESTClient().Post().AbsPath(path).Do(ctx).Error() }
	for what, do := range map[string]func() error{
		"read the session's keys":      func() error { _, err := thief.CoreV1().Secrets(name).Get(ctx, keys, get); return err },
		"read its own Secret":          func() error { _, err := thief.CoreV1().Secrets(name).Get(ctx, guard, get); return err },
		"read the workload's Secret":   func() error { _, err := thief.CoreV1().Secrets(name).Get(ctx, "api-credentials", get); return err },
		"delete the workload's Secret": func() error { return thief.CoreV1().Secrets(name).Delete(ctx, "api-credentials", deleted) },
		"list Secrets":                 func() error { _, err := thief.CoreV1().Secrets(name).List(ctx, list); return err },
		"watch Secrets":                func() error { _, err := thief.CoreV1().Secrets(name).Watch(ctx, list); return err },
		"read a ConfigMap":             func() error { _, err := thief.CoreV1().ConfigMaps(name).Get(ctx, "api-settings", get); return err },
		"list Deployments":             func() error { _, err := thief.AppsV1().Deployments(name).List(ctx, list); return err },
		"watch Deployments":            func() error { _, err := thief.AppsV1().Deployments(name).Watch(ctx, list); return err },
		"read another workload":        func() error { _, err := thief.AppsV1().Deployments(name).Get(ctx, "web", get); return err },
		"change another workload": func() error {
			_, err := thief.AppsV1().Deployments(name).Patch(ctx, "web", types.MergePatchType, patch, patched)
			return err
		},
		"scale another workload": func() error {
			_, err := thief.AppsV1().Deployments(name).Patch(ctx, "web", types.MergePatchType, scale, patched, "scale")
			return err
		},
		"delete another workload": func() error { return thief.AppsV1().Deployments(name).Delete(ctx, "web", deleted) },
		"delete its original":     func() error { return thief.AppsV1().Deployments(name).Delete(ctx, "api", deleted) },
		"update its original's status": func() error {
			_, err := thief.AppsV1().Deployments(name).Patch(ctx, "api", types.MergePatchType, []byte(`{"status":{"replicas":1}}`), patched, "status")
			return err
		},
		"read the dev Deployment": func() error { _, err := thief.AppsV1().Deployments(name).Get(ctx, dev[0].Name, get); return err },
		"change the dev Deployment": func() error {
			_, err := thief.AppsV1().Deployments(name).Patch(ctx, dev[0].Name, types.MergePatchType, patch, patched)
			return err
		},
		"scale the dev Deployment": func() error {
			_, err := thief.AppsV1().Deployments(name).Patch(ctx, dev[0].Name, types.MergePatchType, scale, patched, "scale")
			return err
		},
		"make a Deployment":  func() error { _, err := thief.AppsV1().Deployments(name).Create(ctx, &dev[0], created); return err },
		"make a pod":         func() error { _, err := thief.CoreV1().Pods(name).Create(ctx, pod, created); return err },
		"list pods":          func() error { _, err := thief.CoreV1().Pods(name).List(ctx, list); return err },
		"delete the dev pod": func() error { return thief.CoreV1().Pods(name).Delete(ctx, ready.Pod.Name, deleted) },
		"exec in the dev pod": func() error {
			return post("/api/v1/namespaces/" + name + "/pods/" + ready.Pod.Name + "/exec?command=id&stdout=true")
		},
		"port-forward to the dev pod": func() error { return post("/api/v1/namespaces/" + name + "/pods/" + ready.Pod.Name + "/portforward") },
		"make another token": func() error {
			_, err := thief.CoreV1().ServiceAccounts(name).CreateToken(ctx, guard, &authenticationv1.TokenRequest{}, metav1.CreateOptions{})
			return err
		},
		"make the workload's token": func() error {
			_, err := thief.CoreV1().ServiceAccounts(name).CreateToken(ctx, "default", &authenticationv1.TokenRequest{}, metav1.CreateOptions{})
			return err
		},
		"make a ServiceAccount": func() error { _, err := thief.CoreV1().ServiceAccounts(name).Create(ctx, account, created); return err },
		"widen its Role": func() error {
			_, err := thief.RbacV1().Roles(name).Patch(ctx, guard, types.MergePatchType, wide, patched)
			return err
		},
		"read its Role":                  func() error { _, err := thief.RbacV1().Roles(name).Get(ctx, guard, get); return err },
		"bind itself to another role":    func() error { _, err := thief.RbacV1().RoleBindings(name).Create(ctx, binding, created); return err },
		"delete its binding":             func() error { return thief.RbacV1().RoleBindings(name).Delete(ctx, guard, deleted) },
		"read another namespace":         func() error { _, err := thief.AppsV1().Deployments("kube-system").Get(ctx, "api", get); return err },
		"list namespaces":                func() error { _, err := thief.CoreV1().Namespaces().List(ctx, list); return err },
		"list nodes":                     func() error { _, err := thief.CoreV1().Nodes().List(ctx, list); return err },
		"read the original's ReplicaSet": func() error { _, err := thief.AppsV1().ReplicaSets(name).List(ctx, list); return err },
	} {
		if err := do(); !apierrors.IsForbidden(err) {
			t.Errorf("the guard's token may %s: %v", what, err)
		}
	}
	requireRules(t, thief, name, "api", dev[0].Name, keys)

	// The other containers of the dev pod do not have it, and it is gone with the session.
	running, err := core.Pods(name).Get(ctx, ready.Pod.Name, get)
	if err != nil {
		t.Fatal(err)
	}
	for _, container := range running.Spec.Containers {
		has := slices.ContainsFunc(container.VolumeMounts, func(m corev1.VolumeMount) bool {
			return slices.ContainsFunc(running.Spec.Volumes, func(v corev1.Volume) bool {
				return v.Name == m.Name && v.Secret != nil && v.Secret.SecretName == guard
			})
		})
		if has != (container.Name == "api") {
			t.Errorf("container %s has the token: %v", container.Name, has)
		}
	}
	c.MustStop(ready.ID)
	ns.RequireState(before)
	awaitNothingLabelled(t, ns)
	harness.Eventually(t, "the end of the token", func(ctx context.Context) error {
		_, err := thief.AppsV1().Deployments(name).Get(ctx, "api", get)
		if !apierrors.IsUnauthorized(err) {
			return fmt.Errorf("with the session's token: %v", err)
		}
		return nil
	})
}

// requireRules compares what the API server says that the token may do in the
// namespace, beyond what everybody may, with what the guard needs.
func requireRules(t *testing.T, thief *kubernetes.Clientset, namespace, original, dev, keys string) {
	t.Helper()
	review, err := thief.AuthorizationV1().SelfSubjectRulesReviews().Create(t.Context(), &authorizationv1.SelfSubjectRulesReview{
		Spec: authorizationv1.SelfSubjectRulesReviewSpec{Namespace: namespace}}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, r := range review.Status.ResourceRules {
		for _, resource := range r.Resources {
			if strings.HasPrefix(resource, "selfsubject") {
				continue // system:basic-user, which everybody is
			}
			if len(r.ResourceNames) == 0 {
				t.Errorf("the guard may %v %s of any name", r.Verbs, resource)
			}
			for _, verb := range r.Verbs {
				for _, n := range r.ResourceNames {
					if resource == "replicasets" && strings.HasPrefix(n, original+"-") {
						n = "of the original"
					}
					got = append(got, verb+" "+resource+" "+n)
				}
			}
		}
	}
	slices.Sort(got)
	want := []string{"delete deployments " + dev, "delete secrets " + keys, "get deployments " + original, "patch deployments " + original,
		"patch deployments/scale " + original, "patch replicasets of the original"}
	if !slices.Equal(got, want) {
		t.Errorf("the guard may %q, want %q", got, want)
	}
}

// From another machine, by what the cluster tells: whose sessions stand there, and
// whether somebody is behind them; what nobody is behind is given back, and nothing
// else unasked.
func TestLeftoversFromAnotherMachine(t *testing.T) {
	t.Parallel()
	ns := harness.NewNamespace(t)
	ws := harness.NewWorkspace(t, ns)
	before := ns.State()
	c := harness.ServeWith(ws, harness.Options{}) // with a TTL that does not matter here
	ready := c.MustStart("api")
	ns.AwaitServedBy("local")
	elsewhere := *ws
	elsewhere.StateDir = t.TempDir()

	standing := func() []clusterSession {
		t.Helper()
		r := elsewhere.Run("status", "--cluster", "--json")
		var all []clusterSession
		if err := json.Unmarshal([]byte(r.Stdout), &all); err != nil || r.Code != 0 {
			t.Fatalf("tandem status --cluster --json: exit code %d, %v\n%s%s", r.Code, err, r.Stdout, r.Stderr)
		}
		return all
	}
	all := standing()
	if len(all) != 1 {
		t.Fatalf("%+v", all)
	}
	s := all[0]
	if s.ID != ready.ID || s.Workload != "Deployment/api" || s.Behind != "somebody" || s.Owner == "" || s.Host == "" || s.Since.IsZero() ||
		s.Replicas == nil || *s.Replicas != 2 || len(s.Objects) != 7 {
		t.Errorf("%+v", s)
	}
	if r := elsewhere.Run("status", "--cluster"); !strings.Contains(r.Stdout, "somebody is connected") {
		t.Errorf("tandem status --cluster:\n%s", r.Stdout)
	} else {
		t.Logf("\n%s", r.Stdout)
	}
	var listed protocol.SessionListResult
	c.MustCall(protocol.MethodSessionList, protocol.SessionListParams{Cluster: true}, &listed)
	if len(listed.Cluster) != 1 || listed.Cluster[0].ID != ready.ID || listed.Cluster[0].Behind != protocol.BehindSomebody {
		t.Errorf("session/list: %+v", listed.Cluster)
	}
	if r := elsewhere.Run("down", "--cluster"); r.Code != 0 || !strings.Contains(r.Stderr, "is left to") {
		t.Errorf("tandem down --cluster beside a living session: exit code %d\n%s", r.Code, r.Stderr)
	}
	ns.AwaitServedBy("local")

	signalLaptop(t, ws, syscall.SIGKILL)
	died := time.Now()
	harness.Eventually(t, "nobody behind the session", func(context.Context) error {
		if all := standing(); len(all) != 1 || all[0].Behind != "nobody" {
			return fmt.Errorf("%+v", all)
		}
		return nil
	})
	// The mark goes with a tool that knows better: the dev Deployment still tells.
	_, err := ns.Cluster.AppsV1().Deployments(ns.Name).Patch(t.Context(), "api", types.MergePatchType,
		[]byte(`{"metadata":{"annotations":{"tandem.dev/session":null}}}`), metav1.PatchOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if all := standing(); len(all) != 1 || all[0].Workload != "Deployment/api" || all[0].Replicas == nil || len(all[0].Objects) != 6 {
		t.Errorf("without the mark: %+v", all)
	}
	if r := elsewhere.Run("down", "--cluster"); !strings.Contains(r.Stderr, "is left to") {
		t.Errorf("tandem down --cluster %s after the death: exit code %d\n%s", time.Since(died), r.Code, r.Stderr)
	}
	time.Sleep(time.Until(died.Add(time.Minute + 5*time.Second))) // an absence that counts
	r := elsewhere.Run("down", "--cluster")
	if r.Code != 0 || !strings.Contains(r.Stderr, "Deployment "+ns.Name+"/api is back at 2 replicas") {
		t.Errorf("tandem down --cluster: exit code %d\n%s", r.Code, r.Stderr)
	}
	t.Logf("\n%s", r.Stderr)
	ns.AwaitState(before)
	awaitNothingLabelled(t, ns)
	if r := elsewhere.Run("status", "--cluster"); !strings.Contains(r.Stderr, "no sessions in the namespace") {
		t.Errorf("tandem status --cluster after it: %s%s", r.Stdout, r.Stderr)
	}
}

// clusterSession is one of `tandem status --cluster --json`.
type clusterSession struct {
	ID, Owner, Host, Workload, Behind string
	Since                             time.Time
	Replicas                          *int32
	Objects                           []string
}
