package manifest

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tandem-dev/tandem/internal/fault"
)

func TestDiscoverOrder(t *testing.T) {
	dir := write(t, map[string]string{
		"okteto.yml": "", "okteto.yaml": "", ".okteto/okteto.yml": "", ".okteto/okteto.yaml": "", "sub/x": "",
	})
	for _, name := range []string{"okteto.yml", "okteto.yaml", ".okteto/okteto.yml", ".okteto/okteto.yaml"} {
		want := filepath.Join(dir, filepath.FromSlash(name))
		if got, err := Discover(dir, ""); err != nil || got != want {
			t.Errorf("Discover = %q, %v, want %q", got, err, want)
		}
		if err := os.Remove(want); err != nil {
			t.Fatal(err)
		}
	}
	_, err := Discover(dir, "")
	if !errors.Is(err, fault.ManifestNotFound) || fault.HintOf(err) == "" {
		t.Fatalf("error = %v", err)
	}
	for _, name := range names {
		if !strings.Contains(err.Error(), name) {
			t.Errorf("%q does not name %s", err, name)
		}
	}
}

func TestDiscoverExplicit(t *testing.T) {
	dir := write(t, map[string]string{"okteto.yml": "", "other/my.yml": "", "other/okteto.yaml": ""})
	for explicit, want := range map[string]string{
		"other/my.yml":                     "other/my.yml",
		filepath.Join(dir, "other/my.yml"): "other/my.yml",
		"other":                            "other/okteto.yaml",
		"./other/../okteto.yml":            "okteto.yml",
	} {
		if got, err := Discover(dir, explicit); err != nil || got != filepath.Join(dir, filepath.FromSlash(want)) {
			t.Errorf("Discover(%q) = %q, %v", explicit, got, err)
		}
	}
	if _, err := Discover(dir, "none.yml"); !errors.Is(err, fault.ManifestNotFound) || !strings.Contains(err.Error(), filepath.Join(dir, "none.yml")) {
		t.Errorf("error = %v", err)
	}
}

func TestDiscoverIsNotMisled(t *testing.T) {
	// A folder named like a manifest, and a file named .okteto.
	dir := write(t, map[string]string{"okteto.yml/x": "", ".okteto": ""})
	if got, err := Discover(dir, ""); !errors.Is(err, fault.ManifestNotFound) {
		t.Errorf("Discover = %q, %v", got, err)
	}
}

func TestDiscoverAll(t *testing.T) {
	dir := write(t, map[string]string{
		"okteto.yml":                "",
		"okteto.yaml":               "", // Discover prefers the other
		"b/okteto.yaml":             "",
		"a/.okteto/okteto.yml":      "",
		"a/deep/er/okteto.yml":      "",
		"node_modules/x/okteto.yml": "",
		"vendor/okteto.yml":         "",
		".git/okteto.yml":           "",
		"c/other.yml":               "",
		strings.Repeat("d/", maxDiscoverDepth+1) + "okteto.yml": "",
	})
	if runtime.GOOS != "windows" {
		if err := os.Symlink(dir, filepath.Join(dir, "b", "loop")); err != nil {
			t.Fatal(err)
		}
	}
	got, err := DiscoverAll(dir)
	if err != nil {
		t.Fatal(err)
	}
	for i := range got {
		rel, _ := filepath.Rel(dir, got[i])
		got[i] = filepath.ToSlash(rel)
	}
	want := []string{"okteto.yml", "a/.okteto/okteto.yml", "b/okteto.yaml", "a/deep/er/okteto.yml"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if _, err := DiscoverAll(filepath.Join(dir, "none")); !errors.Is(err, fault.ManifestNotFound) {
		t.Errorf("a missing root: %v", err)
	}
}
