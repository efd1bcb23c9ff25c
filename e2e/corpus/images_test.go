package corpus

import (
	"archive/tar"
	"bytes"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/tarball"

	"github.com/tandem-dev/tandem/e2e/harness"
)

// imageEnvs are the images of the corpus: the same program with different ENV.
var imageEnvs = map[string][]string{
	"plain": {"PATH=/usr/bin:/bin", "IMAGE_ONLY=from the image", "K=image", "LANG=C.UTF-8"},
	"bare":  nil,
	"odd": {
		"TWICE=1", "TWICE=2", "NOEQUALS", "EQUALS=a=b=", "NOTHING=", "K=image",
		"DOLLARS=$(K) $$ ${K} $K", "UTF8=grüße 世界", " LEAD= lead", "LINES=a\nb\n", "dotted.name=d",
		"HOME=/from-image", "HOSTNAME=from-image", "quote\"'=q\"'",
	},
	"takes-back":      {"TAKEN=1", "TAKEN", "GIVEN", "GIVEN=1", "AGAIN=1", "AGAIN", "AGAIN=2", "PATH=/once", "PATH", "PATH=/again"},
	"no-values":       {"PATH", "HOSTNAME", "HOME"},
	"empty-path":      {"PATH=", "HOSTNAME="},
	"path-taken-back": {"PATH=/once", "PATH"},
	"no-terminal":     {"TERM"},
	"empty-home":      {"HOME="},
	"terminal":        {"TERM=vt100"},
	"links":           {"DB_SERVICE_HOST=image", "DB_PORT=image", "KUBERNETES_SERVICE_HOST=image", "NOT_A_SERVICE_HOST=image"},
}

// pushImages builds the program and pushes all images; the result maps their
// names to references.
func pushImages(t *testing.T) map[string]string {
	t.Helper()
	layer := programLayer(t)
	refs := map[string]string{}
	for image, env := range imageEnvs {
		refs[image] = pushImage(t, layer, harness.Registry()+"/tandem-test/corpus:"+image+"-", env)
	}
	return refs
}

// programLayer has the program as /environ and, for exec, as /bin/env and
// /bin/cat, which print the environment with any argument.
func programLayer(t *testing.T) v1.Layer {
	t.Helper()
	file := filepath.Join(t.TempDir(), "environ")
	build := exec.Command("go", "build", "-trimpath", "-ldflags=-s -w", "-o", file, "./testdata/environ")
	build.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux")
	if text, err := build.CombinedOutput(); err != nil {
		t.Fatalf("building the program: %v\n%s", err, text)
	}
	program, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var content bytes.Buffer
	w := tar.NewWriter(&content)
	header := func(h *tar.Header) {
		if err := w.WriteHeader(h); err != nil {
			t.Fatal(err)
		}
	}
	header(&tar.Header{Name: "environ", Mode: 0o755, Size: int64(len(program))})
	if _, err := w.Write(program); err != nil {
		t.Fatal(err)
	}
	header(&tar.Header{Name: "bin/cat", Typeflag: tar.TypeSymlink, Linkname: "/environ"})
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	layer, err := tarball.LayerFromOpener(func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(content.Bytes())), nil })
	if err != nil {
		t.Fatal(err)
	}
	return layer
}

// pushImage pushes an image and returns its reference: ref, with a part of its
// digest where ref ends with a dash.
func pushImage(t *testing.T, layer v1.Layer, ref string, env []string) string {
	t.Helper()
	image, err := mutate.AppendLayers(empty.Image, layer)
	if err != nil {
		t.Fatal(err)
	}
	config, err := image.ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	config = config.DeepCopy()
	config.OS, config.Architecture = "linux", "amd64"
	config.Config.Entrypoint, config.Config.Env = []string{"/environ"}, env
	if image, err = mutate.ConfigFile(image, config); err != nil {
		t.Fatal(err)
	}
	if strings.HasSuffix(ref, "-") {
		// A node keeps what it pulled under a tag.
		digest, err := image.Digest()
		if err != nil {
			t.Fatal(err)
		}
		ref += digest.Hex[:12]
	}
	tag, err := name.NewTag(ref)
	if err != nil {
		t.Fatal(err)
	}
	if err := remote.Write(tag, image, remote.WithContext(t.Context()), transportOf(t)); err != nil {
		t.Fatalf("pushing %s: %v", strings.TrimPrefix(ref, harness.Registry()), err)
	}
	return ref
}

// transportOf talks to a registry and leaves no connection behind.
func transportOf(t *testing.T) remote.Option {
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	return remote.WithTransport(transport)
}
