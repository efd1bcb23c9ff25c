package envfile

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/compose-spec/compose-go/v2/dotenv"
	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// The real readers of what Encode writes. One that is not installed skips only
// its own sub-test, and says so.

// reader gives the variables that a program makes of a file's content.
type reader func(t testing.TB, content []byte) map[string]string

func readCompose(t testing.TB, content []byte) map[string]string {
	t.Helper()
	got, err := dotenv.Parse(bytes.NewReader(content))
	if err != nil {
		t.Fatalf("compose: %v", err)
	}
	return got
}

// readShell sources the file in an empty environment and dumps the result.
func readShell(shell, dir string) reader {
	return func(t testing.TB, content []byte) map[string]string {
		t.Helper()
		path := filepath.Join(dir, "file")
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
		dump, err := exec.LookPath("env")
		if err != nil {
			t.Fatal(err)
		}
		cmd := exec.Command(shell, "-c", "set -ae; . "+path+"; exec "+dump+" -0")
		cmd.Env = []string{}
		var out, stderr bytes.Buffer
		cmd.Stdout, cmd.Stderr = &out, &stderr
		if err := cmd.Run(); err != nil || stderr.Len() > 0 {
			t.Fatalf("%s: %v, %s", shell, err, stderr.String())
		}
		got := map[string]string{}
		for entry := range strings.SplitSeq(strings.TrimSuffix(out.String(), "\x00"), "\x00") {
			name, value, _ := strings.Cut(entry, "=")
			switch name {
			case "PWD", "OLDPWD", "SHLVL", "_": // the shell's own
			default:
				got[name] = value
			}
		}
		return got
	}
}

