package cluster

import (
	"archive/tar"
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/pem"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/crane"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/rs/zerolog"
	"golang.org/x/crypto/ssh"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/utils/ptr"
)

// lab is one namespace of a real cluster for one test, and an administrator's
// client for what the code under test does not do itself.
type lab struct {
	*testing.T
	kubeconfig string
	namespace  string
	admin      *kubernetes.Clientset
	image      string // holds the agent, and /original as its entrypoint
}

// newLab needs a cluster: TANDEM_TEST_KUBECONFIG, else KUBECONFIG, names it, and
// TANDEM_TEST_REGISTRY a registry (default 127.0.0.1:5000) that its nodes pull
// from. Without them the test is skipped, or fails where
// TANDEM_TEST_CLUSTER=required.
func newLab(t *testing.T, podSecurity string) *lab {
	t.Helper()
	missing := t.Skipf
	if os.Getenv("TANDEM_TEST_CLUSTER") == "required" {
		missing = t.Fatalf
	}
	kubeconfig := os.Getenv("TANDEM_TEST_KUBECONFIG")
	if kubeconfig == "" {
		kubeconfig = os.Getenv("KUBECONFIG")
	}
	if kubeconfig == "" {
		missing("no cluster: neither TANDEM_TEST_KUBECONFIG nor KUBECONFIG is set")
	}
	config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err != nil {
		missing("no cluster: %v", err)
	}
	admin, err := kubernetes.NewForConfig(config)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	namespace, err := admin.CoreV1().Namespaces().Create(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{
		GenerateName: "clu-", Labels: map[string]string{"pod-security.kubernetes.io/enforce": podSecurity},
	}}, metav1.CreateOptions{})
	if err != nil {
		missing("the cluster of %s cannot be used: %v", kubeconfig, err)
	}
	t.Cleanup(func() {
		if err := admin.CoreV1().Namespaces().Delete(context.Background(), namespace.Name, metav1.DeleteOptions{}); err != nil {
			t.Error(err)
		}
	})
	image, err := testImage()
	if err != nil {
		missing("no test image: %v", err)
	}
	return &lab{T: t, kubeconfig: kubeconfig, namespace: namespace.Name, admin: admin, image: image}
}

// testImage builds the agent and the original and pushes them as one image,
// once per test run.
var testImage = sync.OnceValues(func() (string, error) {
	var layer bytes.Buffer
	w := tar.NewWriter(&layer)
	for name, source := range map[string]string{"tandem-agent": "../../cmd/tandem-agent", "original": "./testdata/original"} {
		file := filepath.Join(os.TempDir(), fmt.Sprintf("%s-%d", name, os.Getpid()))
		defer os.Remove(file)
		build := exec.Command("go", "build", "-trimpath", "-ldflags=-s -w", "-o", file, source)
		build.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux")
		if text, err := build.CombinedOutput(); err != nil {
			return "", fmt.Errorf("building %s: %w\n%s", source, err, text)
		}
		content, err := os.ReadFile(file)
		if err != nil {
			return "", err
		}
		if err := w.WriteHeader(&tar.Header{Name: name, Mode: 0o755, Size: int64(len(content))}); err != nil {
			return "", err
		}
		if _, err := w.Write(content); err != nil {
			return "", err
		}
	}
	if err := w.Close(); err != nil {
		return "", err
	}
	return pushImage(layer.Bytes())
})

func testRegistry() string {
	if r := os.Getenv("TANDEM_TEST_REGISTRY"); r != "" {
		return r
	}
	return "127.0.0.1:5000"
}

func pushImage(layer []byte) (string, error) {
	l, err := tarball.LayerFromOpener(func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(layer)), nil })
	if err != nil {
		return "", err
	}
	image, err := mutate.AppendLayers(empty.Image, l)
	if err != nil {
		return "", err
	}
	file, err := image.ConfigFile()
	if err != nil {
		return "", err
	}
	file = file.DeepCopy()
	file.OS, file.Architecture = "linux", runtime.GOARCH
	file.Config.User, file.Config.Entrypoint = "65532", []string{"/original"}
	if image, err = mutate.ConfigFile(image, file); err != nil {
		return "", err
	}
	digest, err := image.Digest()
	if err != nil {
		return "", err
	}
	ref := testRegistry() + "/tandem-test/cluster:" + digest.Hex[:12]
	return ref, crane.Push(image, ref, crane.Insecure)
}

// connect is the Cluster under test, as the administrator.
func (l *lab) connect() *Cluster {
	l.Helper()
	return l.connectAs(l.kubeconfig)
}

func (l *lab) connectAs(kubeconfig string) *Cluster {
	l.Helper()
	c, err := Connect(Options{Kubeconfig: kubeconfig, Namespace: l.namespace, UserAgent: "tandem-test", Logger: zerolog.Nop()})
	if err != nil {
		l.Fatal(err)
	}
	return c
}

// deployment is an original that the restricted Pod Security Standard admits.
func (l *lab) deployment(name string, change func(*appsv1.Deployment)) *appsv1.Deployment {
	l.Helper()
	labels := map[string]string{"app": name}
	d := &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{"team": "a"}, Annotations: map[string]string{"note": "kept"}},
		Spec: appsv1.DeploymentSpec{
			Replicas: ptr.To[int32](2),
			Selector: &metav1.LabelSelector{MatchLabels: labels},
			Template: corev1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{Labels: labels}, Spec: l.podSpec()},
		},
	}
	if change != nil {
		change(d)
	}
	created, err := l.admin.AppsV1().Deployments(l.namespace).Create(l.Context(), d, metav1.CreateOptions{})
	if err != nil {
		l.Fatal(err)
	}
	return created
}

