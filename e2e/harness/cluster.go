package harness

import (
	"context"
	"net/http"
	"os"
	"sync"
	"time"

	utilnet "k8s.io/apimachinery/pkg/util/net"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
)

// Cluster is the real one, as its administrator.
type Cluster struct {
	*kubernetes.Clientset
	Config     *rest.Config
	Kubeconfig string // path
}

// Connect connects to the cluster of KUBECONFIG and fails the test without one.
func Connect(t T) *Cluster {
	t.Helper()
	c, err := connect()
	if err != nil {
		t.Fatalf("no cluster: %v\n  hint: set KUBECONFIG and TANDEM_TEST_REGISTRY, or run under scripts/with-cluster", err)
	}
	return c
}

var connect = sync.OnceValues(func() (*Cluster, error) {
	path := os.Getenv(clientcmd.RecommendedConfigPathEnvVar)
	if path == "" {
		return nil, os.ErrNotExist
	}
	config, err := clientcmd.BuildConfigFromFlags("", path)
	if err != nil {
		return nil, err
	}
	config.QPS, config.Burst = 200, 400 // many tests share it
	config.UserAgent = "tandem-e2e"
	set, err := kubernetes.NewForConfig(config)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if _, err := set.RESTClient().Get().AbsPath("/readyz").DoRaw(ctx); err != nil {
		return nil, err
	}
	return &Cluster{Clientset: set, Config: config, Kubeconfig: path}, nil
})

// closeIdle ends the connections that the client and the tests' own HTTP client
// keep for a next request, with their goroutines.
func (c *Cluster) closeIdle() {
	utilnet.CloseIdleConnectionsFor(c.CoreV1().RESTClient().(*rest.RESTClient).Client.Transport)
	http.DefaultClient.CloseIdleConnections()
}

// Registry is where images are pushed to and pulled from.
func Registry() string {
	if r := os.Getenv("TANDEM_TEST_REGISTRY"); r != "" {
		return r
	}
	return "127.0.0.1:5000"
}
