package envfile

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/compose-spec/compose-go/v2/dotenv"
	"github.com/docker/cli/pkg/kvfile"
	yaml "go.yaml.in/yaml/v2"
	"pgregory.net/rapid"
)

// The real readers of what Encode writes. One that is not installed skips only
// its own sub-test, and says so.

// reader gives the variables that a program makes of a file's content.
type reader func(t rapid.TB, content []byte) map[string]string

// consumer is a real reader of a dialect.
type consumer struct {
	name    string
	dialect Dialect
	// start makes the reader, or skips with a reason.
	start func(t *testing.T) reader
	// except leaves out values that the dialect's documentation excepts.
	except func(value string) bool
}

func consumers() []consumer {
	always := func(r reader) func(*testing.T) reader { return func(*testing.T) reader { return r } }
	all := []consumer{
		{name: "compose", dialect: Compose, start: always(readCompose)},
		{name: "compose", dialect: Dotenv, start: always(readCompose)},
		{name: "docker", dialect: Docker, start: always(readDockerCLI)},
		{name: "Go", dialect: JSON, start: always(readGoJSON)},
		{name: "YAML 1.1", dialect: JetBrainsEnvFile, start: always(readYAML)},
		{name: "Go", dialect: JetBrainsEnvFile, start: always(readGoJSON)},
		{name: "node", dialect: JSON, start: scripted("node", "-e", strings.Replace(nodeScript, "parseEnv(", "JSON.parse(", 1))},
		{name: "util.parseEnv", dialect: Node, start: scripted("node", "-e", nodeScript)},
		{name: "util.parseEnv", dialect: Dotenv, start: scripted("node", "-e", nodeScript)},
		{name: "python-dotenv", dialect: PythonDotenv, start: pythonReader},
		{name: "python-dotenv", dialect: Dotenv, start: pythonReader, except: func(v string) bool {
			return strings.Contains(v, "${") || strings.Contains(v, `\\`)
		}},
		{name: "libsystemd", dialect: Systemd, start: systemdReader},
	}
	for _, d := range []Dialect{DotenvJS, VSCodeNode, VSCodeJava, Dotenv} {
		for _, version := range []string{"16.6.1", "18.0.10"} {
			all = append(all, consumer{name: "npm dotenv " + version, dialect: d, start: npmReader(version)})
		}
	}
	for _, shell := range []string{"sh", "dash", "bash", "zsh"} {
		start := sourced(shell, "set -ae; . ")
		all = append(all, consumer{name: shell, dialect: Shell, start: start})
		if shell != "zsh" {
			all = append(all, consumer{name: shell, dialect: Dotenv, start: start})
		}
	}
	return append(all,
		consumer{name: "fish", dialect: Fish, start: sourced("fish", "source ")},
		consumer{name: "csh", dialect: Csh, start: sourced("csh", "source ")},
		consumer{name: "tcsh", dialect: Csh, start: sourced("tcsh", "source ")},
		consumer{name: "pwsh", dialect: PowerShell, start: sourced("pwsh", "$ErrorActionPreference = 'Stop'; . ")},
	)
}

func readCompose(t rapid.TB, content []byte) map[string]string {
	t.Helper()
	got, err := dotenv.Parse(bytes.NewReader(content))
	if err != nil {
		t.Fatalf("compose: %v", err)
	}
	return got
}

// readDockerCLI is what `docker run --env-file` parses with. A name alone
// would take docker's own value; here it takes one that no test expects.
func readDockerCLI(t rapid.TB, content []byte) map[string]string {
	t.Helper()
	lines, err := kvfile.ParseFromReader(bytes.NewReader(content), func(string) (string, bool) { return "inherited", true })
	if err != nil {
		t.Fatalf("docker: %v", err)
	}
	got := map[string]string{}
	for _, line := range lines {
		name, value, _ := strings.Cut(line, "=")
		got[name] = value
	}
	return got
}

func readGoJSON(t rapid.TB, content []byte) map[string]string {
	t.Helper()
	got := map[string]string{}
	if err := json.Unmarshal(content, &got); err != nil {
		t.Fatal(err)
	}
	return got
}

