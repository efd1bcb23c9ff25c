package corpus

import (
	"flag"
	"fmt"
	"os"
	"testing"

	"go.uber.org/goleak"

	"github.com/tandem-dev/tandem/e2e/harness"
)

func TestMain(m *testing.M) {
	flag.Parse()
	// A row waits for its pod most of the time. A node takes 110 pods, and
	// others share it.
	if err := flag.Set("test.parallel", "20"); err != nil {
		panic(err)
	}
	os.Exit(run(m))
}

// run is harness.Main for tests that have the engine in their own process: a
// connection whose last watch is just ending is not idle yet when the engine
// closes those that are, and lives for as long as client-go keeps it.
func run(m *testing.M) int {
	defer harness.Close()
	code := m.Run()
	if err := goleak.Find(
		goleak.IgnoreAnyFunction("net/http.(*persistConn).readLoop"),
		goleak.IgnoreAnyFunction("net/http.(*persistConn).writeLoop"),
		goleak.IgnoreAnyFunction("golang.org/x/net/http2.(*clientConnReadLoop).run"),
		goleak.IgnoreAnyFunction("net/http/internal/http2.(*clientConnReadLoop).run"),
	); err != nil && code == 0 {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return code
}
