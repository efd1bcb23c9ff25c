package house

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// lsp4ijTemplate has the members of the templates that LSP4IJ itself ships, for
// language servers and for debug adapters (its src/main/resources/templates).
type lsp4ijTemplate struct {
	ID                      string            `json:"id"`
	Name                    string            `json:"name"`
	ProgramArgs             map[string]string `json:"programArgs"`
	Launch                  map[string]string `json:"launch"`
	DebugServerReadyPattern string            `json:"debugServerReadyPattern"`
	FileTypeMappings        []struct {
		FileType struct {
			Name     string   `json:"name"`
			Patterns []string `json:"patterns"`
		} `json:"fileType"`
		LanguageID string `json:"languageId"`
	} `json:"fileTypeMappings"`
}

// TestJetBrainsTemplates holds what extensions/jetbrains ships against that
// layout, and against what tandem does.
func TestJetBrainsTemplates(t *testing.T) {
	read := func(name string, into any) {
		t.Helper()
		text, err := os.ReadFile(filepath.Join(root, "extensions", "jetbrains", filepath.FromSlash(name)))
		if err != nil {
			t.Fatal(err)
		}
		d := json.NewDecoder(strings.NewReader(string(text)))
		d.DisallowUnknownFields() // LSP4IJ ignores them, and nobody would notice
		if err := d.Decode(into); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	var lsp, dap lsp4ijTemplate
	read("lsp/template.json", &lsp)
	read("dap/template.json", &dap)
	for _, x := range []lsp4ijTemplate{lsp, dap} {
		if x.ID == "" || x.Name == "" || len(x.FileTypeMappings) == 0 {
			t.Errorf("incomplete: %+v", x)
		}
		for _, m := range x.FileTypeMappings {
			if len(m.FileType.Patterns) == 0 || m.LanguageID == "" {
				t.Errorf("%s: a mapping without patterns or language: %+v", x.ID, m)
			}
		}
	}
	if got := lsp.ProgramArgs["default"]; got != "tandem serve" {
		t.Errorf("the language server is started by %q", got)
	}
	if got := dap.Launch["default"]; !strings.HasPrefix(got, "tandem dap ") || !strings.Contains(got, "--listen 127.0.0.1:0") {
		t.Errorf("the debug adapter is started by %q", got)
	}
	said, _, ok := strings.Cut(dap.DebugServerReadyPattern, "${address}:${port}")
	source, err := os.ReadFile(filepath.Join(root, "cmd", "tandem", "dap.go"))
	if err != nil {
		t.Fatal(err)
	}
	if !ok || !strings.Contains(string(source), said) {
		t.Errorf("tandem dap does not say %q", said)
	}
	var options map[string]string
	read("lsp/initializationOptions.json", &options)
	var launch struct{ Type, Name, Request string }
	read("dap/launch.json", &launch)
	if launch.Request != "launch" {
		t.Errorf("dap/launch.json: %+v", launch)
	}
}
