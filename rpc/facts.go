package rpc

import (
	"context"
	"reflect"
	"sync"
	"time"

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
)

// facts are what the cluster holds, kept for a while. Nobody ever waits for the
// cluster but in [facts.within], which bounds it.
type facts struct {
	s *Server

	mu sync.Mutex
	// value is nil before the first answer and after a failure: nothing is said
	// about a cluster that does not answer.
	value   *language.Facts
	due     time.Time     // when to ask again
	loading chan struct{} // closed at the answer; nil while none is asked for
}

// peek is what is known.
func (f *facts) peek() *language.Facts {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.value
}

// refresh asks the cluster unless that is not due, and does not wait.
func (f *facts) refresh() {
	sessions := f.s.engine()
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.loading != nil || time.Now().Before(f.due) || sessions == nil || f.s.isEnding() {
		return
	}
	loading := make(chan struct{})
	f.loading = loading
	f.s.background.Go(func() { // ends with the request, or the server
		defer close(loading)
		ctx, cancel := context.WithTimeout(f.s.base, factsTimeout)
		defer cancel()
		var fresh *language.Facts
		pause := factsRetry
		err := protect(f.s.log(), "asking the cluster what it holds", func() error {
			inv, err := sessions.Inventory(ctx)
			if err == nil {
				fresh, pause = factsOf(inv), factsFresh
			}
			return err
		})
		if err != nil {
			f.s.log().Debug().Err(err).Msg("the cluster does not say what it holds; the manifest is not held against it")
		}
		f.mu.Lock()
		changed := !reflect.DeepEqual(f.value, fresh)
		f.value, f.due, f.loading = fresh, time.Now().Add(pause), nil
		f.mu.Unlock()
		if changed {
			f.s.factsChanged()
		}
	})
}

// within is what is known after at most a while: a first answer is waited for,
// a newer one is not. complete is false where the cluster has not answered yet.
func (f *facts) within(ctx context.Context, patience time.Duration) (known *language.Facts, complete bool) {
	f.refresh()
	f.mu.Lock()
	known, loading := f.value, f.loading
	f.mu.Unlock()
	if known != nil || loading == nil {
		return known, true
	}
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case <-loading:
		return f.peek(), true
	case <-timer.C:
	case <-ctx.Done():
	}
	return nil, false
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
