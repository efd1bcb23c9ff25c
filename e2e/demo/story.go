package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tandem-dev/tandem/e2e/harness"
	"github.com/tandem-dev/tandem/rpc/protocol"
)

// What takes longer than this is a failure even where it ends well. Both are
// many times what they take on two idle cores.
const (
	longestStart = 30 * time.Second
	longestStop  = 20 * time.Second
)

// tell is the whole story; it returns the summary for the last line.
func tell(st *stage, out *screen) string {
	ctx := st.ctx
	out.title("Tandem", "one service runs here, the rest stays in Kubernetes: a whole session, for real")

	out.head("A shop in a Kubernetes cluster: web asks api, api keeps its orders in redis")
	began := time.Now()
	ns := harness.NewNamespace(st)
	ws := harness.NewWorkspace(st, ns)
	who, err := ns.Whoami(ctx)
	st.check(err, "asking the api through web")
	st.expect(who.ServedBy == "cluster", "the api is served by %q before the session", who.ServedBy)
	before := ns.State()
	out.fact("namespace", "%s, made for this demo in %s", ns.Name, seconds(time.Since(began)))
	out.proof("web in the cluster asks api who it is: %q, pod %s", who.ServedBy, who.Hostname)

	out.head("An editor starts `tandem serve` and speaks JSON-RPC with it over stdin and stdout")
	ed := open(st, out, ws)

	out.head("session/start: api comes to this machine")
	snap, started := start(st, out, ed)
	for _, t := range snap.Tunnels {
		arrow := "→"
		if t.Kind == "reverse" {
			arrow = "←"
		}
		out.fact(t.Kind, "%s %s %s %s", t.Local, arrow, t.Remote, out.paint(dim, "in the cluster"))
	}
	st.expect(snap.Process != nil && snap.Process.State == "running", "no local process: %+v", snap.Process)
	out.fact("process", "%d, started here with the %d variables that its container has", snap.Process.PID, snap.Env.Count)

	out.head("A request from the cluster is answered by the process on this machine")
	who = awaitOnly(st, ns, "local")
	st.expect(who.PID == snap.Process.PID, "process %d answered, not %d", who.PID, snap.Process.PID)
	out.proof("web in the cluster asks api %d times: %q, process %d on host %s", inARow, who.ServedBy, who.PID, who.Hostname)
	order, err := placeOrder(ctx, ns, "a tandem bicycle")
	st.check(err, "POST /orders")
	st.expect(strings.Contains(order, `"takenBy":"local"`), "the order was not taken here: %s", order)
	out.proof("POST /orders in the cluster: %s", order)

	out.head("A query from this machine reaches the redis in the cluster")
	redis := ws.Localhost(6379)
	stored, err := query(ctx, redis, "LINDEX shop:orders 0")
	st.check(err, "redis at %s", redis)
	st.expect(stored == order, "redis has %q", stored)
	out.fact("LINDEX", "shop:orders 0, asked at %s", redis)
	out.proof("%s", stored)

	out.head("Where the process's environment comes from")
	explainEnvironment(st, out, ed, snap.ID)

	out.head("session/stop: the cluster gets its api back")
	stopped := stop(st, out, ed, snap.ID)
	asBefore(st, ns, before)
	ws.RequireNoTrace()
	st.expect(!st.Failed(), "the session left something on this machine")
	out.proof("Deployment api: spec, replicas, labels and annotations as before; no dev pod, Secret or file is left")
	who = awaitOnly(st, ns, "cluster")
	out.proof("web in the cluster asks api %d times: %q, last pod %s", inARow, who.ServedBy, who.Hostname)
	return fmt.Sprintf("started in %s, stopped in %s, the cluster as before", seconds(started), seconds(stopped))
}

// open starts the editor and lets it greet the server.
func open(st *stage, out *screen, ws *harness.Workspace) *harness.Client {
	began := time.Now()
	ed := harness.ServeWith(ws, harness.Options{Initialization: protocol.InitializationOptions{LogLevel: "info"}})
	st.onFailure(func(out *screen) { out.log(ed.Stderr()) })
	hello := ed.Server
	tandem := hello.Capabilities.Experimental.Tandem
	out.fact("initialize", "%s %s, protocol %d, %d methods, after %s", hello.ServerInfo.Name, hello.ServerInfo.Version,
		tandem.ProtocolVersion, len(tandem.Methods), seconds(time.Since(began)))

	var list protocol.ManifestListResult
	ed.MustCall(protocol.MethodManifestList, protocol.ManifestListParams{}, &list)
	st.expect(len(list.Manifests) == 1, "%d manifests in the workspace, there is 1", len(list.Manifests))
	var devs []string
	runnable := false
	for _, d := range list.Manifests[0].Devs {
		entry := d.Name
		if !d.Runnable {
			entry += out.paint(dim, " (mode "+d.Mode+": not for Tandem)")
		}
		devs = append(devs, entry)
		runnable = runnable || d.Name == "api" && d.Runnable
	}
	st.expect(runnable, "api cannot be run")
	out.fact("manifest", "okteto.yml has %s", strings.Join(devs, ", "))
	return ed
}

