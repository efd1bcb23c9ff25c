package debug

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// host is where every debugger listens: nobody else's machine is concerned.
const host = "127.0.0.1"

// recipe is what has to be started for a Spec.
type recipe struct {
	job Job
	// env is the process's.
	env []string
	// port is the one that a JobRun will listen on.
	port int
	// says is a line of output that proves that it listens, where the system
	// cannot tell; "" is none.
	says string
	// configuration is the client's; the port of a Delve job is added when it is
	// known.
	configuration map[string]any
}

// cook makes the recipe. scratch is a folder of the debugger's own; port is free.
func (s *Spec) cook(scratch string, port int) (recipe, error) {
	r := recipe{env: append(slices.Clone(s.Env), s.Target.Env...), port: port}
	r.job.Scratch = scratch
	var err error
	switch s.Target.Language {
	case Go:
		s.cookGo(&r)
	case Node:
		err = s.cookNode(&r)
	case Python:
		s.cookPython(&r)
	case Java:
		err = s.cookJava(&r)
	default:
		s.cookGeneric(&r)
	}
	if r.configuration != nil && r.configuration["name"] == nil {
		r.configuration["name"] = s.Name
	}
	return r, err
}

// cookGo lets the client's launch request say what to build and run, and fills in
// what it leaves open; for Delve's own protocol there is no such request.
func (s *Spec) cookGo(r *recipe) {
	t := s.Target
	if s.Protocol == Delve {
		r.job.Kind, r.job.Target, r.job.PID = JobHeadless, t, s.PID
		r.configuration = map[string]any{"type": "go", "request": "attach", "mode": "remote", "host": host}
		if t.Cwd != "" {
			r.configuration["cwd"] = t.Cwd
		}
		if len(s.SubstitutePath) > 0 {
			r.configuration["substitutePath"] = s.SubstitutePath
		}
		return
	}
	r.job.Kind, r.job.Inherited = JobDAP, s.Inherited
	c := map[string]any{}
	if s.Request == Attach {
		c["mode"], c["processId"] = "local", s.PID
	} else {
		c["mode"], c["outputMode"] = string(t.Mode), "remote"
		if t.Mode != Test { // whose folder is the package's, as with `go test`
			c["cwd"] = t.Cwd
		}
		set(c, "program", t.Program)
		setList(c, "args", t.Args)
		setList(c, "buildFlags", t.Flags)
	}
	if s.StopOnEntry {
		c["stopOnEntry"] = true
	}
	if len(s.SubstitutePath) > 0 {
		c["substitutePath"] = s.SubstitutePath
	}
	r.job.Defaults = maps.Clone(c)
	c["type"], c["request"], c["host"] = "go", string(s.Request), host
	r.configuration = c
}

// cookGeneric puts the port into the user's command.
func (s *Spec) cookGeneric(r *recipe) {
	argv := slices.Clone(s.Command)
	for i := range argv {
		argv[i] = strings.ReplaceAll(argv[i], "{port}", strconv.Itoa(r.port))
	}
	r.job.Kind, r.job.Argv, r.job.Dir = JobRun, argv, s.Target.Cwd
	r.configuration = map[string]any{"request": "attach", "host": host, "port": r.port}
}

func set(c map[string]any, name, value string) {
	if value != "" {
		c[name] = value
	}
}

func setList(c map[string]any, name string, list []string) {
	if len(list) > 0 {
		c[name] = list
	}
}

// lookup is the last value of a variable; "" where it is not set.
func lookup(env []string, name string) string {
	for _, entry := range slices.Backward(env) {
		if n, v, _ := strings.Cut(entry, "="); n == name {
			return v
		}
	}
	return ""
}

// appended adds words to a variable that holds a list of options.
func appended(env []string, name, words string) []string {
	if own := lookup(env, name); own != "" {
		words = own + " " + words
	}
	return append(env, name+"="+words)
}

// write makes a file of the debugger's own.
func write(scratch, name, content string) (string, error) {
	path := filepath.Join(scratch, name)
	return path, os.WriteFile(path, []byte(content), 0o600)
}
