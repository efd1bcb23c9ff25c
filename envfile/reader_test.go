package envfile

import (
	"maps"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Each model refuses on its own what its readers are known to change; the
// writer's agreement of all must not be what hides a gap in one.
func TestReaderModels(t *testing.T) {
	const refused = "\x00"
	for _, tt := range []struct{ text, shell, script, golang string }{
		{"plain", "plain", "plain", "plain"},
		{"", "", "", ""},
		{"two words", refused, refused, refused},
		{"'a \"b\" $c'", `a "b" $c`, `a "b" $c`, `a "b" $c`},
		{`"it's"`, "it's", "it's", "it's"},
		{`"a\nb"`, refused, refused, refused},
		{`"$A"`, refused, "$A", refused},
		{`'a\'`, `a\`, refused, refused},
		{`'a'b`, "ab", refused, refused},
		{`'a'\''b'`, "a'b", refused, refused},
		{"`a`", refused, "a", refused},
		{"'open", refused, refused, refused},
		{"a#b", refused, refused, refused},
		{`a\ b`, refused, refused, refused},
	} {
		for name, m := range map[string]struct {
			read func(string) (string, bool)
			want string
		}{"shell": {readShellWord, tt.shell}, "script": {readScriptValue, tt.script}, "go": {readGoValue, tt.golang}} {
			got, ok := m.read(tt.text)
			if !ok {
				got = refused
			}
			if got != m.want {
				t.Errorf("%s reads %q as %q, want %q", name, tt.text, got, m.want)
			}
		}
	}
}

// What the models of whole files make of lines that the encoders never write,
// but that show the reader's rules. refused is for "versions differ".
func TestFileModels(t *testing.T) {
	refused := []assignment{{"refused", ""}}
	v := func(value string) []assignment { return []assignment{{"V", value}} }
	for _, tt := range []struct {
		reader string
		read   func(string) ([]assignment, bool)
		text   string
		want   []assignment
	}{
		{"go", readVSCodeGo, "# c\n\n V = x y \n", v("x y ")},
		{"go", readVSCodeGo, `V="a\nb"`, v("a\nb")},
		{"go", readVSCodeGo, `V="a\nb'`, v(`a\nb`)},
		{"go", readVSCodeGo, `V="`, v("")},
		{"go", readVSCodeGo, `V='${A}'`, refused},
		{"go", readVSCodeGo, `V=\${A}\$B`, v("${A}$B")},
		{"go", readVSCodeGo, `V=${`, v("${")},
		{"go", readVSCodeGo, "V=a\rW=b", nil},
		{"go", readVSCodeGo, "V='a\nW=b'", []assignment{{"V", "a"}, {"W", "b"}}},
		{"go", readVSCodeGo, "export V=a", refused},
		{"cpp", readVSCodeCpp, "V=${A}\r", v("${A}")},
		{"python", readVSCodePython, `V='a\nb' `, v("a\nb")},
		{"python", readVSCodePython, `V='a"b'c'`, refused},
		{"python", readVSCodePython, `V=a"b`, refused},
		{"jetbrains", readJetBrains, "V= 'a # b' # c", v("a # b")},
		{"jetbrains", readJetBrains, "V=a#b", v("a")},
		{"jetbrains", readJetBrains, "V='a", v("'a")},
		{"jetbrains", readJetBrains, `V="a"`, refused},
		{"jetbrains", readJetBrains, "V='a\nexport W=b'", []assignment{{"V", "'a"}, {"W", "b'"}}},
		{"npm", readNPMDotenv, "V=\"a\\nb\\r\"\n", v("a\nb\r")},
		{"npm", readNPMDotenv, "V='a\\'\n", refused},
		{"npm", readNPMDotenv, "V=`a\nW=b`\n", v("a\nW=b")},
		{"npm", readNPMDotenv, "V= a\n", refused},
		{"npm", readNPMDotenv, "V=a#b\n", refused},
		{"node", readNode, "V=\"a\\nb\"\n", v("a\nb")},
		{"node", readNode, "V=\"a\\rb\"\n", refused},
		{"compose", readComposeFile, "V=\"a\\$b\\\\\\\"\\n\"\n", v("a$b\\\"\n")},
		{"compose", readComposeFile, "V=\"$b\"\n", refused},
		{"compose", readComposeFile, "V=\"\\x41\"\n", refused},
		{"compose", readComposeFile, "V='a\\'b'\n", refused},
		{"compose", readComposeFile, "V=$A\n", refused},
		{"python-dotenv", readPythonDotenv, "V='a\\\\\\'\\n'\n", v(`a\'\n`)},
		{"python-dotenv", readPythonDotenv, "V='${A:-b}'\n", refused},
		{"python-dotenv", readPythonDotenv, "V=\"\\$\"\n", refused},
		{"docker", readDocker, "  V= 'a'\"$ \n", v(` 'a'"$ `)},
		{"docker", readDocker, "V", refused},
		{"docker", readDocker, "a b=c", refused},
		{"docker", readDocker, "V=" + strings.Repeat("x", 64<<10), refused},
		{"systemd", readSystemd, "V=\"a\n\"\"B=1\"\nW=x\n", []assignment{{"V", "a\nB=1"}, {"W", "x"}}},
		{"systemd", readSystemd, "V=\"a\"b\n", refused},
		{"systemd", readSystemd, "V=\"\\n\"\n", refused},
		{"github", readGitHub, "V<<X\na=b\n\nX\nW=<<x\n", []assignment{{"V", "a=b\n"}, {"W", "<<x"}}},
		{"github", readGitHub, "V<<X\na\n", refused},
		{"github", readGitHub, "V<<X\na\r\nX\n", refused},
		{"fish", readFish, `set -gx V 'a\\\'\n'` + "\n", v(`a\'\n`)},
		{"fish", readFish, "set -gx V 'a' 'b'\n", refused},
		{"csh", readCsh, "setenv V 'a\\!\\\n$\\'\\''b'\n", v("a!\n$\\'b")},
		{"csh", readCsh, "setenv V 'a!'\n", refused},
		{"csh", readCsh, "setenv V 'a\nb'\n", refused},
		{"csh", readCsh, "setenv V a\n", refused},
		{"powershell", readPowerShell, "${env:V} = 'a''$x'\n", v("a'$x")},
		{"powershell", readPowerShell, "${env:V} = 'a'b'\n", refused},
		{"powershell", readPowerShell, "${env:V} = 'a’b'\n", refused},
		{"powershell", readPowerShell, "${env:V} = " + powershellDecode + "w6k=" + powershellEnd + "\n", v("é")},
		{"cmd", readCmd, "@set \"V=a%%b\"c\"\r\n", v(`a%b"c`)},
		{"cmd", readCmd, "@set \"V=a%b\"\r\n", refused},
		{"cmd", readCmd, "@set \"V=a\"&b\"\r\n", refused},
	} {
		got, ok := tt.read(tt.text)
		if !ok {
			got = refused
		}
		if diff := cmp.Diff(tt.want, got, cmp.AllowUnexported(assignment{})); diff != "" {
			t.Errorf("%s on %q: %s", tt.reader, tt.text, diff)
		}
	}
}

func TestContained(t *testing.T) {
	for text, want := range map[string]bool{
		"A=B": true, "": true, "a\nb": true, "a\nkQ==": false, "a\r\tX =1": false, "a\u2028export X=1": false, "a\v.x=": false, "a\n\n\nX:y": false,
		"{\n\"a\": \"b=c\"\n}": true, "a\n\"\"X=1": true, "a\né=1": false, "a\n# X=1": true,
	} {
		if got := contained(text); got != want {
			t.Errorf("%q: %v, want %v", text, got, want)
		}
	}
}

// readerOf is a real reader beside its model.
type readerOf struct {
	name  string
	model func(file string) ([]assignment, bool)
	start func(t *testing.T) reader
}

// Whatever stands in a file, written by us or not: where a model is certain,
// the real reader gives the same variables.
func TestModelsAgreeWithReaders(t *testing.T) {
	always := func(r reader) func(*testing.T) reader { return func(*testing.T) reader { return r } }
	for _, c := range []readerOf{
		{"npm dotenv 16", readNPMDotenv, npmReader("16.6.1")},
		{"npm dotenv 18", readNPMDotenv, npmReader("18.0.10")},
		{"node", readNode, scripted("node", "-e", nodeScript)},
		{"python-dotenv", readPythonDotenv, pythonReader},
		{"systemd", readSystemd, systemdReader},
		{"compose", readComposeFile, always(readCompose)},
		{"docker", readDocker, always(readDockerCLI)},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			read := c.start(t)
			seed := rand.Uint64()
			random := rand.New(rand.NewPCG(seed, 0))
			tries, certain := 300, 0
			if long() {
				tries = 20_000
			}
			for range tries {
				quote := []string{"", "'", `"`, "`"}[random.IntN(4)]
				file := "V=" + quote + randomHostile(random) + quote + "\nAFTER=x\n"
				want, ok := certainly(c.model(file))
				if !ok {
					continue
				}
				certain++
				if got := read(t, []byte(file)); !maps.Equal(got, want) {
					t.Fatalf("seed %d: the model reads %q, the reader %q, from %q", seed, want, got, file)
				}
			}
			if certain == 0 {
				t.Error("the model was never certain")
			}
			t.Logf("certain of %d files of %d", certain, tries)
		})
	}
}

