package main

import (
	"archive/zip"
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// An archive is the same bytes whatever the umask of who made the files.
func TestArchive(t *testing.T) {
	at := time.Unix(1_700_000_000, 0).UTC()
	made := func(program, text fs.FileMode) []byte {
		t.Helper()
		dir, out := t.TempDir(), filepath.Join(t.TempDir(), "out.zip")
		for name, mode := range map[string]fs.FileMode{"tandem.exe": program, "LICENSE": text} {
			file := filepath.Join(dir, name)
			if err := os.WriteFile(file, []byte(name), 0o600); err != nil {
				t.Fatal(err)
			}
			if err := os.Chmod(file, mode); err != nil {
				t.Fatal(err)
			}
		}
		if err := archive(out, dir, at); err != nil {
			t.Fatal(err)
		}
		content, err := os.ReadFile(out)
		if err != nil {
			t.Fatal(err)
		}
		return content
	}
	usual, private := made(0o755, 0o644), made(0o700, 0o600)
	if !bytes.Equal(usual, private) {
		t.Error("the umask is in the archive")
	}
	z, err := zip.NewReader(bytes.NewReader(private), int64(len(private)))
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]fs.FileMode{"LICENSE": 0o644, "tandem.exe": 0o755}
	for _, f := range z.File {
		if f.Mode() != want[f.Name] || !f.Modified.Equal(at) {
			t.Errorf("%s: mode %v, time %v", f.Name, f.Mode(), f.Modified)
		}
	}
	if len(z.File) != 2 || z.File[0].Name != "LICENSE" {
		t.Errorf("%d files", len(z.File))
	}
}
