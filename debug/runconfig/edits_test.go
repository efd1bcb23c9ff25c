package runconfig

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tandem-dev/tandem/debug"
	"github.com/tandem-dev/tandem/debug/runconfig/jsonc"
	"github.com/tandem-dev/tandem/internal/fault"
)

const launch = ".vscode/launch.json"

// edit is a change of the user's in launch.json: old becomes what it is.
func (p project) edit(rel, old, becomes string) {
	p.t.Helper()
	text := p.read(rel)
	if strings.Count(text, old) != 1 {
		p.t.Fatalf("%q is in %s %d times:\n%s", old, rel, strings.Count(text, old), text)
	}
	p.write(rel, strings.Replace(text, old, becomes, 1))
}

// entry is the configuration of a name in launch.json, nil where there is none.
func (p project) entry(name string) jsonc.Ordered {
	p.t.Helper()
	doc, err := jsonc.Parse([]byte(p.read(launch)))
	if err != nil {
		p.t.Fatal(err)
	}
	for _, list := range []string{"configurations", "compounds"} {
		all, _ := doc.Value(doc.Find(jsonc.Path{list})).([]any)
		for _, e := range all {
			if o, ok := e.(jsonc.Ordered); ok && o.Get("name") == any(name) {
				return o
			}
		}
	}
	return nil
}

// What the user does to a configuration of ours, and what a later write with
// other arguments makes of it.
func TestUsersEditsAreKept(t *testing.T) {
	for _, c := range []struct {
		name, old, becomes string
		check              func(t *testing.T, p project, e jsonc.Ordered)
	}{
		{"nothing", `"mode": "debug"`, `"mode": "debug"`, func(t *testing.T, _ project, e jsonc.Ordered) {
			if !jsonc.Equal(e.Get("args"), []string{"--port", "9090"}) {
				t.Errorf("args %v are not brought up to date", e.Get("args"))
			}
		}},
		{"a member is changed", `["--port", "8080"]`, `["--mine"]`, func(t *testing.T, _ project, e jsonc.Ordered) {
			if !jsonc.Equal(e.Get("args"), []string{"--mine"}) {
				t.Errorf("args are %v", e.Get("args"))
			}
		}},
		{"a member is added", `"mode": "debug",`, `"mode": "debug", "stopOnEntry": true,`, func(t *testing.T, _ project, e jsonc.Ordered) {
			if e.Get("stopOnEntry") != any(true) || !jsonc.Equal(e.Get("args"), []string{"--port", "9090"}) {
				t.Errorf("it is %v", e)
			}
		}},
		{"a member is deleted", `"preLaunchTask": "Tandem: up api",`, ``, func(t *testing.T, _ project, e jsonc.Ordered) {
			if e.Has("preLaunchTask") {
				t.Errorf("it is back: %v", e)
			}
		}},
		{"a member inside of one is added", `"group": "tandem"`, `"group": "tandem", "order": 3`, func(t *testing.T, _ project, e jsonc.Ordered) {
			if o, _ := e.Get("presentation").(jsonc.Ordered); !o.Has("order") {
				t.Errorf("it is %v", e)
			}
		}},
		{"comments", `"type": "go",`, "/* which */ \"type\": \"go\", // delve", func(t *testing.T, p project, e jsonc.Ordered) {
			if text := p.read(launch); !strings.Contains(text, "/* which */ \"type\": \"go\", // delve") || !strings.Contains(text, "9090") {
				t.Errorf("it is\n%s", text)
			}
		}},
		{"the mark is deleted", `"group": "tandem"`, ``, func(t *testing.T, _ project, e jsonc.Ordered) {
			if o, _ := e.Get("presentation").(jsonc.Ordered); o.Has("group") || !jsonc.Equal(e.Get("args"), []string{"--port", "9090"}) {
				t.Errorf("it is %v", e)
			}
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := newProject(t)
			api := p.service("api", debug.Go)
			p.apply(Write(p.dir, VSCode, []Service{api}))
			p.edit(launch, c.old, c.becomes)
			api.Target.Args = []string{"--port", "9090"}
			p.apply(Write(p.dir, VSCode, []Service{api}))
			c.check(t, p, p.entry("Tandem: api"))
			again, err := Write(p.dir, VSCode, []Service{api})
			if err != nil || !again.Empty() {
				t.Errorf("and then %v, %v", again.Changes, err)
			}
			p.apply(Remove(p.dir, VSCode))
			if diff := cmp.Diff(map[string]string{}, p.files()); diff != "" {
				t.Errorf("left behind:\n%s", diff)
			}
		})
	}
}

