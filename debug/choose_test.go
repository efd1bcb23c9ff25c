package debug

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestChoose(t *testing.T) {
	node, python := Node, Python
	for _, c := range []struct {
		name  string
		files map[string]string
		argv  []string
		say   Choice
		want  Target // as in TestDetect; Cwd "" is the folder
	}{
		{"nothing", nil, []string{"go", "run", "./api"}, Choice{},
			Target{Language: Go, Mode: Debug, Program: "DIR/api", Argv: []string{"go", "run", "./api"}}},
		{"another package", nil, []string{"go", "run", "-tags=x", "./api", "-v"}, Choice{Program: "./web"},
			Target{Language: Go, Mode: Debug, Program: "DIR/web", Flags: []string{"-tags=x"}}},
		{"other arguments", nil, []string{"go", "run", "./api", "-v"}, Choice{Args: []string{"-q"}},
			Target{Language: Go, Mode: Debug, Program: "DIR/api", Args: []string{"-q"}, Argv: []string{"go", "run", "./api", "-v"}}},
		{"tests of a package", nil, []string{"go", "run", "./api"}, Choice{Testing: true, Program: "./web", Args: []string{"-run", "TestX", "-v"}},
			Target{Language: Go, Mode: Test, Program: "DIR/web", Args: []string{"-test.run=TestX", "-test.v"}}},
		{"tests of the program", nil, []string{"go", "run", "./api/main.go"}, Choice{Testing: true},
			Target{Language: Go, Mode: Test, Program: "DIR/api"}},
		{"another language", nil, []string{"go", "run", "./api"}, Choice{Language: &node, Program: "server.js", Cwd: "front", Args: []string{"-p", "1"}},
			Target{Language: Node, Mode: Debug, Cwd: "DIR/front", Program: "DIR/front/server.js", Runtime: []string{"node"}, Args: []string{"-p", "1"},
				Argv: []string{"node", "DIR/front/server.js", "-p", "1"}}},
		{"a module", nil, nil, Choice{Language: &python, Program: "shop.api"}, Target{Language: Python, Mode: Debug, Module: "shop.api"}},
		{"pytest", nil, []string{"python3", "a.py"}, Choice{Testing: true, Program: "tests", Args: []string{"-x"}},
			Target{Language: Python, Mode: Test, Runtime: []string{"python3"}, Module: "pytest", Args: []string{"DIR/tests", "-x"}}},
		{"npm's tests", map[string]string{"package.json": `{"scripts": {"test": "jest"}}`}, []string{"npm", "start"}, Choice{Testing: true, Args: []string{"-t", "x"}},
			Target{Language: Node, Mode: Test, Tool: NPM, Script: "test", Argv: []string{"npm", "test", "--", "-t", "x"}}},
		{"Maven's tests", map[string]string{"pom.xml": "", "mvnw": ""}, []string{"java", "-jar", "a.jar"}, Choice{Testing: true, Program: "OrdersTest"},
			Target{Language: Java, Mode: Test, Runtime: []string{"java"}, Tool: Maven, Argv: []string{"./mvnw", "test", "-Dtest=OrdersTest"}}},
		{"Gradle's tests", map[string]string{"build.gradle": ""}, []string{"gradle", "run"}, Choice{Testing: true, Program: "OrdersTest"},
			Target{Language: Java, Mode: Test, Tool: Gradle, Argv: []string{"gradle", "test", "--tests", "OrdersTest"}}},
		{"a script's arguments", map[string]string{"package.json": `{"scripts": {"dev": "tsx a.ts"}}`}, []string{"npm", "run", "dev"}, Choice{Args: []string{"x"}},
			Target{Language: Node, Mode: Debug, Tool: NPM, Script: "dev", Argv: []string{"npm", "run", "dev", "--", "x"}}},
		{"a class", nil, []string{"java", "-cp", "a", "Main"}, Choice{Program: "Other", Args: []string{"x"}},
			Target{Language: Java, Mode: Debug, Runtime: []string{"java"}, Flags: []string{"-cp", "a"}, Module: "Other", Args: []string{"x"},
				Argv: []string{"java", "-cp", "a", "Other", "x"}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := folder(t, c.files)
			got, err := Detect(dir, c.argv).Choose(c.say)
			if err != nil {
				t.Fatal(err)
			}
			here := func(s string) string { return strings.Replace(s, "DIR", dir, 1) }
			want := c.want
			want.Program, want.Cwd = here(want.Program), here(want.Cwd)
			if want.Cwd == "" {
				want.Cwd = dir
			}
			for _, list := range [][]string{want.Args, want.Argv} {
				for i := range list {
					list[i] = here(list[i])
				}
			}
			if diff := cmp.Diff(want, got, equateEmpty); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}
