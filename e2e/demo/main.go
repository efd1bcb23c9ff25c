package main

import (
	"context"
	"errors"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/tandem-dev/tandem/e2e/harness"
)

// longest bounds the demo, without its cleaning up. It takes some twenty
// seconds; twice a minute is a failure, however well it ends.
const longest = 2 * time.Minute

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	ctx, cancel := context.WithTimeoutCause(ctx, longest, errors.New("the demo took longer than "+longest.String()))
	out := newScreen(os.Stdout)
	started := time.Now()
	st := &stage{ctx: ctx}

	summary, err := st.run(func() string { return tell(st, out) })
	if errors.Is(context.Cause(ctx), context.Canceled) {
		err = errors.New("interrupted; cleaning up")
		out.failed(err)
	} else if err != nil {
		out.failed(err)
		st.explain(out)
	}
	cancel()
	stop() // a second Ctrl-C ends the cleaning up too
	if cleanErr := st.clean(); cleanErr != nil {
		out.failed(cleanErr)
		err = errors.Join(err, cleanErr)
	}
	harness.Close()
	out.verdict(summary, err, time.Since(started))
	if err != nil {
		os.Exit(1)
	}
}
