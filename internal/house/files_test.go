package house

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// maxLines is how long a file may grow before it surely holds two things.
const maxLines = 500

var generated = regexp.MustCompile(`(?m)^// Code generated .* DO NOT EDIT\.$`)

// tracked lists the files of the repository, those that are new and not ignored
// included, as paths from its root.
func tracked(t *testing.T) []string {
	t.Helper()
	cmd := exec.Command("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard")
	cmd.Dir = root
	out, err := cmd.Output()
	if err != nil {
		t.Skipf("no git repository to list: %v", err)
	}
	var all []string
	for _, path := range strings.Split(string(bytes.TrimRight(out, "\x00")), "\x00") {
		if _, err := os.Stat(filepath.Join(root, path)); err == nil { // not one that was just removed
			all = append(all, path)
		}
	}
	if len(all) < 50 {
		t.Fatalf("only %d files: is this the repository?", len(all))
	}
	return all
}

func read(t *testing.T, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(root, path))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestFilesStaySmall(t *testing.T) {
	for _, path := range tracked(t) {
		if !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			continue
		}
		text := read(t, path)
		if lines := bytes.Count(text, []byte("\n")); lines > maxLines && !generated.Match(text) {
			t.Errorf("%s has %d lines, more than %d: which second thing does it hold?", path, lines, maxLines)
		}
	}
}

// A path of one person's machine is in nobody else's.
func TestNoPathOfOneMachine(t *testing.T) {
	forbidden := regexp.MustCompile(`/(` + "work" + `|` + "root" + `|` + "farm" + `)/`)
	for _, path := range tracked(t) {
		if filepath.Ext(path) == ".sum" || strings.Contains(path, "testdata/") {
			continue // testdata may hold paths of containers
		}
		text := read(t, path)
		if bytes.IndexByte(text, 0) >= 0 {
			continue // not text
		}
		for i, line := range bytes.Split(text, []byte("\n")) {
			if found := forbidden.Find(line); found != nil {
				t.Errorf("%s:%d: holds %s: %s", path, i+1, found, bytes.TrimSpace(line))
			}
		}
	}
}

func TestNamesSayWhatFilesHold(t *testing.T) {
	for _, path := range tracked(t) {
		switch filepath.Base(path) {
		case "util.go", "utils.go", "helper.go", "helpers.go", "common.go", "misc.go":
			t.Errorf("%s: name the file after what it holds", path)
		}
	}
}
