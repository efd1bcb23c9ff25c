package traffic

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"sync"
	"syscall"
	"time"
)

// How a stream may end that it never should.
var (
	errTruncated = errors.New("it ended in the middle as if it were complete")
	errCorrupt   = errors.New("other bytes came back than were sent")
	errMissing   = errors.New("bytes were missing at its end")
)

const (
	// streams run side by side, each with a block after every pause.
	streams    = 2
	block      = 16 << 10
	blockPause = 50 * time.Millisecond
	// standsAfter is when a stream counts as standing still, which is no failure.
	standsAfter = time.Second
	// dialPatience bounds one try to open a stream, and dialBeside is when the next one
	// begins beside it, as many clients do it (RFC 8305): one that hangs, because it
	// leads to a pod that is no more, must not hide that another would succeed.
	dialPatience = 3 * time.Second
	dialBeside   = 250 * time.Millisecond
	// again is the pause before a stream that broke is opened once more.
	again = 100 * time.Millisecond
	// lastWords bounds the end of a stream, once nothing more is sent.
	lastWords = 20 * time.Second
)

// echo returns what it is sent, and the end of it.
func echo(conn net.Conn) {
	defer conn.Close()
	if _, err := io.Copy(conn, conn); err != nil {
		// A break must look like one to the other side, too.
		if tcp, ok := conn.(*net.TCPConn); ok {
			_ = tcp.SetLinger(0)
		}
		return
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.CloseWrite()
	}
}

// keepStreaming has one stream to an echo open until ctx ends.
func keepStreaming(ctx context.Context, b *book, n int, address string, ending time.Duration) {
	for ctx.Err() == nil {
		conn, err := dial(ctx, address)
		if err == nil {
			b.opened(n, conn.LocalAddr().String())
			err = stream(ctx, b, n, conn.(*net.TCPConn), ending)
			b.ended(n, err)
		}
		if err != nil {
			pause(ctx, again)
		}
	}
}

// dial opens a connection; while a try hangs others begin beside it, and the first
// that succeeds counts. It joins them all.
func dial(ctx context.Context, address string) (net.Conn, error) {
	type outcome struct {
		conn net.Conn
		err  error
	}
	// The kernel repeats what a break swallowed of a dial less and less often: after a
	// minute it would be up to another one late.
	ctx, cancel := context.WithTimeout(ctx, dialPatience)
	var tries sync.WaitGroup
	ended := make(chan outcome)
	try := func() {
		tries.Go(func() { // ends with the dial, which ctx bounds
			var d net.Dialer
			conn, err := d.DialContext(ctx, "tcp", address)
			select {
			case ended <- outcome{conn, err}:
			case <-ctx.Done():
				if conn != nil {
					conn.Close()
				}
			}
		})
	}
	defer tries.Wait()
	defer cancel()
	beside := time.NewTicker(dialBeside)
	defer beside.Stop()
	try()
	for {
		select {
		case first := <-ended:
			return first.conn, first.err
		case <-beside.C:
			try()
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

func pause(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	}
}

// stream sends noise until ctx ends, then the end, and compares what comes back.
// Its error says how it broke.
func stream(ctx context.Context, b *book, n int, conn *net.TCPConn, ending time.Duration) error {
	defer conn.Close()
	seed := [32]byte{}
	for i := range seed {
		seed[i] = byte(rand.Uint32())
	}
	sent := &tally{}
	writing, stop := context.WithCancel(ctx)
	defer stop()
	var writer sync.WaitGroup
	writer.Go(func() { // ends with ctx, or with the connection, which the reader closes
		if err := sendNoise(writing, conn, rand.NewChaCha8(seed), sent); err != nil {
			sent.fail(err) // what it meant is said aloud then, whatever the reader sees
			return
		}
		sent.finish()
		_ = conn.SetReadDeadline(time.Now().Add(ending))
		_ = conn.CloseWrite()
	})
	err := compareNoise(ctx, b, n, conn, rand.NewChaCha8(seed), sent)
	stop()
	conn.Close()
	writer.Wait()
	// The kernel tells of a reset once: where the writer has heard it, the reader meets
	// an end. A write after an end that came first fails with EPIPE instead
	// (tcp_reset in net/ipv4/tcp_input.c).
	if _, _, failure := sent.get(); err == errTruncated && errors.Is(failure, syscall.ECONNRESET) {
		return failure
	}
	return err
}

// tally is how much a stream has sent.
type tally struct {
	mu       sync.Mutex
	bytes    int64
	finished bool
	failure  error // of a write
}

func (t *tally) add(n int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.bytes += int64(n)
}

func (t *tally) finish() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.finished = true
}

func (t *tally) fail(err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.failure = err
}

func (t *tally) get() (bytes int64, finished bool, failure error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.bytes, t.finished, t.failure
}

// sendNoise sends blocks until ctx ends. A write may wait for as long as it takes:
// there is no idle timeout on data.
func sendNoise(ctx context.Context, conn *net.TCPConn, noise io.Reader, sent *tally) error {
	text := make([]byte, block)
	for ctx.Err() == nil {
		_, _ = noise.Read(text) // ChaCha8 never fails and always fills
		// Counted first: an echo may be here before Write returns.
		sent.add(len(text))
		if _, err := conn.Write(text); err != nil {
			return err
		}
		pause(ctx, blockPause)
	}
	return nil
}

// compareNoise reads to the end and compares.
func compareNoise(ctx context.Context, b *book, n int, conn *net.TCPConn, noise io.Reader, sent *tally) error {
	got, want := make([]byte, block), make([]byte, block)
	var total int64
	stands := time.AfterFunc(standsAfter, func() { b.stands(n) })
	defer stands.Stop()
	for {
		k, err := conn.Read(got)
		if k > 0 {
			_, _ = io.ReadFull(noise, want[:k]) // never fails
			if !bytes.Equal(got[:k], want[:k]) {
				return errCorrupt
			}
			total += int64(k)
			stands.Reset(standsAfter)
			b.moved(n, k)
		}
		if err == nil {
			continue
		}
		all, finished, failure := sent.get()
		switch {
		case failure != nil:
			return failure
		case err == io.EOF && total == all && finished:
			return nil
		case err == io.EOF && finished:
			return errMissing
		case err == io.EOF:
			return errTruncated
		case ctx.Err() != nil && total < all:
			return fmt.Errorf("at its end: %w", err)
		}
		return err
	}
}

// keepIdle opens a connection to an echo, says nothing until ctx ends, and then
// looks whether it still answers.
func keepIdle(ctx context.Context, b *book, address string, ending time.Duration) {
	var d net.Dialer
	conn, err := d.DialContext(ctx, "tcp", address)
	if err != nil {
		b.idleBroke()
		return
	}
	defer conn.Close()
	<-ctx.Done()
	_ = conn.SetDeadline(time.Now().Add(ending))
	word := []byte("still here")
	back := make([]byte, len(word))
	_, err = conn.Write(word)
	if err == nil {
		_, err = io.ReadFull(conn, back)
	}
	if err != nil || !bytes.Equal(word, back) {
		b.idleBroke()
	}
}
