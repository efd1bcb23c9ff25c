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
// NODE_OPTIONS where something else starts it.
func (s *Spec) cookNode(r *recipe) error {
	t := s.Target
	r.job.Kind, r.job.Dir = JobRun, t.Cwd
	r.says = "Debugger listening on ws://" + host + ":" + strconv.Itoa(r.port)
	switch {
	case t.Tool == "" && len(t.Runtime) == 1 && t.Program != "":
		flag := "--inspect"
		if s.StopOnEntry {
			flag = "--inspect-brk"
		}
		argv := []string{t.Runtime[0], fmt.Sprintf("%s=%s:%d", flag, host, r.port)}
		r.job.Argv = slices.Concat(argv, t.Flags, []string{t.Program}, t.Args)
	default:
		file, err := write(r.job.Scratch, "inspect.cjs", inspectScript)
		if err != nil {
			return err
		}
		r.job.Argv = t.Argv
		if t.Mode == Test {
			r.job.Argv = inOneProcess(t.Argv)
		}
		r.env = appended(r.env, "NODE_OPTIONS", "--require "+nodeQuoted(file))
		r.env = append(r.env, fmt.Sprintf("TANDEM_INSPECT=%d", r.port))
		if s.StopOnEntry {
			r.env = append(r.env, "TANDEM_INSPECT_WAIT=1")
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

// inOneProcess keeps a test runner from spreading the tests over processes, of
// which only the first would have the inspector.
func inOneProcess(argv []string) []string {
	for _, word := range argv {
		switch programName(word) {
		case "jest":
			return append(slices.Clone(argv), "--runInBand")
		case "vitest":
			return append(slices.Clone(argv), "--no-file-parallelism")
		}
	}
	return argv
}
