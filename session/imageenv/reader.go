package imageenv

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"
	corev1 "k8s.io/api/core/v1"

	"github.com/tandem-dev/tandem/internal/fault"
)

// Options of a [Reader]. The zero value is good: no cache, the developer's
// Docker credentials.
type Options struct {
	// CacheDir is a folder of the Reader's own, made when needed; "" keeps nothing.
	CacheDir string
	// Keychain has the developer's credentials; nil is the Docker configuration
	// with its helpers.
	Keychain authn.Keychain
	// Timeout bounds one Read; 0 is DefaultTimeout.
	Timeout time.Duration
	// UserAgent is added to every request; "" is "tandem".
	UserAgent string
}

// DefaultTimeout is long enough for a slow registry behind a proxy, short enough
// to wait for one that cannot be reached.
const DefaultTimeout = 10 * time.Second

// Request is one image.
type Request struct {
	// Image is the reference of the container's spec.
	Image string
	// ID is the imageID of the container's status; "" where nothing runs.
	ID string
	// Platform is the node's; a zero OS or Architecture is linux or amd64.
	Platform v1.Platform
	// PullSecrets are those of the workload and of its service account, in the
	// order in which they are tried. Types other than Docker's are passed over.
	PullSecrets []corev1.Secret
}

// Reader reads images. Its methods may be called from several goroutines.
type Reader struct {
	options Options
	cache   cache
}

// New makes a Reader. It touches neither disk nor network.
func New(o Options) *Reader {
	if o.Keychain == nil {
		o.Keychain = authn.DefaultKeychain
	}
	o.Timeout = cmp.Or(o.Timeout, DefaultTimeout)
	o.UserAgent = cmp.Or(o.UserAgent, "tandem")
	return &Reader{options: o, cache: cache{o.CacheDir}}
}

// Read returns the image's ENV as its config has it, NAME=VALUE mostly, never
// nil without an error. An image whose digest was read before costs no request.
//
// Errors are of kind fault.ImagePullFailed (the registry has it not, refuses
// all credentials, or cannot be reached; the message names the registry),
// fault.InvalidParams for a malformed reference, fault.Timeout and
// fault.Cancelled. None holds a credential.
func (r *Reader) Read(ctx context.Context, q Request) ([]string, error) {
	q.Platform.OS = cmp.Or(q.Platform.OS, "linux")
	q.Platform.Architecture = cmp.Or(q.Platform.Architecture, "amd64")
	id, err := identify(q.Image, q.ID)
	if err != nil {
		return nil, fault.Wrap(err, fault.InvalidParams, "image reference %q", q.Image)
	}
	if digest, known := id.digest(); known {
		if env, found := r.cache.get(digest, q.Platform); found {
			return env, nil
		}
	}
	ctx, cancel := context.WithTimeout(ctx, r.options.Timeout)
	defer cancel()
	// A transport of its own: nobody comes back to this registry soon.
	transport := remote.DefaultTransport.(*http.Transport).Clone()
	defer transport.CloseIdleConnections()
	var first error
	for _, auth := range authenticators(id.ref.Context(), q.PullSecrets, r.options.Keychain) {
		env, err := r.fetch(ctx, id, q.Platform, remote.WithAuth(auth), remote.WithTransport(transport))
		if err == nil {
			return env, nil
		}
		// The first answer is the one to tell: anonymous comes last and is
		// refused wherever a login was.
		first = cmp.Or(first, err)
		if !refused(err) {
			break
		}
	}
	return nil, explain(ctx, first, id.ref)
}

// digest is what the result is kept under, where it is known already.
func (id identity) digest() (v1.Hash, bool) {
	if id.config != nil {
		return *id.config, true
	}
	if d, ok := id.ref.(name.Digest); ok {
		hash, err := v1.NewHash(d.DigestStr())
		return hash, err == nil
	}
	return v1.Hash{}, false
}

func (r *Reader) fetch(ctx context.Context, id identity, p v1.Platform, options ...remote.Option) ([]string, error) {
	options = append(options, remote.WithContext(ctx), remote.WithPlatform(p), remote.WithUserAgent(r.options.UserAgent),
		// One more try, soon: the caller has another way and a person waits.
		remote.WithRetryBackoff(remote.Backoff{Duration: 200 * time.Millisecond, Factor: 1, Steps: 2}))
	if id.config != nil {
		return r.fetchConfig(id, p, options)
	}
	digest, known := id.digest()
	if !known {
		// A tag: where it points today. What that is may be kept already.
		d, err := remote.Get(id.ref, options...)
		if err != nil {
			return nil, err
		}
		digest = d.Digest
		if env, found := r.cache.get(digest, p); found {
			return env, nil
		}
	}
	image, err := remote.Image(id.ref.Context().Digest(digest.String()), options...)
	if err != nil {
		return nil, err
	}
	config, err := image.ConfigFile()
	if err != nil {
		return nil, err
	}
	return r.keep(digest, p, config)
}

// fetchConfig reads the config blob itself, by its digest: the tag may have
// moved, and which manifest has this config cannot be asked.
func (r *Reader) fetchConfig(id identity, p v1.Platform, options []remote.Option) ([]string, error) {
	blob, err := remote.Layer(id.ref.Context().Digest(id.config.String()), options...)
	if err != nil {
		return nil, err
	}
	content, err := blob.Compressed() // as stored; its digest is verified at the end
	if err != nil {
		return nil, err
	}
	defer content.Close()
	const largest = 8 << 20 // a config is some KiB; more is not one
	text, err := io.ReadAll(io.LimitReader(content, largest))
	if err != nil {
		return nil, err
	}
	var config v1.ConfigFile
	if err := json.Unmarshal(text, &config); err != nil {
		return nil, fmt.Errorf("blob %s is no image config: %w", id.config, err)
	}
	return r.keep(*id.config, p, &config)
}

func (r *Reader) keep(digest v1.Hash, p v1.Platform, config *v1.ConfigFile) ([]string, error) {
	env := config.Config.Env
	if env == nil {
		env = []string{}
	}
	// A cache that cannot be written costs the next call a request, no more.
	_ = r.cache.put(digest, p, env)
	return env, nil
}

// refused says whether other credentials may do better. Some registries answer
// 404 where they should say 403, so as not to tell what there is.
func refused(err error) bool {
	var answer *transport.Error
	if !errors.As(err, &answer) {
		return false
	}
	switch answer.StatusCode {
	case http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound:
		return true
	}
	return false
}

// explain maps a failure. The registry's own text stays as the cause; it
// quotes the request's URL, never a header.
func explain(ctx context.Context, err error, ref name.Reference) error {
	registry := ref.Context().RegistryStr()
	switch {
	case errors.Is(ctx.Err(), context.Canceled):
		return fault.Wrap(err, fault.Cancelled, "reading image %s", ref)
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		return fault.New(fault.Timeout, "reading image %s: registry %s did not answer in time", ref, registry).
			Hint("can this machine reach %s, perhaps over a VPN or proxy?", registry)
	case refused(err):
		return fault.Wrap(err, fault.ImagePullFailed, "registry %s refuses to give image %s", registry, ref).
			Hint("log in with `docker login %s`, or get read access to the workload's pull secret", registry)
	}
	return fault.Wrap(err, fault.ImagePullFailed, "reading image %s from registry %s", ref, registry).
		Hint("can this machine reach %s? Registries without TLS work only at loopback and private addresses", registry)
}
