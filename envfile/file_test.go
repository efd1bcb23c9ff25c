package envfile

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tandem-dev/tandem/internal/fault"
)

func small() *Environment {
	return environmentOf(tiered(Spec, "A", "1"), tiered(Secret, "PASS", "hunter2"), tiered(Spec, "a.b", "x"))
}

func listing(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

func TestWriteFile(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "deep", DirName)
	file, err := WriteFile(dir+string(filepath.Separator), "api", small(), Dotenv)
	if err != nil {
		t.Fatal(err)
	}
	want := File{Dialect: Dotenv, Path: filepath.Join(dir, "api.env"), Count: 2, Undeliverable: file.Undeliverable}
	if diff := cmp.Diff(want, file); diff != "" {
		t.Error(diff)
	}
	if len(file.Undeliverable) != 1 || file.Undeliverable[0].Name != "a.b" {
		t.Errorf("undeliverable: %v", file.Undeliverable)
	}
	content, err := os.ReadFile(file.Path)
	if err != nil || string(content) != fileHeader+"A=1\nPASS=hunter2\n" {
		t.Errorf("content %q, %v", content, err)
	}
	for _, d := range []Dialect{JSON, Shell} {
		if _, err := WriteFile(dir, "api", small(), d); err != nil {
			t.Error(err)
		}
	}
	if diff := cmp.Diff([]string{".gitignore", "api.env", "api.json", "api.sh"}, listing(t, dir)); diff != "" {
		t.Error(diff)
	}
	if content, _ := os.ReadFile(filepath.Join(dir, ".gitignore")); string(content) != "*\n" {
		t.Errorf(".gitignore is %q", content)
	}

	// A second write takes the place of the first.
	if _, err := WriteFile(dir, "api", environmentOf(tiered(Spec, "B", "2")), Dotenv); err != nil {
		t.Fatal(err)
	}
	if content, _ := os.ReadFile(file.Path); string(content) != fileHeader+"B=2\n" {
		t.Errorf("content %q", content)
	}
}

// A reader sees the old file or the new one, never a part.
func TestWriteFileIsAtomic(t *testing.T) {
	dir := filepath.Join(t.TempDir(), DirName)
	one := environmentOf(tiered(Spec, "A", strings.Repeat("1", 1<<16)))
	two := environmentOf(tiered(Spec, "A", strings.Repeat("2", 1<<17)))
	whole := map[int]bool{}
	for _, e := range []*Environment{one, two} {
		content, _, _ := Encode(e, Dotenv)
		whole[len(content)] = true
	}
	file, err := WriteFile(dir, "api", one, Dotenv)
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error)
	go func() { // ends after its last write; the loop below waits for it
		defer close(done)
		for i := range 40 {
			e := one
			if i%2 == 0 {
				e = two
			}
			if _, err := WriteFile(dir, "api", e, Dotenv); err != nil {
				done <- err
				return
			}
		}
	}()
	for {
		select {
		case err, failed := <-done:
			if failed {
				t.Fatal(err)
			}
			if diff := cmp.Diff([]string{".gitignore", "api.env"}, listing(t, dir)); diff != "" {
				t.Errorf("left behind: %s", diff)
			}
			return
		default:
			content, err := os.ReadFile(file.Path)
			if err != nil || !whole[len(content)] {
				t.Fatalf("read %d bytes, %v", len(content), err)
			}
		}
	}
}

// A folder of the user's own must not become invisible to git.
func TestNoIgnoreInForeignFolder(t *testing.T) {
	dir := t.TempDir()
	if _, err := WriteFile(dir, "api", small(), JSON); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"api.json"}, listing(t, dir)); diff != "" {
		t.Error(diff)
	}
	if err := RemoveFiles(dir, "api"); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(dir); err != nil {
		t.Errorf("the user's folder is gone: %v", err)
	}
	// One that is there in ours stays as it is.
	ours := filepath.Join(t.TempDir(), DirName)
	if err := errors.Join(os.Mkdir(ours, 0o700), os.WriteFile(filepath.Join(ours, ".gitignore"), []byte("mine\n"), 0o600)); err != nil {
		t.Fatal(err)
	}
	if _, err := WriteFile(ours, "api", small(), JSON); err != nil {
		t.Fatal(err)
	}
	if content, _ := os.ReadFile(filepath.Join(ours, ".gitignore")); string(content) != "mine\n" {
		t.Errorf(".gitignore is %q", content)
	}
	if err := RemoveFiles(ours, "api"); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{".gitignore"}, listing(t, ours)); diff != "" {
		t.Error(diff)
	}
}

