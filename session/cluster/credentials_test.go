package cluster

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"

	"github.com/tandem-dev/tandem/internal/fault"
)

// doorman is an API server as far as credentials go: it lets one token in, and tells
// whom it has seen. The real one is asked in e2e/faults.
type doorman struct {
	*httptest.Server
	mu    sync.Mutex
	token string
	seen  []string
}

func newDoorman(t *testing.T, token string) *doorman {
	t.Helper()
	d := &doorman{token: token}
	// Without TLS no credentials are sent.
	d.Server = httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		d.mu.Lock()
		defer d.mu.Unlock()
		got := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
		d.seen = append(d.seen, got)
		w.Header().Set("Content-Type", "application/json")
		if got != d.token {
			w.WriteHeader(http.StatusUnauthorized)
			fmt.Fprint(w, `{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"Unauthorized","code":401}`)
			return
		}
		kind := "DeploymentList"
		if strings.HasSuffix(r.URL.Path, "/statefulsets") {
			kind = "StatefulSetList"
		}
		fmt.Fprintf(w, `{"kind":%q,"apiVersion":"apps/v1","items":[]}`, kind)
	}))
	t.Cleanup(d.Close)
	return d
}

func (d *doorman) expect(token string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.token = token
}

func (d *doorman) last() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.seen[len(d.seen)-1]
}

// writeKubeconfig has two contexts, "mine" and "other", each with a server and a token.
func writeKubeconfig(t *testing.T, path, current string, contexts map[string][2]string) {
	t.Helper()
	config := clientcmdapi.NewConfig()
	config.CurrentContext = current
	for name, has := range contexts {
		config.Clusters[name] = &clientcmdapi.Cluster{Server: has[0], InsecureSkipTLSVerify: true}
		config.AuthInfos[name] = &clientcmdapi.AuthInfo{Token: has[1]}
		config.Contexts[name] = &clientcmdapi.Context{Cluster: name, AuthInfo: name, Namespace: "shop"}
	}
	if err := clientcmd.WriteToFile(*config, path); err != nil {
		t.Fatal(err)
	}
	// A file system's clock is coarse; an editor's next save comes later than this.
	now := time.Now().Add(time.Duration(len(config.AuthInfos)) * time.Second)
	if err := os.Chtimes(path, now, now); err != nil {
		t.Fatal(err)
	}
}

func TestCredentialsFollowTheKubeconfig(t *testing.T) {
	mine, other := newDoorman(t, "first"), newDoorman(t, "stranger")
	path := filepath.Join(t.TempDir(), "config")
	writeKubeconfig(t, path, "mine", map[string][2]string{"mine": {mine.URL, "first"}})
	c, err := Connect(Options{Kubeconfig: path, Logger: zerolog.Nop()})
	if err != nil {
		t.Fatal(err)
	}
	defer c.CloseIdle()
	ask := func() error {
		_, err := c.FindDiverted(context.Background(), "")
		return err
	}
	if err := ask(); err != nil || c.Renew() {
		t.Fatalf("at first: %v, seen %q; new credentials without an edit: %v", err, mine.seen, c.Renew())
	}

	mine.expect("second")
	if err := ask(); !errors.Is(err, fault.CredentialsExpired) {
		t.Errorf("an old token: %v", err)
	}
	renewed := c.renewed()
	// Somebody logs in again, and goes to work on another cluster as well.
	writeKubeconfig(t, path, "other", map[string][2]string{"mine": {mine.URL, "second"}, "other": {other.URL, "stranger"}})
	if err := ask(); err != nil || mine.last() != "second" {
		t.Errorf("after the edit: %v, with the token %q", err, mine.last())
	}
	select {
	case <-renewed:
	default:
		t.Error("who waits for credentials is not told")
	}
	if c.Context() != "mine" || c.Namespace() != "shop" || c.Host() != mine.URL {
		t.Errorf("context %q, namespace %q, server %s", c.Context(), c.Namespace(), c.Host())
	}

	for name, edit := range map[string]func(){
		"a context that leads elsewhere": func() {
			writeKubeconfig(t, path, "mine", map[string][2]string{"mine": {other.URL, "stranger"}, "a": {"https://a", ""}, "b": {"https://b", ""}})
		},
		"a context that is gone": func() {
			writeKubeconfig(t, path, "other", map[string][2]string{"other": {other.URL, "stranger"}})
		},
		"half a file": func() {
			if err := os.WriteFile(path, []byte("clusters: ["), 0o600); err != nil {
				t.Fatal(err)
			}
		},
		"no file": func() { _ = os.Remove(path) },
	} {
		edit()
		if c.Renew() {
			t.Errorf("%s counts as new credentials", name)
		}
		if err := ask(); err != nil || mine.last() != "second" {
			t.Errorf("%s: %v, with the token %q", name, err, mine.last())
		}
	}
	if len(other.seen) > 0 {
		t.Errorf("the other cluster was asked, with %q", other.seen)
	}

	mine.expect("third")
	writeKubeconfig(t, path, "mine", map[string][2]string{"mine": {mine.URL, "third"}})
	if !c.Renew() || c.Renew() {
		t.Error("new credentials are told other than once")
	}
	if err := ask(); err != nil {
		t.Error(err)
	}
}
