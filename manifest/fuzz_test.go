package manifest

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tandem-dev/tandem/internal/fault"
)

// secret is the value of every variable of the fuzzed machine; no diagnostic
// may show it.
const secret = "s3cr3t~value"

// FuzzParse: any text gives a manifest, diagnostics inside the text, an error
// exactly when one of them is an error, and no expanded value in a message.
func FuzzParse(f *testing.F) {
	for _, pattern := range []string{"testdata/good/*.yml", "testdata/faulty/*.yml"} {
		files, _ := filepath.Glob(pattern)
		for _, path := range files {
			content, err := os.ReadFile(path)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(content)
		}
	}
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, content []byte) {
		if len(content) > 1<<16 {
			t.Skip("slow, and nothing new")
		}
		m, err := Parse(filepath.Join(dir, "okteto.yml"), content, Options{LookupEnv: func(name string) (string, bool) {
			return secret, name != "" && name[0] != 'U'
		}})
		if m == nil {
			t.Fatal("no manifest")
		}
		src := newSource(strings.TrimPrefix(string(content), byteOrderMark))
		bad := false
		for _, d := range m.Diagnostics {
			bad = bad || d.Severity == Error
			if d.Range.End.Compare(d.Range.Start) < 0 || d.Range.End.Line >= len(src.lspLines) ||
				d.Range.End.Column > newSource(src.line(d.Range.End.Line)).at(1<<30).units+1 {
				t.Errorf("%v lies outside the text", d)
			}
			if text := d.String() + d.Hint; strings.Contains(text, secret) && !strings.Contains(string(content), secret) {
				t.Errorf("a value is shown: %s", text)
			}
			if d.Message == "" || d.Code == "" {
				t.Errorf("%#v says nothing", d)
			}
			d.Render("okteto.yml", content)
		}
		if bad != errors.Is(err, fault.ManifestInvalid) {
			t.Errorf("error %v with diagnostics %v", err, m.Diagnostics)
		}
		for _, d := range m.Devs {
			for _, fw := range d.Forward {
				if fw.Local < 0 || fw.Local > 65535 || fw.Remote < 1 || fw.Remote > 65535 {
					t.Errorf("forward %v", fw)
				}
			}
			names := map[string]bool{}
			for _, v := range d.Environment {
				if v.Name == "" || names[v.Name] {
					t.Errorf("variable %q twice or without a name", v.Name)
				}
				names[v.Name] = true
			}
		}
	})
}

// FuzzExpand: a template without errors of form, written out and parsed again,
// expands to the same.
func FuzzExpand(f *testing.F) {
	for _, s := range []string{"$A", "${A:-${B}}", "$$", "${A:?x}", "a${", "${A:-{}}", "${A=}$", "${A+$$}"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		env := func(name string) (string, bool) { return "<" + name + ">", len(name)%2 == 0 }
		parsed, bad := parseTemplate(text)
		got, found := parsed.expand(env)
		for _, x := range append(bad, found...) {
			if x.start < 0 || x.end <= x.start || x.end > len(text) {
				t.Fatalf("%q: place %d-%d", text, x.start, x.end)
			}
		}
		if len(bad) > 0 {
			return
		}
		again, bad := parseTemplate(parsed.String())
		if len(bad) > 0 {
			t.Fatalf("%q written as %q: %v", text, parsed.String(), bad)
		}
		if second, _ := again.expand(env); second != got {
			t.Fatalf("%q = %q, but %q = %q", text, got, parsed.String(), second)
		}
	})
}

// FuzzDotenv: any text ends, with names that are names and faults inside the
// text that do not quote it.
func FuzzDotenv(f *testing.F) {
	for _, s := range []string{"A=b", "A='b\nc'\nD", "export A=\"$B\\n\"", "A=${B:-c} # d", "\uFEFF#", "A=\"", "A=\r\n\r"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		vars, faults := readEnv(text)
		for _, v := range vars {
			if v.name == "" || !isNameStart(v.name[0]) || v.bare && v.value != "" {
				t.Fatalf("%#v", v)
			}
		}
		lines := strings.Count(text, "\n") + 1
		for _, x := range faults {
			if x.line < 1 || x.line > lines || x.column < 1 || x.column > len(text)+1 {
				t.Fatalf("%#v in %d lines", x, lines)
			}
		}
	})
}
