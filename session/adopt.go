package session

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/tandem-dev/tandem/envfile"
	"github.com/tandem-dev/tandem/internal/fault"
	"github.com/tandem-dev/tandem/session/cluster"
	"github.com/tandem-dev/tandem/session/process"
	"github.com/tandem-dev/tandem/session/tunnel"
)

// A session outlives the process that owns it: its dev workload stands, and the
// journal holds what it takes to go on with it. Whoever starts the same dev again
// adopts it; so does a server for its workspace as soon as it is initialized.
//
// What a dead process took with it is the link, the local ports and the pipes of
// the command. On Linux the command is told to end with its owner; where it lives
// on all the same nobody can read its output any more, so it is ended and started
// again. What an editor runs by itself, debuggers above all, is left alone.

// private is what only a successor may read.
type private struct {
	HostKey   []byte `json:"hostKey"`
	ClientKey []byte `json:"clientKey"`
	// The request, as far as another process can carry it out.
	Run         bool              `json:"run,omitempty"`
	Command     []string          `json:"command,omitempty"`
	Environment []envfile.Var     `json:"environment,omitempty"`
	Files       []envfile.Dialect `json:"files,omitempty"`
	KeepFiles   bool              `json:"keepFiles,omitempty"`
	Switch      Switch            `json:"switch,omitempty"`
	Proxy       string            `json:"proxy,omitempty"`
	Volumes     bool              `json:"volumes,omitempty"`
	// ServiceAccount and Readiness are the request's, too.
	ServiceAccount bool      `json:"serviceAccount,omitempty"`
	Readiness      Readiness `json:"readiness,omitempty"`
	// Opened are the tunnels that were opened since the start.
	Opened []opened `json:"opened,omitempty"`
}

// shape stands for what the dev workload is made from.
func (p *prepared) shape(agentImage string) string {
	text, err := json.Marshal([]any{agentImage, p.dev.Name, p.dev.Selector, p.dev.Container, p.dev.Reverse,
		p.dev.Labels, p.dev.Annotations, p.dev.PriorityClassName})
	if err != nil {
		return "" // plain values always marshal
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:8])
}

// adopt takes over the session that left tells of, where that is possible; false
// where it has to be given back first.
func (s *Session) adopt(ctx context.Context, left *Entry) (bool, error) {
	if left.Record.Token == "" || left.Shape == "" || left.Shape != s.run.entry.Shape || left.Restoring {
		return false, nil
	}
	secrets, err := s.run.page.private()
	if err != nil {
		return false, nil // an older tandem's, or it died before there was anything
	}
	keys, err := tunnel.LoadKeys(secrets.HostKey, secrets.ClientKey)
	if err != nil {
		return false, nil
	}
	// Claimed before anything else: the dead owner's guard looks at this.
	e := &s.run.entry
	e.Started, e.Record = left.Started, left.Record
	if err := s.run.page.write(*e); err != nil {
		return false, err
	}
	if err := process.EndLeftBehind(left.Command, process.DefaultGrace); err != nil {
		return false, err
	}
	d, err := s.prepared.cluster.Adopt(ctx, left.Record)
	if errors.Is(err, fault.SessionNotFound) || errors.Is(err, fault.TakenBack) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	s.run.touched, s.run.keys, s.run.diversion, s.run.opened = true, keys, d, secrets.Opened
	e.Record = d.Record
	s.log.Info().Time("started", left.Started).Int("pid", left.PID).Msg("continuing the session of a process that died")
	s.change(func(snap *Snapshot) { snap.Adopted = true })
	return true, nil
}

// leaveTakenBack ends a session that nobody has asked for right now and that cannot
// be continued because its workload was given back in the cluster: to divert that
// again would be news to everybody.
func (s *Session) leaveTakenBack(ctx context.Context, left *Entry) error {
	if !s.request.unasked {
		return nil
	}
	why := s.prepared.cluster.TakenBack(ctx, left.Record)
	if !errors.Is(why, fault.TakenBack) {
		return nil
	}
	err := s.manager.undo(ctx, left, func(ctx context.Context, c *cluster.Cluster) error { return c.Restore(ctx, left.Record) })
	if err != nil {
		return err
	}
	s.run.owed = false
	return why
}

