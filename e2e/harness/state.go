package harness

import (
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// DevLabel is on everything that a session makes in the cluster.
const DevLabel = "tandem.dev/dev-container"

// State is what a namespace holds, without what the cluster itself counts up:
// two states are equal when nobody who looks could tell them apart.
type State map[string]Object

// Object is one object's part that belongs to people.
type Object struct {
	UID                 string
	Labels, Annotations map[string]string
	Finalizers          []string
	Owners              []metav1.OwnerReference
	Content             any // the spec, or the data
}

// State reads Deployments, StatefulSets, ReplicaSets, Services, ConfigMaps, Secrets,
// ServiceAccounts, Roles and RoleBindings.
func (n *Namespace) State() State {
	n.T.Helper()
	s, err := n.state(n.T.Context())
	if err != nil {
		n.T.Fatalf("reading the state of %s: %v", n.Name, err)
	}
	return s
}

func (n *Namespace) state(ctx context.Context) (State, error) {
	s := State{}
	add := func(kind string, m metav1.ObjectMeta, content any) {
		s[kind+"/"+m.Name] = Object{string(m.UID), m.Labels, m.Annotations, m.Finalizers, m.OwnerReferences, content}
	}
	var all metav1.ListOptions
	deployments, err := n.Cluster.AppsV1().Deployments(n.Name).List(ctx, all)
	if err != nil {
		return nil, err
	}
	for _, o := range deployments.Items {
		add("Deployment", o.ObjectMeta, o.Spec)
	}
	statefulSets, err := n.Cluster.AppsV1().StatefulSets(n.Name).List(ctx, all)
	if err != nil {
		return nil, err
	}
	for _, o := range statefulSets.Items {
		add("StatefulSet", o.ObjectMeta, o.Spec)
	}
	replicaSets, err := n.Cluster.AppsV1().ReplicaSets(n.Name).List(ctx, all)
	if err != nil {
		return nil, err
	}
	for _, o := range replicaSets.Items {
		add("ReplicaSet", o.ObjectMeta, o.Spec)
	}
	services, err := n.Cluster.CoreV1().Services(n.Name).List(ctx, all)
	if err != nil {
		return nil, err
	}
	for _, o := range services.Items {
		add("Service", o.ObjectMeta, o.Spec)
	}
	configMaps, err := n.Cluster.CoreV1().ConfigMaps(n.Name).List(ctx, all)
	if err != nil {
		return nil, err
	}
	for _, o := range configMaps.Items {
		add("ConfigMap", o.ObjectMeta, o.Data)
	}
	secrets, err := n.Cluster.CoreV1().Secrets(n.Name).List(ctx, all)
	if err != nil {
		return nil, err
	}
	for _, o := range secrets.Items {
		add("Secret", o.ObjectMeta, o.Data)
	}
	return s, n.addRights(ctx, add)
}

// addRights reads ServiceAccounts, Roles and RoleBindings.
func (n *Namespace) addRights(ctx context.Context, add func(kind string, m metav1.ObjectMeta, content any)) error {
	var all metav1.ListOptions
	accounts, err := n.Cluster.CoreV1().ServiceAccounts(n.Name).List(ctx, all)
	if err != nil {
		return err
	}
	for _, o := range accounts.Items {
		add("ServiceAccount", o.ObjectMeta, nil)
	}
	roles, err := n.Cluster.RbacV1().Roles(n.Name).List(ctx, all)
	if err != nil {
		return err
	}
	for _, o := range roles.Items {
		add("Role", o.ObjectMeta, o.Rules)
	}
	bindings, err := n.Cluster.RbacV1().RoleBindings(n.Name).List(ctx, all)
	if err != nil {
		return err
	}
	for _, o := range bindings.Items {
		add("RoleBinding", o.ObjectMeta, o.Subjects)
	}
	return nil
}

// RequireRestored fails unless the namespace is as before, now. Only what the
// cluster's own controllers do behind the end of a session, to ReplicaSets, pods
// and the rights of the guard in the cluster, is left out.
func (n *Namespace) RequireRestored(before State) {
	n.T.Helper()
	if diff := difference(before.atOnce(), n.State().atOnce()); diff != "" {
		n.T.Errorf("namespace %s is not as it was (-before +now):\n%s", n.Name, diff)
	}
}

// RequireState is RequireRestored, and then AwaitState.
func (n *Namespace) RequireState(before State) {
	n.T.Helper()
	n.RequireRestored(before)
	n.AwaitState(before)
}

// difference is "" for equal states, else what changed, object by object. What is
// in a Secret is not shown.
func difference(before, now State) string {
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(before)) {
		if _, ok := now[name]; !ok {
			fmt.Fprintf(&b, "- %s\n", name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(now)) {
		was, ok := before[name]
		if !ok {
			fmt.Fprintf(&b, "+ %s\n", name)
			continue
		}
		diff := cmp.Diff(was, now[name])
		if diff != "" && strings.HasPrefix(name, "Secret/") {
			diff = "\tits content or metadata\n"
		}
		if diff != "" {
			fmt.Fprintf(&b, "~ %s:\n%s", name, diff)
		}
	}
	return b.String()
}

// atOnce is what changes with the end of a session and not after it.
func (s State) atOnce() State {
	out := State{}
	for name, o := range s {
		switch kind, _, _ := strings.Cut(name, "/"); kind {
		case "ReplicaSet", "ServiceAccount", "Role", "RoleBinding":
		default:
			out[name] = o
		}
	}
	return out
}

// AwaitState waits until the namespace is as before in everything, its pods
// have settled, and none of them is a session's.
func (n *Namespace) AwaitState(before State) {
	n.T.Helper()
	Eventually(n.T, "namespace "+n.Name+" as it was", func(ctx context.Context) error {
		now, err := n.state(ctx)
		if err != nil {
			return err
		}
		if diff := difference(before, now); diff != "" {
			return fmt.Errorf("(-before +now):\n%s", diff)
		}
		pods, err := n.Pods(ctx, DevLabel)
		if err != nil {
			return err
		}
		if len(pods) > 0 {
			return fmt.Errorf("dev pod %s is still there", pods[0].Name)
		}
		return n.Settled(ctx)
	})
}

// Versions is every object's UID and resource version: what changes with any
// write at all. Pods are there by name alone, as their status lives.
func (n *Namespace) Versions() map[string]string {
	n.T.Helper()
	out := map[string]string{}
	ctx := n.T.Context()
	var all metav1.ListOptions
	deployments, err := n.Cluster.AppsV1().Deployments(n.Name).List(ctx, all)
	if err != nil {
		n.T.Fatalf("%v", err)
	}
	for _, o := range deployments.Items {
		out["Deployment/"+o.Name] = string(o.UID) + "@" + o.ResourceVersion
	}
	statefulSets, err := n.Cluster.AppsV1().StatefulSets(n.Name).List(ctx, all)
	if err != nil {
		n.T.Fatalf("%v", err)
	}
	for _, o := range statefulSets.Items {
		out["StatefulSet/"+o.Name] = string(o.UID) + "@" + o.ResourceVersion
	}
	secrets, err := n.Cluster.CoreV1().Secrets(n.Name).List(ctx, all)
	if err != nil {
		n.T.Fatalf("%v", err)
	}
	for _, o := range secrets.Items {
		out["Secret/"+o.Name] = string(o.UID) + "@" + o.ResourceVersion
	}
	pods, err := n.Cluster.CoreV1().Pods(n.Name).List(ctx, all)
	if err != nil {
		n.T.Fatalf("%v", err)
	}
	for _, o := range pods.Items {
		out["Pod/"+o.Name] = string(o.UID)
	}
	return out
}

// RequireNoTrace fails unless a workspace's machine side is clean: no
// environment file and no entry in the journal.
func (w *Workspace) RequireNoTrace() {
	w.T.Helper()
	for _, pattern := range []string{
		filepath.Join(w.Dir, ".tandem", "*.env"), filepath.Join(w.Dir, ".tandem", "*.json"),
		filepath.Join(w.StateDir, "sessions", "*.json"), filepath.Join(w.StateDir, "sessions", "*.private"),
	} {
		left, err := filepath.Glob(pattern)
		if err != nil {
			w.T.Fatalf("%v", err)
		}
		for _, path := range left {
			w.T.Errorf("%s is left behind", path)
		}
	}
	if entries, err := os.ReadDir(filepath.Join(w.Dir, ".tandem")); err == nil {
		for _, e := range entries {
			if e.Name() != ".gitignore" {
				w.T.Errorf("%s is left in .tandem", e.Name())
			}
		}
	}
}
