package bench

import (
	"archive/tar"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
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
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/utils/ptr"

	"github.com/tandem-dev/tandem/e2e/bench/load"
	"github.com/tandem-dev/tandem/e2e/harness"
)

// stage is a namespace with the shop, and workloads more of one program: "far"
// answers and asks in the cluster, "peer" answers there, "stand" is there to be
// taken over by the session whose tunnels are measured. "ssh" is OpenSSH's server.
// None has a limit of CPU, which would be measured instead.
type stage struct {
	t       *testing.T
	ns      *harness.Namespace
	ws      *harness.Workspace
	user    string // as whom tandem acts, for the audit log
	forward string // URL of far through the forward
	reverse int    // the port of this machine that reverses lead to
	sshKey  []byte // of the pod with OpenSSH's server
	full    bool   // everything is measured, OpenSSH too
	plane   string // the tunnels' data plane
}

func newStage(t *testing.T, full bool, plane string) *stage {
	t.Helper()
	s := &stage{t: t, full: full, plane: plane}
	image := s.pushTarget()
	s.ns = harness.NewNamespace(t)
	apps := []string{"far", "peer", "stand"}
	if s.sshKey != nil {
		apps = append(apps, "ssh")
	}
	for _, app := range apps {
		if err := s.ns.Create(targetDeployment(app, image)); err != nil {
			t.Fatalf("Deployment %s: %v", app, err)
		}
		if err := s.ns.Create(&corev1.Service{
			ObjectMeta: metav1.ObjectMeta{Name: app},
			Spec: corev1.ServiceSpec{Selector: map[string]string{"app": app},
				Ports: []corev1.ServicePort{{Name: "http", Port: 80, TargetPort: intstr.FromInt32(8080)}}},
		}); err != nil {
			t.Fatalf("Service %s: %v", app, err)
		}
	}
	harness.Eventually(t, "the measuring pods", s.ns.Settled)

	s.ws = harness.NewWorkspace(t, s.ns)
	forward := harness.FreePort(t)
	s.reverse = harness.FreePort(t)
	manifest, err := os.ReadFile(s.ws.Manifest())
	if err != nil {
		t.Fatal(err)
	}
	s.ws.WriteManifest(string(manifest) + fmt.Sprintf(`
  stand:
    mode: hybrid
    command: ["true"]
    forward: ["%d:far:80"]
    reverse: ["8080:%d"]
`, forward, s.reverse))
	serveHere(t, s.reverse)
	s.actAs("tandem-bench-" + s.ns.Name)
	s.forward = "http://" + net.JoinHostPort("localhost", strconv.Itoa(forward))
	return s
}

// actAs makes the kubeconfig act as a user of its own with an administrator's
// rights, by whose name the audit log tells this benchmark's requests from
// everybody else's.
func (s *stage) actAs(user string) {
	config, err := clientcmd.LoadFromFile(s.ws.Kubeconfig)
	if err != nil {
		s.t.Fatal(err)
	}
	for _, info := range config.AuthInfos {
		info.Impersonate, info.ImpersonateGroups = user, []string{"system:masters"}
	}
	path := filepath.Join(s.t.TempDir(), "kubeconfig")
	if err := clientcmd.WriteToFile(*config, path); err != nil {
		s.t.Fatal(err)
	}
	s.ws.Kubeconfig, s.user = path, user
}

// serveHere answers on a port of this machine until the test's end.
func serveHere(t *testing.T, port int) {
	t.Helper()
	l, err := net.Listen("tcp", net.JoinHostPort("localhost", strconv.Itoa(port)))
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: load.Handler()}
	ended := make(chan struct{})
	go func() { // ends by Close below
		defer close(ended)
		_ = server.Serve(l) // ErrServerClosed
	}()
	t.Cleanup(func() {
		server.Close()
		<-ended
	})
}

