//go:build darwin || linux

package process

import (
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

// ShellArgv is the argv that runs a command string in the shell: sh -c on Unix,
// cmd.exe /d /s /c on Windows, where the string reaches cmd.exe unquoted. A
// program which the shell does not find is exit code 127 (Windows: 1 or 9009).
func ShellArgv(command string) []string { return []string{"sh", "-c", command} }

func sameName(a, b string) bool { return a == b }

func hasSeparator(name string) bool { return strings.Contains(name, "/") }

// lookPath finds the program as execvp would from inside dir: a name with a
// slash is a path, an empty or relative entry of PATH is below dir.
func lookPath(name, dir string, env []string) (string, error) {
	if hasSeparator(name) {
		file := within(dir, name)
		ok, exists := executable(file)
		if ok {
			return file, nil
		}
		if !exists {
			file = ""
		}
		return "", notFound(name, dir, file, env, 0)
	}
	path, set := getenv(env, "PATH")
	if !set {
		return "", notFound(name, dir, "", env, 0)
	}
	unusable := ""
	dirs := filepath.SplitList(path)
	for _, d := range dirs {
		file := within(dir, filepath.Join(d, name))
		ok, exists := executable(file)
		if ok {
			return file, nil
		}
		if exists && unusable == "" {
			unusable = file
		}
	}
	return "", notFound(name, dir, unusable, env, len(dirs))
}

func within(dir, name string) string {
	if filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(dir, name)
}

func executable(file string) (ok, exists bool) {
	info, err := os.Stat(file)
	if err != nil {
		return false, false
	}
	// A directory on PATH that has the program's name is passed over silently.
	if info.IsDir() {
		return false, false
	}
	return info.Mode()&0o111 != 0 && unix.Access(file, unix.X_OK) == nil, true
}
