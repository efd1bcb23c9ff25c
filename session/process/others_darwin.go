package process

import (
	"os"
	"os/signal"
	"time"

	"golang.org/x/sys/unix"
)

func endOthers(grace time.Duration, exited <-chan struct{}) {
	if unix.Getpgrp() != os.Getpid() {
		return
	}
	signal.Ignore(unix.SIGTERM) // it goes to ourselves as well
	_ = unix.Kill(0, unix.SIGTERM)
	_ = unix.Kill(0, unix.SIGCONT)
	timer := time.NewTimer(grace)
	defer timer.Stop()
	select {
	case <-exited:
	case <-timer.C:
		_ = unix.Kill(0, unix.SIGKILL)
	}
}
