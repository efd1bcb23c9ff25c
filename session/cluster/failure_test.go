package cluster

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rs/zerolog"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/rest"

	"github.com/tandem-dev/tandem/internal/fault"
)

func TestFailureKinds(t *testing.T) {
	secrets := schema.GroupResource{Resource: "secrets"}
	status := func(code int32, reason metav1.StatusReason, message string) error {
		return &apierrors.StatusError{ErrStatus: metav1.Status{Code: code, Reason: reason, Message: message}}
	}
	overURL := func(err error) error { return &url.Error{Op: "Get", URL: "https://k", Err: err} }
	for _, test := range []struct {
		name string
		err  error
		kind fault.Kind
	}{
		{"expired", apierrors.NewUnauthorized("token expired"), fault.CredentialsExpired},
		{"credential program", overURL(errors.New(`getting credentials: exec: executable login failed with exit code 1`)), fault.CredentialsExpired},
		{"oidc", overURL(errors.New(`oauth2: "invalid_grant"`)), fault.CredentialsExpired},
		{"rbac", apierrors.NewForbidden(secrets, "s", errors.New(`User "u" cannot get`)), fault.PermissionDenied},
		{"quota", apierrors.NewForbidden(secrets, "s", errors.New("exceeded quota: q, requested: secrets=1")), fault.QuotaExceeded},
		{"pod security", apierrors.NewForbidden(secrets, "s", errors.New(`violates PodSecurity "restricted:latest"`)), fault.PodSecurityDenied},
		{"webhook", status(400, metav1.StatusReasonBadRequest, `admission webhook "policy.example" denied the request: no`), fault.AdmissionDenied},
		{"webhook down", status(500, metav1.StatusReasonInternalError, `Internal error occurred: failed calling webhook "x": timeout`), fault.AdmissionDenied},
		{"terminating namespace", apierrors.NewForbidden(secrets, "s", errors.New("unable to create new content in namespace x because it is being terminated")), fault.Conflict},
		{"not found", apierrors.NewNotFound(secrets, "s"), fault.SecretNotFound},
		{"conflict", apierrors.NewConflict(secrets, "s", errors.New("modified")), fault.Conflict},
		{"exists", apierrors.NewAlreadyExists(secrets, "s"), fault.Conflict},
		{"busy", apierrors.NewTooManyRequests("later", 1), fault.ClusterUnreachable},
		{"unavailable", apierrors.NewServiceUnavailable("starting"), fault.ClusterUnreachable},
		{"refused", overURL(&net.OpError{Op: "dial", Err: os.NewSyscallError("connect", syscall.ECONNREFUSED)}), fault.ClusterUnreachable},
		{"dns", overURL(&net.DNSError{Name: "k.example", IsNotFound: true}), fault.ClusterUnreachable},
		{"certificate", overURL(x509.UnknownAuthorityError{}), fault.ClusterUnreachable},
		{"dial timeout", overURL(&net.OpError{Op: "dial", Err: os.ErrDeadlineExceeded}), fault.ClusterUnreachable},
		{"cancelled", overURL(context.Canceled), fault.Cancelled},
		{"deadline", overURL(context.DeadlineExceeded), fault.Timeout},
		{"known already", fault.New(fault.PodGone, "x"), fault.PodGone},
		{"anything else", errors.New("?"), fault.Internal},
	} {
		t.Run(test.name, func(t *testing.T) {
			request := call{verb: "get", resource: "secrets", namespace: "shop", name: "s", missing: fault.SecretNotFound}
			got := request.failed(test.err)
			if fault.KindOf(got) != test.kind {
				t.Errorf("kind %q, want %q: %v", fault.KindOf(got), test.kind, got)
			}
			if !errors.Is(got, test.err) {
				t.Errorf("%v does not wrap its cause", got)
			}
			switch test.kind {
			case fault.Internal, fault.Cancelled, fault.SecretNotFound, fault.PodGone:
			default:
				if fault.HintOf(got) == "" {
					t.Errorf("no hint: %v", got)
				}
			}
		})
	}
	if err := (call{}).failed(nil); err != nil {
		t.Errorf("nil became %v", err)
	}
}

