package adapter_test

import (
	"context"
	"os"
	"os/signal"
	"syscall"
	"testing"

	"go.uber.org/goleak"

	"github.com/tandem-dev/tandem/debug/adapter"
)

// This binary is the debugger's process, too, as tandem is.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == "adapter" {
		ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
		code := adapter.Main(ctx, os.Stdin, os.Stdout)
		stop()
		os.Exit(code)
	}
	if len(os.Args) > 1 && os.Args[1] == "parent" {
		parent(os.Args[2])
	}
	goleak.VerifyTestMain(m)
}
