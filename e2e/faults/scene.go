package faults

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/tandem-dev/tandem/e2e/faults/traffic"
	"github.com/tandem-dev/tandem/e2e/harness"
	"github.com/tandem-dev/tandem/rpc/protocol"
)

// scene is a session under load.
type scene struct {
	*testing.T
	ns     *harness.Namespace
	ws     *harness.Workspace
	c      *harness.Client
	before harness.State
	ready  protocol.Snapshot

	pid       int // of the developer's process
	localPort int // where that answers
	struck    time.Time
	podDies   bool
	rolledOut bool // the original has another template or other replicas than before
	row       row
}

// options vary a scene.
type options struct {
	fault string
	// kubeconfig, where not nil, makes what the session uses.
	kubeconfig func(*harness.Namespace) string
	// stateDir, where not "", is the journal's.
	stateDir string
	// editor is the process in whose name initialize is sent; 0 is this one.
	editor int
	// resources is the manifest's time for the dev pod; "" is 60s.
	resources string
	// podDies: the fault ends the agent without a word, so that the kernel closes its
	// sockets, and its callers in the cluster see ends instead of resets, as with
	// every program that is killed.
	podDies bool
	// workspace, where not nil, sees the workspace before the server starts.
	workspace func(*harness.Workspace)
}

// newScene makes a namespace with the original and the witness, starts a session,
// and lets load flow both ways until it is steady.
func newScene(t *testing.T, fault string) *scene { return newSceneWith(t, options{fault: fault}) }

func newSceneWith(t *testing.T, o options) *scene {
	t.Helper()
	s := stage(t, o)
	s.start(o)
	return s
}

// stage is a scene before its session.
func stage(t *testing.T, o options) *scene {
	t.Helper()
	image := partyImage(t)
	s := &scene{T: t, ns: harness.NewBareNamespace(t), podDies: o.podDies, row: row{fault: o.fault}}
	deploy(s.ns, original, image, 2)
	deploy(s.ns, witness, image, 1)
	s.ws = harness.NewBareWorkspace(t, s.ns, "")
	s.localPort = harness.FreePort(t)
	s.ws.WriteManifest(manifest(t, s.localPort, o.resources))
	if o.kubeconfig != nil {
		s.ws.Kubeconfig = o.kubeconfig(s.ns)
	}
	if o.stateDir != "" {
		s.ws.StateDir = o.stateDir
	}
	if o.workspace != nil {
		o.workspace(s.ws)
	}
	harness.Eventually(t, "the original and the witness", s.ns.Settled)
	s.before = s.ns.State()
	return s
}

// manifest has one dev whose command is the party: asked through the reverses,
// and asking through the forwards.
func manifest(t *testing.T, http int, resources string) string {
	t.Helper()
	if resources == "" {
		resources = "60s"
	}
	echo, toHTTP, toEcho := harness.FreePort(t), harness.FreePort(t), harness.FreePort(t)
	// The caller at the forward is patient: a connection waits for the link.
	return fmt.Sprintf(`dev:
  %s:
    mode: hybrid
    timeout: {default: 60s, resources: %s}
    command: [%q, -http, "localhost:%d", -echo, "localhost:%d", -where, local,
              -url, "http://localhost:%d/who", -to, "localhost:%d", -patience, 120s]
    forward: ["%d:%s:80", "%d:%s:9000"]
    reverse: ["8080:%d", "9000:%d"]
`, original, resources, partyProgram(t), http, echo, toHTTP, toEcho, toHTTP, witness, toEcho, witness, http, echo)
}

// start starts the session and the witness's load.
func (s *scene) start(o options) {
	s.Helper()
	if o.editor != 0 {
		s.c = harness.ServeWith(s.ws, harness.Options{Uninitialized: true})
		s.initialize(o.editor)
	} else {
		s.c = harness.Serve(s.ws)
	}
	s.proceed()
}

// initialize opens the conversation in the name of a process.
func (s *scene) initialize(pid int) {
	s.Helper()
	root := "file://" + s.ws.Dir
	s.c.MustCall(protocol.MethodInitialize, protocol.InitializeParams{ProcessID: &pid, RootURI: &root}, nil)
	s.c.Notify(protocol.MethodInitialized, struct{}{})
}

// proceed starts the session on the server there is, and the witness's load.
func (s *scene) proceed() {
	s.Helper()
	s.ready = s.c.MustStart(original)
	running := s.c.AwaitChange("the local process", func(n protocol.Snapshot) bool { return n.Process != nil && n.Process.PID > 0 })
	s.pid = running.Process.PID
	// The original's last pods end as every program does: what asked them would see
	// its streams end.
	harness.Eventually(s, "the original's pods to go", s.ns.Settled)
	s.beginLoad()
	s.struck = time.Now() // nothing is broken yet, and must not be
	s.awaitFlow(harness.Patience)
}