// readYAML stands for the EnvFile plugin's SnakeYAML, which descends from the
// same parser of YAML 1.1.
func readYAML(t rapid.TB, content []byte) map[string]string {
	t.Helper()
	got := map[string]string{}
	if err := yaml.Unmarshal(content, &got); err != nil {
		t.Fatal(err)
	}
	return got
}

// sourced reads with a shell: the file in an empty environment, then a dump of
// what a child process is given.
func sourced(shell, command string) func(t *testing.T) reader {
	return func(t *testing.T) reader {
		path, dump := program(t, shell), program(t, "env")
		file := filepath.Join(t.TempDir(), "file.ps1")
		args := []string{"-c", command + file + "; exec " + dump + " -0"}
		switch shell {
		case "csh", "tcsh":
			args = append([]string{"-f"}, args...)
		case "fish":
			args = append([]string{"--no-config"}, args...)
		case "pwsh":
			args = []string{"-NoProfile", "-Command", command + file + "; & " + dump + " -0"}
		}
		source := func(t rapid.TB, content []byte) map[string]string {
			t.Helper()
			if err := os.WriteFile(file, content, 0o600); err != nil {
				t.Fatal(err)
			}
			cmd := exec.Command(path, args...)
			// A home, since fish complains without one.
			cmd.Env = []string{"HOME=" + filepath.Dir(file)}
			var out, stderr bytes.Buffer
			cmd.Stdout, cmd.Stderr = &out, &stderr
			if err := cmd.Run(); err != nil || stderr.Len() > 0 {
				t.Fatalf("%s: %v, %s", shell, err, stderr.String())
			}
			got := map[string]string{}
			for entry := range strings.SplitSeq(strings.TrimSuffix(out.String(), "\x00"), "\x00") {
				name, value, _ := strings.Cut(entry, "=")
				got[name] = value
			}
			return got
		}
		// What the shell sets by itself is not the file's doing.
		own := source(t, nil)
		return func(t rapid.TB, content []byte) map[string]string {
			t.Helper()
			got := source(t, content)
			maps.DeleteFunc(got, func(name, value string) bool { v, ok := own[name]; return ok && v == value })
			return got
		}
	}
}

func program(t *testing.T, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		t.Skipf("this machine has no %s to read the file with", name)
	}
	return path
}

// scripted reads with a program that answers each file path on its input with
// one line of JSON, so that thousands of files pay for its start once.
func scripted(name string, args ...string) func(t *testing.T) reader {
	return func(t *testing.T) reader {
		path := program(t, name)
		if name == "node" && exec.Command(path, "-e", "require('node:util').parseEnv('')").Run() != nil {
			t.Skip("this node has no util.parseEnv")
		}
		return lineReader(t, path, args...)
	}
}

func lineReader(t testing.TB, program string, args ...string) reader {
	t.Helper()
	dir := t.TempDir()
	cmd := exec.Command(program, args...)
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { in.Close(); cmd.Wait() })
	lines := bufio.NewReader(out)
	return func(t rapid.TB, content []byte) map[string]string {
		t.Helper()
		path := filepath.Join(dir, "file")
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(in, path+"\n"); err != nil {
			t.Fatal(err)
		}
		line, err := lines.ReadString('\n')
		if err != nil {
			t.Fatal(err)
		}
		got := map[string]string{}
		if err := json.Unmarshal([]byte(line), &got); err != nil {
			t.Fatal(err)
		}
		return got
	}
}

const nodeScript = `
const {parseEnv} = require('node:util'), fs = require('node:fs');
require('node:readline').createInterface({input: process.stdin}).on('line', path =>
  console.log(JSON.stringify(parseEnv(fs.readFileSync(path, 'utf8')))));
`

const npmScript = `
const {parse} = require(process.argv[1]), fs = require('node:fs');
require('node:readline').createInterface({input: process.stdin}).on('line', path =>
  console.log(JSON.stringify(parse(fs.readFileSync(path)))));
`

const pythonScript = `
import dotenv, json, sys
for path in sys.stdin:
    print(json.dumps(dotenv.dotenv_values(path.rstrip("\n"))), flush=True)
`

