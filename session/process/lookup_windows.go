package process

import (
	"os"
	"path/filepath"
	"strings"
)

// ShellArgv is the argv that runs a command string in the shell: sh -c on Unix,
// cmd.exe /d /s /c on Windows, where the string reaches cmd.exe unquoted. A
// program which the shell does not find is exit code 127 (Windows: 1 or 9009).
func ShellArgv(command string) []string { return []string{"cmd.exe", "/d", "/s", "/c", command} }

// isShell recognises what ShellArgv makes.
func isShell(argv []string) bool {
	return len(argv) == 5 && strings.EqualFold(argv[0], "cmd.exe") &&
		argv[1] == "/d" && argv[2] == "/s" && argv[3] == "/c"
}

func sameName(a, b string) bool { return strings.EqualFold(a, b) }

func hasSeparator(name string) bool { return strings.ContainsAny(name, `:\/`) }

// lookPath finds the program with the environment's PATH and PATHEXT. Unlike
// cmd.exe it does not look into the working directory first: a file in a
// checkout must not shadow a tool. An empty entry of PATH is passed over.
func lookPath(name, dir string, env []string) (string, error) {
	exts := extensions(env)
	if hasSeparator(name) {
		if file, ok := withExtension(within(dir, name), exts); ok {
			return file, nil
		}
		return "", notFound(name, dir, "", env, 0)
	}
	path, _ := getenv(env, "PATH")
	dirs := filepath.SplitList(path)
	for _, d := range dirs {
		if d == "" {
			continue
		}
		if file, ok := withExtension(within(dir, filepath.Join(d, name)), exts); ok {
			return file, nil
		}
	}
	return "", notFound(name, dir, "", env, len(dirs))
}

func extensions(env []string) []string {
	list, _ := getenv(env, "PATHEXT")
	if list == "" {
		return []string{".com", ".exe", ".bat", ".cmd"}
	}
	var exts []string
	for _, e := range strings.Split(strings.ToLower(list), ";") {
		if e != "" {
			exts = append(exts, "."+strings.TrimPrefix(e, "."))
		}
	}
	return exts
}

func within(dir, name string) string {
	if filepath.IsAbs(name) || filepath.VolumeName(name) != "" {
		return name
	}
	return filepath.Join(dir, name)
}

func withExtension(file string, exts []string) (string, bool) {
	if filepath.Ext(file) != "" && isFile(file) {
		return file, true
	}
	for _, e := range exts {
		if isFile(file + e) {
			return file + e, true
		}
	}
	return "", false
}

func isFile(file string) bool {
	info, err := os.Stat(file)
	return err == nil && !info.IsDir()
}
