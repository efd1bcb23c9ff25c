package session

import (
	"cmp"
	"context"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"sync"

	"github.com/tandem-dev/tandem/manifest"
	"github.com/tandem-dev/tandem/session/share"
	"github.com/tandem-dev/tandem/session/tunnel"
)

// The forwards of the manifest itself belong to no dev: every session of the
// manifest has them, in this process or in another one, and a local port can be
// bound once. The first session serves it, the others stand by (package share).

// TunnelStandby is the state of a forward that another session serves;
// Tunnel.Owner says which.
const TunnelStandby = "standby"

// TunnelOwner is the session that serves a shared forward.
type TunnelOwner struct {
	PID     int    `json:"pid"`
	Session string `json:"session"`
}

// beside are tunnels that are not in the session's set: shared forwards that
// another session serves, and those that cannot be had.
type beside struct {
	mu     sync.Mutex
	shared []*sharedForward
	failed []Tunnel
}

// sharedForward is this session's part in one.
type sharedForward struct {
	id, local, remote string
	member            *share.Member

	mu     sync.Mutex
	owner  *TunnelOwner // nil while this session serves
	failed error
}

// shareForward takes part in a forward of the manifest.
func (s *Session) shareForward(ctx context.Context, id string, f manifest.Forward) error {
	remote, err := s.remoteOf(ctx, f)
	if err != nil {
		return err
	}
	listen := s.prepared.listen(f)
	path, err := s.sharePath(listen, remote)
	if err != nil {
		return err
	}
	one := &sharedForward{id: id, local: listen, remote: remote}
	var serving *tunnel.Tunnel // Lead and Resign are not called at once
	changed := func(owner *TunnelOwner, failed error) {
		one.mu.Lock()
		one.owner, one.failed = owner, failed
		one.mu.Unlock()
		s.touchTunnels()
	}
	one.member, err = share.Join(ctx, share.Config{
		Path: path, Self: share.Owner{PID: os.Getpid(), Name: s.id},
		Listen: func(ctx context.Context) ([]net.Listener, error) { return tunnel.Listen(ctx, listen) },
		Lead: func(listeners []net.Listener) (err error) {
			serving, err = s.run.tunnels.OpenForward(ctx, tunnel.ForwardSpec{ID: id, Listeners: listeners, Remote: remote})
			if err == nil {
				changed(nil, nil)
			}
			return err
		},
		Resign: func() { serving.StopListening() },
		Follow: func(o share.Owner) {
			s.log.Info().Str("tunnel", id).Int("pid", o.PID).Str("by", o.Name).Msg("a forward of the manifest is served by another session")
			changed(&TunnelOwner{PID: o.PID, Session: o.Name}, nil)
		},
		Failed: func(err error) {
			s.log.Warn().Err(err).Str("tunnel", id).Msg("taking over a forward of the manifest")
			changed(nil, err)
		},
	})
	if err != nil {
		return err
	}
	s.beside.mu.Lock()
	s.beside.shared = append(s.beside.shared, one)
	s.beside.mu.Unlock()
	return nil
}

// sharePath is the meeting place of those who forward the same address here to
// the same place.
func (s *Session) sharePath(listen, remote string) (string, error) {
	return sharePath(s.cfg.StateDir, s.prepared.cluster.Host(), s.prepared.cluster.Namespace(), listen, remote)
}

func sharePath(stateDir, server, namespace, listen, remote string) (string, error) {
	return share.Path(filepath.Join(stateDir, "run"), server, namespace, listen, remote)
}

// touchTunnels has the owner show the tunnels again.
func (s *Session) touchTunnels() {
	select {
	case s.tunnelsChanged <- struct{}{}:
	default:
	}
}

// handOverForwards lets waiting sessions serve what is shared; where nobody waits
// this session's own command may still need it.
func (b *beside) handOverForwards() {
	for _, one := range b.list() {
		if one.member.Standbys() > 0 {
			one.member.Close()
		}
	}
}

// close ends this session's part in everything that is shared.
func (b *beside) close() {
	for _, one := range b.list() {
		one.member.Close()
	}
}

// leave ends its part in one; false where there is none with the id.
func (b *beside) leave(id string) bool {
	b.mu.Lock()
	i := slices.IndexFunc(b.shared, func(one *sharedForward) bool { return one.id == id })
	if i < 0 {
		b.mu.Unlock()
		return false
	}
	one := b.shared[i]
	b.shared = slices.Delete(slices.Clone(b.shared), i, i+1)
	b.mu.Unlock()
	one.member.Close()
	return true
}

func (b *beside) list() []*sharedForward {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.shared)
}

// tunnels are those that b tells of.
func (b *beside) tunnels() []Tunnel {
	b.mu.Lock()
	defer b.mu.Unlock()
	all := slices.Clone(b.failed)
	for _, one := range b.shared {
		one.mu.Lock()
		t := Tunnel{ID: one.id, Kind: Forward, Local: one.local, Remote: one.remote, State: TunnelStandby, Owner: copied(one.owner)}
		if one.failed != nil {
			t.State, t.Error = string(tunnel.StatusFailed), one.failed.Error()
		}
		shown := one.owner != nil || one.failed != nil
		one.mu.Unlock()
		if shown {
			all = append(all, t)
		}
	}
	return all
}

// allTunnels are those of the set and those that are not in it: forwards that
// another session serves, reverses that are not bound yet, what cannot be had.
// Forwards come first, then the proxy, then reverses, each in the order opened.
func (s *Session) allTunnels() []Tunnel {
	all := []Tunnel{}
	if set := s.tunnels.Load(); set != nil {
		all = tunnelsOf(set)
	}
	for _, t := range slices.Concat(s.beside.tunnels(), s.prepared.pendingTunnels()) {
		if !slices.ContainsFunc(all, func(o Tunnel) bool { return o.ID == t.ID }) {
			all = append(all, t)
		}
	}
	number := func(t Tunnel) int {
		n, _ := strconv.Atoi(t.ID[1:])
		return n
	}
	slices.SortStableFunc(all, func(a, b Tunnel) int {
		return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(number(a), number(b)))
	})
	return all
}
