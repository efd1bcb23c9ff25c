package debug

import (
	"os"
	"path/filepath"
	"strings"
)

// Detect says what would be debugged where argv runs in dir. argv may be empty:
// then the files of dir alone tell. It reads a few small files of dir and never
// fails; what it does not understand is [Generic].
func Detect(dir string, argv []string) Target {
	if abs, err := filepath.Abs(dir); err == nil {
		dir = abs
	}
	c := plain(dir, argv)
	t := Target{Mode: Debug, Cwd: c.dir, Env: c.env, Argv: c.argv}
	if len(c.argv) > 0 && byProgram(&t, c.argv) {
		return t
	}
	byFiles(&t)
	return t
}

// byProgram reads a command whose program is known by its name.
func byProgram(t *Target, argv []string) bool {
	name := programName(argv[0])
	switch {
	case name == "go":
		return goCommand(t, argv[1:])
	case name == "node" || name == "nodejs":
		return nodeCommand(t, argv)
	case isPython(name):
		return pythonCommand(t, argv[:1], argv[1:])
	case name == "java":
		return javaCommand(t, argv[1:])
	case name == "mvn" || name == "mvnw":
		t.Language, t.Tool = Java, Maven
		t.Mode = modeOf(argv[1:], "test", "verify", "integration-test", "surefire:test")
		t.Module = mainClass(t.Cwd)
		return true
	case name == "gradle" || name == "gradlew":
		t.Language, t.Tool = Java, Gradle
		t.Mode = modeOf(argv[1:], "test", "check", "integrationTest")
		t.Module = mainClass(t.Cwd)
		return true
	case packageManagers[name]:
		return npmCommand(t, name, argv[1:])
	case pythonModules[name] != "":
		t.Language, t.Module, t.Args = Python, pythonModules[name], argv[1:]
		t.Mode = pythonMode(t.Module)
		return true
	case pythonRunners[name] != nil:
		return pythonRunner(t, argv)
	case nodePrograms[name]:
		t.Language = Node
		return true
	}
	if isGoBinary(t.Cwd, argv[0]) {
		t.Language, t.Mode, t.Program, t.Args = Go, Exec, absolute(t.Cwd, argv[0]), argv[1:]
		return true
	}
	return false
}

// byFiles asks the working directory. A package.json comes last: many a folder
// has one for its tools.
func byFiles(t *Target) {
	switch {
	case exists(t.Cwd, "go.mod"):
		t.Language, t.Program = Go, goMain(t.Cwd)
	case exists(t.Cwd, "pom.xml"):
		t.Language, t.Module = Java, mainClass(t.Cwd)
		if len(t.Argv) == 0 {
			t.Tool = Maven
			t.Argv = []string{wrapperOr(t.Cwd, "mvnw", "mvn"), mavenGoal(t.Cwd)}
		}
	case exists(t.Cwd, "build.gradle", "build.gradle.kts", "settings.gradle", "settings.gradle.kts"):
		t.Language, t.Module = Java, mainClass(t.Cwd)
		if len(t.Argv) == 0 {
			t.Tool = Gradle
			t.Argv = []string{wrapperOr(t.Cwd, "gradlew", "gradle"), gradleTask(t.Cwd)}
		}
	case exists(t.Cwd, "pyproject.toml", "setup.py", "requirements.txt", "Pipfile", "manage.py"):
		t.Language, t.Runtime = Python, []string{"python3"}
		pythonMain(t)
	case exists(t.Cwd, "package.json"):
		t.Language = Node
		if len(t.Argv) == 0 {
			npmDefault(t)
		}
	}
}

// programName is the last element of a path without the endings that Windows
// has for programs.
func programName(path string) string {
	name := path[strings.LastIndexAny(path, `/\`)+1:]
	for _, ending := range []string{".exe", ".cmd", ".bat"} {
		if cut, ok := strings.CutSuffix(strings.ToLower(name), ending); ok {
			return cut
		}
	}
	return name
}

// modeOf is Test where one of the arguments names tests. Maven's and Gradle's
// goals may stand behind a project's path.
func modeOf(args []string, tests ...string) Mode {
	for _, a := range args {
		for _, test := range tests {
			if a == test || strings.HasSuffix(a, ":"+test) {
				return Test
			}
		}
	}
	return Debug
}

func absolute(dir, path string) string {
	if filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(dir, path)
}

// exists says whether dir has one of the files.
func exists(dir string, names ...string) bool {
	for _, name := range names {
		if info, err := os.Stat(filepath.Join(dir, name)); err == nil && !info.IsDir() {
			return true
		}
	}
	return false
}

// wrapperOr is the project's own copy of a tool where it has one.
func wrapperOr(dir, wrapper, tool string) string {
	if exists(dir, wrapper) {
		return "./" + wrapper
	}
	return tool
}

// maxRead bounds what is read of one file of a workspace.
const maxRead = 256 << 10

// readSome is the beginning of a file, "" where it cannot be read.
func readSome(path string) string {
	f, err := os.Open(path)
	if err != nil {
		return ""
	}
	defer f.Close()
	b := make([]byte, maxRead)
	n := 0
	for n < len(b) {
		m, err := f.Read(b[n:])
		n += m
		if err != nil {
			break
		}
	}
	return string(b[:n])
}
