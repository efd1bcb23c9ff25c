package debug

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// folder makes a folder with the files of an archive: "name: content" by name.
func folder(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, content := range files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func sh(text string) []string { return []string{"sh", "-c", text} }

func TestDetect(t *testing.T) {
	mainGo := "package main\n\nfunc main() {}\n"
	spring := "package com.acme;\n@SpringBootApplication\npublic class App {\n  public static void main(String[] a) {}\n}\n"
	node := map[string]string{"package.json": `{"scripts": {"start": "node --enable-source-maps dist/server.js --port 1",
		"dev": "tsx watch src/index.ts", "many": "tsc && node x.js", "pre": "x", "test": "jest", "guarded": "node a.js", "preguarded": "tsc"}}`}
	for _, c := range []struct {
		name  string
		files map[string]string
		argv  []string
		want  Target // DIR stands for the folder; Argv nil is argv, and Mode "" is Debug
	}{
		{name: "go run of a folder", argv: []string{"go", "run", "./api"},
			want: Target{Language: Go, Program: "DIR/api"}},
		{name: "go run with flags and arguments", argv: []string{"go", "run", "-race", "-tags", "a b", "-ldflags=-s -w", "./cmd/x", "-v", "serve"},
			want: Target{Language: Go, Program: "DIR/cmd/x", Flags: []string{"-race", "-tags", "a b", "-ldflags=-s -w"}, Args: []string{"-v", "serve"}}},
		{name: "go run of a file", argv: []string{"go", "run", "main.go", "x"},
			want: Target{Language: Go, Program: "DIR/main.go", Args: []string{"x"}}},
		{name: "go run of files", argv: []string{"go", "run", "a/main.go", "a/b.go"},
			want: Target{Language: Go, Program: "DIR/a"}},
		{name: "go run of an import path", argv: []string{"go", "run", "example.com/x/cmd/api"},
			want: Target{Language: Go, Program: "example.com/x/cmd/api"}},
		{name: "go run elsewhere", argv: []string{"go", "run", "-C", "svc", "."},
			want: Target{Language: Go, Program: "DIR/svc", Cwd: "DIR/svc"}},
		{name: "go run without a package", argv: []string{"go", "run"},
			want: Target{Language: Go, Program: "DIR"}},
		{name: "go test", argv: []string{"go", "test", "-run", "TestX", "-count=1", "-tags=e2e", "./api", "-v", "-args", "-update"},
			want: Target{Language: Go, Mode: Test, Program: "DIR/api", Flags: []string{"-tags=e2e"},
				Args: []string{"-test.run=TestX", "-test.count=1", "-test.v", "-update"}}},
		{name: "go in a shell", argv: sh("cd services/api && LOG=debug exec go run . -p 8080"),
			want: Target{Language: Go, Program: "DIR/services/api", Cwd: "DIR/services/api", Env: []string{"LOG=debug"},
				Args: []string{"-p", "8080"}, Argv: []string{"go", "run", ".", "-p", "8080"}}},
		{name: "quotes of a shell", argv: sh(`go run ./api --title "a \"b\" c" 'd e' f\ g`),
			want: Target{Language: Go, Program: "DIR/api", Args: []string{"--title", `a "b" c`, "d e", "f g"},
				Argv: []string{"go", "run", "./api", "--title", `a "b" c`, "d e", "f g"}}},
		{name: "what only a shell can tell", argv: sh("./run --port $PORT | tee log"), want: Target{}},
		{name: "a shell with its project's language", files: map[string]string{"go.mod": "module x\n", "main.go": mainGo},
			argv: sh("make run && true"), want: Target{Language: Go, Program: "DIR"}},
		{name: "make in a Go module with one command", files: map[string]string{"go.mod": "module x\n", "cmd/api/main.go": mainGo, "cmd/lib/x.go": "package lib\n"},
			argv: []string{"make", "run"}, want: Target{Language: Go, Program: "DIR/cmd/api"}},
		{name: "a Go module with several commands", files: map[string]string{"go.mod": "module x\n", "cmd/a/main.go": mainGo, "cmd/b/main.go": mainGo},
			want: Target{Language: Go}},

		{name: "node", argv: []string{"node", "-r", "dotenv/config", "--trace-warnings", "server.js", "--port", "8080"},
			want: Target{Language: Node, Runtime: []string{"node"}, Flags: []string{"-r", "dotenv/config", "--trace-warnings"},
				Program: "DIR/server.js", Args: []string{"--port", "8080"}}},
		{name: "node --test", argv: []string{"node", "--test"}, want: Target{Language: Node, Mode: Test, Runtime: []string{"node"}, Flags: []string{"--test"}}},
		{name: "npm start", files: node, argv: []string{"npm", "start"},
			want: Target{Language: Node, Tool: NPM, Script: "start", Runtime: []string{"node"}, Flags: []string{"--enable-source-maps"},
				Program: "DIR/dist/server.js", Args: []string{"--port", "1"}}},
		{name: "npm run with arguments", files: node, argv: []string{"npm", "run", "start", "--", "--more"},
			want: Target{Language: Node, Tool: NPM, Script: "start", Runtime: []string{"node"}, Flags: []string{"--enable-source-maps"},
				Program: "DIR/dist/server.js", Args: []string{"--port", "1", "--more"}}},
		{name: "a script that is no plain node", files: node, argv: []string{"npm", "run", "dev"},
			want: Target{Language: Node, Tool: NPM, Script: "dev"}},
		{name: "a script of several commands", files: node, argv: []string{"pnpm", "many"},
			want: Target{Language: Node, Tool: NPM, Script: "many"}},
		{name: "a script with one before it", files: node, argv: []string{"yarn", "guarded"},
			want: Target{Language: Node, Tool: NPM, Script: "guarded"}},
		{name: "npm test", files: node, argv: []string{"npm", "test"}, want: Target{Language: Node, Mode: Test, Tool: NPM, Script: "test"}},
		{name: "npx", argv: []string{"npx", "vitest", "run"}, want: Target{Language: Node, Mode: Test, Tool: NPM}},
		{name: "nodemon", argv: []string{"nodemon", "server.js"}, want: Target{Language: Node}},
		{name: "a folder with package.json", files: node,
			want: Target{Language: Node, Tool: NPM, Script: "dev", Argv: []string{"npm", "run", "dev"}}},

		{name: "python", argv: []string{"python3", "-u", "app.py", "--port", "1"},
			want: Target{Language: Python, Runtime: []string{"python3"}, Flags: []string{"-u"}, Program: "DIR/app.py", Args: []string{"--port", "1"}}},
		{name: "python -m", argv: []string{".venv/bin/python", "-m", "shop.api", "x"},
			want: Target{Language: Python, Runtime: []string{".venv/bin/python"}, Module: "shop.api", Args: []string{"x"}}},
		{name: "uvicorn", argv: []string{"uvicorn", "app:app", "--reload"},
			want: Target{Language: Python, Module: "uvicorn", Args: []string{"app:app", "--reload"}}},
		{name: "uv run", argv: []string{"uv", "run", "--extra", "dev", "uvicorn", "app:app"},
			want: Target{Language: Python, Runtime: []string{"uv", "run", "--extra", "dev", "python"}, Module: "uvicorn", Args: []string{"app:app"}}},
		{name: "uv run of a script", argv: []string{"uv", "run", "app.py"},
			want: Target{Language: Python, Runtime: []string{"uv", "run", "python"}, Program: "DIR/app.py"}},
		{name: "poetry run python", argv: []string{"poetry", "run", "python", "-m", "app"},
			want: Target{Language: Python, Runtime: []string{"poetry", "run", "python"}, Module: "app"}},
		{name: "pytest", argv: []string{"pytest", "-k", "db"},
			want: Target{Language: Python, Mode: Test, Module: "pytest", Args: []string{"-k", "db"}}},
		{name: "Django", files: map[string]string{"manage.py": "", "package.json": "{}"},
			want: Target{Language: Python, Runtime: []string{"python3"}, Program: "DIR/manage.py", Args: []string{"runserver", "--noreload"}}},
		{name: "pyproject", files: map[string]string{"pyproject.toml": "", "main.py": ""},
			want: Target{Language: Python, Runtime: []string{"python3"}, Program: "DIR/main.py"}},

		{name: "java -jar", argv: []string{"java", "-Xmx1g", "-jar", "target/app.jar", "--x"},
			want: Target{Language: Java, Runtime: []string{"java"}, Flags: []string{"-Xmx1g"}, Program: "DIR/target/app.jar", Args: []string{"--x"}}},
		{name: "java with a class", argv: []string{"java", "-cp", "a:b", "com.acme.App", "x"},
			want: Target{Language: Java, Runtime: []string{"java"}, Flags: []string{"-cp", "a:b"}, Module: "com.acme.App", Args: []string{"x"}}},
		{name: "java with a module", argv: []string{"java", "-p", "mods", "-m", "acme/com.acme.App"},
			want: Target{Language: Java, Runtime: []string{"java"}, Flags: []string{"-p", "mods"}, Module: "com.acme.App"}},
		{name: "Maven", files: map[string]string{"pom.xml": "", "src/main/java/com/acme/App.java": spring},
			argv: []string{"./mvnw", "spring-boot:run"}, want: Target{Language: Java, Tool: Maven, Module: "com.acme.App"}},
		{name: "Maven's tests", argv: []string{"mvn", "-q", "test"}, want: Target{Language: Java, Mode: Test, Tool: Maven}},
		{name: "a folder with pom.xml", files: map[string]string{"pom.xml": "spring-boot-maven-plugin", "mvnw": "", "package.json": "{}"},
			want: Target{Language: Java, Tool: Maven, Argv: []string{"./mvnw", "spring-boot:run"}}},
		{name: "Gradle with Kotlin", files: map[string]string{"build.gradle.kts": "", "src/main/kotlin/App.kt": "package com.acme\nfun main() {}\n"},
			argv: []string{"./gradlew", ":api:run"}, want: Target{Language: Java, Tool: Gradle, Module: "com.acme.AppKt"}},
		{name: "Gradle's tests", argv: []string{"gradle", ":api:test", "--info"}, want: Target{Language: Java, Mode: Test, Tool: Gradle}},

		{name: "nothing", want: Target{}},
		{name: "another language", argv: []string{"cargo", "run"}, want: Target{}},
		{name: "env", argv: []string{"env", "A=1", "B=x=y", "python3", "a.py"},
			want: Target{Language: Python, Runtime: []string{"python3"}, Program: "DIR/a.py", Env: []string{"A=1", "B=x=y"}, Argv: []string{"python3", "a.py"}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := folder(t, c.files)
			want := c.want
			if want.Mode == "" {
				want.Mode = Debug
			}
			want.Cwd = strings.Replace(want.Cwd, "DIR", dir, 1)
			if want.Cwd == "" {
				want.Cwd = dir
			}
			want.Program = strings.Replace(want.Program, "DIR", dir, 1)
			if want.Argv == nil {
				want.Argv = c.argv
			}
			if diff := cmp.Diff(want, Detect(dir, c.argv), equateEmpty); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// An empty list and none are the same here.
var equateEmpty = cmp.Transformer("list", func(l []string) []string { return append([]string{}, l...) })

// A binary that the go command built is executed as it is.
func TestDetectGoBinary(t *testing.T) {
	self, err := os.Executable() // the test's own
	if err != nil {
		t.Fatal(err)
	}
	got := Detect(t.TempDir(), []string{self, "-x"})
	if got.Language != Go || got.Mode != Exec || got.Program != self || len(got.Args) != 1 {
		t.Errorf("%+v", got)
	}
}

// A script must come out of the parser as the shell would see it, or not at all.
func FuzzScript(f *testing.F) {
	for _, s := range []string{"go run ./api", "cd a && b", `x "a$b"`, "a\\ b 'c'", "A=1 B= c", "! a", "a &", "a; b", "cd x; y"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		c, ok := script("/dir", text)
		if ok && len(c.argv) == 0 {
			t.Errorf("%q is a command without words", text)
		}
		Detect(t.TempDir(), sh(text))
	})
}
