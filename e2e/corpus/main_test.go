package corpus

import (
	"flag"
	"os"
	"testing"

	"github.com/tandem-dev/tandem/e2e/harness"
)

func TestMain(m *testing.M) {
	flag.Parse()
	// A row waits for its pod most of the time. A node takes 110 pods, and
	// others share it.
	if err := flag.Set("test.parallel", "20"); err != nil {
		panic(err)
	}
	os.Exit(harness.Main(m))
}
