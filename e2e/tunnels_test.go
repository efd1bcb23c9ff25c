package e2e

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/tandem-dev/tandem/e2e/harness"
	"github.com/tandem-dev/tandem/rpc/protocol"
)

// A developer needs one more port of the cluster, and lets the cluster reach one
// more of this machine, while the session runs. Both last as the manifest's do.
func TestTunnelsAtRunTime(t *testing.T) {
	t.Parallel()
	ns := harness.NewNamespace(t)
	ws := harness.NewWorkspace(t, ns)
	before := ns.State()
	c := harness.Serve(ws)
	ready := c.MustStart("api")
	ns.AwaitServedBy("local")
	since := readySince(t, ns, ready.Pod.Name)

	forward := openTunnel(t, c, ready.ID, "forward", "0:web:80")
	if forward.ID != "f3" || forward.State != "open" || forward.Remote != "web:80" {
		t.Errorf("the forward: %+v", forward)
	}
	if page := fetch(t, "http://"+forward.Local+"/"); !strings.Contains(page, "This page comes from") {
		t.Errorf("through the forward: %s", page)
	}
	mine := harness.FreePort(t)
	serveWhoami(t, mine)
	reverse := openTunnel(t, c, ready.ID, "reverse", fmt.Sprintf("9091:%d", mine))
	if reverse.ID != "r2" || reverse.State != "open" || reverse.Listening == nil || !*reverse.Listening {
		t.Errorf("the reverse: %+v", reverse)
	}
	answers(t, ns, ready.Pod.Name, 9091)

	// What cannot be had is said as at a start, and changes nothing.
	busy, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer busy.Close()
	taken := strconv.Itoa(busy.Addr().(*net.TCPAddr).Port)
	for _, test := range []struct{ kind, spec, failure, says string }{
		{"forward", taken + ":web:80", "port-in-use", fmt.Sprintf("(pid %d)", os.Getpid())},
		{"reverse", fmt.Sprintf("8080:%d", mine), "reverse-bind-failed", "leads to"},
		{"reverse", fmt.Sprintf("9091:%d", mine), "reverse-bind-failed", "close tunnel r2"},
		{"reverse", fmt.Sprintf("40022:%d", mine), "reverse-bind-failed", "address already in use"}, // the agent's own
	} {
		err := c.Call(protocol.MethodTunnelOpen, protocol.TunnelOpenParams{ID: ready.ID, Kind: test.kind, Spec: test.spec}, nil)
		requireFailure(t, err, test.failure, test.says)
	}
	for _, wrong := range []struct {
		method string
		params any
		says   string
	}{
		{protocol.MethodTunnelOpen, protocol.TunnelOpenParams{ID: ready.ID, Kind: "reverse", Spec: "9092"}, "names one port only"},
		{protocol.MethodTunnelOpen, protocol.TunnelOpenParams{ID: ready.ID, Kind: "sideways", Spec: "1:2"}, `"sideways"`},
		{protocol.MethodTunnelClose, protocol.TunnelCloseParams{ID: ready.ID, Tunnel: "r1"}, "ready only while"},
	} {
		if f, ok := harness.FailureOf(c.Call(wrong.method, wrong.params, nil)); !ok || f.Data.Kind != "invalid-params" || !strings.Contains(f.Message, wrong.says) {
			t.Errorf("%s %+v: %+v", wrong.method, wrong.params, f)
		}
	}
	requireFailure(t, c.Call(protocol.MethodTunnelClose, protocol.TunnelCloseParams{ID: ready.ID, Tunnel: "f9"}, nil), "tunnel-not-found", "f9")

	// The terminal reaches the editor's session.
	if r := ws.Run("tunnel", "open", "api", "--forward", "0:db:6379"); r.Code != 0 || !strings.Contains(r.Stdout, "f4") {
		t.Errorf("tandem tunnel open: %+v", r)
	}
	if r := ws.Run("tunnel", "close", "api", "f4"); r.Code != 0 {
		t.Errorf("tandem tunnel close: %+v", r)
	}
	if r := ws.Run("tunnel", "list", "api"); r.Code != 0 || strings.Contains(r.Stdout, "f4") || !strings.Contains(r.Stdout, "r2") {
		t.Errorf("tandem tunnel list: %+v", r)
	}
	if now := readySince(t, ns, ready.Pod.Name); !now.Equal(since) {
		t.Errorf("the pod's readiness has changed: since %s, was %s", now, since)
	}

	// A new pod.
	now := int64(0)
	if err := ns.Cluster.CoreV1().Pods(ns.Name).Delete(t.Context(), ready.Pod.Name, metav1.DeleteOptions{GracePeriodSeconds: &now}); err != nil {
		t.Fatal(err)
	}
	lost := c.AwaitState(ready.ID, protocol.StateReconnecting)
	again := c.AwaitChange("ready again", func(s protocol.Snapshot) bool {
		return s.ID == ready.ID && s.State == protocol.StateReady && s.Seq > lost.Seq
	})
	sameTunnels(t, again, forward, reverse)
	answers(t, ns, again.Pod.Name, 9091)
	fetch(t, "http://"+forward.Local+"/")

	// A new server.
	c.Signal(syscall.SIGKILL)
	c.Exit()
	next := harness.Serve(ws)
	adopted := next.AwaitChange("the continued session", func(s protocol.Snapshot) bool {
		return s.ID == ready.ID && s.State == protocol.StateReady
	})
	sameTunnels(t, adopted, forward, reverse)
	answers(t, ns, adopted.Pod.Name, 9091)
	fetch(t, "http://"+forward.Local+"/")

	var closed protocol.Snapshot
	next.MustCall(protocol.MethodTunnelClose, protocol.TunnelCloseParams{ID: ready.ID, Tunnel: "r2"}, &closed)
	if slices.ContainsFunc(closed.Tunnels, func(t protocol.Tunnel) bool { return t.ID == "r2" }) {
		t.Errorf("r2 is closed and still there: %+v", closed.Tunnels)
	}
	if _, err := askPod(t.Context(), ns, adopted.Pod.Name, 9091); err == nil {
		t.Error("the pod's port answers though its reverse is closed")
	}
	ns.AwaitServedBy("local")
	next.MustStop(ready.ID)
	if conn, err := net.Dial("tcp", forward.Local); err == nil {
		conn.Close()
		t.Error("the forward outlives its session")
	}
	ns.RequireState(before)
	ws.RequireNoTrace()
}

