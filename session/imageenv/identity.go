package imageenv

import (
	"regexp"
	"strings"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// identity is what is known of the image before the registry is asked.
type identity struct {
	// ref is what to ask the registry for: by digest where one is known.
	ref name.Reference
	// config is the digest of the image's config blob where the node reports
	// that instead of a manifest's; ref is then the spec's own.
	config *v1.Hash
}

var bareID = regexp.MustCompile(`^(?:sha256:)?([a-f0-9]{64})$`)

// identify reads the spec's image and the node's imageID, which is one of
//
//	registry/name@sha256:…                    containerd, CRI-O: a manifest or index
//	docker-pullable://registry/name@sha256:…  Docker through a shim
//	docker://sha256:…, sha256:…, 64 digits    the config, of an image that was
//	                                          loaded into the node and not pulled
//	""                                        nothing runs
func identify(image, id string) (identity, error) {
	// The name of the node may be another registry's than the spec's (a mirror
	// that an admission webhook put in); it is the one that runs.
	id = strings.TrimPrefix(strings.TrimPrefix(id, "docker-pullable://"), "docker://")
	if digest, err := name.NewDigest(id); err == nil && strings.Contains(id, "@") {
		return identity{ref: digest}, nil
	}
	ref, err := name.ParseReference(image)
	if err != nil {
		return identity{}, err
	}
	if m := bareID.FindStringSubmatch(id); m != nil {
		return identity{ref: ref, config: &v1.Hash{Algorithm: "sha256", Hex: m[1]}}, nil
	}
	return identity{ref: ref}, nil
}
