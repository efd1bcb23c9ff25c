package runconfig

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tandem-dev/tandem/debug"
	"github.com/tandem-dev/tandem/internal/fault"
)

// Files that are not to be edited: a clear error with the file's name and what to
// do, and nothing at all is written.
func TestFilesThatAreLeftAlone(t *testing.T) {
	for _, c := range []struct {
		name    string
		prepare func(t *testing.T, p project)
		kind    fault.Kind
		message string
	}{
		{"malformed", func(_ *testing.T, p project) {
			p.write(launch, "{\n  \"configurations\": [\n    {\"name\": \"a\"}\n    {}\n  ]\n}")
		},
			fault.RunConfigInvalid, "launch.json:4:5: a comma or ']' should be here"},
		{"a conflict of git's", func(_ *testing.T, p project) {
			p.write(launch, "{\n<<<<<<< HEAD\n  \"version\": \"0.2.0\"\n=======\n}\n")
		},
			fault.RunConfigInvalid, "launch.json:2:1: a name in double quotes should be here"},
		{"cut short", func(_ *testing.T, p project) { p.write(launch, "{\"configurations\": [") },
			fault.RunConfigInvalid, "launch.json:1:20: the array that starts here has no end"},
		{"not UTF-8", func(_ *testing.T, p project) { p.write(launch, "{\"a\": \"\xff\"}") },
			fault.RunConfigInvalid, "launch.json:1:8: the file is not UTF-8 here"},
		{"a list at the root", func(_ *testing.T, p project) { p.write(launch, "[]") },
			fault.RunConfigInvalid, "launch.json: what it holds is not an object"},
		{"text at the root", func(_ *testing.T, p project) { p.write(launch, "\"x\"") },
			fault.RunConfigInvalid, "launch.json: what it holds is not an object"},
		{"configurations are no list", func(_ *testing.T, p project) { p.write(launch, `{"configurations": {}}`) },
			fault.RunConfigInvalid, `launch.json: "configurations" is not a list`},
		{"configurations are null", func(_ *testing.T, p project) { p.write(launch, `{"configurations": null}`) },
			fault.RunConfigInvalid, `launch.json: "configurations" is not a list`},
		{"settings are malformed", func(_ *testing.T, p project) { p.write(".vscode/settings.json", "{,}") },
			fault.RunConfigInvalid, "settings.json:1:2: a name in double quotes should be here"},
		{"huge", func(_ *testing.T, p project) { p.write(launch, "{}"+strings.Repeat(" ", maxFile)) },
			fault.RunConfigInvalid, "more than the 4 MiB that are edited"},
		{"deep", func(_ *testing.T, p project) { p.write(launch, strings.Repeat("[", 1<<20)) },
			fault.RunConfigInvalid, "nested more than 256 deep"},
		{"read-only", func(t *testing.T, p project) {
			p.write(launch, "{}")
			mode(t, p, launch, 0o444)
		}, fault.RunConfigUnwritable, "launch.json is read-only (mode 0444)"},
		{"a symbolic link", func(t *testing.T, p project) {
			p.write("elsewhere.json", "{}")
			link(t, "../elsewhere.json", p, launch)
		}, fault.RunConfigUnwritable, "launch.json is a symbolic link, not a file"},
		{"a dangling link", func(t *testing.T, p project) { link(t, "nowhere.json", p, launch) },
			fault.RunConfigUnwritable, "launch.json is a symbolic link, not a file"},
		{"a link out of the workspace", func(t *testing.T, p project) {
			outside := filepath.Join(t.TempDir(), "launch.json")
			if err := os.WriteFile(outside, []byte("{}"), 0o600); err != nil {
				t.Fatal(err)
			}
			link(t, outside, p, launch)
		}, fault.RunConfigUnwritable, "launch.json is a symbolic link, not a file"},
		{"a folder that is a link", func(t *testing.T, p project) { link(t, t.TempDir(), p, ".vscode") },
			fault.RunConfigUnwritable, ".vscode is a symbolic link, not a folder"},
		{"a folder that is a file", func(_ *testing.T, p project) { p.write(".vscode", "x") },
			fault.RunConfigUnwritable, ".vscode is a file, not a folder"},
		{"a file that is a folder", func(_ *testing.T, p project) { p.write(launch+"/x", "x") },
			fault.RunConfigUnwritable, "launch.json is a folder, not a file"},
		{"the ledger's folder is a link", func(t *testing.T, p project) { link(t, t.TempDir(), p, ".tandem") },
			fault.RunConfigUnwritable, ".tandem is a symbolic link, not a folder"},
		{"the ledger is broken", func(_ *testing.T, p project) { p.write(ledgerPath, "{") },
			fault.RunConfigInvalid, "run_configurations.json is not the record"},
		{"the ledger is of another time", func(_ *testing.T, p project) { p.write(ledgerPath, `{"version": 99}`) },
			fault.RunConfigInvalid, "run_configurations.json is not the record"},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := newProject(t)
			c.prepare(t, p)
			before := tree(t, p)
			plan, err := Write(p.dir, VSCode, []Service{p.service("api", debug.Go), p.service("web", debug.Node)})
			if fault.KindOf(err) != c.kind || err == nil || !strings.Contains(err.Error(), c.message) || !strings.Contains(err.Error(), p.dir) {
				t.Errorf("%v (%s), want %s with %q", err, fault.KindOf(err), c.kind, c.message)
			}
			if plan != nil || fault.HintOf(err) == "" {
				t.Errorf("plan %v, hint %q", plan, fault.HintOf(err))
			}
			if diff := cmp.Diff(before, tree(t, p)); diff != "" {
				t.Errorf("-before +after:\n%s", diff)
			}
		})
	}
}

