package faults

import (
	"archive/tar"
	"bytes"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sync"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/utils/ptr"

	"github.com/tandem-dev/tandem/e2e/harness"
)

// The names in a scene's namespace.
const (
	original = "app"     // what the session stands in for
	witness  = "witness" // who asks it, and is asked through the forward
)

// shared is a folder for what a whole run uses; TestMain makes and removes it.
var shared string

// partyProgram is the program of e2e/faults/party, built once per run.
func partyProgram(t *testing.T) string {
	t.Helper()
	path, err := builtParty()
	if err != nil {
		t.Fatal(err)
	}
	return path
}

var builtParty = sync.OnceValues(func() (string, error) {
	program := filepath.Join(shared, "party")
	build := exec.Command("go", "build", "-trimpath", "-ldflags", "-s -w", "-o", program, "./party")
	build.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux")
	if text, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("building the party: %w\n%s", err, text)
	}
	return program, nil
})

// partyImage is the program as an image that the cluster can pull.
func partyImage(t *testing.T) string {
	t.Helper()
	ref, err := pushedParty()
	if err != nil {
		t.Fatal(err)
	}
	return ref
}

var pushedParty = sync.OnceValues(func() (string, error) {
	program, err := builtParty()
	if err != nil {
		return "", err
	}
	image, err := imageOf(program)
	if err != nil {
		return "", err
	}
	ref, err := name.ParseReference(harness.Registry()+"/tandem/faults-party:1", name.Insecure)
	if err != nil {
		return "", err
	}
	transport := &http.Transport{}
	defer transport.CloseIdleConnections()
	if err := remote.Write(ref, image, remote.WithTransport(transport)); err != nil {
		return "", fmt.Errorf("pushing the party: %w", err)
	}
	digest, err := image.Digest()
	return ref.Context().Digest(digest.String()).String(), err
})

func imageOf(program string) (v1.Image, error) {
	content, err := os.ReadFile(program)
	if err != nil {
		return nil, err
	}
	var layer bytes.Buffer
	w := tar.NewWriter(&layer)
	if err := w.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: "party", Mode: 0o755, Size: int64(len(content))}); err != nil {
		return nil, err
	}
	if _, err := w.Write(content); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	l, err := tarball.LayerFromOpener(func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(layer.Bytes())), nil })
	if err != nil {
		return nil, err
	}
	image, err := mutate.AppendLayers(empty.Image, l)
	if err != nil {
		return nil, err
	}
	config, err := image.ConfigFile()
	if err != nil {
		return nil, err
	}
	config = config.DeepCopy()
	config.OS, config.Architecture = "linux", runtime.GOARCH
	config.Config = v1.Config{Entrypoint: []string{"/party"}, User: "65532"}
	return mutate.ConfigFile(image, config)
}

// deploy makes a Deployment of parties with its Service and, for the original, a
// ConfigMap and a Secret that its environment is made of.
func deploy(ns *harness.Namespace, app, image string, replicas int32) {
	labels := map[string]string{"app": app}
	meta := metav1.ObjectMeta{Name: app, Labels: labels}
	container := corev1.Container{
		Name: app, Image: image, ImagePullPolicy: corev1.PullIfNotPresent,
		Ports: []corev1.ContainerPort{{Name: "http", ContainerPort: 8080}, {Name: "echo", ContainerPort: 9000}},
		ReadinessProbe: &corev1.Probe{PeriodSeconds: 1, ProbeHandler: corev1.ProbeHandler{
			HTTPGet: &corev1.HTTPGetAction{Path: "/who", Port: intstr.FromString("http")}}},
		SecurityContext: &corev1.SecurityContext{AllowPrivilegeEscalation: ptr.To(false),
			Capabilities: &corev1.Capabilities{Drop: []corev1.Capability{"ALL"}}},
	}
	if app == original {
		container.Env = []corev1.EnvVar{{Name: "GREETING", Value: "hello"}, {Name: "PASSWORD", ValueFrom: &corev1.EnvVarSource{
			SecretKeyRef: &corev1.SecretKeySelector{LocalObjectReference: corev1.LocalObjectReference{Name: "credentials"}, Key: "password"}}}}
		must(ns.T, ns.Create(credentials()))
		// It goes on for a second when it has been told to end, as programs do that
		// close in good order.
		container.Lifecycle = &corev1.Lifecycle{PreStop: &corev1.LifecycleHandler{Sleep: &corev1.SleepAction{Seconds: 2}}}
	}
	must(ns.T, ns.Create(&appsv1.Deployment{ObjectMeta: meta, Spec: appsv1.DeploymentSpec{
		Replicas: ptr.To(replicas), Selector: &metav1.LabelSelector{MatchLabels: labels},
		Template: corev1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{Labels: labels}, Spec: corev1.PodSpec{
			TerminationGracePeriodSeconds: ptr.To[int64](5), AutomountServiceAccountToken: ptr.To(false),
			SecurityContext: &corev1.PodSecurityContext{RunAsNonRoot: ptr.To(true), RunAsUser: ptr.To[int64](65532),
				SeccompProfile: &corev1.SeccompProfile{Type: corev1.SeccompProfileTypeRuntimeDefault}},
			Containers: []corev1.Container{container}}}}}))
	must(ns.T, ns.Create(&corev1.Service{ObjectMeta: metav1.ObjectMeta{Name: app}, Spec: corev1.ServiceSpec{
		Selector: labels, Ports: []corev1.ServicePort{
			{Name: "http", Port: 80, TargetPort: intstr.FromString("http")}, {Name: "echo", Port: 9000, TargetPort: intstr.FromString("echo")}}}}))
}

// credentials are what a part of the original's environment comes from.
func credentials() *corev1.Secret {
	return &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: "credentials"}, StringData: map[string]string{"password": "made up"}}
}

func must(t harness.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatalf("%v", err)
	}
}
