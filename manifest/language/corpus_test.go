package language

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"github.com/tandem-dev/tandem/manifest"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// readCase reads one file of an archive, in a folder where some files are.
func readCase(t *testing.T, content string) (d *Document, dir string) {
	t.Helper()
	dir = t.TempDir()
	for name, text := range map[string]string{"good.env": "A=1\n", "broken.env": "A=1\nnot a line\n", "api/main.go": "package main\n", "web/package.json": "{}"} {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return Read(filepath.Join(dir, "okteto.yml"), NewText(content), options()), dir
}

// annotate is a text with each diagnostic beneath its line: carets under the
// range, where it ends if that is on another line, then what it says.
func annotate(d *Document, all []manifest.Diagnostic) string {
	var b strings.Builder
	for n := range d.Text.Lines() {
		line := d.Text.Line(n)
		if n < d.Text.Lines()-1 || line != "" {
			b.WriteString(line + "\n")
		}
		for _, x := range all {
			if x.Range.Start.Line != n {
				continue
			}
			start := d.Text.Convert(x.Range.Start, UTF16, UTF32).Column
			end, further := d.Text.Convert(x.Range.End, UTF16, UTF32).Column, ""
			if x.Range.End.Line != n {
				end, further = utf8.RuneCountInString(line), fmt.Sprintf(" to %s", x.Range.End)
			}
			pad := []rune(line)[:start]
			for i, r := range pad {
				if r != '\t' {
					pad[i] = ' '
				}
			}
			carets := strings.Repeat("^", end-start)
			if carets == "" {
				carets = "|" // a place between two characters
			}
			fmt.Fprintf(&b, "%s%s%s %s %s: %s", string(pad), carets, further, x.Severity, x.Code, x.Message)
			if x.Hint != "" {
				fmt.Fprintf(&b, " (%s)", x.Hint)
			}
			if x.Replacement != "" {
				fmt.Fprintf(&b, " ⇒ %s", x.Replacement)
			}
			b.WriteString("\n")
		}
	}
	return b.String()
}

// corpus reads every archive of a folder and holds the annotated texts against
// the archive of the same name that ends in .want; check sees every document.
func corpus(t *testing.T, folder string, atLeast int, check func(t *testing.T, archive string, all []manifest.Diagnostic)) {
	if runtime.GOOS == "windows" {
		t.Skip("the golden files hold another system's words for a missing file")
	}
	archives, _ := filepath.Glob("testdata/" + folder + "/*.txtar")
	cases := 0
	for _, path := range archives {
		name := strings.TrimSuffix(filepath.Base(path), ".txtar")
		t.Run(name, func(t *testing.T) {
			archive, err := txtar.ParseFile(path)
			if err != nil {
				t.Fatal(err)
			}
			want := &txtar.Archive{Comment: []byte("What is said of " + name + ".txtar; go test ./manifest/language -run Corpus -update\n\n")}
			var facts Clusters
			if strings.HasPrefix(name, "cluster") {
				facts = clusters
			}
			for _, f := range archive.Files {
				cases++
				t.Run(f.Name, func(t *testing.T) {
					d, dir := readCase(t, string(f.Data))
					all := d.Diagnostics(facts)
					check(t, name, all)
					text := strings.ReplaceAll(annotate(d, all), dir, "$HERE")
					want.Files = append(want.Files, txtar.File{Name: f.Name, Data: []byte(text)})
				})
			}
			golden := strings.TrimSuffix(path, ".txtar") + ".want"
			got := txtar.Format(want)
			if *update {
				if err := os.WriteFile(golden, got, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			old, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(old), string(got)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
	if cases < atLeast {
		t.Errorf("only %d cases, want %d", cases, atLeast)
	}
	t.Logf("%d cases", cases)
}

// TestCorpusOfFaults: each manifest has a fault, and its range and words are
// exact.
func TestCorpusOfFaults(t *testing.T) {
	corpus(t, "faulty", 120, func(t *testing.T, _ string, all []manifest.Diagnostic) {
		if !slices.ContainsFunc(all, func(x manifest.Diagnostic) bool { return x.Severity != manifest.Hint }) {
			t.Error("nothing is said of it")
		}
	})
}

// TestCorpusOfShapes: manifests as people publish them have no error, whatever
// sections they have. What is said of them beside is in the golden file.
func TestCorpusOfShapes(t *testing.T) {
	corpus(t, "shapes", 40, func(t *testing.T, _ string, all []manifest.Diagnostic) {
		for _, x := range all {
			if x.Severity == manifest.Error {
				t.Errorf("an error: %s", x)
			}
		}
	})
}
