package runconfig

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/tandem-dev/tandem/debug"
	"github.com/tandem-dev/tandem/envfile"
)

func TestDeliver(t *testing.T) {
	env := &envfile.Environment{Vars: []envfile.Variable{
		{Name: "CERT", Value: "a\r\nb", Secret: true},
		{Name: "LATER", Unresolved: true},
		{Name: "MACRO", Value: "a\r${workspaceFolder}"},
		{Name: "MOTD", Value: "one\rtwo"},
		{Name: "PLAIN", Value: "x"},
		{Name: "TOKEN", Value: "hunter2", Secret: true},
		{Name: "WEIRD NAME", Value: "v"},
	}}
	x, err := Deliver(VSCode, VSCode.Dialects(debug.Go), env)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]Variable{{"MOTD", "one\rtwo"}, {"WEIRD NAME", "v"}}, x.Inline); diff != "" {
		t.Errorf("inline, -want +got:\n%s", diff)
	}
	var left []string
	for _, u := range x.Left {
		left = append(left, u.Name)
	}
	if diff := cmp.Diff([]string{"CERT", "MACRO"}, left); diff != "" {
		t.Errorf("left, -want +got:\n%s", diff)
	}
	// The plugin's file is exact, so a second reader of JetBrains' lacks nothing.
	if x, err := Deliver(JetBrains, JetBrains.Dialects(debug.Java), env); err != nil || len(x.Inline)+len(x.Left) > 0 {
		t.Errorf("%v, %v", x, err)
	}
	if x, err := Deliver(VSCode, VSCode.Dialects(debug.Go), nil); err != nil || len(x.Inline)+len(x.Left) > 0 {
		t.Errorf("without an environment: %v, %v", x, err)
	}
}

// Whatever the environment is, no secret's value and nothing that the editor
// would change reaches a file.
func TestNoSecretIsWritten(t *testing.T) {
	dir := t.TempDir()
	rapid.Check(t, func(t *rapid.T) {
		env := &envfile.Environment{}
		piece := rapid.SampledFrom([]string{"\n", "\r", "'", `"`, "\\", "${x}", "$", "#", "~", "\x01", "é", "\xff", "A=1", "`"})
		for i := range rapid.IntRange(1, 6).Draw(t, "variables") {
			v := envfile.Variable{Name: fmt.Sprintf("V%d", i), Secret: rapid.Bool().Draw(t, "secret")}
			v.Value = strings.Join(rapid.SliceOfN(piece, 0, 6).Draw(t, "value"), "")
			if v.Secret {
				v.Value = "hunter" + v.Value + "hunter"
			}
			env.Vars = append(env.Vars, v)
		}
		p := project{dir: dir}
		language := rapid.SampledFrom(debug.Languages()).Draw(t, "language")
		for _, editor := range Editors() {
			s := p.service("api", language)
			var err error
			if s.Extra, err = Deliver(editor, editor.Dialects(language), env); err != nil {
				t.Fatal(err)
			}
			plan, err := Write(dir, editor, []Service{s})
			if err != nil {
				t.Fatal(err)
			}
			for _, n := range plan.Notes {
				if strings.Contains(n, "hunter") {
					t.Fatalf("a secret is in the note %q", n)
				}
			}
			for _, text := range append(texts(plan), string(plan.ledgerAfter)) {
				if strings.Contains(text, "hunter") || strings.Contains(text, "${x}") {
					t.Fatalf("%s has what it must not have:\n%s", editor, text)
				}
			}
		}
	})
}

func texts(plan *Plan) []string {
	var all []string
	for _, c := range plan.Changes {
		all = append(all, string(c.After))
	}
	return all
}