func TestRenamedEntryKeepsItsName(t *testing.T) {
	p := newProject(t)
	api, web := p.service("api", debug.Go), p.service("web", debug.Node)
	p.apply(Write(p.dir, VSCode, []Service{api}))
	p.edit(launch, `"name": "Tandem: api"`, `"name": "My API"`)
	api.Target.Args = []string{"--new"}
	p.apply(Write(p.dir, VSCode, []Service{api, web}))
	if e := p.entry("My API"); !jsonc.Equal(e.Get("args"), []string{"--new"}) {
		t.Errorf("it is %v", e)
	}
	if e := p.entry("Tandem: api"); e != nil {
		t.Errorf("it is there twice: %v", e)
	}
	if e := p.entry(launchAll); !jsonc.Equal(e.Get("configurations"), []string{"My API", "Tandem: web"}) {
		t.Errorf("the compound starts %v", e.Get("configurations"))
	}
	p.apply(Remove(p.dir, VSCode))
	if diff := cmp.Diff(map[string]string{}, p.files()); diff != "" {
		t.Errorf("left behind:\n%s", diff)
	}
}

func TestDeletedEntryComesBack(t *testing.T) {
	p := newProject(t)
	p.apply(Write(p.dir, VSCode, []Service{p.service("api", debug.Go)}))
	first := p.files()
	p.write(launch, "{\n    \"version\": \"0.2.0\",\n    \"configurations\": []\n}\n")
	p.apply(Write(p.dir, VSCode, []Service{p.service("api", debug.Go)}))
	if diff := cmp.Diff(first[launch], p.read(launch)); diff != "" {
		t.Errorf("-first +now:\n%s", diff)
	}
}

// The user's own entries in a compound of ours stay there.
func TestCompoundIsUnited(t *testing.T) {
	p := newProject(t)
	p.write(launch, `{"configurations": [{"name": "worker"}]}`)
	api, web, db := p.service("api", debug.Go), p.service("web", debug.Node), p.service("db", debug.Python)
	p.apply(Write(p.dir, VSCode, []Service{api, web}))
	p.edit(launch, `["Tandem: api", "Tandem: web"]`, `["worker", "Tandem: web", "Tandem: api"]`)
	p.apply(Write(p.dir, VSCode, []Service{db}))
	if e := p.entry(launchAll); !jsonc.Equal(e.Get("configurations"), []string{"worker", "Tandem: web", "Tandem: api", "Tandem: db"}) {
		t.Errorf("it starts %v", e.Get("configurations"))
	}
	p.apply(Remove(p.dir, VSCode, "web"))
	if e := p.entry(launchAll); !jsonc.Equal(e.Get("configurations"), []string{"worker", "Tandem: api", "Tandem: db"}) {
		t.Errorf("it starts %v", e.Get("configurations"))
	}
	p.apply(Remove(p.dir, VSCode))
	if got := p.read(launch); got != `{"configurations": [{"name": "worker"}]}` {
		t.Errorf("left: %s", got)
	}
}

// What is not wanted any more goes: the task of a session that the editor starts.
func TestTaskGoesWhenItIsNotWanted(t *testing.T) {
	p := newProject(t)
	api := p.service("api", debug.Go)
	p.apply(Write(p.dir, VSCode, []Service{api}))
	api.NoTask = true
	p.apply(Write(p.dir, VSCode, []Service{api}))
	if _, there := p.files()[".vscode/tasks.json"]; there {
		t.Error("tasks.json is still there")
	}
	if p.entry("Tandem: api").Has("preLaunchTask") {
		t.Error("the configuration still waits for the task")
	}
}

