package session

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/tandem-dev/tandem/manifest"
	"github.com/tandem-dev/tandem/session/cluster"
)

// InCluster is a session as the cluster tells of it, whoever's it is and wherever it
// was started.
type InCluster struct {
	ID        string    `json:"id"`
	Namespace string    `json:"namespace"`
	Workload  string    `json:"workload"` // "Kind/name", "" where nothing tells
	Owner     string    `json:"owner"`
	Host      string    `json:"host"`
	Since     time.Time `json:"since"`
	// Replicas is what the original gets back; nil where nothing tells.
	Replicas *int32 `json:"replicas"`
	// Behind says whether a machine is connected to the session's agent, and
	// AwaySeconds for how long none was, 0 where that is not known.
	Behind      Behind `json:"behind"`
	AwaySeconds int    `json:"awaySeconds"`
	// Mine says that it is this user's, from this machine.
	Mine bool `json:"mine"`
	// GuardTTLSeconds is after how long without a machine the guard in the cluster
	// gives the workload back; 0 without one.
	GuardTTLSeconds int `json:"guardTtlSeconds"`
	// Objects are those of the session that could be listed, as Kind/name; the mark
	// on the original is "mark".
	Objects []string `json:"objects"`

	standing cluster.Standing
}

// Behind says whether somebody is behind a session in the cluster.
type Behind string

const (
	// BehindSomebody: a machine is connected.
	BehindSomebody Behind = "somebody"
	// BehindNobody: none is.
	BehindNobody Behind = "nobody"
	// BehindUnknown: the session's agent does not run, or may not be asked.
	BehindUnknown Behind = "unknown"
)

// InCluster lists the sessions that stand in the configured namespace.
func (m *Manager) InCluster(ctx context.Context) ([]InCluster, error) {
	c, err := m.connect(m.placeOf(manifest.Place{}))
	if err != nil {
		return nil, err
	}
	defer c.CloseIdle()
	return inCluster(ctx, c)
}

func inCluster(ctx context.Context, c *cluster.Cluster) ([]InCluster, error) {
	found, err := c.Standing(ctx, "")
	if err != nil {
		return nil, err
	}
	owner, host := whoAmI()
	all := []InCluster{}
	for _, s := range found {
		r := s.Record
		one := InCluster{ID: r.Session, Namespace: r.Namespace, Owner: r.Owner, Host: r.Host, Since: r.Since, Behind: behind(s, time.Now()),
			AwaySeconds: int(s.Away / time.Second), Mine: r.Owner == owner && r.Host == host,
			GuardTTLSeconds: int(r.GuardTTL / time.Second), Objects: append([]string{}, s.Objects...), standing: s}
		if r.Name != "" {
			one.Workload = r.Kind + "/" + r.Name
		}
		if s.Marked {
			one.Objects = append(one.Objects, "mark")
		}
		if r.Container != "" { // of a whole Record
			one.Replicas = &r.Replicas
		}
		all = append(all, one)
	}
	return all, nil
}

// behind judges. Where there is no dev Deployment there is nobody, unless the
// session is about to make one.
func behind(s cluster.Standing, now time.Time) Behind {
	hasDeployment := slices.Contains(s.Objects, cluster.KindDeployment+"/"+s.Record.Deployment)
	switch {
	case s.Presence == cluster.PresenceLinked:
		return BehindSomebody
	case s.Presence == cluster.PresenceAway:
		return BehindNobody
	case !hasDeployment && now.Sub(s.Record.Since) > markGrace:
		return BehindNobody
	}
	return BehindUnknown
}

// absent is how long nobody must have been behind a session for somebody else to
// give its workload back unasked: a laptop between two networks is shorter.
const absent = time.Minute

// Abandoned says whether everybody may give it back.
func (s InCluster) Abandoned() bool {
	return s.Behind == BehindNobody && (s.standing.Presence != cluster.PresenceAway || s.standing.Away >= absent)
}

// DownCluster gives back what nobody is behind in the configured namespace, whoever
// started it and wherever; with takeover everything, and whoever loses a workload is
// told. It returns what was given back, and what was left because somebody is behind
// it, or may be. It goes on after a failure.
func (m *Manager) DownCluster(ctx context.Context, takeover bool) (restored []Restored, left []InCluster, err error) {
	c, err := m.connect(m.placeOf(manifest.Place{}))
	if err != nil {
		return nil, nil, err
	}
	defer c.CloseIdle()
	all, err := inCluster(ctx, c)
	if err != nil {
		return nil, nil, err
	}
	entries, err := m.journal.entries()
	errs := []error{err}
	for _, s := range all {
		if !takeover && !s.Abandoned() {
			left = append(left, s)
			continue
		}
		one, err := m.downStanding(ctx, c, s, entries)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		restored = append(restored, one)
	}
	return restored, left, errors.Join(errs...)
}

// downStanding gives one back: through the journal where this machine has it, for
// its processes and files go as well.
func (m *Manager) downStanding(ctx context.Context, c *cluster.Cluster, s InCluster, entries []foundEntry) (Restored, error) {
	r := s.standing.Record
	for _, e := range entries {
		if e.Record.Token == r.Token {
			return m.downEntry(ctx, e)
		}
	}
	ctx, cancel := context.WithTimeout(ctx, giveBackTimeout)
	defer cancel()
	owner, host := whoAmI()
	var err error
	if s.Behind == BehindNobody {
		err = c.Restore(ctx, r)
	} else {
		err = c.TakeOver(ctx, r, fmt.Sprintf("%s on %s (tandem down)", owner, host))
	}
	return Restored{ID: r.Session, Kind: r.Kind, Namespace: r.Namespace, Name: r.Name, Replicas: r.Replicas,
		Leftovers: s.Replicas == nil, How: fmt.Sprintf("a session of %s on %s had it", orSomebody(r.Owner), orSomebody(r.Host))}, err
}

func orSomebody(name string) string {
	if name == "" {
		return "somebody"
	}
	return name
}
