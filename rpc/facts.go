package rpc

import (
	"context"
	"reflect"
	"slices"
	"sync"
	"time"

	"github.com/tandem-dev/tandem/manifest"
	"github.com/tandem-dev/tandem/manifest/language"
	"github.com/tandem-dev/tandem/session"
)

const (
	// factsFresh is how long what the cluster said counts as news. Nothing is
	// asked while nobody writes.
	factsFresh = 15 * time.Second
	// factsRetry is the pause after a cluster that did not answer.
	factsRetry = 30 * time.Second
	// factsTimeout bounds one answer.
	factsTimeout = 10 * time.Second
	// factsPatience is how long a completion waits for the first answer.
	factsPatience = 50 * time.Millisecond
	// factsSettle is how long a context or namespace must have stayed in a manifest
	// before it is asked about: what is half written names nothing.
	factsSettle = 500 * time.Millisecond
	// factsKept is how many places are remembered although nobody asks for them.
	factsKept = 32
)

// facts are what clusters hold, by the place that a manifest names, kept for a
// while. Nobody ever waits for a cluster but in [facts.within], which bounds it.
type facts struct {
	s *Server

	mu sync.Mutex
	at map[manifest.Place]*known
}

// known is what is known of one place.
type known struct {
	// value is nil before the first answer and after a failure: nothing is said
	// about a cluster that does not answer.
	value *language.Facts
	due   time.Time // when to ask again
	used  time.Time // when somebody last wanted to know
	// loading is closed at the answer; nil while none is asked for.
	loading chan struct{}
	// settling says that somebody still writes the place.
	settling bool
}

// peek is what is known of a place ([language.Clusters]).
func (f *facts) peek(p manifest.Place) *language.Facts {
	f.mu.Lock()
	defer f.mu.Unlock()
	if k := f.at[p]; k != nil {
		return k.value
	}
	return nil
}

// refresh asks about the places of one version of a manifest unless that is not
// due, and does not wait. One that was never heard of is written at this moment,
// perhaps, unless it is opened: it is asked about once it has stayed for a while.
func (f *facts) refresh(d *language.Document, opened bool) {
	for _, p := range d.Places() {
		if f.unheard(p) && !opened && p != (manifest.Place{}) {
			f.settle(p)
		} else {
			f.load(p)
		}
	}
}

// unheard says that a place was never asked about.
func (f *facts) unheard(p manifest.Place) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	k := f.at[p]
	return k == nil || k.due.IsZero() && k.loading == nil
}

// place is what is known of a place; the lock is held.
func (f *facts) place(p manifest.Place) *known {
	k := f.at[p]
	if k == nil {
		for other, old := range f.at {
			if len(f.at) >= factsKept && old.loading == nil && !old.settling && time.Since(old.used) > factsRetry {
				delete(f.at, other)
			}
		}
		k = &known{}
		f.at[p] = k
	}
	k.used = time.Now()
	return k
}

// settle asks about a place once it has stayed in a manifest for a while.
func (f *facts) settle(p manifest.Place) {
	f.mu.Lock()
	defer f.mu.Unlock()
	k := f.place(p)
	if k.settling || f.s.isEnding() {
		return
	}
	k.settling = true
	f.s.background.Go(func() { // ends with the pause, or the server
		pause := time.NewTimer(factsSettle)
		defer pause.Stop()
		select {
		case <-pause.C:
		case <-f.s.ending:
		}
		named := false
		for _, d := range f.s.documents.manifests() {
			named = named || slices.Contains(d.current().document().Places(), p)
		}
		f.mu.Lock()
		k.settling = false
		if !named && k.loading == nil && k.value == nil {
			delete(f.at, p)
		}
		f.mu.Unlock()
		if named {
			f.load(p)
		}
	})
}

// load asks about one place unless that is not due, and does not wait.
func (f *facts) load(p manifest.Place) {
	sessions := f.s.engine()
	f.mu.Lock()
	defer f.mu.Unlock()
	k := f.place(p)
	if k.loading != nil || time.Now().Before(k.due) || sessions == nil || f.s.isEnding() {
		return
	}
	loading := make(chan struct{})
	k.loading = loading
	f.s.background.Go(func() { // ends with the request, or the server
		defer close(loading)
		ctx, cancel := context.WithTimeout(f.s.base, factsTimeout)
		defer cancel()
		var fresh *language.Facts
		pause := factsRetry
		err := protect(f.s.log(), "asking the cluster what it holds", func() error {
			inv, err := sessions.Inventory(ctx, p)
			if err == nil {
				fresh, pause = factsOf(inv), factsFresh
			}
			return err
		})
		if err != nil {
			f.s.log().Debug().Err(err).Str("context", p.Context).Str("namespace", p.Namespace).
				Msg("the cluster does not say what it holds; the manifest is not held against it")
		}
		f.mu.Lock()
		changed := !reflect.DeepEqual(k.value, fresh)
		k.value, k.due, k.loading = fresh, time.Now().Add(pause), nil
		f.mu.Unlock()
		if changed {
			f.s.factsChanged()
		}
	})
}

// within is what is known after at most a while about the place that matters: a
// first answer is waited for, a newer one is not. complete is false where the
// cluster has not answered yet.
func (f *facts) within(ctx context.Context, p manifest.Place, patience time.Duration) (complete bool) {
	f.load(p)
	f.mu.Lock()
	k := f.place(p)
	value, loading := k.value, k.loading
	f.mu.Unlock()
	if value != nil || loading == nil {
		return true
	}
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case <-loading:
		return true
	case <-timer.C:
	case <-ctx.Done():
	}
	return false
}

// factsOf is an inventory in the words of the language.
func factsOf(inv *session.Inventory) *language.Facts {
	known := func(resource string) bool {
		for _, u := range inv.Unknown {
			if u == resource {
				return false
			}
		}
		return true
	}
	out := &language.Facts{
		Context: inv.Context, Namespace: inv.Namespace, Contexts: inv.Contexts,
		Workloads:  language.List[language.Workload]{Complete: known("workloads")},
		Services:   language.List[language.Service]{Complete: known("services")},
		Secrets:    language.List[string]{Items: inv.Secrets, Complete: known("secrets")},
		ConfigMaps: language.List[string]{Items: inv.ConfigMaps, Complete: known("configmaps")},
		Namespaces: language.List[string]{Items: inv.Namespaces, Complete: known("namespaces")},
	}
	for _, w := range inv.Workloads {
		one := language.Workload{Kind: w.Kind, Name: w.Name, Labels: w.Labels, Secrets: w.Secrets, ConfigMaps: w.ConfigMaps}
		for _, c := range w.Containers {
			one.Containers = append(one.Containers, language.Container{Name: c.Name, Ports: portsOf(c.Ports), Variables: c.Variables})
		}
		out.Workloads.Items = append(out.Workloads.Items, one)
	}
	for _, s := range inv.Services {
		out.Services.Items = append(out.Services.Items, language.Service{Name: s.Name, Labels: s.Labels, Ports: portsOf(s.Ports), AnyPort: s.AnyPort})
	}
	return out
}

func portsOf(all []session.InventoryPort) []language.Port {
	var out []language.Port
	for _, p := range all {
		out = append(out, language.Port{Name: p.Name, Number: p.Number})
	}
	return out
}