// meanings are the states in words.
var meanings = map[protocol.State]string{
	protocol.StateChecking:   "manifest, rights, ports; nothing is changed yet",
	protocol.StateDiverting:  "a dev pod with an SSH server is made beside the original",
	protocol.StateConnecting: "SSH through the API server; the tunnels open",
	protocol.StateResolving:  "the environment that the container has",
	protocol.StateSwitching:  "the dev pod serves; the original goes to 0 replicas",
	protocol.StateReady:      "proven end to end",
	protocol.StateStopping:   "the original comes back first, then the dev pod goes",
	protocol.StateStopped:    "given back",
}

// request makes a request that moves the session through states, and prints
// each change as it arrives, with its time since the request.
func request(st *stage, out *screen, ed *harness.Client, method string, params any, through ...protocol.State) (protocol.Snapshot, time.Duration) {
	var answer protocol.Snapshot
	var states []protocol.State
	ctx, cancel := context.WithCancel(st.ctx)
	defer cancel()
	seen := make(chan struct{})
	began := time.Now()
	go func() { // ends with the last state, or with ctx
		defer close(seen)
		// An error is the end of ctx: what is missing then shows below.
		_, _ = ed.AwaitContext(ctx, func(n harness.Notification) bool {
			var snap protocol.Snapshot
			if n.Method != protocol.MethodSessionDidChange || n.At.Before(began) || json.Unmarshal(n.Params, &snap) != nil ||
				len(states) > 0 && states[len(states)-1] == snap.State {
				return false
			}
			states = append(states, snap.State)
			out.moment(n.At.Sub(began), string(snap.State), out.paint(dim, meanings[snap.State]))
			return snap.State == through[len(through)-1]
		})
	}()
	if err := ed.Call(method, params, &answer); err != nil {
		cancel()
		<-seen
		st.Fatalf("%s: %s", method, harness.Describe(err))
	}
	took := time.Since(began)
	<-seen
	st.expect(slices.Equal(states, through), "the session went through %v", states)
	st.expect(answer.State == through[len(through)-1], "the answer says %s", answer.State)
	return answer, took
}

func start(st *stage, out *screen, ed *harness.Client) (protocol.Snapshot, time.Duration) {
	snap, took := request(st, out, ed, protocol.MethodSessionStart, ed.StartParams("api"),
		protocol.StateChecking, protocol.StateDiverting, protocol.StateConnecting, protocol.StateResolving,
		protocol.StateSwitching, protocol.StateReady)
	st.expect(took < longestStart, "the start took %s", seconds(took))
	return snap, took
}

func stop(st *stage, out *screen, ed *harness.Client, id string) time.Duration {
	_, took := request(st, out, ed, protocol.MethodSessionStop, protocol.SessionStopParams{ID: id},
		protocol.StateStopping, protocol.StateStopped)
	st.expect(took < longestStop, "the stop took %s", seconds(took))
	return took
}

// asBefore compares every object of the namespace that somebody could have
// written with what it was, at once; then it waits for the pods, which take as
// long to come and go as they take. ReplicaSets are the cluster's own business.
func asBefore(st *stage, ns *harness.Namespace, before harness.State) {
	now := ns.State()
	for _, state := range []harness.State{before, now} {
		maps.DeleteFunc(state, func(name string, _ harness.Object) bool { return strings.HasPrefix(name, "ReplicaSet/") })
	}
	for name := range now {
		_, known := before[name]
		st.expect(known, "%s is left over", name)
	}
	for name, was := range before {
		diff := cmp.Diff(was, now[name])
		st.expect(diff == "", "%s is not as before (-before +now):\n%s", name, diff)
	}
	harness.Eventually(st, "the shop's pods and no other", func(ctx context.Context) error {
		pods, err := ns.Pods(ctx, harness.DevLabel)
		if err == nil && len(pods) > 0 {
			err = fmt.Errorf("%s is still there", pods[0].Name)
		}
		if err != nil {
			return err
		}
		return ns.Settled(ctx)
	})
}

