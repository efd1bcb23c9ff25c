package cluster

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"regexp"
	"strings"
	"syscall"

	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/tandem-dev/tandem/internal/fault"
)

// call names a request for the person who reads its failure. All API errors of
// this package pass through [call.failed], the one place that maps them.
type call struct {
	verb      string // as RBAC spells it: get, list, create, patch…
	resource  string // as RBAC spells it: deployments.apps, secrets, pods/portforward
	namespace string
	name      string     // may be empty for lists
	missing   fault.Kind // the kind of a 404; empty: Internal
}

func (k call) String() string {
	s := k.verb + " " + k.resource
	if k.name != "" {
		s += fmt.Sprintf(" %q", k.name)
	}
	return fmt.Sprintf("%s in namespace %q", s, k.namespace)
}

// failed turns err into a *fault.Error, or returns nil for nil. An error that
// has a kind already passes unchanged.
func (k call) failed(err error) error {
	var known *fault.Error
	var status apierrors.APIStatus
	switch {
	case err == nil:
		return nil
	case errors.As(err, &known):
		return err
	case errors.Is(err, context.Canceled):
		return fault.Wrap(err, fault.Cancelled, "%s", k)
	case errors.As(err, &status):
		return k.refused(err, int(status.Status().Code))
	case errors.Is(err, context.DeadlineExceeded):
		return fault.Wrap(err, fault.Timeout, "%s", k).
			Hint("the API server did not answer in time: is the VPN up, is the cluster busy?")
	}
	if f := credentialProgram(err); f != nil {
		return f
	}
	if f := unreachable(err); f != nil {
		return f
	}
	return fault.Wrap(err, fault.Internal, "%s", k)
}

// refused maps an answer of the API server by what it says.
func (k call) refused(err error, code int) error {
	if f := admission(err); f != nil {
		return f
	}
	switch {
	case apierrors.IsUnauthorized(err):
		return fault.Wrap(err, fault.CredentialsExpired, "%s", k).
			Hint("log in to the cluster again; `kubectl auth whoami` shows who you are")
	case apierrors.IsForbidden(err):
		return fault.Wrap(err, fault.PermissionDenied, "you may not %s", k).
			Hint("ask for a Role that allows %q on %s in namespace %q", k.verb, k.resource, k.namespace).
			With("missing", []string{k.verb + " " + k.resource})
	case apierrors.IsNotFound(err):
		kind := k.missing
		if kind == "" {
			kind = fault.Internal
		}
		return fault.Wrap(err, kind, "%s", k)
	case apierrors.IsConflict(err), apierrors.IsAlreadyExists(err):
		return fault.Wrap(err, fault.Conflict, "%s", k).
			Hint("something else changed it at the same moment: try again")
	case apierrors.IsTimeout(err), apierrors.IsServerTimeout(err), apierrors.IsTooManyRequests(err),
		apierrors.IsServiceUnavailable(err), code == http.StatusBadGateway, code == http.StatusGatewayTimeout:
		return fault.Wrap(err, fault.ClusterUnreachable, "the API server is overloaded: %s", k).
			Hint("try again in a moment")
	}
	return fault.Wrap(err, fault.Internal, "%s", k)
}

var webhookName = regexp.MustCompile(`admission webhook "([^"]+)" denied the request:?\s*(.*)`)

// admission recognises what admission control says. The API server answers 403
// for quotas and Pod Security, webhooks choose their own code, and the
// Deployment controller passes the text on in a condition: hence by text.
func admission(err error) *fault.Error {
	text := err.Error()
	switch {
	case strings.Contains(text, "exceeded quota"), strings.Contains(text, "failed quota"):
		return fault.Wrap(err, fault.QuotaExceeded, "a ResourceQuota of the namespace refuses the dev container").
			Hint("`kubectl describe resourcequota` shows what is used up; the dev container asks for what one more replica would")
	case strings.Contains(text, "violates PodSecurity"):
		return fault.Wrap(err, fault.PodSecurityDenied, "the namespace's Pod Security Standard refuses the dev container").
			Hint("the dev container keeps the security context of the original: set there what the message asks for")
	case strings.Contains(text, "unable to validate against any security context constraint"):
		return fault.Wrap(err, fault.PodSecurityDenied, "no SecurityContextConstraint admits the dev container").
			Hint("the dev container runs as the original's service account: grant it the constraint that the original uses")
	case webhookName.MatchString(text):
		m := webhookName.FindStringSubmatch(text)
		return fault.Wrap(err, fault.AdmissionDenied, "the admission webhook %q refuses the dev container", m[1]).
			Hint("a policy of this cluster forbids it: ask its administrators to exempt pods with the label %s", DevLabel).
			With("webhook", m[1])
	case strings.Contains(text, "ValidatingAdmissionPolicy"):
		return fault.Wrap(err, fault.AdmissionDenied, "an admission policy of the cluster refuses the dev container").
			Hint("ask its administrators to exempt pods with the label %s", DevLabel)
	case strings.Contains(text, "failed calling webhook"):
		return fault.Wrap(err, fault.AdmissionDenied, "an admission webhook of the cluster does not answer").
			Hint("the cluster's administrators can tell whether the webhook's own pods run")
	case strings.Contains(text, "because it is being terminated"):
		return fault.Wrap(err, fault.Conflict, "the namespace is being deleted").
			Hint("wait until it is gone and create it again, or use another one")
	}
	return nil
}

// credentialProgram recognises that no credentials could be had at all.
func credentialProgram(err error) *fault.Error {
	text := err.Error()
	switch {
	case strings.Contains(text, "getting credentials"):
		return fault.Wrap(err, fault.CredentialsExpired, "the kubeconfig's credential program failed").
			Hint("run the login command of your cluster provider again")
	case strings.Contains(text, "oauth2: "), strings.Contains(text, "failed to refresh token"):
		return fault.Wrap(err, fault.CredentialsExpired, "the OpenID Connect token could not be renewed").
			Hint("log in again")
	}
	return nil
}

// unreachable recognises failures below HTTP.
func unreachable(err error) *fault.Error {
	var (
		dns       *net.DNSError
		operation net.Error
		authority x509.UnknownAuthorityError
		hostname  x509.HostnameError
		invalid   x509.CertificateInvalidError
		verify    *tls.CertificateVerificationError
		record    tls.RecordHeaderError
		alert     tls.AlertError
	)
	f := func(format string, args ...any) *fault.Error {
		return fault.Wrap(err, fault.ClusterUnreachable, format, args...)
	}
	switch {
	case errors.As(err, &dns):
		return f("the API server's name %q cannot be resolved", dns.Name).Hint("is the VPN up?")
	case errors.As(err, &authority), errors.As(err, &hostname), errors.As(err, &invalid), errors.As(err, &verify):
		return f("the API server's certificate is not the one the kubeconfig trusts").
			Hint("a proxy in between, or a cluster that was made anew? fetch the kubeconfig again")
	case errors.As(err, &record), errors.As(err, &alert):
		return f("the API server does not speak TLS as expected").Hint("is the server's address in the kubeconfig right?")
	case errors.Is(err, syscall.ECONNREFUSED):
		return f("nothing listens at the API server's address").Hint("is the cluster running, is the address in the kubeconfig right?")
	case errors.As(err, &operation) && operation.Timeout():
		return f("the API server does not answer").Hint("is the VPN up, is the cluster running?")
	case errors.As(err, &operation), errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF),
		errors.Is(err, syscall.ECONNRESET), strings.Contains(err.Error(), "http2: "):
		return f("the connection to the API server was lost").Hint("is the VPN up?")
	}
	return nil
}
