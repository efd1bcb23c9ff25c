package endpoint

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tandem-dev/tandem/e2e/harness"
)

var (
	full   = flag.Bool("full", false, "measure everything, gopls too, and print the table")
	update = flag.Bool("update", false, "with -full: write the table into docs/benchmarks.md")
)

// The budgets, of medians but where p99 is said.
const (
	budgetCold        = 60 * time.Millisecond
	budgetWarm        = 30 * time.Millisecond
	budgetTrip        = 100 * time.Microsecond
	budgetDiagnostics = 20 * time.Millisecond // p99
	budgetMemory      = 40 << 20
)

// goplsVersion is the newest that builds with the Go of go.mod.
const goplsVersion = "v0.23.0"

func TestMain(m *testing.M) {
	flag.Parse()
	os.Exit(harness.Main(m))
}

// figures are what was measured of one server.
type figures struct {
	cold, warm        []time.Duration
	trips             []time.Duration
	diagnostics       []time.Duration // nil where the server has none
	resident, settled float64         // after initialize, and after everything else
}

// measure measures a server. probe is a request that does next to nothing.
func measure(t *testing.T, starts, trips int, probe string, argv ...string) figures {
	t.Helper()
	var f figures
	argv = slices.Clone(argv)
	warm := argv[0]
	cold := copyOf(t, warm)
	for i := range starts {
		forget(t, cold)
		argv[0] = cold
		s := start(t, t.TempDir(), argv...)
		f.cold = append(f.cold, s.took)
		s.stop()
		argv[0] = warm
		s = start(t, t.TempDir(), argv...)
		if i > 0 || starts == 1 { // the first reads the program in
			f.warm = append(f.warm, s.took)
		}
		s.stop()
	}
	s := start(t, t.TempDir(), argv...)
	defer s.stop()
	f.resident = s.resident()
	for range trips {
		began := time.Now()
		s.call(probe, "{}")
		f.trips = append(f.trips, time.Since(began))
	}
	return f
}

// longManifest is an okteto.yml of 2 000 lines; at is the line of a value to edit.
func longManifest() (text string, at int) {
	var b strings.Builder
	b.WriteString("name: shop\n\ndev:\n")
	for i := 0; strings.Count(b.String(), "\n") < 2000; i++ {
		fmt.Fprintf(&b, "  service%d:\n    mode: hybrid\n    workdir: .\n    command: [go, run, .]\n    environment:\n      NAME: service%d\n      LEVEL: debug\n"+
			"    forward:\n      - %d:db:6379\n    reverse:\n      - 8080:%d\n", i, i, 20000+i, 30000+i)
	}
	text = b.String()
	return text, slices.Index(strings.Split(text, "\n"), "  service90:") + 6
}

// keys is the pause between two edits, which is shorter than that between two keys
// of anybody, and longer than the one that the server makes after diagnostics.
const keys = 30 * time.Millisecond

// diagnose edits one line of a long manifest, again and again, and waits for its
// diagnostics.
func diagnose(t *testing.T, edits int, argv ...string) ([]time.Duration, float64) {
	t.Helper()
	dir := t.TempDir()
	s := start(t, dir, argv...)
	defer s.stop()
	text, at := longManifest()
	uri := "file://" + filepath.Join(dir, "okteto.yml")
	raw, err := json.Marshal(text)
	if err != nil {
		t.Fatal(err)
	}
	s.notify("textDocument/didOpen", fmt.Sprintf(`{"textDocument":{"uri":%q,"languageId":"yaml","version":0,"text":%s}}`, uri, raw))
	var took []time.Duration
	for i := range edits {
		time.Sleep(keys)
		line := fmt.Sprintf("      LEVEL%d: debug\n", i)
		began := time.Now()
		s.notify("textDocument/didChange", fmt.Sprintf(`{"textDocument":{"uri":%q,"version":%d},"contentChanges":[{"range":{"start":{"line":%d,"character":0},"end":{"line":%d,"character":0}},"text":%q}]}`,
			uri, i+1, at, at+1, line))
		for {
			var p struct{ Version int }
			if a := s.read(); a.Method == "textDocument/publishDiagnostics" {
				if err := json.Unmarshal(a.Params, &p); err != nil {
					t.Fatal(err)
				}
				if p.Version == i+1 {
					break
				}
			}
		}
		took = append(took, time.Since(began))
	}
	return took, s.resident()
}

// TestBench is the part of `make bench` that needs no cluster.
func TestBench(t *testing.T) {
	if !*full {
		t.Skip("make bench")
	}
	tandem := harness.Tandem(t)
	ours := measure(t, 15, 5000, "session/list", tandem, "serve")
	ours.diagnostics, ours.settled = diagnose(t, 500, tandem, "serve")
	theirs := measure(t, 15, 5000, "tandem/none", gopls(t))
	table := render(ours, theirs)
	fmt.Println(table)
	if *update {
		write(t, table)
	}
	if strings.Contains(table, "**broken**") {
		t.Error("a budget is broken")
	}
}

