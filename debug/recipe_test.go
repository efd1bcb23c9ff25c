package debug

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tandem-dev/tandem/internal/fault"
)

// scriptOf is the folder of a package whose tests are run by a command.
func scriptOf(t *testing.T, command string) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "package.json"), fmt.Appendf(nil, `{"scripts": {"test": %q}}`, command), 0o644); err != nil {
		t.Fatal(err)
	}
	return dir
}

// What is started for each language, and what the client is told.
func TestRecipes(t *testing.T) {
	const agent = "-agentlib:jdwp=transport=dt_socket,server=y,suspend=n,address=127.0.0.1:40000"
	const waiting = "-agentlib:jdwp=transport=dt_socket,server=y,suspend=y,address=127.0.0.1:40000"
	for _, c := range []struct {
		name string
		spec Spec
		argv []string          // SCRATCH stands for the debugger's own folder
		env  map[string]string // beside Spec.Env
		want map[string]any    // of the configuration; a nil value must not be there
	}{
		{name: "node", spec: Spec{Target: Target{Language: Node, Runtime: []string{"node"}, Flags: []string{"-r", "x"}, Program: "/w/a.js", Args: []string{"b"}, Argv: []string{"node"}, Cwd: "/w"}},
			argv: []string{"node", "--inspect=127.0.0.1:40000", "-r", "x", "/w/a.js", "b"},
			want: map[string]any{"type": "node", "request": "attach", "address": "127.0.0.1", "port": 40000, "cwd": "/w"}},
		{name: "node that waits", spec: Spec{StopOnEntry: true, Target: Target{Language: Node, Runtime: []string{"node"}, Program: "/w/a.js", Argv: []string{"node"}}},
			argv: []string{"node", "--inspect-brk=127.0.0.1:40000", "/w/a.js"}},
		{name: "npm", spec: Spec{StopOnEntry: true, Env: []string{"NODE_OPTIONS=--max-old-space-size=99"}, Target: Target{Language: Node, Tool: NPM, Script: "dev", Argv: []string{"npm", "run", "dev"}}},
			argv: []string{"npm", "run", "dev"},
			env:  map[string]string{"NODE_OPTIONS": `--max-old-space-size=99 --require "SCRATCH/inspect.cjs"`, "TANDEM_INSPECT": "40000", "TANDEM_INSPECT_WAIT": "1"}},
		{name: "jest", spec: Spec{Target: Target{Language: Node, Mode: Test, Argv: []string{"npx", "jest"}}},
			argv: []string{"npx", "jest", "--runInBand"}, env: map[string]string{"TANDEM_INSPECT_WAIT": "1", "TANDEM_INSPECT_ONCE": "1"}},
		{name: "vitest", spec: Spec{Target: Target{Language: Node, Mode: Test, Argv: []string{"pnpm", "exec", "vitest", "run"}}},
			argv: []string{"pnpm", "exec", "vitest", "run", "--inspect-brk=127.0.0.1:40000", "--no-file-parallelism"}, env: map[string]string{"NODE_OPTIONS": ""}},
		{name: "vitest in a script", spec: Spec{Target: Target{Language: Node, Mode: Test, Tool: NPM, Script: "test", Argv: []string{"npm", "test"}, Cwd: scriptOf(t, "vitest run")}},
			argv: []string{"npm", "test", "--", "--inspect-brk=127.0.0.1:40000", "--no-file-parallelism"}},
		{name: "jest in a script, with arguments", spec: Spec{Target: Target{Language: Node, Mode: Test, Tool: NPM, Script: "test", Argv: []string{"npm", "test", "--", "a.test.js"}, Cwd: scriptOf(t, "CI=1 jest")}},
			argv: []string{"npm", "test", "--", "a.test.js", "--runInBand"}},
		{name: "jest in yarn's script", spec: Spec{Target: Target{Language: Node, Mode: Test, Tool: NPM, Script: "test", Argv: []string{"yarn", "test"}, Cwd: scriptOf(t, "jest")}},
			argv: []string{"yarn", "test", "--runInBand"}},
		{name: "node's own tests", spec: Spec{Target: Target{Language: Node, Mode: Test, Runtime: []string{"node"}, Flags: []string{"--test"}, Program: "/w/a.test.js", Argv: []string{"node", "--test", "a.test.js"}}},
			argv: []string{"node", "--test", "a.test.js"}, env: map[string]string{"TANDEM_INSPECT": "40000", "TANDEM_INSPECT_WAIT": "1"}},
		{name: "python", spec: Spec{Target: Target{Language: Python, Runtime: []string{"python3.12"}, Flags: []string{"-u"}, Program: "/w/a.py", Args: []string{"b"}}},
			argv: []string{"python3.12", "-u", "-X", "frozen_modules=off", "-m", "debugpy", "--listen", "127.0.0.1:40000", "/w/a.py", "b"},
			want: map[string]any{"type": "debugpy", "request": "attach", "connect": map[string]any{"host": "127.0.0.1", "port": 40000}}},
		{name: "a module that waits", spec: Spec{StopOnEntry: true, Target: Target{Language: Python, Runtime: []string{"uv", "run", "python"}, Module: "uvicorn", Args: []string{"app:app"}}},
			argv: []string{"uv", "run", "python", "-X", "frozen_modules=off", "-m", "debugpy", "--listen", "127.0.0.1:40000", "--wait-for-client", "-m", "uvicorn", "app:app"}},
		{name: "Python's tests wait", spec: Spec{Target: Target{Language: Python, Mode: Test, Runtime: []string{"python3"}, Module: "pytest", Args: []string{"-x"}}},
			argv: []string{"python3", "-X", "frozen_modules=off", "-m", "debugpy", "--listen", "127.0.0.1:40000", "--wait-for-client", "-m", "pytest", "-x"}},
		{name: "a process of Python", spec: Spec{Request: Attach, PID: 7, Target: Target{Language: Python, Runtime: []string{"python3"}}},
			argv: []string{"python3", "-X", "frozen_modules=off", "-m", "debugpy", "--listen", "127.0.0.1:40000", "--pid", "7"}},
		{name: "java", spec: Spec{Env: []string{"JAVA_TOOL_OPTIONS=-Xmx1g"}, Target: Target{Language: Java, Argv: []string{"java", "-jar", "a.jar"}}},
			argv: []string{"java", "-jar", "a.jar"}, env: map[string]string{"JAVA_TOOL_OPTIONS": "-Xmx1g " + agent},
			want: map[string]any{"type": "java", "request": "attach", "hostName": "127.0.0.1", "port": 40000}},
		{name: "Spring Boot", spec: Spec{Target: Target{Language: Java, Tool: Maven, Argv: []string{"mvn", "spring-boot:run", "-Dspring-boot.run.jvmArguments=-Xmx1g"}}},
			argv: []string{"mvn", "spring-boot:run", "-Dspring-boot.run.jvmArguments=-Xmx1g " + agent}},
		{name: "Quarkus", spec: Spec{Target: Target{Language: Java, Tool: Maven, Argv: []string{"mvn", "quarkus:dev"}}},
			argv: []string{"mvn", "quarkus:dev", "-Ddebug=40000", "-DdebugHost=127.0.0.1", "-Dsuspend=n"}},
		{name: "in Maven's JVM", spec: Spec{Target: Target{Language: Java, Tool: Maven, Argv: []string{"mvn", "exec:java"}}},
			argv: []string{"mvn", "exec:java"}, env: map[string]string{"MAVEN_OPTS": agent}},
		{name: "Maven's tests wait", spec: Spec{Target: Target{Language: Java, Mode: Test, Tool: Maven, Argv: []string{"mvn", "test"}}},
			argv: []string{"mvn", "test", "-Dmaven.surefire.debug=" + waiting, "-Dmaven.failsafe.debug=" + waiting}},
		{name: "Gradle", spec: Spec{Target: Target{Language: Java, Tool: Gradle, Argv: []string{"./gradlew", "bootRun"}}},
			argv: []string{"./gradlew", "bootRun", "--init-script", "SCRATCH/jdwp.gradle", "-Dtandem.jdwp.port=40000", "-Dtandem.jdwp.suspend=n", "--no-daemon"}},
		{name: "any command", spec: Spec{Command: []string{"rdbg", "--port={port}", "--", "a.rb"}},
			argv: []string{"rdbg", "--port=40000", "--", "a.rb"}, want: map[string]any{"request": "attach", "host": "127.0.0.1", "port": 40000}},
		{name: "Go", spec: Spec{StopOnEntry: true, SubstitutePath: []PathRule{{From: "/a", To: "/b"}},
			Target: Target{Language: Go, Mode: Debug, Program: "/w/api", Cwd: "/w", Args: []string{"-x"}, Flags: []string{"-tags=e2e"}}},
			want: map[string]any{"type": "go", "request": "launch", "mode": "debug", "program": "/w/api", "cwd": "/w", "args": []string{"-x"},
				"buildFlags": []string{"-tags=e2e"}, "stopOnEntry": true, "substitutePath": []PathRule{{From: "/a", To: "/b"}}, "outputMode": "remote", "env": nil}},
		{name: "Go's tests run in their package's folder", spec: Spec{Target: Target{Language: Go, Mode: Test, Program: "/w/api", Cwd: "/w"}},
			want: map[string]any{"mode": "test", "program": "/w/api", "cwd": nil}},
		{name: "a process of Go", spec: Spec{Request: Attach, PID: 7, Target: Target{Language: Go, Mode: Debug}},
			want: map[string]any{"request": "attach", "mode": "local", "processId": 7, "program": nil}},
		{name: "GoLand", spec: Spec{Protocol: Delve, Target: Target{Language: Go, Mode: Debug, Program: "/w/api", Cwd: "/w"}},
			want: map[string]any{"type": "go", "request": "attach", "mode": "remote", "host": "127.0.0.1"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := c.spec
			s.Name = "Debug api"
			if err := s.Check(); err != nil {
				t.Fatal(err)
			}
			scratch := t.TempDir()
			r, err := s.cook(scratch, 40000)
			if err != nil {
				t.Fatal(err)
			}
			hide := func(v string) string { return strings.ReplaceAll(v, filepath.ToSlash(scratch), "SCRATCH") }
			var argv []string
			for _, a := range r.job.Argv {
				argv = append(argv, hide(filepath.ToSlash(a)))
			}
			if diff := cmp.Diff(c.argv, argv, equateEmpty); diff != "" {
				t.Errorf("argv (-want +got):\n%s", diff)
			}
			for name, want := range c.env {
				if got := hide(lookup(r.env, name)); got != want {
					t.Errorf("%s=%s\nwant %s", name, got, want)
				}
			}
			if r.configuration["name"] != "Debug api" {
				t.Errorf("the configuration's name is %v", r.configuration["name"])
			}
			for name, want := range c.want {
				got, has := r.configuration[name]
				if want == nil && has {
					t.Errorf("the configuration has %s: %v", name, got)
				} else if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("%s of the configuration (-want +got):\n%s", name, diff)
				}
			}
		})
	}
}