// tree is what files does not see: modes and where links lead.
func tree(t *testing.T, p project) map[string]string {
	t.Helper()
	all := map[string]string{}
	err := filepath.WalkDir(p.dir, func(path string, d os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		all[path] = info.Mode().String()
		if info.Mode().IsRegular() && info.Size() < 1<<16 {
			text, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			all[path] += " " + info.ModTime().String() + " " + string(text)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func mode(t *testing.T, p project, rel string, m os.FileMode) {
	t.Helper()
	if err := os.Chmod(filepath.Join(p.dir, rel), m); err != nil {
		t.Fatal(err)
	}
}

func link(t *testing.T, to string, p project, rel string) {
	t.Helper()
	path := filepath.Join(p.dir, rel)
	err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.Symlink(to, path))
	if err != nil {
		t.Skipf("no symbolic links here: %v", err)
	}
}

func TestPermissionBitsStay(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("Windows has none")
	}
	for _, m := range []os.FileMode{0o600, 0o644, 0o664, 0o755, 0o640} {
		p := newProject(t)
		p.write(launch, "{}")
		mode(t, p, launch, m)
		p.apply(Write(p.dir, VSCode, []Service{p.service("api", debug.Go)}))
		info, err := os.Stat(filepath.Join(p.dir, launch))
		if err != nil || info.Mode().Perm() != m {
			t.Errorf("%04o became %04o (%v)", m, info.Mode().Perm(), err)
		}
		if info, err := os.Stat(filepath.Join(p.dir, ".tandem")); err != nil || info.Mode().Perm() != 0o700 {
			t.Errorf(".tandem has mode %04o (%v)", info.Mode().Perm(), err)
		}
		p.apply(Remove(p.dir, VSCode))
		if info, err := os.Stat(filepath.Join(p.dir, launch)); err != nil || info.Mode().Perm() != m {
			t.Errorf("after Remove %04o became %04o (%v)", m, info.Mode().Perm(), err)
		}
	}
}

// A plan that is no longer true is not applied, not even in part.
func TestPlanIsStale(t *testing.T) {
	p := newProject(t)
	p.write(launch, "{}")
	plan, err := Write(p.dir, VSCode, []Service{p.service("api", debug.Go)})
	if err != nil {
		t.Fatal(err)
	}
	p.write(".vscode/tasks.json", "{}") // not there when it was planned
	before := p.files()
	if err := plan.Apply(); fault.KindOf(err) != fault.Conflict || !strings.Contains(err.Error(), "tasks.json") {
		t.Errorf("%v", err)
	}
	if diff := cmp.Diff(before, p.files()); diff != "" {
		t.Errorf("-before +after:\n%s", diff)
	}
}

// Nothing is left of an attempt that fails while it writes.
func TestFolderThatCannotBeWrittenTo(t *testing.T) {
	p := newProject(t)
	p.write(launch, "{}")
	mode(t, p, ".vscode", 0o555)
	t.Cleanup(func() { mode(t, p, ".vscode", 0o755) })
	plan, err := Write(p.dir, VSCode, []Service{p.service("api", debug.Go)})
	if err != nil {
		t.Fatal(err)
	}
	mode(t, p, "..", 0o755) // nobody, too, finds the way there
	asNobody(t)
	if err := plan.Apply(); fault.KindOf(err) != fault.RunConfigUnwritable {
		t.Errorf("%v", err)
	}
	if got := p.read(launch); got != "{}" {
		t.Errorf("it is %s", got)
	}
}

// What the user puts into a folder or a file that was made for them stays.
func TestWhatIsNotOursStays(t *testing.T) {
	p := newProject(t)
	p.apply(Write(p.dir, VSCode, []Service{p.service("api", debug.Go)}))
	p.write(".vscode/extensions.json", "{}")
	p.write(".tandem/api.env", "A=1")
	p.edit(".vscode/tasks.json", `"version": "2.0.0",`, `"version": "2.0.0", // mine`)
	p.edit(launch, `"configurations": [`, `"inputs": [], "configurations": [`)
	p.apply(Remove(p.dir, VSCode))
	want := map[string]string{
		".vscode/": "", ".vscode/extensions.json": "{}",
		".vscode/tasks.json":  "{\n    \"version\": \"2.0.0\" // mine\n}\n",
		".vscode/launch.json": "{\n    \"version\": \"0.2.0\",\n    \"inputs\": []\n}\n",
		".tandem/":            "", ".tandem/.gitignore": "*\n", ".tandem/api.env": "A=1",
	}
	if diff := cmp.Diff(want, p.files()); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestUnknownEditor(t *testing.T) {
	if _, err := Write(t.TempDir(), "emacs", nil); fault.KindOf(err) != fault.InvalidParams {
		t.Error(err)
	}
	if _, err := Write(filepath.Join(t.TempDir(), "nowhere"), VSCode, nil); fault.KindOf(err) != fault.RunConfigUnwritable {
		t.Error(err)
	}
}
