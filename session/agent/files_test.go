package agent

import (
	"archive/tar"
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/crypto/ssh"
)

// volume is a folder as the kubelet's atomic writer keeps it.
type volume struct {
	t   *testing.T
	dir string
	n   int
}

func newVolume(t *testing.T) *volume { return &volume{t: t, dir: t.TempDir()} }

// set replaces the volume's content in one step.
func (v *volume) set(files map[string]string) {
	v.t.Helper()
	v.n++
	fresh := fmt.Sprintf("..2026_%d", v.n)
	must := func(err error) {
		v.t.Helper()
		if err != nil {
			v.t.Fatal(err)
		}
	}
	for name, content := range files {
		path := filepath.Join(v.dir, fresh, name)
		must(os.MkdirAll(filepath.Dir(path), 0o755))
		must(os.WriteFile(path, []byte(content), 0o644))
		top, _, _ := strings.Cut(name, "/")
		if _, err := os.Lstat(filepath.Join(v.dir, top)); err != nil {
			must(os.Symlink(filepath.Join("..data", top), filepath.Join(v.dir, top)))
		}
	}
	must(os.Symlink(fresh, filepath.Join(v.dir, "..new")))
	must(os.Rename(filepath.Join(v.dir, "..new"), filepath.Join(v.dir, "..data")))
}

// askFiles opens the subsystem; next reads one block.
func askFiles(t *testing.T, c *ssh.Client, paths ...string) (next func() (FilesHeader, map[string]string), end func()) {
	t.Helper()
	ch, requests, err := c.OpenChannel("session", nil)
	if err != nil {
		t.Fatal(err)
	}
	go ssh.DiscardRequests(requests) // ends with the channel
	if ok, err := ch.SendRequest("subsystem", true, ssh.Marshal(subsystemRequest{FilesSubsystem})); err != nil || !ok {
		t.Fatalf("subsystem: %v, %v", ok, err)
	}
	request, err := json.Marshal(FilesRequest{Paths: paths})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := ch.Write(request); err != nil {
		t.Fatal(err)
	}
	if err := ch.CloseWrite(); err != nil {
		t.Fatal(err)
	}
	part := func() []byte {
		t.Helper()
		var size uint32
		if err := binary.Read(ch, binary.BigEndian, &size); err != nil {
			t.Fatal(err)
		}
		content := make([]byte, size)
		if _, err := io.ReadFull(ch, content); err != nil {
			t.Fatal(err)
		}
		return content
	}
	next = func() (header FilesHeader, files map[string]string) {
		t.Helper()
		if err := json.Unmarshal(part(), &header); err != nil {
			t.Fatal(err)
		}
		files = map[string]string{}
		r := tar.NewReader(bytes.NewReader(part()))
		for {
			h, err := r.Next()
			if err == io.EOF {
				return header, files
			}
			content, readErr := io.ReadAll(r)
			if err != nil || readErr != nil || h.Typeflag != tar.TypeReg {
				t.Fatalf("entry %+v: %v, %v", h, err, readErr)
			}
			files["/"+h.Name] = string(content)
		}
	}
	return next, func() { ch.Close() }
}

func TestFilesFollowTheVolume(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("the agent runs on Linux")
	}
	v := newVolume(t)
	v.set(map[string]string{"tls.crt": "one", "deep/key": "k1", ".hidden": "h"})
	single := filepath.Join(t.TempDir(), "subPath.conf")
	if err := os.WriteFile(single, []byte("sub"), 0o600); err != nil {
		t.Fatal(err)
	}
	gone := filepath.Join(t.TempDir(), "nothing")
	next, end := askFiles(t, start(t, nil).connect(), v.dir, single, gone)
	defer end()

	header, files := next()
	if diff := cmp.Diff(map[string]string{gone: "no such file or directory"}, header.Unreadable); diff != "" {
		t.Errorf("unreadable: %s", diff)
	}
	at := func(name string) string { return filepath.Join(v.dir, name) }
	want := map[string]string{at("tls.crt"): "one", at("deep/key"): "k1", at(".hidden"): "h", single: "sub"}
	if diff := cmp.Diff(want, files); diff != "" {
		t.Error(diff)
	}
	v.set(map[string]string{"tls.crt": "two", "deep/key": "k2"})
	_, files = next()
	if diff := cmp.Diff(map[string]string{at("tls.crt"): "two", at("deep/key"): "k2", single: "sub"}, without(files, at(".hidden"))); diff != "" {
		t.Errorf("after the rotation: %s", diff)
	}
}

func without(files map[string]string, name string) map[string]string {
	delete(files, name)
	return files
}

func TestFilesOfACircle(t *testing.T) {
	dir := t.TempDir()
	if err := os.Symlink(".", filepath.Join(dir, "again")); err != nil {
		t.Skip(err)
	}
	header, archive, err := archiveOf([]string{dir})
	if err != nil || len(header.Unreadable) != 1 || len(archive) == 0 {
		t.Errorf("%v, %v", header, err)
	}
}

func TestFilesAreBounded(t *testing.T) {
	dir := t.TempDir()
	for name, size := range map[string]int64{"a": maxFilesBytes / 2, "b": maxFilesBytes, "c": 10} {
		if err := os.Truncate(touch(t, filepath.Join(dir, name)), size); err != nil {
			t.Fatal(err)
		}
	}
	header, archive, err := archiveOf([]string{dir})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]string{filepath.Join(dir, "b"): errTooMuch.Error()}, header.Unreadable); diff != "" || len(archive) > maxFilesBytes {
		t.Errorf("%d bytes, unreadable: %s", len(archive), diff)
	}
}

func touch(t *testing.T, path string) string {
	t.Helper()
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// A request that is none ends the channel and nothing else.
func TestFilesOfNonsense(t *testing.T) {
	c := start(t, nil).connect()
	ch, requests, err := c.OpenChannel("session", nil)
	if err != nil {
		t.Fatal(err)
	}
	if ok, err := ch.SendRequest("subsystem", true, ssh.Marshal(subsystemRequest{FilesSubsystem})); err != nil || !ok {
		t.Fatalf("subsystem: %v, %v", ok, err)
	}
	if _, err := ch.Write([]byte("{")); err != nil {
		t.Fatal(err)
	}
	if err := ch.CloseWrite(); err != nil {
		t.Fatal(err)
	}
	if content, err := io.ReadAll(ch); err != nil || len(content) > 0 {
		t.Errorf("read %q, %v", content, err)
	}
	for range requests {
	}
	if ok, _, err := c.SendRequest(keepaliveRequest, true, nil); err != nil || !ok {
		t.Errorf("the link after nonsense: %v, %v", ok, err)
	}
}
