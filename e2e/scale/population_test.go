package scale

import (
	"context"
	"fmt"
	"net"
	"sync"
	"testing"

	"golang.org/x/sync/errgroup"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/types"
	utilnet "k8s.io/apimachinery/pkg/util/net"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"github.com/tandem-dev/tandem/e2e/harness"
	"github.com/tandem-dev/tandem/rpc/protocol"
)

// What a session calls its objects; docs/security.md has them.
const (
	devLabel          = "tandem.dev/dev-container"
	sessionAnnotation = "tandem.dev/session"
)

// perNamespace sessions share a namespace, and what their environments are made of.
const perNamespace = 20

// left is what a real session has in the cluster while it is ready.
type left struct {
	original, dev *appsv1.Deployment
	secret        *corev1.Secret
	// configMaps and secrets are what the container's environment refers to.
	configMaps, secrets []string
	// bytes is what the API server stores of the session: its Deployment, the
	// ReplicaSet and the pod made of that, its Secret, the mark on the original.
	bytes int
}

// observe runs a session without a guard in the cluster and looks at what it leaves.
func observe(t *testing.T) left {
	ns := harness.NewNamespace(t)
	c := harness.ServeWith(harness.NewWorkspace(t, ns), harness.Options{Initialization: protocol.InitializationOptions{GuardTTLSeconds: -1}})
	snap := c.MustStart("api")
	apps, core, ctx := ns.Cluster.AppsV1(), ns.Cluster.CoreV1(), t.Context()
	var l left
	var err error
	l.original, err = apps.Deployments(ns.Name).Get(ctx, "api", metav1.GetOptions{})
	must(t, err)
	l.dev, err = apps.Deployments(ns.Name).Get(ctx, "api-tandem", metav1.GetOptions{})
	must(t, err)
	ours := metav1.ListOptions{LabelSelector: devLabel + "=" + l.dev.Labels[devLabel]}
	secrets, err := core.Secrets(ns.Name).List(ctx, ours)
	must(t, err)
	replicaSets, err := apps.ReplicaSets(ns.Name).List(ctx, ours)
	must(t, err)
	pods, err := core.Pods(ns.Name).List(ctx, ours)
	must(t, err)
	if len(secrets.Items) != 1 || len(replicaSets.Items) != 1 || len(pods.Items) != 1 {
		t.Fatalf("a session leaves %d Secrets, %d ReplicaSets, %d pods", len(secrets.Items), len(replicaSets.Items), len(pods.Items))
	}
	l.secret = &secrets.Items[0]
	l.bytes = l.dev.Size() + l.secret.Size() + replicaSets.Items[0].Size() + pods.Items[0].Size() + len(l.original.Annotations[sessionAnnotation])
	seen := map[string]bool{}
	refer := func(list *[]string, kind, name string) {
		if !seen[kind+name] {
			seen[kind+name] = true
			*list = append(*list, name)
		}
	}
	for _, container := range l.original.Spec.Template.Spec.Containers {
		for _, from := range container.EnvFrom {
			if from.ConfigMapRef != nil {
				refer(&l.configMaps, "ConfigMap", from.ConfigMapRef.Name)
			}
			if from.SecretRef != nil {
				refer(&l.secrets, "Secret", from.SecretRef.Name)
			}
		}
		for _, v := range container.Env {
			if v.ValueFrom != nil && v.ValueFrom.ConfigMapKeyRef != nil {
				refer(&l.configMaps, "ConfigMap", v.ValueFrom.ConfigMapKeyRef.Name)
			}
			if v.ValueFrom != nil && v.ValueFrom.SecretKeyRef != nil {
				refer(&l.secrets, "Secret", v.ValueFrom.SecretKeyRef.Name)
			}
		}
	}
	c.MustStop(snap.ID)
	return l
}

// watches is how many a session holds: the pods, the dev Deployment, the original,
// and one for each object of the environment.
func (l left) watches() int { return 3 + len(l.configMaps) + len(l.secrets) }

// population are simulated sessions.
type population struct {
	t        *testing.T
	cluster  *harness.Cluster
	left     left
	name     string // of the namespaces
	sessions []*session
	reading  sync.WaitGroup // a goroutine for each watch; they end with close
}

// session is a simulated one.
type session struct {
	namespace, name string
	client          *kubernetes.Clientset
	watches         []watch.Interface
	marked          chan struct{} // a token when its dev Deployment has changed
}

// grow makes the population n sessions large.
func (p *population) grow(n int) {
	p.t.Helper()
	from := len(p.sessions)
	p.sessions = append(p.sessions, make([]*session, n-from)...)
	for i := from; i < n; i++ {
		p.sessions[i] = &session{namespace: fmt.Sprintf("%s-%d", p.name, i/perNamespace), name: fmt.Sprintf("svc-%d", i), marked: make(chan struct{}, 1)}
	}
	for at := from / perNamespace; at <= (n-1)/perNamespace; at++ {
		if at*perNamespace >= from {
			p.namespace(fmt.Sprintf("%s-%d", p.name, at))
		}
	}
	var g errgroup.Group
	g.SetLimit(16)
	for _, s := range p.sessions[from:] {
		g.Go(func() error {
			if err := p.leave(s); err != nil {
				return err
			}
			return p.follow(s)
		})
	}
	if err := g.Wait(); err != nil {
		p.t.Fatal(err)
	}
}

