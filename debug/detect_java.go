package debug

import (
	"io/fs"
	"path/filepath"
	"regexp"
	"strings"
)

// javaValues are the flags of java that take their value from the next argument.
var javaValues = map[string]bool{
	"-cp": true, "-classpath": true, "--class-path": true, "-p": true, "--module-path": true, "--upgrade-module-path": true,
	"--add-modules": true, "--add-opens": true, "--add-exports": true, "--add-reads": true, "--limit-modules": true,
	"--patch-module": true, "--source": true, "--enable-native-access": true,
}

// javaCommand reads `java [flags] (-jar file | -m module | class | file.java) [args]`.
func javaCommand(t *Target, args []string) bool {
	t.Language, t.Runtime = Java, []string{"java"}
	for len(args) > 0 && strings.HasPrefix(args[0], "-") {
		switch {
		case args[0] == "-jar" && len(args) > 1:
			t.Program, t.Args = absolute(t.Cwd, args[1]), args[2:]
			return true
		case (args[0] == "-m" || args[0] == "--module") && len(args) > 1:
			_, class, _ := strings.Cut(args[1], "/")
			t.Module, t.Args = class, args[2:]
			return true
		}
		n := 1
		if javaValues[args[0]] && len(args) > 1 {
			n = 2
		}
		t.Flags, args = append(t.Flags, args[:n]...), args[n:]
	}
	switch {
	case len(args) == 0:
	case strings.HasSuffix(args[0], ".java"):
		t.Program, t.Args = absolute(t.Cwd, args[0]), args[1:]
	default:
		t.Module, t.Args = args[0], args[1:]
	}
	return true
}

var (
	javaMain    = regexp.MustCompile(`(?m)\bstatic\s+void\s+main\s*\(|^\s*fun\s+main\s*\(`)
	javaPackage = regexp.MustCompile(`(?m)^\s*package\s+([\w.]+)`)
)

// maxSources bounds the search for a main class.
const maxSources = 2000

// mainClass is the class with a main method below src/main, "" where there is
// none or a choice. One that starts Spring is preferred.
func mainClass(dir string) string {
	var found, spring []string
	seen := 0
	_ = filepath.WalkDir(filepath.Join(dir, "src", "main"), func(path string, e fs.DirEntry, err error) error {
		ending := filepath.Ext(path)
		if err != nil || e.IsDir() || ending != ".java" && ending != ".kt" {
			return nil
		}
		if seen++; seen > maxSources {
			return fs.SkipAll
		}
		text := readSome(path)
		if !javaMain.MatchString(text) {
			return nil
		}
		name := strings.TrimSuffix(filepath.Base(path), ending)
		if ending == ".kt" { // a function of the file is in a class of the file's name
			name += "Kt"
		}
		if m := javaPackage.FindStringSubmatch(text); m != nil {
			name = m[1] + "." + name
		}
		found = append(found, name)
		if strings.Contains(text, "@SpringBootApplication") {
			spring = append(spring, name)
		}
		return nil
	})
	switch {
	case len(spring) == 1:
		return spring[0]
	case len(found) == 1:
		return found[0]
	}
	return ""
}

// mavenGoal is what runs a project without a command of its own.
func mavenGoal(dir string) string {
	pom := readSome(filepath.Join(dir, "pom.xml"))
	switch {
	case strings.Contains(pom, "spring-boot-maven-plugin"):
		return "spring-boot:run"
	case strings.Contains(pom, "quarkus-maven-plugin"):
		return "quarkus:dev"
	}
	return "exec:java"
}

// gradleTask is mavenGoal for Gradle.
func gradleTask(dir string) string {
	build := readSome(filepath.Join(dir, "build.gradle")) + readSome(filepath.Join(dir, "build.gradle.kts"))
	switch {
	case strings.Contains(build, "org.springframework.boot"):
		return "bootRun"
	case strings.Contains(build, "io.quarkus"):
		return "quarkusDev"
	}
	return "run"
}
