package imageenv

import (
	"cmp"
	"context"
	"errors"
	"net/http"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"

	"github.com/tandem-dev/tandem/internal/fault"
)

// Present asks the image's registry, with the credentials that Read would use,
// whether it has the image: one HEAD for its manifest. It returns the digest.
// Errors are those of [Reader.Read]; where the registry answered, Detail
// "status" has its HTTP status.
func (r *Reader) Present(ctx context.Context, q Request) (digest string, err error) {
	ref, err := name.ParseReference(q.Image)
	if err != nil {
		return "", fault.Wrap(err, fault.InvalidParams, "image reference %q", q.Image)
	}
	ctx, cancel := context.WithTimeout(ctx, r.options.Timeout)
	defer cancel()
	ownTransport := remote.DefaultTransport.(*http.Transport).Clone()
	defer ownTransport.CloseIdleConnections()
	var first error
	for _, auth := range authenticators(ref.Context(), q.PullSecrets, r.options.Keychain) {
		// No second try of one that cannot be reached: a person waits for a verdict.
		d, err := remote.Head(ref, remote.WithContext(ctx), remote.WithAuth(auth), remote.WithTransport(ownTransport),
			remote.WithUserAgent(r.options.UserAgent), remote.WithRetryBackoff(remote.Backoff{Steps: 1}))
		if err == nil {
			return d.Digest.String(), nil
		}
		first = cmp.Or(first, err)
		if !refused(err) {
			break
		}
	}
	err = explain(ctx, first, ref)
	var f *fault.Error
	var answer *transport.Error
	if errors.As(err, &f) && errors.As(first, &answer) {
		f.With("status", answer.StatusCode)
	}
	return "", err
}
