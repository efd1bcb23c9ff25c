package runconfig

import (
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tandem-dev/tandem/debug"
)

// project is a workspace of a test.
type project struct {
	t   *testing.T
	dir string
}

func newProject(t *testing.T) project { return project{t, t.TempDir()} }

func (p project) write(rel, text string) {
	p.t.Helper()
	path := filepath.Join(p.dir, filepath.FromSlash(rel))
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		p.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		p.t.Fatal(err)
	}
}

func (p project) read(rel string) string {
	p.t.Helper()
	text, err := os.ReadFile(filepath.Join(p.dir, filepath.FromSlash(rel)))
	if err != nil {
		p.t.Fatal(err)
	}
	return string(text)
}

// files are all files and folders below the workspace.
func (p project) files() map[string]string {
	p.t.Helper()
	all := map[string]string{}
	err := filepath.WalkDir(p.dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || path == p.dir {
			return err
		}
		rel, _ := filepath.Rel(p.dir, path)
		if d.IsDir() {
			all[filepath.ToSlash(rel)+"/"] = ""
			return nil
		}
		text, err := os.ReadFile(path)
		all[filepath.ToSlash(rel)] = string(text)
		return err
	})
	if err != nil {
		p.t.Fatal(err)
	}
	return all
}

// service is one that the tests write, go unless the language is another.
func (p project) service(name string, l debug.Language) Service {
	t := debug.Target{Language: l, Mode: debug.Debug, Cwd: filepath.Join(p.dir, name), Argv: []string{"run"}}
	switch l {
	case debug.Go:
		t.Program = filepath.Join(t.Cwd, "cmd")
		t.Args = []string{"--port", "8080"}
	case debug.Node:
		t.Program, t.Runtime = filepath.Join(t.Cwd, "main.js"), []string{"node"}
	case debug.Python:
		t.Module, t.Runtime = "uvicorn", []string{"python3"}
		t.Args = []string{"app:app"}
	case debug.Java:
		t.Module, t.Tool = "com.example.Main", debug.Maven
		t.Argv = []string{"mvn", "spring-boot:run"}
	}
	return Service{Name: name, Label: name, Manifest: filepath.Join(p.dir, "okteto.yml"), Target: t,
		Options: Options{EnvDir: filepath.Join(p.dir, ".tandem")}}
}

func (p project) apply(plan *Plan, err error) *Plan {
	p.t.Helper()
	if err == nil {
		err = plan.Apply()
	}
	if err != nil {
		p.t.Fatal(err)
	}
	return plan
}

// variants are the same text as other editors and systems keep it: one of them
// for each shape, and with TANDEM_LONG=1 all.
func variants(all []shape) []shape {
	var out []shape
	for i, s := range all {
		unix := strings.ReplaceAll(s.text, "\r\n", "\n")
		others := []shape{
			{s.name + ", Windows", strings.ReplaceAll(unix, "\n", "\r\n")},
			{s.name + ", byte order mark", "\ufeff" + s.text},
			{s.name + ", tabs for blanks", strings.ReplaceAll(s.text, "  ", "\t")},
			{s.name + ", no line end at the end", strings.TrimRight(s.text, "\n")},
		}
		if os.Getenv("TANDEM_LONG") == "" {
			others = others[i%len(others):][:1]
		}
		out = append(append(out, s), others...)
	}
	return out
}

// What is written into files of every shape parses to what it should, keeps all
// comments, is written once only, and can be taken away without a trace.
func TestShapes(t *testing.T) {
	var cases []judgement
	var mu sync.Mutex
	count := 0
	t.Run("write and remove", func(t *testing.T) {
		for _, group := range []struct {
			path   string
			editor Editor
			shapes []shape
		}{
			{".vscode/launch.json", VSCode, launchShapes},
			{".vscode/tasks.json", VSCode, taskShapes},
			{".vscode/settings.json", VSCode, settingsShapes},
			{".zed/debug.json", Zed, zedShapes},
			{".zed/tasks.json", Zed, zedShapes},
		} {
			count += len(group.shapes)
			services := func(p project) []Service {
				api, web := p.service("api", debug.Go), p.service("web", debug.Node)
				api.AttachPort = 2345
				return []Service{api, web}
			}
			alone := newProject(t)
			alone.apply(Write(alone.dir, group.editor, services(alone)))
			ours := alone.read(group.path)
			for _, s := range variants(group.shapes) {
				t.Run(group.path+"/"+s.name, func(t *testing.T) {
					t.Parallel() // most of the time the disk is waited for
					p := newProject(t)
					p.write(group.path, s.text)
					before := p.files()
					p.apply(Write(p.dir, group.editor, services(p)))
					edited := p.read(group.path)
					mu.Lock()
					cases = append(cases, judgement{Original: s.text, Edited: edited, Ours: ours, name: t.Name()})
					mu.Unlock()

					again, err := Write(p.dir, group.editor, services(p))
					if err != nil {
						t.Fatal(err)
					}
					if !again.Empty() {
						t.Errorf("a second write would change %v", again.Changes)
					}
					p.apply(Remove(p.dir, group.editor))
					if diff := cmp.Diff(before, p.files()); diff != "" {
						t.Errorf("after Remove, -before +after:\n%s\nit was\n%s", diff, edited)
					}
				})
			}
		}
	})
	if count < 100 {
		t.Errorf("only %d shapes", count)
	}
	t.Logf("%d shapes, %d with their variants", count, len(cases))
	judge(t, cases)
}

// One service after the other, taken away in both orders, next to an edit of the
// user's in between: what is left is the original with that edit.
func TestServicesComeAndGo(t *testing.T) {
	for _, s := range launchShapes {
		for _, order := range [][]string{{"api", "web"}, {"web", "api"}} {
			t.Run(s.name+"/"+order[0]+" first", func(t *testing.T) {
				t.Parallel()
				p := newProject(t)
				p.write(".vscode/launch.json", s.text)
				before := p.files()
				p.apply(Write(p.dir, VSCode, []Service{p.service("api", debug.Go)}))
				p.apply(Write(p.dir, VSCode, []Service{p.service("web", debug.Node)}))
				if !strings.Contains(p.read(".vscode/launch.json"), launchAll) {
					t.Error("there is no compound")
				}
				p.apply(Remove(p.dir, VSCode, order[0]))
				text := p.read(".vscode/launch.json")
				if strings.Contains(text, launchAll) || strings.Contains(text, `"Tandem: `+order[0]+`"`) {
					t.Errorf("still there:\n%s", text)
				}
				p.apply(Remove(p.dir, VSCode, order[1]))
				if diff := cmp.Diff(before, p.files()); diff != "" {
					t.Errorf("-before +after:\n%s", diff)
				}
			})
		}
	}
}
