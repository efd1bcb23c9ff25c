package language

import (
	"fmt"
	"strings"
	"testing"

	"github.com/tandem-dev/tandem/manifest"
)

// longManifest has n lines at least: devs of seventeen lines each.
func longManifest(n int) string {
	var b strings.Builder
	b.WriteString("name: long\ndev:\n")
	for i := 0; strings.Count(b.String(), "\n") < n; i++ {
		fmt.Fprintf(&b, `  api%d:
    mode: hybrid
    container: api
    command: go run ./api
    environment:
      LOG_LEVEL: debug
      REGION: ${REGION:-north}
      URL: "http://localhost:%d/${HOME}"
      GREETING: héllo 😀
    forward:
      - %d:db:6379
      - %d:web:80
      - {localPort: 0, remotePort: 5432, labels: {app: db}}
    reverse:
      - 8080:%d
    timeout: {default: 60s, resources: 5m}
    image: ignored
`, i, 3000+i, 10000+i, 20000+i, 30000+i)
	}
	return b.String()
}

// BenchmarkDiagnostics is one edit of a manifest of 2 000 lines and all of its
// diagnostics, with a cluster that has answered; "broken" is an edit that makes
// the last line no YAML, whose place must be searched.
func BenchmarkDiagnostics(b *testing.B) {
	text := NewText(longManifest(2000))
	path := b.TempDir() + "/okteto.yml"
	facts := clusters
	for name, edit := range map[string]struct {
		line int
		with string
	}{"edit": {1000, "#"}, "broken": {text.Lines() - 2, "x: ["}} {
		b.Run(name, func(b *testing.B) {
			at := manifest.Position{Line: edit.line, Column: 4}
			b.ReportAllocs()
			began := processorTime()
			for b.Loop() {
				next, err := text.Apply(manifest.Range{Start: at, End: at}, UTF16, edit.with)
				if err != nil {
					b.Fatal(err)
				}
				if found := Read(path, next, options()).Diagnostics(facts); len(found) == 0 {
					b.Fatal("nothing is found")
				}
			}
			b.ReportMetric(float64((processorTime()-began).Microseconds())/1000/float64(b.N), "cpu-ms/op")
		})
	}
}
