package tunnel

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"strings"

	"golang.org/x/crypto/ssh"

	"github.com/tandem-dev/tandem/internal/fault"
)

// environLimit is far above what Linux lets a process have (a quarter of the
// stack limit, 2 MiB by default) and keeps a broken agent from filling memory.
const environLimit = 16 << 20

// Environ asks the agent for the environment it was started with, which is what
// the original container's process would have had. The entries are "NAME=value"
// byte for byte, in the agent's order, duplicates included; a value may hold
// anything but a NUL.
func (l *Link) Environ(ctx context.Context) ([]string, error) {
	type result struct {
		raw []byte
		err error
	}
	read := make(chan result, 1)
	if !l.spawn(func() {
		ch, reqs, err := l.control.OpenChannel("session", nil)
		if err != nil {
			read <- result{err: err}
			return
		}
		stop := context.AfterFunc(ctx, func() { ch.Close() })
		defer stop()
		raw, err := readSubsystem(ch, reqs, "environ")
		read <- result{raw, err}
	}) {
		return nil, ErrClosed
	}
	select {
	case r := <-read:
		if r.err != nil && ctx.Err() == nil {
			return nil, fault.Wrap(l.explain(r.err), fault.LinkFailed, "reading the agent's environment")
		}
		if r.err == nil {
			return splitEnviron(r.raw), nil
		}
	case <-ctx.Done():
	}
	return nil, fmt.Errorf("reading the agent's environment: %w", ctx.Err())
}

// readSubsystem starts a subsystem, reads all it writes and wants exit status 0,
// without which the output may be cut short. It closes the channel, last; to end
// it earlier, close the channel.
func readSubsystem(ch ssh.Channel, reqs <-chan *ssh.Request, name string) ([]byte, error) {
	defer ch.Close()
	status := make(chan error, 1)
	go func() { // ends with the channel
		err := fmt.Errorf("the %s subsystem ended without an exit status", name)
		for req := range reqs {
			if req.Type == "exit-status" && len(req.Payload) >= 4 {
				err = nil
				if code := binary.BigEndian.Uint32(req.Payload); code != 0 {
					err = fmt.Errorf("the %s subsystem ended with exit status %d", name, code)
				}
			}
			req.Reply(false, nil)
		}
		status <- err
	}()
	ok, err := ch.SendRequest("subsystem", true, ssh.Marshal(struct{ Name string }{name}))
	switch {
	case err != nil:
		return nil, fmt.Errorf("starting the %s subsystem: %w", name, err)
	case !ok:
		return nil, fmt.Errorf("the agent has no %s subsystem", name)
	}
	raw, err := io.ReadAll(io.LimitReader(ch, environLimit+1))
	if err != nil {
		return nil, err
	}
	if len(raw) > environLimit {
		return nil, fmt.Errorf("the %s subsystem wrote more than %d bytes", name, environLimit)
	}
	// The status may follow the end of the output, and an agent that sees the
	// channel closed can no longer send it: its end is the agent's to make.
	return raw, <-status
}

// splitEnviron cuts at NULs; the last entry may or may not be followed by one.
func splitEnviron(raw []byte) []string {
	var entries []string
	for entry := range strings.SplitSeq(string(raw), "\x00") {
		if entry != "" {
			entries = append(entries, entry)
		}
	}
	return entries
}
