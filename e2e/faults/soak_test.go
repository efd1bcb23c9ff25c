package faults

import (
	"context"
	"encoding/json"
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
// TANDEM_SOAK_COUNT=N is N of either.
func soak(long, short int) int {
	if n := number("TANDEM_SOAK_COUNT"); n > 0 {
		return n
	}
	if os.Getenv("TANDEM_SOAK") == "long" {
		return long
	}
	return short
}

// number is a variable of the environment; 0 where it is none.
func number(name string) int {
	n, err := strconv.Atoi(os.Getenv(name))
	if err != nil {
		return 0
	}
	return n
}

// mostLanes keeps the pods of all sessions, two or three each while they change, below
// the 110 that a node takes by default.
const mostLanes = 30

// lanesOf is how many sessions run at a time: TANDEM_SOAK_LANES, or what two cores
// keep up with.
func lanesOf(total int) int {
	lanes := 6
	if n := number("TANDEM_SOAK_LANES"); n > 0 {
		lanes = min(n, mostLanes)
	}
	return max(1, min(lanes, total/3))
}

// weight is what a process holds.
type weight struct {
	resident   int64 // bytes
	files      int
	threads    int
	goroutines int // 0 where it was not asked
}

func (w weight) String() string {
	text := fmt.Sprintf("%.1f MB, %d file descriptors, %d threads", float64(w.resident)/1e6, w.files, w.threads)
	if w.goroutines > 0 {
		text += fmt.Sprintf(", %d goroutines", w.goroutines)
	}
	return text
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

// weighWith is weigh with the goroutines, which the server tells while it has a
// session.
func weighWith(t *testing.T, ws *harness.Workspace, pid int) weight {
	t.Helper()
	w := weigh(t, pid)
	r := ws.Run("status", "--json")
	var all []struct {
		PID    int `json:"pid"`
		Vitals *struct {
			Goroutines int `json:"goroutines"`
		} `json:"vitals"`
	}
	must(t, json.Unmarshal([]byte(r.Stdout), &all))
	for _, s := range all {
		if s.PID == pid && s.Vitals != nil {
			w.goroutines = s.Vitals.Goroutines
		}
	}
	return w
}

// requireFlat wants a process to hold, after many times the same, what it held after
// a few of them: no file descriptor and no goroutine more than the slack that
// connections to the API server make, and no memory more than the garbage collector's.
func requireFlat(t *testing.T, what string, warm, end weight) {
	t.Helper()
	t.Logf("%s: warm %s; at the end %s", what, warm, end)
	if end.files > warm.files+8 {
		t.Errorf("%s: %d file descriptors at the end, %d when warm", what, end.files, warm.files)
	}
	if warm.goroutines == 0 || end.goroutines > warm.goroutines+24 {
		t.Errorf("%s: %d goroutines at the end, %d when warm", what, end.goroutines, warm.goroutines)
	}
	if most := warm.resident + warm.resident/2 + 16<<20; end.resident > most {
		t.Errorf("%s: %.1f MB at the end, %.1f MB when warm", what, float64(end.resident)/1e6, float64(warm.resident)/1e6)
	}
}

// foretell prints how long the whole would take at this rate.
func foretell(t *testing.T, what string, done, whole int, took time.Duration) {
	t.Helper()
	rate := float64(done) / took.Seconds()
	fmt.Fprintf(os.Stderr, "%d %s in %s, %.2f a second: %d would take %s\n", done, what, took.Round(time.Second), rate, whole,
		time.Duration(float64(whole)/rate*float64(time.Second)).Round(time.Minute))
}

// soakPatience is for a start or a stop while many others go on.
const soakPatience = 3 * time.Minute

// lanes are sessions of one server, side by side and in each lane one after another.
type lanes struct {
	*testing.T
	ws    *harness.Workspace
	c     *harness.Client
	count int

	ended              atomic.Int64
	starting, stopping atomic.Int64 // nanoseconds, summed
}

// session starts one and stops it; ready, where not nil, is called in between.
func (l *lanes) session(lane int, ready func()) error {
	at := time.Now()
	var snap protocol.Snapshot
	if err := l.c.Go(protocol.MethodSessionStart, l.c.StartParams(laneName(lane)), &snap).WaitWithin(soakPatience); err != nil {
		return fmt.Errorf("starting: %s", harness.Describe(err))
	}
	l.starting.Add(int64(time.Since(at)))
	if ready != nil {
		ready()
	}
	at = time.Now()
	if err := l.c.Go(protocol.MethodSessionStop, protocol.SessionStopParams{ID: snap.ID}, nil).WaitWithin(soakPatience); err != nil {
		return fmt.Errorf("stopping: %s", harness.Describe(err))
	}
	l.stopping.Add(int64(time.Since(at)))
	return nil
}

// run makes so many sessions, and says how it goes.
func (l *lanes) run(total int) {
	l.Helper()
	began := time.Now()
	var next atomic.Int64
	var all sync.WaitGroup
	for lane := range l.count {
		all.Go(func() {
			for n := next.Add(1); n <= int64(total) && !l.Failed(); n = next.Add(1) {
				if err := l.session(lane, nil); err != nil {
					l.Errorf("session %d of lane %d: %v", n, lane, err)
					return
				}
				if done := l.ended.Add(1); done%50 == 0 {
					fmt.Fprintf(os.Stderr, "%d sessions, %s: %s\n", done, time.Since(began).Round(time.Second), weighWith(l.T, l.ws, l.c.PID()))
				}
			}
		})
	}
	all.Wait()
}

// weighOne is the server's weight with one session, all others being over.
func (l *lanes) weighOne() (w weight) {
	l.Helper()
	if err := l.session(0, func() { w = weighWith(l.T, l.ws, l.c.PID()) }); err != nil {
		l.Fatal(err)
	}
	return w
}

func laneName(lane int) string { return fmt.Sprintf("lane%d", lane) }

// Many sessions, side by side and one after another, against one server.
func TestSoakSessions(t *testing.T) {
	if os.Getenv("TANDEM_SOAK") != "long" {
		t.Parallel()
	}
	const whole = 2000
	total := soak(whole, 6)
	image := partyImage(t)
	ns := harness.NewBareNamespace(t)
	count := lanesOf(total)
	var manifest strings.Builder
	manifest.WriteString("dev:\n")
	for lane := range count {
		name := laneName(lane)
		deploy(ns, name, image, 1)
		port := harness.FreePort(t)
		fmt.Fprintf(&manifest, "  %s:\n    mode: hybrid\n    command: [%q, -http, \"localhost:%d\", -echo, \"localhost:0\", -where, local]\n    reverse: [\"8080:%d\"]\n    forward: [\"%d:%s:80\"]\n",
			name, partyProgram(t), port, port, harness.FreePort(t), name)
	}
	ws := harness.NewBareWorkspace(t, ns, manifest.String())
	harness.Eventually(t, "the workloads", ns.Settled)
	before := ns.State()
	l := &lanes{T: t, ws: ws, count: count,
		c: harness.ServeWith(ws, harness.Options{Initialization: protocol.InitializationOptions{LogLevel: "warn"}})}

	first := max(count, min(total/10, 50))
	l.run(first)
	if t.Failed() {
		return
	}
	warm := l.weighOne()
	l.starting.Store(0)
	l.stopping.Store(0)
	began := time.Now()
	l.run(total - first)
	if t.Failed() {
		return
	}
	took, rest := time.Since(began), total-first
	if rest > 0 {
		t.Logf("%d sessions, %d at once, in %s: %.2f a second; a start took %s, a stop %s", rest, count, took.Round(time.Second),
			float64(rest)/took.Seconds(), time.Duration(l.starting.Load()/int64(rest)).Round(time.Millisecond), time.Duration(l.stopping.Load()/int64(rest)).Round(time.Millisecond))
		foretell(t, "sessions", rest, whole, took)
	}
	requireFlat(t, "the server, after "+strconv.Itoa(total)+" sessions", warm, l.weighOne())
	ns.AwaitState(before)
	ws.RequireNoTrace()
}

// Many short connections through one forward.
func TestSoakConnections(t *testing.T) {
	if os.Getenv("TANDEM_SOAK") != "long" {
		t.Parallel()
	}
	const whole = 1_000_000
	total := soak(whole, 10_000)
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
					if n%50_000 == 0 {
						fmt.Fprintf(os.Stderr, "%d connections, %d failed: %s\n", n, failed.Load(), weighWith(t, s.ws, s.c.PID()))
					}
				}
			})
		}
		all.Wait()
		next.Store(until)
	}
	run(int64(total / 10))
	warm := weighWith(t, s.ws, s.c.PID())
	began := time.Now()
	run(int64(total))
	took := time.Since(began)
	t.Logf("%d connections, %d at once, %.0f a second", total, atOnce, float64(total-total/10)/took.Seconds())
	if n := failed.Load(); n > 0 {
		t.Errorf("%d of %d connections failed, the last one: %v", n, total, *failure.Load())
	}
	foretell(t, "connections", total-total/10, whole, took)
	requireFlat(t, "the server, after "+strconv.Itoa(total)+" connections", warm, weighWith(t, s.ws, s.c.PID()))
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
