package session

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/tandem-dev/tandem/internal/fault"
	"github.com/tandem-dev/tandem/session/cluster"
)

// DefaultGuardGrace is how long after its owner's death a session's workload is
// back at the latest, where nobody adopts the session before.
const DefaultGuardGrace = 60 * time.Second

// waitOf is the part of the grace that is left to an adopter; the rest is for
// giving back.
func waitOf(grace time.Duration) time.Duration { return grace * 3 / 4 }

// How the guard goes about it once its owner has died. The journal is a folder of
// this machine; what another tandem makes of an entry meanwhile shows there.
const (
	guardLook      = 250 * time.Millisecond
	guardFolder    = 5 * time.Second
	guardPause     = 2 * time.Second
	guardLastPause = time.Minute
	// guardPersists is how long the guard tries to reach a cluster that does not
	// answer: a laptop without network, over a night.
	guardPersists = 24 * time.Hour
)

// watch is a guard at work.
type watch struct {
	journal *journal
	owner   string
	grace   time.Duration
	// undo gives back what an entry's session took.
	undo func(context.Context, *Entry) error
	log  func(format string, args ...any)
}

// Watch is the guard process: it reads from life, which the owner holds open and
// writes nothing to, and says on out that it is on watch. At the end of life it
// leaves what the owner left behind to whoever adopts it, for three quarters of
// the grace, and then gives the rest back. It returns when nothing of the owner's
// is left; an owner that ended orderly has left nothing.
func (m *Manager) Watch(ctx context.Context, owner string, life io.Reader, out io.Writer) error {
	w := &watch{journal: m.journal, owner: owner, grace: m.cfg.GuardGrace,
		undo: func(ctx context.Context, e *Entry) error {
			return m.undo(ctx, e, func(ctx context.Context, c *cluster.Cluster) error { return c.Restore(ctx, e.Record) })
		},
		log: func(format string, args ...any) { m.cfg.Logger.Info().Msgf(format, args...) }}
	if _, err := fmt.Fprintln(out, guarding); err != nil {
		return nil // the owner is gone before it heard of us: so is what it had
	}
	if !w.awaitDeath(ctx, life) {
		return ctx.Err()
	}
	return w.ownerDied(ctx)
}

// awaitDeath returns at the end of life, with true. It returns false when ctx ends,
// or when somebody has removed the journal: an owner that lives on has nothing any
// more that could be given back from there, and one that was stopped, or whose end
// of the pipe somebody else holds, would keep the guard for ever.
func (w *watch) awaitDeath(ctx context.Context, life io.Reader) bool {
	died := make(chan error, 1)
	go func() { // ends with the owner; where that takes longer than the guard, with this process
		_, err := io.Copy(io.Discard, life)
		died <- err
	}()
	tick := time.NewTicker(guardFolder)
	defer tick.Stop()
	for {
		select {
		case err := <-died:
			if err != nil {
				w.log("watching the owner: %v", err)
			}
			return true
		case <-tick.C:
			if !w.journal.exists() {
				w.log("the journal %s was removed: there is nothing to guard", w.journal.dir)
				return false
			}
		case <-ctx.Done():
			return false
		}
	}
}

// HasJournal says whether there is a journal in a state folder. A guard makes none:
// it was started by the one who has it.
func HasJournal(stateDir string) bool { return (&journal{dir: journalDir(stateDir)}).exists() }

func (w *watch) ownerDied(ctx context.Context) error {
	due := time.Now().Add(waitOf(w.grace))
	tick := time.NewTicker(guardLook)
	defer tick.Stop()
	for {
		left, err := w.left()
		if err == nil && len(left) == 0 {
			return nil
		}
		if !time.Now().Before(due) {
			return w.giveBack(ctx)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// left are the entries that still are the dead owner's.
func (w *watch) left() ([]foundEntry, error) {
	entries, err := w.journal.entries()
	var left []foundEntry
	for _, e := range entries {
		if e.Owner == w.owner {
			left = append(left, e)
		}
	}
	return left, err
}

// giveBack restores what is left, as often as it takes.
func (w *watch) giveBack(ctx context.Context) error {
	giveUp := time.Now().Add(guardPersists)
	for pause := guardPause; ; pause = min(2*pause, guardLastPause) {
		left, err := w.left()
		errs := []error{err}
		for _, e := range left {
			errs = append(errs, w.restore(ctx, e.Entry))
		}
		err = errors.Join(errs...)
		if err == nil || time.Now().After(giveUp) {
			return err
		}
		w.log("giving back: %v", err)
		timer := time.NewTimer(pause)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return errors.Join(err, ctx.Err())
		}
	}
}

// restore gives one entry's workload back, unless somebody else has taken the
// entry by now.
func (w *watch) restore(ctx context.Context, e Entry) error {
	p, left, err := w.journal.begin(e)
	if errors.Is(err, fault.SessionBusy) {
		return nil // adopted in this moment, or its owner lives after all
	}
	if err != nil {
		return err
	}
	if left == nil || left.Owner != w.owner {
		return p.close(false)
	}
	w.log("giving %s back: its owner, process %d, has died", left.ID, left.PID)
	left.Restoring, left.PID = true, os.Getpid()
	if err := p.write(*left); err != nil {
		w.log("%v", err) // the disk may be full: that must not keep the cluster
	}
	err = w.undo(ctx, left)
	if err != nil {
		left.Restoring = false
		_ = p.write(*left)
	}
	return errors.Join(err, p.close(err == nil))
}