// savePrivate writes down what a successor needs.
func (s *Session) savePrivate() error {
	r := s.request
	return s.run.page.writePrivate(private{
		HostKey: s.run.keys.HostPrivatePEM, ClientKey: s.run.keys.ClientPrivatePEM,
		Run: r.Run, Command: r.Command, Environment: r.Environment, Files: r.Files, KeepFiles: r.KeepFiles, Switch: r.Switch,
		Proxy: r.Proxy, Volumes: r.Volumes, ServiceAccount: r.ServiceAccount, Readiness: r.Readiness, Opened: s.run.opened,
	})
}

// Left is a session that has lost its process and stands in the cluster.
type Left struct {
	ID       string
	Manifest string // absolute path
	Dev      string
	// Workload is "Kind/name", Namespace where it is.
	Workload, Namespace string
	Started             time.Time
	PID                 int // of the process that died
	// Role is what that process was: "serve" or "up".
	Role string
	// Restoring says that the guard is giving the workload back right now.
	Restoring bool
}

// Recoverable lists the sessions of this machine's journal that have lost their
// process. Entries that cannot be read come back as the error, beside the rest.
func (m *Manager) Recoverable() ([]Left, error) {
	entries, err := m.journal.entries()
	all := []Left{}
	for _, e := range entries {
		if e.live && !e.Restoring {
			continue
		}
		all = append(all, Left{ID: e.ID, Manifest: e.Manifest, Dev: e.Dev, Workload: e.Record.Kind + "/" + e.Record.Name,
			Namespace: e.Record.Namespace, Started: e.Started, PID: e.PID, Role: e.Role, Restoring: e.Restoring})
	}
	slices.SortFunc(all, func(a, b Left) int { return strings.Compare(a.ID, b.ID) })
	return all, err
}

// Recovery is what is to become of a session that has lost its process.
type Recovery string

const (
	// Adopt continues it in this process, with its dev pod as it is.
	Adopt Recovery = "adopt"
	// Restore gives the workload back.
	Restore Recovery = "restore"
)

// Recover adopts or restores a session that has lost its process. An adopted
// session is returned once it is ready; one that cannot be continued, because its
// dev workload is gone or its manifest has changed, is given back and started
// anew. The snapshot of a restored one has its workload and is
// otherwise empty.
func (m *Manager) Recover(ctx context.Context, id string, how Recovery, progress func(string)) (Snapshot, error) {
	left, err := m.left(id)
	if err != nil {
		return Snapshot{}, err
	}
	switch how {
	case Restore:
		back, err := m.downEntry(ctx, *left)
		if err != nil {
			return Snapshot{}, err
		}
		return Snapshot{Workload: &Workload{Kind: back.Kind, Name: back.Name, Container: left.Record.Container, Replicas: back.Replicas}, ID: id, State: Stopped, Since: time.Now().UTC(), Manifest: left.Manifest, Dev: left.Dev,
			Context: left.Record.Context, Namespace: left.Record.Namespace, Traffic: TrafficOriginal, Guard: GuardNone,
			Tunnels: []Tunnel{}, Env: Env{Files: []EnvFile{}, Warnings: []envfile.Warning{}}, Phases: []Phase{}, Warnings: []Warning{}}, nil
	case Adopt:
		return m.Start(ctx, m.continued(*left, progress))
	}
	return Snapshot{}, fault.New(fault.InvalidParams, "recovering session %s: %q is unknown", id, string(how)).
		Hint("%q continues it, %q gives the workload back", Adopt, Restore)
}

