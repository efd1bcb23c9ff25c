package e2e

import (
	"flag"
	"os"
	"testing"

	"github.com/tandem-dev/tandem/e2e/harness"
)

func TestMain(m *testing.M) {
	flag.Parse()
	// The tests wait for a cluster most of their time, so more of them run at once
	// than there are cores; yet with too many, two cores start so many pods that
	// each takes longer.
	asked := false
	flag.Visit(func(f *flag.Flag) { asked = asked || f.Name == "test.parallel" })
	if !asked {
		if err := flag.Set("test.parallel", "5"); err != nil {
			panic(err)
		}
	}
	os.Exit(harness.Main(m))
}