// An edit elsewhere in the file survives everything.
func TestEditsElsewhereStay(t *testing.T) {
	for _, s := range launchShapes {
		if !strings.Contains(s.text, `"version": "0.2.0"`) {
			continue
		}
		t.Run(s.name, func(t *testing.T) {
			p := newProject(t)
			p.write(launch, s.text)
			p.apply(Write(p.dir, VSCode, []Service{p.service("api", debug.Go), p.service("web", debug.Node)}))
			change := strings.NewReplacer(`"version": "0.2.0"`, `/* by me */ "version": "0.3.0", "more": [ 1 ]`)
			p.write(launch, change.Replace(p.read(launch)))
			p.apply(Remove(p.dir, VSCode))
			if diff := cmp.Diff(change.Replace(s.text), p.read(launch)); diff != "" {
				t.Errorf("-wanted +got:\n%s", diff)
			}
		})
	}
}

// A clone has the files that were committed and not the ledger.
func TestCloneWithoutLedger(t *testing.T) {
	for _, editor := range []Editor{VSCode, JetBrains, Zed} {
		t.Run(string(editor), func(t *testing.T) {
			p := newProject(t)
			services := []Service{p.service("api", debug.Go), p.service("web", debug.Node)}
			p.apply(Write(p.dir, editor, services))
			clone := newProject(t)
			for rel, text := range p.files() {
				if !strings.HasSuffix(rel, "/") && !strings.HasPrefix(rel, ".tandem/") {
					clone.write(rel, strings.ReplaceAll(text, p.dir, clone.dir))
				}
			}
			committed := clone.files()
			there := []Service{clone.service("api", debug.Go), clone.service("web", debug.Node)}
			plan := clone.apply(Write(clone.dir, editor, there))
			for _, c := range plan.Changes {
				if editor != JetBrains { // there the project's name is in the files
					t.Errorf("%s %s:\n%s", c.Action, c.Rel, c.After)
				}
			}
			if editor == VSCode {
				// Removing from a second clone, which has not even written.
				second := newProject(t)
				for rel, text := range committed {
					if !strings.HasSuffix(rel, "/") {
						second.write(rel, text)
					}
				}
				second.apply(Remove(second.dir, editor, "api", "web"))
				if text := second.read(launch); strings.Contains(text, "Tandem: api") || strings.Contains(text, "Tandem: web") {
					t.Errorf("still there:\n%s", text)
				}
			}
			clone.apply(Remove(clone.dir, editor))
			for rel, text := range clone.files() {
				if strings.Contains(text, prefix) {
					t.Errorf("%s still has ours:\n%s", rel, text)
				}
			}
		})
	}
}

func TestEntryOfTheUsersWithOurName(t *testing.T) {
	p := newProject(t)
	p.write(launch, `{"configurations": [{"name": "Tandem: api", "type": "go"}]}`)
	before := p.files()
	_, err := Write(p.dir, VSCode, []Service{p.service("api", debug.Go)})
	if fault.KindOf(err) != fault.RunConfigInvalid || !strings.Contains(err.Error(), "Tandem: api") || fault.HintOf(err) == "" {
		t.Errorf("%v (%s)", err, fault.HintOf(err))
	}
	p.apply(Remove(p.dir, VSCode))
	if diff := cmp.Diff(before, p.files()); diff != "" {
		t.Errorf("-before +after:\n%s", diff)
	}
}

