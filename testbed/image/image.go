// Package image builds container images from files, without Docker or any other
// daemon: one layer, and a configuration. The result depends on the inputs alone
// (no times, no order of the file system), so building twice gives one digest.
package image

import (
	"archive/tar"
	"bytes"
	"fmt"
	"io"
	"os"
	"path"
	"runtime"
	"slices"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
)

// Spec says what is in an image. Paths in the image are absolute.
type Spec struct {
	Files map[string]string // path in the image → file on this machine; its permission bits are kept
	Links map[string]string // path in the image → target of the symbolic link
	Dirs  []string          // further folders, mode 0755; parents of files come by themselves

	Env        []string // NAME=VALUE, in this order
	Entrypoint []string
	Cmd        []string
	User       string // as in a Dockerfile; "" is root
	Workdir    string // "" is /
	Ports      []int  // documentation only: EXPOSE
}

// Build makes the image, for Linux and the architecture of this program.
func Build(s Spec) (v1.Image, error) {
	content, err := archive(s)
	if err != nil {
		return nil, err
	}
	layer, err := tarball.LayerFromOpener(func() (io.ReadCloser, error) {
		return io.NopCloser(bytes.NewReader(content)), nil
	})
	if err != nil {
		return nil, err
	}
	img, err := mutate.AppendLayers(empty.Image, layer)
	if err != nil {
		return nil, err
	}
	config, err := img.ConfigFile()
	if err != nil {
		return nil, err
	}
	config = config.DeepCopy()
	config.OS, config.Architecture = "linux", runtime.GOARCH
	config.Config = v1.Config{
		Env: s.Env, Entrypoint: s.Entrypoint, Cmd: s.Cmd, User: s.User, WorkingDir: s.Workdir,
	}
	for _, p := range s.Ports {
		if config.Config.ExposedPorts == nil {
			config.Config.ExposedPorts = map[string]struct{}{}
		}
		config.Config.ExposedPorts[fmt.Sprintf("%d/tcp", p)] = struct{}{}
	}
	return mutate.ConfigFile(img, config)
}

// archive is the layer: folders before what they hold, everything owned by root
// and without a time.
func archive(s Spec) ([]byte, error) {
	var buf bytes.Buffer
	w := &writer{tar: tar.NewWriter(&buf), seen: map[string]bool{}}
	// The runtime mounts over some of these and expects them to be there when the
	// root file system is read-only.
	for _, d := range append([]string{"/dev", "/etc", "/proc", "/sys", "/tmp"}, s.Dirs...) {
		w.dir(d)
	}
	for _, name := range sorted(s.Files) {
		w.file(name, s.Files[name])
	}
	for _, name := range sorted(s.Links) {
		w.link(name, s.Links[name])
	}
	if w.err == nil {
		w.err = w.tar.Close()
	}
	return buf.Bytes(), w.err
}

// writer adds entries to an archive; after the first error it does nothing.
type writer struct {
	tar  *tar.Writer
	seen map[string]bool
	err  error
}

func (w *writer) header(h *tar.Header) {
	if w.err == nil {
		h.Name = strings.TrimPrefix(h.Name, "/")
		w.err = w.tar.WriteHeader(h)
	}
}

func (w *writer) dir(name string) {
	name = path.Clean("/" + name)
	if name == "/" || w.seen[name] {
		return
	}
	w.dir(path.Dir(name))
	w.seen[name] = true
	mode := int64(0o755)
	if name == "/tmp" {
		mode = 0o1777
	}
	w.header(&tar.Header{Typeflag: tar.TypeDir, Name: name + "/", Mode: mode})
}

func (w *writer) file(name, source string) {
	if w.err != nil {
		return
	}
	info, err := os.Stat(source)
	if err != nil {
		w.err = err
		return
	}
	content, err := os.ReadFile(source)
	if err != nil {
		w.err = err
		return
	}
	w.dir(path.Dir(name))
	w.header(&tar.Header{Typeflag: tar.TypeReg, Name: name, Mode: int64(info.Mode().Perm()), Size: int64(len(content))})
	if w.err == nil {
		_, w.err = w.tar.Write(content)
	}
}

func (w *writer) link(name, target string) {
	w.dir(path.Dir(name))
	w.header(&tar.Header{Typeflag: tar.TypeSymlink, Name: name, Linkname: target, Mode: 0o777})
}

func sorted(m map[string]string) []string {
	names := make([]string, 0, len(m))
	for n := range m {
		names = append(names, n)
	}
	slices.Sort(names)
	return names
}
