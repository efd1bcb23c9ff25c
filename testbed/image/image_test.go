package image

import (
	"archive/tar"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

func program(t *testing.T) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "program")
	if err := os.WriteFile(file, []byte("content"), 0o755); err != nil {
		t.Fatal(err)
	}
	return file
}

func TestBuildIsReproducible(t *testing.T) {
	digest := func() v1.Hash {
		img, err := Build(Spec{
			Files: map[string]string{"/b/program": program(t), "/a/program": program(t)},
			Links: map[string]string{"/bin/x": "../a/program", "/bin/y": "../b/program"},
			Env:   []string{"A=1"},
		})
		if err != nil {
			t.Fatal(err)
		}
		d, err := img.Digest()
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	if a, b := digest(), digest(); a != b {
		t.Errorf("two builds of one image: %s and %s", a, b)
	}
}

func TestBuildLayerAndConfig(t *testing.T) {
	img, err := Build(Spec{
		Files: map[string]string{"/opt/program": program(t)},
		Links: map[string]string{"/bin/program": "/opt/program"},
		Env:   []string{"EMPTY=", `QUOTED=say "hi"=1`}, Entrypoint: []string{"/opt/program"},
		User: "65532", Ports: []int{8080},
	})
	if err != nil {
		t.Fatal(err)
	}
	entries := map[string]*tar.Header{}
	var order []string
	layers, err := img.Layers()
	if err != nil {
		t.Fatal(err)
	}
	content, err := layers[0].Uncompressed()
	if err != nil {
		t.Fatal(err)
	}
	defer content.Close()
	for r := tar.NewReader(content); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		entries[h.Name], order = h, append(order, h.Name)
	}
	if h := entries["opt/program"]; h == nil || h.Mode != 0o755 {
		t.Errorf("opt/program: %+v, want mode 0755", h)
	}
	if h := entries["tmp/"]; h == nil || h.Mode != 0o1777 {
		t.Errorf("tmp/: %+v, want the sticky bit", h)
	}
	if h := entries["bin/program"]; h == nil || h.Typeflag != tar.TypeSymlink || h.Linkname != "/opt/program" {
		t.Errorf("bin/program: %+v, want a symbolic link to /opt/program", h)
	}
	if slices.Index(order, "opt/") > slices.Index(order, "opt/program") {
		t.Errorf("a file before its folder: %q", order)
	}
	config, err := img.ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(config.Config.Env, []string{"EMPTY=", `QUOTED=say "hi"=1`}) || config.Config.User != "65532" {
		t.Errorf("config: %+v", config.Config)
	}
	if _, ok := config.Config.ExposedPorts["8080/tcp"]; !ok {
		t.Errorf("ports: %v, want 8080/tcp", config.Config.ExposedPorts)
	}
}

func TestBuildMissingFile(t *testing.T) {
	if _, err := Build(Spec{Files: map[string]string{"/x": "/does/not/exist"}}); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v, want a missing file", err)
	}
}
