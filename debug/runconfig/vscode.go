package runconfig

import (
	"cmp"
	"slices"
	"strings"

	"github.com/tandem-dev/tandem/debug"
	"github.com/tandem-dev/tandem/debug/runconfig/jsonc"
	"github.com/tandem-dev/tandem/envfile"
)

// The files of Visual Studio Code.
var (
	launchFile   = jsonFile{".vscode/launch.json", "name", jsonc.Ordered{{Key: "version", Value: "0.2.0"}}}
	tasksFile    = jsonFile{".vscode/tasks.json", "label", jsonc.Ordered{{Key: "version", Value: "2.0.0"}}}
	settingsFile = jsonFile{".vscode/settings.json", "", nil}
)

// jsonFiles are the JSON files of each editor, lists the lists in them.
var (
	jsonFiles = map[Editor][]jsonFile{
		VSCode: {launchFile, tasksFile, settingsFile},
		Zed:    {zedDebugFile, zedTasksFile},
	}
	lists = map[string][]string{
		launchFile.path: {"configurations", "compounds"}, tasksFile.path: {"tasks"},
		zedDebugFile.path: {""}, zedTasksFile.path: {""},
	}
)

// defOf is the definition of a JSON file by its path.
func (p *planner) defOf(path string) jsonFile {
	for _, def := range jsonFiles[p.editor] {
		if def.path == path {
			return def
		}
	}
	return jsonFile{path: path}
}

// mark is the part of the mark that stands in an entry.
func mark() jsonc.Member {
	return jsonc.Member{Key: "presentation", Value: jsonc.Ordered{{Key: "group", Value: group}}}
}

// vscode renders a service for Visual Studio Code: a task that starts the session
// and is ready when the session is, a configuration that waits for it, and the
// settings that test runners read.
//
// The debuggers' extensions read envFile after preLaunchTask has ended (VS Code
// resolves configurations with substituted variables then), so the file that the
// task writes is there.
func (p place) vscode(s Service) (rendered, error) {
	var out rendered
	add := func(e entry) {
		e.owner = s.Label
		out.entries = append(out.entries, e)
	}
	task := ""
	if !s.NoTask {
		task = s.upName()
		add(entry{file: tasksFile, id: "up/" + s.Label, list: "tasks", name: task, value: p.upTask(s)})
	}
	if c, note := p.vscodeLaunch(s); c != nil {
		add(entry{file: launchFile, id: launchID + s.Label, list: "configurations", name: s.launchName(), value: p.finishLaunch(s, c, task)})
	} else if note != "" {
		out.notes = append(out.notes, note)
	}
	if c := p.vscodeAttach(s); c != nil {
		c = append(c, mark())
		add(entry{file: launchFile, id: "attach/" + s.Label, list: "configurations", name: s.attachName(), value: c})
	}
	if setting, value := p.vscodeSetting(s); setting != "" {
		add(entry{file: settingsFile, id: "tests/" + setting, name: setting, value: value})
	}
	if left := s.Extra.Left; len(left) > 0 && !vscodeWraps(s.Target.Language) {
		out.notes = append(out.notes, leftNote(s, left))
	}
	return out, nil
}

// leftNote names what only `tandem run` brings.
func leftNote(s Service, left []envfile.Undeliverable) string {
	var names []string
	for _, u := range left {
		names = append(names, u.Name)
	}
	return "the configuration cannot bring " + strings.Join(names, ", ") + "; `tandem run " + s.Name + " -- COMMAND` does"
}

// vscodeWraps says whether the debugger of a language can start its program
// through a wrapper, which brings what no file can.
func vscodeWraps(l debug.Language) bool { return l == debug.Node || l == debug.Python }

// vscodeLaunch is what is special to a language, nil with a note where there is
// no configuration.
func (p place) vscodeLaunch(s Service) (jsonc.Ordered, string) {
	t := s.Target
	c := jsonc.Ordered{{Key: "name", Value: s.launchName()}}
	set := func(key string, value any) { c = append(c, jsonc.Member{Key: key, Value: value}) }
	list := func(key string, all []string) {
		if len(all) > 0 {
			set(key, all)
		}
	}
	wrap := len(s.Extra.Left) > 0
	switch t.Language {
	case debug.Go:
		set("type", "go")
		set("request", "launch")
		set("mode", string(cmp.Or(t.Mode, debug.Debug)))
		set("program", p.goProgram(t))
		list("args", t.Args)
		list("buildFlags", t.Flags)
	case debug.Python:
		set("type", "debugpy")
		set("request", "launch")
		switch {
		case t.Module != "":
			set("module", t.Module)
		case t.Program != "":
			set("program", p.path(t.Program))
		default:
			return nil, "nothing tells which Python program it runs"
		}
		list("args", t.Args)
		list("pythonArgs", t.Flags)
		python := t.Runtime
		if plainPython(python) {
			python = nil // the editor's own choice of interpreter
		}
		if wrap {
			if python == nil {
				python = []string{"${command:python.interpreterPath}"}
			}
			python = slices.Concat([]string{"tandem"}, p.wrapper(s), python)
		}
		list("python", python)
		set("console", "integratedTerminal")
	case debug.Node:
		set("type", "node")
		set("request", "launch")
		program, executable, args, ok := p.nodeCommand(t)
		if !ok {
			return nil, "nothing tells which JavaScript program it runs"
		}
		if wrap {
			args = slices.Concat(p.wrapper(s), []string{cmp.Or(executable, "node")}, args)
			executable = "tandem"
		}
		if executable != "" {
			set("runtimeExecutable", executable)
		}
		list("runtimeArgs", args)
		if program != "" {
			set("program", program)
		}
		list("args", t.Args)
		set("skipFiles", []string{"<node_internals>/**"})
		set("console", "integratedTerminal")
	case debug.Java:
		if t.Module == "" {
			return nil, "nothing tells the main class, which the Java debugger needs"
		}
		set("type", "java")
		set("request", "launch")
		set("mainClass", t.Module)
		list("args", t.Args)
		list("vmArgs", t.Flags)
		set("console", "integratedTerminal")
	default:
		return nil, ""
	}
	return c, ""
}

