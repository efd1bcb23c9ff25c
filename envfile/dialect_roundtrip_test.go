package envfile

import (
	"bytes"
	"encoding/json"
	"fmt"
	"iter"
	"maps"
	"math/rand/v2"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"text/tabwriter"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// nasty are values that one reader or another is known to change.
var nasty = []string{
	"", " ", "\t", " lead", "trail ", "'", `"`, "`", "''", `""`, `'"`, `'"` + "`", "it's", `"quoted"`, `'quoted'`, `a'b"c`, `\`, `\\`, `\\\`, `ends\`, `\'`, `\"`, `a\\'b`,
	`\n`, `a\nb`, `\r\n`, `C:\new\table`, `\\server\share\`, "$", "$$", "$A", "${A}", "${A:-b}", "\\${A}", "${", "${}", "${ A }", "$(id)", "`id`", "%PATH%", "!x!", "!!", "^", "a#b", "a #b", "#a",
	"a=b", "=", "==", "a;b", "a&b|c<d>e", "*", "~", "~/x", "{a,b}", "[a]", "(a)", "é", "‘curly’", "日本語", "😀", "\u00a0x\u00a0", "\ufeffx", "\u0085", "a\u2028X=1", "\x01", "\x1b[0m", "\x7f", "\x1a",
	"a\nb", "a\nX=1", "a\rX=1", "a\r\nX=1", "a\vX=1", "\nX=1", "a\n", "\n", "\n\n", "'\nX=1\n'", "\"\nX=1\n\"", "a\nexport X=1", "a\nX: 1", "a\\\nX=1", "'a'\nX=1 #'",
	"{\n  \"a\": \"b\"\n}", "{\"a\": [1, \"it's\"]}", "-----BEGIN KEY-----\nkQ==\n-----END KEY-----\n", "a\nEOF\nX=1", "postgres://u:p%40@h:5432/db?a=1&b=2", "\xff", "\xed\xa0\x80",
	strings.Repeat("x", 70<<10), strings.Repeat("x", 8000) + "'", "yes", "null", "0x1", "1e3",
}

// hostile values mix what readers treat specially.
func hostile() *rapid.Generator[string] {
	mixed := rapid.Custom(func(t *rapid.T) string {
		return strings.Join(rapid.SliceOfN(rapid.SampledFrom(hostileTokens), 0, 8).Draw(t, "tokens"), "")
	})
	text := rapid.Map(rapid.String(), func(v string) string { return strings.ReplaceAll(v, "\x00", "") })
	return rapid.OneOf(mixed, text, rapid.SampledFrom(nasty))
}

var hostileTokens = []string{"'", `"`, "`", `\`, "$", "${A}", "$(id)", "$A", "#", " #", " ", "\t", "=", "\nX=Y", "\n", "\r\n", "\r",
	`\n`, `\'`, `\"`, "a", "Z9", "export ", ":", ";", "&", "!", "~", "*", "{", "}", "%", "^", "|", "é", "\u2028", "\x01", "\x7f", "-----BEGIN KEY-----"}

// anyBytes are for the dialects that carry more than text.
func anyBytes() *rapid.Generator[string] {
	return rapid.OneOf(hostile(), rapid.Map(rapid.SliceOf(rapid.ByteRange(1, 255)), func(b []byte) string { return string(b) }))
}

func variables() *rapid.Generator[*Environment] {
	return rapid.Custom(func(t *rapid.T) *Environment {
		values := rapid.MapOfN(rapid.StringMatching(`V_[A-Za-z0-9_]{0,6}`), anyBytes(), 1, 25).Draw(t, "variables")
		var vars []Variable
		for name, v := range values {
			vars = append(vars, tiered(Secret, name, v))
		}
		return environmentOf(vars...)
	})
}

// delivered encodes and says what a reader must get.
func delivered(t rapid.TB, env *Environment, d Dialect) (content []byte, want map[string]string) {
	t.Helper()
	content, left, err := Encode(env, d)
	if err != nil {
		t.Fatal(err)
	}
	want = map[string]string{}
	for _, v := range env.Vars {
		want[v.Name] = v.Value
	}
	for _, u := range left {
		delete(want, u.Name)
	}
	return content, want
}

// Every delivered variable comes back byte for byte out of the real reader,
// and no other does.
func TestRoundTrip(t *testing.T) {
	for _, c := range consumers() {
		t.Run(fmt.Sprintf("%s in %s", c.dialect, c.name), func(t *testing.T) {
			t.Parallel()
			read := c.start(t)
			check := func(t rapid.TB, env *Environment) {
				t.Helper()
				content, want := delivered(t, c.kept(env), c.dialect)
				if got := read(t, content); !maps.Equal(want, got) {
					t.Fatalf("%s\nfrom %q", cmp.Diff(want, got), content)
				}
			}
			var corpus []Variable
			for i, value := range nasty {
				corpus = append(corpus, tiered(Secret, fmt.Sprintf("N_%d", i), value))
			}
			check(t, environmentOf(corpus...))
			// A property finds the smallest value that goes wrong; the number of
			// tries is the next test's affair.
			end := time.Now().Add(150 * time.Millisecond)
			rapid.Check(t, func(rt *rapid.T) {
				if time.Now().Before(end) {
					check(rt, variables().Draw(rt, "environment"))
				}
			})
		})
	}
}

// kept leaves out what the consumer excepts.
func (c consumer) kept(env *Environment) *Environment {
	if c.except == nil {
		return env
	}
	return &Environment{Vars: slices.DeleteFunc(slices.Clone(env.Vars), func(v Variable) bool { return c.except(v.Value) })}
}

// A great number of random variables in big files, none wrong; prints the share
// that a dialect leaves out. TANDEM_LONG=1 makes it 100 000 for each reader.
func TestRoundTripMany(t *testing.T) {
	total, batch := 1000, 500
	if long() {
		total, batch = 100_000, 1000
	}
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	var mu sync.Mutex
	readers := map[Dialect][]string{}
	// The group returns when all its parallel tests have.
	t.Run("in", func(t *testing.T) {
		for _, c := range consumers() {
			t.Run(fmt.Sprintf("%s in %s", c.dialect, c.name), func(t *testing.T) {
				t.Parallel()
				read := c.start(t)
				for env := range randomEnvironments(seed, total, batch) {
					content, want := delivered(t, c.kept(env.Environment), c.dialect)
					if got := read(t, content); !maps.Equal(want, got) {
						t.Fatal(cmp.Diff(want, got))
					}
				}
				mu.Lock()
				defer mu.Unlock()
				readers[c.dialect] = append(readers[c.dialect], c.name)
			})
		}
	})
	var table strings.Builder
	w := tabwriter.NewWriter(&table, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "undeliverable of\tordinary values\thostile values\tnone wrong in")
	for _, d := range Dialects() {
		lost := map[string]int{}
		for env := range randomEnvironments(seed, total, batch) {
			_, left := encode(t, env.Environment, d)
			lost[env.sort] += len(left)
		}
		share := func(sort string) float64 { return 200 * float64(lost[sort]) / float64(total) }
		read := "a model only"
		if len(readers[d]) > 0 {
			slices.Sort(readers[d])
			read = strings.Join(readers[d], ", ")
		}
		fmt.Fprintf(w, "%s\t%.2f %%\t%.2f %%\t%s\n", d, share("ordinary"), share("hostile"), read)
	}
	w.Flush()
	t.Logf("%d variables for each reader\n%s", total, table.String())
}

// randomEnvironment has values of one sort.
type randomEnvironment struct {
	*Environment
	sort string
}

// randomEnvironments has total variables, batch in each environment, half of
// them ordinary and half hostile. The same seed gives the same ones.
func randomEnvironments(seed uint64, total, batch int) iter.Seq[randomEnvironment] {
	return func(yield func(randomEnvironment) bool) {
		random := rand.New(rand.NewPCG(seed, 0))
		for n := range total / batch {
			sort, value := "ordinary", randomOrdinary
			if n%2 == 1 {
				sort, value = "hostile", randomHostile
			}
			var vars []Variable
			for i := range batch {
				vars = append(vars, tiered(Secret, fmt.Sprintf("V_%d", i), value(random)))
			}
			if !yield(randomEnvironment{environmentOf(vars...), sort}) {
				return
			}
		}
	}
}

func randomHostile(r *rand.Rand) string {
	var b strings.Builder
	for range r.IntN(9) {
		b.WriteString(hostileTokens[r.IntN(len(hostileTokens))])
	}
	return b.String()
}

// randomOrdinary values are such as deployments have: addresses, numbers,
// passwords, lists, JSON on one line and on several, keys in PEM.
func randomOrdinary(r *rand.Rand) string {
	text := func(alphabet string, n int) string {
		b := make([]byte, n)
		for i := range b {
			b[i] = alphabet[r.IntN(len(alphabet))]
		}
		return string(b)
	}
	const letters = "abcdefghijklmnopqrstuvwxyz"
	const base64 = letters + "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+/"
	switch r.IntN(10) {
	case 0:
		return fmt.Sprint(r.IntN(65536))
	case 1:
		return fmt.Sprintf("postgres://%s:%s@%s.svc:5432/%s?sslmode=disable&x=%d", text(letters, 5), text(base64, 12), text(letters, 6), text(letters, 4), r.IntN(9))
	case 2: // a password as a generator makes it
		return text(letters+"ABCDEFGH0123456789!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~", 16)
	case 3:
		return fmt.Sprintf(`{"name": %q, "ports": [%d], "on": true}`, text(letters+` "'\`, 8), r.IntN(65536))
	case 4:
		return fmt.Sprintf("{\n  \"key\": %q,\n  \"url\": \"https://%s/?a=%d\"\n}\n", text(letters+" '", 8), text(letters, 6), r.IntN(9))
	case 5:
		return "-----BEGIN PRIVATE KEY-----\n" + text(base64, 64) + "\n" + text(base64, 62) + "==\n-----END PRIVATE KEY-----\n"
	case 6:
		return text(base64, 40) + "=="
	case 7:
		return strings.Join([]string{text(letters, 4), text(letters, 4), "ünïcode", text(letters, 3)}, " ")
	case 8:
		return "-Xmx" + fmt.Sprint(r.IntN(4096)) + "m -Dkey=" + text(letters, 5) + " -javaagent:/opt/" + text(letters, 5) + ".jar"
	}
	return []string{"true", "", "info", "/var/lib/data", "*", "0.0.0.0:8080", "a,b,c"}[r.IntN(7)]
}

// carelessName is what a reader that knows nothing of quotes takes for the
// name of a variable.
var carelessName = regexp.MustCompile(`^[\pL\pN_.-]+$`)

// assignments are the names that a reader going line by line, without any
// notion of quotes that span lines, would define: the worst case.
func assignments(text string) []string {
	var names []string
	for _, line := range strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune(lineBreaks, r) }) {
		name, _, ok := strings.Cut(line, "=")
		name = strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(name), "export "))
		if ok && carelessName.MatchString(name) {
			names = append(names, name)
		}
	}
	return names
}

// FuzzEncode holds every dialect to its promises: what is left out leaves no
// trace, what is written defines that one variable, whoever reads it.
func FuzzEncode(f *testing.F) {
	for _, seed := range nasty {
		if len(seed) < 1000 {
			f.Add("NAME", seed)
		}
	}
	for _, name := range []string{"a.b", "__proto__", "a b", "#", "export x", "é", "_1", "x]"} {
		f.Add(name, "v")
	}
	f.Fuzz(func(t *testing.T, name, value string) {
		env := environmentOf(tiered(Secret, name, value))
		for _, d := range Dialects() {
			content, left, err := Encode(env, d)
			if err != nil {
				t.Fatal(err)
			}
			if len(left) == 1 {
				if empty, _, _ := Encode(environmentOf(), d); !bytes.Equal(empty, content) {
					t.Errorf("%s: an undeliverable variable left %q behind", d, content)
				}
				if len(value) > 8 && strings.Contains(left[0].Reason, value) {
					t.Errorf("%s: the reason holds the value: %q", d, left[0].Reason)
				}
				continue
			}
			want := map[string]string{name: value}
			var got map[string]string
			switch d {
			case JSON, JetBrainsEnvFile:
				got = readGoJSON(t, content)
				if d == JetBrainsEnvFile {
					if other := readYAML(t, content); !maps.Equal(other, want) {
						t.Errorf("YAML reads %q from %q", other, content)
					}
				}
			case Dotenv, Compose:
				got = readCompose(t, content)
			case Docker:
				got = readDockerCLI(t, content)
			case Shell:
				word := strings.TrimSuffix(strings.TrimPrefix(string(content), fileHeader+"export "+name+"="), "\n")
				if back, ok := readShellWord(word); ok {
					got = map[string]string{name: back}
				}
			default:
				continue // only a model to read with, which Encode has asked
			}
			if !maps.Equal(got, want) {
				t.Errorf("%s: %q is read from %q", d, got, content)
			}
		}
	})
}

// In a file that a dotenv reader may meet, no value defines a second variable.
func FuzzNoSecondVariable(f *testing.F) {
	for _, seed := range nasty {
		if len(seed) < 1000 {
			f.Add(seed)
		}
	}
	f.Fuzz(func(t *testing.T, value string) {
		for _, form := range formats() {
			if filepath.Ext(form.extension) != ".env" {
				continue
			}
			content, left, err := Encode(environmentOf(tiered(Secret, "NAME", value)), form.dialect)
			if err != nil {
				t.Fatal(err)
			}
			if got := assignments(string(content)); len(left) == 0 && !slices.Equal(got, []string{"NAME"}) {
				t.Errorf("%s: a line reader would define %q out of %q", form.dialect, got, content)
			}
		}
	})
}

// node --env-file is another way in than util.parseEnv.
func TestNodeEnvFile(t *testing.T) {
	node := program(t, "node")
	want := map[string]string{
		"V_PLAIN": "x", "V_EMPTY": "", "V_HASH": "a#b # c", "V_QUOTE": "it's", "V_DOLLAR": "$HOME ${HOME}", "V_JSON": `{"a": ["b"]}`,
		"V_SPACE": " lead and trail ", "V_BACK": `C:\new\table`, "V_URL": "postgres://u:p@h:5432/db?x=1&y=2", "V_LINES": "a\nB=c\n",
	}
	var vars []Variable
	for name, value := range want {
		vars = append(vars, tiered(Spec, name, value))
	}
	file, err := WriteFile(filepath.Join(t.TempDir(), DirName), "api", environmentOf(vars...), Node)
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

// Names close to the refused ones do reach a process of the shell.
func TestNamesThatShellsPass(t *testing.T) {
	pass := map[string][]string{
		"dash": strings.Fields("PATH HOME IFS PS1 PS4 ENV BASH_ENV LC_ALL LANG TZ OPTARG HOSTNAME OSTYPE MACHTYPE MAIL CDPATH TMOUT HISTFILE REPLY COLUMNS LINES TERM USER USERNAME HOSTTYPE BASH_VERSION GLOBIGNORE EXECIGNORE"),
		"fish": strings.Fields("PATH HOME TERM USER LANG LC_ALL LC_CTYPE TZ COLUMNS LINES CDPATH SHELL MAIL TMPDIR PYTHONPATH JAVA_HOME fish_history fish_greeting IFS EDITOR"),
		"csh":  strings.Fields("_X JAVA_HOME PYTHONPATH TMPDIR EDITOR PAGER HISTFILE CDPATH A_PATH SHELL MAIL"),
	}
	pass["bash"], pass["tcsh"] = pass["dash"], pass["csh"]
	dialects := map[string]Dialect{"dash": Shell, "bash": Shell, "fish": Fish, "csh": Csh, "tcsh": Csh}
	for shell, d := range dialects {
		t.Run(shell, func(t *testing.T) {
			commands := map[Dialect]string{Shell: "set -ae; . ", Fish: "source ", Csh: "source "}
			read := sourced(shell, commands[d])(t)
			// A locale among the names must not change how the next value is read.
			vars := []Variable{tiered(Spec, "Z", "é")}
			for _, name := range pass[shell] {
				vars = append(vars, tiered(Spec, name, "C"))
			}
			content, want := delivered(t, environmentOf(vars...), d)
			if len(want) != len(vars) {
				t.Fatalf("only %d of %d names are written", len(want), len(vars))
			}
			if diff := cmp.Diff(want, read(t, content)); diff != "" {
				t.Error(diff)
			}
		})
	}
}
