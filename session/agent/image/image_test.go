package image

import (
	"archive/tar"
	"context"
	"io"
	"io/fs"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/tandem-dev/tandem/internal/fault"
)

// binaries stand in for what `make agent` builds; the image does not look into
// them.
func binaries() fstest.MapFS {
	return fstest.MapFS{
		"bin/.gitignore":               {Data: []byte("*")},
		"bin/tandem-agent-linux-amd64": {Data: []byte("amd64 program")},
		"bin/tandem-agent-linux-arm64": {Data: []byte("arm64 program")},
	}
}

// serveRegistry is a registry behind real HTTP.
func serveRegistry(t *testing.T, wrap func(http.Handler) http.Handler) (host string) {
	t.Helper()
	var handler = registry.New(registry.Logger(log.New(io.Discard, "", 0)))
	if wrap != nil {
		handler = wrap(handler)
	}
	s := httptest.NewServer(handler)
	t.Cleanup(s.Close)
	return strings.TrimPrefix(s.URL, "http://")
}

func TestPushedImageCanBePulledForEveryPlatform(t *testing.T) {
	ref := serveRegistry(t, nil) + "/tandem/agent:v1"
	pushed, err := push(t.Context(), binaries(), ref, PushOptions{Version: "v1.2.3"})
	if err != nil {
		t.Fatal(err)
	}
	byDigest, err := name.NewDigest(pushed)
	if err != nil {
		t.Fatalf("%q is no reference by digest: %v", pushed, err)
	}
	index, err := remote.Index(byDigest)
	if err != nil {
		t.Fatal(err)
	}
	manifest, err := index.IndexManifest()
	if err != nil {
		t.Fatal(err)
	}
	if manifest.MediaType != types.OCIImageIndex || len(manifest.Manifests) != len(platforms) {
		t.Fatalf("%s with %d manifests", manifest.MediaType, len(manifest.Manifests))
	}
	for _, platform := range platforms {
		t.Run(platform.String(), func(t *testing.T) {
			image, err := remote.Image(byDigest, remote.WithPlatform(platform))
			if err != nil {
				t.Fatal(err)
			}
			config, err := image.ConfigFile()
			if err != nil {
				t.Fatal(err)
			}
			want := v1.Config{
				User:       "65532:65532",
				Entrypoint: []string{"/tandem-agent"},
				Labels: map[string]string{
					"org.opencontainers.image.title":       "tandem-agent",
					"org.opencontainers.image.description": "SSH server of the dev container of a Tandem session",
					"org.opencontainers.image.version":     "v1.2.3",
				},
			}
			if diff := cmp.Diff(want, config.Config); diff != "" {
				t.Errorf("config (-want +got):\n%s", diff)
			}
			if config.OS != platform.OS || config.Architecture != platform.Architecture || !config.Created.Equal(epoch) {
				t.Errorf("%s/%s of %v", config.OS, config.Architecture, config.Created)
			}
			layers, err := image.Layers()
			if err != nil || len(layers) != 1 {
				t.Fatalf("%d layers, %v", len(layers), err)
			}
			content, err := layers[0].Uncompressed()
			if err != nil {
				t.Fatal(err)
			}
			defer content.Close()
			files := tar.NewReader(content)
			header, err := files.Next()
			if err != nil {
				t.Fatal(err)
			}
			program, err := io.ReadAll(files)
			if err != nil {
				t.Fatal(err)
			}
			if header.Name != "tandem-agent" || header.Mode != 0o755 || header.Uid != 0 || !header.ModTime.Equal(epoch) ||
				string(program) != platform.Architecture+" program" {
				t.Errorf("%+v with %q", header, program)
			}
			if _, err := files.Next(); err != io.EOF {
				t.Errorf("there is a second file: %v", err)
			}
		})
	}
}

func TestDigestDependsOnContentAlone(t *testing.T) {
	digest := func(files fs.FS, version string) string {
		index, err := build(files, version)
		if err != nil {
			t.Fatal(err)
		}
		d, err := index.Digest()
		if err != nil {
			t.Fatal(err)
		}
		return d.String()
	}
	first := digest(binaries(), "v1")
	if again := digest(binaries(), "v1"); again != first {
		t.Errorf("the same build has two digests: %s, %s", first, again)
	}
	if other := digest(binaries(), "v2"); other == first {
		t.Error("another version has the same digest")
	}
	changed := binaries()
	changed["bin/tandem-agent-linux-arm64"] = &fstest.MapFile{Data: []byte("other")}
	if other := digest(changed, "v1"); other == first {
		t.Error("another program has the same digest")
	}
}

func TestPushExplainsFailures(t *testing.T) {
	refuse := func(status int) func(http.Handler) http.Handler {
		return func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.Method == http.MethodPost || r.Method == http.MethodPut {
					w.WriteHeader(status)
					return
				}
				next.ServeHTTP(w, r)
			})
		}
	}
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	partial := binaries()
	delete(partial, "bin/tandem-agent-linux-arm64")
	tests := []struct {
		name  string
		ctx   context.Context
		files fs.FS
		ref   string
		want  fault.Kind
	}{
		{"no binaries", t.Context(), fstest.MapFS{}, "localhost/agent", fault.AgentMissing},
		{"one binary", t.Context(), partial, "localhost/agent", fault.AgentMissing},
		{"malformed", t.Context(), binaries(), "UPPER/Case:?", fault.InvalidParams},
		{"forbidden", t.Context(), binaries(), serveRegistry(t, refuse(http.StatusForbidden)) + "/a", fault.PermissionDenied},
		{"unauthorised", t.Context(), binaries(), serveRegistry(t, refuse(http.StatusUnauthorized)) + "/a", fault.PermissionDenied},
		{"cancelled", cancelled, binaries(), serveRegistry(t, nil) + "/a", fault.Cancelled},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := push(tt.ctx, tt.files, tt.ref, PushOptions{})
			if fault.KindOf(err) != tt.want {
				t.Fatalf("got %v of kind %q, want %q", err, fault.KindOf(err), tt.want)
			}
		})
	}
}

func TestEmbeddedBinariesBuildOrAreMissed(t *testing.T) {
	if _, err := fs.Stat(embedded, "bin/.gitignore"); err != nil {
		t.Fatalf("the file that keeps the folder is gone: %v", err)
	}
	digest, err := Digest("v1")
	switch {
	case err == nil && !strings.HasPrefix(digest, "sha256:"):
		t.Errorf("digest %q", digest)
	case err != nil && fault.KindOf(err) != fault.AgentMissing:
		t.Error(err)
	case err != nil && fault.HintOf(err) == "":
		t.Error("no hint how to build the agent")
	}
}