// namespace makes one, with the objects that environments are made of.
func (p *population) namespace(name string) {
	p.t.Helper()
	ctx, core := p.t.Context(), p.cluster.CoreV1()
	_, err := core.Namespaces().Create(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}}, metav1.CreateOptions{})
	p.t.Cleanup(func() {
		_ = core.Namespaces().Delete(context.Background(), name, metav1.DeleteOptions{}) // the test's context is over
	})
	for _, source := range p.left.configMaps {
		if err == nil {
			_, err = core.ConfigMaps(name).Create(ctx, &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: source}, Data: map[string]string{"KEY": "value"}}, metav1.CreateOptions{})
		}
	}
	for _, source := range p.left.secrets {
		if err == nil {
			_, err = core.Secrets(name).Create(ctx, &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: source}, StringData: map[string]string{"KEY": "value"}}, metav1.CreateOptions{})
		}
	}
	if err != nil {
		p.t.Fatal(err)
	}
}

// leave makes a session's objects, with the original that they belong to.
func (p *population) leave(s *session) error {
	ctx, zero := p.t.Context(), int32(0)
	original := &appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{Name: s.name, Labels: p.left.original.Labels, Annotations: p.left.original.Annotations}, Spec: *p.left.original.Spec.DeepCopy()}
	original.Spec.Replicas = &zero
	own := map[string]string{"app": s.name}
	original.Spec.Selector, original.Spec.Template.Labels = &metav1.LabelSelector{MatchLabels: own}, own
	made, err := p.cluster.AppsV1().Deployments(s.namespace).Create(ctx, original, metav1.CreateOptions{})
	if err != nil {
		return err
	}
	mine := func(m metav1.ObjectMeta, name string) metav1.ObjectMeta {
		out := metav1.ObjectMeta{Name: name, Labels: map[string]string{}, Annotations: m.Annotations,
			OwnerReferences: []metav1.OwnerReference{{APIVersion: "apps/v1", Kind: "Deployment", Name: made.Name, UID: made.UID}}}
		for k, v := range m.Labels {
			out.Labels[k] = v
		}
		out.Labels[devLabel] = s.name
		return out
	}
	dev := &appsv1.Deployment{ObjectMeta: mine(p.left.dev.ObjectMeta, s.name+"-tandem"), Spec: *p.left.dev.Spec.DeepCopy()}
	dev.Spec.Replicas = &zero
	ours := map[string]string{devLabel: s.name, "app": s.name}
	dev.Spec.Selector, dev.Spec.Template.Labels = &metav1.LabelSelector{MatchLabels: map[string]string{devLabel: s.name}}, ours
	if _, err := p.cluster.AppsV1().Deployments(s.namespace).Create(ctx, dev, metav1.CreateOptions{}); err != nil {
		return err
	}
	secret := &corev1.Secret{ObjectMeta: mine(p.left.secret.ObjectMeta, s.name+"-tandem-keys"), Data: p.left.secret.Data, Immutable: p.left.secret.Immutable, Type: p.left.secret.Type}
	_, err = p.cluster.CoreV1().Secrets(s.namespace).Create(ctx, secret, metav1.CreateOptions{})
	return err
}

// follow opens a session's watches, over a connection of its own.
func (p *population) follow(s *session) error {
	config := rest.CopyConfig(p.cluster.Config)
	config.Dial = new(net.Dialer).DialContext // a transport is shared by those with the same
	config.QPS, config.Burst = 200, 400
	var err error
	if s.client, err = kubernetes.NewForConfig(config); err != nil {
		return err
	}
	ctx, apps, core := p.t.Context(), s.client.AppsV1(), s.client.CoreV1()
	named := func(name string) metav1.ListOptions {
		return metav1.ListOptions{FieldSelector: fields.OneTermEqualSelector(metav1.ObjectNameField, name).String(), AllowWatchBookmarks: true}
	}
	add := func(w watch.Interface, err error, event func()) error {
		if err != nil {
			return err
		}
		s.watches = append(s.watches, w)
		p.reading.Go(func() { // ends with the watch
			for range w.ResultChan() {
				event()
			}
		})
		return nil
	}
	none := func() {}
	w, err := core.Pods(s.namespace).Watch(ctx, metav1.ListOptions{LabelSelector: labels.Set{"app": s.name}.String(), AllowWatchBookmarks: true})
	if err := add(w, err, none); err != nil {
		return err
	}
	w, err = apps.Deployments(s.namespace).Watch(ctx, named(s.name))
	if err := add(w, err, none); err != nil {
		return err
	}
	w, err = apps.Deployments(s.namespace).Watch(ctx, named(s.name+"-tandem"))
	if err := add(w, err, func() {
		select {
		case s.marked <- struct{}{}:
		default:
		}
	}); err != nil {
		return err
	}
	for _, name := range p.left.configMaps {
		w, err := core.ConfigMaps(s.namespace).Watch(ctx, named(name))
		if err := add(w, err, none); err != nil {
			return err
		}
	}
	for _, name := range p.left.secrets {
		w, err := core.Secrets(s.namespace).Watch(ctx, named(name))
		if err := add(w, err, none); err != nil {
			return err
		}
	}
	return nil
}

// close ends the watches and their connections.
func (p *population) close() {
	for _, s := range p.sessions {
		for _, w := range s.watches {
			w.Stop()
		}
	}
	p.reading.Wait()
	for _, s := range p.sessions {
		if s.client != nil {
			utilnet.CloseIdleConnectionsFor(s.client.CoreV1().RESTClient().(*rest.RESTClient).Client.Transport)
		}
	}
}

// mark changes a session's dev Deployment, as the one who takes over does.
func (s *session) mark(ctx context.Context, n int) error {
	_, err := s.client.AppsV1().Deployments(s.namespace).Patch(ctx, s.name+"-tandem", types.MergePatchType,
		fmt.Appendf(nil, `{"metadata":{"annotations":{"scale.test/mark":"%d"}}}`, n), metav1.PatchOptions{})
	return err
}
