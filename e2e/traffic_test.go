package e2e

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"testing"
	"time"

	"github.com/tandem-dev/tandem/e2e/harness"
	"github.com/tandem-dev/tandem/rpc/protocol"
)

// listenLocally accepts connections on a port of this machine until the test
// ends, and ends them.
func listenLocally(t *testing.T, port int) {
	t.Helper()
	l, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() { // ends with the listener
		defer close(done)
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			conn.Close()
		}
	}()
	t.Cleanup(func() { l.Close(); <-done })
}

// Without a command the session is ready at once, and the original serves until
// something listens here: a program that an editor debugs, for example.
func TestOriginalServesUntilSomethingListens(t *testing.T) {
	t.Parallel()
	ns := harness.NewNamespace(t)
	ws := harness.NewWorkspace(t, ns)
	before := ns.State()
	c := harness.Serve(ws)
	start := c.StartParams("api")
	start.Options.Run = false
	var ready protocol.Snapshot
	c.MustCall(protocol.MethodSessionStart, start, &ready)
	if ready.State != protocol.StateReady || ready.Traffic != protocol.TrafficOriginal {
		t.Fatalf("state %s, traffic %s; want ready, with the original's traffic", ready.State, ready.Traffic)
	}
	for _, tunnel := range ready.Tunnels {
		if tunnel.Kind == "reverse" && (tunnel.State != "pending" || tunnel.Listening == nil || *tunnel.Listening) {
			t.Errorf("reverse %s is %s, listening %v; want pending and not listening", tunnel.ID, tunnel.State, tunnel.Listening)
		}
	}
	if who, err := ns.Whoami(t.Context()); err != nil || who.ServedBy != "cluster" {
		t.Fatalf("served by %q, %v; want the cluster", who.ServedBy, err)
	}
	requireReplicas(t, ns, 2)

	// From here on callers must never be refused.
	refused := countRefused(t, ns)
	serveWhoami(t, ws.Port(8080))
	turned := c.AwaitChange("the traffic's turn", func(s protocol.Snapshot) bool { return s.Traffic == protocol.TrafficLocal })
	if turned.State != protocol.StateReady {
		t.Errorf("the session turns its traffic in state %s", turned.State)
	}
	ns.AwaitServedBy("local")
	requireReplicas(t, ns, 0)
	if n, last := refused(); n > 0 {
		t.Errorf("%d callers were refused, the last with %v", n, last)
	}
	c.MustStop(ready.ID)
	ns.RequireState(before)
	ws.RequireNoTrace()
}

// A command that never listens neither hangs the start nor takes the traffic.
func TestCommandThatNeverListens(t *testing.T) {
	t.Parallel()
	ns := harness.NewNamespace(t)
	ws := harness.NewWorkspace(t, ns)
	before := ns.State()
	ws.WriteManifest(fmt.Sprintf("dev:\n  api:\n    mode: hybrid\n    command: [sleep, '1000']\n    timeout: 3s\n    reverse: ['8080:%d']\n", harness.FreePort(t)))
	c := harness.Serve(ws)
	began := time.Now()
	ready := c.MustStart("api")
	if ready.Traffic != protocol.TrafficOriginal || time.Since(began) < 3*time.Second {
		t.Errorf("ready after %s with the traffic of the %s", time.Since(began), ready.Traffic)
	}
	if len(ready.Warnings) != 1 || ready.Warnings[0].Code != "not-listening" || ready.Warnings[0].Hint == "" {
		t.Errorf("warnings: %+v, want not-listening with a hint", ready.Warnings)
	}
	requireReplicas(t, ns, 2)
	c.MustStop(ready.ID)
	ns.RequireState(before)
}

// requireReplicas wants the api to have so many.
func requireReplicas(t *testing.T, ns *harness.Namespace, want int32) {
	t.Helper()
	all, err := ns.Deployments(t.Context(), "app=api,!"+harness.DevLabel)
	if err != nil || len(all) != 1 || *all[0].Spec.Replicas != want {
		t.Errorf("%d Deployments of the api, %v; want one at %d replicas", len(all), err, want)
	}
}

// serveWhoami answers on a local port as the shop's api does, until the test ends.
func serveWhoami(t *testing.T, port int) {
	t.Helper()
	l, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, `{"hostname":"here","servedBy":"local","pid":1}`)
	})}
	done := make(chan struct{})
	go func() { // ends with Close
		defer close(done)
		_ = server.Serve(l)
	}()
	t.Cleanup(func() { server.Close(); <-done })
}

// countRefused asks the api from inside the cluster, all the time, until the
// returned function is called, which says how often that failed.
func countRefused(t *testing.T, ns *harness.Namespace) func() (int, error) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	var n int
	var last error
	done := make(chan struct{})
	go func() { // ends with ctx
		defer close(done)
		for ctx.Err() == nil {
			if _, err := ns.Whoami(ctx); err != nil && !errors.Is(err, context.Canceled) && ctx.Err() == nil {
				n, last = n+1, err
			}
		}
	}()
	return func() (int, error) {
		cancel()
		<-done
		return n, last
	}
}
