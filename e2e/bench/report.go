package bench

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/tandem-dev/tandem/e2e/bench/load"
	"github.com/tandem-dev/tandem/e2e/harness"
)

// The budgets. A median must keep a time; the greatest of all runs the rest.
const (
	budgetOwn      = time.Second // of a start, the dev pod's own part left out
	budgetRequests = 20          // to the API server for a start
	budgetIdle     = 0           // in a minute of a ready session without traffic
	budgetMemory   = 80 << 20    // resident, of tandem serve
	budgetCPU      = 0.005       // of a core, by tandem serve with an idle session
	budgetAgent    = 8 << 20     // the agent's program, the larger of the two
)

// report is everything that was measured.
type report struct {
	When       time.Time
	Version    string // of tandem
	Kubernetes string
	LoadBefore string // load average when it began
	Lives      []life
	Idle       memory    // before the first session
	Loaded     memory    // after the tunnels were measured
	Asked      *requests // in a minute; nil where that is not known
	Quiet      time.Duration
	Debug      []debugging
	IdleCPU    float64 // of one core
	Distances  []*distance
	Binary     int64
	Agents     map[string]int64 // by architecture
}

const notMeasured = "not measured"

// peers quotes what the peers did elsewhere.
const peers = `Measured elsewhere, on a machine of the same size (two cores, Kubernetes 1.34.4, images on the node), and not in
the runs above:

| | Okteto 3.22, hybrid mode |
| --- | --- |
| start | 6.20 s, of which 3.99 s are not the dev pod's own |
| start, outage for a caller in the cluster | 5.85 s |
| stop: command, first original pod ready, outage for a caller | 0.32 s, 0.88 s, 1.52 s |
| requests to the API server: start, idle | 25, 0 |
| resident memory: fresh, after load | 100 MB, 134 MB |

| | new connection + GET p50, ms | keep-alive GET p50, ms | download, MB/s | upload, MB/s |
| --- | --- | --- | --- | --- |
| Okteto forward | 3.57 | 0.82 | 93 | 100 |
| Okteto reverse | 2.29 | 0.73 | 95 | 91 |
| kubectl port-forward, WebSocket | 3.48 | 0.58 | 127 | 164 |
| kubectl port-forward, SPDY | 3.45 | 0.59 | 201 | 204 |
| OpenSSH -L over kubectl port-forward | 3.03 | 0.81 | 89 | 91 |
| OpenSSH -R over kubectl port-forward | 2.57 | 0.80 | 95 | 82 |
`

// Markdown is the whole report.
func (r *report) Markdown() string {
	var b strings.Builder
	fmt.Fprintf(&b, "tandem %s, Kubernetes %s, %s/%s with %d cores, %s; load average before: %s.\n", r.Version, r.Kubernetes,
		runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), r.When.UTC().Format(time.DateOnly), r.LoadBefore)
	fmt.Fprintf(&b, "Medians, with the least and the greatest in brackets, of %d runs; tunnels of %d rounds, of %d at a distance.\n\n", len(r.Lives),
		r.Distances[0].rounds, r.Distances[1].rounds)
	b.WriteString("### Start and stop\n\n")
	b.WriteString(r.lifeTable().String())
	b.WriteString("\n### Cost\n\n")
	b.WriteString(r.costTable().String())
	b.WriteString("\n" + r.tunnelsMarkdown())
	b.WriteString("\n### Debugging\n\n")
	b.WriteString(r.debugTable().String())
	b.WriteString("\n### The peers\n\n" + peers)
	return b.String()
}

func (r *report) lifeTable() *table {
	t := &table{head: []string{"", "seconds", "budget", ""}}
	add := func(name string, of func(life) time.Duration) {
		t.row(name, secondsOf(r.Lives, of).with("%.2f"), "", "")
	}
	add("`session/start` to ready", func(l life) time.Duration { return l.Start })
	for _, p := range phases {
		add("· "+string(p), func(l life) time.Duration { return l.Phases[p] })
	}
	add("of that: the dev pod's own start", func(l life) time.Duration { return l.Pod })
	add("· initialized to seen running (the kubelet's look once a second)", func(l life) time.Duration { return l.Lag })
	own := secondsOf(r.Lives, func(l life) time.Duration { return l.Own })
	t.row("of that: everything else", own.with("%.2f"), fmt.Sprintf("%.1f", budgetOwn.Seconds()), verdict(own.Median <= budgetOwn.Seconds()))
	add("agent runs to dev pod ready", func(l life) time.Duration { return l.Ready })
	add("start: longest time without an answer, for a caller in the cluster", func(l life) time.Duration { return l.AtStart.Longest })
	add("start: answers from both sides", func(l life) time.Duration { return l.AtStart.Mixed })
	add("`session/stop` to stopped", func(l life) time.Duration { return l.Stop })
	add("of that: the original's first pod ready again", func(l life) time.Duration { return l.Original })
	add("stop: longest time without an answer, for a caller in the cluster", func(l life) time.Duration { return l.AtStop.Longest })
	add("stop: answers from both sides", func(l life) time.Duration { return l.AtStop.Mixed })
	failed := func(of func(life) load.Outage) string {
		var requests, failures int
		for _, l := range r.Lives {
			requests, failures = requests+of(l).Requests, failures+of(l).Failures
		}
		return fmt.Sprintf("%d of %d", failures, requests)
	}
	t.row("start: requests of that caller that failed, all runs", failed(func(l life) load.Outage { return l.AtStart }))
	t.row("stop: requests of that caller that failed, all runs", failed(func(l life) load.Outage { return l.AtStop }))
	return t
}

