package share

import (
	"context"
	"errors"
	"net"
	"os"
	"sync"
	"time"

	"github.com/gofrs/flock"

	"github.com/tandem-dev/tandem/internal/fault"
)

// Owner is who serves, as the others see it.
type Owner struct {
	PID  int    `json:"pid"`
	Name string `json:"name"` // of the session
}

// Config is what [Join] needs. Its functions are called one at a time, by Join
// and later from the member's own goroutine; they must not call the Member.
type Config struct {
	// Path is the Unix socket's, the same for all who share; see [Path].
	Path string
	Self Owner
	// Listen binds the port where nobody has it yet.
	Listen func(context.Context) ([]net.Listener, error)
	// Lead gets the listeners to serve, also where it fails.
	Lead func([]net.Listener) error
	// Resign closes what Lead got; what was accepted may go on.
	Resign func()
	// Follow says who serves instead. It is called again when that changes.
	Follow func(Owner)
	// Failed says that nobody served any more and that taking over failed. Nothing
	// is called after it.
	Failed func(error)
}

// Member is one of those who share. Close must be called.
type Member struct {
	cfg    Config
	ctx    context.Context // ends with Close
	cancel context.CancelFunc
	done   sync.WaitGroup

	mu      sync.Mutex
	seat    *seat // where this one serves
	waiting int   // standbys of seat
	left    bool
}

// portPatience bounds how long a port is tried again that nobody of us serves: a
// standby that is about to take over has it, or a process that is just dying.
// Nothing tells when that is over.
const (
	portPatience = 500 * time.Millisecond
	portPause    = 10 * time.Millisecond
)

// Join takes part. It returns once this one serves or stands by; the error is that
// of Listen or Lead, or fault.JournalFailed where the socket's folder is of no use.
func Join(ctx context.Context, cfg Config) (*Member, error) {
	m := &Member{cfg: cfg}
	m.ctx, m.cancel = context.WithCancel(context.Background())
	up, err := m.elect(ctx, nil)
	if err != nil {
		m.cancel()
		return nil, err
	}
	if up != nil {
		m.done.Go(func() { m.standBy(up) }) // ends with Close, or once this one serves
	}
	return m, nil
}

// standBy waits for the one who serves to go, and elects, until this one serves.
func (m *Member) standBy(up *upstream) {
	for up != nil {
		stop := context.AfterFunc(m.ctx, up.close)
		up.await()
		stop()
		up.close()
		sockets := up.take()
		if m.ctx.Err() != nil {
			sockets.close()
			return
		}
		next, err := m.elect(m.ctx, sockets)
		if err != nil {
			if m.ctx.Err() == nil {
				m.cfg.Failed(err)
			}
			return
		}
		up = next
	}
}

// elect finds out who serves: nil where it is this one now, else the connection to
// who does. inherited are the listening sockets of the one who served, which elect
// takes over.
func (m *Member) elect(ctx context.Context, inherited sockets) (*upstream, error) {
	defer func() { inherited.close() }()
	deadline := time.Now().Add(portPatience)
	for {
		conn, err := m.once(ctx, &inherited)
		if conn != nil {
			up, err := greeted(ctx, conn)
			if err != nil {
				if ctx.Err() != nil {
					return nil, ctx.Err()
				}
				continue // it was about to go
			}
			m.cfg.Follow(up.owner)
			return up, nil
		}
		if err == nil || !errors.Is(err, fault.PortInUse) || time.Now().After(deadline) {
			return nil, err
		}
		select {
		case <-time.After(portPause):
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// once is one look under the lock: a connection to who serves, or neither that nor
// an error, where this one does now.
func (m *Member) once(ctx context.Context, inherited *sockets) (*net.UnixConn, error) {
	unlock, err := m.lock()
	if err != nil {
		return nil, err
	}
	defer unlock()
	var d net.Dialer
	if conn, err := d.DialContext(ctx, "unix", m.cfg.Path); err == nil {
		return conn.(*net.UnixConn), nil
	}
	if err := os.Remove(m.cfg.Path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, fault.Wrap(err, fault.JournalFailed, "removing the socket %s that a crash left", m.cfg.Path)
	}
	listeners, err := inherited.listeners()
	if err != nil || len(listeners) == 0 {
		if listeners, err = m.cfg.Listen(ctx); err != nil {
			return nil, err
		}
	}
	s, err := m.takeSeat(listeners)
	if err != nil {
		closeAll(listeners)
		return nil, err
	}
	if err := m.cfg.Lead(listeners); err != nil {
		s.leave()
		return nil, err
	}
	m.mu.Lock()
	left := m.left
	if !left {
		m.seat = s
	}
	m.mu.Unlock()
	if left { // Close came meanwhile
		m.cfg.Resign()
		s.leave()
		return nil, net.ErrClosed
	}
	return nil, nil
}

// Standbys is how many others would take over from this one.
func (m *Member) Standbys() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.waiting
}

// Close ends the part of this one: where it serves, the next takes over. It may be
// called more than once; nil is allowed.
func (m *Member) Close() {
	if m == nil {
		return
	}
	m.mu.Lock()
	s := m.seat
	m.seat, m.left = nil, true
	m.mu.Unlock()
	m.cancel()
	if s != nil {
		// Under the lock, so that nobody finds the port taken and the socket gone.
		unlock, err := m.lock()
		m.cfg.Resign()
		s.leave()
		if err == nil {
			unlock()
		}
	}
	m.done.Wait()
}

// lock waits for its turn: nobody holds it for longer than some system calls.
func (m *Member) lock() (unlock func(), err error) {
	l := flock.New(m.cfg.Path+".lock", flock.SetPermissions(0o600))
	if err := l.Lock(); err != nil {
		return nil, fault.Wrap(err, fault.JournalFailed, "locking %s", l.Path())
	}
	return func() { _ = l.Unlock() }, nil // closing it is all that could fail
}

func closeAll(listeners []net.Listener) {
	for _, l := range listeners {
		l.Close()
	}
}
