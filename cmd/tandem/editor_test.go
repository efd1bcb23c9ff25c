package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const editorsPage = "../../docs/editors.md"

// docs/editors.md holds, between marks, what `tandem init --editor` prints.
func TestEditorsPageHasTheConfigurations(t *testing.T) {
	raw, err := os.ReadFile(editorsPage)
	if err != nil {
		t.Fatal(err)
	}
	page := string(raw)
	for _, e := range editors {
		t.Run(e.name, func(t *testing.T) {
			text, err := e.configuration([]string{"tandem", "serve"})
			if err != nil {
				t.Fatal(err)
			}
			begin := fmt.Sprintf("<!-- editor %s: generated; go test ./cmd/tandem -update -->\n", e.name)
			end := "<!-- end -->"
			before, rest, ok := strings.Cut(page, begin)
			got, after, ok2 := strings.Cut(rest, end)
			if !ok || !ok2 {
				t.Fatalf("docs/editors.md has no place for it: want %q … %q", begin, end)
			}
			want := fmt.Sprintf("\n```%s\n%s```\n\n", strings.TrimPrefix(filepath.Ext(e.file), "."), text)
			if *update {
				page = before + begin + want + end + after
				return
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("docs/editors.md is stale (-editors +file); run this test with -update:\n%s", diff)
			}
		})
	}
	if *update {
		if err := os.WriteFile(editorsPage, []byte(page), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// A path with what needs quotes arrives as it is.
func TestConfigurationsQuote(t *testing.T) {
	argv := []string{`C:\Program Files\"x"\tandem.exe`, "serve"}
	for _, e := range editors {
		text, err := e.configuration(argv)
		if err != nil {
			t.Fatal(err)
		}
		if filepath.Ext(e.file) == ".json" && !json.Valid([]byte(text)) {
			t.Errorf("%s: no JSON: %s", e.name, text)
		}
		if e.name != "lsp4ij" && !strings.Contains(text, `"C:\\Program Files\\\"x\"\\tandem.exe"`) {
			t.Errorf("%s: %s", e.name, text)
		}
	}
}
