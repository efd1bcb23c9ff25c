package bench

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tandem-dev/tandem/e2e/harness"
	"github.com/tandem-dev/tandem/rpc/protocol"
)

var (
	full   = flag.Bool("full", false, "measure everything and print the tables")
	update = flag.Bool("update", false, "with -full: write the tables into docs/benchmarks.md")
	check  = flag.Bool("check", false, "with -full: fail on ratios that are worse than the committed ones by more than a quarter")
	only   = flag.Bool("tunnels", false, "with -full: the tunnels alone")
	near   = flag.Bool("near", false, "with -tunnels: as near as the cluster is, no distance added")
	plane  = flag.String("plane", "auto", "the tunnels' data plane: auto, direct or ssh")
	rounds = flag.Int("rounds", 4, "sessions, and rounds of the tunnels; half as many at a distance")
)

func TestMain(m *testing.M) {
	flag.Parse()
	os.Exit(harness.Main(m))
}

// TestBench is `make bench`.
func TestBench(t *testing.T) {
	if !*full {
		t.Skip("the whole measurement takes minutes: make bench")
	}
	r := report{When: time.Now(), LoadBefore: loadAverage()}
	s := newStage(t, true, *plane)
	r.facts(t, s)
	if !*only {
		r.lives(s)
	}
	r.Distances = distances(*rounds)
	if *only && *near {
		r.Distances = r.Distances[:1]
	}
	for i, d := range r.Distances {
		fmt.Fprintf(os.Stderr, "tunnels with %s added, %d rounds\n", d.Added, d.rounds)
		if loaded := s.far(d); i == 0 {
			r.Loaded = loaded
		}
	}
	now := ratios(r.Distances)
	if *check {
		committed, err := readRatios()
		if err != nil {
			t.Fatal(err)
		}
		for _, line := range regressions(committed, now) {
			t.Errorf("regression: %s", line)
		}
	}
	if *only {
		fmt.Println(r.tunnelsMarkdown())
		if *update {
			if err := writeRatios(now); err != nil {
				t.Fatal(err)
			}
		}
		return
	}
	fmt.Println(r.Markdown())
	if *update {
		if err := errors.Join(r.write(), writeRatios(now)); err != nil {
			t.Fatal(err)
		}
	}
	if strings.Contains(r.Markdown(), "**broken**") {
		t.Error("a budget is broken")
	}
}

// lives measures sessions, and what a quiet one costs.
func (r *report) lives(s *stage) {
	s.t.Helper()
	c := harness.ServeWith(s.ws, harness.Options{Initialization: protocol.InitializationOptions{LogLevel: "info"}})
	defer c.Close()
	r.Version = c.Server.ServerInfo.Version
	var err error
	if r.Idle, err = memoryOf(c.PID()); err != nil {
		s.t.Fatal(err)
	}
	for i := range *rounds {
		r.Lives = append(r.Lives, s.live(c))
		fmt.Fprintf(os.Stderr, "session %d of %d: ready after %.2f s\n", i+1, *rounds, r.Lives[i].Start.Seconds())
	}
	snap := s.stand(c)
	r.Quiet = 30 * time.Second
	fmt.Fprintf(os.Stderr, "idle for %s\n", r.Quiet)
	used, err := processorTime(c.PID())
	if err != nil {
		s.t.Fatal(err)
	}
	r.Asked = s.idle(r.Quiet)
	usedAfter, err := processorTime(c.PID())
	if err != nil {
		s.t.Fatal(err)
	}
	fmt.Fprintf(os.Stderr, "debuggers, %d rounds\n", *rounds)
	r.Debug = s.debuggers(c, snap.ID, *rounds)
	r.IdleCPU = (usedAfter - used).Seconds() / r.Quiet.Seconds()
	c.MustStop(snap.ID)
}

// facts are what needs no session.
func (r *report) facts(t *testing.T, s *stage) {
	t.Helper()
	version, err := s.ns.Cluster.Discovery().ServerVersion()
	if err != nil {
		t.Fatal(err)
	}
	r.Kubernetes = version.GitVersion
	size := func(path string) int64 {
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		return info.Size()
	}
	r.Binary = size(harness.Tandem(t))
	root, err := harness.Root()
	if err != nil {
		t.Fatal(err)
	}
	r.Agents = map[string]int64{}
	for _, arch := range []string{"amd64", "arm64"} {
		r.Agents[arch] = size(filepath.Join(root, "session", "agent", "image", "bin", "tandem-agent-linux-"+arch))
	}
}

// idle counts the requests in a span of time in which nothing happens; nil where
// that cannot be known.
func (s *stage) idle(span time.Duration) *requests {
	s.t.Helper()
	from := time.Now()
	<-time.After(span) // the span is what is measured
	log, err := harness.AuditLog(s.ns.Cluster.Kubeconfig)
	if err != nil {
		s.t.Logf("requests are not measured: %v", err)
		return nil
	}
	asked, err := countRequests(log, s.user, from, from.Add(span))
	if err != nil {
		s.t.Fatal(err)
	}
	return &asked
}

// loadAverage is what proc_loadavg(5) says of the last 1, 5 and 15 minutes.
func loadAverage() string {
	content, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return "unknown"
	}
	return strings.Join(strings.Fields(string(content))[:3], ", ")
}