func openTunnel(t *testing.T, c *harness.Client, id, kind, spec string) protocol.Tunnel {
	t.Helper()
	var tunnel protocol.Tunnel
	c.MustCall(protocol.MethodTunnelOpen, protocol.TunnelOpenParams{ID: id, Kind: kind, Spec: spec}, &tunnel)
	return tunnel
}

// sameTunnels requires that a session has the tunnels, open, under the same ids
// and with the same ends.
func sameTunnels(t *testing.T, s protocol.Snapshot, want ...protocol.Tunnel) {
	t.Helper()
	for _, w := range want {
		i := slices.IndexFunc(s.Tunnels, func(t protocol.Tunnel) bool { return t.ID == w.ID })
		if i < 0 {
			t.Errorf("tunnel %s is gone", w.ID)
		} else if got := s.Tunnels[i]; got.State != "open" || got.Local != w.Local || got.Remote != w.Remote {
			t.Errorf("tunnel %+v, want open from %s to %s", got, w.Local, w.Remote)
		}
	}
}

// askPod asks a pod's port, through the API server.
func askPod(ctx context.Context, ns *harness.Namespace, pod string, port int) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	return ns.Cluster.CoreV1().Pods(ns.Name).ProxyGet("http", pod, strconv.Itoa(port), "/", nil).DoRaw(ctx)
}

func answers(t *testing.T, ns *harness.Namespace, pod string, port int) {
	t.Helper()
	if answer, err := askPod(t.Context(), ns, pod, port); err != nil || !strings.Contains(string(answer), `"servedBy":"local"`) {
		t.Errorf("port %d of the pod: %s, %v", port, answer, err)
	}
}