// The patterns match what `tandem up` prints, with colours and without, and
// nothing else of it. cmd/tandem has the test over what it really prints.
func TestPatterns(t *testing.T) {
	node, _ := exec.LookPath("node")
	begins, ends, problem := regexp.MustCompile(BeginsPattern), regexp.MustCompile(EndsPattern), regexp.MustCompile(ProblemPattern)
	for _, c := range []struct {
		line                  string
		begins, ends, problem bool
	}{
		{"  ✓ checking       0.41s  Deployment shop/api, container api", true, false, false},
		{"  … checking                reading what is there", true, false, false},
		{"  ✓ diverting      2.10s  pod api-tandem-1 on n1", false, false, false},
		{"  ready in 3.20s", false, true, false},
		{"listening, ready in 3 ms", false, false, false},
		{"  okteto.yml:4:5: unknown field \"comand\" in a dev (did you mean \"command\"?)", false, false, true},
		{"  ! changed in the cluster: A; the files are rewritten", false, false, false},
		{"  ✓ stopping       1.00s  Deployment api back at 2 replicas", false, false, false},
	} {
		if begins.MatchString(c.line) != c.begins || ends.MatchString(c.line) != c.ends || problem.MatchString(c.line) != c.problem {
			t.Errorf("%q: begins %v, ends %v, problem %v", c.line, begins.MatchString(c.line), ends.MatchString(c.line), problem.MatchString(c.line))
		}
	}
	if node != "" { // VS Code's are JavaScript's
		script := "const [l, ...all] = process.argv.slice(1); console.log(all.map((p) => new RegExp(p).test(l)).join())"
		for line, want := range map[string]string{
			"  ✓ checking       0.41s  Deployment": "true,false,false", "  ready in 3.20s": "false,true,false", "  okteto.yml:4:5: x": "false,false,true",
		} {
			out, err := exec.Command(node, "-e", script, line, BeginsPattern, EndsPattern, ProblemPattern).Output()
			if err != nil || strings.TrimSpace(string(out)) != want {
				t.Errorf("JavaScript matches %q: %s, %v, want %s", line, out, err, want)
			}
		}
	}
	m := problem.FindStringSubmatch("  okteto.yml:4:5: unknown field")
	if diff := cmp.Diff([]string{"okteto.yml", "4", "5", "unknown field"}, m[1:]); diff != "" {
		t.Error(diff)
	}
}

// Neovim loads the file, and the configuration brings the environment that the
// file of that moment holds, to the byte.
func TestNeovimLoadsIt(t *testing.T) {
	nvim, err := exec.LookPath("nvim")
	if err != nil {
		t.Skip("no nvim to load it with")
	}
	p := newProject(t)
	services := []Service{p.service("api", debug.Go), p.service("web", debug.Node), p.service("jobs", debug.Python), p.service("shop", debug.Java)}
	services[0].Target.Args = []string{"--quote", `"'\`, "ü"}
	p.apply(Write(p.dir, Neovim, services))
	p.write(".tandem/api.json", `{"A": "two\nlines", "B": "\"'\\ü${x}"}`)
	p.write("check.lua", `
package.preload["dap"] = function() return { adapters = {}, configurations = {} } end
local dap = require("dap")
for _ = 1, 2 do
  for _, file in ipairs(vim.fn.glob(".tandem/nvim/*.lua", false, true)) do dofile(file) end
end
local out = { adapter = dap.adapters.go.executable.command, all = {} }
for filetype, list in pairs(dap.configurations) do
  for _, c in ipairs(list) do out.all[filetype .. " " .. c.name] = c.type end
end
out.args = dap.configurations.go[1].args
out.env = dap.configurations.go[1].env()
local ok, message = pcall(dap.configurations.python[1].env)
out.missing = not ok and message or "no error"
io.write(vim.fn.json_encode(out))
`)
	cmd := exec.Command(nvim, "--headless", "--clean", "-c", "luafile check.lua", "-c", "qall!")
	cmd.Dir = p.dir
	cmd.Env = append(os.Environ(), "XDG_STATE_HOME="+filepath.Join(p.dir, "state"), "NVIM_LOG_FILE="+os.DevNull)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, want := range []string{
		`"adapter": "dlv"`, `"go Tandem: api": "go"`, `"javascript Tandem: web": "pwa-node"`, `"typescript Tandem: web": "pwa-node"`,
		`"python Tandem: jobs": "python"`, `"java Tandem: shop": "java"`,
		`"args": ["--quote", "\"'\\", "ü"]`, `"A": "two\nlines"`, `"B": "\"'\\ü${x}"`, `the session is not up: tandem up jobs`,
	} {
		if !strings.Contains(string(out), want) {
			t.Errorf("there is no %s in %s", want, out)
		}
	}
}