// beginLoad makes the witness ask the original's Service.
func (s *scene) beginLoad() {
	s.Helper()
	orders, err := json.Marshal(traffic.Orders{URL: "http://" + original + "/who", Echo: original + ":9000", Patience: 3 * time.Second})
	must(s, err)
	harness.Eventually(s, "the witness to begin", func(ctx context.Context) error {
		_, err := s.askWitness(ctx, http.MethodPost, "load", orders)
		return err
	})
}

// askWitness asks the witness through the API server.
func (s *scene) askWitness(ctx context.Context, method, path string, body []byte) (traffic.Account, error) {
	var a traffic.Account
	answer, err := s.ns.Cluster.CoreV1().RESTClient().Verb(method).Namespace(s.ns.Name).Resource("services").Name(witness + ":http").
		SubResource("proxy").Suffix(path).Body(body).DoRaw(ctx)
	if err == nil && len(answer) > 0 {
		err = json.Unmarshal(answer, &a)
	}
	return a, err
}

// askLocal asks the developer's process directly.
func (s *scene) askLocal(ctx context.Context, method, path string) (traffic.Account, error) {
	var a traffic.Account
	err := s.fetchLocal(ctx, method, path, &a)
	return a, err
}

func (s *scene) fetchLocal(ctx context.Context, method, path string, into any) error {
	url := "http://" + net.JoinHostPort("localhost", strconv.Itoa(s.localPort)) + "/" + path
	request, err := http.NewRequestWithContext(ctx, method, url, nil)
	if err != nil {
		return err
	}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	answer, err := client.Do(request)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	return json.NewDecoder(answer.Body).Decode(into)
}

// strike breaks something, and marks when it was over: from then on recovery is
// measured.
func (s *scene) strike(what func()) {
	s.Helper()
	what()
	s.struck = time.Now()
}

// enough is how many good answers in a row are a flow, and not luck.
const enough = 10

// flows returns nil when both directions have been flowing since a moment, which
// it returns: the witness is answered by the developer's process and no other, and
// that is answered by the witness, streams included.
func (s *scene) flows(ctx context.Context) (time.Time, error) {
	in, err := s.askWitness(ctx, http.MethodGet, "account", nil)
	if err != nil {
		return time.Time{}, fmt.Errorf("asking the witness: %w", err)
	}
	out, err := s.askLocal(ctx, http.MethodGet, "account")
	if err != nil {
		return time.Time{}, fmt.Errorf("asking the local process: %w", err)
	}
	switch {
	case in.SteadyFor < enough || in.StreamSteady.IsZero():
		return time.Time{}, fmt.Errorf("reverse: %d good answers in a row, the latest failure %q, streams move: %v (%s)", in.SteadyFor, in.LastFailure, !in.StreamSteady.IsZero(), in.LastBreak)
	case in.Who.Where != traffic.Local || in.Who.PID != s.pid:
		return time.Time{}, fmt.Errorf("reverse: %+v answers, not the local process %d", in.Who, s.pid)
	case out.SteadyFor < enough || out.StreamSteady.IsZero():
		return time.Time{}, fmt.Errorf("forward: %d good answers in a row, the latest failure %q, streams move: %v (%s)", out.SteadyFor, out.LastFailure, !out.StreamSteady.IsZero(), out.LastBreak)
	}
	since := in.Steady
	for _, t := range []time.Time{in.StreamSteady, out.Steady, out.StreamSteady} {
		if t.After(since) {
			since = t
		}
	}
	return since, nil
}

// awaitFlow waits until both directions flow again, at most limit after what was
// broken was whole again, and tells after how long they did. It wants the session
// to be ready then.
func (s *scene) awaitFlow(limit time.Duration) time.Duration {
	s.Helper()
	// What flowed before the break may be in the accounts for a moment.
	ctx, cancel := context.WithDeadline(s.Context(), s.struck.Add(limit))
	defer cancel()
	var since time.Time
	quiet := time.Now()
	err := harness.Poll(ctx, func(ctx context.Context) (err error) {
		if since, err = s.flows(ctx); err != nil {
			quiet = time.Now()
			return err
		}
		if time.Since(quiet) < settle {
			return errors.New("it flows, but for how long?")
		}
		return nil
	})
	if err != nil {
		s.Fatalf("no flow within %s: %v\n%s", limit, err, s.situation())
	}
	took := max(0, since.Sub(s.struck))
	s.row.recovered = max(s.row.recovered, took)
	return took
}

// settle is for how long a flow must be seen, so that a break that has not shown
// yet does.
const settle = 1500 * time.Millisecond

