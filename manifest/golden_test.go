package manifest

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tandem-dev/tandem/internal/fault"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// machine is the local machine of all golden tests.
var localMachine = map[string]string{
	"HOME": "/home/dev", "PORT": "8080", "WORD": "word", "EMPTY": "", "TOKEN": "local token",
}

func testEnv(name string) (string, bool) {
	v, ok := localMachine[name]
	return v, ok
}

func compareGolden(t *testing.T, path, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("%v (run the test with -update once)", err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", path, diff)
	}
}

// TestGood reads manifests of many shapes. None may have an error; what was
// understood, and every warning, is in the golden file.
func TestGood(t *testing.T) {
	files, _ := filepath.Glob("testdata/good/*.yml")
	if len(files) < 15 {
		t.Fatalf("only %d manifests found", len(files))
	}
	for _, path := range files {
		t.Run(filepath.Base(path), func(t *testing.T) {
			m, err := Load(path, Options{LookupEnv: testEnv})
			if err != nil {
				t.Fatal(err)
			}
			compareGolden(t, strings.TrimSuffix(path, ".yml")+".json", dump(t, m))
		})
	}
}

// TestFaulty reads manifests with faults; the golden file has every diagnostic
// with its exact range.
func TestFaulty(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("the golden files hold another system's words for a missing file")
	}
	files, _ := filepath.Glob("testdata/faulty/*.yml")
	if len(files) < 40 {
		t.Fatalf("only %d manifests found", len(files))
	}
	for _, path := range files {
		t.Run(filepath.Base(path), func(t *testing.T) {
			m, err := Load(path, Options{LookupEnv: testEnv})
			if m == nil {
				t.Fatal("no manifest")
			}
			var b strings.Builder
			bad := false
			for _, d := range m.Diagnostics {
				bad = bad || d.Severity == Error
				fmt.Fprintf(&b, "%s-%s %s [%s] %s\n", d.Range.Start, d.Range.End, d.Severity, d.Code, d.Message)
				if d.Hint != "" {
					fmt.Fprintf(&b, "    hint: %s\n", d.Hint)
				}
			}
			switch {
			case bad != errors.Is(err, fault.ManifestInvalid):
				t.Errorf("errors among the diagnostics: %v, but Load gave %v", bad, err)
			case bad && fault.HintOf(err) == "":
				t.Error("the error has no hint")
			case len(m.Diagnostics) == 0:
				t.Error("no diagnostic for a faulty manifest")
			}
			compareGolden(t, strings.TrimSuffix(path, ".yml")+".want", portable(b.String()))
		})
	}
}

// portable takes this machine's paths out of a golden file.
func portable(s string) string {
	wd, _ := os.Getwd()
	return strings.ReplaceAll(filepath.ToSlash(strings.ReplaceAll(s, wd, "$HERE")), "\r\n", "\n")
}

// dump is a manifest as JSON, with ranges as "1:1-1:4" and without zero values.
func dump(t *testing.T, m *Manifest) string {
	t.Helper()
	raw, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	var v any
	if err := json.Unmarshal(raw, &v); err != nil {
		t.Fatal(err)
	}
	out, err := json.MarshalIndent(compact(v), "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	return portable(string(out)) + "\n"
}

func compact(v any) any {
	switch v := v.(type) {
	case map[string]any:
		if start, ok := v["start"].(map[string]any); ok {
			end := v["end"].(map[string]any)
			s := fmt.Sprintf("%v:%v-%v:%v", start["line"].(float64)+1, start["character"].(float64)+1,
				end["line"].(float64)+1, end["character"].(float64)+1)
			if s == "1:1-1:1" {
				return nil
			}
			return s
		}
		out := map[string]any{}
		for k, e := range v {
			if c := compact(e); c != nil {
				out[k] = c
			}
		}
		if len(out) == 0 {
			return nil
		}
		return out
	case []any:
		out := []any{}
		for _, e := range v {
			out = append(out, compact(e))
		}
		if len(out) == 0 {
			return nil
		}
		return out
	case string:
		if v == "" {
			return nil
		}
	case float64:
		if v == 0 {
			return nil
		}
	case bool:
		if !v {
			return nil
		}
	}
	return v
}
