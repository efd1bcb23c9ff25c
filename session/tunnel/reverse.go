package tunnel

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/crypto/ssh"

	"github.com/tandem-dev/tandem/internal/fault"
)

// ReverseSpec asks for a reverse: connections to Remote in the pod come out on
// the laptop, as connections to Local.
type ReverseSpec struct {
	// Remote is "host:port" in the pod, usually "0.0.0.0:8080"; an empty host is
	// every interface. The port cannot be 0: a Service sends to a known one.
	Remote string
	// Local is "host:port" on the laptop. "localhost" is tried as 127.0.0.1 and
	// then as ::1, because programs differ in which one they listen on.
	Local string
	// ID names the tunnel in its set; "" for the next "r1", "r2", ... A set's
	// caller gives all of them IDs or none.
	ID string
	// Optional keeps a pod that refuses the port on a later link from failing
	// [Tunnels.Rebind]: only the tunnel's own state tells.
	Optional bool
}

const (
	// unbindTimeout limits how long closing a reverse waits for the agent.
	unbindTimeout = 5 * time.Second
	// localDialTimeout matters for a Local on another machine only; on the
	// loopback the answer is immediate.
	localDialTimeout = 5 * time.Second
)

// reversing is the part of a tunnel that only reverses have.
type reversing struct {
	bindHost string // in the pod
	bindPort uint16
	dials    []string // tried in this order
	optional bool     // see ReverseSpec
	binding  sync.Mutex
}

// forwardRequest is the payload of tcpip-forward and cancel-tcpip-forward (RFC
// 4254 section 7.1).
type forwardRequest struct {
	Address string
	Port    uint32
}

// OpenReverse asks the agent to listen, and returns when it does: from then on
// connections are carried. Where the agent refuses, the tunnel is not kept and
// the error is a fault.ReverseBindFailed that names the port and the reason.
func (ts *Tunnels) OpenReverse(ctx context.Context, spec ReverseSpec) (*Tunnel, error) {
	host, port, err := splitAddress(spec.Remote)
	if err != nil || port == 0 {
		return nil, badAddress(err, "a reverse's remote address", spec.Remote)
	}
	localHost, localPort, err := splitAddress(spec.Local)
	if err != nil || localHost == "" || localPort == 0 {
		return nil, badAddress(err, "a reverse's local address", spec.Local)
	}
	r := &reversing{bindHost: host, bindPort: port, dials: []string{spec.Local}, optional: spec.Optional}
	if strings.EqualFold(localHost, "localhost") {
		digits := strconv.Itoa(int(localPort))
		r.dials = []string{net.JoinHostPort("127.0.0.1", digits), net.JoinHostPort("::1", digits)}
	}

	ts.rebinding.Lock()
	defer ts.rebinding.Unlock()
	link := ts.current()
	if !link.alive() {
		return nil, fault.New(fault.LinkFailed, "there is no link to the cluster to open a reverse for port %d on", port)
	}
	t, err := ts.add(Reverse, spec.ID, spec.Local, spec.Remote, func(t *Tunnel) { t.reverse = r })
	if err != nil {
		return nil, err
	}
	if err := t.bind(ctx, link); err != nil {
		t.Close()
		return nil, err
	}
	ts.notify.touch()
	return t, nil
}

// bind makes the pod listen, on this link.
func (t *Tunnel) bind(ctx context.Context, link *Link) error {
	r := t.reverse
	r.binding.Lock()
	defer r.binding.Unlock()
	t.cond.mu.Lock()
	idle := t.cond.closed || t.cond.paused || t.cond.bound == link
	t.cond.mu.Unlock()
	if idle {
		return nil
	}

	// The first connection may come before the answer: be ready for it.
	if !link.routes.add(t) {
		return t.bindFailed(fault.New(fault.ReverseBindFailed, "port %d of the dev container is already taken by another reverse of this session", r.bindPort).
			Hint("every remote port can be reversed once"))
	}
	bind := ssh.Marshal(forwardRequest{r.bindHost, uint32(r.bindPort)})
	ok, reason, err := link.request(ctx, "tcpip-forward", bind, func() {
		link.carrier().SendRequest("cancel-tcpip-forward", true, bind)
	})
	if err == nil && ok {
		t.cond.mu.Lock()
		t.cond.bind, t.cond.bound = nil, link
		t.cond.mu.Unlock()
		return nil
	}
	link.routes.remove(t)
	switch {
	case err != nil && ctx.Err() != nil:
		return t.bindFailed(fmt.Errorf("binding port %d of the dev container: %w", r.bindPort, err))
	case err != nil:
		return t.bindFailed(fault.Wrap(err, fault.LinkFailed, "binding port %d of the dev container", r.bindPort))
	}
	why := printable(string(reason))
	if why == "" {
		why = "the agent gave no reason"
	}
	return t.bindFailed(fault.New(fault.ReverseBindFailed, "port %d of the dev container cannot be bound: %s", r.bindPort, why).
		With("port", int(r.bindPort)).
		Hint("%s", bindHint(why, r.bindPort)))
}

// bindHint says what to do about an agent's reason; see agent.BindReason.
func bindHint(why string, port uint16) string {
	if port < 1024 && strings.Contains(why, "permission denied") {
		return fmt.Sprintf("the dev container may bind ports below 1024 where the manifest's `reverse` has one: declare %d there", port)
	}
	return fmt.Sprintf("is port %d taken by a sidecar?", port)
}

