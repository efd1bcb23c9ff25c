package tunnel

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// tortureBytes is how much goes each way: TANDEM_TORTURE_MIB (make torture: 1024),
// or little enough for every day.
func tortureBytes(t *testing.T) int64 {
	text := os.Getenv("TANDEM_TORTURE_MIB")
	if text == "" {
		return 64 << 20
	}
	n, err := strconv.ParseInt(text, 10, 32)
	if err != nil {
		t.Fatal(err)
	}
	return n << 20
}

// Through every data plane, forwards and reverses at once: connections of random
// sizes are opened, half-closed by either end first, and reset by either end in the
// midst, while the link is cut three times. Every byte must be right at its place.
// A connection that nobody cut must come to its end; one that was cut must show an
// error at each end that was not done with it, and never an end of file.
func TestTorture(t *testing.T) {
	for _, plane := range []DataPlane{Direct, SSH} {
		t.Run(string(plane), func(t *testing.T) { torture(t, plane, tortureBytes(t)) })
	}
}

// ordeal is what one connection goes through; the client sends it first.
type ordeal struct {
	Seed     uint64
	Up, Down int64
	// Reset is how many bytes the one who resets reads before: the client where it
	// is positive, the server where it is negative, nobody where it is 0.
	Reset int64
	// Cuts is the count of the [cutter] when it began.
	Cuts int64
}

// noise is the content of one direction.
func (o ordeal) noise(direction byte) io.Reader {
	var seed [32]byte
	binary.BigEndian.PutUint64(seed[:], o.Seed)
	seed[31] = direction
	return rand.NewChaCha8(seed)
}

// fate is what became of one end of a connection.
type fate struct{ read, written error }

// errSilence is an end of file where there should be more.
var errSilence = errors.New("an end of file in the midst")

// endure is one end's part: it sends size bytes of noise and the end of file, and
// reads want bytes and the end of file. After resetAfter bytes read, where that is
// more than 0, it resets.
func (o ordeal) endure(c *net.TCPConn, send, want int64, sendNoise, wantNoise byte, resetAfter int64) (f fate) {
	var writing sync.WaitGroup
	writing.Go(func() {
		_, f.written = io.CopyN(struct{ io.Writer }{c}, o.noise(sendNoise), send)
		if f.written == nil {
			f.written = c.CloseWrite()
		}
	})
	limit := want
	if resetAfter > 0 {
		limit = min(want, resetAfter)
	}
	f.read = compare(c, o.noise(wantNoise), limit)
	switch {
	case resetAfter > 0:
		reset(c)
	case f.read == nil:
		if n, err := c.Read(make([]byte, 1)); n > 0 {
			f.read = errors.New("more bytes than were sent")
		} else if err != io.EOF {
			f.read = err
		}
	}
	writing.Wait()
	return f
}

// compare reads n bytes and wants them to be those of noise.
func compare(r io.Reader, noise io.Reader, n int64) error {
	got, want := make([]byte, 32<<10), make([]byte, 32<<10)
	for at := int64(0); at < n; {
		m, err := r.Read(got[:min(int64(len(got)), n-at)])
		if _, err := io.ReadFull(noise, want[:m]); err != nil {
			return err
		}
		if !bytes.Equal(got[:m], want[:m]) {
			return fmt.Errorf("a wrong byte after %d of %d", at, n)
		}
		at += int64(m)
		switch {
		case at == n:
		case err == io.EOF:
			return fmt.Errorf("%w: %d of %d bytes", errSilence, at, n)
		case err != nil:
			return err
		}
	}
	return nil
}

// judge says what was wrong with an end's fate. excused is a reason for errors: a
// reset or a cut.
func (f fate) judge(excused bool) error {
	var lost net.Error
	switch {
	case f.read == nil && f.written == nil:
		return nil
	case errors.As(f.read, &lost) && lost.Timeout(), errors.As(f.written, &lost) && lost.Timeout():
		return fmt.Errorf("it hangs: %v, %v", f.read, f.written)
	case errors.Is(f.read, errSilence) && f.written != nil && excused:
		return nil // the kernel tells of a reset once: here the writer has heard of it
	case errors.As(f.read, &lost) && excused, f.read == nil && excused:
		return nil
	}
	return fmt.Errorf("reading: %v, writing: %v", f.read, f.written)
}

// cutter makes connections that can all be cut at once.
type cutter struct {
	mu    sync.Mutex
	conns []net.Conn
	// count goes up when the link is cut, and again when there is a new one: it is
	// odd in between.
	count atomic.Int64
}

// excuses says that something that began at a count may have been cut.
func (c *cutter) excuses(began int64) bool { return began%2 == 1 || c.count.Load() != began }

func (c *cutter) keep(conn net.Conn, err error) (net.Conn, error) {
	if err == nil {
		c.mu.Lock()
		c.conns = append(c.conns, conn)
		c.mu.Unlock()
	}
	return conn, err
}

