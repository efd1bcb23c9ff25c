package share

import (
	"context"
	"encoding/json"
	"errors"
	"net"
	"os"
	"sync"
	"time"

	"github.com/tandem-dev/tandem/internal/fault"
)

// seat is the Unix socket of the one who serves, with the standbys that are
// connected to it.
type seat struct {
	member   *Member
	listener *net.UnixListener
	greeting []byte
	shared   []net.Listener

	mu     sync.Mutex
	closed bool
	conns  map[*net.UnixConn]bool
	served sync.WaitGroup
}

// greetTimeout bounds the greeting between two processes of this machine.
const greetTimeout = 5 * time.Second

// maxGreeting is what a greeting may have; it goes in one message, with the
// sockets.
const maxGreeting = 4 << 10

// takeSeat opens the socket. The lock is held.
func (m *Member) takeSeat(shared []net.Listener) (*seat, error) {
	greeting, err := json.Marshal(m.cfg.Self)
	if err != nil {
		return nil, err
	}
	l, err := net.Listen("unix", m.cfg.Path)
	if err != nil {
		return nil, fault.Wrap(err, fault.JournalFailed, "opening the socket %s", m.cfg.Path)
	}
	if err := os.Chmod(m.cfg.Path, 0o600); err != nil {
		return nil, errors.Join(fault.Wrap(err, fault.JournalFailed, "closing the socket %s to others", m.cfg.Path), l.Close())
	}
	s := &seat{member: m, listener: l.(*net.UnixListener), greeting: greeting, shared: shared, conns: map[*net.UnixConn]bool{}}
	s.served.Go(s.accept)
	return s, nil
}

func (s *seat) accept() {
	for {
		conn, err := s.listener.AcceptUnix()
		if err != nil {
			return // closed
		}
		s.mu.Lock()
		if s.closed {
			s.mu.Unlock()
			conn.Close()
			return
		}
		s.conns[conn] = true
		s.served.Go(func() { s.attend(conn) })
		s.mu.Unlock()
	}
}

// attend greets one standby and stays connected until either goes.
func (s *seat) attend(conn *net.UnixConn) {
	defer func() {
		s.mu.Lock()
		delete(s.conns, conn)
		s.mu.Unlock()
		conn.Close()
	}()
	_ = conn.SetWriteDeadline(time.Now().Add(greetTimeout))
	if err := give(conn, s.greeting, s.shared); err != nil {
		return
	}
	s.count(1)
	defer s.count(-1)
	_, _ = conn.Read(make([]byte, 1)) // a standby has nothing to say: this is its end
}

func (s *seat) count(n int) {
	s.member.mu.Lock()
	s.member.waiting += n
	s.member.mu.Unlock()
}

// leave closes the socket and sends the standbys to elect. The lock is held.
func (s *seat) leave() {
	s.listener.Close() // removes it, too
	s.mu.Lock()
	s.closed = true
	for conn := range s.conns {
		conn.Close()
	}
	s.mu.Unlock()
	s.served.Wait()
}

// upstream is a standby's connection to the one who serves.
type upstream struct {
	conn    *net.UnixConn
	owner   Owner
	sockets sockets
	once    sync.Once
}

// greeted hears who is at the other end.
func greeted(ctx context.Context, conn *net.UnixConn) (*upstream, error) {
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	defer stop()
	_ = conn.SetReadDeadline(time.Now().Add(greetTimeout))
	text, given, err := take(conn)
	up := &upstream{conn: conn, sockets: given}
	if err == nil {
		err = json.Unmarshal(text, &up.owner)
	}
	if err != nil {
		given.close()
		conn.Close()
		return nil, err
	}
	_ = conn.SetReadDeadline(time.Time{})
	return up, nil
}

// await returns when the one who serves is gone, or after close.
func (u *upstream) await() {
	_, _ = u.conn.Read(make([]byte, 1)) // it has nothing more to say
}

func (u *upstream) close() { u.once.Do(func() { u.conn.Close() }) }

// take gives the inherited sockets to the caller.
func (u *upstream) take() sockets {
	given := u.sockets
	u.sockets = nil
	return given
}
