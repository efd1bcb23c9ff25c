package giveback

import (
	"context"
	"errors"
	"sync"
	"time"
)

// Config of a guard.
type Config struct {
	// Dir is the folder with the files token, ca.crt and plan. It may fill later.
	Dir string
	// TTL is how long there may be no link before the workload is given back.
	TTL time.Duration
	// Logf receives one line per event, never a token. Nil discards. It may be
	// called from several goroutines.
	Logf func(format string, args ...any)
}

// Ending is what the guard writes into the mark as the one who ends the session.
const Ending = "the guard in the cluster"

// Pauses between attempts to prove the permission, or to give back.
const (
	firstPause = 500 * time.Millisecond
	lastPause  = time.Minute
)

// Guard counts how long there was no link, and gives back. Its methods may be
// called from several goroutines.
type Guard struct {
	cfg Config
	api api // used by one goroutine at a time: under turn
	// turn is held for a step that speaks to the API server.
	turn sync.Mutex

	mu      sync.Mutex // guards what follows
	changed chan struct{}
	why     string // it is not armed; "" where it is
	links   int
	returns int       // how often there was a link after none
	since   time.Time // when the last one ended
	// deciding is closed once the outcome of the claim is known; nil where none is
	// under way. claimed says that the session is over.
	deciding chan struct{}
	claimed  bool
}

// New makes a guard that counts from now.
func New(cfg Config) *Guard {
	if cfg.Logf == nil {
		cfg.Logf = func(string, ...any) {}
	}
	return &Guard{cfg: cfg, api: api{dir: cfg.Dir}, changed: make(chan struct{}), since: time.Now(),
		why: errNotMounted.Error()}
}

// Admit asks whether a link may stand. Until leave is called, once or more, the
// guard does nothing. It waits while the guard decides, for as long as ctx; false
// says that the session is over, or may be.
func (g *Guard) Admit(ctx context.Context) (leave func(), ok bool) {
	for {
		g.mu.Lock()
		switch {
		case g.claimed:
			g.mu.Unlock()
			return nil, false
		case g.deciding == nil:
			if g.links++; g.links == 1 {
				g.returns++
			}
			g.touch()
			g.mu.Unlock()
			return sync.OnceFunc(g.leave), true
		}
		decided := g.deciding
		g.mu.Unlock()
		select {
		case <-decided:
		case <-ctx.Done():
			return nil, false
		}
	}
}

func (g *Guard) leave() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.links--; g.links == 0 {
		g.since = time.Now()
	}
	g.touch()
}

// touch wakes who waits for a change; g.mu is held.
func (g *Guard) touch() {
	close(g.changed)
	g.changed = make(chan struct{})
}

// Standing says whether the guard has proven, by reading the original with its
// token, that it would be able to give it back, or why not. The channel closes when
// that has changed, or anything else.
func (g *Guard) Standing() (armed bool, why string, changed <-chan struct{}) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.why == "", g.why, g.changed
}

// stands notes why the guard is not armed, "" where it is.
func (g *Guard) stands(why string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if why != g.why {
		g.why = why
		g.touch()
	}
}

// Run guards until ctx ends.
func (g *Guard) Run(ctx context.Context) {
	var proving sync.WaitGroup
	defer proving.Wait()
	proving.Go(func() { g.prove(ctx) })
	for pause := firstPause; ctx.Err() == nil; {
		left, changed := g.left()
		switch {
		case left < 0: // a link stands
			pause = firstPause
			select {
			case <-changed:
			case <-ctx.Done():
			}
		case left > 0:
			await(ctx, left, changed)
		default:
			if g.giveBack(ctx) {
				<-ctx.Done() // the kubelet's signal: the dev Deployment is gone
				return
			}
			await(ctx, pause, nil)
			pause = min(2*pause, lastPause)
		}
	}
}

// left is how long it is until the workload is to be given back, negative while a
// link stands.
func (g *Guard) left() (time.Duration, <-chan struct{}) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.links > 0 {
		return -1, g.changed
	}
	return max(g.cfg.TTL-time.Since(g.since), 0), g.changed
}

// await returns after d, at a change, or when ctx ends.
func await(ctx context.Context, d time.Duration, changed <-chan struct{}) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-changed:
	case <-ctx.Done():
	}
}

// prove reads the original with the token until that succeeds, and once more
// whenever the machine has come back.
func (g *Guard) prove(ctx context.Context) {
	for proven, pause := -1, firstPause; ctx.Err() == nil; {
		g.mu.Lock()
		returns, changed := g.returns, g.changed
		g.mu.Unlock()
		if returns == proven {
			select {
			case <-changed:
			case <-ctx.Done():
			}
			continue
		}
		err := g.look(ctx)
		if err == nil {
			proven, pause = returns, firstPause
			g.stands("")
			continue
		}
		if ctx.Err() != nil {
			return
		}
		if !errors.Is(err, errNotMounted) {
			g.cfg.Logf("guard: %v", err)
		}
		g.stands(printable(err.Error()))
		await(ctx, pause, nil)
		pause = min(2*pause, lastPause)
	}
}

// look reads the original. A mark that says that the guard of an earlier pod had
// begun is not waited for.
func (g *Guard) look(ctx context.Context) error {
	g.turn.Lock()
	defer g.turn.Unlock()
	p, err := readPlan(g.cfg.Dir)
	if err != nil {
		return err
	}
	w, err := g.api.original(ctx, p)
	if err != nil {
		return err
	}
	if r, ok := readMark(w.Metadata.Annotations); ok && r.Token == p.Token && r.Ending == Ending {
		g.mu.Lock()
		defer g.mu.Unlock()
		if g.links == 0 && time.Since(g.since) < g.cfg.TTL {
			g.cfg.Logf("guard: going on with what an earlier pod began")
			g.since = time.Now().Add(-g.cfg.TTL)
			g.touch()
		}
	}
	return nil
}