func TestRemoveFiles(t *testing.T) {
	dir := filepath.Join(t.TempDir(), DirName)
	if err := RemoveFiles(dir, "api"); err != nil {
		t.Errorf("nothing to remove: %v", err)
	}
	for _, dev := range []string{"api", "api2", "web"} {
		for _, d := range []Dialect{Dotenv, JSON, Shell} {
			if _, err := WriteFile(dir, dev, small(), d); err != nil {
				t.Fatal(err)
			}
		}
	}
	// What a crash in the middle of a write leaves behind.
	if err := os.WriteFile(filepath.Join(dir, ".api.env.XYZ.tmp"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, step := range []struct {
		dev  string
		left []string
	}{
		{"api", []string{".gitignore", "api2.env", "api2.json", "api2.sh", "web.env", "web.json", "web.sh"}},
		{"api", []string{".gitignore", "api2.env", "api2.json", "api2.sh", "web.env", "web.json", "web.sh"}},
		{"web", []string{".gitignore", "api2.env", "api2.json", "api2.sh"}},
		{"api2", nil},
	} {
		if err := RemoveFiles(dir, step.dev); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(step.left, listing(t, dir)); diff != "" {
			t.Errorf("after %s: %s", step.dev, diff)
		}
	}
	if _, err := os.Stat(dir); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the folder is still there: %v", err)
	}
}

func TestFileNames(t *testing.T) {
	dir := filepath.Join(t.TempDir(), DirName)
	for _, dev := range []string{"", ".", "..", "...", "a/b", `a\b`, "../x", "/x", "C:x", "a\x00b", "a\nb"} {
		if _, err := WriteFile(dir, dev, small(), JSON); !errors.Is(err, fault.InvalidParams) {
			t.Errorf("writing for dev %q: %v", dev, err)
		}
		if err := RemoveFiles(dir, dev); !errors.Is(err, fault.InvalidParams) {
			t.Errorf("removing for dev %q: %v", dev, err)
		}
	}
	if got := listing(t, filepath.Dir(dir)); len(got) > 0 {
		t.Errorf("a refusal left %q", got)
	}
	for _, dev := range []string{"api", "my-api.v2", "..x", "API_1"} {
		if _, err := WriteFile(dir, dev, small(), JSON); err != nil {
			t.Errorf("dev %q: %v", dev, err)
		}
	}
}

func TestWritePath(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "custom.env")
	file, err := WritePath(path, small(), Dotenv)
	if err != nil || file.Path != path || file.Count != 2 {
		t.Fatalf("%+v, %v", file, err)
	}
	if diff := cmp.Diff([]string{"custom.env"}, listing(t, dir)); diff != "" {
		t.Error(diff)
	}
	if _, err := WritePath(filepath.Join(dir, "none", "x.env"), small(), Dotenv); !errors.Is(err, fault.EnvUnwritable) {
		t.Errorf("into a folder that is not there: %v", err)
	}
	if _, err := WritePath(dir, small(), Dotenv); !errors.Is(err, fault.EnvUnwritable) {
		t.Errorf("onto a folder: %v", err)
	}
	if _, err := WritePath(path, small(), "yaml"); !errors.Is(err, fault.InvalidParams) {
		t.Errorf("unknown dialect: %v", err)
	}
}

func TestWriteFileRefusesWhatIsNoFile(t *testing.T) {
	dir := filepath.Join(t.TempDir(), DirName)
	if err := os.MkdirAll(filepath.Join(dir, "api.env"), 0o700); err != nil {
		t.Fatal(err)
	}
	if _, err := WriteFile(dir, "api", small(), Dotenv); !errors.Is(err, fault.EnvUnwritable) || fault.HintOf(err) == "" {
		t.Errorf("a folder in the file's place: %v", err)
	}
	plain := filepath.Join(t.TempDir(), "plain")
	if err := os.WriteFile(plain, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := WriteFile(plain, "api", small(), Dotenv); !errors.Is(err, fault.EnvUnwritable) {
		t.Errorf("a file in the folder's place: %v", err)
	}
	if got := listing(t, dir); !slices.Equal(got, []string{".gitignore", "api.env"}) {
		t.Errorf("left behind: %q", got)
	}
}
