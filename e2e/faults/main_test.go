package faults

import (
	"flag"
	"fmt"
	"os"
	"testing"

	"github.com/tandem-dev/tandem/e2e/harness"
)

func TestMain(m *testing.M) {
	flag.Parse()
	asked := false
	flag.Visit(func(f *flag.Flag) { asked = asked || f.Name == "test.parallel" })
	if !asked {
		// Mostly they wait; with more of them two cores disturb what is measured.
		if err := flag.Set("test.parallel", "4"); err != nil {
			panic(err)
		}
	}
	var err error
	if shared, err = os.MkdirTemp("", "tandem-faults-"); err != nil {
		panic(err)
	}
	code := harness.Main(m)
	_ = os.RemoveAll(shared) // below the system's temporary folder
	if text := ledger.String(); text != "" {
		fmt.Print(text)
	}
	os.Exit(code)
}

// long says that the cluster is ours to break, and that there is time.
func long() bool { return os.Getenv("TANDEM_FAULTS") == "long" }

// needsLong skips what only the long form does.
func needsLong(t *testing.T) {
	t.Helper()
	if !long() {
		t.Skip("hits the whole cluster, or takes long: make test-faults has it")
	}
}