func (t *Tunnel) bindFailed(err error) error {
	t.cond.mu.Lock()
	t.cond.bind, t.cond.bound = err, nil
	t.cond.mu.Unlock()
	return err
}

// Pause gives a reverse's port back to the pod, also on later links, until Resume:
// connections to it are refused there. What is carried goes on.
func (t *Tunnel) Pause() {
	t.cond.mu.Lock()
	t.cond.paused = true
	t.cond.mu.Unlock()
	t.unbind()
	t.set.notify.touch()
}

// Resume binds the port again, now or, where there is no link, on the next one. The
// error is that of OpenReverse.
func (t *Tunnel) Resume(ctx context.Context) error {
	t.set.rebinding.Lock()
	defer t.set.rebinding.Unlock()
	t.cond.mu.Lock()
	t.cond.paused = false
	t.cond.mu.Unlock()
	defer t.set.notify.touch()
	link := t.set.current()
	if !link.alive() {
		return nil
	}
	return t.bind(ctx, link)
}

// Paused says whether a reverse is paused.
func (t *Tunnel) Paused() bool {
	t.cond.mu.Lock()
	defer t.cond.mu.Unlock()
	return t.cond.paused
}

// unbind takes the port back from the agent, where it holds it.
func (t *Tunnel) unbind() {
	r := t.reverse
	r.binding.Lock()
	defer r.binding.Unlock()
	t.cond.mu.Lock()
	link := t.cond.bound
	t.cond.bound = nil
	t.cond.mu.Unlock()
	if link == nil {
		return
	}
	if link.alive() {
		ctx, cancel := context.WithTimeout(link.ctx, unbindTimeout)
		defer cancel()
		link.request(ctx, "cancel-tcpip-forward", ssh.Marshal(forwardRequest{r.bindHost, uint32(r.bindPort)}), nil)
	}
	link.routes.remove(t)
}

// routes finds the reverse that an incoming connection belongs to.
type routes struct {
	mu       sync.Mutex
	reverses []*Tunnel
}

// add fails where the same address and port is taken.
func (rs *routes) add(t *Tunnel) bool {
	rs.mu.Lock()
	defer rs.mu.Unlock()
	for _, other := range rs.reverses {
		if other.reverse.bindPort == t.reverse.bindPort && other.reverse.bindHost == t.reverse.bindHost {
			return false
		}
	}
	rs.reverses = append(rs.reverses, t)
	return true
}

func (rs *routes) remove(t *Tunnel) {
	rs.mu.Lock()
	rs.reverses = slices.DeleteFunc(rs.reverses, func(other *Tunnel) bool { return other == t })
	rs.mu.Unlock()
}

// find matches by port. The address decides only between two reverses of one
// port, because servers differ in how they write it: as it was requested, or as
// the one that was connected to.
func (rs *routes) find(address string, port uint32) *Tunnel {
	rs.mu.Lock()
	defer rs.mu.Unlock()
	var found *Tunnel
	for _, t := range rs.reverses {
		switch {
		case uint32(t.reverse.bindPort) != port:
		case t.reverse.bindHost == address:
			return t
		case found == nil:
			found = t
		}
	}
	return found
}

// dispatch gives an incoming forwarded-tcpip channel to its reverse. It does not
// block: the link's whole traffic waits behind it.
func (rs *routes) dispatch(link *Link, incoming ssh.NewChannel) {
	var open directOpen // forwarded-tcpip has the same four fields
	if err := ssh.Unmarshal(incoming.ExtraData(), &open); err != nil {
		incoming.Reject(ssh.ConnectionFailed, "malformed request")
		return
	}
	t := rs.find(open.Host, open.Port)
	if t == nil || !t.spawn(func() { t.carryIn(link, incoming) }) {
		incoming.Reject(ssh.Prohibited, fmt.Sprintf("no reverse for port %d", open.Port))
	}
}

// carryIn carries one connection from the cluster to the local program. Where
// nothing listens it is refused at once: the caller in the cluster gets a
// connection that closes, not one that hangs.
func (t *Tunnel) carryIn(link *Link, incoming ssh.NewChannel) {
	local, err := t.dialLocal()
	if err != nil {
		incoming.Reject(ssh.ConnectionFailed, "nothing listens on the laptop")
		if t.ctx.Err() == nil {
			t.refused(err)
		}
		return
	}
	ch, reqs, err := incoming.Accept()
	if err != nil {
		reset(local)
		return
	}
	t.carry(local, ch, reqs, link)
}

func (t *Tunnel) dialLocal() (*net.TCPConn, error) {
	ctx, cancel := context.WithTimeout(t.ctx, localDialTimeout)
	defer cancel()
	var d net.Dialer
	var first error
	for _, address := range t.reverse.dials {
		conn, err := d.DialContext(ctx, "tcp", address)
		if err == nil {
			return conn.(*net.TCPConn), nil
		}
		// The first address is the one people mean; that the machine has no
		// second one is no news.
		if first == nil || isAddressMissing(first) {
			first = err
		}
	}
	if isRefused(first) {
		return nil, fmt.Errorf("nothing listens on %s", t.local)
	}
	var op *net.OpError
	if errors.As(first, &op) {
		first = op.Err
	}
	return nil, fmt.Errorf("connecting to %s: %w", t.local, first)
}
