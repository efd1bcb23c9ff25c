package e2e

import (
	"flag"
	"os"
	"testing"

	"github.com/tandem-dev/tandem/e2e/harness"
)

func TestMain(m *testing.M) {
	flag.Parse()
	// The tests wait for a cluster most of their time. More of them at once than
	// this, and two cores start so many pods that each takes longer.
	if err := flag.Set("test.parallel", "5"); err != nil {
		panic(err)
	}
	os.Exit(harness.Main(m))
}