// certainly gives the variables of a model that is certain of them. A name that no
// encoder writes makes it uncertain: a model leaves names to its encoder.
func certainly(all []assignment, ok bool) (map[string]string, bool) {
	vars := map[string]string{}
	for _, a := range all {
		if !isWordName(a.name) {
			return nil, false
		}
		vars[a.name] = a.value
	}
	return vars, ok
}

// FuzzReaders feeds the models with anything. Two have their real reader at
// hand and must agree with it.
func FuzzReaders(f *testing.F) {
	for _, seed := range nasty {
		if len(seed) < 1000 {
			f.Add(seed)
			f.Add("'" + seed + "'")
			f.Add(`"` + seed + `"`)
		}
	}
	f.Fuzz(func(t *testing.T, text string) {
		file := "V=" + text + "\n"
		for _, read := range []func(string) ([]assignment, bool){readVSCodeGo, readVSCodePython, readVSCodeCpp, readJetBrains, readNPMDotenv, readNode,
			readPythonDotenv, readSystemd, readGitHub, readFish, readCsh, readPowerShell, readCmd} {
			read(file)
			read(text)
		}
		if want, ok := certainly(readComposeFile(file)); ok {
			if got := readCompose(t, []byte(file)); !maps.Equal(got, want) {
				t.Errorf("the model reads %q, compose %q, from %q", want, got, file)
			}
		}
		if want, ok := certainly(readDocker(file)); ok {
			if got := readDockerCLI(t, []byte(file)); !maps.Equal(got, want) {
				t.Errorf("the model reads %q, docker %q, from %q", want, got, file)
			}
		}
	})
}