func TestSettingsOfTheUser(t *testing.T) {
	p := newProject(t)
	p.write(".vscode/settings.json", `{"go.testEnvFile": "mine.env"}`)
	plan := p.apply(Write(p.dir, VSCode, []Service{p.service("api", debug.Go)}))
	if got := p.read(".vscode/settings.json"); got != `{"go.testEnvFile": "mine.env"}` {
		t.Errorf("it is %s", got)
	}
	if len(plan.Notes) != 1 || !strings.Contains(plan.Notes[0], "go.testEnvFile") {
		t.Errorf("notes: %q", plan.Notes)
	}

	// One of ours that the user has changed since stays when ours go.
	p = newProject(t)
	p.apply(Write(p.dir, VSCode, []Service{p.service("api", debug.Go)}))
	p.edit(".vscode/settings.json", ".tandem/api.vscode-go.env", "other.env")
	plan = p.apply(Remove(p.dir, VSCode))
	if got := p.read(".vscode/settings.json"); !strings.Contains(got, "other.env") || len(plan.Notes) != 1 {
		t.Errorf("it is %s, notes %q", got, plan.Notes)
	}

	// An editor has only one such setting: the first service's.
	p = newProject(t)
	plan = p.apply(Write(p.dir, VSCode, []Service{p.service("api", debug.Go), p.service("jobs", debug.Go)}))
	if got := p.read(".vscode/settings.json"); !strings.Contains(got, "api.vscode-go.env") || len(plan.Notes) != 1 {
		t.Errorf("it is %s, notes %q", got, plan.Notes)
	}
}

func TestMerge(t *testing.T) {
	read := func(text string) maybe {
		if text == "" {
			return maybe{}
		}
		doc, err := jsonc.Parse([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		return maybe{doc.Value(nil), true}
	}
	for _, c := range []struct{ name, base, theirs, wanted, want string }{
		{"nobody", `{"a":1}`, `{"a":1}`, `{"a":1}`, `{"a":1}`},
		{"we change", `{"a":1}`, `{"a":1}`, `{"a":2}`, `{"a":2}`},
		{"they change", `{"a":1}`, `{"a":2}`, `{"a":1}`, `{"a":2}`},
		{"both change", `{"a":1}`, `{"a":2}`, `{"a":3}`, `{"a":2}`},
		{"both the same", `{"a":1}`, `{"a":2}`, `{"a":2}`, `{"a":2}`},
		{"they delete", `{"a":1,"b":1}`, `{"b":1}`, `{"a":1,"b":2}`, `{"b":2}`},
		{"they delete what we change", `{"a":1}`, `{}`, `{"a":2}`, `{}`},
		{"we delete", `{"a":1,"b":1}`, `{"a":1,"b":1}`, `{"b":1}`, `{"b":1}`},
		{"we delete what they change", `{"a":1}`, `{"a":2}`, `{}`, `{"a":2}`},
		{"they add", `{}`, `{"a":1}`, `{"b":1}`, `{"a":1,"b":1}`},
		{"order does not matter", `{"a":1,"b":1}`, `{"b":1,"a":1}`, `{"a":2,"b":2,"c":2}`, `{"b":2,"a":2,"c":2}`},
		{"inside", `{"o":{"a":1,"b":1}}`, `{"o":{"a":2,"b":1}}`, `{"o":{"a":1,"b":2}}`, `{"o":{"a":2,"b":2}}`},
		{"a list is one value", `{"l":[1]}`, `{"l":[1,2]}`, `{"l":[3]}`, `{"l":[1,2]}`},
		{"names of others are united", `{"configurations":["a","b"]}`, `{"configurations":["x","b","a"]}`, `{"configurations":["b","c"]}`, `{"configurations":["x","b","c"]}`},
		{"without a memory theirs counts", `{}`, `{"a":1}`, `{"a":2,"b":2}`, `{"a":1,"b":2}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := merge(read(c.base), read(c.theirs), read(c.wanted), "")
			if !got.equal(read(c.want)) {
				t.Errorf("%v, want %s", got.v, c.want)
			}
		})
	}
}

// A file that the user has made anew is theirs, with what in it looks like what
// was made for ours before.
func TestFileMadeAnewIsTheUsers(t *testing.T) {
	p := newProject(t)
	p.apply(Write(p.dir, VSCode, []Service{p.service("api", debug.Go)}))
	const own = "{\n    \"version\": \"0.2.0\",\n    \"configurations\": []\n}\n"
	p.write(launch, own)
	p.apply(Write(p.dir, VSCode, []Service{p.service("api", debug.Go)}))
	p.apply(Remove(p.dir, VSCode))
	if diff := cmp.Diff(map[string]string{".vscode/": "", launch: own}, p.files()); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}
