package faults

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tandem-dev/tandem/e2e/harness"
	"github.com/tandem-dev/tandem/rpc/protocol"
)

// soak says how much: TANDEM_SOAK=long is `make soak`; without it a taste, so that
// what would grow with every session or connection shows in everybody's tests.
func soak(long, short int) int {
	if n, err := strconv.Atoi(os.Getenv("TANDEM_SOAK_COUNT")); err == nil && n > 0 {
		return n
	}
	if os.Getenv("TANDEM_SOAK") == "long" {
		return long
	}
	return short
}

// weight is what a process holds.
type weight struct {
	resident int64 // bytes
	files    int
	threads  int
}

func (w weight) String() string {
	return fmt.Sprintf("%.1f MB, %d file descriptors, %d threads", float64(w.resident)/1e6, w.files, w.threads)
}

func weigh(t *testing.T, pid int) weight {
	t.Helper()
	var w weight
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	must(t, err)
	for line := range strings.Lines(string(status)) {
		var kib int64
		if _, err := fmt.Sscanf(line, "VmRSS: %d kB", &kib); err == nil {
			w.resident = kib << 10
		}
		_, _ = fmt.Sscanf(line, "Threads: %d", &w.threads) // another line
	}
	files, err := filepath.Glob(fmt.Sprintf("/proc/%d/fd/*", pid))
	must(t, err)
	w.files = len(files)
	if w.resident == 0 || w.files == 0 {
		t.Fatalf("process %d holds %s", pid, w)
	}
	return w
}

// requireFlat wants a process to hold, after many times the same, what it held after
// a few of them: no file descriptor more than the slack that connections to the API
// server make, and no memory more than the garbage collector's.
func requireFlat(t *testing.T, what string, warm, end weight) {
	t.Helper()
	t.Logf("%s: warm %s; at the end %s", what, warm, end)
	if end.files > warm.files+8 {
		t.Errorf("%s: %d file descriptors at the end, %d when warm", what, end.files, warm.files)
	}
	if most := warm.resident + warm.resident/2 + 16<<20; end.resident > most {
		t.Errorf("%s: %.1f MB at the end, %.1f MB when warm", what, float64(end.resident)/1e6, float64(warm.resident)/1e6)
	}
}

// soakPatience is for a start or a stop while many others go on.
const soakPatience = 3 * time.Minute

// Many sessions, side by side and one after another, against one server.
func TestSoakSessions(t *testing.T) {
	if os.Getenv("TANDEM_SOAK") != "long" {
		t.Parallel()
	}
	total := soak(2000, 6)
	const atOnce = 6
	lanes := min(atOnce, total/3)
	image := partyImage(t)
	ns := harness.NewBareNamespace(t)
	var manifest strings.Builder
	manifest.WriteString("dev:\n")
	for lane := range lanes {
		name := fmt.Sprintf("lane%d", lane)
		deploy(ns, name, image, 1)
		port := harness.FreePort(t)
		fmt.Fprintf(&manifest, "  %s:\n    mode: hybrid\n    command: [%q, -http, \"localhost:%d\", -echo, \"localhost:0\", -where, local]\n    reverse: [\"8080:%d\"]\n    forward: [\"%d:%s:80\"]\n",
			name, partyProgram(t), port, port, harness.FreePort(t), name)
	}
	ws := harness.NewBareWorkspace(t, ns, manifest.String())
	harness.Eventually(t, "the workloads", ns.Settled)
	before := ns.State()
	c := harness.ServeWith(ws, harness.Options{Initialization: protocol.InitializationOptions{LogLevel: "warn"}})

	var ended atomic.Int64
	var starting, stopping atomic.Int64 // nanoseconds, summed
	var warm weight
	warmed := make(chan struct{})
	warmAt := int64(max(lanes, min(total/10, 50)))
	began := time.Now()
	var all sync.WaitGroup
	for lane := range lanes {
		all.Go(func() {
			for n := lane; n < total && !t.Failed(); n += lanes {
				at := time.Now()
				var snap protocol.Snapshot
				if err := c.Go(protocol.MethodSessionStart, c.StartParams(fmt.Sprintf("lane%d", lane)), &snap).WaitWithin(soakPatience); err != nil {
					t.Errorf("session %d: %s", n, harness.Describe(err))
					return
				}
				starting.Add(int64(time.Since(at)))
				at = time.Now()
				if err := c.Go(protocol.MethodSessionStop, protocol.SessionStopParams{ID: snap.ID}, nil).WaitWithin(soakPatience); err != nil {
					t.Errorf("session %d: %s", n, harness.Describe(err))
					return
				}
				stopping.Add(int64(time.Since(at)))
				switch done := ended.Add(1); {
				case done == warmAt:
					warm = weigh(t, c.PID())
					close(warmed)
				case done%100 == 0:
					fmt.Fprintf(os.Stderr, "%d sessions in %s: %s\n", done, time.Since(began).Round(time.Second), weigh(t, c.PID()))
				}
			}
		})
	}
	all.Wait()
	if t.Failed() {
		return
	}
	<-warmed
	took := time.Since(began)
	t.Logf("%d sessions, %d at once, in %s: %.2f a second; a start took %s, a stop %s", total, lanes, took.Round(time.Second),
		float64(total)/took.Seconds(), time.Duration(starting.Load()/int64(total)).Round(time.Millisecond), time.Duration(stopping.Load()/int64(total)).Round(time.Millisecond))
	requireFlat(t, "the server, after "+strconv.Itoa(total)+" sessions", warm, weigh(t, c.PID()))
	ns.AwaitState(before)
	ws.RequireNoTrace()
}