func TestForbiddenNamesVerbAndResource(t *testing.T) {
	err := call{verb: "get", resource: "secrets", namespace: "shop", name: "pay"}.failed(
		apierrors.NewForbidden(schema.GroupResource{Resource: "secrets"}, "pay", errors.New("no")))
	for _, part := range []string{"get", "secrets", `"pay"`, `"shop"`} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("%q does not mention %s", err, part)
		}
	}
}

// TestServersThatAreNone talks to real sockets that do not answer as an API
// server does.
func TestServersThatAreNone(t *testing.T) {
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed.Close()
	plain := httptest.NewServer(http.NotFoundHandler())
	defer plain.Close()
	foreign := httptest.NewTLSServer(http.NotFoundHandler())
	foreign.Config.ErrorLog = nil
	defer foreign.Close()
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	for _, test := range []struct{ name, host string }{
		{"nothing listens", "https://" + closed.Addr().String()},
		{"no TLS", "https://" + plain.Listener.Addr().String()},
		{"another certificate", foreign.URL},
		{"no such name", "https://api.invalid"},
	} {
		t.Run(test.name, func(t *testing.T) {
			c, err := newCluster(&rest.Config{Host: test.host}, Options{Namespace: "shop", Logger: zerolog.Nop()})
			if err != nil {
				t.Fatal(err)
			}
			_, err = c.Find(t.Context(), Target{Name: "api"})
			if fault.KindOf(err) != fault.ClusterUnreachable || fault.HintOf(err) == "" {
				t.Errorf("%s: %v (hint %q)", fault.KindOf(err), err, fault.HintOf(err))
			}
		})
	}
	t.Run("silence", func(t *testing.T) {
		c, err := newCluster(&rest.Config{Host: "https://" + silent.Addr().String()}, Options{Namespace: "shop", Logger: zerolog.Nop()})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		if _, err = c.Find(ctx, Target{Name: "api"}); fault.KindOf(err) != fault.Timeout {
			t.Errorf("%s: %v", fault.KindOf(err), err)
		}
	})
}

func TestConnectSaysWhatIsWrongWithTheKubeconfig(t *testing.T) {
	dir := t.TempDir()
	write := func(text string) string {
		file := fmt.Sprintf("%s/%d", dir, time.Now().UnixNano())
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return file
	}
	good := write("apiVersion: v1\nkind: Config\ncurrent-context: a\nclusters: [{name: k, cluster: {server: 'https://k.example'}}]\n" +
		"contexts: [{name: a, context: {cluster: k, namespace: shop}}, {name: b, context: {cluster: k}}]\n")
	for _, o := range []Options{
		{Kubeconfig: dir + "/absent"},
		{Kubeconfig: write("{")},
		{Kubeconfig: good, Context: "c"},
	} {
		if _, err := Connect(o); fault.KindOf(err) != fault.KubeconfigInvalid || fault.HintOf(err) == "" {
			t.Errorf("%+v: %v", o, err)
		}
	}
	for _, test := range []struct {
		o                  Options
		context, namespace string
	}{
		{Options{Kubeconfig: good}, "a", "shop"},
		{Options{Kubeconfig: good, Context: "b"}, "b", "default"},
		{Options{Kubeconfig: good, Namespace: "other"}, "a", "other"},
	} {
		c, err := Connect(test.o)
		if err != nil {
			t.Errorf("%+v: %v", test.o, err)
			continue
		}
		if c.Context() != test.context || c.Namespace() != test.namespace {
			t.Errorf("%+v: context %q, namespace %q", test.o, c.Context(), c.Namespace())
		}
	}
}