// lineReader starts a program that answers each file path on its input with
// one line of JSON, so that a property pays for its start once.
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
	return func(t testing.TB, content []byte) map[string]string {
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

const pythonScript = `
import dotenv, json, sys
for path in sys.stdin:
    print(json.dumps(dotenv.dotenv_values(path.rstrip("\n"))), flush=True)
`

// hostile values mix what readers treat specially.
func hostile() *rapid.Generator[string] {
	token := rapid.SampledFrom([]string{"'", `"`, "`", `\`, "$", "${A}", "$(id)", "$A", "#", " #", " ", "\t", "=", "\nX=Y", "\n", "\r\n", "\r",
		`\n`, `\'`, `\"`, "a", "Z9", "export ", ":", ";", "&", "!", "~", "*", "{", "}", "é", "\u2028", "\x01", "\x7f", "-----BEGIN KEY-----"})
	mixed := rapid.Custom(func(t *rapid.T) string {
		return strings.Join(rapid.SliceOfN(token, 0, 8).Draw(t, "tokens"), "")
	})
	text := rapid.Map(rapid.String(), func(v string) string { return strings.ReplaceAll(v, "\x00", "") })
	return rapid.OneOf(mixed, text)
}

func variables(value *rapid.Generator[string]) *rapid.Generator[*Environment] {
	return rapid.Custom(func(t *rapid.T) *Environment {
		values := rapid.MapOfN(rapid.StringMatching(`V_[A-Za-z0-9_]{0,6}`), value, 1, 25).Draw(t, "variables")
		var vars []Variable
		for name, v := range values {
			vars = append(vars, tiered(Secret, name, v))
		}
		return environmentOf(vars...)
	})
}

// roundTrip holds a dialect against a reader: every delivered variable comes
// back byte for byte, and no other does.
func roundTrip(t *testing.T, d Dialect, value *rapid.Generator[string], read reader) {
	rapid.Check(t, func(rt *rapid.T) {
		env := variables(value).Draw(rt, "environment")
		content, left, err := Encode(env, d)
		if err != nil {
			rt.Fatal(err)
		}
		want := map[string]string{}
		for _, v := range env.Vars {
			want[v.Name] = v.Value
		}
		for _, u := range left {
			delete(want, u.Name)
		}
		if diff := cmp.Diff(want, read(t, content)); diff != "" {
			rt.Fatalf("%s\nfrom %q", diff, content)
		}
	})
}

func program(t *testing.T, name string) string {
	path, err := exec.LookPath(name)
	if err != nil {
		t.Skipf("this machine has no %s to read the file with", name)
	}
	return path
}

func TestRoundTrip(t *testing.T) {
	for _, shell := range []string{"sh", "dash", "bash"} {
		t.Run("dotenv in "+shell, func(t *testing.T) {
			roundTrip(t, Dotenv, hostile(), readShell(program(t, shell), t.TempDir()))
		})
		t.Run("shell in "+shell, func(t *testing.T) {
			bytesToo := rapid.OneOf(hostile(), rapid.Map(rapid.SliceOf(rapid.ByteRange(1, 255)), func(b []byte) string { return string(b) }))
			roundTrip(t, Shell, bytesToo, readShell(program(t, shell), t.TempDir()))
		})
	}
	t.Run("dotenv in compose", func(t *testing.T) {
		roundTrip(t, Dotenv, hostile(), readCompose)
	})
	t.Run("dotenv in node", func(t *testing.T) {
		node := program(t, "node")
		if err := exec.Command(node, "-e", "require('node:util').parseEnv('')").Run(); err != nil {
			t.Skipf("this node has no util.parseEnv: %v", err)
		}
		roundTrip(t, Dotenv, hostile(), lineReader(t, node, "-e", nodeScript))
	})
	t.Run("dotenv in python-dotenv", func(t *testing.T) {
		python := program(t, "python3")
		if err := exec.Command(python, "-c", "import dotenv").Run(); err != nil {
			t.Skip("this python has no python-dotenv")
		}
		// What the documentation of Dotenv excepts.
		plain := hostile().Filter(func(v string) bool { return !strings.Contains(v, "${") && !strings.Contains(v, `\\`) })
		roundTrip(t, Dotenv, plain, lineReader(t, python, "-c", pythonScript))
	})
	t.Run("json in node", func(t *testing.T) {
		script := strings.Replace(nodeScript, "parseEnv(", "JSON.parse(", 1)
		roundTrip(t, JSON, hostile(), lineReader(t, program(t, "node"), "-e", script))
	})
	t.Run("json in Go", func(t *testing.T) {
		roundTrip(t, JSON, hostile(), func(t testing.TB, content []byte) map[string]string {
			got := map[string]string{}
			if err := json.Unmarshal(content, &got); err != nil {
				t.Fatal(err)
			}
			return got
		})
	})
}

// node --env-file is another way in than util.parseEnv.
func TestNodeEnvFile(t *testing.T) {
	node := program(t, "node")
	want := map[string]string{
		"V_PLAIN": "x", "V_EMPTY": "", "V_HASH": "a#b # c", "V_QUOTE": "it's", "V_DOLLAR": "$HOME ${HOME}", "V_JSON": `{"a": ["b"]}`,
		"V_SPACE": " lead and trail ", "V_BACK": `C:\new\table`, "V_URL": "postgres://u:p@h:5432/db?x=1&y=2",
	}
	var vars []Variable
	for name, value := range want {
		vars = append(vars, tiered(Spec, name, value))
	}
	file, err := WriteFile(filepath.Join(t.TempDir(), DirName), "api", environmentOf(vars...), Dotenv)
	if err != nil || len(file.Undeliverable) > 0 {
		t.Fatal(err, file.Undeliverable)
	}
	script := "console.log(JSON.stringify(Object.fromEntries(Object.entries(process.env).filter(([k]) => k.startsWith('V_')))))"
	out, err := exec.Command(node, "--env-file="+file.Path, "-e", script).CombinedOutput()
	if err != nil {
		t.Skipf("this node has no --env-file: %v", err)
	}
	got := map[string]string{}
	if err := json.Unmarshal(out, &got); err != nil {
		t.Fatal(fmt.Errorf("%w in %s", err, out))
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// Names that the writer refuses are names that a shell would not set.
func TestShellOwnedNames(t *testing.T) {
	for _, shell := range []string{"dash", "bash"} {
		t.Run(shell, func(t *testing.T) {
			read := readShell(program(t, shell), t.TempDir())
			// Names close to the refused ones that do reach a process.
			var vars []Variable
			want := map[string]string{}
			for _, name := range []string{"PATH", "HOME", "IFS", "PS1", "PS4", "ENV", "BASH_ENV", "LC_ALL", "LANG", "TZ", "OPTARG", "HOSTNAME", "OSTYPE",
				"MACHTYPE", "MAIL", "CDPATH", "TMOUT", "HISTFILE", "REPLY", "COLUMNS", "LINES", "TERM", "USER", "USERNAME", "HOSTTYPE", "BASH_VERSION", "GLOBIGNORE", "EXECIGNORE"} {
				vars = append(vars, tiered(Spec, name, "C"))
				want[name] = "C"
			}
			content, left := encode(t, environmentOf(vars...), Shell)
			if len(left) > 0 {
				t.Fatal(left)
			}
			if diff := cmp.Diff(want, read(t, []byte(content))); diff != "" {
				t.Error(diff)
			}
		})
	}
}
