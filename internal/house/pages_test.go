package house

import (
	"flag"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tandem-dev/tandem/manifest"
)

var update = flag.Bool("update", false, "write what is generated")

const (
	fieldsBegin = "<!-- fields: generated from manifest.Fields(); go test ./internal/house -update -->\n"
	fieldsEnd   = "<!-- end of fields -->"

	nestedBegin = "<!-- nested fields: generated from manifest.Keys(); go test ./internal/house -update -->\n"
	nestedEnd   = "<!-- end of nested fields -->"
)

func TestManifestPageHasTheFields(t *testing.T) {
	derived(t, "docs/manifest.md", fieldsBegin, fieldsEnd, fields())
	derived(t, "docs/manifest.md", nestedBegin, nestedEnd, nestedFields())
}

// derived holds the part of a page between two marks against what it is made
// from, or writes it.
func derived(t *testing.T, name, begin, end, want string) {
	t.Helper()
	page := string(read(t, name))
	before, rest, ok := strings.Cut(page, begin)
	got, after, ok2 := strings.Cut(rest, end)
	if !ok || !ok2 {
		t.Fatalf("%s has no place for the fields: want %q … %q", name, begin, end)
	}
	if *update {
		if err := os.WriteFile(filepath.Join(root, name), []byte(before+begin+want+end+after), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(strings.Split(got, "\n"), strings.Split(want, "\n")); diff != "" {
		t.Errorf("%s is stale (-file +tables of manifest); run this test with -update:\n%s", name, diff)
	}
}

// nestedFields are the fields of the sections, and of mappings within a dev.
func nestedFields() string {
	var out strings.Builder
	cell := func(s string) string { return strings.ReplaceAll(s, "|", `\|`) }
	table := func(path ...string) {
		fmt.Fprintf(&out, "| field of `%s` | forms | |\n|---|---|---|\n", strings.Join(path, "."))
		for _, f := range manifest.Keys(path...) {
			fmt.Fprintf(&out, "| `%s` | %s | %s |\n", f.Name, cell(f.Forms), cell(f.Doc))
		}
		out.WriteString("\n")
	}
	out.WriteString("\n| section | forms | |\n|---|---|---|\n")
	for _, f := range manifest.Sections() {
		fmt.Fprintf(&out, "| `%s` | %s | %s |\n", f.Name, cell(f.Forms), cell(f.Doc))
	}
	out.WriteString("\n")
	for _, f := range manifest.Fields() {
		if path := []string{"dev", "*", f.Name}; f.Applies && len(manifest.Keys(path...)) > 0 {
			table(path...)
		}
	}
	return out.String()
}

func fields() string {
	var out strings.Builder
	cell := func(s string) string { return strings.ReplaceAll(s, "|", `\|`) }
	out.WriteString("\n### Fields that apply\n\n| field | forms | |\n|---|---|---|\n")
	for _, f := range manifest.Fields() {
		if f.Applies {
			fmt.Fprintf(&out, "| `%s` | %s | %s |\n", f.Name, cell(f.Forms), cell(f.Doc))
		}
	}
	out.WriteString("\n### Fields that are ignored\n\nThey are accepted; one that is set gives a warning with the words of the last column.\n\n" +
		"| field | forms | for | in hybrid mode |\n|---|---|---|---|\n")
	for _, f := range manifest.Fields() {
		if !f.Applies {
			fmt.Fprintf(&out, "| `%s` | %s | %s | %s |\n", f.Name, cell(f.Forms), cell(f.Doc), cell(f.Instead))
		}
	}
	out.WriteString("\n")
	return out.String()
}

var (
	link    = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	heading = regexp.MustCompile(`(?m)^#{1,6} (.+)$`)
	fence   = regexp.MustCompile("(?ms)^```.*?^```$")
)

// Links within the repository lead somewhere, to the heading included.
func TestLinksLeadSomewhere(t *testing.T) {
	for _, page := range tracked(t) {
		if !strings.HasSuffix(page, ".md") {
			continue
		}
		text := fence.ReplaceAllString(string(read(t, page)), "")
		for _, m := range link.FindAllStringSubmatch(text, -1) {
			if strings.Contains(m[1], "://") || strings.HasPrefix(m[1], "mailto:") {
				continue
			}
			to, fragment, _ := strings.Cut(m[1], "#")
			target := page
			if to != "" {
				target = path.Join(path.Dir(page), to)
			}
			if _, err := os.Stat(filepath.Join(root, target)); err != nil {
				t.Errorf("%s links to %s, which does not exist", page, m[1])
				continue
			}
			if fragment != "" && !slices.Contains(anchors(string(read(t, target))), fragment) {
				t.Errorf("%s links to %s, but %s has no such heading", page, m[1], target)
			}
		}
	}
}

// anchors are the fragments that GitHub gives the headings of a page.
func anchors(page string) []string {
	var all []string
	for _, m := range heading.FindAllStringSubmatch(fence.ReplaceAllString(page, ""), -1) {
		text := strings.ReplaceAll(strings.ToLower(m[1]), " ", "-")
		all = append(all, regexp.MustCompile(`[^\p{L}\p{N}_-]`).ReplaceAllString(text, ""))
	}
	return all
}

// The files that README and CONTRIBUTING name as commands exist: a newcomer
// types them as they stand.
func TestMakeTargetsExist(t *testing.T) {
	makefile := string(read(t, "Makefile"))
	for _, page := range []string{"README.md", "CONTRIBUTING.md"} {
		for _, m := range regexp.MustCompile("(?:^|[^a-z])make ([a-z][a-z-]+)").FindAllStringSubmatch(code(string(read(t, page))), -1) {
			if !strings.Contains(makefile, "\n"+m[1]+":") {
				t.Errorf("%s says `make %s`, which is no target", page, m[1])
			}
		}
	}
}

// code is what stands in fences and between backticks.
func code(page string) string {
	return strings.Join(append(fence.FindAllString(page, -1), regexp.MustCompile("`[^`\n]+`").FindAllString(page, -1)...), "\n")
}
