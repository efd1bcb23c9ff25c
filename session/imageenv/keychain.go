package imageenv

import (
	"encoding/json"
	"path"
	"slices"
	"strings"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	corev1 "k8s.io/api/core/v1"
)

// login is one entry of a pull secret.
type login struct {
	// host may hold globs, path is a prefix of the repository's; "" is any.
	host, path string
	auth       authn.AuthConfig
}

// loginsOf reads a Secret of either Docker type. A Secret of another type, or
// one that is malformed, has none: the kubelet passes over it too.
func loginsOf(s *corev1.Secret) []login {
	var entries map[string]authn.AuthConfig
	switch s.Type {
	case corev1.SecretTypeDockerConfigJson:
		var file struct {
			Auths map[string]authn.AuthConfig `json:"auths"`
		}
		if json.Unmarshal(s.Data[corev1.DockerConfigJsonKey], &file) != nil {
			return nil
		}
		entries = file.Auths
	case corev1.SecretTypeDockercfg:
		if json.Unmarshal(s.Data[corev1.DockerConfigKey], &entries) != nil {
			return nil
		}
	}
	var all []login
	for key, auth := range entries {
		host, repository := splitKey(key)
		all = append(all, login{host, repository, auth})
	}
	// The longest first, as in the kubelet's keyring: the most specific entry
	// is tried first. Reversed text order puts a prefix behind what it begins.
	slices.SortFunc(all, func(a, b login) int { return strings.Compare(b.host+b.path, a.host+a.path) })
	return all
}

// splitKey reads the key of a login: a registry, perhaps with a scheme (old
// `docker login` wrote https://index.docker.io/v1/) and a repository's prefix.
func splitKey(key string) (host, repository string) {
	key = strings.TrimPrefix(strings.TrimPrefix(key, "https://"), "http://")
	host, repository, _ = strings.Cut(key, "/")
	repository = strings.Trim(repository, "/")
	if repository == "v1" || repository == "v2" {
		repository = ""
	}
	if host == "docker.io" {
		host = name.DefaultRegistry
	}
	return host, repository
}

// fits says whether the login is for the repository. Hosts are compared label
// by label, so that a * never crosses a dot (pkg/credentialprovider/keyring.go
// in Kubernetes).
func (l login) fits(repo name.Repository) bool {
	want, have := strings.Split(l.host, "."), strings.Split(repo.RegistryStr(), ".")
	if len(want) != len(have) {
		return false
	}
	for i := range want {
		if ok, err := path.Match(want[i], have[i]); err != nil || !ok {
			return false
		}
	}
	return strings.HasPrefix(repo.RepositoryStr(), l.path)
}

// authenticators are all ways to ask for the repository, in the order in which
// they are tried.
func authenticators(repo name.Repository, secrets []corev1.Secret, own authn.Keychain) []authn.Authenticator {
	var all []authn.Authenticator
	for i := range secrets {
		for _, l := range loginsOf(&secrets[i]) {
			if l.fits(repo) {
				all = append(all, authn.FromConfig(l.auth))
			}
		}
	}
	// A helper that is not installed or not logged in is no reason to fail:
	// the image may be public.
	if auth, err := own.Resolve(repo); err == nil && auth != authn.Anonymous {
		all = append(all, auth)
	}
	return append(all, authn.Anonymous)
}
