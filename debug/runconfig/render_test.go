package runconfig

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/beevik/etree"
	"github.com/google/go-cmp/cmp"

	"github.com/tandem-dev/tandem/debug"
	"github.com/tandem-dev/tandem/envfile"
)

var update = flag.Bool("update", false, "write the golden files anew")

// rendered services: each language, and what is special to some.
func examples(p project) []Service {
	api := p.service("api", debug.Go)
	api.AttachPort = 2345
	api.Target.Flags = []string{"-tags", "integration"}
	api.Target.Env = []string{"MODE=local", "HOME=$HOME/x"}
	goTest := p.service("gotest", debug.Go)
	goTest.Target.Mode, goTest.Target.Program = debug.Test, "./..."
	web := p.service("web", debug.Node)
	web.Extra.Inline = []Variable{{"MOTD", "two\nlines & \"quotes\" <here>"}}
	npm := p.service("npm", debug.Node)
	npm.Target.Program, npm.Target.Script, npm.Target.Tool, npm.Target.Argv = "", "dev", debug.NPM, []string{"npm", "run", "dev"}
	left := p.service("left", debug.Node)
	left.Extra.Left = []envfile.Undeliverable{{Name: "TLS_KEY", Reason: "its value has a line break"}}
	jobs := p.service("jobs", debug.Python)
	jobs.AttachPort = 5678
	script := p.service("script", debug.Python)
	script.Target.Module, script.Target.Program = "", filepath.Join(script.Target.Cwd, "main.py")
	script.Target.Runtime = []string{"uv", "run", "python"}
	script.Extra.Left = left.Extra.Left
	shop := p.service("shop", debug.Java)
	shop.AttachPort = 5005
	app := p.service("app", debug.Java)
	app.Target.Argv = []string{"mvn", "exec:java"}
	gradle := p.service("gradle", debug.Java)
	gradle.Target.Tool, gradle.Target.Module, gradle.Target.Argv = debug.Gradle, "", []string{"./gradlew", "run", "--info"}
	other := p.service("other", debug.Generic)
	sub := p.service("sub", debug.Go)
	sub.Manifest = filepath.Join(p.dir, "services", "sub", "okteto.yml")
	sub.Label = Label(p.dir, sub.Manifest, "sub")
	sub.NoTask = true
	return []Service{api, goTest, web, npm, left, jobs, script, shop, app, gradle, other, sub}
}

// What every editor gets for every language, file by file, as in testdata. The
// layouts of JetBrains' files are those that its IDEs write.
func TestGolden(t *testing.T) {
	for _, editor := range Editors() {
		t.Run(string(editor), func(t *testing.T) {
			p := project{t, filepath.Join(t.TempDir(), "project")}
			p.write("okteto.yml", "dev: {}\n")
			plan, err := Write(p.dir, editor, examples(p))
			if err != nil {
				t.Fatal(err)
			}
			var got strings.Builder
			for _, c := range plan.Changes {
				got.WriteString("-- " + c.Rel + " --\n" + string(c.After))
			}
			for _, n := range plan.Notes {
				got.WriteString("-- note --\n" + strings.ReplaceAll(n, p.dir, "WORKSPACE") + "\n")
			}
			for _, c := range plan.Changes {
				if strings.Contains(string(c.After), p.dir) {
					t.Errorf("a path of this machine is in %s", c.Rel)
				}
			}
			golden := filepath.Join("testdata", string(editor)+".golden")
			if *update {
				if err := os.WriteFile(golden, []byte(got.String()), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), got.String()); diff != "" {
				t.Errorf("-want +got; run with -update if this is meant:\n%s", diff)
			}
		})
	}
}

