package session

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/tandem-dev/tandem/envfile"
	"github.com/tandem-dev/tandem/internal/fault"
	"github.com/tandem-dev/tandem/manifest"
	"github.com/tandem-dev/tandem/session/cluster"
	"github.com/tandem-dev/tandem/session/process"
	"github.com/tandem-dev/tandem/session/projection"
)

// DownRequest says what to give back.
type DownRequest struct {
	// All is every session of this machine's journal, running or crashed, and
	// every workload in the namespace that this user diverted from this machine.
	All bool
	// Manifest and Dev name one entry, as in StartRequest.
	Manifest, Dev string
	// Takeover gives back also what somebody else, or another machine, diverted.
	Takeover bool
}

// Restored is one workload that was given back.
type Restored struct {
	ID, Kind, Namespace, Name string
	Replicas                  int32
	// Leftovers says that there was no workload to give back, only objects to remove.
	Leftovers bool
	// How says whether a running session was ended or leftovers were undone.
	How string
	// Trouble says why the workload does not serve although it was given back; nil
	// where it does, or nobody knows.
	Trouble error
}

// String is a line for a person.
func (r Restored) String() string {
	if r.Leftovers {
		return fmt.Sprintf("what was left of session %s is removed (%s)", r.ID, r.How)
	}
	plural := "s"
	if r.Replicas == 1 {
		plural = ""
	}
	return fmt.Sprintf("%s %s/%s is back at %d replica%s (%s)", r.Kind, r.Namespace, r.Name, r.Replicas, plural, r.How)
}

// Down ends sessions and undoes what crashes left, in the journal's cluster or,
// where the journal knows nothing, in the configured one. It goes on after a
// failure and returns what was restored beside the errors.
func (m *Manager) Down(ctx context.Context, r DownRequest) ([]Restored, error) {
	entries, err := m.journal.entries()
	errs := []error{err}
	var dev *devAt
	if !r.All {
		if dev, err = m.devAt(r); err != nil {
			return nil, err
		}
	}
	var restored []Restored
	for _, e := range entries {
		if dev != nil && !dev.is(e.Entry) {
			continue
		}
		one, err := m.downEntry(ctx, e)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		restored = append(restored, one)
	}
	if r.All || (len(restored) == 0 && errors.Join(errs...) == nil) {
		more, err := m.downMarked(ctx, r, dev)
		restored, errs = append(restored, more...), append(errs, err)
	}
	return restored, errors.Join(errs...)
}

// devAt is one dev entry in one cluster.
type devAt struct {
	manifest, id string
	target       cluster.Target
	cluster      *cluster.Cluster
}

func (m *Manager) devAt(r DownRequest) (*devAt, error) {
	man, dev, err := loadDev(r.Manifest, "", r.Dev)
	if err != nil {
		return nil, err
	}
	at := m.placeOf(man.Place(dev))
	c, err := m.connect(at)
	if err != nil {
		return nil, err
	}
	return &devAt{manifest: man.Path, id: at.sessionID(c, dev), target: target(dev), cluster: c}, nil
}

func (d *devAt) is(e Entry) bool {
	return (e.ID == d.id || e.ID == qualified(d.id, d.cluster.Context())) && e.Server == d.cluster.Host()
}

// downEntry ends a running session through its owner, or undoes a crashed one.
func (m *Manager) downEntry(ctx context.Context, e foundEntry) (Restored, error) {
	rec := e.Record
	out := Restored{ID: e.ID, Kind: rec.Kind, Namespace: rec.Namespace, Name: rec.Name, Replicas: rec.Replicas}
	if e.live {
		out.How = "its session was ended"
		a, err := ask(ctx, e.Control, controlRequest{Op: opStop, ID: e.ID})
		if err == nil && a.Snapshot.Workload != nil {
			w := a.Snapshot.Workload
			out.Kind, out.Name, out.Replicas, out.Namespace = w.Kind, w.Name, w.Replicas, a.Snapshot.Namespace
			out.Trouble = a.Snapshot.trouble()
		}
		return out, err
	}
	out.How = "a crash had left it"
	p, left, err := m.journal.begin(e.Entry)
	if err != nil {
		return out, err
	}
	if left == nil { // its owner ended it in this moment
		return out, p.close(true)
	}
	err = m.undo(ctx, left, func(ctx context.Context, c *cluster.Cluster) (err error) {
		out.Trouble, err = c.GiveBack(ctx, left.Record)
		return err
	})
	return out, errors.Join(err, p.close(err == nil))
}

// undo gives back what the entry's session took: the cluster's objects, by restore,
// then what is left of its command and its files on this machine.
func (m *Manager) undo(ctx context.Context, e *Entry, restore func(context.Context, *cluster.Cluster) error) error {
	c, err := m.connect(*placeOfEntry(*e))
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, giveBackTimeout)
	defer cancel()
	errs := []error{restore(ctx, c), e.endFamilies()}
	if !e.KeepFiles {
		errs = append(errs, projection.Remove(e.EnvDir, e.Dev), envfile.RemoveFiles(e.EnvDir, e.Dev))
	}
	return errors.Join(errs...)
}

// endFamilies ends what is left of the command and of the debuggers.
func (e *Entry) endFamilies() error {
	errs := []error{process.EndLeftBehind(e.Command, process.DefaultGrace)}
	for _, m := range e.Debuggers {
		errs = append(errs, process.EndLeftBehind(m, process.DefaultGrace))
	}
	return errors.Join(errs...)
}

// downMarked undoes what the annotations in the cluster tell, for a journal
// that was lost or is on another machine. Without Takeover only what this user
// diverted from this machine is touched: the rest may be somebody's session.
func (m *Manager) downMarked(ctx context.Context, r DownRequest, dev *devAt) ([]Restored, error) {
	ctx, cancel := context.WithTimeout(ctx, giveBackTimeout)
	defer cancel()
	var c *cluster.Cluster
	var found []cluster.Record
	var err error
	if dev != nil {
		c = dev.cluster
		w, err := c.Find(ctx, dev.target)
		if err != nil {
			return nil, err
		}
		if w.Diverted != nil {
			found = append(found, w.Diverted.Record)
		}
	} else {
		if c, err = m.connect(m.placeOf(manifest.Place{})); err == nil {
			found, err = c.FindDiverted(ctx, c.Namespace())
		}
		if err != nil {
			return nil, err
		}
	}
	owner, host := whoAmI()
	var restored []Restored
	var errs []error
	for _, rec := range found {
		if mine := rec.Owner == owner && rec.Host == host; !mine && !r.Takeover {
			if dev != nil {
				errs = append(errs, fault.New(fault.SessionBusy, "%s %q is diverted by %s on %s since %s", rec.Kind, rec.Name, rec.Owner, rec.Host, rec.Since.Local().Format(time.DateTime)).
					Hint("if that session is dead, `tandem down --takeover` gives the workload back"))
			}
			continue
		}
		trouble, err := c.GiveBack(ctx, rec)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		restored = append(restored, Restored{ID: rec.Session, Kind: rec.Kind, Namespace: rec.Namespace, Name: rec.Name,
			Replicas: rec.Replicas, How: "it was marked as diverted", Trouble: trouble})
	}
	return restored, errors.Join(errs...)
}
