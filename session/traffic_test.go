package session

import (
	"context"
	"errors"
	"testing"

	"github.com/tandem-dev/tandem/session/tunnel"
)

// A session that was asked to end while its traffic was being turned began the
// step anew, at once and for ever.
func TestWhileLinkedEndsWithTheSession(t *testing.T) {
	s := &Session{run: resources{link: new(tunnel.Link)}} // a link that is never lost
	ctx, cancel := context.WithCancel(t.Context())
	err := s.whileLinked(ctx, func(ctx context.Context) error {
		cancel()
		<-ctx.Done()
		return ctx.Err()
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("the interrupted step ends with %v", err)
	}
	if err := s.whileLinked(t.Context(), func(context.Context) error { return nil }); err != nil {
		t.Errorf("a step that was done ends with %v", err)
	}
}
