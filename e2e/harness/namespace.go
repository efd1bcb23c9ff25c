package harness

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/yaml"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/tools/remotecommand"
)

// Namespace is one namespace of the cluster with the shop in it, for one test.
// It enforces the restricted Pod Security Standard.
type Namespace struct {
	T       T
	Cluster *Cluster
	Name    string
}

// NewNamespace makes a namespace, deploys the shop and waits until it serves.
// change, where not nil, sees every object of the shop before it is made. The
// namespace is deleted with the test; nobody waits for that, which takes the
// cluster ten seconds.
func NewNamespace(t T, change ...func(runtime.Object)) *Namespace {
	t.Helper()
	c := Connect(t)
	made, err := c.CoreV1().Namespaces().Create(t.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{
		GenerateName: "e2e-" + namePart(t.Name()) + "-",
		Labels:       map[string]string{"pod-security.kubernetes.io/enforce": "restricted"},
	}}, metav1.CreateOptions{})
	if err != nil {
		t.Fatalf("making a namespace: %v", err)
	}
	n := &Namespace{T: t, Cluster: c, Name: made.Name}
	t.Cleanup(func() {
		// The test's own context is over by now.
		if err := c.CoreV1().Namespaces().Delete(context.Background(), n.Name, metav1.DeleteOptions{}); err != nil {
			t.Errorf("deleting namespace %s: %v", n.Name, err)
		}
	})
	n.deployShop(change)
	n.AwaitShop()
	return n
}

var notInNames = regexp.MustCompile(`[^a-z0-9]+`)

func namePart(test string) string {
	part := notInNames.ReplaceAllString(strings.ToLower(strings.TrimPrefix(test, "Test")), "-")
	return strings.Trim(part[:min(len(part), 30)], "-")
}

// deployShop makes every object of testbed/shop/k8s.
func (n *Namespace) deployShop(change []func(runtime.Object)) {
	n.T.Helper()
	root, err := Root()
	if err != nil {
		n.T.Fatalf("%v", err)
	}
	files, err := filepath.Glob(filepath.Join(root, "testbed", "shop", "k8s", "*.yaml"))
	if err != nil || len(files) == 0 {
		n.T.Fatalf("the shop's objects: %d files, %v", len(files), err)
	}
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			n.T.Fatalf("%v", err)
		}
		// The manifests name the default registry.
		content = bytes.ReplaceAll(content, []byte("127.0.0.1:5000/"), []byte(Registry()+"/"))
		documents := yaml.NewYAMLReader(bufio.NewReader(bytes.NewReader(content)))
		for {
			document, err := documents.Read()
			if errors.Is(err, io.EOF) {
				break
			}
			if err == nil {
				err = n.create(document, change)
			}
			if err != nil {
				n.T.Fatalf("%s: %v", file, err)
			}
		}
	}
}

func (n *Namespace) create(document []byte, change []func(runtime.Object)) error {
	object, _, err := scheme.Codecs.UniversalDeserializer().Decode(document, nil, nil)
	if err != nil {
		return err
	}
	for _, f := range change {
		f(object)
	}
	return n.Create(object)
}

// Create makes one object of a kind that the shop or a test has.
func (n *Namespace) Create(object runtime.Object) (err error) {
	ctx, core, apps := n.T.Context(), n.Cluster.CoreV1(), n.Cluster.AppsV1()
	var o metav1.CreateOptions
	switch object := object.(type) {
	case *corev1.ConfigMap:
		_, err = core.ConfigMaps(n.Name).Create(ctx, object, o)
	case *corev1.Secret:
		_, err = core.Secrets(n.Name).Create(ctx, object, o)
	case *corev1.Service:
		_, err = core.Services(n.Name).Create(ctx, object, o)
	case *corev1.ServiceAccount:
		_, err = core.ServiceAccounts(n.Name).Create(ctx, object, o)
	case *corev1.ResourceQuota:
		_, err = core.ResourceQuotas(n.Name).Create(ctx, object, o)
	case *appsv1.Deployment:
		_, err = apps.Deployments(n.Name).Create(ctx, object, o)
	case *appsv1.StatefulSet:
		_, err = apps.StatefulSets(n.Name).Create(ctx, object, o)
	default:
		err = fmt.Errorf("the harness makes no %T", object)
	}
	return err
}

// AwaitShop waits until every workload has all its replicas and the front
// reaches the api.
func (n *Namespace) AwaitShop() {
	n.T.Helper()
	Eventually(n.T, "the shop in "+n.Name, n.Settled)
	Eventually(n.T, "an answer of the shop in "+n.Name, func(ctx context.Context) error {
		_, err := n.Whoami(ctx)
		return err
	})
}

