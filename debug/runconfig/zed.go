package runconfig

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/tandem-dev/tandem/debug"
	"github.com/tandem-dev/tandem/debug/runconfig/jsonc"
)

// The files of Zed: each is one list.
var (
	zedDebugFile = jsonFile{".zed/debug.json", "label", nil}
	zedTasksFile = jsonFile{".zed/tasks.json", "label", nil}
)

// The ports of debuggers that a task starts for Zed, where none is chosen: those
// of the debuggers' own documentation.
const (
	debugpyPort = 5678
	jdwpPort    = 5005
)

// zed renders a service for Zed. Its adapters for Go and JavaScript read an
// environment file; debugpy and the JVM are started by a task through
// `tandem run`, wait, and are attached to.
func (p place) zed(s Service) (rendered, error) {
	var out rendered
	add := func(file jsonFile, id, name string, value jsonc.Ordered) {
		out.entries = append(out.entries, entry{file: file, id: id + s.Label, owner: s.Label, name: name, value: value})
	}
	if !s.NoTask {
		add(zedTasksFile, "up/", s.upName(), p.zedTask(s, s.upName(), p.up(s, Zed.Dialects(s.Target.Language)), p.macro))
	}
	t := s.Target
	c := jsonc.Ordered{{Key: "label", Value: s.launchName()}}
	set := func(key string, value any) { c = append(c, jsonc.Member{Key: key, Value: value}) }
	list := func(key string, all []string) {
		if len(all) > 0 {
			set(key, all)
		}
	}
	run := t.Argv
	switch t.Language {
	case debug.Go:
		set("adapter", "Delve")
		set("request", "launch")
		set("mode", string(cmp.Or(t.Mode, debug.Debug)))
		set("program", p.goProgram(t))
		list("args", t.Args)
		list("buildFlags", t.Flags)
	case debug.Node:
		program, executable, args, ok := p.nodeCommand(t)
		if !ok {
			out.notes = append(out.notes, "nothing tells which JavaScript program it runs")
			return out, nil
		}
		set("adapter", "JavaScript")
		set("type", "pwa-node")
		set("request", "launch")
		if executable != "" {
			set("runtimeExecutable", executable)
		}
		list("runtimeArgs", args)
		if program != "" {
			set("program", program)
		}
		list("args", t.Args)
	case debug.Python:
		port := cmp.Or(s.AttachPort, debugpyPort)
		run = p.debugpyCommand(t, port)
		if run == nil {
			out.notes = append(out.notes, "nothing tells which Python program it runs")
			return out, nil
		}
		set("adapter", "Debugpy")
		set("request", "attach")
		set("connect", jsonc.Ordered{{Key: "host", Value: "127.0.0.1"}, {Key: "port", Value: port}})
	case debug.Java:
		port := cmp.Or(s.AttachPort, jdwpPort)
		set("adapter", "Java")
		set("request", "attach")
		set("hostName", "127.0.0.1")
		set("port", port)
		if len(run) > 0 {
			run = append([]string{"-e", fmt.Sprintf("JAVA_TOOL_OPTIONS=-agentlib:jdwp=transport=dt_socket,server=y,suspend=y,address=127.0.0.1:%d", port)}, run...)
		}
	}
	if t.Language == debug.Go || t.Language == debug.Node {
		set("cwd", p.path(t.Cwd))
		env := jsonc.Ordered{}
		for _, v := range s.inline(Zed) {
			env = append(env, jsonc.Member{Key: v.Name, Value: v.Value})
		}
		if len(env) > 0 {
			set("env", env)
		}
		set("envFile", p.path(s.envFile(Zed.Dialects(t.Language)[0])))
		if len(s.Extra.Left) > 0 {
			out.notes = append(out.notes, leftNote(s, s.Extra.Left))
		}
	}
	if t.Language != debug.Generic {
		add(zedDebugFile, launchID, s.launchName(), c)
	}
	if len(run) > 0 {
		add(zedTasksFile, "run/", s.runName(), p.zedTask(s, s.runName(), p.zedRun(s, run), p.path(t.Cwd)))
	}
	return out, nil
}

// zedRun is the command line that runs the program with the environment; flags
// of `tandem run` may begin the command.
func (p place) zedRun(s Service, command []string) []string {
	args := p.wrapper(s)
	if len(command) > 2 && command[0] == "-e" {
		args = slices.Insert(args, len(args)-1, command[:2]...)
		command = command[2:]
	}
	return append(args, command...)
}

// debugpyCommand runs a Python program that waits for its debugger; nil where
// nothing tells which.
func (p place) debugpyCommand(t debug.Target, port int) []string {
	python := t.Runtime
	if len(python) == 0 {
		python = []string{"python3"}
	}
	argv := slices.Concat(python, t.Flags, []string{"-m", "debugpy", "--listen", fmt.Sprintf("127.0.0.1:%d", port), "--wait-for-client"})
	switch {
	case t.Module != "":
		argv = append(argv, "-m", t.Module)
	case t.Program != "":
		argv = append(argv, p.path(t.Program))
	default:
		return nil
	}
	return append(argv, t.Args...)
}

func (p place) zedTask(s Service, label string, args []string, cwd string) jsonc.Ordered {
	return jsonc.Ordered{
		{Key: "label", Value: label},
		{Key: "command", Value: "tandem"},
		{Key: "args", Value: args},
		{Key: "cwd", Value: cwd},
		{Key: "use_new_terminal", Value: true},
		{Key: "allow_concurrent_runs", Value: false},
		{Key: "reveal", Value: "always"},
	}
}
