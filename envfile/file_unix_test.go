//go:build unix

package envfile

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/tandem-dev/tandem/internal/fault"
)

func mode(t *testing.T, path string) fs.FileMode {
	t.Helper()
	info, err := os.Lstat(path)
	if err != nil {
		t.Fatal(err)
	}
	return info.Mode().Perm()
}

// Modes do not depend on the umask, not even on none at all.
func TestModes(t *testing.T) {
	old := syscall.Umask(0)
	defer syscall.Umask(old)
	parent := t.TempDir()
	if err := os.Chmod(parent, 0o755); err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(parent, DirName)
	file, err := WriteFile(dir, "api", small(), Dotenv)
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]fs.FileMode{dir: 0o700, file.Path: 0o600, filepath.Join(dir, ".gitignore"): 0o600} {
		if got := mode(t, path); got != want {
			t.Errorf("%s has mode %04o, want %04o", filepath.Base(path), got, want)
		}
	}
	// A file that someone opened up is closed again, even with the same content.
	if err := os.Chmod(file.Path, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := WriteFile(dir, "api", small(), Dotenv); err != nil {
		t.Fatal(err)
	}
	if got := mode(t, file.Path); got != 0o600 {
		t.Errorf("rewritten with mode %04o", got)
	}
}

func TestRefusesSymlinks(t *testing.T) {
	elsewhere := t.TempDir()
	victim := filepath.Join(elsewhere, "victim")
	if err := os.WriteFile(victim, []byte("precious"), 0o600); err != nil {
		t.Fatal(err)
	}
	linked := filepath.Join(t.TempDir(), DirName)
	dangling := filepath.Join(t.TempDir(), DirName)
	real := filepath.Join(t.TempDir(), DirName)
	if err := errors.Join(
		os.Symlink(elsewhere, linked), os.Symlink(filepath.Join(elsewhere, "nope"), dangling),
		os.Mkdir(real, 0o700), os.Symlink(victim, filepath.Join(real, "api.env")),
	); err != nil {
		t.Fatal(err)
	}
	for name, dir := range map[string]string{"folder": linked, "dangling folder": dangling, "file": real} {
		_, err := WriteFile(dir, "api", small(), Dotenv)
		if !errors.Is(err, fault.EnvUnwritable) || !strings.Contains(err.Error(), "symbolic link") || fault.HintOf(err) == "" {
			t.Errorf("%s: %v", name, err)
		}
	}
	if content, _ := os.ReadFile(victim); string(content) != "precious" {
		t.Errorf("the link was followed: %q", content)
	}
	if got := listing(t, elsewhere); len(got) != 1 {
		t.Errorf("written through the link: %q", got)
	}
	// Removing leaves a link alone, and what it points to.
	if err := RemoveFiles(real, "api"); err != nil {
		t.Error(err)
	}
	if _, err := os.Lstat(filepath.Join(real, "api.env")); err != nil {
		t.Error(err)
	}
	if err := RemoveFiles(linked, "victim"); !errors.Is(err, fault.EnvUnwritable) {
		t.Errorf("removing through a link: %v", err)
	}
}

func TestRefusesExposedFolders(t *testing.T) {
	for _, tt := range []struct {
		name        string
		parent, dir os.FileMode
		ok          bool
	}{
		{"private", 0o700, 0o700, true},
		{"group", 0o775, 0o775, true},
		{"sticky parent", 0o777 | os.ModeSticky, 0o700, true},
		{"open parent", 0o777, 0o700, false},
		{"open folder", 0o700, 0o777, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			parent := filepath.Join(t.TempDir(), "parent")
			dir := filepath.Join(parent, DirName)
			if err := errors.Join(os.Mkdir(parent, 0o700), os.Mkdir(dir, 0o700), os.Chmod(dir, tt.dir), os.Chmod(parent, tt.parent)); err != nil {
				t.Fatal(err)
			}
			_, err := WriteFile(dir, "api", small(), Dotenv)
			if tt.ok != (err == nil) {
				t.Fatalf("got %v", err)
			}
			if !tt.ok {
				if !errors.Is(err, fault.EnvUnwritable) || !strings.Contains(fault.HintOf(err), "chmod o-w") {
					t.Errorf("%v, hint %q", err, fault.HintOf(err))
				}
				if got := listing(t, dir); len(got) > 0 {
					t.Errorf("a refusal left %q", got)
				}
				// Secrets can always be taken away.
				if err := RemoveFiles(dir, "api"); err != nil {
					t.Errorf("removing: %v", err)
				}
			}
		})
	}
}
