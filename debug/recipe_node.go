package debug

import (
	_ "embed"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// inspectScript opens the inspector in the program's process, and not in that of
// the npm, nodemon or tsx which starts it: all of them are Node as well, and the
// first would take the port.
//
//go:embed inspect.cjs
var inspectScript string

// cookNode opens Node's inspector: by a flag where the command is node itself, by
// NODE_OPTIONS where something else starts it, by the runner's own option where that
// runs tests in processes of its own. Tests wait for the client: they would be over.
func (s *Spec) cookNode(r *recipe) error {
	t := s.Target
	r.job.Kind, r.job.Dir = JobRun, t.Cwd
	r.says = "Debugger listening on ws://" + host + ":" + strconv.Itoa(r.port)
	runner := ""
	if t.Mode == Test {
		runner = t.testRunner()
	}
	switch {
	case t.Mode != Test && t.Tool == "" && len(t.Runtime) == 1 && t.Program != "":
		flag := "--inspect"
		if s.StopOnEntry {
			flag = "--inspect-brk"
		}
		argv := []string{t.Runtime[0], fmt.Sprintf("%s=%s:%d", flag, host, r.port)}
		r.job.Argv = slices.Concat(argv, t.Flags, []string{t.Program}, t.Args)
	case runner == "vitest":
		// vitest.dev/guide/debugging: one worker, whose inspector it opens, with a
		// breakpoint of its own at the first line of the first test.
		r.job.Argv = t.passing(fmt.Sprintf("--inspect-brk=%s:%d", host, r.port), "--no-file-parallelism")
	default:
		file, err := write(r.job.Scratch, "inspect.cjs", inspectScript)
		if err != nil {
			return err
		}
		r.job.Argv = t.Argv
		if runner == "jest" {
			r.job.Argv = t.passing("--runInBand") // in the process that has the inspector
		}
		r.env = appended(r.env, "NODE_OPTIONS", "--require "+nodeQuoted(file))
		r.env = append(r.env, fmt.Sprintf("TANDEM_INSPECT=%d", r.port))
		if s.StopOnEntry || t.Mode == Test {
			r.env = append(r.env, "TANDEM_INSPECT_WAIT=1")
		}
		if t.Mode == Test { // a runner may have a process for each file of tests
			r.env = append(r.env, "TANDEM_INSPECT_ONCE=1")
		}
	}
	r.configuration = map[string]any{
		"type": "node", "request": "attach", "address": host, "port": r.port, "cwd": t.Cwd,
		"skipFiles": []string{"<node_internals>/**"},
	}
	if s.StopOnEntry {
		r.configuration["continueOnAttach"] = false
	}
	return nil
}

// nodeQuoted is a word of NODE_OPTIONS (nodejs.org/api/cli.html#node_optionsoptions).
func nodeQuoted(word string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(word) + `"`
}

// testRunner is the program of nodeTests that runs the tests, from the command or
// from the package manager's script; "" for another, or where nothing tells.
func (t Target) testRunner() string {
	words := t.Argv
	if t.Script != "" {
		words = slices.Concat(words, strings.Fields(packageJSON(t.Cwd).Scripts[t.Script]))
	}
	for _, word := range words {
		if name := programName(word); nodeTests[name] {
			return name
		}
	}
	return ""
}

// passing is the command with options for the program that it runs in the end. npm
// takes for its own what is not behind "--"; the others pass it on.
func (t Target) passing(options ...string) []string {
	argv := slices.Clone(t.Argv)
	if t.Script != "" && programName(argv[0]) == "npm" && !slices.Contains(argv, "--") {
		argv = append(argv, "--")
	}
	return append(argv, options...)
}
