package debug

import (
	"debug/buildinfo"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strings"
)

// goValues are the flags of `go run` and `go test` that take their value from the
// next argument (go help build, go help testflag).
var goValues = map[string]bool{
	"C": true, "p": true, "covermode": true, "coverpkg": true, "asmflags": true, "buildmode": true, "buildvcs": false,
	"compiler": true, "gccgoflags": true, "gcflags": true, "installsuffix": true, "ldflags": true, "mod": true,
	"modfile": true, "overlay": true, "pgo": true, "pkgdir": true, "tags": true, "toolexec": true, "exec": true,
	"o": true, "vet": true,
	"run": true, "skip": true, "bench": true, "benchtime": true, "count": true, "coverprofile": true, "cpu": true,
	"cpuprofile": true, "list": true, "memprofile": true, "outputdir": true, "parallel": true, "timeout": true,
	"trace": true, "blockprofile": true, "mutexprofile": true, "fuzz": true, "fuzztime": true, "shuffle": true,
}

// testFlags are those which the test binary knows; it wants them as -test.NAME.
var testFlags = map[string]bool{
	"run": true, "skip": true, "bench": true, "benchmem": true, "benchtime": true, "count": true, "cpu": true,
	"failfast": true, "list": true, "parallel": true, "short": true, "timeout": true, "v": true, "shuffle": true,
	"fullpath": true, "fuzz": true, "fuzztime": true,
}

// goCommand reads `go run` and `go test`.
func goCommand(t *Target, args []string) bool {
	if len(args) == 0 || args[0] != "run" && args[0] != "test" {
		return false
	}
	t.Language = Go
	testing := args[0] == "test"
	if testing {
		t.Mode = Test
	}
	rest := args[1:]
	dir := t.Cwd // where packages are looked up
	for len(rest) > 0 && strings.HasPrefix(rest[0], "-") && rest[0] != "-" {
		flag, value, joined := strings.Cut(strings.TrimLeft(rest[0], "-"), "=")
		take := []string{rest[0]}
		rest = rest[1:]
		if !joined && goValues[flag] && len(rest) > 0 {
			value, take, rest = rest[0], append(take, rest[0]), rest[1:]
		}
		switch {
		case flag == "args":
			t.Args = append(t.Args, rest...)
			rest = nil
		case flag == "C":
			// The program runs there, too: the go command has changed into it.
			dir = absolute(t.Cwd, value)
			t.Cwd = dir
		case testing && testFlags[flag]:
			t.Args = append(t.Args, testFlag(flag, value, len(take) > 1 || joined))
		case flag == "exec" || flag == "o" || flag == "c":
			// a wrapper and an output are not the debugger's
		default:
			t.Flags = append(t.Flags, take...)
		}
	}
	t.Program = goProgram(dir, &rest)
	if testing {
		rest = testArgs(rest)
	}
	t.Args = append(t.Args, rest...)
	return true
}

func testFlag(flag, value string, has bool) string {
	if has {
		return "-test." + flag + "=" + value
	}
	return "-test." + flag
}

// testArgs are the arguments behind `go test PKG`: flags of the test binary in the
// go command's spelling, then the test's own.
func testArgs(args []string) []string {
	var out []string
	for len(args) > 0 {
		flag, value, joined := strings.Cut(strings.TrimLeft(args[0], "-"), "=")
		switch {
		case args[0] == "-args" || args[0] == "--args":
			return append(out, args[1:]...)
		case strings.HasPrefix(args[0], "-") && testFlags[flag]:
			takes := !joined && goValues[flag] && len(args) > 1
			if takes {
				value, args = args[1], args[1:]
			}
			out = append(out, testFlag(flag, value, joined || takes))
		case strings.HasPrefix(args[0], "-") || len(out) > 0:
			out = append(out, args[0])
		}
		args = args[1:]
	}
	return out
}

// goProgram takes the package from the front of args: files of one folder, a
// folder, or an import path. Without any it is dir.
func goProgram(dir string, args *[]string) string {
	var files []string
	for len(*args) > 0 && strings.HasSuffix((*args)[0], ".go") {
		files, *args = append(files, absolute(dir, (*args)[0])), (*args)[1:]
	}
	switch {
	case len(files) == 1:
		return files[0]
	case len(files) > 1:
		// Delve builds one package or one file; several files are nearly always
		// the package's own.
		return filepath.Dir(files[0])
	case len(*args) == 0 || strings.HasPrefix((*args)[0], "-"):
		return dir
	}
	pkg := (*args)[0]
	*args = (*args)[1:]
	if strings.HasPrefix(pkg, ".") || filepath.IsAbs(pkg) {
		return absolute(dir, filepath.FromSlash(strings.TrimSuffix(pkg, "/...")))
	}
	return pkg
}

// goMain is the folder of the only main package where people put them: the
// module's root, or below cmd. "" where there is none, or a choice.
func goMain(dir string) string {
	if isGoMain(dir) {
		return dir
	}
	entries, err := os.ReadDir(filepath.Join(dir, "cmd"))
	if err != nil {
		return ""
	}
	found := ""
	for _, e := range entries {
		sub := filepath.Join(dir, "cmd", e.Name())
		if !e.IsDir() || !isGoMain(sub) {
			continue
		}
		if found != "" {
			return ""
		}
		found = sub
	}
	return found
}

func isGoMain(dir string) bool {
	files, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		return false
	}
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.PackageClauseOnly)
		if err == nil {
			return f.Name.Name == "main"
		}
	}
	return false
}

// isGoBinary says whether a command is a program that the go command built.
func isGoBinary(dir, program string) bool {
	if !strings.ContainsAny(program, `/\`) {
		return false // from PATH: a tool, not the service
	}
	_, err := buildinfo.ReadFile(absolute(dir, program))
	return err == nil
}
