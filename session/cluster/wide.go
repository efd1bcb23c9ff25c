package cluster

import (
	"bufio"
	"context"
	"net"
	"sync"
)

const (
	// wideBuffer is how much one system call moves at most: TLS reads and writes
	// its records of 16 KiB one by one.
	wideBuffer = 128 << 10
)

// wide makes connections whose reads and writes are joined below TLS. Half of the
// processor time of a transfer are system calls, here and at every process on the
// way, which gets what it reads in larger pieces.
func wide(dial func(context.Context, string, string) (net.Conn, error)) func(context.Context, string, string) (net.Conn, error) {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := dial(ctx, network, address)
		if err != nil {
			return nil, err
		}
		w := &wideConn{Conn: conn, in: bufio.NewReaderSize(conn, wideBuffer/2)}
		w.work, w.room = sync.NewCond(&w.mu), sync.NewCond(&w.mu)
		go w.carry()
		return w, nil
	}
}

// wideConn writes from a goroutine of its own, which ends with Close or a failed
// write; what waits goes in one write.
type wideConn struct {
	net.Conn
	in *bufio.Reader

	mu         sync.Mutex
	work, room *sync.Cond
	queue      []byte
	err        error
}

func (w *wideConn) Read(p []byte) (int, error) { return w.in.Read(p) }

func (w *wideConn) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for len(w.queue) >= wideBuffer && w.err == nil {
		w.room.Wait()
	}
	if w.err != nil {
		return 0, w.err
	}
	w.queue = append(w.queue, p...)
	w.work.Signal()
	return len(p), nil
}

func (w *wideConn) carry() {
	var batch []byte
	for {
		w.mu.Lock()
		for len(w.queue) == 0 && w.err == nil {
			w.work.Wait()
		}
		if len(w.queue) == 0 {
			w.mu.Unlock()
			return
		}
		batch, w.queue = w.queue, batch[:0]
		w.room.Broadcast()
		w.mu.Unlock()
		if _, err := w.Conn.Write(batch); err != nil {
			w.end(err)
			return
		}
	}
}

func (w *wideConn) end(err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.err == nil {
		w.err = err
	}
	w.work.Broadcast()
	w.room.Broadcast()
}

// Close ends the connection. What was written before it, TLS's farewell at most,
// may be lost.
func (w *wideConn) Close() error {
	w.end(net.ErrClosed)
	return w.Conn.Close()
}
