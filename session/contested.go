package session

import (
	"fmt"
	"reflect"
	"time"

	"github.com/tandem-dev/tandem/internal/fault"
	"github.com/tandem-dev/tandem/session/cluster"
)

// The original belongs to others as well: somebody scales it, helm upgrades it, a
// GitOps controller puts back what its repository says. The session says who did
// what. It takes the original down once more; where that does not last, there is
// somebody who insists, and a fight would only cost the cluster's callers.

// contestPeace is how long the original must have been left alone before taking
// it down once more is not a fight.
const contestPeace = 10 * time.Minute

// contest is what the session knows of others' changes; it belongs to the owner.
type contest struct {
	// down says that the original was seen at zero, so that replicas are news.
	down bool
	// last is when it was taken down once more, lost that it is left alone now.
	last time.Time
	lost bool
	// template is the generation whose change was told.
	generation int64
}

// checkOriginal looks at the original as the watch last saw it.
func (s *Session) checkOriginal() {
	w, _, _ := s.run.followed.Look()
	s.checkTemplate(w)
	c := &s.run.contest
	switch {
	case w.Replicas == 0:
		c.down = true
		if c.lost {
			c.lost = false
			s.change(func(snap *Snapshot) { snap.Cause, snap.Traffic = nil, TrafficLocal })
		}
	case !s.run.retired || !c.down || c.lost || !w.Held(s.run.diversion.Record):
	case time.Since(c.last) > contestPeace:
		c.down, c.last = false, time.Now()
		s.run.retired = false // stand takes it down again
		s.change(func(snap *Snapshot) { snap.Traffic = TrafficBoth })
		s.warn(Warning{Code: WarnContested,
			Message: fmt.Sprintf("%s was scaled to %s%s while it is taken over: it is taken to 0 again, and gets them back at the end", w, count(w.Replicas), by(w, "replicas"))})
	default:
		c.lost = true
		err := fault.New(fault.Contested, "%s was scaled to %s%s again: it serves beside this session now", w, count(w.Replicas), by(w, "replicas")).
			Hint("pause what does it, such as the self-heal of a GitOps tool, then scale %s to 0 or start again", w.Name)
		s.change(func(snap *Snapshot) { snap.Cause, snap.Traffic = causeOf(err), TrafficBoth })
		s.warn(Warning{Code: WarnContested, Message: err.Error(), Hint: fault.HintOf(err)})
	}
}

// checkTemplate tells of a new pod template; what it does to the environment is
// drift's matter.
func (s *Session) checkTemplate(w *cluster.Workload) {
	c, known := &s.run.contest, s.run.workload
	if w == known || w.Generation == c.generation || reflect.DeepEqual(w.Template, known.Template) {
		return
	}
	c.generation = w.Generation
	s.warn(Warning{Code: WarnContested,
		Message: fmt.Sprintf("the pods of %s were changed%s: the environment follows, the dev container keeps its image until the session is started again", w, by(w, "template"))})
}

// by words who wrote a field of the spec, "" where nobody knows.
func by(w *cluster.Workload, field string) string {
	if who := w.ChangedBy("spec", field); who != "" {
		return " by " + who
	}
	return ""
}

func count(replicas int32) string {
	if replicas == 1 {
		return "1 replica"
	}
	return fmt.Sprintf("%d replicas", replicas)
}