// Settled returns nil when every workload has all the replicas it wants, of its
// newest template, and no pod is coming or going.
func (n *Namespace) Settled(ctx context.Context) error {
	deployments, err := n.Cluster.AppsV1().Deployments(n.Name).List(ctx, metav1.ListOptions{})
	if err != nil {
		return err
	}
	want := int32(0)
	for _, d := range deployments.Items {
		if s := d.Status; s.ObservedGeneration < d.Generation || s.UpdatedReplicas != *d.Spec.Replicas ||
			s.Replicas != *d.Spec.Replicas || s.AvailableReplicas != *d.Spec.Replicas {
			return fmt.Errorf("workload %s has %d of %d replicas available", d.Name, s.AvailableReplicas, *d.Spec.Replicas)
		}
		want += *d.Spec.Replicas
	}
	sets, err := n.Cluster.AppsV1().StatefulSets(n.Name).List(ctx, metav1.ListOptions{})
	if err != nil {
		return err
	}
	for _, d := range sets.Items {
		if s := d.Status; s.ObservedGeneration < d.Generation || s.Replicas != *d.Spec.Replicas || s.AvailableReplicas != *d.Spec.Replicas {
			return fmt.Errorf("StatefulSet %s has %d of %d replicas available", d.Name, s.AvailableReplicas, *d.Spec.Replicas)
		}
		want += *d.Spec.Replicas
	}
	pods, err := n.Cluster.CoreV1().Pods(n.Name).List(ctx, metav1.ListOptions{})
	if err != nil {
		return err
	}
	if int32(len(pods.Items)) != want {
		return fmt.Errorf("%d pods for %d replicas", len(pods.Items), want)
	}
	return nil
}

// Identity is which process answered for the api.
type Identity struct {
	Hostname string `json:"hostname"`
	// ServedBy is "cluster", or "local" when a developer's process answered.
	ServedBy string `json:"servedBy"`
	PID      int    `json:"pid"`
}

// Get asks a Service of the namespace through the API server: the port is the
// Service port's name.
func (n *Namespace) Get(ctx context.Context, service, port, path string) ([]byte, error) {
	return n.Cluster.CoreV1().Services(n.Name).ProxyGet("http", service, port, path, nil).DoRaw(ctx)
}

// Whoami asks the front in the cluster, which asks the api's Service.
func (n *Namespace) Whoami(ctx context.Context) (Identity, error) {
	var id Identity
	answer, err := n.Get(ctx, "web", "http", "/whoami")
	if err == nil {
		err = json.Unmarshal(answer, &id)
	}
	return id, err
}

// AwaitServedBy waits until requests from inside the cluster to the api are
// answered by where, and returns the answer.
func (n *Namespace) AwaitServedBy(where string) Identity {
	n.T.Helper()
	var id Identity
	Eventually(n.T, "the api served by "+where, func(ctx context.Context) (err error) {
		if id, err = n.Whoami(ctx); err == nil && id.ServedBy != where {
			err = fmt.Errorf("served by %s", id.ServedBy)
		}
		return err
	})
	return id
}

// Exec runs argv in a container and returns its output.
func (n *Namespace) Exec(pod, container string, argv ...string) []byte {
	n.T.Helper()
	request := n.Cluster.CoreV1().RESTClient().Post().Resource("pods").Namespace(n.Name).Name(pod).SubResource("exec").
		VersionedParams(&corev1.PodExecOptions{Container: container, Command: argv, Stdout: true, Stderr: true}, scheme.ParameterCodec)
	executor, err := remotecommand.NewSPDYExecutor(n.Cluster.Config, "POST", request.URL())
	if err != nil {
		n.T.Fatalf("exec in %s: %v", pod, err)
	}
	var out, complaint bytes.Buffer
	if err := executor.StreamWithContext(n.T.Context(), remotecommand.StreamOptions{Stdout: &out, Stderr: &complaint}); err != nil {
		n.T.Fatalf("exec %q in %s: %v %s", argv, pod, err, complaint.String())
	}
	return out.Bytes()
}

// Pods lists the pods that a label selector matches and that are not on their
// way out.
func (n *Namespace) Pods(ctx context.Context, selector string) ([]corev1.Pod, error) {
	list, err := n.Cluster.CoreV1().Pods(n.Name).List(ctx, metav1.ListOptions{LabelSelector: selector})
	if err != nil {
		return nil, err
	}
	var pods []corev1.Pod
	for _, p := range list.Items {
		if p.DeletionTimestamp == nil {
			pods = append(pods, p)
		}
	}
	return pods, nil
}

// For is the same namespace for a subtest.
func (n *Namespace) For(t T) *Namespace {
	sub := *n
	sub.T = t
	return &sub
}

// AwaitQuota waits until the quota has counted what is there; before that it
// admits anything.
func (n *Namespace) AwaitQuota(name string) {
	n.T.Helper()
	Eventually(n.T, "the count of quota "+name, func(ctx context.Context) error {
		q, err := n.Cluster.CoreV1().ResourceQuotas(n.Name).Get(ctx, name, metav1.GetOptions{})
		if err == nil && len(q.Status.Used) == 0 {
			err = errors.New("nothing is counted yet")
		}
		return err
	})
}

// Deployments lists the Deployments that a label selector matches.
func (n *Namespace) Deployments(ctx context.Context, selector string) ([]appsv1.Deployment, error) {
	list, err := n.Cluster.AppsV1().Deployments(n.Name).List(ctx, metav1.ListOptions{LabelSelector: selector})
	if err != nil {
		return nil, err
	}
	return list.Items, nil
}