// readySince is when a pod became ready; it must be.
func readySince(t *testing.T, ns *harness.Namespace, name string) time.Time {
	t.Helper()
	pod, err := ns.Cluster.CoreV1().Pods(ns.Name).Get(t.Context(), name, metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for _, condition := range pod.Status.Conditions {
		if condition.Type == corev1.PodReady && condition.Status == corev1.ConditionTrue {
			return condition.LastTransitionTime.Time
		}
	}
	t.Fatalf("pod %s is not ready", name)
	return time.Time{}
}

// Two editors and a terminal work on one manifest, whose own forward is one port:
// the first session has it, the next takes over when that one stops, and the one
// after it when that is killed.
func TestSharedForward(t *testing.T) {
	t.Parallel()
	ns := harness.NewNamespace(t)
	ws := harness.NewWorkspace(t, ns)
	before := ns.State()
	port := harness.FreePort(t)
	ws.Replace("name: shop\n", fmt.Sprintf("name: shop\nforward:\n  - %d:db:6379\n", port))
	address := net.JoinHostPort("localhost", strconv.Itoa(port))
	shared := func(s protocol.Snapshot) protocol.Tunnel {
		i := slices.IndexFunc(s.Tunnels, func(t protocol.Tunnel) bool {
			return t.Remote == "db:6379" && strings.HasSuffix(t.Local, fmt.Sprint(":", port))
		})
		if i < 0 {
			return protocol.Tunnel{}
		}
		return s.Tunnels[i]
	}

	first, second := harness.Serve(ws), harness.Serve(ws)
	api := first.MustStart("api")
	if got := shared(api); got.State != "open" || got.Owner != nil {
		t.Errorf("the first session: %+v", got)
	}
	start := second.StartParams("web")
	start.Options.Run = false
	var web protocol.Snapshot
	second.MustCall(protocol.MethodSessionStart, start, &web)
	if got := shared(web); got.State != "standby" || got.Owner == nil || got.Owner.PID != first.PID() || got.Owner.Session != api.ID {
		t.Errorf("the second session: %+v, owner %+v", got, got.Owner)
	}
	redis(t, address)

	// Stopping hands it over, also with somebody who asks all the time.
	first.MustStop(api.ID)
	took := second.AwaitChange("the take-over", func(s protocol.Snapshot) bool { return s.ID == web.ID && s.Seq > web.Seq && shared(s).State == "open" })
	if got := shared(took); got.Owner != nil || got.ID != shared(web).ID {
		t.Errorf("the second session has it: %+v", got)
	}
	redis(t, address)

	// A third editor stands by; then the other is killed, and a connection made at
	// once is answered.
	third := harness.Serve(ws)
	back := third.MustStart("api")
	if got := shared(back); got.State != "standby" || got.Owner == nil || got.Owner.PID != second.PID() {
		t.Errorf("the third session: %+v, owner %+v", got, got.Owner)
	}
	redis(t, address)
	second.Signal(syscall.SIGKILL)
	second.Exit()
	redis(t, address)
	again := third.AwaitChange("the take-over after a crash", func(s protocol.Snapshot) bool {
		return s.ID == back.ID && s.Seq > back.Seq && shared(s).State == "open"
	})
	sameTunnels(t, again, protocol.Tunnel{ID: shared(back).ID, Local: shared(again).Local, Remote: "db:6379"})

	// A port that a stranger has is no shared one.
	third.MustStop(back.ID)
	harness.Eventually(t, "the port to be free", func(context.Context) error {
		conn, err := net.Dial("tcp", address)
		if err == nil {
			conn.Close()
			return errors.New("somebody listens")
		}
		return nil
	})
	stranger, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
	if err != nil {
		t.Fatal(err)
	}
	requireFailure(t, third.Call(protocol.MethodSessionStart, third.StartParams("api"), nil), "port-in-use", strconv.Itoa(os.Getpid()))
	stranger.Close()
	if r := ws.Run("down", "--all"); r.Code != 0 {
		t.Errorf("tandem down --all: %+v", r)
	}
	ns.RequireState(before)
}

// redis asks the shop's database for a sign of life.
func redis(t *testing.T, address string) {
	t.Helper()
	conn, err := net.DialTimeout("tcp", address, 10*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(20 * time.Second))
	answer := make([]byte, 5)
	if _, err = conn.Write([]byte("PING\r\n")); err == nil {
		_, err = conn.Read(answer)
	}
	if err != nil || string(answer) != "+PONG" {
		t.Fatalf("%q, %v", answer, err)
	}
}

// With readiness "local" the Services do not lead to a program that has ended, and
// do again once there is one.
func TestReadinessFollowsTheLocalPort(t *testing.T) {
	t.Parallel()
	ns := harness.NewNamespace(t)
	ws := harness.NewWorkspace(t, ns)
	before := ns.State()
	c := harness.Serve(ws)
	start := c.StartParams("api")
	start.Options.Readiness = protocol.ReadinessLocal
	var ready protocol.Snapshot
	c.MustCall(protocol.MethodSessionStart, start, &ready)
	ns.AwaitServedBy("local")
	running := c.AwaitChange("the local process", func(s protocol.Snapshot) bool { return s.Process != nil })
	state := func(want string, after int64) protocol.Snapshot {
		t.Helper()
		return c.AwaitChange("the reverse to be "+want, func(s protocol.Snapshot) bool {
			return s.Seq > after && slices.ContainsFunc(s.Tunnels, func(t protocol.Tunnel) bool { return t.ID == "r1" && t.State == want })
		})
	}
	podReady := func(want bool) {
		t.Helper()
		harness.Eventually(t, fmt.Sprintf("the pod's readiness to be %v", want), func(ctx context.Context) error {
			pod, err := ns.Cluster.CoreV1().Pods(ns.Name).Get(ctx, ready.Pod.Name, metav1.GetOptions{})
			if err != nil {
				return err
			}
			for _, condition := range pod.Status.Conditions {
				if condition.Type == corev1.PodReady && (condition.Status == corev1.ConditionTrue) == want {
					return nil
				}
			}
			return errors.New("it is not")
		})
	}
	if err := syscall.Kill(running.Process.PID, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	paused := state("paused", running.Seq)
	if paused.State != protocol.StateReady {
		t.Errorf("the session is %s", paused.State)
	}
	podReady(false)
	serveWhoami(t, ws.Port(8080))
	open := state("open", paused.Seq)
	podReady(true)
	if who := ns.AwaitServedBy("local"); who.PID != 1 {
		t.Errorf("pid %d answers", who.PID)
	}
	c.MustStop(open.ID)
	ns.RequireState(before)
	ws.RequireNoTrace()
}
