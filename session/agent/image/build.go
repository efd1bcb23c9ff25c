package image

import (
	"archive/tar"
	"bytes"
	"embed"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/tandem-dev/tandem/internal/fault"
)

// Program is the path of the agent inside the image, and its entrypoint.
const Program = "/tandem-agent"

// User and group the image runs as unless the pod says otherwise; a number, so
// that runAsNonRoot can be verified.
const user = "65532:65532"

// platforms of the image, in the order of the index.
var platforms = []v1.Platform{
	{OS: "linux", Architecture: "amd64"},
	{OS: "linux", Architecture: "arm64"},
}

// epoch is the time of everything in the image, so that its digest depends on
// the content alone.
var epoch = time.Unix(0, 0).UTC()

//go:embed all:bin
var embedded embed.FS

// Build makes the OCI image index with one image per platform, from the
// embedded binaries. The version goes into the label
// org.opencontainers.image.version. It fails with fault.AgentMissing where the
// program was built without the binaries.
func Build(version string) (v1.ImageIndex, error) {
	return build(embedded, version)
}

// Digest is the digest of the index that Build makes, "sha256:…".
func Digest(version string) (string, error) {
	index, err := Build(version)
	if err != nil {
		return "", err
	}
	digest, err := index.Digest()
	if err != nil {
		return "", fault.Wrap(err, fault.Internal, "computing the digest of the agent image")
	}
	return digest.String(), nil
}

func build(binaries fs.FS, version string) (v1.ImageIndex, error) {
	index := mutate.IndexMediaType(empty.Index, types.OCIImageIndex)
	for _, platform := range platforms {
		file := "bin/tandem-agent-" + platform.OS + "-" + platform.Architecture
		program, err := fs.ReadFile(binaries, file)
		if errors.Is(err, fs.ErrNotExist) || err == nil && len(program) == 0 {
			return nil, fault.New(fault.AgentMissing, "this build of tandem holds no agent for %s", platform).
				Hint("build it with `make build`, or name a published agent image in the setting agentImage")
		}
		if err != nil {
			return nil, fault.Wrap(err, fault.Internal, "reading the embedded agent for %s", platform)
		}
		image, err := buildImage(program, platform, version)
		if err != nil {
			return nil, fault.Wrap(err, fault.Internal, "building the agent image for %s", platform)
		}
		index = mutate.AppendManifests(index, mutate.IndexAddendum{
			Add:        image,
			Descriptor: v1.Descriptor{Platform: platform.DeepCopy()},
		})
	}
	return index, nil
}

func buildImage(program []byte, platform v1.Platform, version string) (v1.Image, error) {
	content, err := archive(program)
	if err != nil {
		return nil, err
	}
	layer, err := tarball.LayerFromOpener(func() (io.ReadCloser, error) {
		return io.NopCloser(bytes.NewReader(content)), nil
	}, tarball.WithMediaType(types.OCILayer))
	if err != nil {
		return nil, fmt.Errorf("layer: %w", err)
	}
	image := mutate.ConfigMediaType(mutate.MediaType(empty.Image, types.OCIManifestSchema1), types.OCIConfigJSON)
	created := v1.Time{Time: epoch}
	image, err = mutate.Append(image, mutate.Addendum{
		Layer:   layer,
		History: v1.History{Created: created, CreatedBy: "tandem", Comment: "the agent"},
	})
	if err != nil {
		return nil, fmt.Errorf("appending the layer: %w", err)
	}
	config, err := image.ConfigFile()
	if err != nil {
		return nil, fmt.Errorf("config: %w", err)
	}
	config = config.DeepCopy()
	config.OS, config.Architecture, config.Created = platform.OS, platform.Architecture, created
	config.Config.User = user
	config.Config.Entrypoint = []string{Program}
	config.Config.Labels = map[string]string{
		"org.opencontainers.image.title":       "tandem-agent",
		"org.opencontainers.image.description": "SSH server of the dev container of a Tandem session",
		"org.opencontainers.image.version":     version,
	}
	return mutate.ConfigFile(image, config)
}

// archive is the layer: the program alone, owned by root so that the image's
// user cannot replace it.
func archive(program []byte) ([]byte, error) {
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	err := w.WriteHeader(&tar.Header{
		Typeflag: tar.TypeReg,
		Name:     Program[1:],
		Mode:     0o755,
		Size:     int64(len(program)),
		ModTime:  epoch,
		Format:   tar.FormatUSTAR,
	})
	if err != nil {
		return nil, err
	}
	if _, err := w.Write(program); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}