// finishLaunch adds what all languages have.
func (p place) finishLaunch(s Service, c jsonc.Ordered, task string) jsonc.Ordered {
	c = append(c, jsonc.Member{Key: "cwd", Value: p.path(s.Target.Cwd)})
	env := jsonc.Ordered{}
	for _, v := range s.inline(VSCode) {
		env = append(env, jsonc.Member{Key: v.Name, Value: v.Value})
	}
	if len(env) > 0 {
		c = append(c, jsonc.Member{Key: "env", Value: env})
	}
	c = append(c, jsonc.Member{Key: "envFile", Value: p.path(s.envFile(VSCode.Dialects(s.Target.Language)[0]))})
	if task != "" {
		c = append(c, jsonc.Member{Key: "preLaunchTask", Value: task})
	}
	return append(c, mark())
}

// inline are the variables that a configuration holds itself: what the manifest
// sets in front of its command, and what no file can bring.
func (s Service) inline(e Editor) []Variable {
	var all []Variable
	for _, v := range s.Target.Env {
		// What a shell would replace is not known here.
		if name, value, ok := strings.Cut(v, "="); ok && e.holds(value) && !strings.ContainsAny(value, "$`") {
			all = append(all, Variable{name, value})
		}
	}
	return append(all, s.Extra.Inline...)
}

// goProgram is the package, file or binary: a path, or an import path.
func (p place) goProgram(t debug.Target) string {
	return p.path(cmp.Or(t.Program, t.Cwd))
}

// plainPython says that a runtime is any Python, with nothing in front of it.
func plainPython(runtime []string) bool {
	return len(runtime) == 0 || len(runtime) == 1 && strings.HasPrefix(runtime[0], "python")
}

// nodeCommand says how a Node program starts: a script of its own, a script of
// package.json, or another runtime.
func (p place) nodeCommand(t debug.Target) (program, executable string, args []string, ok bool) {
	switch {
	case t.Script != "":
		tool := "npm"
		if len(t.Argv) > 0 {
			tool = t.Argv[0]
		}
		return "", tool, []string{"run", t.Script}, true
	case t.Program != "":
		if len(t.Runtime) > 0 && t.Runtime[0] != "node" {
			executable, args = t.Runtime[0], slices.Clone(t.Runtime[1:])
		}
		return p.path(t.Program), executable, append(args, t.Flags...), true
	case len(t.Argv) > 1 && t.Tool == debug.NPM:
		return "", t.Argv[0], slices.Clone(t.Argv[1:]), true
	}
	return "", "", nil, false
}

// vscodeAttach attaches to a debugger that listens already.
func (p place) vscodeAttach(s Service) jsonc.Ordered {
	if s.AttachPort == 0 {
		return nil
	}
	c := jsonc.Ordered{{Key: "name", Value: s.attachName()}}
	set := func(key string, value any) { c = append(c, jsonc.Member{Key: key, Value: value}) }
	switch s.Target.Language {
	case debug.Go:
		set("type", "go")
		set("request", "attach")
		set("mode", "remote")
		set("host", "127.0.0.1")
		set("port", s.AttachPort)
	case debug.Python:
		set("type", "debugpy")
		set("request", "attach")
		set("connect", jsonc.Ordered{{Key: "host", Value: "127.0.0.1"}, {Key: "port", Value: s.AttachPort}})
	case debug.Node:
		set("type", "node")
		set("request", "attach")
		set("address", "127.0.0.1")
		set("port", s.AttachPort)
		set("skipFiles", []string{"<node_internals>/**"})
	case debug.Java:
		set("type", "java")
		set("request", "attach")
		set("hostName", "127.0.0.1")
		set("port", s.AttachPort)
	default:
		return nil
	}
	return c
}

// vscodeSetting is the setting through which the test runner of a language gets
// the environment.
func (p place) vscodeSetting(s Service) (string, any) {
	dialects := VSCode.Dialects(s.Target.Language)
	if len(dialects) == 0 {
		return "", nil
	}
	file := p.path(s.envFile(dialects[0]))
	switch s.Target.Language {
	case debug.Go:
		return "go.testEnvFile", file
	case debug.Python:
		return "python.envFile", file
	case debug.Java:
		return "java.test.config", jsonc.Ordered{{Key: "name", Value: s.launchName()}, {Key: "envFile", Value: file}}
	}
	return "", nil // test runners for JavaScript have settings for values only
}
