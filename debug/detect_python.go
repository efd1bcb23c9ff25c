package debug

import (
	"regexp"
	"strings"
)

// pythonName is python, python3, python3.12, pypy3, py (Windows' launcher).
var pythonName = regexp.MustCompile(`^(python|pypy|py)[0-9]*(\.[0-9]+)?w?$`)

func isPython(name string) bool { return pythonName.MatchString(name) }

// pythonModules are programs of Python packages, and the modules that they run.
var pythonModules = map[string]string{
	"uvicorn": "uvicorn", "gunicorn": "gunicorn", "flask": "flask", "fastapi": "fastapi", "hypercorn": "hypercorn",
	"daphne": "daphne", "celery": "celery", "pytest": "pytest", "py.test": "pytest", "streamlit": "streamlit",
	"django-admin": "django", "waitress-serve": "waitress", "granian": "granian", "sanic": "sanic",
}

// pythonRunners are tools that run a command inside a project's environment, and
// the word that they do it with.
var pythonRunners = map[string][]string{
	"uv": {"run"}, "poetry": {"run"}, "pipenv": {"run"}, "pdm": {"run"}, "rye": {"run"}, "hatch": {"run"},
}

// pythonValues are the flags of python that take their value from the next
// argument.
var pythonValues = map[string]bool{"-W": true, "-X": true, "-Q": true, "--check-hash-based-pycs": true}

// pythonCommand reads `python [flags] (script | -m module) [args]`.
func pythonCommand(t *Target, runtime, args []string) bool {
	t.Language, t.Runtime = Python, runtime
	for len(args) > 0 && strings.HasPrefix(args[0], "-") && args[0] != "-" {
		if args[0] == "-m" && len(args) > 1 {
			t.Module, t.Args = args[1], args[2:]
			t.Mode = pythonMode(t.Module)
			return true
		}
		if args[0] == "-c" {
			return false // code in the command line: nothing to set a breakpoint in
		}
		n := 1
		if pythonValues[args[0]] && len(args) > 1 {
			n = 2
		}
		t.Flags, args = append(t.Flags, args[:n]...), args[n:]
	}
	if len(args) > 0 {
		t.Program, t.Args = absolute(t.Cwd, args[0]), args[1:]
	}
	return true
}

// pythonRunner reads `uv run CMD`, `poetry run CMD` and their like. uv takes a
// script in the place of a command.
func pythonRunner(t *Target, argv []string) bool {
	if len(argv) < 3 || argv[1] != pythonRunners[programName(argv[0])][0] {
		return false
	}
	flags, rest := flagsOf(argv[2:], map[string]bool{"--with": true, "--python": true, "-p": true, "--extra": true,
		"--group": true, "--env-file": true, "--project": true, "--directory": true, "--package": true})
	if len(rest) == 0 {
		return false
	}
	runner := append(append([]string(nil), argv[:2]...), flags...)
	name := programName(rest[0])
	switch {
	case isPython(name):
		return pythonCommand(t, append(runner, rest[0]), rest[1:])
	case strings.HasSuffix(rest[0], ".py"):
		return pythonCommand(t, append(runner, "python"), rest)
	case pythonModules[name] != "":
		t.Language, t.Runtime = Python, append(runner, "python")
		t.Module, t.Args = pythonModules[name], rest[1:]
		t.Mode = pythonMode(t.Module)
		return true
	}
	return false
}

func pythonMode(module string) Mode {
	if module == "pytest" || module == "unittest" {
		return Test
	}
	return Debug
}

// pythonMain is what a folder without a command that is understood would run: the
// only file that people give that name.
func pythonMain(t *Target) {
	if exists(t.Cwd, "manage.py") {
		t.Program, t.Args = absolute(t.Cwd, "manage.py"), []string{"runserver", "--noreload"}
		return
	}
	for _, file := range []string{"main.py", "app.py", "server.py", "src/main.py", "app/main.py"} {
		if exists(t.Cwd, file) {
			t.Program = absolute(t.Cwd, file)
			return
		}
	}
}