func (r *report) costTable() *table {
	t := &table{head: []string{"", "measured", "budget", ""}}
	requestRow := func(name, value string, within bool, budget int) {
		if value == "" {
			t.row(name, notMeasured, fmt.Sprint(budget), "")
			return
		}
		t.row(name, value, fmt.Sprint(budget), verdict(within))
	}
	var plain, watches, streams []float64
	for _, l := range r.Lives {
		if l.Asked != nil {
			plain = append(plain, float64(l.Asked.Plain))
			watches = append(watches, float64(l.Asked.Watches))
			streams = append(streams, float64(l.Asked.Streams))
		}
	}
	started, idle := "", ""
	if len(plain) > 0 {
		started = fmt.Sprintf("%s, and %.0f watches, %.0f streams", spreadOf(plain).with("%.0f"), spreadOf(watches).Median, spreadOf(streams).Median)
	}
	requestRow("requests to the API server for a start", started, spreadOf(plain).Max <= budgetRequests, budgetRequests)
	withinIdle := false
	if r.Asked != nil {
		idle = fmt.Sprintf("%d, and %d watches renewed", r.Asked.Plain, r.Asked.Watches)
		withinIdle = r.Asked.Plain <= budgetIdle
	}
	requestRow(fmt.Sprintf("requests in %.0f s of an idle session", r.Quiet.Seconds()), idle, withinIdle, budgetIdle)

	t.row("processor time of an idle session", fmt.Sprintf("%.2f %% of a core", 100*r.IdleCPU), fmt.Sprintf("%.1f %%", 100*budgetCPU), verdict(r.IdleCPU <= budgetCPU))

	var resident []float64
	for _, l := range r.Lives {
		resident = append(resident, mb(l.Memory.Resident))
	}
	memoryRow := func(name, value string, greatest float64) {
		t.row(name, value, fmt.Sprintf("%d MB", budgetMemory>>20), verdict(greatest <= mb(budgetMemory)))
	}
	memoryRow("resident memory of `tandem serve`, no session yet", fmt.Sprintf("%.0f MB", mb(r.Idle.Resident)), mb(r.Idle.Resident))
	memoryRow("· with one session", spreadOf(resident).with("%.0f")+" MB", spreadOf(resident).Max)
	memoryRow("· after all the load below", fmt.Sprintf("%.0f MB, peak %.0f MB", mb(r.Loaded.Resident), mb(r.Loaded.Peak)), mb(r.Loaded.Peak))
	t.row("size of `tandem`, with both agents inside", fmt.Sprintf("%.1f MB", mb(r.Binary)), "", "")
	for _, arch := range []string{"amd64", "arm64"} {
		t.row("size of the agent, linux/"+arch, fmt.Sprintf("%.1f MB", mb(r.Agents[arch])), fmt.Sprintf("%d MB", budgetAgent>>20),
			verdict(r.Agents[arch] <= budgetAgent))
	}
	return t
}

// mb is in MiB, as the budgets are.
func mb(bytes int64) float64 { return float64(bytes) / (1 << 20) }

func verdict(ok bool) string {
	if ok {
		return "kept"
	}
	return "**broken**"
}

func (r *report) tunnelsMarkdown() string {
	var b strings.Builder
	for _, d := range r.Distances {
		if d.Added == 0 {
			b.WriteString("### Tunnels\n\n")
		} else {
			fmt.Fprintf(&b, "\n### Tunnels, with %d ms added to every round trip to the API server\n\n", d.Added.Milliseconds())
		}
		b.WriteString(d.table().String())
	}
	b.WriteString("\nIn brackets: the ratio to the better one of kubectl's two ways in this run.\n\n### The tunnels' goals\n\n")
	b.WriteString(goalTable(r.Distances).String())
	return b.String()
}

// The marks in docs/benchmarks.md around what write replaces.
const (
	beginMark = "<!-- measured: begin -->\n"
	endMark   = "<!-- measured: end -->\n"
)

// write puts the report into docs/benchmarks.md.
func (r *report) write() error {
	root, err := harness.Root()
	if err != nil {
		return err
	}
	path := filepath.Join(root, "docs", "benchmarks.md")
	content, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	text, err := between(string(content), "\n"+r.Markdown()+"\n")
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return os.WriteFile(path, []byte(text), 0o644)
}

// between replaces what stands between the marks.
func between(text, instead string) (string, error) {
	before, rest, ok1 := strings.Cut(text, beginMark)
	_, after, ok2 := strings.Cut(rest, endMark)
	if !ok1 || !ok2 {
		return "", fmt.Errorf("no %q … %q", beginMark, endMark)
	}
	return before + beginMark + instead + endMark + after, nil
}
