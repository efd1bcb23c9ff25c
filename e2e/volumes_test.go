package e2e

import (
	"context"
	"fmt"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	authenticationv1 "k8s.io/api/authentication/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	utilnet "k8s.io/apimachinery/pkg/util/net"
	authentication "k8s.io/client-go/kubernetes/typed/authentication/v1"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/tandem-dev/tandem/e2e/harness"
	"github.com/tandem-dev/tandem/rpc/protocol"
)

// A program that reads its configuration, a Secret and the service account's
// token from files finds them here as in the container, and sees them change.
func TestVolumes(t *testing.T) {
	t.Parallel()
	ns := harness.NewNamespace(t)
	ws := harness.NewWorkspace(t, ns)
	c := harness.Serve(ws)
	params := c.StartParams("api")
	params.Options.ServiceAccount = true
	var ready protocol.Snapshot
	c.MustCall(protocol.MethodSessionStart, params, &ready)
	v := ready.Volumes
	if v == nil || len(v.Unreadable) > 0 {
		t.Fatalf("volumes: %+v", v)
	}
	running := c.AwaitChange("the local process", func(s protocol.Snapshot) bool { return s.Process != nil })
	environ := environOf(t, running.Process.PID)
	if environ["TANDEM_ROOT"] != v.Root || environ["KUBECONFIG"] != v.Kubeconfig || environ["TANDEM_KUBECONFIG"] != v.Kubeconfig {
		t.Errorf("the process has TANDEM_ROOT=%s, KUBECONFIG=%s", environ["TANDEM_ROOT"], environ["KUBECONFIG"])
	}

	// Every file of the two volumes, to the last byte.
	files, err := ns.Cluster.CoreV1().ConfigMaps(ns.Name).Get(t.Context(), "api-files", metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	payment, err := ns.Cluster.CoreV1().Secrets(ns.Name).Get(t.Context(), "payment", metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{}
	for key, value := range files.Data {
		want["etc/shop/"+key] = value
	}
	for key, value := range files.BinaryData {
		want["etc/shop/"+key] = string(value)
	}
	for key, value := range payment.Data {
		want["etc/payment/"+key] = string(value)
	}
	got := filesBelow(t, v.Root)
	for name := range got {
		if strings.HasPrefix(name, "var/run/secrets/kubernetes.io/serviceaccount/") {
			delete(got, name)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("files (-the cluster's +here):\n%s", diff)
	}

	// The kubeconfig is the service account's.
	config, err := clientcmd.BuildConfigFromFlags("", v.Kubeconfig)
	if err != nil {
		t.Fatal(err)
	}
	client, err := rest.HTTPClientFor(config)
	if err != nil {
		t.Fatal(err)
	}
	defer utilnet.CloseIdleConnectionsFor(client.Transport)
	auth, err := authentication.NewForConfigAndClient(config, client)
	if err != nil {
		t.Fatal(err)
	}
	who, err := auth.SelfSubjectReviews().Create(t.Context(), &authenticationv1.SelfSubjectReview{}, metav1.CreateOptions{})
	if want := "system:serviceaccount:" + ns.Name + ":api"; err != nil || who.Status.UserInfo.Username != want {
		t.Errorf("the kubeconfig is %q's, want %q: %v", who.Status.UserInfo.Username, want, err)
	}

	// A rotation arrives as soon as the kubelet brings it to the pod; writing to
	// the pod makes it look.
	_, err = ns.Cluster.CoreV1().Secrets(ns.Name).Patch(t.Context(), "payment", types.MergePatchType,
		[]byte(`{"stringData":{"password":"rotated"}}`), metav1.PatchOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := ns.Cluster.CoreV1().Pods(ns.Name).Patch(t.Context(), ready.Pod.Name, types.MergePatchType,
		[]byte(`{"metadata":{"annotations":{"shop.example/look":"now"}}}`), metav1.PatchOptions{}); err != nil {
		t.Fatal(err)
	}
	harness.Eventually(t, "the rotated password", func(context.Context) error {
		content, err := os.ReadFile(filepath.Join(v.Root, "etc", "payment", "password"))
		if err == nil && string(content) != "rotated" {
			err = fmt.Errorf("the file has %d other bytes", len(content))
		}
		return err
	})
	c.MustStop(ready.ID)
	ws.RequireNoTrace()
	requireNoSecrets(t, c)
}

// filesBelow is every file below root, which must be for the user's eyes alone.
func filesBelow(t *testing.T, root string) map[string]string {
	t.Helper()
	root, err := filepath.EvalSymlinks(root)
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{}
	err = filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		if info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s has mode %v", path, info.Mode())
		}
		if d.IsDir() {
			return nil
		}
		name, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		content, err := os.ReadFile(path)
		files[name] = string(content)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// Programs that know nothing of Tandem reach a Service that no forward was
// declared for, by its name in the cluster: one that speaks SOCKS only, one that
// speaks HTTP's way, and the session's own command, by its environment.
func TestProxy(t *testing.T) {
	t.Parallel()
	ns := harness.NewNamespace(t)
	ws := harness.NewWorkspace(t, ns)
	c := harness.Serve(ws)
	params := c.StartParams("api")
	params.Options.Proxy = "127.0.0.1:0"
	var ready protocol.Snapshot
	c.MustCall(protocol.MethodSessionStart, params, &ready)
	var proxy protocol.Tunnel
	for _, tunnel := range ready.Tunnels {
		if tunnel.Kind == "proxy" {
			proxy = tunnel
		}
	}
	running := c.AwaitChange("the local process", func(s protocol.Snapshot) bool { return s.Process != nil })
	if got, want := environOf(t, running.Process.PID)["ALL_PROXY"], "socks5h://"+proxy.Local; got != want {
		t.Errorf("the process has ALL_PROXY=%q, want %q", got, want)
	}

	for _, name := range []string{"web", "web." + ns.Name, "web." + ns.Name + ".svc.cluster.local"} {
		out, err := exec.CommandContext(t.Context(), "curl", "--silent", "--show-error", "--fail", "--max-time", "20",
			"--socks5-hostname", proxy.Local, "http://"+name+"/healthz").CombinedOutput()
		if err != nil {
			t.Errorf("curl through SOCKS to %s: %v\n%s", name, err, out)
		}
	}
	client := http.Client{Transport: &http.Transport{
		Proxy: http.ProxyURL(&url.URL{Scheme: "http", Host: proxy.Local}), DisableKeepAlives: true}}
	for target, status := range map[string]int{"http://web/healthz": http.StatusNoContent, "http://web." + ns.Name + ":81/": http.StatusBadGateway} {
		r, err := client.Get(target)
		if err != nil {
			t.Errorf("%s: %v", target, err)
			continue
		}
		r.Body.Close()
		if r.StatusCode != status {
			t.Errorf("%s answers %d, want %d", target, r.StatusCode, status)
		}
	}
	if r := ws.Run("run", "api", "--", "curl", "--silent", "--fail", "--max-time", "20", "http://web."+ns.Name+"/healthz"); r.Code != 0 {
		t.Errorf("tandem run curl: exit code %d\n%s", r.Code, r.Stderr)
	}
	c.MustStop(ready.ID)
	ws.RequireNoTrace()
}