func targetDeployment(app, image string) *appsv1.Deployment {
	labels := map[string]string{"app": app}
	var command []string
	var probe *corev1.Probe
	if app == "ssh" {
		// Its port 8080 is bound by the reverse only.
		command = []string{sshd, "-D", "-e", "-f", "/etc/bench/config"}
	} else {
		probe = &corev1.Probe{PeriodSeconds: 1, ProbeHandler: corev1.ProbeHandler{
			HTTPGet: &corev1.HTTPGetAction{Path: "/small", Port: intstr.FromInt32(8080)},
		}}
	}
	return &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{Name: app, Labels: labels},
		Spec: appsv1.DeploymentSpec{
			Replicas: ptr.To[int32](1),
			Selector: &metav1.LabelSelector{MatchLabels: labels},
			Template: corev1.PodTemplateSpec{
				ObjectMeta: metav1.ObjectMeta{Labels: labels},
				Spec: corev1.PodSpec{
					TerminationGracePeriodSeconds: ptr.To[int64](1),
					AutomountServiceAccountToken:  ptr.To(false),
					SecurityContext: &corev1.PodSecurityContext{
						RunAsNonRoot: ptr.To(true), RunAsUser: ptr.To[int64](65532),
						SeccompProfile: &corev1.SeccompProfile{Type: corev1.SeccompProfileTypeRuntimeDefault},
					},
					Containers: []corev1.Container{{
						Name: app, Image: image, Command: command, Ports: []corev1.ContainerPort{{ContainerPort: 8080}},
						ReadinessProbe: probe,
						SecurityContext: &corev1.SecurityContext{
							AllowPrivilegeEscalation: ptr.To(false),
							Capabilities:             &corev1.Capabilities{Drop: []corev1.Capability{"ALL"}},
						},
					}},
				},
			},
		},
	}
}

// pushTarget builds the program "target" into an image, with OpenSSH's server where
// this machine has it, and pushes it; it returns the reference by digest.
func (s *stage) pushTarget() string {
	t := s.t
	t.Helper()
	program := filepath.Join(t.TempDir(), "target")
	build := exec.Command("go", "build", "-trimpath", "-ldflags", "-s -w", "-o", program, "./target")
	build.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux")
	if text, err := build.CombinedOutput(); err != nil {
		t.Fatalf("building the target: %v\n%s", err, text)
	}
	image, err := targetImage(program)
	if _, missing := os.Stat(sshd); err == nil && missing == nil && s.full {
		var layer v1.Layer
		layer, s.sshKey = sshdLayer(t)
		image, err = mutate.AppendLayers(image, layer)
	}
	if err != nil {
		t.Fatalf("the target's image: %v", err)
	}
	tag := harness.Registry() + "/tandem/bench-target:1"
	ref, err := name.ParseReference(tag, name.Insecure)
	if err == nil {
		transport := &http.Transport{}
		defer transport.CloseIdleConnections()
		err = remote.Write(ref, image, remote.WithContext(t.Context()), remote.WithTransport(transport))
	}
	if err != nil {
		t.Fatalf("pushing the target: %v", err)
	}
	digest, err := image.Digest()
	if err != nil {
		t.Fatal(err)
	}
	return ref.Context().Digest(digest.String()).String()
}

func targetImage(program string) (v1.Image, error) {
	content, err := os.ReadFile(program)
	if err != nil {
		return nil, err
	}
	var layer bytes.Buffer
	w := tar.NewWriter(&layer)
	err = w.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: "target", Mode: 0o755, Size: int64(len(content))})
	if err == nil {
		_, err = w.Write(content)
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		return nil, err
	}
	l, err := tarball.LayerFromOpener(func() (io.ReadCloser, error) {
		return io.NopCloser(bytes.NewReader(layer.Bytes())), nil
	})
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
	config.Config = v1.Config{Entrypoint: []string{"/target"}, User: "65532"}
	return mutate.ConfigFile(image, config)
}

// probe makes the far pod ask the shop's api all the time; what it returns ends
// that.
func (s *stage) probe() func() load.Outage {
	s.t.Helper()
	far := s.ns.Cluster.CoreV1().RESTClient()
	ask := func(verb string) ([]byte, error) {
		return far.Verb(verb).Namespace(s.ns.Name).Resource("services").Name("far:http").
			SubResource("proxy").Suffix("probe").Param("url", "http://api/whoami").DoRaw(s.t.Context())
	}
	if _, err := ask("POST"); err != nil {
		s.t.Fatalf("starting the caller in the cluster: %v", err)
	}
	return func() load.Outage {
		s.t.Helper()
		var o load.Outage
		answer, err := ask("GET")
		if err == nil {
			err = json.Unmarshal(answer, &o)
		}
		if err != nil {
			s.t.Fatalf("the caller in the cluster: %v", err)
		}
		return o
	}
}