// Every configuration of a JetBrains IDE parses, has the frame that all have,
// and gives the values back that went in.
func TestXMLParses(t *testing.T) {
	p := newProject(t)
	plan, err := Write(p.dir, JetBrains, examples(p))
	if err != nil {
		t.Fatal(err)
	}
	types := map[string]string{}
	for _, c := range plan.Changes {
		doc := etree.NewDocument()
		if err := doc.ReadFromBytes(c.After); err != nil {
			t.Fatalf("%s: %v", c.Rel, err)
		}
		config := doc.FindElement("/component[@name='ProjectRunConfigurationManager']/configuration[@default='false']")
		if config == nil || config.FindElement("method[@v='2']") == nil || config.SelectAttrValue("folderName", "") != "Tandem" {
			t.Errorf("%s has not the frame of a run configuration:\n%s", c.Rel, c.After)
			continue
		}
		types[config.SelectAttrValue("type", "")] = config.SelectAttrValue("factoryName", "")
		if strings.HasSuffix(c.Rel, "Tandem web.run.xml") {
			env := config.FindElement("envs/env[@name='MOTD']")
			if env == nil || env.SelectAttrValue("value", "") != "two\nlines & \"quotes\" <here>" {
				t.Errorf("the value is not the same:\n%s", c.After)
			}
		}
		for _, x := range config.FindElements("EXTENSION[@ID='net.ashald.envfile']") {
			if x.FindElement("option[@name='IS_SUBST'][@value='false']") == nil || x.FindElement("ENTRIES/ENTRY[@PARSER='yaml']") == nil {
				t.Errorf("%s: the plugin would change values:\n%s", c.Rel, c.After)
			}
		}
	}
	want := map[string]string{
		"GoApplicationRunConfiguration": "Go Application", "GoTestRunConfiguration": "Go Test", "GoRemoteDebugConfigurationType": "Go Remote",
		"NodeJSConfigurationType": "", "js.build_tools.npm": "", "PythonConfigurationType": "Python",
		"SpringBootApplicationConfigurationType": "Spring Boot", "Application": "Application", "Remote": "", "GradleRunConfiguration": "Gradle",
		"ShConfigurationType": "", "CompoundRunConfigurationType": "",
	}
	if diff := cmp.Diff(want, types); diff != "" {
		t.Errorf("types, -want +got:\n%s", diff)
	}
}

// What an IDE does to a file of ours, and what the user does in its dialogs,
// stays; what is ours is brought up to date.
func TestXMLMerge(t *testing.T) {
	p := newProject(t)
	api := p.service("api", debug.Go)
	p.apply(Write(p.dir, JetBrains, []Service{api}))
	const file = ".run/Tandem api.run.xml"
	p.edit(file, `<envs/>`, "<envs>\n      <env name=\"MINE\" value=\"1\"/>\n    </envs>")
	p.edit(file, `<working_directory value="$PROJECT_DIR$/api"/>`, `<working_directory value="$PROJECT_DIR$/mine"/>`)
	p.edit(file, `<option name="IS_IGNORE_MISSING_FILES" value="false"/>`, ``)
	p.edit(file, `factoryName="Go Application"`, `factoryName="Go Application" nameIsGenerated="true"`)
	p.edit(file, `<kind value="DIRECTORY"/>`, "<!-- by me --><kind value=\"DIRECTORY\"/>\n    <sudo value=\"false\"/>")
	edited := p.read(file)

	again, err := Write(p.dir, JetBrains, []Service{api})
	if err != nil || !again.Empty() {
		t.Errorf("without a reason it would become %v, %v", again.Changes, err)
	}
	api.Target.Args = []string{"--new", "two words"}
	p.apply(Write(p.dir, JetBrains, []Service{api}))
	got := p.read(file)
	want := strings.Replace(edited, `value="--port 8080"`, `value="--new &quot;two words&quot;"`, 1)
	canon := func(text string) string {
		doc, err := parseXML(text)
		if err != nil {
			t.Fatal(err)
		}
		return canonical(doc.Root())
	}
	if diff := cmp.Diff(canon(want), canon(got)); diff != "" || !strings.Contains(got, "<!-- by me -->") {
		t.Errorf("-want +got:\n%s\n%s", diff, got)
	}
	again, err = Write(p.dir, JetBrains, []Service{api})
	if err != nil || !again.Empty() {
		t.Errorf("and then %v, %v", again.Changes, err)
	}
	p.write(file, "<component")
	if _, err := Write(p.dir, JetBrains, []Service{api}); err == nil || !strings.Contains(err.Error(), "Tandem api.run.xml") {
		t.Errorf("a broken file: %v", err)
	}
	p.apply(Remove(p.dir, JetBrains))
	if diff := cmp.Diff(map[string]string{}, p.files()); diff != "" {
		t.Errorf("left behind:\n%s", diff)
	}
	p.write(".run/Tandem api.run.xml", `<component name="ProjectRunConfigurationManager"><configuration name="theirs"/></component>`)
	if _, err := Write(p.dir, JetBrains, []Service{api}); err == nil || !strings.Contains(err.Error(), "it is not Tandem's") {
		t.Errorf("a file of somebody else's: %v", err)
	}
}
