package cluster

import (
	"fmt"
	"net/http"
	"os"
	"reflect"
	"strings"
	"sync"

	utilnet "k8s.io/apimachinery/pkg/util/net"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
)

// A session outlives the credentials that it was started with: tokens run out,
// certificates are renewed, somebody logs in again. What the kubeconfig only points
// to, files and programs, client-go reads again by itself; what stands in it,
// client-go reads once. So the files are looked at before every request, which costs
// some microseconds, and read again when they have changed.

// source is where a Cluster's credentials come from: the files of a kubeconfig and
// one context in them, whatever the current one becomes.
type source struct {
	rules     *clientcmd.ClientConfigLoadingRules
	overrides *clientcmd.ConfigOverrides

	mu      sync.Mutex // guards what follows
	mark    string     // of the files as they were last read
	config  *rest.Config
	renewed chan struct{} // closed and replaced when there are new credentials
}

func newSource(rules *clientcmd.ClientConfigLoadingRules, context, namespace string, config *rest.Config) *source {
	s := &source{rules: rules, overrides: &clientcmd.ConfigOverrides{CurrentContext: context}, config: config, renewed: make(chan struct{})}
	s.overrides.Context.Namespace = namespace
	s.mark = s.look()
	return s
}

// look is how the files are, without reading them: another text when one of them has
// changed.
func (s *source) look() string {
	var b strings.Builder
	for _, path := range s.rules.GetLoadingPrecedence() {
		if info, err := os.Stat(path); err == nil {
			fmt.Fprintf(&b, "%s %d %d\n", path, info.ModTime().UnixNano(), info.Size())
		}
	}
	return b.String()
}

// Renew takes the credentials of the kubeconfig where its files have changed since
// they were read, and reports whether there are new ones. The context, its namespace
// and the API server stay those of [Connect]: a session belongs to its cluster, and
// an edit that leads elsewhere is not followed. Files that cannot be read, perhaps
// because they are just being written, leave everything as it is.
//
// Every request calls it; who waits for better credentials may as well.
func (c *Cluster) Renew() bool {
	s := c.source
	if s == nil {
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	mark := s.look()
	if mark == s.mark {
		return false
	}
	s.mark = mark
	config, err := clientcmd.NewNonInteractiveDeferredLoadingClientConfig(s.rules, s.overrides).ClientConfig()
	switch {
	case err != nil:
		c.logger.Warn().Err(err).Str("context", c.context).Msg("the kubeconfig has changed and cannot be used: the credentials stay as they were")
		return false
	case config.Host != c.host:
		c.logger.Warn().Str("context", c.context).Str("now", config.Host).Str("stays", c.host).
			Msg("the kubeconfig's context now leads to another API server: this session stays with its own")
		return false
	case reflect.DeepEqual(config, s.config):
		return false // another context, perhaps
	}
	next, err := c.newAccess(config)
	if err != nil {
		c.logger.Warn().Err(err).Str("context", c.context).Msg("the kubeconfig's new credentials cannot be used: they stay as they were")
		return false
	}
	s.config = config
	old := c.access.Swap(next)
	utilnet.CloseIdleConnectionsFor(old.transport)
	close(s.renewed)
	s.renewed = make(chan struct{})
	c.logger.Info().Str("context", c.context).Msg("the kubeconfig has new credentials")
	return true
}

// renewed is closed at the next new credentials.
func (c *Cluster) renewed() <-chan struct{} {
	if c.source == nil {
		return nil
	}
	c.source.mu.Lock()
	defer c.source.mu.Unlock()
	return c.source.renewed
}

// now is how the API server is reached now.
func (c *Cluster) now() *access {
	c.Renew()
	return c.access.Load()
}

// following makes each request with the credentials of its moment.
type following struct{ c *Cluster }

func (f *following) RoundTrip(r *http.Request) (*http.Response, error) {
	return f.c.now().transport.RoundTrip(r)
}

// WrappedRoundTripper lets client-go look through to the TLS settings and to the
// connections that are idle.
func (f *following) WrappedRoundTripper() http.RoundTripper { return f.c.access.Load().transport }
