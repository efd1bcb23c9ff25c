package agent

import (
	"io"
	"os"
	"strings"

	"golang.org/x/crypto/ssh"
)

// EnvironSubsystem is the subsystem of a session channel that returns the
// environment of the dev container.
const EnvironSubsystem = "environ"

// startEnviron is taken as the package is initialised, before anything can
// change it: it is what the kubelet and the image gave the container.
var startEnviron = os.Environ()

// serveSession serves one session channel: one of the subsystems and nothing
// else, no shell and no command.
func (l *link) serveSession(nc ssh.NewChannel) {
	ch, requests, err := nc.Accept()
	if err != nil {
		return
	}
	defer ch.Close()
	for r := range requests {
		var sub subsystemRequest
		wanted := r.Type == "subsystem" && ssh.Unmarshal(r.Payload, &sub) == nil &&
			(sub.Name == EnvironSubsystem || sub.Name == FilesSubsystem || sub.Name == GuardSubsystem && l.server.cfg.Guard != nil)
		if err := r.Reply(wanted, nil); err != nil {
			return
		}
		if !wanted {
			continue // a client may try for a terminal or a variable first
		}
		// Requests that still come are drained so that they do not hold up the
		// link; the channel's end ends this goroutine.
		gone := make(chan struct{})
		l.streams.Go(func() {
			defer close(gone)
			for r := range requests {
				_ = r.Reply(false, nil)
			}
		})
		switch sub.Name {
		case FilesSubsystem:
			l.sendFiles(ch, gone)
		case GuardSubsystem:
			l.sendGuard(ch, gone)
		default:
			l.sendEnviron(ch)
		}
		return
	}
}

// sendEnviron writes every entry followed by NUL, as /proc/PID/environ does,
// then the exit status. A client that does not read holds up itself alone.
func (l *link) sendEnviron(ch ssh.Channel) {
	var b strings.Builder
	for _, entry := range l.server.cfg.Environ {
		b.WriteString(entry)
		b.WriteByte(0)
	}
	if _, err := io.WriteString(ch, b.String()); err != nil {
		return
	}
	if err := ch.CloseWrite(); err != nil {
		return
	}
	_, _ = ch.SendRequest("exit-status", false, ssh.Marshal(exitStatus{Status: 0}))
}
