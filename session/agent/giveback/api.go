package giveback

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"
	"unicode"
)

const (
	requestTimeout = 10 * time.Second
	// maxAnswer is above what etcd stores of one object (1.5 MiB).
	maxAnswer = 4 << 20
	// maxReason bounds what is repeated of an API server's words.
	maxReason = 300
	// manager is what the API server notes as the author of the guard's changes
	// (metadata.managedFields), for people.
	manager = "tandem-guard"
)

// api is the API server as the guard's ServiceAccount sees it.
type api struct {
	dir    string
	client *http.Client
	ca     []byte // that client trusts
}

// statusError is an answer other than success: the request was understood, and
// nothing was changed.
type statusError struct {
	code    int
	request string
	message string
}

func (e *statusError) Error() string {
	return fmt.Sprintf("%s: %s (HTTP %d)", e.request, e.message, e.code)
}

func hasStatus(err error, code int) bool {
	var s *statusError
	return errors.As(err, &s) && s.code == code
}

// unsent is a request that has not left: its outcome is not in doubt.
type unsent struct{ error }

func (e unsent) Unwrap() error { return e.error }

// workload is what the guard needs of a Deployment or a StatefulSet.
type workload struct {
	Metadata struct {
		UID             string            `json:"uid"`
		ResourceVersion string            `json:"resourceVersion"`
		Annotations     map[string]string `json:"annotations"`
	} `json:"metadata"`
	Spec struct {
		Replicas *int32 `json:"replicas"`
	} `json:"spec"`
	Status struct {
		ReadyReplicas int32 `json:"readyReplicas"`
	} `json:"status"`
}

// wanted is how many replicas the original is to have: 1 where nothing says so, as
// the API server's own default.
func (w *workload) wanted() int32 {
	if w.Spec.Replicas == nil {
		return 1
	}
	return *w.Spec.Replicas
}

func originalPath(p Plan) string {
	return fmt.Sprintf("/apis/apps/v1/namespaces/%s/%ss/%s", url.PathEscape(p.Namespace), strings.ToLower(p.Kind), url.PathEscape(p.Name))
}

func (a *api) original(ctx context.Context, p Plan) (*workload, error) {
	var w workload
	if err := a.do(ctx, http.MethodGet, originalPath(p), nil, &w); err != nil {
		return nil, err
	}
	return &w, nil
}

// annotate sets the mark of the original at a resource version; nil removes it.
func (a *api) annotate(ctx context.Context, p Plan, version string, mark *string) error {
	return a.do(ctx, http.MethodPatch, originalPath(p), map[string]any{"metadata": map[string]any{
		"resourceVersion": version, "annotations": map[string]*string{Mark: mark}}}, nil)
}

// unmark removes the copy of a mark from a ReplicaSet.
func (a *api) unmark(ctx context.Context, p Plan, set string) error {
	path := fmt.Sprintf("/apis/apps/v1/namespaces/%s/replicasets/%s", url.PathEscape(p.Namespace), url.PathEscape(set))
	return a.do(ctx, http.MethodPatch, path, map[string]any{"metadata": map[string]any{"annotations": map[string]*string{Mark: nil}}}, nil)
}

func (a *api) scale(ctx context.Context, p Plan, version string, replicas int32) error {
	return a.do(ctx, http.MethodPatch, originalPath(p)+"/scale", map[string]any{
		"metadata": map[string]any{"resourceVersion": version}, "spec": map[string]any{"replicas": replicas}}, nil)
}

func (a *api) deleteSecret(ctx context.Context, p Plan) error {
	return a.do(ctx, http.MethodDelete, fmt.Sprintf("/api/v1/namespaces/%s/secrets/%s", url.PathEscape(p.Namespace), url.PathEscape(p.Secret)), nil, nil)
}