// systemdScript calls the function behind EnvironmentFile= in systemd's own
// library; the manager itself runs only as the first process.
const systemdScript = `
import ctypes, json, sys
lib = ctypes.CDLL(sys.argv[1])
for path in sys.stdin:
    entries = ctypes.POINTER(ctypes.c_char_p)()
    failed = lib.load_env_file(ctypes.c_void_p(None), path.rstrip("\n").encode(), ctypes.byref(entries))
    if failed < 0:
        sys.exit("load_env_file: %d" % failed)
    got, i = {}, 0
    while entries and entries[i]:
        name, _, value = entries[i].decode().partition("=")
        got[name] = value
        i += 1
    print(json.dumps(got), flush=True)
`

func systemdReader(t *testing.T) reader {
	python := program(t, "python3")
	libs, _ := filepath.Glob("/usr/lib/*/systemd/libsystemd-shared-*.so")
	more, _ := filepath.Glob("/usr/lib/systemd/libsystemd-shared-*.so")
	if libs = append(libs, more...); len(libs) == 0 {
		t.Skip("this machine has no systemd to read the file with")
	}
	return lineReader(t, python, "-c", systemdScript, libs[0])
}

// pythonDotenvVersion is what is fetched; an installed one is taken as it is.
const pythonDotenvVersion = "1.2.4"

func pythonReader(t *testing.T) reader {
	python := program(t, "python3")
	if exec.Command(python, "-c", "import dotenv").Run() != nil {
		bin := "bin"
		if runtime.GOOS == "windows" {
			bin = "Scripts"
		}
		dir := fetched(t, "python-dotenv-"+pythonDotenvVersion, func(ctx context.Context, dir string) error {
			if err := exec.CommandContext(ctx, python, "-m", "venv", dir).Run(); err != nil {
				return err
			}
			return exec.CommandContext(ctx, filepath.Join(dir, bin, "python"), "-m", "pip", "install", "--quiet", "python-dotenv=="+pythonDotenvVersion).Run()
		})
		python = filepath.Join(dir, bin, "python")
	}
	return lineReader(t, python, "-c", pythonScript)
}

func npmReader(version string) func(t *testing.T) reader {
	return func(t *testing.T) reader {
		node, npm := program(t, "node"), program(t, "npm")
		dir := fetched(t, "npm-dotenv-"+version, func(ctx context.Context, dir string) error {
			return exec.CommandContext(ctx, npm, "install", "--silent", "--no-fund", "--no-audit", "--prefix", dir, "dotenv@"+version).Run()
		})
		return lineReader(t, node, "-e", npmScript, filepath.Join(dir, "node_modules", "dotenv"))
	}
}

// long says that the long form of the tests runs, which may use the network.
func long() bool { return os.Getenv("TANDEM_LONG") != "" }

// fetched gives the folder of a reader that comes from a package registry. It
// is fetched once, by the long form, and then kept in the user's cache, so that
// a plain `go test` never waits for a network.
func fetched(t *testing.T, name string, fetch func(ctx context.Context, dir string) error) string {
	t.Helper()
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Skipf("no place to keep %s: %v", name, err)
	}
	cache = filepath.Join(cache, "tandem-test-readers")
	dir := filepath.Join(cache, name)
	fetching.Lock()
	defer fetching.Unlock()
	if _, err := os.Stat(dir); err == nil {
		return dir
	}
	if !long() {
		t.Skipf("%s is not here; TANDEM_LONG=1 fetches it once", name)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	// Under another name until it is whole, so that what an interrupted run
	// leaves is not taken for the reader.
	temp := dir + ".part"
	err = errors.Join(os.RemoveAll(temp), os.MkdirAll(temp, 0o700))
	if err == nil {
		err = fetch(ctx, temp)
	}
	if err == nil {
		err = os.Rename(temp, dir)
	}
	if err != nil {
		t.Skipf("%s cannot be fetched: %v", name, errors.Join(err, os.RemoveAll(temp)))
	}
	return dir
}

// fetching lets parallel tests that need the same reader fetch it once.
var fetching sync.Mutex