// awaitGivenBack waits until the original serves again, with nobody's help.
func (s *scene) awaitGivenBack(limit time.Duration) time.Duration {
	s.Helper()
	ctx, cancel := context.WithDeadline(s.Context(), s.struck.Add(limit))
	defer cancel()
	var since time.Time
	err := harness.Poll(ctx, func(ctx context.Context) error {
		in, err := s.askWitness(ctx, http.MethodGet, "account", nil)
		switch {
		case err != nil:
			return fmt.Errorf("asking the witness: %w", err)
		case in.SteadyFor < enough || in.Who.Where != "cluster":
			return fmt.Errorf("%d good answers in a row, of %+v; the latest failure %q", in.SteadyFor, in.Who, in.LastFailure)
		}
		since = in.Steady
		return nil
	})
	if err != nil {
		s.Fatalf("not given back within %s: %v\n%s", limit, err, s.situation())
	}
	s.row.back, s.row.recovered = true, max(0, since.Sub(s.struck))
	return s.row.recovered
}

// situation is what to read when something does not happen.
func (s *scene) situation() string {
	var b strings.Builder
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if pods, err := s.ns.Pods(ctx, ""); err == nil {
		for _, p := range pods {
			fmt.Fprintf(&b, "pod %s: %s", p.Name, p.Status.Phase)
			for _, c := range p.Status.ContainerStatuses {
				fmt.Fprintf(&b, ", %s ready %v restarts %d", c.Name, c.Ready, c.RestartCount)
			}
			b.WriteByte('\n')
		}
	}
	if in, err := s.askWitness(ctx, http.MethodGet, "account", nil); err == nil {
		fmt.Fprintf(&b, "in the cluster %+v\n", in)
	}
	if out, err := s.askLocal(ctx, http.MethodGet, "account"); err == nil {
		fmt.Fprintf(&b, "here           %+v\n", out)
	}
	if s.c != nil && s.ready.ID != "" {
		for _, n := range last(s.c.Changes(s.ready.ID), 6) {
			cause := ""
			if n.Cause != nil {
				cause = n.Cause.Kind + ": " + n.Cause.Message
			}
			fmt.Fprintf(&b, "session %d %s %s\n", n.Seq, n.State, cause)
		}
	}
	return b.String()
}

func last[T any](all []T, n int) []T { return all[max(0, len(all)-n):] }

// count adds accounts up.
func (s *scene) count(accounts ...traffic.Account) {
	for _, a := range accounts {
		s.row.requests += a.Requests
		s.row.failed += a.Failed
		s.row.streams += a.Streams
		s.row.broken += a.Broken
		s.row.lost += a.Lost()
		s.row.bytes += a.Bytes
		s.Logf("account: %+v", a)
	}
}

// endLoad ends the load in good order; the local side's only where the local
// process lives.
func (s *scene) endLoad(local bool) (in, out traffic.Account) {
	s.Helper()
	ctx, cancel := context.WithTimeout(s.Context(), time.Minute)
	defer cancel()
	var err error
	if local {
		if out, err = s.askLocal(ctx, http.MethodPost, "end"); err != nil {
			s.Errorf("the local process's account: %v", err)
		}
	}
	if in, err = s.askWitness(ctx, http.MethodPost, "end", nil); err != nil {
		s.Errorf("the witness's account: %v", err)
	}
	if s.podDies {
		in.Broken, in.Truncated = in.Broken+in.Truncated, 0
	}
	s.count(in, out)
	if lost := in.Lost() + out.Lost(); lost > 0 {
		s.Errorf("%d streams lost data without saying so: in the cluster %+v, here %+v", lost, in, out)
	}
	if in.Bytes == 0 || local && out.Bytes == 0 {
		s.Errorf("no data flowed: %d bytes in the cluster, %d here", in.Bytes, out.Bytes)
	}
	return in, out
}

// finish ends a scene whose session has survived: the load in good order, then the
// session, and then nothing may be left.
func (s *scene) finish() (in, out traffic.Account) {
	s.Helper()
	in, out = s.endLoad(true)
	s.row.pid = "same"
	s.c.MustStop(s.ready.ID)
	s.requireNothingLeft()
	return in, out
}

// requireNothingLeft wants cluster and machine as before the session, and writes
// the scene's row.
func (s *scene) requireNothingLeft() {
	s.Helper()
	failed := s.Failed()
	s.requireRestored()
	s.row.restored = s.Failed() == failed
	s.ws.RequireNoTrace()
	if s.c != nil {
		s.c.Close()
	}
	s.requireNoProcess()
	s.row.passed = !s.Failed()
	ledger.add(s.row)
}

// requireRestored wants the namespace as before, soon.
func (s *scene) requireRestored() {
	s.Helper()
	if s.rolledOut {
		// What a rollout makes of ReplicaSets is not the session's.
		harness.Eventually(s, "the rollout's end", s.ns.Settled)
		s.ns.RequireRestored(s.before)
		return
	}
	s.ns.AwaitState(s.before)
}