func (l *lab) podSpec() corev1.PodSpec {
	return corev1.PodSpec{
		TerminationGracePeriodSeconds: ptr.To[int64](1),
		SecurityContext: &corev1.PodSecurityContext{
			RunAsNonRoot: ptr.To(true), SeccompProfile: &corev1.SeccompProfile{Type: corev1.SeccompProfileTypeRuntimeDefault},
		},
		Containers: []corev1.Container{{
			Name: "app", Image: l.image,
			Ports: []corev1.ContainerPort{{Name: "http", ContainerPort: 8080}},
			SecurityContext: &corev1.SecurityContext{
				AllowPrivilegeEscalation: ptr.To(false), ReadOnlyRootFilesystem: ptr.To(true),
				Capabilities: &corev1.Capabilities{Drop: []corev1.Capability{"ALL"}},
			},
			ReadinessProbe: &corev1.Probe{PeriodSeconds: 1, ProbeHandler: corev1.ProbeHandler{TCPSocket: &corev1.TCPSocketAction{Port: intstr.FromInt32(8080)}}},
		}},
	}
}

func (l *lab) awaitAvailable(name string, replicas int32) {
	l.Helper()
	l.eventually("the original is available", func() bool {
		d, err := l.admin.AppsV1().Deployments(l.namespace).Get(l.Context(), name, metav1.GetOptions{})
		return err == nil && d.Status.ReadyReplicas == replicas && d.Status.ObservedGeneration == d.Generation
	})
}

// awaitObserved waits until the controller has written its own annotation.
func (l *lab) awaitObserved(name string) {
	l.Helper()
	l.eventually("the controller has seen the original", func() bool {
		d, err := l.admin.AppsV1().Deployments(l.namespace).Get(l.Context(), name, metav1.GetOptions{})
		return err == nil && d.Status.ObservedGeneration == d.Generation && d.Annotations["deployment.kubernetes.io/revision"] != ""
	})
}

// eventually polls as the administrator: the tests have no watch to borrow.
func (l *lab) eventually(what string, holds func() bool) {
	l.Helper()
	for end := time.Now().Add(60 * time.Second); !holds(); time.Sleep(100 * time.Millisecond) {
		if time.Now().After(end) {
			l.Fatalf("in vain: %s", what)
		}
	}
}

// agentKeys are a pair for the agent and a client that trusts it.
func (l *lab) agentKeys() (AgentKeys, *ssh.ClientConfig) {
	l.Helper()
	_, host, err := ed25519.GenerateKey(nil)
	if err != nil {
		l.Fatal(err)
	}
	block, err := ssh.MarshalPrivateKey(host, "")
	if err != nil {
		l.Fatal(err)
	}
	hostSigner, err := ssh.NewSignerFromKey(host)
	if err != nil {
		l.Fatal(err)
	}
	_, client, err := ed25519.GenerateKey(nil)
	if err != nil {
		l.Fatal(err)
	}
	signer, err := ssh.NewSignerFromKey(client)
	if err != nil {
		l.Fatal(err)
	}
	return AgentKeys{Host: pem.EncodeToMemory(block), Authorized: ssh.MarshalAuthorizedKey(signer.PublicKey())},
		&ssh.ClientConfig{User: "tandem", Auth: []ssh.AuthMethod{ssh.PublicKeys(signer)}, HostKeyCallback: ssh.FixedHostKey(hostSigner.PublicKey())}
}

func (l *lab) spec(keys AgentKeys, reverse ...int) DivertSpec {
	return DivertSpec{SessionID: l.namespace + "/app", Owner: "tester", Host: "laptop", Since: time.Now(), AgentImage: l.image, Keys: keys, Reverse: reverse}
}

// sshTo connects to the agent as the tunnel does.
func (l *lab) sshTo(c *Cluster, pod Pod, port int, config *ssh.ClientConfig) *ssh.Client {
	l.Helper()
	conn, err := c.Dial(l.Context(), pod.Namespace, pod.Name, port)
	if err != nil {
		l.Fatal(err)
	}
	return l.sshOver(conn, config)
}

func (l *lab) sshOver(conn net.Conn, config *ssh.ClientConfig) *ssh.Client {
	l.Helper()
	s, channels, requests, err := ssh.NewClientConn(conn, "dev", config)
	if err != nil {
		l.Fatal(err)
	}
	client := ssh.NewClient(s, channels, requests)
	l.Cleanup(func() { client.Close() })
	return client
}

// requests are the API requests so far, as one line.
func requests(c *Cluster) string {
	return strings.Join([]string{fmt.Sprint(c.Requests(), " requests"), fmt.Sprint(c.Watches(), " watches"), fmt.Sprint(c.Streams(), " streams")}, ", ")
}

// get asks a pod over HTTP, from inside the cluster: the test's machine cannot
// reach pods, the API server's proxy can.
func (l *lab) get(podIP string) string {
	l.Helper()
	pods, err := l.admin.CoreV1().Pods(l.namespace).List(l.Context(), metav1.ListOptions{})
	if err != nil {
		l.Fatal(err)
	}
	for _, p := range pods.Items {
		if p.Status.PodIP == podIP {
			text, err := l.admin.CoreV1().RESTClient().Get().Namespace(l.namespace).Resource("pods").
				Name(p.Name + ":8080").SubResource("proxy").Do(l.Context()).Raw()
			if err != nil {
				l.Error(err)
			}
			return strings.TrimSpace(string(text))
		}
	}
	l.Errorf("no pod has the address %s", podIP)
	return ""
}