// inARow is how many answers must come from one side before the other is held
// to be out of the way: the node writes its rules for a Service up to a second
// after the pods have changed.
const inARow = 20

// awaitOnly waits until inARow requests from inside the cluster were answered by
// where, and returns the last answer.
func awaitOnly(st *stage, ns *harness.Namespace, where string) harness.Identity {
	var id harness.Identity
	harness.Eventually(st, "the api served by "+where+" alone", func(ctx context.Context) (err error) {
		for range inARow {
			if id, err = ns.Whoami(ctx); err == nil && id.ServedBy != where {
				err = fmt.Errorf("served by %s", id.ServedBy)
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
	return id
}

// placeOrder asks web in the cluster, through the API server, to pass an order on
// to api.
func placeOrder(ctx context.Context, ns *harness.Namespace, item string) (string, error) {
	answer, err := ns.Cluster.CoreV1().RESTClient().Post().Namespace(ns.Name).Resource("services").Name("web:http").
		SubResource("proxy").Suffix("orders").SetHeader("Content-Type", "application/json").
		Body(fmt.Appendf(nil, `{"item":%q}`, item)).DoRaw(ctx)
	return strings.TrimSpace(string(answer)), err
}

// query sends one inline command of the redis protocol and returns its bulk
// string.
func query(ctx context.Context, address, command string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", address)
	if err != nil {
		return "", err
	}
	defer conn.Close()
	deadline, _ := ctx.Deadline()
	if err := conn.SetDeadline(deadline); err != nil {
		return "", err
	}
	if _, err := io.WriteString(conn, command+"\r\n"); err != nil {
		return "", err
	}
	in := bufio.NewReader(conn)
	header, err := in.ReadString('\n')
	if err != nil {
		return "", err
	}
	size, err := strconv.Atoi(strings.TrimSuffix(strings.TrimPrefix(header, "$"), "\r\n"))
	if err != nil || size < 0 || size > 1<<20 {
		return "", fmt.Errorf("unexpected answer %q", header)
	}
	body := make([]byte, size)
	_, err = io.ReadFull(in, body)
	return string(body), err
}

// shown are variables of the shop's api, one for each place that a value can
// come from, with the tier that must win.
var shown = []struct{ name, tier string }{
	{"REDIS_ADDR", "dev"},
	{"POD_IP", "spec"},
	{"SHOP_REGION", "spec"},
	{"SHOP_CURRENCY", "configMap"},
	{"API_TOKEN", "secret"},
	{"PAYMENT_URL", "spec"},
	{"SHOP_MOTTO", "image"},
	{"WEB_SERVICE_HOST", "service"},
}

func explainEnvironment(st *stage, out *screen, ed *harness.Client, id string) {
	var env protocol.EnvResolveResult
	ed.MustCall(protocol.MethodEnvResolve, protocol.EnvResolveParams{ID: id}, &env)
	for _, want := range shown {
		i := slices.IndexFunc(env.Variables, func(v protocol.Variable) bool { return v.Name == want.name })
		st.expect(i >= 0, "%s is not in the environment", want.name)
		v := env.Variables[i]
		st.expect(v.Origin.Tier == want.tier, "%s comes from %s, not %s", v.Name, v.Origin.Tier, want.tier)
		st.expect(v.Secret == (v.Value == nil), "%s: a secret's value is shown, or another's hidden", v.Name)
		value := out.paint(yellow, pad("••••••", 23))
		if v.Value != nil {
			value = pad(shorten(*v.Value, 22), 23)
		}
		from := describe(v.Origin)
		if v.Expansion != "" {
			from += ", " + shorten(v.Expansion, 45)
		}
		if len(v.Shadowed) > 0 {
			from += out.paint(dim, "; wins over "+describe(v.Shadowed[0]))
		}
		out.say("%s %s %s", pad(v.Name, 17), value, from)
	}
	out.say("%s", out.paint(dim, fmt.Sprintf("… and %d more; the values of secrets stay masked unless asked for", len(env.Variables)-len(shown))))
}

// describe says where a value comes from.
func describe(o protocol.Origin) string {
	var text string
	switch o.Tier {
	case "dev":
		return "okteto.yml"
	case "image":
		return "the image"
	case "service":
		return "injected for a Service"
	case "spec":
		text = "the container's env"
		if o.Field != "" {
			text += ", " + o.Field
		}
	}
	if o.Object != "" {
		if text != "" {
			text += ", "
		}
		text += o.Kind + " " + o.Object
		if o.Key != "" {
			text += "/" + o.Key
		}
	}
	return text
}
