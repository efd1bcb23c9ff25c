package debug

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
)

// cookPython runs the program under debugpy, which listens with a debug adapter.
func (s *Spec) cookPython(r *recipe) {
	t := s.Target
	argv := slices.Clone(t.Runtime)
	if len(argv) == 0 {
		argv = []string{pythonOf(t, s.Env)}
	}
	argv = append(argv, t.Flags...)
	// Frozen modules cannot be stepped into, and debugpy warns of them (3.11).
	argv = append(argv, "-X", "frozen_modules=off", "-m", "debugpy", "--listen", host+":"+strconv.Itoa(r.port))
	switch {
	case s.Request == Attach:
		argv = append(argv, "--pid", strconv.Itoa(s.PID))
	default:
		if s.StopOnEntry || t.Mode == Test { // tests would be over
			argv = append(argv, "--wait-for-client")
		}
		if t.Module != "" {
			argv = append(argv, "-m", t.Module)
		} else {
			argv = append(argv, t.Program)
		}
		argv = append(argv, t.Args...)
	}
	r.job.Kind, r.job.Argv, r.job.Dir = JobRun, argv, t.Cwd
	r.configuration = map[string]any{
		"type": "debugpy", "request": "attach", "connect": map[string]any{"host": host, "port": r.port},
	}
	if len(s.SubstitutePath) > 0 {
		var rules []map[string]string
		for _, p := range s.SubstitutePath {
			rules = append(rules, map[string]string{"localRoot": p.From, "remoteRoot": p.To})
		}
		r.configuration["pathMappings"] = rules
	}
}

// pythonOf is the interpreter of a program that was installed with pip, such as
// uvicorn: its first line names it. Otherwise it is the project's own virtual
// environment, or python3.
func pythonOf(t Target, env []string) string {
	if len(t.Argv) > 0 {
		if line, _, _ := strings.Cut(readSome(inPath(t.Argv[0], t.Cwd, env)), "\n"); strings.HasPrefix(line, "#!") {
			if python := strings.TrimSpace(line[2:]); isPython(programName(python)) && !strings.Contains(python, " ") {
				return python
			}
		}
	}
	bin := filepath.Join("bin", "python")
	if runtime.GOOS == "windows" {
		bin = filepath.Join("Scripts", "python.exe")
	}
	for _, dir := range []string{".venv", "venv"} {
		if exists(t.Cwd, filepath.Join(dir, bin)) {
			return filepath.Join(t.Cwd, dir, bin)
		}
	}
	if runtime.GOOS == "windows" {
		return "python"
	}
	return "python3"
}

// inPath is where the PATH of an environment has a program; "" where it has not.
func inPath(program, dir string, env []string) string {
	if strings.ContainsAny(program, `/\`) {
		return absolute(dir, program)
	}
	for _, d := range filepath.SplitList(lookup(env, "PATH")) {
		file := filepath.Join(absolute(dir, d), program)
		if info, err := os.Stat(file); err == nil && !info.IsDir() {
			return file
		}
	}
	if file, err := exec.LookPath(program); err == nil {
		return file
	}
	return ""
}