// left finds an entry that has no owner.
func (m *Manager) left(id string) (*foundEntry, error) {
	entries, err := m.journal.entries()
	var known []string
	for _, e := range entries {
		switch {
		case e.live:
		case e.ID == id:
			return &e, nil
		default:
			known = append(known, e.ID)
		}
	}
	if err != nil {
		return nil, err
	}
	return nil, fault.New(fault.SessionNotFound, "no session %q was left behind on this machine", id).
		Hint("session/list has those that were, as `recoverable`").With("sessions", known)
}

// continued is the request that goes on with an entry, as it was made.
func (m *Manager) continued(e foundEntry, progress func(string)) StartRequest {
	p := page{path: m.journal.base(e.Entry) + ".json"}
	secrets, err := p.private()
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		m.cfg.Logger.Warn().Err(err).Str("session", e.ID).Msg("how the session was started cannot be read")
	}
	return StartRequest{
		Manifest: e.Manifest, Dev: e.Dev, Run: secrets.Run, Command: secrets.Command, Environment: secrets.Environment,
		Files: secrets.Files, KeepFiles: secrets.KeepFiles || e.KeepFiles, Switch: secrets.Switch, Progress: progress,
		Proxy: secrets.Proxy, Volumes: secrets.Volumes, ServiceAccount: secrets.ServiceAccount, Readiness: secrets.Readiness,
		place: placeOfEntry(e.Entry),
		found: true,
	}
}

// AdoptLeft continues, one beside the other, the sessions of servers that died
// whose manifest lies in one of the folders. It waits for none of them: their
// changes tell, as those of every session do.
func (m *Manager) AdoptLeft(folders []string) {
	entries, err := m.journal.entries()
	if err != nil {
		m.cfg.Logger.Warn().Err(err).Msg("looking for sessions to continue")
	}
	for _, e := range entries {
		if e.live || e.Role != m.cfg.Role || e.Restoring || !slices.ContainsFunc(folders, func(dir string) bool { return within(dir, e.Manifest) }) {
			continue
		}
		r := m.continued(e, nil)
		r.unasked = true
		p, err := m.prepare(r)
		if err == nil && p.id == e.ID && p.cluster.Host() == e.Server {
			_, err = m.launch(p, r)
		}
		if err != nil {
			m.cfg.Logger.Warn().Err(err).Str("session", e.ID).Msg("a session that was left behind is not continued; session/recover gives it back")
		}
	}
}

// within says whether path lies in the folder or below it.
func within(dir, path string) bool {
	rel, err := filepath.Rel(dir, path)
	return err == nil && rel != ".." && !strings.HasPrefix(rel, ".."+string(filepath.Separator))
}

// restorePatience bounds the wait for a guard that is giving back what is about
// to be started again.
const restorePatience = giveBackTimeout + 15*time.Second

// begin takes the journal's page. Where a guard is at work on it, it is waited
// for; where another process of this user has it, takeover asks that one to end.
func (s *Session) begin(ctx context.Context) (*page, *Entry, error) {
	deadline := time.Now().Add(restorePatience)
	asked := false
	for {
		p, left, err := s.journal.begin(s.run.entry)
		if !errors.Is(err, fault.SessionBusy) {
			return p, left, err
		}
		holder, readErr := readEntry(s.journal.base(s.run.entry) + ".json")
		switch {
		case readErr == nil && holder.Restoring && time.Now().Before(deadline):
			s.progress("the guard gives back what a crash left behind")
		case readErr == nil && s.request.Takeover && !asked:
			s.progress("taking %s over from process %d", s.id, holder.PID)
			asked = true
			if _, err := ask(ctx, holder.Control, controlRequest{Op: opTakeover, ID: s.id, By: s.self()}); err != nil {
				return nil, nil, err
			}
		case asked && time.Now().Before(deadline): // it lets go in a moment
		default:
			return nil, nil, err
		}
		select {
		case <-time.After(100 * time.Millisecond):
		case <-ctx.Done():
			return nil, nil, ctx.Err()
		}
	}
}
