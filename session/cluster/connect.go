package cluster

import (
	"cmp"
	"context"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"
	utilnet "k8s.io/apimachinery/pkg/util/net"
	appsv1 "k8s.io/client-go/kubernetes/typed/apps/v1"
	authorizationv1 "k8s.io/client-go/kubernetes/typed/authorization/v1"
	corev1 "k8s.io/client-go/kubernetes/typed/core/v1"
	rbacv1 "k8s.io/client-go/kubernetes/typed/rbac/v1"
	_ "k8s.io/client-go/plugin/pkg/client/auth/exec" // kubeconfigs that run a credential program
	_ "k8s.io/client-go/plugin/pkg/client/auth/oidc" // kubeconfigs with an OpenID Connect refresh token
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/tandem-dev/tandem/internal/fault"
)

// Options say which cluster to talk to, in the words of kubectl.
type Options struct {
	// Kubeconfig is the path of one file. Empty: the files that KUBECONFIG
	// lists, else ~/.kube/config, else the credentials of the pod we run in.
	Kubeconfig string
	// Context is the kubeconfig context; empty: its current-context.
	Context string
	// Namespace overrides the one of the context.
	Namespace string
	// UserAgent is sent with every request; empty: "tandem".
	UserAgent string
	// Logger receives the warnings that the API server attaches to its answers.
	Logger zerolog.Logger
}

// dialTimeout bounds one TCP connection attempt to the API server. client-go's
// own 30 s keep a laptop without VPN waiting for too long.
const dialTimeout = 10 * time.Second

// Cluster is one API server as one user, in one namespace. Its methods may be
// called from several goroutines.
type Cluster struct {
	context    string
	namespace  string
	kubeconfig string
	host       string
	userAgent  string
	logger     zerolog.Logger
	count      counter
	// access is how the API server is reached now; source, nil in tests, where that
	// comes from.
	access atomic.Pointer[access]
	source *source

	apps  appsv1.AppsV1Interface
	core  corev1.CoreV1Interface
	authz authorizationv1.AuthorizationV1Interface
	rbac  rbacv1.RbacV1Interface

	// client makes all requests but those that are upgraded.
	client *http.Client
	// spdyOnly is set once a server refused WebSockets and took SPDY.
	spdyOnly atomic.Bool
	// noSPDY is set once a server refused SPDY and took WebSockets.
	noSPDY atomic.Bool
}

// Connect reads the kubeconfig and prepares the clients. It makes no request,
// so an unreachable server or expired credentials show at the first call. When the
// files change later, their credentials are taken: see [Cluster.Renew]. The
// error is fault.KubeconfigInvalid.
func Connect(o Options) (*Cluster, error) {
	rules := clientcmd.NewDefaultClientConfigLoadingRules()
	rules.ExplicitPath = o.Kubeconfig
	overrides := &clientcmd.ConfigOverrides{CurrentContext: o.Context}
	overrides.Context.Namespace = o.Namespace
	loader := clientcmd.NewNonInteractiveDeferredLoadingClientConfig(rules, overrides)

	config, err := loader.ClientConfig()
	if err != nil {
		return nil, kubeconfigInvalid(err, o)
	}
	namespace, _, err := loader.Namespace()
	if err != nil {
		return nil, kubeconfigInvalid(err, o)
	}
	name := o.Context
	if raw, err := loader.RawConfig(); err == nil && name == "" {
		name = raw.CurrentContext
	}
	c, err := newCluster(config, o)
	if err != nil {
		return nil, kubeconfigInvalid(err, o)
	}
	c.context, c.namespace = name, namespace
	c.source = newSource(rules, name, namespace, config)
	return c, nil
}

func kubeconfigInvalid(err error, o Options) error {
	f := fault.Wrap(err, fault.KubeconfigInvalid, "cannot use the kubeconfig")
	switch {
	case clientcmd.IsEmptyConfig(err):
		return f.Hint("there is no kubeconfig: set KUBECONFIG, pass --kubeconfig, or log in to a cluster first")
	case o.Context != "":
		return f.Hint("`kubectl config get-contexts` lists the contexts there are; asked for was %q", o.Context)
	default:
		return f.Hint("`kubectl config view` shows how it is read; `kubectl config use-context NAME` selects a context")
	}
}

func newCluster(config *rest.Config, o Options) (*Cluster, error) {
	c := &Cluster{logger: o.Logger, kubeconfig: o.Kubeconfig, namespace: o.Namespace, host: config.Host, userAgent: cmp.Or(o.UserAgent, "tandem")}
	a, err := c.newAccess(config)
	if err != nil {
		return nil, err
	}
	c.access.Store(a)
	c.client = &http.Client{Transport: &following{c}}
	// The clients take the server's address and the limits from the config, and
	// everything else from the transport, which may change.
	if c.apps, err = appsv1.NewForConfigAndClient(a.config, c.client); err != nil {
		return nil, err
	}
	if c.core, err = corev1.NewForConfigAndClient(a.config, c.client); err != nil {
		return nil, err
	}
	if c.authz, err = authorizationv1.NewForConfigAndClient(a.config, c.client); err != nil {
		return nil, err
	}
	if c.rbac, err = rbacv1.NewForConfigAndClient(a.config, c.client); err != nil {
		return nil, err
	}
	return c, nil
}

// access is one way to reach the API server: a set of credentials and what is made
// with them.
type access struct {
	config *rest.Config
	// transport makes requests; upgrade is the HTTP/1.1 transport on which SPDY
	// connections start.
	transport http.RoundTripper
	upgrade   func() (http.RoundTripper, error)
}

func (c *Cluster) newAccess(config *rest.Config) (*access, error) {
	config = rest.CopyConfig(config)
	config.UserAgent = c.userAgent
	// The client-side limiter would only add waits: a start makes some twenty
	// requests and the server has its own fairness.
	config.QPS, config.Burst = 200, 400
	config.Timeout = 0 // watches live long; callers bound requests with contexts
	config.WarningHandlerWithContext = warnings{c.logger}
	if config.Dial == nil {
		config.Dial = (&net.Dialer{Timeout: dialTimeout, KeepAlive: 15 * time.Second}).DialContext
	}
	config.Wrap(c.count.wrap)
	transport, err := rest.TransportFor(config)
	if err != nil {
		return nil, err
	}
	return &access{config: config, transport: transport, upgrade: sync.OnceValues(func() (http.RoundTripper, error) {
		http1 := rest.CopyConfig(config)
		http1.NextProtos = []string{"http/1.1"}
		http1.Dial = wide(config.Dial)
		return rest.TransportFor(http1)
	})}, nil
}

// CloseIdle closes the connections that wait for a next request. A Cluster that
// is no longer needed would otherwise hold them until the server ends them; one
// that is still used opens another.
func (c *Cluster) CloseIdle() { utilnet.CloseIdleConnectionsFor(c.client.Transport) }

// Context is the name of the kubeconfig context in use; empty inside a pod.
func (c *Cluster) Context() string { return c.context }

// Namespace is where workloads are looked for.
func (c *Cluster) Namespace() string { return c.namespace }

// Host is the address of the API server.
func (c *Cluster) Host() string { return c.host }

// warnings hands "Warning:" headers to the log; client-go's default would
// print them on stderr among the output of a terminal session.
type warnings struct{ logger zerolog.Logger }

func (w warnings) HandleWarningHeaderWithContext(_ context.Context, code int, _ string, text string) {
	if code == 299 && text != "" {
		w.logger.Warn().Str("from", "api-server").Msg(text)
	}
}