func (c *cutter) cut() {
	c.count.Add(1)
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, conn := range c.conns {
		conn.Close()
	}
	c.conns = nil
}

func torture(t *testing.T, plane DataPlane, total int64) {
	const (
		workers  = 8
		cuts     = 3
		patience = 2 * time.Minute
		largest  = 4 << 20
	)
	var cutter cutter
	pod := startPod(t, nil)
	cfg := pod.config()
	cfg.DataPlane = plane
	cfg.Dial = func(ctx context.Context) (net.Conn, error) { return cutter.keep(pod.dial(ctx)) }
	cfg.DialPort = func(ctx context.Context, port int) (net.Conn, error) { return cutter.keep(pod.dialPort(ctx, port)) }

	var up, down, finished, excused atomic.Int64
	var serving sync.WaitGroup // a client may be done while its bytes are on the way
	target := serveTCP(t, func(c *net.TCPConn) {
		serving.Add(1)
		defer serving.Done()
		c.SetDeadline(time.Now().Add(patience))
		var o ordeal
		began := cutter.count.Load()
		if err := binary.Read(c, binary.BigEndian, &o); err != nil {
			if !cutter.excuses(began) && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
				t.Errorf("the server got no order: %v", err)
			}
			return
		}
		f := o.endure(c, o.Down, o.Up, 'd', 'u', -o.Reset)
		if err := f.judge(o.Reset != 0 || cutter.excuses(o.Cuts)); err != nil {
			t.Errorf("the server's end of %+v: %v", o, err)
		}
	})
	set := NewTunnels(Options{})
	defer set.Close()
	link := connect(t, cfg)
	if err := set.Rebind(t.Context(), link); err != nil {
		t.Fatal(err)
	}
	forward, err := set.OpenForward(t.Context(), ForwardSpec{Listen: "127.0.0.1:0", Remote: target})
	if err != nil {
		t.Fatal(err)
	}
	remote := freePort(t)
	if _, err := set.OpenReverse(t.Context(), ReverseSpec{Remote: remote, Local: target}); err != nil {
		t.Fatal(err)
	}
	addresses := []string{forward.State().Local, remote}

	var all sync.WaitGroup
	for w := range workers {
		random := rand.New(rand.NewPCG(1, uint64(w)))
		all.Go(func() {
			for (up.Load() < total || down.Load() < total) && !t.Failed() {
				o := ordeal{Seed: random.Uint64(), Up: random.Int64N(largest), Down: random.Int64N(largest), Cuts: cutter.count.Load()}
				switch random.IntN(10) {
				case 0:
					o.Reset = 1 + random.Int64N(o.Down+1)
				case 1:
					o.Reset = -1 - random.Int64N(o.Up+1)
				case 2:
					o.Up = 0 // it is half-closed at once
				case 3:
					o.Down = 0
				}
				conn, err := net.Dial("tcp", addresses[random.IntN(2)])
				if err != nil { // the pod does not listen while there is no link
					time.Sleep(10 * time.Millisecond)
					continue
				}
				c := conn.(*net.TCPConn)
				c.SetDeadline(time.Now().Add(patience))
				var f fate
				if f.written = binary.Write(c, binary.BigEndian, o); f.written == nil {
					f = o.endure(c, o.Up, o.Down, 'u', 'd', o.Reset)
				}
				c.Close()
				if err := f.judge(o.Reset != 0 || cutter.excuses(o.Cuts)); err != nil {
					t.Errorf("the client's end of %+v: %v", o, err)
				}
				if f == (fate{}) && o.Reset == 0 {
					finished.Add(1)
					up.Add(o.Up)
					down.Add(o.Down)
				} else {
					excused.Add(1)
				}
			}
		})
	}
	// The link is cut when a part of the whole has arrived, and made again.
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		all.Wait()
	}()
	for n := int64(1); n <= cuts; n++ {
		for up.Load() < n*total/(cuts+1) {
			select {
			case <-ended:
			case <-time.After(time.Millisecond):
				continue
			}
			break
		}
		cutter.cut()
		<-link.Done()
		next, err := Connect(t.Context(), cfg)
		if err != nil {
			t.Fatal(err)
		}
		link.Close()
		link = next
		t.Cleanup(func() { next.Close() })
		if err := set.Rebind(t.Context(), link); err != nil {
			t.Fatal(err)
		}
		cutter.count.Add(1)
	}
	<-ended
	serving.Wait()
	t.Logf("%s: %d connections came to their end, %d MiB up, %d MiB down; %d were reset or cut", plane, finished.Load(), up.Load()>>20, down.Load()>>20, excused.Load())
	if finished.Load() == 0 || excused.Load() == 0 {
		t.Error("the torture was none")
	}
}
