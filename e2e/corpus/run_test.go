package corpus

import (
	"bufio"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/watch"

	"github.com/tandem-dev/tandem/e2e/harness"
	"github.com/tandem-dev/tandem/envfile"
	"github.com/tandem-dev/tandem/session"
)

// patience bounds the wait for one container; twenty start at once.
const patience = 90 * time.Second

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// bareNamespace is a namespace without the shop.
func bareNamespace(t *testing.T, name string) *harness.Namespace {
	t.Helper()
	c := harness.Connect(t)
	made, err := c.CoreV1().Namespaces().Create(t.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{
		GenerateName: strings.TrimRight(name, "-") + "-"}}, metav1.CreateOptions{})
	must(t, err)
	t.Cleanup(func() {
		// The test's own context is over by now.
		if err := c.CoreV1().Namespaces().Delete(context.Background(), made.Name, metav1.DeleteOptions{}); err != nil {
			t.Errorf("deleting namespace %s: %v", made.Name, err)
		}
	})
	return &harness.Namespace{T: t, Cluster: c, Name: made.Name}
}

func create(n *harness.Namespace, r *corev1.LimitRange) error {
	_, err := n.Cluster.CoreV1().LimitRanges(n.Name).Create(n.T.Context(), r, metav1.CreateOptions{})
	return err
}

// awaitDefaultAccount waits for what no pod can be made without.
func awaitDefaultAccount(t *testing.T, n *harness.Namespace) {
	harness.Eventually(t, "the default service account", func(ctx context.Context) error {
		_, err := n.Cluster.CoreV1().ServiceAccounts(n.Name).Get(ctx, "default", metav1.GetOptions{})
		return err
	})
}

// workload is a Deployment or StatefulSet with one pod whose container "app"
// prints its environment.
func (r row) workload(name, image string) (*appsv1.Deployment, *appsv1.StatefulSet) {
	app := corev1.Container{Name: "app", Image: image, Env: r.env, EnvFrom: r.envFrom}
	labels := map[string]string{"app": name}
	pod := corev1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{Labels: map[string]string{"app": name}}}
	one, off := int64(1), false
	pod.Spec.TerminationGracePeriodSeconds, pod.Spec.AutomountServiceAccountToken = &one, &off
	pod.Spec.Containers = []corev1.Container{app}
	if r.second {
		front := corev1.Container{Name: "front", Image: image, Env: env(lit("A", "front"), lit("FRONT", "1"))}
		pod.Spec.Containers = []corev1.Container{front, app}
	}
	if r.change != nil {
		r.change(&pod, &pod.Spec.Containers[len(pod.Spec.Containers)-1])
	}
	meta, selector := metav1.ObjectMeta{Name: name}, &metav1.LabelSelector{MatchLabels: labels}
	if r.set {
		return nil, &appsv1.StatefulSet{ObjectMeta: meta, Spec: appsv1.StatefulSetSpec{ServiceName: "quiet", Selector: selector, Template: pod}}
	}
	return &appsv1.Deployment{ObjectMeta: meta, Spec: appsv1.DeploymentSpec{Selector: selector, Template: pod}}, nil
}

// run makes the workload and returns what its container really has. The
// workload goes with the test.
func (r row) run(t *testing.T, n *harness.Namespace, name, image string) map[string]string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	// Before the workload, so that nothing is missed.
	pods, err := n.Cluster.CoreV1().Pods(n.Name).Watch(ctx, metav1.ListOptions{LabelSelector: "app=" + name})
	must(t, err)
	defer pods.Stop()

	d, s := r.workload(name, image)
	background := metav1.DeletePropagationBackground
	t.Cleanup(func() {
		apps, o := n.Cluster.AppsV1(), metav1.DeleteOptions{PropagationPolicy: &background}
		var err error
		if d != nil {
			err = apps.Deployments(n.Name).Delete(context.Background(), name, o)
		} else {
			err = apps.StatefulSets(n.Name).Delete(context.Background(), name, o)
		}
		if err != nil {
			t.Errorf("deleting %s: %v", name, err)
		}
	})
	if d != nil {
		must(t, n.Create(d))
	} else {
		must(t, n.Create(s))
	}
	pod, err := awaitRunning(ctx, pods)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return environOf(t, n, pod)
}

// awaitRunning waits until the container under test runs.
func awaitRunning(ctx context.Context, pods watch.Interface) (string, error) {
	last := "no pod was made"
	for {
		select {
		case <-ctx.Done():
			return "", fmt.Errorf("not within %s: %s", patience, last)
		case e, ok := <-pods.ResultChan():
			if !ok {
				return "", errors.New("the watch of the pods ended")
			}
			pod, isPod := e.Object.(*corev1.Pod)
			if !isPod {
				return "", fmt.Errorf("the watch of the pods: %v", e.Object)
			}
			last = fmt.Sprintf("pod %s is %s", pod.Name, pod.Status.Phase)
			for _, c := range pod.Status.ContainerStatuses {
				switch w := c.State.Waiting; {
				case c.Name == "app" && c.State.Running != nil:
					return pod.Name, nil
				case w != nil && w.Message != "":
					last = fmt.Sprintf("container %s: %s: %s", c.Name, w.Reason, w.Message)
				}
			}
		}
	}
}

// environOf reads the environment that the container printed.
func environOf(t *testing.T, n *harness.Namespace, pod string) map[string]string {
	t.Helper()
	log, err := n.Cluster.CoreV1().Pods(n.Name).GetLogs(pod, &corev1.PodLogOptions{Container: "app", Follow: true}).Stream(t.Context())
	must(t, err)
	defer log.Close()
	line, err := bufio.NewReaderSize(log, 1<<20).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		t.Fatalf("the log of pod %s: %v", pod, err)
	}
	content, err := base64.StdEncoding.DecodeString(strings.TrimSpace(line))
	if err != nil || len(content) == 0 {
		t.Fatalf("the log of pod %s is %q: %v", pod, line, err)
	}
	vars := map[string]string{}
	for entry := range strings.SplitSeq(strings.TrimSuffix(string(content), "\x00"), "\x00") {
		name, value, ok := strings.Cut(entry, "=")
		if _, twice := vars[name]; twice || !ok {
			t.Errorf("the container has the entry %q, malformed or for the second time", entry)
		}
		vars[name] = value
	}
	return vars
}

// manager is the engine with a state folder of its own.
func manager(t *testing.T, n *harness.Namespace, change func(*session.Config)) *session.Manager {
	t.Helper()
	c := session.Config{StateDir: t.TempDir(), Precedence: envfile.Kubelet, Kubeconfig: n.Cluster.Kubeconfig, Namespace: n.Name,
		Version: "corpus", Logger: zerolog.Nop()}
	if change != nil {
		change(&c)
	}
	m, err := session.NewManager(c)
	must(t, err)
	t.Cleanup(func() { must(t, m.Close(context.Background())) })
	return m
}

// okteto writes a manifest with the workload as its only dev container.
func okteto(t *testing.T, name, more string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "okteto.yml")
	text := fmt.Sprintf("dev:\n  %s:\n    mode: hybrid\n    command: [cat]\n    container: app\n%s", name, more)
	must(t, os.WriteFile(path, []byte(text), 0o600))
	return path
}
