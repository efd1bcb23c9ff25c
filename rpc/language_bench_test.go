package rpc

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tandem-dev/tandem/rpc/protocol"
)

// TestDiagnosticsReport is `make bench-language`: how long after an edit of a
// manifest of 2 000 lines its diagnostics are there, with a real process and
// pipes. Edits are further apart than the pause between publications, as somebody's keys are.
func TestDiagnosticsReport(t *testing.T) {
	if os.Getenv("TANDEM_BENCH") == "" {
		t.Skip("measures for half a minute: make bench-language")
	}
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), serveChild+"=1")
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	e := &editor{peer: &peer{t: t, to: in, bodies: make(chan []byte, 1000)}, uri: uriOf(filepath.Join(t.TempDir(), "okteto.yml"))}
	go e.read(out)
	e.initialize(`{}`)
	var b strings.Builder
	b.WriteString("name: long\ndev:\n")
	for i := 0; strings.Count(b.String(), "\n") < 2000; i++ {
		fmt.Fprintf(&b, "  api%d:\n    mode: hybrid\n    command: go run ./api\n    environment:\n      LOG_LEVEL: debug\n      URL: \"http://localhost:%d/${HOME}\"\n"+
			"    forward:\n      - %d:db:6379\n      - {localPort: 0, remotePort: 5432, labels: {app: db}}\n    reverse:\n      - 8080:%d\n    image: ignored\n",
			i, 3000+i, 10000+i, 20000+i)
	}
	text := b.String()
	lines := strings.Count(text, "\n")
	e.open(text)
	e.diagnostics()
	for _, edit := range []struct{ name, key string }{{"an edit", "#"}, {"an edit that breaks the YAML, and its repair", "\t[x: "}} {
		var took []time.Duration
		for i := range 300 {
			time.Sleep(publishGapMost + 5*time.Millisecond) // the pause between two keys is what is measured
			line := 3 + i*37%(lines-4)
			began := time.Now()
			if i%2 == 0 {
				e.replace(line, 0, 0, edit.key)
			} else {
				e.replace(3+(i-1)*37%(lines-4), 0, len(edit.key), "")
			}
			e.versionPublished()
			took = append(took, time.Since(began))
		}
		slices.Sort(took)
		at := func(p int) time.Duration {
			return took[min(len(took)*p/100, len(took)-1)].Round(100 * time.Microsecond)
		}
		fmt.Printf("| diagnostics of a manifest of %d lines after %s, over stdio | p50 %s, p99 %s, worst %s (%d edits) |\n", lines, edit.name, at(50), at(99), took[len(took)-1].Round(100*time.Microsecond), len(took))
	}
	e.call(1, "shutdown", "null")
	e.answer(1)
	e.notify("exit", "null")
	for range e.bodies { // until the output ends
	}
	if err := cmd.Wait(); err != nil {
		t.Error(err)
	}
}

// versionPublished waits for the diagnostics of the latest version.
func (e *editor) versionPublished() {
	e.t.Helper()
	for {
		var p protocol.PublishDiagnosticsParams
		if err := json.Unmarshal(e.until(protocol.MethodPublishDiagnostics).Params, &p); err != nil {
			e.t.Fatal(err)
		}
		if p.Version != nil && *p.Version == e.version {
			return
		}
	}
}
