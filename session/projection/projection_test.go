package projection_test

import (
	"archive/tar"
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tandem-dev/tandem/internal/fault"
	"github.com/tandem-dev/tandem/session/projection"
)

// archive makes a tar archive of files, by name.
func archive(t *testing.T, files map[string]string) []byte {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for name, content := range files {
		if err := w.WriteHeader(&tar.Header{Name: name, Size: int64(len(content)), Typeflag: tar.TypeReg, Mode: 0o644}); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(content)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// read is every file below root, by its path there. Each must be for the user's
// eyes alone, and so must the folders.
func read(t *testing.T, root string) map[string]string {
	t.Helper()
	root, err := filepath.EvalSymlinks(root)
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{}
	err = filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		if runtime.GOOS != "windows" && info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s has mode %v", path, info.Mode())
		}
		if d.IsDir() {
			return nil
		}
		content, err := os.ReadFile(path)
		name, _ := filepath.Rel(root, path)
		files[filepath.ToSlash(name)] = string(content)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func TestWriteReplacesEverything(t *testing.T) {
	dir := t.TempDir()
	root := projection.Root(dir, "api")
	for _, want := range []map[string]string{
		{"etc/shop/settings.yaml": "a: 1", "run/secrets/token": "t1"},
		{"run/secrets/token": "t2", "run/secrets/ca.crt": "c"},
		{},
	} {
		count, err := projection.Write(dir, "api", archive(t, want))
		if err != nil || count != len(want) {
			t.Fatalf("%d files, %v", count, err)
		}
		if diff := cmp.Diff(want, read(t, root)); diff != "" {
			t.Error(diff)
		}
	}
	entries, err := os.ReadDir(filepath.Join(dir, "api"))
	if err != nil || len(entries) > 3 { // root, what it points to, the state before
		t.Errorf("former states are left: %v, %v", entries, err)
	}
	if err := projection.WriteKubeconfig(dir, "api", []byte("kind: Config")); err != nil {
		t.Fatal(err)
	}
	if err := projection.WriteKubeconfig(dir, "api", []byte("kind: Config2")); err != nil {
		t.Fatal(err)
	}
	if content, err := os.ReadFile(projection.Kubeconfig(dir, "api")); string(content) != "kind: Config2" || err != nil {
		t.Errorf("kubeconfig %q, %v", content, err)
	}
	for range 2 {
		if err := projection.Remove(dir, "api"); err != nil {
			t.Fatal(err)
		}
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) > 0 {
		t.Errorf("left behind: %v, %v", entries, err)
	}
}

// A process never sees a certificate with another one's key.
func TestWriteIsOneStep(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("Windows has no rename over a folder")
	}
	dir := t.TempDir()
	states := [][]byte{archive(t, map[string]string{"a": "1", "b": "1"}), archive(t, map[string]string{"a": "2", "b": "2"})}
	if _, err := projection.Write(dir, "api", states[0]); err != nil {
		t.Fatal(err)
	}
	stop := make(chan struct{})
	var reader sync.WaitGroup
	looks := 0
	reader.Go(func() {
		for {
			select {
			case <-stop:
				return
			default:
			}
			// As a careful program does, which the kubelet's volumes ask for, too.
			state, err := filepath.EvalSymlinks(projection.Root(dir, "api"))
			if err != nil {
				if !errors.Is(err, fs.ErrNotExist) {
					t.Error(err)
				}
				if _, err := os.Lstat(projection.Root(dir, "api")); err != nil {
					t.Errorf("root is gone for a moment: %v", err)
				}
				continue
			}
			a, errA := os.ReadFile(filepath.Join(state, "a"))
			b, errB := os.ReadFile(filepath.Join(state, "b"))
			if errA != nil || errB != nil {
				continue // replaced meanwhile, as the kubelet does
			}
			if looks++; string(a) != string(b) {
				t.Errorf("a is %q, b is %q", a, b)
				return
			}
		}
	})
	for i := range 300 {
		if _, err := projection.Write(dir, "api", states[i%2]); err != nil {
			t.Error(err)
		}
	}
	close(stop)
	reader.Wait()
	if looks == 0 {
		t.Error("nothing was read: the test proved nothing")
	}
}

// The pod is not to be trusted with this machine's files.
func TestWriteStaysInside(t *testing.T) {
	outside := t.TempDir()
	for _, name := range []string{"../escaped", "/etc/escaped", "a/../../escaped"} {
		dir := t.TempDir()
		if _, err := projection.Write(dir, "api", archive(t, map[string]string{name: "x"})); fault.KindOf(err) != fault.EnvUnwritable {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := os.Stat(filepath.Join(dir, "escaped")); err == nil {
			t.Errorf("%s was written", name)
		}
	}
	var link bytes.Buffer
	w := tar.NewWriter(&link)
	if err := w.WriteHeader(&tar.Header{Name: "out", Linkname: outside, Typeflag: tar.TypeSymlink}); err != nil {
		t.Fatal(err)
	}
	if _, err := projection.Write(t.TempDir(), "api", link.Bytes()); fault.KindOf(err) != fault.EnvUnwritable {
		t.Errorf("a symbolic link: %v", err)
	}

	dir := t.TempDir()
	if err := os.Symlink(outside, filepath.Join(dir, "api")); err != nil {
		t.Skip(err)
	}
	if _, err := projection.Write(dir, "api", archive(t, map[string]string{"x": "x"})); fault.KindOf(err) != fault.EnvUnwritable {
		t.Errorf("the dev's folder is a symbolic link: %v", err)
	}
	if _, err := projection.Write(dir, "../x", nil); fault.KindOf(err) != fault.InvalidParams {
		t.Errorf("a dev with a path for a name: %v", err)
	}
	if entries, err := os.ReadDir(outside); err != nil || len(entries) > 0 {
		t.Errorf("outside: %v, %v", entries, err)
	}
}

// A failed write leaves the former state.
func TestWriteKeepsTheFormerState(t *testing.T) {
	dir := t.TempDir()
	want := map[string]string{"a": "1"}
	if _, err := projection.Write(dir, "api", archive(t, want)); err != nil {
		t.Fatal(err)
	}
	broken := archive(t, map[string]string{"a": strings.Repeat("2", 2000)})[:1000]
	if _, err := projection.Write(dir, "api", broken); err == nil {
		t.Error("half an archive was written")
	}
	if diff := cmp.Diff(want, read(t, projection.Root(dir, "api"))); diff != "" {
		t.Error(diff)
	}
	if entries, err := os.ReadDir(filepath.Join(dir, "api")); err != nil || len(entries) > 2 { // root and what it points to
		t.Errorf("half a state is left: %v, %v", entries, err)
	}
}

func FuzzWrite(f *testing.F) {
	f.Add([]byte("no archive"))
	f.Fuzz(func(t *testing.T, content []byte) {
		dir := t.TempDir()
		if _, err := projection.Write(dir, "api", content); err != nil && fault.KindOf(err) != fault.EnvUnwritable {
			t.Error(err)
		}
		if err := projection.Remove(dir, "api"); err != nil {
			t.Error(err)
		}
		if entries, err := os.ReadDir(dir); err != nil || len(entries) > 0 {
			t.Errorf("left behind: %v, %v", entries, err)
		}
	})
}
