package giveback

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"
)

// How long the original's first pod is waited for before the dev pod goes. Nobody
// is served meanwhile either way, so this is only the time in which an original
// that cannot start is still told apart from one that starts slowly.
const (
	readyPatience = 2 * time.Minute
	readyPause    = time.Second
)

// giveBack decides and, where no link stands, undoes the session. False says that
// nothing was changed and that it is to be tried again, true that all is done or
// ctx has ended.
func (g *Guard) giveBack(ctx context.Context) bool {
	if !g.decide() {
		return false
	}
	claimed, err := g.claim(ctx)
	g.decided(claimed)
	if !claimed {
		if ctx.Err() == nil {
			g.cfg.Logf("guard: the workload cannot be given back yet: %v", err)
		}
		return false
	}
	g.cfg.Logf("guard: there was no link for %s: giving the workload back", g.cfg.TTL)
	for pause := firstPause; ; pause = min(2*pause, lastPause) {
		err := g.undo(ctx)
		if err == nil {
			g.cfg.Logf("guard: the workload is given back")
			return true
		}
		g.cfg.Logf("guard: giving the workload back: %v", err)
		if await(ctx, pause, nil); ctx.Err() != nil {
			return true
		}
	}
}

// decide begins a decision, unless a link stands. Until decided is called no link
// is admitted.
func (g *Guard) decide() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.links > 0 {
		return false
	}
	g.deciding = make(chan struct{})
	return true
}

func (g *Guard) decided(claimed bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.claimed = claimed
	close(g.deciding)
	g.deciding = nil
	g.touch()
}

// claim writes into the mark that the session is ending, or finds that it is over
// already. Where the outcome of a request is open it asks until it is known: a
// machine that was let in meanwhile would work on a session that has ended.
func (g *Guard) claim(ctx context.Context) (bool, error) {
	g.turn.Lock()
	defer g.turn.Unlock()
	p, err := readPlan(g.cfg.Dir)
	if err != nil {
		return false, err
	}
	open := false
	for pause := firstPause; ctx.Err() == nil; pause = min(2*pause, lastPause) {
		w, err := g.api.original(ctx, p)
		switch {
		case hasStatus(err, http.StatusNotFound):
			return true, nil // there is only our own to clean up
		case err != nil && !open:
			return false, err
		case err != nil:
			await(ctx, pause, nil)
			continue
		}
		mark, ok := readMark(w.Metadata.Annotations)
		if !ok || w.Metadata.UID != p.UID || mark.Token != p.Token || mark.Ending != "" {
			return true, nil
		}
		text, err := mark.ending(Ending)
		if err != nil {
			return false, err
		}
		err = g.api.annotate(ctx, p, w.Metadata.ResourceVersion, &text)
		var status *statusError
		switch {
		case err == nil:
			return true, nil
		case hasStatus(err, http.StatusConflict):
			open = false
			continue // somebody wrote since: look again
		case errors.As(err, &status) && status.code < 500, errors.As(err, &unsent{}):
			return false, err
		}
		open = true // lost on its way there or back
	}
	return false, ctx.Err()
}

// undo gives back what the plan says, from whatever point an earlier call or
// somebody else has got to.
func (g *Guard) undo(ctx context.Context) error {
	g.turn.Lock()
	defer g.turn.Unlock()
	p, err := readPlan(g.cfg.Dir)
	if err != nil {
		return err
	}
	ours, err := g.scaleBack(ctx, p)
	if err == nil && ours {
		err = g.awaitReady(ctx, p)
	}
	if err != nil {
		return err
	}
	if err := g.api.deleteSecret(ctx, p); err != nil && !hasStatus(err, http.StatusNotFound) {
		return fmt.Errorf("deleting the Secret: %w", err)
	}
	if ours {
		if err := g.release(ctx, p); err != nil {
			return err
		}
		for _, set := range p.ReplicaSets {
			// A copy does no harm, and the set may be gone or not ours to touch.
			if err := g.api.unmark(ctx, p, set); err != nil && !hasStatus(err, http.StatusNotFound) {
				g.cfg.Logf("guard: the mark's copy stays on ReplicaSet %s: %v", set, err)
			}
		}
	}
	err = g.api.deleteDeployment(ctx, p)
	// A conflict is another object of the same name: ours is gone.
	if err != nil && !hasStatus(err, http.StatusNotFound) && !hasStatus(err, http.StatusConflict) {
		return fmt.Errorf("deleting the dev Deployment: %w", err)
	}
	return nil
}

// scaleBack gives the original its replicas, if it is at 0 and the session's: its
// mark has the session's token, or somebody has removed the mark while this very
// dev Deployment stands. Somebody else's number is left as it is.
func (g *Guard) scaleBack(ctx context.Context, p Plan) (ours bool, err error) {
	for {
		w, err := g.api.original(ctx, p)
		switch {
		case hasStatus(err, http.StatusNotFound):
			return false, nil
		case err != nil:
			return false, err
		case w.Metadata.UID != p.UID:
			return false, nil
		}
		replicas := p.Replicas
		if mark, ok := readMark(w.Metadata.Annotations); ok {
			if mark.Token != p.Token {
				return false, nil
			}
			replicas = mark.Replicas
		}
		if w.wanted() != 0 || replicas == 0 {
			return true, nil
		}
		err = g.api.scale(ctx, p, w.Metadata.ResourceVersion, replicas)
		switch {
		case err == nil:
			g.cfg.Logf("guard: %s %s has %d replicas again", p.Kind, p.Name, replicas)
			return true, nil
		case !hasStatus(err, http.StatusConflict):
			return true, fmt.Errorf("scaling the original: %w", err)
		}
		if ctx.Err() != nil {
			return true, ctx.Err()
		}
	}
}

// awaitReady waits until a pod of the original serves.
func (g *Guard) awaitReady(ctx context.Context, p Plan) error {
	for end := time.Now().Add(readyPatience); time.Now().Before(end); {
		w, err := g.api.original(ctx, p)
		switch {
		case hasStatus(err, http.StatusNotFound):
			return nil
		case err != nil:
			return err
		case w.wanted() == 0 || w.Status.ReadyReplicas > 0:
			return nil
		}
		if await(ctx, readyPause, nil); ctx.Err() != nil {
			return ctx.Err()
		}
	}
	g.cfg.Logf("guard: no pod of %s %s is ready after %s", p.Kind, p.Name, readyPatience)
	return nil
}

// release removes the mark, if it still is the session's.
func (g *Guard) release(ctx context.Context, p Plan) error {
	for {
		w, err := g.api.original(ctx, p)
		switch {
		case hasStatus(err, http.StatusNotFound):
			return nil
		case err != nil:
			return err
		}
		if mark, ok := readMark(w.Metadata.Annotations); !ok || mark.Token != p.Token {
			return nil
		}
		err = g.api.annotate(ctx, p, w.Metadata.ResourceVersion, nil)
		switch {
		case err == nil, hasStatus(err, http.StatusNotFound):
			return nil
		case !hasStatus(err, http.StatusConflict):
			return fmt.Errorf("removing the mark: %w", err)
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
}
