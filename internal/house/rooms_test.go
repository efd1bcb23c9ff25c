package house

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const (
	module = "github.com/tandem-dev/tandem/"
	root   = "../.."
)

// room is one package of the house.
type room struct {
	// may are the rooms it may import. internal/fault, the common vocabulary of
	// failure, is open to all but those that are sealed.
	may []string
	// sealed rooms import nothing of ours but what may lists: they end up where
	// every byte counts, or are described by what they import.
	sealed bool
}

// rooms is the import rule. Only imports of code that is built count: a test
// may reach where it likes.
var rooms = map[string]room{
	"cmd/tandem": {may: []string{"rpc", "rpc/keep", "rpc/protocol", "session", "session/agent/image", "session/cluster", "session/process",
		"session/tunnel", "manifest", "envfile", "debug", "debug/adapter", "debug/runconfig"}},
	"cmd/tandem-agent": {sealed: true, may: []string{"session/agent", "session/agent/giveback", "session/mux"}},

	"rpc":                          {may: []string{"rpc/protocol", "session", "manifest", "manifest/language", "envfile", "debug", "debug/runconfig", "debug/runconfig/jsonc"}},
	"rpc/keep":                     {may: []string{"rpc", "session", "session/share"}},
	"rpc/protocol":                 {sealed: true},
	"rpc/protocol/internal/gendoc": {may: []string{"rpc/protocol"}},

	"session": {may: []string{"session/cluster", "session/imageenv", "session/tunnel", "session/projection", "session/proxy", "session/process", "session/share",
		"manifest", "envfile", "debug"}},
	"session/cluster":     {may: []string{"manifest", "envfile"}},
	"session/imageenv":    {},
	"session/tunnel":      {may: []string{"session/mux"}},
	"session/mux":         {sealed: true},
	"session/proxy":       {},
	"session/share":       {},
	"session/projection":  {},
	"session/process":     {},
	"session/agent":       {sealed: true, may: []string{"session/mux"}},
	"session/agent/image": {},

	"session/agent/giveback": {sealed: true},

	"debug":                 {may: []string{"session/process"}},
	"debug/adapter":         {may: []string{"debug", "session/process"}},
	"debug/runconfig":       {may: []string{"debug", "debug/runconfig/jsonc", "manifest", "envfile"}},
	"debug/runconfig/jsonc": {},

	"manifest":          {},
	"manifest/language": {may: []string{"manifest"}},
	"envfile":           {},

	"internal/fault":   {sealed: true},
	"internal/house":   {sealed: true},
	"internal/release": {sealed: true},

	// What stands on the harness knows the binary and the protocol, not the
	// engine; a name that ends in /... stands for every room beneath.
	"e2e":         {may: []string{"rpc/protocol", "e2e/..."}},
	"e2e/...":     {may: []string{"rpc/protocol", "e2e/..."}},
	"e2e/harness": {may: []string{"rpc/protocol"}},
}

const common = "internal/fault"

// listed is what `go list -json` says of a package.
type listed struct {
	ImportPath, Doc  string
	GoFiles, Imports []string
}

func (p listed) room() string { return strings.TrimPrefix(p.ImportPath, module) }

// lists keeps what list has found: asking takes seconds on a busy machine.
var lists = map[string][]listed{}

// list asks the go command for every package, as built for a system.
func list(t *testing.T, goos string) []listed {
	t.Helper()
	if all, known := lists[goos]; known {
		return all
	}
	cmd := exec.Command("go", "list", "-json=ImportPath,Doc,GoFiles,Imports", "./...")
	cmd.Dir = root
	cmd.Env = append(cmd.Environ(), "GOOS="+goos, "CGO_ENABLED=0")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, stderr.Bytes())
	}
	var all []listed
	for d := json.NewDecoder(bytes.NewReader(out)); ; {
		var p listed
		err := d.Decode(&p)
		if errors.Is(err, io.EOF) {
			lists[goos] = all
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
}

func TestImportRule(t *testing.T) {
	for _, goos := range []string{"linux", "darwin", "windows"} {
		t.Run(goos, func(t *testing.T) {
			for _, p := range list(t, goos) {
				for _, path := range broken(p) {
					t.Errorf("%s imports %s: docs/ARCHITECTURE.md has the rule; move the wall there and in rooms_test.go, or the code",
						p.room(), path)
				}
			}
		})
	}
}

// ruleFor is the line of the table that a room stands in.
func ruleFor(name string) (r room, known bool) {
	if r, known = rooms[name]; known {
		return r, true
	}
	for pattern, r := range rooms {
		if stands(pattern, name) {
			return r, true
		}
	}
	return room{}, false
}

// stands says whether a pattern of the table stands for a room.
func stands(pattern, name string) bool {
	above, all := strings.CutSuffix(pattern, "/...")
	return pattern == name || all && strings.HasPrefix(name, above+"/")
}

// broken lists the rooms that p imports against the rule.
func broken(p listed) []string {
	r, _ := ruleFor(p.room())
	var all []string
	for _, path := range p.Imports {
		of, ours := strings.CutPrefix(path, module)
		allowed := slices.ContainsFunc(r.may, func(pattern string) bool { return stands(pattern, of) })
		if !ours || allowed || of == common && !r.sealed {
			continue
		}
		all = append(all, of)
	}
	return all
}

// The rule itself must be able to fail.
func TestImportRuleRefuses(t *testing.T) {
	for _, c := range []struct {
		name, room, imports string
		refused             bool
	}{
		{"upwards", "session", "rpc", true},
		{"sideways", "session/tunnel", "session/cluster", true},
		{"the agent stays small", "session/agent", "internal/fault", true},
		{"the protocol knows nobody", "rpc/protocol", "session", true},
		{"the harness knows no engine", "e2e/harness", "session", true},
		{"nor does what stands on it", "e2e/demo", "session", true},
		{"beneath", "e2e/bench", "e2e/bench/load", false},
		{"downwards", "rpc", "session", false},
		{"the common vocabulary", "envfile", "internal/fault", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := broken(listed{ImportPath: module + c.room, Imports: []string{"fmt", module + c.imports}})
			if (len(got) > 0) != c.refused {
				t.Errorf("%s importing %s: broken = %v", c.room, c.imports, got)
			}
		})
	}
}

func TestEveryRoomIsKnownAndSaysWhatItIsFor(t *testing.T) {
	for _, p := range list(t, "linux") {
		if _, known := ruleFor(p.room()); !known {
			t.Errorf("%s is in no line of the table: add it to rooms_test.go and to docs/ARCHITECTURE.md", p.room())
		}
		if len(p.GoFiles) > 0 && p.Doc == "" {
			t.Errorf("%s has no package comment", p.room())
		}
	}
}

// The client must run where developers are: what a room needs of one system
// only stands in files for that system.
func TestClientIsListedForEverySystem(t *testing.T) {
	for _, goos := range []string{"darwin", "windows"} {
		names := make([]string, 0, len(rooms))
		for _, p := range list(t, goos) {
			if len(p.GoFiles) > 0 {
				names = append(names, p.room())
			}
		}
		for _, want := range []string{"cmd/tandem", "session", "session/process", "session/tunnel", "session/cluster", "rpc", "envfile"} {
			if !slices.Contains(names, want) {
				t.Errorf("%s: %s has no Go files", goos, want)
			}
		}
	}
}