// TestBudgets is a short form with room for what else the machine does.
func TestBudgets(t *testing.T) {
	if *full {
		t.Skip("TestBench has it all")
	}
	tandem := harness.Tandem(t)
	f := measure(t, 3, 500, "session/list", tandem, "serve")
	f.diagnostics, _ = diagnose(t, 30, tandem, "serve")
	const busy = 10 // cores are shared with a whole Kubernetes
	for name, got := range map[string]struct{ took, budget time.Duration }{
		"a cold start": {quantile(f.cold, 0.5), budgetCold}, "a warm start": {quantile(f.warm, 0.5), budgetWarm},
		"a round trip": {quantile(f.trips, 0.5), budgetTrip}, "diagnostics": {quantile(f.diagnostics, 0.5), budgetDiagnostics},
	} {
		if got.took > busy*got.budget {
			t.Errorf("%s takes %s, the budget is %s on a machine of its own", name, got.took, got.budget)
		}
	}
	if !harness.Race() && f.resident > budgetMemory {
		t.Errorf("tandem serve holds %.0f MB without a session, the budget is %d MB", f.resident/(1<<20), budgetMemory>>20)
	}
	t.Logf("cold %s, warm %s, round trip %s, diagnostics %s, %.0f MB", quantile(f.cold, 0.5), quantile(f.warm, 0.5), quantile(f.trips, 0.5), quantile(f.diagnostics, 0.5), f.resident/(1<<20))
}

// gopls is the path of gopls, built once into the user's cache.
func gopls(t *testing.T) string {
	t.Helper()
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	bin := filepath.Join(cache, "tandem", "gopls-"+goplsVersion)
	path := filepath.Join(bin, "gopls")
	if _, err := os.Stat(path); err == nil {
		return path
	}
	cmd := exec.CommandContext(t.Context(), "go", "install", "golang.org/x/tools/gopls@"+goplsVersion)
	cmd.Env = append(os.Environ(), "GOBIN="+bin, "GOFLAGS=")
	if text, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", cmd, err, text)
	}
	return path
}

// quantile is the value below which that part of the values lies.
func quantile(values []time.Duration, part float64) time.Duration {
	sorted := slices.Sorted(slices.Values(values))
	return sorted[min(len(sorted)-1, int(part*float64(len(sorted))))]
}

func render(ours, theirs figures) string {
	var b strings.Builder
	load, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		load = []byte("unknown")
	}
	fmt.Fprintf(&b, "%s/%s with %d cores, %s; load average after: %s. Medians of %d starts and %d round trips, p99 in brackets.\n\n", runtime.GOOS, runtime.GOARCH,
		runtime.NumCPU(), time.Now().UTC().Format(time.DateOnly), strings.Join(strings.Fields(string(load))[:3], ", "), len(ours.cold), len(ours.trips))
	b.WriteString("| | `tandem serve` | budget | | gopls " + goplsVersion + " |\n|---|---|---|---|---|\n")
	verdict := func(kept bool) string {
		if kept {
			return "kept"
		}
		return "**broken**"
	}
	ms := func(d time.Duration, format string) string {
		return fmt.Sprintf(format, float64(d)/float64(time.Millisecond))
	}
	row := func(name, format string, a, b2 []time.Duration, part float64, budget time.Duration) {
		cell := func(of []time.Duration) string {
			if of == nil {
				return ""
			}
			return ms(quantile(of, 0.5), format) + " (" + ms(quantile(of, 0.99), format) + ") ms"
		}
		fmt.Fprintf(&b, "| %s | %s | %s ms | %s | %s |\n", name, cell(a), ms(budget, "%g"), verdict(quantile(a, part) <= budget), cell(b2))
	}
	row("start of the process to `initialize` answered, cold", "%.0f", ours.cold, theirs.cold, 0.5, budgetCold)
	row("· warm", "%.0f", ours.warm, theirs.warm, 0.5, budgetWarm)
	row("a request that does nothing, over stdio", "%.3f", ours.trips, theirs.trips, 0.5, budgetTrip)
	row("diagnostics of a manifest of 2 000 lines after an edit (budget: p99)", "%.1f", ours.diagnostics, nil, 0.99, budgetDiagnostics)
	fmt.Fprintf(&b, "| resident memory without a session | %.0f MB | %d MB | %s | %.0f MB |\n", ours.resident/(1<<20), budgetMemory>>20,
		verdict(ours.resident <= budgetMemory), theirs.resident/(1<<20))
	fmt.Fprintf(&b, "| · with that manifest open, after %d edits | %.0f MB | | | |\n", len(ours.diagnostics), ours.settled/(1<<20))
	return b.String()
}

// The marks in docs/benchmarks.md around what write replaces.
const (
	beginMark = "<!-- endpoint: begin -->\n"
	endMark   = "<!-- endpoint: end -->\n"
)

func write(t *testing.T, table string) {
	t.Helper()
	root, err := harness.Root()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(root, "docs", "benchmarks.md")
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok1 := strings.Cut(string(content), beginMark)
	_, after, ok2 := strings.Cut(rest, endMark)
	if !ok1 || !ok2 {
		t.Fatalf("%s: no %q … %q", path, beginMark, endMark)
	}
	if err := os.WriteFile(path, []byte(before+beginMark+"\n"+table+"\n"+endMark+after), 0o644); err != nil {
		t.Fatal(err)
	}
}