// deleteDeployment deletes the dev Deployment and nothing that has taken its name
// since.
func (a *api) deleteDeployment(ctx context.Context, p Plan) error {
	path := fmt.Sprintf("/apis/apps/v1/namespaces/%s/deployments/%s", url.PathEscape(p.Namespace), url.PathEscape(p.Deployment))
	return a.do(ctx, http.MethodDelete, path, map[string]any{"kind": "DeleteOptions", "apiVersion": "v1",
		"preconditions": map[string]string{"uid": p.DeploymentUID}, "propagationPolicy": "Background"}, nil)
}

// do makes one request. The token is read each time: the kubelet renews the file.
func (a *api) do(ctx context.Context, method, path string, body, into any) error {
	name := method + " " + path
	token, err := readMounted(a.dir, tokenFile)
	if err != nil {
		return unsent{err}
	}
	base, err := a.prepare()
	if err != nil {
		return unsent{err}
	}
	var content []byte
	if body != nil {
		if content, err = json.Marshal(body); err != nil {
			return unsent{err}
		}
	}
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	address := base + path
	if method == http.MethodPatch {
		address += "?fieldManager=" + manager
	}
	r, err := http.NewRequestWithContext(ctx, method, address, bytes.NewReader(content))
	if err != nil {
		return unsent{err}
	}
	r.Header.Set("Authorization", "Bearer "+strings.TrimSpace(string(token)))
	r.Header.Set("Accept", "application/json")
	r.Header.Set("User-Agent", manager)
	switch {
	case method == http.MethodPatch:
		r.Header.Set("Content-Type", "application/merge-patch+json")
	case body != nil:
		r.Header.Set("Content-Type", "application/json")
	}
	answer, err := a.client.Do(r)
	if err != nil {
		var u *url.Error
		if errors.As(err, &u) {
			err = u.Err // without the address, which says nothing new
		}
		err = fmt.Errorf("%s: %w", name, err)
		var op *net.OpError
		if errors.As(err, &op) && op.Op == "dial" {
			return unsent{err}
		}
		return err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(io.LimitReader(answer.Body, maxAnswer))
	if answer.StatusCode < 200 || answer.StatusCode > 299 {
		return &statusError{answer.StatusCode, name, reason(text, answer.Status)}
	}
	if err == nil && into != nil {
		err = json.Unmarshal(text, into)
	}
	if err != nil {
		return fmt.Errorf("%s: reading the answer: %w", name, err)
	}
	return nil
}

// prepare is the address of the API server, with a client that trusts its
// certificate. There is no proxy on the way: the address is the cluster's own.
func (a *api) prepare() (string, error) {
	host, port := os.Getenv("KUBERNETES_SERVICE_HOST"), os.Getenv("KUBERNETES_SERVICE_PORT")
	if host == "" || port == "" {
		return "", errors.New("KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT are not set")
	}
	ca, err := readMounted(a.dir, caFile)
	if err != nil {
		return "", err
	}
	if a.client == nil || !bytes.Equal(ca, a.ca) {
		pool := x509.NewCertPool()
		if !pool.AppendCertsFromPEM(ca) {
			return "", errors.New("ca.crt holds no certificate")
		}
		if a.client != nil {
			a.client.CloseIdleConnections()
		}
		a.ca, a.client = ca, &http.Client{
			Transport: &http.Transport{
				TLSClientConfig: &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12},
				// Requests are minutes apart.
				DisableKeepAlives: true,
			},
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		}
	}
	return "https://" + net.JoinHostPort(host, port), nil
}

// reason is what an API server's metav1.Status says, made printable.
func reason(body []byte, otherwise string) string {
	var status struct {
		Message string `json:"message"`
	}
	text := otherwise
	if json.Unmarshal(body, &status) == nil && status.Message != "" {
		text = status.Message
	}
	return printable(text)
}

// printable is one line of bounded length.
func printable(text string) string {
	text = strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return ' '
	}, text)
	if len(text) > maxReason {
		text = strings.ToValidUTF8(text[:maxReason], "") + "…"
	}
	return text
}
