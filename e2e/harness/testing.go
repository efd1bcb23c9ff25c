package harness

import (
	"context"
	"fmt"
	"os"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
)

// T is what the harness needs of a test: [testing.T] and [testing.B] have it,
// and a program that is no test can bring its own.
type T interface {
	Helper()
	Name() string
	Context() context.Context
	TempDir() string
	Cleanup(func())
	Failed() bool
	Logf(format string, args ...any)
	Errorf(format string, args ...any)
	Fatalf(format string, args ...any)
}

// Patience bounds every wait. Two cores that start a dozen pods at once are
// slow; only a failure gets here.
const Patience = 30 * time.Second

// askAgain is how often Eventually asks. The cluster's own delays are longer.
const askAgain = 50 * time.Millisecond

// Eventually asks until check returns nil. It is for what has no signal: an
// answer through a Service, for example, is right only once the node has written
// its rules. Its last error is the failure's text.
func Eventually(t T, what string, check func(ctx context.Context) error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), Patience)
	defer cancel()
	if err := Poll(ctx, check); err != nil {
		t.Fatalf("%s: not within %s: %v", what, Patience, err)
	}
}

// oneCheck bounds one question of Poll, beyond the end of its context, so that
// the failure is what the last check found and not that time was up.
const oneCheck = 5 * time.Second

// Poll is Eventually for a caller who handles the error.
func Poll(ctx context.Context, check func(ctx context.Context) error) error {
	tick := time.NewTicker(askAgain)
	defer tick.Stop()
	for {
		one, cancel := context.WithTimeout(context.WithoutCancel(ctx), oneCheck)
		err := check(one)
		cancel()
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return err
		case <-tick.C:
		}
	}
}

// Main runs the tests of a package, removes what they shared, and fails when a
// goroutine of the harness has outlived its test.
func Main(m *testing.M) int {
	defer Close()
	code := m.Run()
	if c, err := connect(); err == nil {
		c.closeIdle()
	}
	if err := goleak.Find(); err != nil && code == 0 {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return code
}

// Close removes what a run shares: built binaries.
func Close() {
	shared.mu.Lock()
	defer shared.mu.Unlock()
	if shared.dir != "" {
		_ = os.RemoveAll(shared.dir) // a folder below the system's temporary one
		shared.dir = ""
	}
}

// shared is a folder for what a whole run uses.
var shared struct {
	mu  sync.Mutex
	dir string
}

func sharedDir() (string, error) {
	shared.mu.Lock()
	defer shared.mu.Unlock()
	if shared.dir != "" {
		return shared.dir, nil
	}
	dir, err := os.MkdirTemp("", "tandem-e2e-")
	shared.dir = dir
	return dir, err
}
