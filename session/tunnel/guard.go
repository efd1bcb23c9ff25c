package tunnel

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/crypto/ssh"
)

// ErrNoGuard is what FollowGuard ends with where the agent has no guard.
var ErrNoGuard = errors.New("the agent has no guard")

// maxGuardLine is above what an agent says of its guard.
const maxGuardLine = 4 << 10

// FollowGuard hears how the agent's guard stands: heard is called at once and at
// every change, with why it is not armed. It returns when the link or ctx ends.
func (l *Link) FollowGuard(ctx context.Context, heard func(armed bool, why string)) error {
	done := make(chan error, 1)
	if !l.spawn(func() { done <- l.followGuard(ctx, heard) }) {
		return ErrClosed
	}
	return <-done
}

func (l *Link) followGuard(ctx context.Context, heard func(armed bool, why string)) error {
	ch, reqs, err := l.control.OpenChannel("session", nil)
	if err != nil {
		return err
	}
	defer ch.Close()
	defer context.AfterFunc(ctx, func() { ch.Close() })()
	l.spawn(func() { ssh.DiscardRequests(reqs) }) // ends with the channel
	ok, err := ch.SendRequest("subsystem", true, ssh.Marshal(struct{ Name string }{"guard"}))
	switch {
	case err != nil:
		return fmt.Errorf("starting the guard subsystem: %w", err)
	case !ok:
		return ErrNoGuard
	}
	lines := bufio.NewScanner(ch)
	lines.Buffer(nil, maxGuardLine)
	for lines.Scan() {
		switch state, why, _ := strings.Cut(lines.Text(), " "); state {
		case "armed":
			heard(true, "")
		case "unarmed":
			heard(false, why)
		}
	}
	return lines.Err()
}
