package keep

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"time"

	"github.com/gofrs/flock"
	"github.com/rs/zerolog"

	"github.com/tandem-dev/tandem/rpc"
)

// greeting is what a backend says to each connection before anything else. Its
// absence tells a pipe that nobody is there; the protocol begins after it.
const greeting = "tandem keeps\n"

// Backend serves the connections of one socket. Its exported fields are set
// before Serve and not changed after.
type Backend struct {
	// Sessions makes an engine; connections with equal settings share it.
	Sessions rpc.Factory
	// Linger is how long an engine with sessions waits for somebody to come
	// back.
	Linger time.Duration
	// Version of this build, for serverInfo.
	Version string
	// Out takes the log of the connections, as rpc.Config.Log does; Log is the
	// backend's own.
	Out io.Writer
	Log zerolog.Logger

	mu          sync.Mutex
	engines     map[string]*engine
	connections int
	ending      int            // engines that expire is closing
	expiring    sync.WaitGroup // the same
	closing     bool
	idle        chan struct{} // one place: something came to its end
}

// Serve serves the socket at path until nothing is left to do, or ctx ends; the
// sessions have been ended when it returns. A backend that nobody connects to
// within the time of firstConnection ends, too.
func (b *Backend) Serve(ctx context.Context, path string) error {
	l, err := listen(path)
	if err != nil {
		return err
	}
	b.engines = map[string]*engine{}
	b.idle = make(chan struct{}, 1)
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()

	var serving sync.WaitGroup
	serving.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return // closed below
			}
			b.count(1)
			serving.Go(func() {
				defer b.count(-1)
				b.serve(ctx, conn)
			})
		}
	})

	lonely := time.AfterFunc(firstConnection, b.maybeIdle)
	defer lonely.Stop()
	lock := flock.New(path + ".lock")
	for waiting := true; waiting; {
		select {
		case <-ctx.Done():
			waiting = false
		case <-b.idle:
			// Held, the lock says that nobody is on the way in; not to be had, that
			// somebody is, and whose end wakes us again. One that cannot even be
			// opened, because its folder was removed, keeps nobody waiting.
			if held, err := lock.TryLock(); err == nil && !held {
				lonely.Reset(firstConnection)
				continue
			}
			if waiting = b.busy(); waiting {
				_ = lock.Unlock()
			}
		}
	}
	b.mu.Lock()
	b.closing = true
	b.mu.Unlock()
	_ = l.Close() // removes the socket, too
	_ = lock.Unlock()
	cancel()
	serving.Wait()
	b.closeAll()
	b.expiring.Wait()
	return nil
}

// firstConnection is how long a backend waits for whoever started it.
const firstConnection = 30 * time.Second

func (b *Backend) serve(ctx context.Context, conn net.Conn) {
	defer conn.Close()
	if _, err := io.WriteString(conn, greeting); err != nil {
		return
	}
	s := rpc.NewServer(rpc.Config{Sessions: b.factory, Version: b.Version, Log: b.Out})
	if _, err := s.Serve(ctx, conn, conn); err != nil && !errors.Is(err, net.ErrClosed) {
		b.Log.Warn().Err(err).Msg("a connection ended")
	}
}

func (b *Backend) count(by int) {
	b.mu.Lock()
	b.connections += by
	b.mu.Unlock()
	if by < 0 {
		b.maybeIdle()
	}
}

// busy says that there is somebody or something to wait for.
func (b *Backend) busy() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.connections > 0 || len(b.engines) > 0 || b.ending > 0
}

// maybeIdle wakes Serve where nothing is left to do.
func (b *Backend) maybeIdle() {
	if b.idle == nil || b.busy() {
		return
	}
	select {
	case b.idle <- struct{}{}:
	default:
	}
}

// closeAll ends the sessions of every engine side by side.
func (b *Backend) closeAll() {
	b.mu.Lock()
	engines := b.engines
	b.engines = map[string]*engine{}
	for _, e := range engines {
		if e.linger != nil {
			e.linger.Stop()
		}
	}
	b.mu.Unlock()
	var closing sync.WaitGroup
	for _, e := range engines {
		closing.Go(func() { b.closeEngine(e) })
	}
	closing.Wait()
}

// Connect joins in and out with the backend of the socket at path, and returns
// when one side has ended. Where no backend answers, start must start one that
// will; it is called at most once.
func Connect(ctx context.Context, path string, start func() error, in io.Reader, out io.Writer) error {
	conn, err := dialOrStart(ctx, path, start)
	if err != nil {
		return err
	}
	defer conn.Close()
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	defer stop()
	go func() {
		// The end of the input is the end of what the editor says; the backend ends
		// the connection when it has answered.
		_, _ = io.Copy(conn, in)
		if w, ok := conn.(interface{ CloseWrite() error }); ok {
			_ = w.CloseWrite()
		}
	}()
	if _, err := io.Copy(out, conn); err != nil && ctx.Err() == nil {
		return fmt.Errorf("the connection to the backend broke: %w", err)
	}
	return nil
}
