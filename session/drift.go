package session

import (
	"maps"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/tandem-dev/tandem/envfile"
	"github.com/tandem-dev/tandem/session/cluster"
)

// EnvChange says which variables of a running session's environment have
// changed since the last one, by name only.
type EnvChange struct {
	ID                      string
	Added, Removed, Changed []string // sorted
	// Stale names what still runs with the old environment: "process", "debug:d1".
	Stale []string
}

// A change of a ConfigMap is often followed by others, and by a Secret's: they
// count as one when they come within quiet of each other, but a stream of
// changes is not waited for longer than patience.
const (
	driftQuiet    = 300 * time.Millisecond
	driftPatience = 3 * time.Second
)

// drift notices changes of what the environment was made from. It belongs to
// the session's goroutine.
type drift struct {
	session *Session
	// view is what the container would have been given at the last look.
	view  map[string]string
	timer *time.Timer // nil while nothing is due
	first time.Time   // of the changes that the timer waits for
}

// followSources begins to watch; the watches end with the session.
func (s *Session) followSources() *drift {
	r := &s.run
	d := &drift{session: s}
	d.view = d.look()
	r.followed = s.prepared.cluster.FollowSources(r.workload, envfile.Refs(refsOf(r.workload)), r.sources.configMaps, r.sources.secrets)
	return d
}

func (d *drift) due() <-chan time.Time {
	if d.timer == nil {
		return nil
	}
	return d.timer.C
}

// noticed starts or prolongs the wait for the rest of a burst.
func (d *drift) noticed() {
	if d.timer == nil {
		d.first = time.Now()
		d.timer = time.NewTimer(driftQuiet)
		return
	}
	d.timer.Reset(min(driftQuiet, max(0, driftPatience-time.Since(d.first))))
}

func (d *drift) stop() {
	if d.timer != nil {
		d.timer.Stop()
	}
}

// settle takes the sources as they now are. What the container was observed to
// have is carried along: a variable whose sources have not changed keeps its
// observed value, one whose sources have gets what a new container would be
// given.
func (d *drift) settle() {
	d.timer = nil
	s := d.session
	for _, err := range s.run.followed.Blind() {
		s.log.Warn().Err(err).Msg("a source of the environment may not be watched: its changes go unseen")
	}
	kept := d.adopt(s.run.followed.Look())
	before, view := s.env.Load(), d.look()
	s.run.observed = carried(s.run.observed, d.view, view)
	d.view = view
	env, err := s.compute(s.run.pod.Object, s.run.observed)
	if err != nil {
		s.log.Warn().Err(err).Msg("the environment's sources have changed, but cannot be resolved; what was good is kept")
		return
	}
	env.Warnings = append(env.Warnings, kept...)
	s.replaceEnv(before, env)
}

// forwardsChanged settles the environment anew where its values follow the
// forwards.
func (s *Session) forwardsChanged() {
	before := s.env.Load()
	if before == nil || s.run.pod == nil {
		return
	}
	env, err := s.compute(s.run.pod.Object, s.run.observed)
	if err != nil {
		s.log.Warn().Err(err).Msg("the environment cannot be resolved anew for a forward that was opened or closed")
		return
	}
	s.replaceEnv(before, env)
}

// replaceEnv makes env the session's, and tells what has changed.
func (s *Session) replaceEnv(before, env *envfile.Environment) {
	change := compared(before, env)
	if change.empty() && slices.Equal(before.Warnings, env.Warnings) {
		return
	}
	if err := s.settleEnv(env); err != nil {
		s.log.Error().Err(err).Msg("rewriting the environment's files")
		return
	}
	if change.empty() {
		return
	}
	change.ID = s.id
	if s.commandDone() != nil {
		change.Stale = []string{"process"}
	}
	change.Stale = append(change.Stale, s.staleDebuggers()...)
	s.log.Info().Strs("added", change.Added).Strs("removed", change.Removed).Strs("changed", change.Changed).Msg("environment changed")
	if s.cfg.Observer != nil {
		s.cfg.Observer.EnvChanged(change)
	}
}

// adopt takes over what the cluster now has. A required object that was deleted
// keeps its last contents, with a warning: the running container has them, too.
func (d *drift) adopt(w *cluster.Workload, configMaps map[string]*corev1.ConfigMap, secrets map[string]*corev1.Secret) []envfile.Warning {
	r := &d.session.run
	r.workload = w
	refs := envfile.References(w.Spec())
	var kept []envfile.Warning
	warn := func(kind, name string) {
		kept = append(kept, envfile.Warning{Code: envfile.WarnSourceMissing,
			Message: kind + " \"" + name + "\" was deleted while the session ran; its last values are kept, but the original could not start without it"})
	}
	keepDeleted(refs.ConfigMaps, r.sources.configMaps, configMaps, func(name string) { warn(envfile.KindConfigMap, name) })
	keepDeleted(refs.Secrets, r.sources.secrets, secrets, func(name string) { warn(envfile.KindSecret, name) })
	r.sources = sources{configMaps: configMaps, secrets: secrets}
	return kept
}

// keepDeleted copies into now what before had of the required references.
func keepDeleted[T any](refs []envfile.Ref, before, now map[string]*T, missing func(name string)) {
	for _, ref := range refs {
		if now[ref.Name] == nil && before[ref.Name] != nil && !ref.Optional {
			now[ref.Name] = before[ref.Name]
			missing(ref.Name)
		}
	}
}

// look is what the kubelet would give the container now, as far as its objects
// tell: the observed values are not among it, nor the developer's.
func (d *drift) look() map[string]string {
	s := d.session
	in := s.prepared.input(s.run.workload, s.run.sources, s.run.pod.Object, envfile.Kubelet)
	in.Dev = nil
	env, _ := envfile.Resolve(in) // what is missing is missing in the view, too
	view := map[string]string{}
	for _, v := range env.Vars {
		if !v.Unresolved {
			view[v.Name] = v.Value
		}
	}
	return view
}

// carried is the observed environ, moved on by the difference of two views.
func carried(observed []string, before, now map[string]string) []string {
	out := make([]string, 0, len(observed))
	for _, entry := range observed {
		name := nameOf(entry)
		was, had := before[name]
		is, has := now[name]
		if had == has && was == is {
			out = append(out, entry)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(now)) {
		if was, had := before[name]; !had || was != now[name] {
			out = append(out, name+"="+now[name])
		}
	}
	return out
}

// nameOf is the name in a NAME=VALUE entry. The first byte belongs to the name
// whatever it is: "=C:" is a name on Windows.
func nameOf(entry string) string {
	for i := 1; i < len(entry); i++ {
		if entry[i] == '=' {
			return entry[:i]
		}
	}
	return entry
}

// compared lists how two environments differ.
func compared(before, now *envfile.Environment) EnvChange {
	var c EnvChange
	for _, v := range now.Vars {
		was, had := before.Lookup(v.Name)
		switch {
		case !had:
			c.Added = append(c.Added, v.Name)
		case was.Value != v.Value:
			c.Changed = append(c.Changed, v.Name)
		}
	}
	for _, v := range before.Vars {
		if _, has := now.Lookup(v.Name); !has {
			c.Removed = append(c.Removed, v.Name)
		}
	}
	return c
}

func (c EnvChange) empty() bool { return len(c.Added)+len(c.Removed)+len(c.Changed) == 0 }