// Each thing that there is not has its own kind, and says what there is.
func TestSpecRefuses(t *testing.T) {
	for _, c := range []struct {
		name string
		spec Spec
		kind fault.Kind
	}{
		{"a protocol that Node does not speak", Spec{Protocol: DAP, Target: Target{Language: Node, Argv: []string{"node", "a"}}}, fault.DebugUnsupported},
		{"an unknown language", Spec{Target: Target{Argv: []string{"cargo", "run"}}}, fault.DebugUnsupported},
		{"Python without a program", Spec{Target: Target{Language: Python}}, fault.DebugUnsupported},
		{"Java without a command", Spec{Target: Target{Language: Java}}, fault.DebugUnsupported},
		{"GoLand without a program", Spec{Protocol: Delve, Target: Target{Language: Go}}, fault.DebugUnsupported},
		{"attaching to Node", Spec{Request: Attach, PID: 7, Target: Target{Language: Node}}, fault.DebugUnsupported},
		{"attaching to nothing", Spec{Request: Attach, Target: Target{Language: Go}}, fault.InvalidParams},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := Start(t.Context(), c.spec)
			if !errors.Is(err, c.kind) || fault.HintOf(err) == "" {
				t.Errorf("%v (hint %q), want %s", err, fault.HintOf(err), c.kind)
			}
		})
	}
}

// A program that pip has installed says on its first line which Python it is for.
func TestPythonOfInstalledProgram(t *testing.T) {
	dir := folder(t, map[string]string{"bin/uvicorn": "#!/opt/env/bin/python3.11\nimport sys\n", "bin/tool": "#!/bin/sh\n"})
	env := []string{"PATH=" + filepath.Join(dir, "bin")}
	if got := pythonOf(Target{Argv: []string{"uvicorn"}, Cwd: dir}, env); got != "/opt/env/bin/python3.11" {
		t.Errorf("uvicorn's is %s", got)
	}
	if got := pythonOf(Target{Argv: []string{"tool"}, Cwd: dir}, env); got != "python3" && got != "python" {
		t.Errorf("a shell script's is %s", got)
	}
	own := filepath.Join(dir, ".venv", "bin", "python")
	if os.PathSeparator == '\\' {
		own = filepath.Join(dir, ".venv", "Scripts", "python.exe")
	}
	if err := os.MkdirAll(filepath.Dir(own), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(own, nil, 0o755); err != nil {
		t.Fatal(err)
	}
	if got := pythonOf(Target{Cwd: dir}, env); got != own {
		t.Errorf("the project's is %s", got)
	}
}