// Many short connections through one forward.
func TestSoakConnections(t *testing.T) {
	if os.Getenv("TANDEM_SOAK") != "long" {
		t.Parallel()
	}
	total := soak(1_000_000, 10_000)
	s := stage(t, options{fault: "soak"})
	s.c = harness.ServeWith(s.ws, harness.Options{Initialization: protocol.InitializationOptions{LogLevel: "warn"}})
	s.ready = s.c.MustStart(original)
	address := ""
	for _, tunnel := range s.ready.Tunnels {
		if tunnel.Kind == "forward" && strings.HasSuffix(tunnel.Remote, ":9000") {
			address = tunnel.Local
		}
	}
	if address == "" {
		t.Fatalf("no forward to the echo among %+v", s.ready.Tunnels)
	}
	harness.Eventually(t, "the echo through the forward", func(ctx context.Context) error { return word(ctx, address, 0) })
	const atOnce = 32
	var next, failed atomic.Int64
	var failure atomic.Pointer[error]
	run := func(until int64) {
		var all sync.WaitGroup
		for range atOnce {
			all.Go(func() {
				for n := next.Add(1); n <= until; n = next.Add(1) {
					if err := word(t.Context(), address, n); err != nil {
						failed.Add(1)
						failure.Store(&err)
					}
					if n%100_000 == 0 {
						fmt.Fprintf(os.Stderr, "%d connections, %d failed: %s\n", n, failed.Load(), weigh(t, s.c.PID()))
					}
				}
			})
		}
		all.Wait()
		next.Store(until)
	}
	run(int64(total / 10))
	warm := weigh(t, s.c.PID())
	began := time.Now()
	run(int64(total))
	took := time.Since(began)
	t.Logf("%d connections, %d at once, %.0f a second", total, atOnce, float64(total-total/10)/took.Seconds())
	if n := failed.Load(); n > 0 {
		t.Errorf("%d of %d connections failed, the last one: %v", n, total, *failure.Load())
	}
	requireFlat(t, "the server, after "+strconv.Itoa(total)+" connections", warm, weigh(t, s.c.PID()))
	s.c.MustStop(s.ready.ID)
	s.ns.AwaitState(s.before)
	s.ws.RequireNoTrace()
}

// word makes one connection, says a word, ends its side, and wants the word and
// then the end back. Each comes from one of many loopback addresses, because the
// kernel keeps the port of a connection that has ended for a minute.
func word(ctx context.Context, address string, n int64) error {
	d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 1, byte(n/200%200), byte(1+n%200))}}
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	conn, err := d.DialContext(ctx, "tcp4", address)
	if err != nil {
		return err
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(30 * time.Second)); err != nil {
		return err
	}
	said := strconv.AppendInt(nil, n, 10)
	if _, err := conn.Write(said); err != nil {
		return err
	}
	if err := conn.(*net.TCPConn).CloseWrite(); err != nil {
		return err
	}
	heard, err := io.ReadAll(conn)
	if err == nil && string(heard) != string(said) {
		err = errors.New("heard " + strconv.Quote(string(heard)) + ", said " + strconv.Quote(string(said)))
	}
	return err
}
