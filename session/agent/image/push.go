package image

import (
	"context"
	"errors"
	"io/fs"
	"net/http"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"

	"github.com/tandem-dev/tandem/internal/fault"
)

// PushOptions says what to push and how. The zero value is good.
type PushOptions struct {
	// Version goes into the image's labels.
	Version string
	// Insecure allows plain HTTP where the registry does not speak HTTPS.
	// Registries at localhost, loopback and private addresses and in .local
	// may always use it.
	Insecure bool
	// Keychain finds credentials; nil means those of the Docker configuration
	// and its helpers.
	Keychain authn.Keychain
	// UserAgent is added to every request; empty means "tandem".
	UserAgent string
}

// Push builds the image and writes it to the reference, a tag or a digest, with
// all platforms. It returns the reference by digest, "registry/name@sha256:…",
// which is what pods should use. Errors: fault.AgentMissing without binaries,
// fault.InvalidParams for a malformed reference, fault.PermissionDenied where
// the registry refuses the credentials.
func Push(ctx context.Context, ref string, o PushOptions) (string, error) {
	return push(ctx, embedded, ref, o)
}

func push(ctx context.Context, binaries fs.FS, ref string, o PushOptions) (string, error) {
	var names []name.Option
	if o.Insecure {
		names = append(names, name.Insecure)
	}
	target, err := name.ParseReference(ref, names...)
	if err != nil {
		return "", fault.Wrap(err, fault.InvalidParams, "image reference %q", ref).
			Hint("write it as registry/name:tag, for example registry.example.com/tandem/agent:v1")
	}
	index, err := build(binaries, o.Version)
	if err != nil {
		return "", err
	}
	digest, err := index.Digest()
	if err != nil {
		return "", fault.Wrap(err, fault.Internal, "computing the digest of the agent image")
	}
	if o.Keychain == nil {
		o.Keychain = authn.DefaultKeychain
	}
	if o.UserAgent == "" {
		o.UserAgent = "tandem"
	}
	err = remote.WriteIndex(target, index,
		remote.WithContext(ctx), remote.WithAuthFromKeychain(o.Keychain), remote.WithUserAgent(o.UserAgent))
	if err != nil {
		return "", explainPush(ctx, err, target)
	}
	return target.Context().Digest(digest.String()).String(), nil
}

func explainPush(ctx context.Context, err error, target name.Reference) error {
	if cause := ctx.Err(); cause != nil {
		kind := fault.Cancelled
		if errors.Is(cause, context.DeadlineExceeded) {
			kind = fault.Timeout
		}
		return fault.Wrap(err, kind, "pushing the agent image to %s", target)
	}
	var refused *transport.Error
	if errors.As(err, &refused) && (refused.StatusCode == http.StatusUnauthorized || refused.StatusCode == http.StatusForbidden) {
		return fault.Wrap(err, fault.PermissionDenied, "pushing the agent image to %s", target).
			Hint("log in with `docker login %s`, or push to a repository that you may write to", target.Context().RegistryStr())
	}
	return fault.Wrap(err, fault.Internal, "pushing the agent image to %s", target).
		Hint("check the reference and that %s can be reached; a registry without TLS needs the insecure option", target.Context().RegistryStr())
}
