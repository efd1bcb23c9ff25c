package debug

import (
	"path/filepath"
	"slices"
	"strings"

	"github.com/tandem-dev/tandem/internal/fault"
)

// Choice is what a person says of a target beyond what [Detect] has found; what is
// left empty stays as it was found.
type Choice struct {
	Language *Language // nil: as found
	Testing  bool      // the tests instead of the program
	Program  string    // as in Target; relative to Cwd
	Args     []string  // nil: as found
	Cwd      string
	Flags    []string // nil: as found
}

// Choose applies a choice.
func (t Target) Choose(c Choice) (Target, error) {
	if c.Cwd != "" {
		t.Cwd = absolute(t.Cwd, c.Cwd)
	}
	if c.Language != nil && *c.Language != t.Language {
		t = Target{Language: *c.Language, Mode: Debug, Cwd: t.Cwd, Env: t.Env}
	}
	if c.Testing {
		var err error
		if t, err = t.tests(c); err != nil {
			return t, err
		}
	} else if c.Program != "" {
		t = t.program(c.Program)
	} else if c.Args != nil {
		t = t.withArgs(c.Args)
	}
	if c.Program != "" && c.Args != nil && !c.Testing {
		t = t.withArgs(c.Args)
	}
	if c.Flags != nil {
		t.Flags = c.Flags
	}
	return t, nil
}

// program is the target with another program, without arguments.
func (t Target) program(name string) Target {
	p := Target{Language: t.Language, Mode: Debug, Cwd: t.Cwd, Env: t.Env}
	path := name
	if isPath(name) {
		path = absolute(t.Cwd, filepath.FromSlash(name))
	}
	switch t.Language {
	case Go:
		p.Program, p.Flags = path, t.Flags
		if t.Mode == Exec {
			p.Flags = nil
		}
		if isGoBinary("", path) {
			p.Mode = Exec
		}
	case Node:
		p.Program, p.Runtime = absolute(t.Cwd, name), []string{"node"}
		p.Argv = []string{"node", p.Program}
	case Python:
		p.Runtime = t.Runtime
		if strings.HasSuffix(name, ".py") || isPath(name) {
			p.Program = path
		} else {
			p.Module = name
		}
	case Java:
		p.Runtime, p.Flags = []string{"java"}, t.Flags
		if strings.HasSuffix(name, ".jar") || strings.HasSuffix(name, ".java") {
			p.Program = absolute(t.Cwd, name)
		} else {
			p.Module = name
		}
		p.Argv = p.javaArgv()
	default:
		p.Program = path
	}
	return p
}

// isPath tells a path from an import path, a module or a class. What is an import
// path of Go and exists as a folder is a path only with a dot before it.
func isPath(name string) bool {
	return strings.HasPrefix(name, ".") || filepath.IsAbs(name) || strings.HasSuffix(name, ".go") || strings.HasSuffix(name, ".py")
}

func (t Target) withArgs(args []string) Target {
	switch {
	case t.Tool == NPM && t.Program == "":
		t.Argv = slices.Concat(t.Argv, []string{"--"}, args)
	case t.Tool != "" && t.Program == "":
		t.Argv = slices.Concat(t.Argv, args)
	default:
		t.Args = args
		if t.Language == Java {
			t.Argv = t.javaArgv()
		}
		if t.Language == Node && t.Program != "" {
			t.Tool, t.Argv = "", slices.Concat(t.Runtime, t.Flags, []string{t.Program}, args)
		}
	}
	return t
}

func (t Target) javaArgv() []string {
	argv := slices.Concat(t.Runtime, t.Flags)
	switch {
	case strings.HasSuffix(t.Program, ".jar"):
		argv = append(argv, "-jar", t.Program)
	case t.Program != "":
		argv = append(argv, t.Program)
	default:
		argv = append(argv, t.Module)
	}
	return append(argv, t.Args...)
}

// tests are the target's: of the package, the project or the script that its tool
// has for them.
func (t Target) tests(c Choice) (Target, error) {
	p := Target{Language: t.Language, Mode: Test, Cwd: t.Cwd, Env: t.Env, Runtime: t.Runtime}
	switch t.Language {
	case Go:
		p.Program = t.Program
		if t.Mode == Exec || p.Program == "" {
			p.Program = t.Cwd
		}
		if c.Program != "" {
			p.Program = c.Program
			if isPath(p.Program) {
				p.Program = absolute(t.Cwd, filepath.FromSlash(p.Program))
			}
		}
		if strings.HasSuffix(p.Program, ".go") {
			p.Program = filepath.Dir(p.Program)
		}
		p.Args = testArgs(c.Args)
		if t.Mode != Exec {
			p.Flags = t.Flags
		}
	case Python:
		p.Module, p.Args = "pytest", c.Args
		if c.Program != "" {
			p.Args = slices.Concat([]string{absolute(t.Cwd, c.Program)}, c.Args)
		}
	case Node:
		if packageJSON(t.Cwd).Scripts["test"] == "" {
			return p, fault.New(fault.DebugUnsupported, "%s has no script \"test\"", filepath.Join(t.Cwd, "package.json")).
				Hint("add one, or give the runner as `command` and its `mode` as launch")
		}
		p.Tool, p.Script, p.Argv = NPM, "test", slices.Concat([]string{"npm", "test", "--"}, wordOf(c.Program), c.Args)
	case Java:
		p.Tool = t.Tool
		switch {
		case p.Tool == Maven || p.Tool == "" && exists(t.Cwd, "pom.xml"):
			p.Tool, p.Argv = Maven, []string{wrapperOr(t.Cwd, "mvnw", "mvn"), "test"}
			if c.Program != "" {
				p.Argv = append(p.Argv, "-Dtest="+c.Program)
			}
		case p.Tool == Gradle || exists(t.Cwd, "build.gradle", "build.gradle.kts"):
			p.Tool, p.Argv = Gradle, []string{wrapperOr(t.Cwd, "gradlew", "gradle"), "test"}
			if c.Program != "" {
				p.Argv = append(p.Argv, "--tests", c.Program)
			}
		default:
			return p, fault.New(fault.DebugUnsupported, "%s has neither a pom.xml nor a build.gradle", t.Cwd).
				Hint("tests of Java are run by Maven or Gradle")
		}
		p.Argv = append(p.Argv, c.Args...)
	default:
		return p, fault.New(fault.DebugUnsupported, "nothing tells what language the tests in %s are written in", t.Cwd).Hint("say `language`")
	}
	return p, nil
}

func wordOf(word string) []string {
	if word == "" {
		return nil
	}
	return []string{word}
}
